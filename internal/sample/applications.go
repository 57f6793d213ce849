package sample

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/blob"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/setting"
	"github.com/xuegong/xuegong/internal/store"
)

// papers are what the students photographed.
//
//go:embed papers
var papers embed.FS

// life is an application with what happened to it.
type life struct {
	student int
	service string
	acts    []act
}

// act is done at an hour so many workdays ago; of today it is done now.
type act struct {
	ago, hour int
	do        func(context.Context, *store.Tx, *applicant) error
}

// applicant is whose application is acted on.
type applicant struct {
	engine *request.Engine
	life   life
	who    identity.Person
	staff  map[string]identity.Person
	lived  int    // acts done by a start before
	id     string // of the application, once begun
}

// The office that owns the services, and the file of a form's picture by its field.
const officer = "t10"

func pictureOf(field string) string {
	return map[string]string{
		"tickets": "tickets", "proof": "proof", "certificate_photo": "certificate", "invoice_photos": "invoice", "portrait": "portrait", "evidence": "proof",
	}[field]
}

// Apply has students hand in applications over the last two weeks, and the staff do
// their part, so that every queue has something in it. It needs the services to be
// offered. What is closed at this time of the year is left out, and a school where any of
// these students has applied already is kept as it is. What a start before did not come to
// the end of goes on where it stopped, unless somebody else acted on it meanwhile.
//
// Of what happened before, nobody is told any more; the last act of each is announced as
// ever.
func Apply(ctx context.Context, db *store.DB, e *request.Engine) error {
	var days []time.Time
	var list []*applicant
	if err := db.View(ctx, func(tx *store.Tx) (err error) {
		if list, err = applicants(ctx, tx, e); err != nil || list == nil {
			return err
		}
		days, err = workdaysBefore(ctx, tx)
		return err
	}); err != nil {
		return err
	}
	for _, a := range list {
		if err := a.live(ctx, db, days); err != nil {
			return fmt.Errorf("application of %s for %s: %w", a.who.Name, a.life.service, err)
		}
	}
	return nil
}

// applicants are the students with what is to happen; none if one of them has applied.
func applicants(ctx context.Context, tx *store.Tx, e *request.Engine) (list []*applicant, err error) {
	staff, err := load(ctx, tx, "t")
	if err != nil {
		return nil, err
	}
	lived, err := setting.Load(ctx, tx, livedKey, map[string]int{})
	if err != nil {
		return nil, err
	}
	for _, l := range lives(service.SchoolYear(tx.Now(), tx.Zone())) {
		a := &applicant{engine: e, life: l, staff: staff, lived: lived[l.key()]}
		if a.who, err = identity.Numbered(ctx, tx, students()[l.student-1].number); err != nil {
			return nil, err
		}
		have, err := e.Mine(ctx, tx, a.who)
		if err != nil || len(lived) == 0 && len(have) > 0 {
			return nil, err
		}
		if i := slices.IndexFunc(have, func(h request.Application) bool { return h.Service.Code == l.service }); a.lived > 0 && i >= 0 {
			a.id = have[i].PublicID
		}
		list = append(list, a)
	}
	return list, nil
}

// livedKey is where it stands how many acts of each life are done.
const livedKey = "sample.applications"

func (l life) key() string { return fmt.Sprintf("%d/%s", l.student, l.service) }

// mark writes that so many acts are done, in the transaction of the last of them.
func (a *applicant) mark(ctx context.Context, tx *store.Tx, acts int) error {
	lived, err := setting.Load(ctx, tx, livedKey, map[string]int{})
	if err != nil {
		return err
	}
	lived[a.life.key()] = acts
	return setting.Save(ctx, tx, livedKey, lived, 0)
}

// past is how many workdays lie behind the oldest act.
const past = 12

// workdaysBefore are the last workdays, yesterday's first.
func workdaysBefore(ctx context.Context, tx *store.Tx) (list []time.Time, err error) {
	today := calendar.Midnight(tx.Now(), tx.Zone())
	first := today.AddDate(0, 0, -4*past)
	days, err := calendar.LoadDays(ctx, tx, first, today)
	for day := today.AddDate(0, 0, -1); day.After(first) && len(list) < past; day = day.AddDate(0, 0, -1) {
		if days.Workday(day) {
			list = append(list, day)
		}
	}
	return list, err
}

// live does one act after the other, each in its time. A service that takes no
// applications then has none, and what somebody else changed goes no further.
func (a *applicant) live(ctx context.Context, db *store.DB, days []time.Time) error {
	acts := len(a.life.acts)
	for i := a.lived; i < acts; i++ {
		act := a.life.acts[i]
		at := db.Clock().Now()
		if act.ago > 0 {
			at = days[act.ago-1].Add(time.Duration(act.hour)*time.Hour + time.Duration(7*a.life.student%50)*time.Minute)
		}
		err := db.At(clock.NewFixed(at)).Update(ctx, func(tx *store.Tx) error {
			if err := act.do(ctx, tx, a); err != nil {
				return err
			}
			if i < acts-1 {
				if err := a.quiet(ctx, tx); err != nil {
					return err
				}
			}
			return a.mark(ctx, tx, i+1)
		})
		if errs.KindOf(err) == errs.Conflict && i == a.lived {
			return db.Update(ctx, func(tx *store.Tx) error { return a.mark(ctx, tx, acts) })
		}
		if err != nil {
			return fmt.Errorf("act %d: %w", i+1, err)
		}
	}
	return nil
}

// quiet withdraws what the student would be told of long after.
func (a *applicant) quiet(ctx context.Context, tx *store.Tx) error {
	return outbox.Cancel(ctx, tx, request.Subject(a.id))
}

// submit reads the notice, fills in the form and hands it in.
func submit(in form.Input, pictures ...string) func(context.Context, *store.Tx, *applicant) error {
	return func(ctx context.Context, tx *store.Tx, a *applicant) error {
		v, err := service.ByCode(ctx, tx, a.life.service)
		if err != nil {
			return err
		}
		if err := service.Agree(ctx, tx, a.who, v.Definition, v.Notice.Version()); err != nil {
			return err
		}
		p, err := a.engine.Start(ctx, tx, a.who, a.life.service, request.ViaPage)
		if err != nil {
			return err
		}
		a.id = p.PublicID
		filled, err := a.fill(ctx, tx, p, in, pictures)
		if err != nil {
			return err
		}
		_, err = a.engine.Submit(ctx, tx, a.who, a.id, filled, request.ViaPage)
		return err
	}
}

// fill adds to what was written the pictures, and of what the school has on record of
// the student the first two.
func (a *applicant) fill(ctx context.Context, tx *store.Tx, p request.Paper, in form.Input, pictures []string) (form.Input, error) {
	filled := form.Input{}
	for key, values := range in {
		filled[key] = values
	}
	for _, field := range pictures {
		name := pictureOf(field) + ".jpg"
		content, err := papers.ReadFile("papers/" + name)
		if err != nil {
			return nil, err
		}
		b, err := blob.Put(ctx, tx, int64(a.who.ID), name, content, nil)
		if err != nil {
			return nil, err
		}
		filled[field] = append(filled[field], b.PublicID)
	}
	for _, f := range p.Form.Fields {
		if f.Kind != form.Choices || f.Source == "" {
			continue
		}
		for _, o := range f.Choices(p.Env)[:min(2, len(f.Choices(p.Env)))] {
			filled[f.Name] = append(filled[f.Name], o.Value)
		}
	}
	return filled, nil
}

// decide has whoever can decide now do it.
func decide(d approval.Decision) func(context.Context, *store.Tx, *applicant) error {
	return func(ctx context.Context, tx *store.Tx, a *applicant) error {
		_, err := a.decided(ctx, tx, d)
		return err
	}
}

// again returns the application for one picture of a field, counted from 1.
func again(field string, no int, reason, opinion string) func(context.Context, *store.Tx, *applicant) error {
	return func(ctx context.Context, tx *store.Tx, a *applicant) error {
		now, err := a.engine.Get(ctx, tx, a.who, a.id)
		if err != nil {
			return err
		}
		_, err = a.decided(ctx, tx, approval.Decision{
			Action: approval.Return, Reason: reason, Opinion: opinion, Marked: []string{request.Picture(field, now.Answers[field].List[no-1])},
		})
		return err
	}
}

func approve(opinion string) func(context.Context, *store.Tx, *applicant) error {
	return decide(approval.Decision{Action: approval.Approve, Opinion: opinion})
}

// passed has everybody approve who is still to be asked.
func passed(ctx context.Context, tx *store.Tx, a *applicant) error {
	for {
		r, err := a.decided(ctx, tx, approval.Decision{Action: approval.Approve})
		if err != nil || r.State != approval.Open {
			return err
		}
	}
}

func (a *applicant) decided(ctx context.Context, tx *store.Tx, d approval.Decision) (approval.Review, error) {
	r, err := approval.Get(ctx, tx, approval.Subject{Kind: request.Kind, ID: a.id})
	if err != nil {
		return r, err
	}
	for _, userid := range a.likely() {
		who := a.staff[userid]
		may, err := approval.MayDecide(ctx, tx, who, r.Task)
		if err != nil {
			return r, err
		}
		if may {
			return a.engine.Approval.Decide(ctx, tx, who, r.Task, d)
		}
	}
	return r, errs.New(errs.Conflict, "nobody can decide")
}

// likely are the staff in the order in which they are asked: the student's 辅导员 and the
// office first.
func (a *applicant) likely() []string {
	first := []string{fmt.Sprintf("t%02d", 14+(a.life.student-1)/30), officer}
	rest := make([]string, 0, len(a.staff))
	for userid := range a.staff {
		if !slices.Contains(first, userid) {
			rest = append(rest, userid)
		}
	}
	slices.Sort(rest)
	return append(first, rest...)
}

// receive ticks papers at the counter.
func receive(materials ...string) func(context.Context, *store.Tx, *applicant) error {
	return func(ctx context.Context, tx *store.Tx, a *applicant) error {
		for _, m := range materials {
			if _, err := a.engine.Receive(ctx, tx, a.staff[officer], a.id, m, true); err != nil {
				return err
			}
		}
		return nil
	}
}

// lapse ends what is overdue, as it does by itself.
func lapse(ctx context.Context, tx *store.Tx, a *applicant) error {
	_, err := a.engine.Jobs()[request.OverdueJob](ctx, tx, job.Job{Key: a.id})
	return err
}

func printed(ctx context.Context, tx *store.Tx, a *applicant) error {
	_, err := a.engine.Print(ctx, tx, a.staff[officer], a.id)
	return err
}

func collected(ctx context.Context, tx *store.Tx, a *applicant) error {
	_, err := a.engine.HandOver(ctx, tx, a.staff[officer], a.id, a.who.Number)
	return err
}

// paid puts what waits for its money on a list, which is paid.
func paid(ctx context.Context, tx *store.Tx, a *applicant) error {
	l, err := a.engine.BuildList(ctx, tx, a.staff[officer], a.life.service)
	if err != nil {
		return err
	}
	_, err = a.engine.MarkPaid(ctx, tx, a.staff[officer], l.PublicID)
	return err
}

// ask puts a question about the service to the office.
func ask(question string) func(context.Context, *store.Tx, *applicant) error {
	return func(ctx context.Context, tx *store.Tx, a *applicant) error {
		_, err := a.engine.AskPerson(ctx, tx, a.who, a.life.service, question)
		return err
	}
}

// lives are the applications of the school year, those of the oldest acts first.
func lives(year int) []life {
	day := func(month time.Month, day int) string {
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	intern := func(company, city, days string) form.Input {
		return form.Input{
			"company": {company}, "city": {city}, "stay.from": {day(time.July, 6)}, "stay.until": {day(time.August, 21)},
			"days": {days}, "route": {"school"}, "statement": {"true"},
		}
	}
	skill := func(name, number, fee string) form.Input {
		return form.Input{
			"certificate_name": {name}, "certificate_number": {number}, "issuer": {"语言文字测试中心"}, "obtained": {day(time.September, 12)},
			"invoices.0.number": {"31052201"}, "invoices.0.day": {day(time.September, 20)}, "invoices.0.fee": {fee}, "statement": {"true"},
		}
	}
	aid := form.Input{
		"cause": {"illness"}, "story": {"父亲上个月住院手术，自付的部分还差一些，这两个月的生活费有点紧。"}, "happened": {day(time.September, 2)},
		"amount": {"1500.00"}, "statement": {"true"},
	}
	proof := func(purpose string) form.Input { return form.Input{"purpose": {purpose}} }
	const internship, certificate = "internship-subsidy", "skill-certificate"
	tickets, photos := []string{"tickets", "proof"}, []string{"certificate_photo", "invoice_photos"}
	originals, copies := []string{"ticket-originals", "proof-original"}, []string{"certificate-copy", "invoice"}
	list := []life{
		{33, internship, []act{{11, 10, submit(intern("芜湖晨光电子有限公司", "安徽省芜湖市镜湖区", "28"), tickets...)}, {10, 15, approve("")}, {1, 9, lapse}}},
		{28, certificate, []act{{9, 9, submit(skill("普通话水平测试二级甲等", "3126001200881", "418.50"), photos...)}, {8, 10, receive(copies...)}, {7, 15, passed}, {5, 10, paid}}},
		{44, internship, []act{{7, 11, submit(intern("长沙岳麓文化传播有限公司", "湖南省长沙市岳麓区", "34"), tickets...)}, {5, 14, receive(originals...)}, {3, 16, passed}}},
		{42, internship, []act{{6, 10, submit(intern("上海静安数字科技有限公司", "上海市静安区", "32"), tickets...)}, {5, 15, approve("")}, {4, 10, receive(originals...)}, {2, 16, decide(approval.Decision{
			Action: approval.Approve, Amount: 900_00, Reason: "有两天没有盖章",
		})}}},
		{56, "hardship-certificate", []act{{6, 9, submit(proof("loan"))}, {5, 10, approve("")}, {5, 15, printed}, {3, 10, collected}}},
		{9, "award-certificate", []act{{5, 16, submit(proof("job"))}, {4, 10, decide(approval.Decision{Action: approval.Reject, Reason: "同一用途已经开过证明", Opinion: "上周开的那份还在有效期内，可以接着用。"})}}},
		{49, "hardship-certificate", []act{{4, 9, submit(proof("scholarship"))}, {3, 10, approve("")}, {2, 10, printed}}},
		{36, "award-certificate", []act{{4, 10, submit(proof("study"))}}},
		{21, internship, []act{{4, 11, submit(intern("苏州平江软件有限公司", "江苏省苏州市姑苏区", "35"), "tickets", "tickets", "proof")}, {2, 9, again("tickets", 2, "车票照片看不清，请重拍", "返程那张反光了，放在暗一点的地方拍就好。")}}},
		{14, internship, []act{{3, 10, submit(intern("杭州远行科技有限公司", "浙江省杭州市西湖区", "30"), tickets...)}, {2, 15, approve("天数和证明一致。")}, {1, 10, receive(originals...)}}},
		{22, internship, []act{{3, 14, submit(intern("合肥科创园区管理有限公司", "安徽省合肥市蜀山区", "26"), tickets...)}, {2, 16, approve("")}, {1, 14, receive("ticket-originals")}}},
		{27, "honour-certificate", []act{{2, 10, submit(proof("job"))}, {1, 15, approve("")}}},
		{63, "mutual-aid", []act{{1, 9, submit(aid, "evidence")}, {1, 15, approve("情况属实，已和家长通过电话。")}}},
		{11, internship, []act{{1, 16, submit(intern("武汉光谷数据服务有限公司", "湖北省武汉市洪山区", "33"), tickets...)}}},
		{18, "award-certificate", []act{{0, 0, submit(proof("scholarship"))}}},
		{51, internship, []act{{0, 0, ask("今年一般困难可以申请吗，实习证明已经开好了。")}}},
	}
	slices.SortStableFunc(list, func(a, b life) int { return cmp.Compare(b.acts[0].ago, a.acts[0].ago) })
	return list
}
