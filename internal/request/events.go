package request

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

// What the package announces; each kind has a renderer in the chat face.
const (
	KindReview         = "request.review"          // card to whoever can decide; its argument is approval.Card with Facts inside
	KindReviewReminder = "request.review_reminder" // message to them that it waits; approval.Card
	KindReviewed       = "request.reviewed"        // the card becomes its result; approval.Card
	KindChanged        = "request.changed"         // text to the student: Notice
	KindAsked          = "request.asked"           // text to the office: a student asks for a person; AskFacts
	KindAnswered       = "request.answered"        // text to the student: Notice
)

// Facts is what the cards of a review know of an application; it is sealed while it waits.
type Facts struct {
	Application string      `json:"application"` // public id, for links
	Number      string      `json:"number"`
	Title       string      `json:"title"`   // neutral
	Student     string      `json:"student"` // surname and 同学
	College     string      `json:"college"`
	Rows        [][2]string `json:"rows,omitempty"` // up to four answers, label and text
	Amount      string      `json:"amount,omitempty"`
	Asked       string      `json:"asked,omitempty"`   // where less is granted
	Missing     []string    `json:"missing,omitempty"` // papers not there yet
	Manual      bool        `json:"manual,omitempty"`  // a rule has to be looked at
	Again       bool        `json:"again,omitempty"`   // handed in again
	SubmittedAt time.Time   `json:"submitted_at"`
	At          time.Time   `json:"at,omitzero"` // when it was so: a card cannot be changed before its result
}

// Notice is what a student is told: the service's own words, filled in.
type Notice struct {
	Application string   `json:"application"`
	State       State    `json:"state"`
	Title       string   `json:"title"`
	Text        string   `json:"text"`             // sentences, no link
	Marked      []string `json:"marked,omitempty"` // labels of what has to be mended
	Opinion     string   `json:"opinion,omitempty"`
	Path        string   `json:"path"` // page to open
}

// Keys of the service's words (service.TextKeys); stage has none there.
const (
	textSubmitted   = "submitted"
	textReturned    = "returned"
	textResubmitted = "resubmitted"
	textReceived    = "received"
	textDueSoon     = "due_soon"
	textOverdue     = "overdue"
	textApproved    = "approved"
	textRejected    = "rejected"
	textWithdrawn   = "withdrawn"
	textToPay       = "to_pay"
	textRevoked     = "revoked"
	textStage       = "stage"
	textExtended    = "extended"
)

// said is what a person said with a change.
type said struct {
	Reason   string
	Opinion  string
	Sum      string // a sentence: what is granted instead of what was asked
	Material string
	Marked   []string
}

// factsOf is what the cards know of the application at the time.
func factsOf(a Application, at time.Time) Facts {
	d := a.Service.Definition
	f := Facts{
		Application: a.PublicID, Number: a.Number, Title: d.Chat, Student: shortName(a.Student.Name), College: a.Student.College,
		Manual: a.Verdict.Manual(), Again: a.no > 1, SubmittedAt: a.SubmittedAt, At: at,
	}
	if d.Outcome.Kind == service.Payout {
		f.Amount = form.Yuan(a.Amount)
		if a.Amount != a.Applied {
			f.Asked = form.Yuan(a.Applied)
		}
	}
	for _, m := range a.Missing() {
		f.Missing = append(f.Missing, m.Name)
	}
	for _, r := range a.Rows() {
		if len(f.Rows) < 4 && r.Text != "" && len([]rune(r.Text)) <= 40 && !sensitive(r.Name, d.Form) {
			f.Rows = append(f.Rows, [2]string{r.Label, r.Text})
		}
	}
	return f
}

// sensitive tells whether the answer stays on the desk: a card shows it to every holder
// of a phone that rings.
func sensitive(name string, f form.Form) bool {
	field, _ := f.Field(name)
	switch field.Source {
	case "tier", "bank", "home", "loan":
		return true
	}
	return field.Kind == form.LongText || field.Kind == form.Attestation
}

// shortName is how a student appears in a push: 张同学.
func shortName(name string) string {
	if r := []rune(name); len(r) > 0 {
		return string(r[0]) + "同学"
	}
	return "同学"
}

// announce tells the student what changed, in the words of the service.
func announce(ctx context.Context, tx *store.Tx, a Application, key string, s said) error {
	d := a.Service.Definition
	values := map[string]string{
		"number": a.Number, "name": a.Student.Name, "reason": sentence(s.Reason), "opinion": sentence(s.Opinion),
		"material": s.Material, "next": nextSentence(a, tx.Zone()), "until": until(a, tx.Zone()),
	}
	if d.Outcome.Kind == service.Payout {
		values["amount"] = form.Yuan(a.Amount)
	}
	if len(d.ContactsFor(a.Student.Campus)) > 0 {
		c := d.ContactsFor(a.Student.Campus)[0]
		values["contact"] = c.Name + " " + c.Phone
	}
	n := Notice{
		Application: a.PublicID, State: a.State, Title: d.Chat, Text: d.Text(key, values), Marked: s.Marked, Opinion: s.Opinion,
		Path: "/m/applications/" + a.PublicID,
	}
	switch key {
	case textStage:
		n.Text = fmt.Sprintf("%s（%s）有新的审核意见：%s", d.Chat, a.Number, s.Sum+sentence(s.Opinion))
	case textExtended:
		n.Text = fmt.Sprintf("%s（%s）的期限延到 %s。%s", d.Chat, a.Number, until(a, tx.Zone()), nextSentence(a, tx.Zone()))
	}
	if s.Sum != "" && key != textStage {
		n.Text += s.Sum
	}
	m := outbox.Message{
		To: []identity.ID{a.Student.ID}, Kind: KindChanged, Class: outbox.Reply, Scope: scope(a), Subject: Subject(a.PublicID), Args: n,
	}
	if key == textDueSoon || key == textOverdue { // a date came, nobody did anything
		m.Class = outbox.Bulk
	}
	return outbox.Put(ctx, tx, m)
}

// nextSentence says what the student does now, where and until when.
func nextSentence(a Application, zone *time.Location) string {
	d := a.Service.Definition
	missing := a.Missing()
	switch {
	case a.State == Submitted && len(missing) > 0:
		return fmt.Sprintf("请在 %s 前把%s交到%s，%s。", until(a, zone), names(missing), d.Place, d.Hours)
	case a.State == Submitted:
		return "有结果会告诉你。"
	case a.State == Returned && !a.Due.IsZero():
		return fmt.Sprintf("请在 %s 前补好再提交，其他内容都还在。", until(a, zone))
	case a.State == Returned:
		return "补好再提交就行，其他内容都还在。"
	case a.State == Approved:
		return "办好后会通知你来领取。"
	}
	return ""
}

// until is the deadline of papers as people say it: the end of a day is the day itself.
func until(a Application, zone *time.Location) string {
	if a.Due.IsZero() {
		return "规定时间"
	}
	if at := a.Due.In(zone); at.Hour() == 0 && at.Minute() == 0 {
		return calendar.Date(at.AddDate(0, 0, -1), zone) + "24:00"
	}
	return calendar.When(a.Due, zone)
}

// sentence ends what a person wrote as a sentence.
func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, "。") || strings.HasSuffix(s, "？") {
		return s
	}
	return s + "。"
}

func scope(a Application) string { return unitScope(a.department) }

func unitScope(unit int64) string { return "unit:" + strconv.FormatInt(unit, 10) }
