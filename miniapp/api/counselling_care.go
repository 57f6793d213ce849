package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

func registerCare(r page.Routes, f face) {
	r.GET("/counselling/intake", f.intake)
	r.POST("/counselling/intake", f.answerIntake)
	r.GET("/counselling/cases", f.cases)
	r.GET("/counselling/cases/:case", f.redCase)
	r.POST("/counselling/cases/:case/take", f.takeCase)
	r.POST("/counselling/cases/:case/close", f.closeCase)
	r.GET("/counselling/duty", f.duty)
}

// intake is the questions before a booking; what an answer means is the centre's.
type intake struct {
	Needed    bool       `json:"needed"`
	Version   int        `json:"version"`
	Questions []question `json:"questions"`
}

type question struct {
	Text    string   `json:"text"`
	Options []string `json:"options"`
}

// intake tells whether I answer the questions before a booking, and which they are (T4).
func (f face) intake(c *page.Context) error {
	return reply(c, c.View, func(tx *store.Tx, who identity.Person) (intake, error) {
		form, err := counselling.IntakeForm(c, tx, who)
		if errs.KindOf(err) == errs.Unavailable {
			return intake{Questions: []question{}}, nil // none were published
		}
		if err != nil {
			return intake{}, err
		}
		needed, err := counselling.NeedsIntake(c, tx, who)
		return intake{needed, form.Version, listOf(form.Questions, questionOut)}, err
	})
}

func questionOut(q counselling.Question) question {
	return question{q.Text, listOf(q.Options, func(o counselling.Option) string { return o.Text })}
}

// answerIntake keeps my answers. After a red one help is true: the numbers to call come
// first, and whoever is on duty was called. A repeat answers the same.
func (f face) answerIntake(c *page.Context) error {
	var in struct {
		Version int   `json:"version"`
		Choices []int `json:"choices"`
	}
	c.ReadJSON(&in)
	var out struct {
		Help bool `json:"help"`
	}
	err := c.ActByKey(func(tx *store.Tx, who identity.Person) error {
		level, err := counselling.AnswerIntake(c, tx, who, in.Version, in.Choices)
		out.Help = level == counselling.Red
		return err
	})
	if errors.Is(err, page.ErrRepeat) {
		err = c.View(func(tx *store.Tx, who identity.Person) (err error) {
			out.Help, err = counselling.AnsweredRed(c, tx, who)
			return err
		})
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

type redCase struct {
	ID       string        `json:"id"`
	State    string        `json:"state"`
	Label    string        `json:"label"`
	Source   string        `json:"source"`
	OpenedAt time.Time     `json:"opened_at"`
	Student  student       `json:"student"`
	Class    string        `json:"class"`
	TakenBy  string        `json:"taken_by"`
	TakenAt  *time.Time    `json:"taken_at"`
	ClosedBy string        `json:"closed_by"`
	ClosedAt *time.Time    `json:"closed_at"`
	Outcome  string        `json:"outcome"`
	Minor    bool          `json:"minor"`
	Guardian string        `json:"guardian"`
	History  []caseEvent   `json:"history"`
	Intake   *intakeAnswer `json:"intake"`
}

type caseEvent struct {
	At    time.Time `json:"at"`
	Label string    `json:"label"`
	By    string    `json:"by"`
}

type intakeAnswer struct {
	Level      string        `json:"level"`
	AnsweredAt time.Time     `json:"answered_at"`
	Answers    []intakeReply `json:"answers"`
}

type intakeReply struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
	Level    string `json:"level"`
}

func caseIn(zone *time.Location) func(counselling.Case) redCase {
	return func(k counselling.Case) redCase {
		out := redCase{
			ID: k.PublicID, State: string(k.State), Label: k.State.Label(), Source: k.Source, OpenedAt: k.OpenedAt.In(zone),
			Student: student{k.Student.Name, k.Student.Number, k.Student.College}, Class: k.Class,
			TakenBy: k.TakenBy, TakenAt: moment(k.TakenAt, zone), ClosedBy: k.ClosedBy, ClosedAt: moment(k.ClosedAt, zone), Outcome: k.Outcome,
			Minor: k.Minor, Guardian: k.Guardian,
		}
		out.History = listOf(k.History, func(e counselling.CaseEvent) caseEvent { return caseEvent{e.At.In(zone), e.Label(), e.By} })
		if k.Intake != nil {
			out.Intake = &intakeAnswer{string(k.Intake.Level), k.Intake.AnsweredAt.In(zone), listOf(k.Intake.Answers, func(a counselling.Answer) intakeReply {
				return intakeReply{a.Question, a.Answer, string(a.Level)}
			})}
		}
		return out
	}
}

// cases lists whom the centre must talk to now, those that wait first; the front desk
// sees those it was called to. Reading it is audited.
func (f face) cases(c *page.Context) error {
	return replyPage(c, c.Update, caseIn(c.Zone()), func(tx *store.Tx, who identity.Person, p store.Page) ([]counselling.Case, string, error) {
		centre, err := centreOf(c, tx, who)
		if err != nil {
			return nil, "", err
		}
		return counselling.CasesAfter(c, tx, who, centre, p)
	})
}

// redCase is one case with what is needed to call its student; reading it is audited.
func (f face) redCase(c *page.Context) error {
	return reply(c, c.Update, func(tx *store.Tx, who identity.Person) (redCase, error) {
		k, err := counselling.GetCase(c, tx, who, c.Param("case"))
		return caseIn(c.Zone())(k), err
	})
}

func (f face) takeCase(c *page.Context) error { return f.onCase(c, counselling.TakeCase) }

// closeCase ends a case with a sentence of what was done.
func (f face) closeCase(c *page.Context) error {
	var in struct {
		Outcome string `json:"outcome"`
	}
	c.ReadJSON(&in)
	return f.onCase(c, func(ctx context.Context, tx *store.Tx, who identity.Person, id string) error {
		return counselling.CloseCase(ctx, tx, who, id, in.Outcome)
	})
}

// onCase acts on the case and answers with it as it is then. A repeat only answers.
func (f face) onCase(c *page.Context, do func(ctx context.Context, tx *store.Tx, who identity.Person, id string) error) error {
	return once(c, func(tx *store.Tx, who identity.Person) error { return do(c, tx, who, c.Param("case")) }, f.redCase)
}

type turn struct {
	Name     string    `json:"name"`
	StartsAt time.Time `json:"starts_at"`
	EndsAt   time.Time `json:"ends_at"`
	Position int       `json:"position"`
}

type gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

type roster struct {
	list[turn]
	Gaps []gap `json:"gaps"`
}

// duty is who answers red answers in a span, by default the coming week, and when nobody does.
func (f face) duty(c *page.Context) error {
	from, to := week(c)
	zone := c.Zone()
	return replyOfCentre(c, c.View, func(tx *store.Tx, who identity.Person, centre int64) (roster, error) {
		found, err := counselling.Roster(c, tx, who, centre, from, to)
		if err != nil {
			return roster{}, err
		}
		key := func(d counselling.Duty) string { return d.StartsAt.UTC().Format(time.RFC3339) + " " + d.Name }
		turns, err := pageOf(c, found, key, func(d counselling.Duty) turn {
			return turn{d.Name, d.StartsAt.In(zone), d.EndsAt.In(zone), d.Position}
		})
		return roster{turns, listOf(counselling.Gaps(found, from, to), func(g counselling.Gap) gap { return gap{g.From.In(zone), g.To.In(zone)} })}, err
	})
}
