package page

import (
	"context"
	"strconv"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

// Own is 我的信息: what the school keeps of the person, with a copy to take along.
type Own struct {
	Base
	Copy
	Asks []OwnAsk // how a student has something corrected or erased, and what was asked already; none where the school has no service for it
}

// OwnAsk leads to what a student asked to have corrected or erased, or to asking for it.
type OwnAsk struct {
	Title, Line, Path string
	Badge             *Badge // where it stands; nil if nothing was asked yet
}

// OwnAsks finds them among the services offered and the student's own applications, the
// newest first.
func OwnAsks(offered []service.Version, mine []request.Application, zone *time.Location) []OwnAsk {
	var asks []OwnAsk
	for _, a := range mine {
		if a.Service.Code != request.PersonalData || a.State == request.Draft {
			continue
		}
		line := "编号 " + a.Number
		if a.State == request.Submitted && !a.Review.Due.IsZero() {
			line += "，最晚 " + calendar.Date(a.Review.Due, zone) + "答复"
		}
		badge := ApplicationBadge(a)
		asks = append(asks, OwnAsk{Title: a.Service.Title, Line: line, Path: "/m/applications/" + a.PublicID, Badge: &badge})
	}
	for _, v := range offered {
		if v.Code == request.PersonalData {
			asks = append(asks, OwnAsk{Title: v.Title, Line: v.Detail, Path: v.Path()})
		}
	}
	return asks
}

// Template implements Page.
func (*Own) Template() string { return "h5/own" }

// Copy is what the school keeps of one person, as the API and the file give it to that
// person and to nobody else. What a counsellor wrote down is the centre's record and
// read there.
type Copy struct {
	At           time.Time         `json:"at"`
	Person       CopyPerson        `json:"person"`
	Records      []CopyRecord      `json:"records"`
	Consents     []CopyConsent     `json:"consents"`
	Bookings     []CopyBooking     `json:"bookings"`
	Applications []CopyApplication `json:"applications"`
	Questions    []CopyQuestion    `json:"questions"`
	Readers      []CopyReader      `json:"readers"`
}

// CopyPerson is who it is about.
type CopyPerson struct {
	Name    string `json:"name"`
	Number  string `json:"number"`
	Level   string `json:"level"`
	Status  string `json:"status"`
	Unit    string `json:"unit"`
	College string `json:"college"`
	Campus  string `json:"campus"`
	BornOn  string `json:"born_on"` // 2006-09-01, "" if the school does not know
	UserID  string `json:"userid"`
}

// CopyRecord is one thing the school recorded, and where it has it from.
type CopyRecord struct {
	Kind   string    `json:"kind"`
	Label  string    `json:"label"`
	Text   string    `json:"text"`
	Source string    `json:"source"`
	At     time.Time `json:"at"`
}

// CopyConsent is a notice the person agreed to.
type CopyConsent struct {
	What        string     `json:"what"`
	Version     string     `json:"version"`
	At          time.Time  `json:"at"`
	WithdrawnAt *time.Time `json:"withdrawn_at"`
}

// CopyBooking is one hour at the centre.
type CopyBooking struct {
	StartsAt   time.Time `json:"starts_at"`
	Counsellor string    `json:"counsellor"`
	Place      string    `json:"place"`
	State      string    `json:"state"`
	Wish       string    `json:"wish"`
	Reason     string    `json:"reason"`
	At         time.Time `json:"at"`
}

// CopyApplication is one application with what was written.
type CopyApplication struct {
	Number  string       `json:"number"` // "" of a draft
	Title   string       `json:"title"`
	State   string       `json:"state"`
	At      time.Time    `json:"at"`
	Amount  string       `json:"amount"` // yuan, "" if nothing is paid out
	Answers []CopyAnswer `json:"answers"`
}

// CopyAnswer is one answer as it is read.
type CopyAnswer struct {
	Label   string `json:"label"`
	Text    string `json:"text"`
	Dispute string `json:"dispute"`
}

// CopyQuestion is what the person asked the office.
type CopyQuestion struct {
	At       time.Time `json:"at"`
	Question string    `json:"question"`
	Answer   string    `json:"answer"`
}

// CopyReader is somebody outside the centre who was let see what it knows (T3).
type CopyReader struct {
	Who    string    `json:"who"`
	Ground string    `json:"ground"`
	Fields []string  `json:"fields"`
	Until  time.Time `json:"until"`
}

// CopyOf collects the copy of the person who asks for it.
func CopyOf(ctx context.Context, tx *store.Tx, who identity.Person, requests *request.Engine) (Copy, error) {
	c := Copy{
		At: tx.Now().In(tx.Zone()),
		Person: CopyPerson{
			Name: who.Name, Number: who.Number, Level: who.LevelText(), Status: who.StatusText(),
			Unit: who.UnitName, College: who.CollegeName, Campus: who.CampusName, UserID: who.UserID,
		},
		Records: []CopyRecord{}, Consents: []CopyConsent{}, Bookings: []CopyBooking{}, Applications: []CopyApplication{},
		Questions: []CopyQuestion{}, Readers: []CopyReader{},
	}
	if who.BornOn != nil {
		c.Person.BornOn = who.BornOn.Format(time.DateOnly)
	}
	for _, part := range []func(context.Context, *store.Tx, identity.Person) error{
		c.records, c.consents, c.bookings, c.readers,
		func(ctx context.Context, tx *store.Tx, who identity.Person) error {
			return c.applications(ctx, tx, who, requests)
		},
	} {
		if err := part(ctx, tx, who); err != nil {
			return Copy{}, err
		}
	}
	return c, nil
}

func (c *Copy) records(ctx context.Context, tx *store.Tx, who identity.Person) error {
	facts, err := identity.FactsOf(ctx, tx, who.ID)
	for _, f := range facts {
		c.Records = append(c.Records, CopyRecord{string(f.Kind), f.Kind.Label(), f.Text(), f.SourceLabel(), f.RecordedAt.In(tx.Zone())})
	}
	return err
}

func (c *Copy) consents(ctx context.Context, tx *store.Tx, who identity.Person) error {
	centre, err := counselling.Consents(ctx, tx, who)
	if err != nil {
		return err
	}
	for _, k := range centre {
		c.Consents = append(c.Consents, CopyConsent{"预约须知", strconv.Itoa(k.Version), k.At.In(tx.Zone()), k.WithdrawnAt})
	}
	active, err := service.Active(ctx, tx)
	if err != nil {
		return err
	}
	title := map[string]string{}
	for _, v := range active {
		title[v.Code] = v.Title
	}
	read, err := service.Consents(ctx, tx, who)
	for _, k := range read {
		what := title[k.Code]
		if what == "" {
			what = "已不再办理的事项"
		}
		c.Consents = append(c.Consents, CopyConsent{What: what + "须知", Version: k.Version, At: k.At.In(tx.Zone())})
	}
	return err
}

func (c *Copy) bookings(ctx context.Context, tx *store.Tx, who identity.Person) error {
	mine, err := counselling.Mine(ctx, tx, who)
	for _, b := range mine {
		c.Bookings = append(c.Bookings, CopyBooking{
			b.Slot.StartsAt.In(tx.Zone()), b.Slot.Name, b.Slot.Place, b.State.Label(), b.Wish, b.Reason, b.CreatedAt.In(tx.Zone()),
		})
	}
	return err
}

func (c *Copy) readers(ctx context.Context, tx *store.Tx, who identity.Person) error {
	if !who.IsStudent() {
		return nil
	}
	seen, err := counselling.WhoSaw(ctx, tx, who)
	for _, d := range seen {
		r := CopyReader{Who: d.Recipient, Ground: d.Ground.Label(), Fields: []string{}, Until: d.Until.In(tx.Zone())}
		for _, f := range d.Fields {
			r.Fields = append(r.Fields, f.Label())
		}
		c.Readers = append(c.Readers, r)
	}
	return err
}

func (c *Copy) applications(ctx context.Context, tx *store.Tx, who identity.Person, requests *request.Engine) error {
	mine, err := requests.Mine(ctx, tx, who)
	if err != nil {
		return err
	}
	for _, a := range mine {
		out := CopyApplication{Number: a.Number, Title: a.Service.Title, State: a.StateLabel(), At: a.CreatedAt.In(tx.Zone()), Answers: []CopyAnswer{}}
		if a.Service.Outcome.Kind == service.Payout && a.State != request.Draft {
			out.Amount = form.Yuan(a.Amount)
		}
		for _, r := range a.Service.Form.Rows(a.Answers) {
			out.Answers = append(out.Answers, CopyAnswer{r.Label, r.Text, r.Dispute})
		}
		c.Applications = append(c.Applications, out)
	}
	asks, err := requests.MyAsks(ctx, tx, who)
	for _, a := range asks {
		c.Questions = append(c.Questions, CopyQuestion{a.AskedAt.In(tx.Zone()), a.Question, a.Answer})
	}
	return err
}

// ownStories are 我的信息 with much and with nothing.
func (s sampler) ownStories(base func(title, back string) Base) []Story {
	person := CopyPerson{Name: "张晓雨", Number: "20241101", Level: "本科", Status: "在籍", Unit: "汉语言2024级1班", College: "文学院", Campus: "东校区", BornOn: "2006-03-12"}
	taken, waiting := s.at(-1, 9), NewBadge(toneWait, "待审核")
	return []Story{
		{"own", &Own{Base: base("我的信息", "/m/"), Asks: []OwnAsk{
			{Title: "更正或删除个人信息", Line: "编号 26000131，最晚 11月4日（周三）答复", Path: "/m/applications/a", Badge: &waiting},
			{Title: "更正或删除个人信息", Line: "学校记错了、不再需要了，或想知道为什么留着", Path: "/m/services/personal-data"},
		}, Copy: Copy{
			Person: person,
			Records: []CopyRecord{
				{Label: "困难等级", Text: "困难", Source: "学校名单 2026 学年", At: s.at(-30, 9)},
				{Label: "生源地", Text: "浙江省杭州市西湖区", Source: "学校名单", At: s.at(-400, 9)},
			},
			Consents: []CopyConsent{{What: "预约须知", Version: "2", At: s.at(-2, 9)}, {What: "预约须知", Version: "1", At: s.at(-90, 9), WithdrawnAt: &taken}},
			Bookings: make([]CopyBooking, 2), Applications: make([]CopyApplication, 1),
		}}},
		{"own_nothing", &Own{Base: base("我的信息", "/m/"), Copy: Copy{Person: person}}},
	}
}
