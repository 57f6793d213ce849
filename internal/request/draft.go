package request

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/blob"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/rule"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

// Offer is a service as one student sees it in the list.
type Offer struct {
	Service service.Version
	Open    bool   // applications are taken now, or longer from this student
	Window  string // when they are taken
	Verdict rule.Verdict
	Blocked string // why the student cannot apply now and what to do; "" if the student can
	Draft   string // public id of what was begun, "" if nothing
}

// Paper is an application being written: a draft, or what came back for supplement.
type Paper struct {
	PublicID string
	Service  service.Version
	Returned bool
	Marked   []string  // of a returned one: fields, single pictures (Picture) and materials to mend
	Reason   string    // why it was returned
	Form     form.Form // closed where nothing may be changed
	Env      form.Env  // what the form is read in; its Choices
	Answers  form.Answers
	Missing  []string // fields still to be answered
	Verdict  rule.Verdict
	Agreed   bool   // the notice as it stands now was read to the end
	Blocked  string // why it cannot be submitted now, beside what is missing
	Updated  time.Time

	closed string // why applications of a draft are not taken now, "" if they are
}

// Ready tells whether 提交 lights up (D-46).
func (p Paper) Ready() bool { return len(p.Missing) == 0 && p.Blocked == "" && p.Agreed }

// Input is what a page's fields hold.
func (p Paper) Input() form.Input { return p.Form.Input(p.Answers) }

// Services lists what students can apply for, with what is open and for whom (D-03, D-67).
func (e *Engine) Services(ctx context.Context, tx *store.Tx, who identity.Person) ([]Offer, error) {
	if !who.IsStudent() {
		return nil, ErrStudentsOnly
	}
	active, err := service.Active(ctx, tx)
	if err != nil {
		return nil, err
	}
	drafts, err := draftsOf(ctx, tx, who.ID)
	if err != nil {
		return nil, fmt.Errorf("load drafts: %w", err)
	}
	offers, err := offersOf(ctx, tx, who, active)
	for i, o := range offers {
		offers[i].Draft = drafts[o.Service.Code]
	}
	return offers, err
}

// offersOf judges the services for the student, in as many statements for many as for one.
func offersOf(ctx context.Context, tx *store.Tx, who identity.Person, services []service.Version) ([]Offer, error) {
	definitions := make([]service.Definition, len(services))
	for i, v := range services {
		definitions[i] = v.Definition
	}
	known, err := service.KnowAll(ctx, tx, who, definitions...)
	if err != nil {
		return nil, err
	}
	s, err := standingOf(ctx, tx, who)
	if err != nil {
		return nil, err
	}
	offers := make([]Offer, len(services))
	for i, v := range services {
		d := v.Definition
		verdict, _ := d.Judge(known[i], tx.ReceivedAt(), tx.Zone())
		offers[i] = Offer{
			Service: v, Window: d.Window.Text(tx.ReceivedAt(), tx.Zone()), Verdict: verdict, Open: s.closed(tx, d) == "", Blocked: s.blocked(tx, d, verdict),
		}
	}
	return offers, nil
}

func (e *Engine) offer(ctx context.Context, tx *store.Tx, who identity.Person, v service.Version) (Offer, error) {
	offers, err := offersOf(ctx, tx, who, []service.Version{v})
	if err != nil {
		return Offer{}, err
	}
	return offers[0], nil
}

// Start returns what the student has begun of a service, or begins it with what the
// school knows. A student who may not apply reads why; a service nobody offers is
// service.ErrNoVersion.
func (e *Engine) Start(ctx context.Context, tx *store.Tx, who identity.Person, code string, via Via) (Paper, error) {
	if !who.IsStudent() {
		return Paper{}, ErrStudentsOnly
	}
	v, err := service.ByCode(ctx, tx, code)
	if err != nil {
		return Paper{}, err
	}
	o, err := e.offer(ctx, tx, who, v)
	if err != nil {
		return Paper{}, err
	}
	if o.Blocked != "" {
		return Paper{}, errs.New(errs.Conflict, o.Blocked)
	}
	department, err := departmentOf(ctx, tx, v.Definition)
	if err != nil {
		return Paper{}, err
	}
	id, err := begin(ctx, tx, newDraft{PublicID: store.NewPublicID(), Version: v, Student: who, Department: department, Via: via})
	if err != nil {
		return Paper{}, fmt.Errorf("begin draft: %w", err)
	}
	return e.Paper(ctx, tx, who, id)
}

// departmentOf is the unit that owns the service, by its name.
func departmentOf(ctx context.Context, tx *store.Tx, d service.Definition) (int64, error) {
	units, err := identity.Units(ctx, tx, identity.Department, identity.College)
	if err != nil {
		return 0, err
	}
	for _, u := range units {
		if u.Name == d.Department {
			return u.ID, nil
		}
	}
	return 0, errs.New(errs.Unavailable, fmt.Sprintf("%s还没有设好经办的部门，请联系学工办。", d.Title))
}

// Paper returns what the student is writing, as it would be judged now (D-46, T5).
func (e *Engine) Paper(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Paper, error) {
	a, err := own(ctx, tx, who, publicID, false)
	if err != nil {
		return Paper{}, err
	}
	return e.paper(ctx, tx, who, a)
}

func (e *Engine) paper(ctx context.Context, tx *store.Tx, who identity.Person, a Application) (Paper, error) {
	if a.State != Draft && a.State != Returned {
		return Paper{}, ErrNotDraft
	}
	d := a.Service.Definition
	known, err := service.Know(ctx, tx, d, who)
	if err != nil {
		return Paper{}, err
	}
	p := Paper{PublicID: a.PublicID, Service: a.Service, Form: d.Form, Returned: a.State == Returned, Updated: a.updated}
	if p.Env, err = env(ctx, tx, known.Record, a.Answers); err != nil {
		return Paper{}, err
	}
	if p.Answers, err = a.written(tx); err != nil {
		return Paper{}, err
	}
	if p.Answers == nil {
		p.Answers, _ = d.Form.Draft(d.Form.Prefill(p.Env), p.Env)
	}
	p.Verdict, _ = d.Judge(known, tx.ReceivedAt(), tx.Zone())
	if _, p.Agreed, err = service.Agreed(ctx, tx, who, d); err != nil {
		return Paper{}, err
	}
	if p.Returned {
		review, err := approval.Get(ctx, tx, subject(a.PublicID))
		if err != nil {
			return Paper{}, err
		}
		p.Marked, p.Reason, p.Agreed = review.Marked, review.Reason, true
		p.Form = onlyMarked(d, a.Answers, p.Marked)
	} else {
		s, err := standingOf(ctx, tx, who)
		if err != nil {
			return Paper{}, err
		}
		p.closed, p.Blocked = s.closed(tx, d), s.blocked(tx, d, p.Verdict)
	}
	p.Missing = p.Form.Missing(p.Answers)
	return p, nil
}

// env is what a form is read in now. The calendar reaches two years back and one ahead.
func env(ctx context.Context, tx *store.Tx, records form.Records, before form.Answers) (form.Env, error) {
	now := tx.ReceivedAt().In(tx.Zone())
	days, err := calendar.LoadDays(ctx, tx, now.AddDate(-2, 0, 0), now.AddDate(1, 0, 0))
	if err != nil {
		return form.Env{}, err
	}
	return form.Env{
		Now: now, Records: records, Before: before, Workday: days.Workdays,
		Person: func(number string) (string, bool) {
			p, err := identity.Numbered(ctx, tx, number)
			return p.Name, err == nil
		},
	}, nil
}

// Save keeps what a page or the API sent of an unfinished paper. What is missing is no
// mistake; what is wrong is an Invalid error with a sentence a field, and nothing is kept.
func (e *Engine) Save(ctx context.Context, tx *store.Tx, who identity.Person, publicID string, in form.Input) (Paper, error) {
	a, err := own(ctx, tx, who, publicID, true)
	if err != nil {
		return Paper{}, err
	}
	p, err := e.paper(ctx, tx, who, a)
	if err != nil {
		return Paper{}, err
	}
	answers, err := p.Form.Draft(in, p.Env)
	if err != nil {
		return Paper{}, err
	}
	return e.keep(ctx, tx, who, a, answers)
}

// SaveField keeps one answer as somebody wrote it in chat.
func (e *Engine) SaveField(ctx context.Context, tx *store.Tx, who identity.Person, publicID, field, text string) (Paper, error) {
	a, err := own(ctx, tx, who, publicID, true)
	if err != nil {
		return Paper{}, err
	}
	p, err := e.paper(ctx, tx, who, a)
	if err != nil {
		return Paper{}, err
	}
	v, err := p.Form.ParseField(field, text, p.Env)
	if err != nil {
		return Paper{}, err
	}
	in := p.Input()
	maps.DeleteFunc(in, func(key string, _ []string) bool { return key == field || strings.HasPrefix(key, field+".") })
	maps.Copy(in, p.Form.Input(form.Answers{field: v}))
	answers, err := p.Form.Draft(in, p.Env) // works out again what hangs on the field
	if err != nil {
		return Paper{}, err
	}
	return e.keep(ctx, tx, who, a, answers)
}

func (e *Engine) keep(ctx context.Context, tx *store.Tx, who identity.Person, a Application, answers form.Answers) (Paper, error) {
	if err := attach(ctx, tx, who, a, answers); err != nil {
		return Paper{}, err
	}
	sealed, err := sealJSON(tx, draftPlace(a.PublicID), answers)
	if err != nil {
		return Paper{}, err
	}
	if err := setDraft(ctx, tx, a.id, sealed); err != nil {
		return Paper{}, fmt.Errorf("keep draft: %w", err)
	}
	return e.Paper(ctx, tx, who, a.PublicID)
}

// attach makes the uploads of the answers and of what was submitted before the
// application's; a photo must be a picture, and what was sent for a field stands there.
func attach(ctx context.Context, tx *store.Tx, who identity.Person, a Application, answers form.Answers) error {
	files := filesOf(a.Service.Form, answers)
	before, err := submissionsOf(ctx, tx, a)
	if err != nil {
		return err
	}
	for _, s := range before {
		for _, f := range filesOf(a.Service.Form, s) {
			if !slices.ContainsFunc(files, func(g file) bool { return g.id == f.id }) {
				files = append(files, f)
			}
		}
	}
	ids := make([]string, len(files))
	for i, f := range files {
		ids[i] = f.id
	}
	if err := blob.Attach(ctx, tx, int64(who.ID), Subject(a.PublicID), ids); err != nil {
		return err
	}
	if len(ids) == 0 {
		return nil
	}
	list, err := blob.List(ctx, tx, Subject(a.PublicID))
	if err != nil {
		return err
	}
	for _, f := range files {
		i := slices.IndexFunc(list, func(b blob.Blob) bool { return b.PublicID == f.id })
		switch {
		case i < 0:
		case f.photo && !strings.HasPrefix(list[i].Type, "image/"):
			return errs.Field(f.field, "这里要一张照片（JPG、PNG 或 WebP），请重新选择。")
		case list[i].Purpose != "" && list[i].Purpose != UploadFor(a.PublicID, f.field):
			return errs.Field(f.field, "这个文件是传给另一项的，请在这一项重新选择。")
		}
	}
	return nil
}

// UploadFor is the purpose of a file sent for a field of an application (blob.Bind).
func UploadFor(application, field string) string { return application + "/" + field }

type file struct {
	id, field string
	photo     bool
}

// filesOf are the uploads in the answers, rows included.
func filesOf(f form.Form, answers form.Answers) []file {
	var list []file
	for _, field := range f.Fields {
		v := answers[field.Name]
		if field.Kind == form.Photo || field.Kind == form.File {
			for _, id := range v.List {
				list = append(list, file{id, field.Name, field.Kind == form.Photo})
			}
		}
		for _, row := range v.Rows {
			list = append(list, filesOf(form.Form{Fields: field.Columns}, row)...)
		}
	}
	return list
}

// Discard throws a draft away; its uploads are swept. A draft that is gone changes nothing.
func (e *Engine) Discard(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) error {
	a, err := own(ctx, tx, who, publicID, true)
	if err != nil {
		return err
	}
	if a.State != Draft {
		return ErrNotDraft
	}
	if err := blob.Attach(ctx, tx, int64(who.ID), Subject(publicID), nil); err != nil {
		return err
	}
	if err := deleteDraft(ctx, tx, a.id); err != nil {
		return fmt.Errorf("discard draft: %w", err)
	}
	return audit.Append(ctx, tx, int64(who.ID), "application.discard", Subject(publicID), nil)
}

// own returns an application of the student's; to everybody else it does not exist.
func own(ctx context.Context, tx *store.Tx, who identity.Person, publicID string, lock bool) (Application, error) {
	if lock {
		if err := lockApplication(ctx, tx, publicID); err != nil && !store.Missing(err) {
			return Application{}, fmt.Errorf("lock application: %w", err)
		}
	}
	a, err := one(ctx, tx, publicID)
	if store.Missing(err) || err == nil && a.Student.ID != who.ID {
		return Application{}, ErrNotYours
	}
	if err != nil {
		return Application{}, fmt.Errorf("load application: %w", err)
	}
	return a, nil
}
