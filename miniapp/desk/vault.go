package desk

import (
	"slices"
	"strconv"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

func registerVault(r page.Routes) {
	r.GET("/counselling/records/:id", record)
	r.POST("/counselling/records/:id/note", writeNote)
	r.POST("/counselling/records/:id/referral", refer)
	r.GET("/counselling/said", saidPage)
	r.GET("/counselling/disclosures", disclosures)
	r.POST("/counselling/disclosures", propose)
	r.POST("/counselling/disclosures/:id/:act", decideDisclosure)
	r.GET("/given", given)
	r.GET("/given/:id", readGiven)
	r.GET("/counselling/concerns", concerns)
	r.POST("/counselling/concerns/:id", answerConcern)
	r.GET("/concerns", myConcerns)
	r.POST("/concerns", sendConcern)
}

// Record is what only the counsellor of an hour and the head read.
type Record struct {
	Base
	counselling.Record
	Version int // of the note being written on
}

// Template implements page.Page.
func (*Record) Template() string { return "desk/record" }

// LevelBadge is how urgent an answer is.
func (*Record) LevelBadge(l counselling.Level) page.Badge { return LevelBadge(l) }

func record(c *page.Context) error {
	return show(c, &Record{}, loadRecord, nil)
}

func loadRecord(c *page.Context, p *Record) error {
	p.Title = "记录"
	return readAudited(c, p, func(tx *store.Tx, who identity.Person) (err error) {
		if p.Record, err = counselling.GetRecord(c, tx, who, c.Param("id")); err != nil {
			return err
		}
		form := Form{"on": c.Now().In(c.Zone()).Format("2006-01-02")}
		if len(p.Notes) > 0 {
			p.Version, form["body"] = p.Notes[0].Version, p.Notes[0].Body
		}
		for name, v := range p.Form {
			form[name] = v
		}
		p.Form = form
		return nil
	})
}

func writeNote(c *page.Context) error {
	form := typed(c, "body")
	base, versionErr := strconv.Atoi(c.Form("version"))
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		err := counselling.WriteNote(c, tx, who, c.Param("id"), base, form["body"])
		if err == nil && versionErr != nil {
			return page.ErrStaleForm // said after whether the record is this person's at all
		}
		return err
	})
	return recordDone(c, err, form)
}

func refer(c *page.Context) error {
	form := typed(c, "place", "on", "agreed")
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		on, _ := form.date("on", c.Zone()) // none is the zero time, which the verb refuses
		return counselling.Refer(c, tx, who, c.Param("id"), form["place"], on, form["agreed"] == "on")
	})
	return recordDone(c, err, form)
}

func recordDone(c *page.Context, err error, form Form) error {
	return done(c, err, "/desk/counselling/records/"+c.Param("id")+"?said=saved", again(c, &Record{Base: Base{Form: form}}, loadRecord))
}

// Said is what students said, in groups of five or more.
type Said struct {
	Base
	List  []counselling.SaidOf
	Words []string // to the head alone
	Head  bool
}

// Template implements page.Page.
func (*Said) Template() string { return "desk/said" }

func saidPage(c *page.Context) error {
	p := &Said{}
	p.Title = "反馈"
	if err := readAudited(c, p, func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		if p.List, err = counselling.FeedbackFigures(c, tx, who, centre); err != nil {
			return err
		}
		if p.Head = counselling.Heads(who, centre); !p.Head {
			return nil
		}
		p.Words, err = counselling.FeedbackWords(c, tx, who, centre)
		return err
	}); err != nil {
		return err
	}
	return answer(c, p, nil)
}

// Disclosures is the centre's ledger of broken confidence.
type Disclosures struct {
	Base
	List []counselling.Disclosure
	Head bool
}

// Template implements page.Page.
func (*Disclosures) Template() string { return "desk/disclosures" }

// Badge is how far a disclosure is.
func (p *Disclosures) Badge(d counselling.Disclosure) page.Badge {
	switch {
	case d.State == "refused":
		return page.NewBadge("idle", "未同意")
	case d.State == "proposed":
		return page.NewBadge("todo", "等第二位确认")
	case d.Live(p.Now):
		return page.NewBadge("wait", "查看中")
	case d.ReviewedAt.IsZero():
		return page.NewBadge("todo", "待复核")
	}
	return page.NewBadge("done", "已复核")
}

// CanDecide tells whether this person may be the second.
func (p *Disclosures) CanDecide(d counselling.Disclosure) bool { return d.CanDecide(p.Who) }

// CanReview tells whether this person is asked for the review.
func (p *Disclosures) CanReview(d counselling.Disclosure) bool {
	return p.Head && d.State == "open" && d.ReviewedAt.IsZero()
}

// Grounds are the three there are.
func (*Disclosures) Grounds() []Choice {
	list := []Choice{{"", "请选一种"}}
	for _, g := range counselling.Grounds() {
		list = append(list, Choice{string(g), g.Label()})
	}
	return list
}

// FieldChoices are what may be given.
func (*Disclosures) FieldChoices() []Choice {
	var list []Choice
	for _, f := range counselling.DisclosureFields() {
		list = append(list, Choice{"field:" + string(f), f.Label()})
	}
	return list
}

func disclosures(c *page.Context) error {
	return show(c, &Disclosures{Base: Base{Form: Form{"hours": "24"}}}, loadDisclosures, nil)
}

func loadDisclosures(c *page.Context, p *Disclosures) error {
	p.Title = "破例披露"
	return readAudited(c, p, func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		p.List, err = counselling.Disclosures(c, tx, who, centre)
		p.Head = counselling.Heads(who, centre)
		return err
	})
}

func propose(c *page.Context) error {
	form := typed(c, "student", "recipient", "ground", "reason", "hours", "delay", "delay_reason")
	e := counselling.DisclosureEdit{
		Student: form["student"], Recipient: form["recipient"], Ground: counselling.Ground(form["ground"]), Reason: form["reason"],
		Hours: form.number("hours"), DelayReason: form["delay_reason"],
	}
	for _, f := range counselling.DisclosureFields() {
		name := "field:" + string(f)
		if form[name] = c.Form(name); form[name] == "on" {
			e.Fields = append(e.Fields, f)
		}
	}
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		if form["delay"] != "" {
			var ok bool
			if e.DelayUntil, ok = form.date("delay", c.Zone()); !ok {
				return errs.Field("delay", "日期写成 2026-10-14 这样。")
			}
		}
		_, err = counselling.Propose(c, tx, who, centre, e)
		return err
	})
	return disclosuresDone(c, err, "second", form)
}

func decideDisclosure(c *page.Context) error {
	form := typed(c, "found", "end")
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		switch c.Param("act") {
		case "approve", "refuse":
			return counselling.Decide(c, tx, who, c.Param("id"), c.Param("act") == "approve")
		case "review":
			return counselling.Review(c, tx, who, c.Param("id"), form["found"], form["end"] == "on")
		}
		return counselling.ErrConfidential
	})
	return disclosuresDone(c, err, "saved", form)
}

func disclosuresDone(c *page.Context, err error, word string, form Form) error {
	return done(c, err, "/desk/counselling/disclosures?said="+word, again(c, &Disclosures{Base: Base{Form: form}}, loadDisclosures))
}

// Given is what a recipient may read, and the one being read.
type Given struct {
	Base
	List []counselling.Disclosure
	Open *counselling.Given
}

// Template implements page.Page.
func (*Given) Template() string { return "desk/given" }

// Shows tells whether the open one has the field.
func (p *Given) Shows(f string) bool {
	return p.Open != nil && slices.Contains(p.Open.Disclosure.Fields, counselling.Field(f))
}

func given(c *page.Context) error { return showGiven(c, "") }

func readGiven(c *page.Context) error { return showGiven(c, c.Param("id")) }

func showGiven(c *page.Context, id string) error {
	p := &Given{}
	p.Title = "授权查看"
	if err := readAudited(c, p, func(tx *store.Tx, who identity.Person) (err error) {
		if who.IsStudent() {
			return counselling.ErrConfidential
		}
		if id != "" {
			open, err := counselling.ReadDisclosure(c, tx, who, id)
			if err != nil {
				return err
			}
			p.Open = &open
		}
		p.List, err = counselling.GivenToMe(c, tx, who)
		return err
	}); err != nil {
		return err
	}
	return answer(c, p, nil)
}

// Concerns is what 辅导员 wrote to the centre.
type Concerns struct {
	Base
	List []counselling.Concern
	At   string // whose answer was refused
}

// Template implements page.Page.
func (*Concerns) Template() string { return "desk/concerns" }

// ConcernBadge is what went back.
func ConcernBadge(c counselling.Concern) page.Badge {
	switch c.Answer {
	case counselling.Contacted:
		return page.NewBadge("done", "已联系")
	case counselling.NeedsHelp:
		return page.NewBadge("wait", "需要配合")
	}
	return page.NewBadge("todo", "待回复")
}

// Badge is ConcernBadge, for the template.
func (*Concerns) Badge(c counselling.Concern) page.Badge { return ConcernBadge(c) }

func concerns(c *page.Context) error {
	return show(c, &Concerns{}, loadConcerns, nil)
}

func loadConcerns(c *page.Context, p *Concerns) error {
	p.Title = "辅导员的关注"
	return readAudited(c, p, func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		p.List, err = counselling.Concerns(c, tx, who, centre)
		return err
	})
}

func answerConcern(c *page.Context) error {
	form := typed(c, "answer", "help")
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		return counselling.AnswerConcern(c, tx, who, c.Param("id"), form["answer"], form["help"])
	})
	return done(c, err, "/desk/counselling/concerns?said=replied", again(c, &Concerns{Base: Base{Form: form}, At: c.Param("id")}, loadConcerns))
}

// MyConcerns is what a 辅导员 wrote, and the form to write.
type MyConcerns struct {
	Base
	List []counselling.Concern
}

// Template implements page.Page.
func (*MyConcerns) Template() string { return "desk/my_concerns" }

func myConcerns(c *page.Context) error {
	return show(c, &MyConcerns{}, loadMyConcerns, nil)
}

func loadMyConcerns(c *page.Context, p *MyConcerns) error {
	p.Title = "关注同学"
	return read(c, p, func(tx *store.Tx, who identity.Person) (err error) {
		p.List, err = counselling.MyConcerns(c, tx, who)
		return err
	})
}

func sendConcern(c *page.Context) error {
	form := typed(c, "student", "body")
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		return counselling.SendConcern(c, tx, who, form["student"], form["body"])
	})
	return done(c, err, "/desk/concerns?said=sent", again(c, &MyConcerns{Base: Base{Form: form}}, loadMyConcerns))
}
