package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/blob"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/rule"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// applications are the handlers of what students hand in to an office.
type applications struct{ engine *request.Engine }

func registerApplications(r page.Routes, d Deps) {
	h := applications{d.Requests}
	r.GET("/applications", h.list)
	r.GET("/applications/of/:code", h.list)
	r.GET("/applications/of/:code/export.xlsx", h.export)
	r.POST("/applications/many", h.decideMany)
	r.POST("/applications/print", h.printMany)
	r.GET("/applications/batches/:id", h.batch)
	r.GET("/applications/prints/:id", h.prints)
	r.GET("/applications/prints/:id/certificates.pdf", h.stack)
	r.GET("/applications/:id", h.one)
	r.POST("/applications/:id/:act", h.act)
	r.GET("/applications/:id/files/:file", h.file)
	r.GET("/applications/:id/certificate.pdf", h.certificate)

	r.GET("/papers", h.papers)
	r.POST("/papers/:id", h.takePapers)
	r.POST("/papers/:id/extend", h.extendPapers)
	r.POST("/papers/window", h.extendWindow)
	r.GET("/handout", h.handout)
	r.POST("/handout/:id", h.handOut)
	r.GET("/payouts", h.payouts)
	r.POST("/payouts", h.buildList)
	r.GET("/payouts/:id", h.payout)
	r.POST("/payouts/:id/paid", h.markPaid)
	r.POST("/payouts/:id/failed", h.markFailed)
	r.POST("/payouts/:id/again", h.payAgain)
	r.GET("/payouts/:id/list.xlsx", h.exportList)
	r.GET("/asks", h.asks)
	r.POST("/asks/:id", h.answerAsk)
	r.GET("/deputies", deputies)
	r.POST("/deputies", setDeputy)
	r.POST("/deputies/:id/end", endDeputy)
	r.GET("/services", services)
}

// everyService is the code of the queue of all of them.
const everyService = "all"

// place is a list of applications and what of it is shown; it stands in the address, and
// in every form so that an act leads back to it.
type place struct {
	Of    string // code of a service, everyService, "" what waits for the person's decision
	State request.State
	Query string
	After string
}

func placeOf(of string, get func(string) string) place {
	return place{Of: of, State: request.State(get("state")), Query: strings.TrimSpace(get("q")), After: get("after")}
}

// root is the address of the queue alone.
func (l place) root() string {
	if l.Of == "" {
		return "/desk/applications"
	}
	return "/desk/applications/of/" + l.Of
}

func (l place) address(pairs ...string) string {
	return address(l.root(), append([]string{"state", string(l.State), "q", l.Query, "after", l.After}, pairs...)...)
}

func (l place) filter() request.Filter {
	f := request.Filter{Service: l.Of, State: l.State, Search: l.Query}
	if l.Of == everyService {
		f.Service = ""
	}
	return f
}

// Applications is a queue with one application open: everything its decision needs.
type Applications struct {
	Base
	place

	Queue  string // its name
	Detail string // what it is
	Chips  []Chip
	List   []Entry
	More   string // address of the next page, "" at the end
	Open   *Opened
	Asking string // the act whose confirmation stands open
	Prints bool   // the chosen ones can be marked as made
	Zone   *time.Location

	marked  []string // of a refused return
	waiting int      // for the person's decision, of the whole list
	seen    time.Time
}

// Chip chooses a state of the queue.
type Chip struct {
	Path, Name string
	Count      int
	Here       bool
}

// Entry is a line of the list.
type Entry struct{ request.Item }

// Opened is the application on the right.
type Opened struct {
	request.View
	Earlier   []Entry
	Following string // public id of the one that opens after a decision, "" if none
	Zone      *time.Location
}

// Template implements page.Page.
func (*Applications) Template() string { return "desk/applications" }

// At is the address of this list with an application open.
func (p *Applications) At(id string) string { return p.address("application", id) }

// IsOpen tells whether the entry is the one open.
func (p *Applications) IsOpen(e Entry) bool { return p.Open != nil && p.Open.PublicID == e.PublicID }

// Mine tells whether the list is what waits for the person's decision.
func (p *Applications) Mine() bool { return p.Of == "" }

// Chooses tells whether anything of the list can be decided.
func (p *Applications) Chooses() bool {
	return slices.ContainsFunc(p.List, func(e Entry) bool { return e.Task.PublicID != "" })
}

// Reasons are those the chosen entries have in common to be returned with.
func (p *Applications) Reasons() []string {
	var common []string
	first := true
	for _, e := range p.List {
		if e.Task.PublicID == "" {
			continue
		}
		if first {
			common, first = slices.Clone(e.Task.Stage.Reasons), false
			continue
		}
		common = slices.DeleteFunc(common, func(r string) bool { return !slices.Contains(e.Task.Stage.Reasons, r) })
	}
	return common
}

// CanExport tells whether the queue is one service's, which is what a workbook holds.
func (p *Applications) CanExport() bool { return p.Of != "" && p.Of != everyService && len(p.List) > 0 }

// ExportAt is the address of the workbook of the list as it is filtered.
func (p *Applications) ExportAt() string {
	return address(p.root()+"/export.xlsx", "state", string(p.State), "q", p.Query)
}

// Because is the input of a reason for the record.
func (p *Applications) Because(label string) Input {
	i := p.Input("why", label, "text")
	i.Wrong = p.Wrong("reason")
	return i
}

// Marked tells whether the refused form had marked it.
func (p *Applications) Marked(name string) bool { return slices.Contains(p.marked, name) }

// There is the badge of what is there.
func (*Opened) There(word string) page.Badge { return page.NewBadge("done", word) }

// Lacks is the badge of a paper that is not there.
func (*Opened) Lacks(required bool) page.Badge {
	if required {
		return page.NewBadge("todo", "还缺")
	}
	return page.NewBadge("idle", "可选")
}

// Own tells whether the typed reason is none of those offered.
func (p *Applications) Own() bool {
	return p.Form["reason"] != "" && p.Open != nil && !slices.Contains(p.Open.Stage().Reasons, p.Form["reason"])
}

// Badge is the state of an entry.
func (e Entry) Badge() page.Badge { return page.NewBadge(toneOf(e.State), e.StateLabel()) }

// Yuan is the sum, "" where nothing is paid.
func (e Entry) Yuan() string {
	if e.Service.Outcome.Kind != service.Payout {
		return ""
	}
	return form.Yuan(e.Amount)
}

// Urgent says by when the decision is due.
func (p *Applications) Urgent(e Entry) page.Badge { return urgent(e, p.Now, p.Zone) }

func urgent(e Entry, now time.Time, zone *time.Location) page.Badge {
	switch {
	case e.Task.Late:
		return page.NewBadge("todo", "已超时限")
	case e.Task.Due.IsZero():
		return e.Badge()
	case e.Task.Due.Sub(now) < 24*time.Hour:
		return page.NewBadge("todo", calendar.Brief(e.Task.Due, now, zone)+" 前")
	}
	return page.NewBadge("wait", calendar.Brief(e.Task.Due, now, zone)+" 前")
}

func toneOf(s request.State) string {
	switch s {
	case request.Submitted, request.Approved, request.Printed, request.Made, request.ToPay:
		return "wait"
	case request.Collected, request.Paid, request.Done:
		return "done"
	case request.Returned, request.Rejected, request.Overdue, request.PayFailed:
		return "todo"
	default:
		return "idle"
	}
}

// Badge is the state of the open application.
func (o *Opened) Badge() page.Badge { return page.NewBadge(toneOf(o.State), o.StateLabel()) }

// Stage is the one that waits.
func (o *Opened) Stage() approval.Stage { return o.Review.Stage() }

// Last tells whether the present stage is the last one.
func (o *Opened) Last() bool { return o.Review.At == len(o.Review.Stages)-1 }

// Blocked names the papers the approval waits for, "" if it waits for none.
func (o *Opened) Blocked() string {
	if !o.Last() && !o.Stage().Papers {
		return ""
	}
	var list []string
	for _, m := range o.Missing() {
		list = append(list, m.Name)
	}
	return strings.Join(list, "、")
}

// Yuan is the sum to be paid, "" where nothing is paid.
func (o *Opened) Yuan() string {
	if o.Service.Outcome.Kind != service.Payout {
		return ""
	}
	return form.Yuan(o.Amount)
}

// Asked is the sum the student asked for where less is granted, "" else.
func (o *Opened) Asked() string {
	if !o.Pays() || o.Amount == o.Applied {
		return ""
	}
	return form.Yuan(o.Applied)
}

// Assesses tells whether less than was asked can be granted.
func (o *Opened) Assesses() bool { return o.Service.Outcome.Asks() }

// Most is what can be granted at most.
func (o *Opened) Most() string { return form.Yuan(o.Applied) }

// Mark is how a return names one picture of a question.
func (*Opened) Mark(field, file string) string { return request.Picture(field, file) }

// Pays tells whether money follows.
func (o *Opened) Pays() bool { return o.Service.Outcome.Kind == service.Payout }

// Answer is a row of words, with what was handed in before where that was another.
type Answer struct {
	form.Row
	Change *form.Change
}

// Changed are the answers that changed, for who handed in again (T20).
func (o *Opened) Changed() []Answer { return o.answers(true) }

// Same are the answers that stand as they were.
func (o *Opened) Same() []Answer { return o.answers(false) }

func (o *Opened) answers(changed bool) []Answer {
	var list []Answer
	for _, r := range o.Rows() {
		if change := o.change(r.Name); len(r.Files) == 0 && (change != nil) == changed {
			list = append(list, Answer{r, change})
		}
	}
	for _, c := range o.Changes {
		if changed && c.After == "" { // taken out
			list = append(list, Answer{form.Row{Name: c.Name, Label: c.Label, Text: "没有了"}, &c})
		}
	}
	return list
}

// Pictures are the rows that are files.
func (o *Opened) Pictures() []form.Row {
	return slices.DeleteFunc(o.Rows(), func(r form.Row) bool { return len(r.Files) == 0 })
}

// Resent tells whether pictures of the question were sent anew.
func (o *Opened) Resent(name string) bool { return o.change(name) != nil }

// change is what the answer was before, nil if it is the same.
func (o *Opened) change(name string) *form.Change {
	for _, c := range o.Changes {
		if c.Name == name {
			return &c
		}
	}
	return nil
}

// Mark is something that can be marked for the student to mend.
type Mark struct{ Value, Label string }

// Marks are the questions and papers a return can name.
func (o *Opened) Marks() []Mark {
	var list []Mark
	for _, f := range o.Service.Form.Fields {
		if f.Kind != form.Computed && !f.ReadOnly {
			list = append(list, Mark{f.Name, f.Label})
		}
	}
	for _, m := range o.Materials {
		list = append(list, Mark{m.Code, m.Name})
	}
	return list
}

// Tone is the badge of a rule.
func (*Opened) Tone(f rule.Finding) page.Badge {
	tone := map[rule.Result]string{rule.Pass: "done", rule.Fail: "todo", rule.Manual: "wait"}[f.Result]
	return page.NewBadge(tone, f.Result.Text())
}

// Takes tells whether papers can be ticked now.
func (o *Opened) Takes() bool {
	return o.Works && len(o.Materials) > 0 && (o.State == request.Submitted || o.State == request.Returned)
}

// Lacking tells whether a paper is still to come that can be ticked now.
func (o *Opened) Lacking() bool {
	return o.Takes() && slices.ContainsFunc(o.Materials, func(m request.Material) bool { return !m.Received() })
}

// DueText is when papers have to be there; the end of a day is the day itself.
func (o *Opened) DueText() string {
	if at := o.Due.In(o.Zone); at.Equal(calendar.Midnight(at, o.Zone)) {
		return calendar.Date(at.AddDate(0, 0, -1), o.Zone) + "24:00"
	}
	return calendar.When(o.Due, o.Zone)
}

// Extends tells whether the time for papers can be made longer.
func (o *Opened) Extends() bool {
	return o.Works && !o.Due.IsZero() && o.ErasedAt.IsZero() && (o.State == request.Submitted || o.State == request.Returned || o.State == request.Overdue)
}

// Prints tells whether it waits to be made.
func (o *Opened) Prints() bool {
	k := o.Service.Outcome.Kind
	return o.Works && o.State == request.Approved && (k == service.Certificate || k == service.Collect)
}

// MadeWord is what is done to it: 打印 or 制作.
func (o *Opened) MadeWord() string {
	if o.Service.Outcome.Kind == service.Certificate {
		return "打印"
	}
	return "制作"
}

// HandsOut tells whether it waits for its student.
func (o *Opened) HandsOut() bool {
	return o.Works && (o.State == request.Printed || o.State == request.Made)
}

// Fails tells whether its money came back.
func (o *Opened) Fails() bool { return o.Works && o.State == request.PayFailed }

// Revokes tells whether what was given can be taken back.
func (o *Opened) Revokes() bool {
	return o.Works && slices.Contains(o.State.Next(), request.Revoked)
}

// AskedFirst are the questions nobody answered yet.
func (o *Opened) AskedFirst() []request.Ask {
	return slices.DeleteFunc(slices.Clone(o.Asks), func(a request.Ask) bool { return a.Answer != "" })
}

// Nothing tells whether there is nothing to do about it, for this person.
func (o *Opened) Nothing() bool {
	return !o.MayDecide && !o.Prints() && !o.HandsOut() && !o.Fails() && !o.Revokes()
}

// Waits says who comes next.
func (o *Opened) Waits() string {
	step, office, _ := o.Next()
	if step != "" && office == "" {
		return "等学生" + step
	}
	return strings.Trim(step+" · "+office, " ·")
}

func (h applications) list(c *page.Context) error {
	p := &Applications{place: placeOf(c.Param("code"), c.Query), Asking: c.Query("act")}
	if err := h.load(c, p, c.Query("application")); err != nil {
		return err
	}
	return answer(c, p, nil)
}

// one leads from a card to the application in the list it waits in.
func (applications) one(c *page.Context) error {
	return c.SeeOther(place{}.address("application", c.Param("id")))
}

// listed is how many applications a page of a queue has.
const listed = 50

func (h applications) load(c *page.Context, p *Applications, open string) error {
	p.Zone = c.Zone()
	return readAudited(c, p, func(tx *store.Tx, who identity.Person) error {
		if !seesReviews(who) {
			return identity.ErrForbidden
		}
		w, err := p.workOf(c, tx, who)
		if err != nil {
			return err
		}
		next, err := h.fillList(c, tx, who, p, listed)
		if err != nil {
			return err
		}
		p.waiting, p.seen = w.Reviews, tx.Now()
		if p.name(w); next != "" {
			further := p.place
			further.After = next
			p.More = further.address()
		}
		if open == "" {
			return nil
		}
		return h.open(c, tx, who, p, open)
	})
}

// fillList reads the page of the queue and returns what the next one begins after.
func (h applications) fillList(c *page.Context, tx *store.Tx, who identity.Person, p *Applications, limit int) (next string, err error) {
	var items []request.Item
	if p.Mine() {
		items, next, err = h.engine.Assigned(c, tx, who, p.After, limit)
	} else {
		items, next, err = h.engine.Queue(c, tx, who, p.filter(), p.After, limit)
	}
	for _, i := range items {
		p.List = append(p.List, Entry{i})
	}
	return next, err
}

// name says what the queue is and which states it has.
func (p *Applications) name(w request.Work) {
	p.Queue, p.Detail = "待我审核", "轮到您决定的申请，最早的在前"
	if p.Mine() {
		p.Title = p.Queue
		return
	}
	p.Queue, p.Detail = "全部申请", "您的部门经办的所有申请"
	all := request.Service{Counts: map[request.State]int{}}
	for _, s := range w.Services {
		for st, n := range s.Counts {
			all.Counts[st] += n
		}
		if s.Version.Code == p.Of {
			p.Queue, p.Detail = s.Version.Title, s.Version.Detail
		}
	}
	if i := slices.IndexFunc(w.Services, func(s request.Service) bool { return s.Version.Code == p.Of }); i >= 0 {
		all = w.Services[i]
	}
	p.Title = p.Queue
	p.Prints = p.State == request.Approved && len(p.List) > 0
	chip := func(s request.State, name string, n int) {
		at := place{Of: p.Of, State: s, Query: p.Query}
		p.Chips = append(p.Chips, Chip{at.address(), name, n, p.State == s})
	}
	chip("", "全部", all.All())
	for _, s := range request.States() {
		if n := all.Counts[s]; n > 0 || s == p.State {
			chip(s, s.Label(), n)
		}
	}
}

// open reads the application on the right.
func (h applications) open(c *page.Context, tx *store.Tx, who identity.Person, p *Applications, id string) error {
	v, err := h.engine.Open(c, tx, who, id)
	if err != nil {
		return err
	}
	p.Open = &Opened{View: v, Zone: c.Zone()}
	earlier, err := h.engine.Earlier(c, tx, who, id)
	for _, i := range earlier {
		p.Open.Earlier = append(p.Open.Earlier, Entry{i})
	}
	p.Open.Following = p.following(id)
	return err
}

// following is the one that can be decided after the open one, so that a press leads on.
func (p *Applications) following(id string) string {
	at := slices.IndexFunc(p.List, func(e Entry) bool { return e.PublicID == id })
	for i := range p.List {
		e := p.List[(at+1+i)%len(p.List)]
		if e.PublicID != id && e.Task.PublicID != "" {
			return e.PublicID
		}
	}
	return ""
}

// export sends the queue as it is filtered, as a workbook.
func (h applications) export(c *page.Context) error {
	at := placeOf(c.Param("code"), c.Query)
	return h.workbook(c, at.Of+".xlsx", func(tx *store.Tx, who identity.Person, w *strings.Builder) error {
		return h.engine.Export(c, tx, who, at.filter(), w)
	})
}

// workbook sends what write writes.
func (applications) workbook(c *page.Context, name string, write func(tx *store.Tx, who identity.Person, w *strings.Builder) error) error {
	var b strings.Builder
	err := c.Update(func(tx *store.Tx, who identity.Person) error {
		b.Reset()
		return write(tx, who, &b)
	})
	if err != nil {
		return err
	}
	return c.Attachment(name, xlsx, []byte(b.String()))
}

// file shows a picture or a document of an application.
func (h applications) file(c *page.Context) error {
	var b blob.Blob
	small := c.Query("small") != ""
	err := c.View(func(tx *store.Tx, who identity.Person) (err error) {
		of := h.engine.File
		if small {
			of = h.engine.Thumb
		}
		b, err = of(c, tx, who, c.Param("id"), c.Param("file"))
		return err
	})
	if err != nil {
		return err
	}
	return c.Inline(b, small)
}

// seesReviews tells whether applications can be put before the person at all.
func seesReviews(who identity.Person) bool {
	return who.Here() && (!who.IsStudent() || len(who.Roles) > 0)
}

// workOf reads what waits for the person of applications, once for page and navigation.
func (b *Base) workOf(ctx context.Context, tx *store.Tx, who identity.Person) (request.Work, error) {
	w, err := request.WorkOf(ctx, tx, who)
	b.work = &w
	return w, err
}

// workGroups are what waits for the person's decision, what is done at the counter, and
// the queues of the person's offices.
func workGroups(known *request.Work) func(context.Context, *store.Tx, identity.Person) ([]Group, error) {
	return func(ctx context.Context, tx *store.Tx, who identity.Person) ([]Group, error) {
		if known != nil {
			return workItems(*known, who), nil
		}
		w, err := request.WorkOf(ctx, tx, who)
		return workItems(w, who), err
	}
}

func workItems(w request.Work, who identity.Person) []Group {
	if !w.Office && w.Reviews == 0 && !who.Has(identity.ClassCounsellor, identity.OfficeHead) {
		return nil
	}
	g := Group{Name: "申请办理", Items: []Item{{Path: "/desk/applications", Name: "待我审核", Detail: "轮到您决定的申请", Count: w.Reviews}}}
	deputies := Item{Path: "/desk/deputies", Name: "代办", Detail: "不在时请谁代为审核"}
	if len(w.Services) == 0 {
		g.Items = append(g.Items, deputies)
		return []Group{g}
	}
	g.Items = append(g.Items,
		Item{Path: "/desk/applications/of/" + everyService, Name: "全部申请", Detail: "按姓名、学号或编号找一份"},
		Item{Path: "/desk/asks", Name: "学生提问", Detail: "学生请老师看一看的事", Count: w.Asks},
		Item{Path: "/desk/papers", Name: "收材料", Detail: "扫学生证，登记收到的纸质材料"},
		Item{Path: "/desk/handout", Name: "打印与发放", Detail: "打印，凭学生证发放", Count: w.Count(request.Approved)},
		Item{Path: "/desk/payouts", Name: "放款", Detail: "名单、合计和结果", Count: w.Count(request.ToPay, request.PayFailed)},
		deputies)
	return []Group{g, {Name: "各项服务", Items: serviceItems(w)}}
}

// serviceItems are the queues of an office, one a service.
func serviceItems(w request.Work) []Item {
	var list []Item
	for _, s := range w.Services {
		detail := "现在没有在办的"
		if n := s.Waiting(); n > 0 {
			detail = fmt.Sprintf("%d 份在办", n)
		}
		list = append(list, Item{Path: "/desk/applications/of/" + s.Version.Code, Name: s.Version.Chat, Detail: detail, Under: s.Waiting()})
	}
	return append(list, Item{Path: "/desk/services", Name: "服务设置", Detail: "每项服务现在怎么办"})
}
