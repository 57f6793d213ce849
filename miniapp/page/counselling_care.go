package page

import "github.com/xuegong/xuegong/internal/counselling"

// Intake is the questions before a booking (T4).
type Intake struct {
	Base
	counselling.Form
	Chosen map[string]string // by the name of the question: q1 and on
}

// Template implements Page.
func (*Intake) Template() string { return "h5/counselling_intake" }

// Help is what a red answer leads to: whom to call, before anything else.
type Help struct {
	Base
	Hotlines
}

// Template implements Page.
func (*Help) Template() string { return "h5/counselling_help" }

// Feedback asks once how an hour was.
type Feedback struct {
	Base
	Booking counselling.Booking
	Open    bool // still to be said
	Stars   string
	Words   string
}

// Template implements Page.
func (*Feedback) Template() string { return "h5/counselling_feedback" }

// Seen is 谁看过我的信息, with the consent that can be taken back.
type Seen struct {
	Base
	List   []counselling.Disclosure
	Agreed bool
}

// Template implements Page.
func (*Seen) Template() string { return "h5/counselling_seen" }

// careStories are the pages of care around the hour.
func (s sampler) careStories(base func(title, back string) Base, lines Hotlines) []Story {
	form := counselling.Form{Version: 1, PublishedAt: s.now, Questions: []counselling.Question{
		{Text: "最近两周，睡得怎么样？", Options: []counselling.Option{{Text: "和平时差不多"}, {Text: "比平时差一些"}, {Text: "很差，白天也受影响"}}},
		{Text: "最近有没有不想活下去、或伤害自己的念头？", Options: []counselling.Option{{Text: "没有"}, {Text: "以前有过，现在没有"}, {Text: "现在有"}}},
	}}
	left := base("几个问题", "/m/")
	left.Problem, left.Fields = "还有没选的问题，已经标出。", map[string]string{"q2": "请选一个最接近的。"}
	noStars := base("说说感受", "/m/counselling/mine")
	noStars.Problem, noStars.Fields = "选一到五颗星，或点“不想说”。", map[string]string{"stars": "选一到五颗星，或点“不想说”。"}
	came := s.booking(counselling.Arrived)
	return []Story{
		{"intake", &Intake{Base: base("几个问题", "/m/"), Form: form}},
		{"intake_left_out", &Intake{Base: left, Form: form, Chosen: map[string]string{"q1": "1"}}},
		{"help", &Help{Base: base("先照顾好自己", "/m/"), Hotlines: lines}},
		{"feedback", &Feedback{Base: base("说说感受", "/m/counselling/mine"), Booking: came, Open: true}},
		{"feedback_refused", &Feedback{Base: noStars, Booking: came, Open: true, Words: "谢谢老师听我说完。"}},
		{"feedback_given", &Feedback{Base: base("说说感受", "/m/counselling/mine"), Booking: came}},
		{"seen", &Seen{Base: base("谁看过我的信息", "/m/counselling/mine"), Agreed: true, List: []counselling.Disclosure{{
			PublicID: "0disclosure1", State: "open", Ground: counselling.Danger, Recipient: "孙一凡", ProposedBy: "林静怡", DecidedBy: "郑岚",
			Fields: []counselling.Field{counselling.FieldIdentity, counselling.FieldBookings}, DecidedAt: s.at(-2, 23), Until: s.at(-1, 23),
			Readings: []counselling.Reading{{At: s.at(-1, 8), By: "孙一凡"}},
		}}}},
		{"seen_none", &Seen{Base: base("谁看过我的信息", "/m/counselling/mine")}},
	}
}
