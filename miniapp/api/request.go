package api

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/xuegong/xuegong/internal/blob"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/rule"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

func registerRequests(r page.Routes, f face) {
	r.GET("/services", f.services)
	r.GET("/services/:service", f.service)
	r.GET("/services/:service/schema", f.schema)
	r.POST("/services/:service/consent", f.agree)
	r.POST("/services/:service/applications", f.start)
	r.POST("/services/:service/questions", f.question)
	r.GET("/applications", f.applications)
	r.GET("/applications/:application", f.application)
	r.GET("/applications/:application/certificate.pdf", f.certificate)
	r.GET("/applications/:application/draft", f.draft)
	r.POST("/applications/:application/draft", f.saveDraft)
	r.POST("/applications/:application/discard", f.discard)
	r.POST("/applications/:application/submit", f.submit)
	r.POST("/applications/:application/resubmit", f.resubmit)
	r.POST("/applications/:application/withdraw", f.takeBack)
	r.POST("/applications/:application/questions", f.questionOn)
	r.POST("/applications/:application/files", f.upload)
	r.GET("/applications/:application/files/:file", f.file)
}

type finding struct {
	Rule      string     `json:"rule"`
	Text      string     `json:"text"`
	Value     string     `json:"value"`
	Source    string     `json:"source"`
	At        *time.Time `json:"at"`
	Result    string     `json:"result"`
	Otherwise string     `json:"otherwise"`
}

func findingsOf(v rule.Verdict, zone *time.Location) []finding {
	return listOf(v.Findings, func(f rule.Finding) finding {
		return finding{f.Rule, f.Text, f.Value, f.Source, moment(f.At, zone), string(f.Result), f.Otherwise}
	})
}

type serviceOffer struct {
	Code     string    `json:"code"`
	Title    string    `json:"title"`
	Detail   string    `json:"detail"`
	Open     bool      `json:"open"`
	Window   string    `json:"window"`
	Blocked  string    `json:"blocked"`
	Draft    string    `json:"draft"`
	Findings []finding `json:"findings"`
}

func serviceOfferIn(zone *time.Location) func(request.Offer) serviceOffer {
	return func(o request.Offer) serviceOffer {
		d := o.Service.Definition
		return serviceOffer{d.Code, d.Title, d.Detail, o.Open, o.Window, o.Blocked, o.Draft, findingsOf(o.Verdict, zone)}
	}
}

// services lists what can be applied for, with why what cannot (D-03, D-67).
func (f face) services(c *page.Context) error {
	return reply(c, c.View, func(tx *store.Tx, who identity.Person) (list[serviceOffer], error) {
		offers, err := f.Requests.Services(c, tx, who)
		if err != nil {
			return list[serviceOffer]{}, err
		}
		return pageOf(c, offers, func(o request.Offer) string { return o.Service.Code }, serviceOfferIn(c.Zone()))
	})
}

type serviceNotice struct {
	Version   string `json:"version"`
	Attention string `json:"attention"`
	Process   string `json:"process"`
	Agreed    bool   `json:"agreed"`
}

type wholeOffer struct {
	serviceOffer
	Department string            `json:"department"`
	Place      string            `json:"place"`
	Hours      string            `json:"hours"`
	Contacts   []service.Contact `json:"contacts"`
	Notice     serviceNotice     `json:"notice"`
	Materials  []string          `json:"materials"`
}

func (f face) service(c *page.Context) error {
	return reply(c, c.View, func(tx *store.Tx, who identity.Person) (wholeOffer, error) {
		o, err := f.Requests.Offer(c, tx, who, c.Param("service"))
		if err != nil {
			return wholeOffer{}, err
		}
		d := o.Service.Definition
		out := wholeOffer{
			serviceOffer: serviceOfferIn(c.Zone())(o), Department: d.Department, Place: d.Place, Hours: d.Hours, Contacts: d.ContactsFor(who.CampusName),
			Notice:    serviceNotice{Version: d.Notice.Version(), Attention: d.Notice.Attention, Process: d.Notice.Process},
			Materials: listOf(d.Paper(), func(m service.Material) string { return m.Name }),
		}
		_, out.Notice.Agreed, err = service.Agreed(c, tx, who, d)
		return out, err
	})
}

// schema is the JSON Schema of what save, submit and resubmit take.
func (f face) schema(c *page.Context) error {
	return reply(c, c.View, func(tx *store.Tx, _ identity.Person) (map[string]any, error) {
		v, err := service.ByCode(c, tx, c.Param("service"))
		return v.Form.Schema(), err
	})
}

// agree agrees to the notice that was read (D-38).
func (f face) agree(c *page.Context) error {
	var in struct {
		Version string `json:"version"`
	}
	c.ReadJSON(&in)
	return once(c, func(tx *store.Tx, who identity.Person) error {
		if err := f.Requests.Agree(c, tx, who, c.Param("service"), in.Version); err != nil {
			return err
		}
		return f.filled(c, tx, who)
	}, f.service)
}

type paper struct {
	ID       string       `json:"id"`
	Service  string       `json:"service"`
	Returned bool         `json:"returned"`
	Marked   []string     `json:"marked"`
	Reason   string       `json:"reason"`
	Answers  form.Answers `json:"answers"`
	Missing  []string     `json:"missing"`
	Blocked  string       `json:"blocked"`
	Agreed   bool         `json:"agreed"`
	Ready    bool         `json:"ready"`
	Findings []finding    `json:"findings"`
}

func (f face) showPaper(c *page.Context, id string) error {
	return reply(c, c.View, func(tx *store.Tx, who identity.Person) (paper, error) {
		p, err := f.Requests.Paper(c, tx, who, id)
		return paperIn(c.Zone(), p), err
	})
}

func paperIn(zone *time.Location, p request.Paper) paper {
	return paper{
		ID: p.PublicID, Service: p.Service.Code, Returned: p.Returned, Marked: listOf(p.Marked, same), Reason: p.Reason,
		Answers: p.Answers, Missing: listOf(p.Missing, same), Blocked: p.Blocked, Agreed: p.Agreed, Ready: p.Ready(),
		Findings: findingsOf(p.Verdict, zone),
	}
}

// same has listOf make [] of a list that may be nil.
func same(s string) string { return s }

// start begins an application, or finds the one begun; a repeat finds it too.
func (f face) start(c *page.Context) error {
	id := ""
	begin := func(tx *store.Tx, who identity.Person) error {
		p, err := f.Requests.Start(c, tx, who, c.Param("service"), request.ViaAPI)
		id = p.PublicID
		return err
	}
	err := c.ActByKey(begin)
	if errors.Is(err, page.ErrRepeat) {
		err = c.Update(begin)
	}
	if err != nil {
		return err
	}
	return f.showPaper(c, id)
}

// question puts a question about a service to a person.
func (f face) question(c *page.Context) error {
	var in struct {
		Text string `json:"text"`
	}
	c.ReadJSON(&in)
	return once(c, func(tx *store.Tx, who identity.Person) error {
		_, err := f.Requests.AskPerson(c, tx, who, c.Param("service"), in.Text)
		return err
	}, done)
}

// questionOn puts a question about one's application to whoever reviews it; with a field,
// that what the school recorded there is wrong (T6).
func (f face) questionOn(c *page.Context) error {
	var in struct {
		Text  string `json:"text"`
		Field string `json:"field"`
	}
	c.ReadJSON(&in)
	return once(c, func(tx *store.Tx, who identity.Person) error {
		_, err := f.Requests.AskAbout(c, tx, who, c.Param("application"), in.Field, in.Text)
		return err
	}, done)
}

func (f face) draft(c *page.Context) error {
	return f.showPaper(c, c.Param("application"))
}

// readAnswers reads the body as the answers of the application's form, nil if there is no
// body: what is kept stands.
func (f face) readAnswers(c *page.Context) (in form.Input, err error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Gin.Writer, c.Gin.Request.Body, maxAnswers))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, errs.Wrap(err, errs.TooLarge, "请求太大，最多 256 KB。照片和文件请先上传，这里只写它们的编号。")
	}
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "请求没有收全，请再发一次。")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	err = c.View(func(tx *store.Tx, who identity.Person) error {
		a, err := f.Requests.Get(c, tx, who, c.Param("application"))
		if err != nil {
			return err
		}
		in, err = a.Service.Form.FromJSON(body)
		return err
	})
	return in, err
}

// maxAnswers is how many bytes the answers of one form may have.
const maxAnswers = 256 << 10

// saveDraft keeps what is written so far; what is wrong is refused and nothing kept.
func (f face) saveDraft(c *page.Context) error {
	in, err := f.readAnswers(c)
	if err != nil {
		return err
	}
	return once(c, func(tx *store.Tx, who identity.Person) error {
		if _, err := f.Requests.Save(c, tx, who, c.Param("application"), in); err != nil {
			return err
		}
		return f.filled(c, tx, who)
	}, f.draft)
}

// filled has a chat that waits for what was just written go on.
func (f face) filled(c *page.Context, tx *store.Tx, who identity.Person) error {
	if f.OnFilled == nil {
		return nil
	}
	return f.OnFilled(c, tx, who)
}

func (f face) discard(c *page.Context) error {
	return once(c, func(tx *store.Tx, who identity.Person) error {
		return f.Requests.Discard(c, tx, who, c.Param("application"))
	}, done)
}

// submit hands the draft in, with the answers of the body or as it stands.
func (f face) submit(c *page.Context) error {
	return f.handIn(c, func(tx *store.Tx, who identity.Person, id string, in form.Input) error {
		_, err := f.Requests.Submit(c, tx, who, id, in, request.ViaAPI)
		return err
	})
}

// resubmit hands in again what came back (D-50).
func (f face) resubmit(c *page.Context) error {
	return f.handIn(c, func(tx *store.Tx, who identity.Person, id string, in form.Input) error {
		_, err := f.Requests.Resubmit(c, tx, who, id, in)
		return err
	})
}

func (f face) handIn(c *page.Context, do func(tx *store.Tx, who identity.Person, id string, in form.Input) error) error {
	in, err := f.readAnswers(c)
	if err != nil {
		return err
	}
	return once(c, func(tx *store.Tx, who identity.Person) error {
		if err := do(tx, who, c.Param("application"), in); err != nil {
			return err
		}
		return f.filled(c, tx, who)
	}, f.application)
}

func (f face) takeBack(c *page.Context) error {
	return once(c, func(tx *store.Tx, who identity.Person) error {
		_, err := f.Requests.Withdraw(c, tx, who, c.Param("application"))
		return err
	}, f.application)
}

type next struct {
	Step   string     `json:"step"`
	Office string     `json:"office"`
	Due    *time.Time `json:"due"`
}

type material struct {
	Code       string     `json:"code"`
	Name       string     `json:"name"`
	Required   bool       `json:"required"`
	ReceivedAt *time.Time `json:"received_at"`
}

type step struct {
	At    time.Time `json:"at"`
	State string    `json:"state"`
	Label string    `json:"label"`
	By    string    `json:"by"`
	Words string    `json:"words"`
}

type answer struct {
	Name    string   `json:"name"`
	Label   string   `json:"label"`
	Text    string   `json:"text"`
	Files   []string `json:"files"`
	Source  string   `json:"source"`
	Dispute string   `json:"dispute"`
}

type application struct {
	ID          string     `json:"id"`
	Number      string     `json:"number"`
	Service     string     `json:"service"`
	Title       string     `json:"title"`
	State       string     `json:"state"`
	Label       string     `json:"label"`
	Next        next       `json:"next"`
	CreatedAt   time.Time  `json:"created_at"`
	SubmittedAt *time.Time `json:"submitted_at"`
	EndedAt     *time.Time `json:"ended_at"`
	ErasedAt    *time.Time `json:"erased_at"` // what was written is gone at the student's wish
	Reason      string     `json:"reason"`
	Opinion     string     `json:"opinion"`
	Marked      []string   `json:"marked"`
	Amount      *string    `json:"amount"` // yuan, 128.50
	Asked       *string    `json:"asked"`  // what was asked for, where less may be granted
	Materials   []material `json:"materials"`
}

type wholeApplication struct {
	application
	Answers     []answer  `json:"answers"`
	Findings    []finding `json:"findings"`
	History     []step    `json:"history"`
	Appeal      string    `json:"appeal"`
	Certificate string    `json:"certificate"` // number, "" if none was issued
}

func applicationIn(zone *time.Location) func(request.Application) application {
	return func(a request.Application) application {
		out := application{
			ID: a.PublicID, Number: a.Number, Service: a.Service.Code, Title: a.Service.Title, State: string(a.State), Label: a.StateLabel(),
			CreatedAt: a.CreatedAt.In(zone), SubmittedAt: moment(a.SubmittedAt, zone), EndedAt: moment(a.EndedAt, zone), ErasedAt: moment(a.ErasedAt, zone),
			Reason: a.Review.Reason, Opinion: a.Review.Opinion, Marked: listOf(a.Review.Marked, same),
			Materials: listOf(a.Materials, func(m request.Material) material {
				return material{m.Code, m.Name, m.Required, moment(m.ReceivedAt, zone)}
			}),
		}
		what, office, due := a.Next()
		out.Next = next{what, office, moment(due, zone)}
		if a.Service.Outcome.Kind == service.Payout && a.State != request.Draft {
			amount, asked := form.Yuan(a.Amount), form.Yuan(a.Applied)
			out.Amount, out.Asked = &amount, &asked
		}
		return out
	}
}

// applications lists one's own, the newest first.
func (f face) applications(c *page.Context) error {
	return replyPage(c, c.View, applicationIn(c.Zone()), func(tx *store.Tx, who identity.Person, p store.Page) ([]request.Application, string, error) {
		return f.Requests.MineAfter(c, tx, who, p)
	})
}

// application is one with everything about it; reading by others than the student is
// audited, hence Update.
func (f face) application(c *page.Context) error {
	return reply(c, c.Update, func(tx *store.Tx, who identity.Person) (wholeApplication, error) {
		a, err := f.Requests.Get(c, tx, who, c.Param("application"))
		if err != nil {
			return wholeApplication{}, err
		}
		return wholeApplicationIn(c.Zone(), a), nil
	})
}

func wholeApplicationIn(zone *time.Location, a request.Application) wholeApplication {
	out := wholeApplication{
		application: applicationIn(zone)(a), Findings: findingsOf(a.Verdict, zone), Appeal: a.Service.Appeal.Text,
		Answers: listOf(a.Rows(), func(r form.Row) answer {
			return answer{r.Name, r.Label, r.Text, listOf(r.Files, same), r.Source, r.Dispute}
		}),
		History: listOf(a.History, func(e request.Event) step {
			return step{e.At.In(zone), string(e.State), e.Label(), e.By, e.Words}
		}),
	}
	if a.Certificate != nil {
		out.Certificate = a.Certificate.Number
	}
	return out
}

// upload keeps one file, the body of the call, for a field of the application.
func (f face) upload(c *page.Context) error {
	field, err := f.fileField(c)
	if err != nil {
		return err
	}
	file, err := c.ReadFile(c.Query("name"))
	if err != nil {
		return err
	}
	b, err := c.Keep(file, field.Kind == form.Photo, request.UploadFor(c.Param("application"), field.Name))
	if e, ok := errors.AsType[*errs.Error](err); ok && e.Fields == nil {
		err = &errs.Error{Kind: e.Kind, Message: e.Message, Fields: map[string]string{field.Name: e.Message}, Err: e.Err}
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, map[string]string{"id": b.PublicID})
}

// fileField is the field the file is for, of a paper that is the caller's.
func (f face) fileField(c *page.Context) (field form.Field, err error) {
	err = c.View(func(tx *store.Tx, who identity.Person) error {
		p, err := f.Requests.Paper(c, tx, who, c.Param("application"))
		if err != nil {
			return err
		}
		var ok bool
		if field, ok = p.Form.Field(c.Query("field")); !ok || !field.Open() || field.Kind != form.Photo && field.Kind != form.File {
			return errs.Field("field", "field 写要上传到哪一项，例如 tickets。")
		}
		return nil
	})
	return field, err
}

func (f face) file(c *page.Context) error {
	var b blob.Blob
	if err := c.View(func(tx *store.Tx, who identity.Person) (err error) {
		b, err = f.Requests.File(c, tx, who, c.Param("application"), c.Param("file"))
		return err
	}); err != nil {
		return err
	}
	return c.Inline(b, false)
}

// certificate hands the signed page of a certificate to its holder (T10).
func (f face) certificate(c *page.Context) error {
	p, err := page.Printable(c, f.Requests, c.Param("application"))
	if err != nil {
		return err
	}
	return c.Certificate(p)
}
