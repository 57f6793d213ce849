package counselling

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
)

// Ground is why confidence may be broken. There are three and no others.
type Ground string

// The grounds.
const (
	Danger Ground = "danger"
	Abuse  Ground = "abuse"
	Law    Ground = "law"
)

// Grounds lists them in the order they are offered.
func Grounds() []Ground { return []Ground{Danger, Abuse, Law} }

// Label is the ground as the law has it.
func (g Ground) Label() string {
	return map[Ground]string{
		Danger: "本人或他人有严重的人身危险",
		Abuse:  "未成年人或无完全行为能力的人正在受到侵害",
		Law:    "法律规定必须提供",
	}[g]
}

// Field is a part of what the centre knows; a disclosure names the fewest it needs.
type Field string

// The fields.
const (
	FieldIdentity Field = "identity"
	FieldGuardian Field = "guardian"
	FieldBookings Field = "bookings"
	FieldIntake   Field = "intake"
	FieldNotes    Field = "notes"
)

// DisclosureFields lists them, the least telling first.
func DisclosureFields() []Field {
	return []Field{FieldIdentity, FieldGuardian, FieldBookings, FieldIntake, FieldNotes}
}

// Label is the word people read.
func (f Field) Label() string {
	return map[Field]string{
		FieldIdentity: "姓名、学号和班级", FieldGuardian: "监护人的联系方式", FieldBookings: "预约和到访的时间",
		FieldIntake: "预约前问题的回答", FieldNotes: "面谈记录",
	}[f]
}

// Disclosure is a lawful break of confidence: a ground, two persons, the fewest fields,
// one recipient, a time, and a line the student reads.
//
//	proposed ──second person──> open ──until──> over ──head──> reviewed
//	    └──second person──> refused
type Disclosure struct {
	PublicID    string
	State       string // proposed, open, refused
	Ground      Ground
	Reason      string
	Fields      []Field
	Student     Student
	Recipient   string
	Hours       int
	DelayUntil  time.Time // the student learns of it then; zero is at once
	DelayReason string
	ProposedBy  string
	ProposedAt  time.Time
	DecidedBy   string
	DecidedAt   time.Time
	Until       time.Time
	ReviewAt    time.Time
	ReviewedBy  string
	ReviewedAt  time.Time
	Review      string
	Readings    []Reading

	id, centre                   int64
	proposer, decider, recipient identity.ID
}

// Reading is one time the recipient read.
type Reading struct {
	At time.Time `db:"at"`
	By string    `db:"name"`
}

// Live tells whether the recipient may read at now.
func (d Disclosure) Live(now time.Time) bool { return d.State == "open" && now.Before(d.Until) }

// DisclosureEdit proposes a disclosure.
type DisclosureEdit struct {
	Student     string // number
	Recipient   string // staff number
	Ground      Ground
	Reason      string
	Fields      []Field
	Hours       int       // 1 to 168
	DelayUntil  time.Time // zero: the student reads it at once
	DelayReason string
}

// Propose is the first person's half: the head or a counsellor of the centre.
func Propose(ctx context.Context, tx *store.Tx, who identity.Person, centre int64, e DisclosureEdit) (string, error) {
	if !caresAt(who, centre) {
		return "", ErrConfidential
	}
	student, recipient, err := e.check(ctx, tx, who)
	if err != nil {
		return "", err
	}
	id, err := insertDisclosure(ctx, tx, centre, e, student.ID, recipient.ID, who.ID)
	if err != nil {
		return "", fmt.Errorf("propose disclosure: %w", err)
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "disclosure.propose", "disclosure/"+id, map[string]any{"ground": e.Ground, "fields": e.Fields}); err != nil {
		return "", err
	}
	to, err := identity.HolderIDs(ctx, tx, centre, identity.CentreHead)
	if err != nil {
		return "", err
	}
	if Heads(who, centre) {
		if to, err = identity.HolderIDs(ctx, tx, centre, identity.CentreHead, identity.CentreCounsellor); err != nil {
			return "", err
		}
	}
	to = slices.DeleteFunc(to, func(p identity.ID) bool { return p == who.ID || p == recipient.ID })
	return id, outbox.Put(ctx, tx, outbox.Message{
		To: to, Kind: KindPropose, Class: outbox.Urgent, Scope: scope(centre), Subject: "disclosure/" + id,
		Key: KindPropose + "/" + id, Args: DisclosureFacts{Disclosure: id},
	})
}

// DisclosureFacts is what messages about a disclosure know. They name nobody.
type DisclosureFacts struct {
	Disclosure string    `json:"disclosure"`
	Until      time.Time `json:"until,omitzero"`
}

func (e DisclosureEdit) check(ctx context.Context, tx *store.Tx, who identity.Person) (student, recipient identity.Person, err error) {
	fields := map[string]string{}
	if student, err = identity.Numbered(ctx, tx, e.Student); err != nil && errs.KindOf(err) != errs.NotFound {
		return
	} else if err != nil || !student.IsStudent() {
		fields["student"] = "没有这个学号，请再核对。"
	}
	if recipient, err = identity.Numbered(ctx, tx, e.Recipient); err != nil && errs.KindOf(err) != errs.NotFound {
		return
	} else if err != nil || recipient.IsStudent() || !recipient.Here() {
		fields["recipient"] = "填一位在职老师的工号。"
	} else if recipient.ID == who.ID {
		fields["recipient"] = "查看的人不能是您本人。"
	}
	if !slices.Contains(Grounds(), e.Ground) {
		fields["ground"] = "只有这三种情形可以破例，请选一种。"
	}
	if n := len([]rune(strings.TrimSpace(e.Reason))); n < 10 || n > 500 {
		fields["reason"] = "写清楚是什么情况、为什么需要，10 到 500 个字。"
	}
	if len(e.Fields) == 0 || slices.ContainsFunc(e.Fields, func(f Field) bool { return !slices.Contains(DisclosureFields(), f) }) {
		fields["fields"] = "只勾选必需的内容，至少一项。"
	}
	if e.Hours < 1 || e.Hours > 168 {
		fields["hours"] = "可以查看 1 到 168 小时。"
	}
	switch delayed := !e.DelayUntil.IsZero(); {
	case delayed && (!e.DelayUntil.After(tx.Now()) || e.DelayUntil.After(tx.Now().AddDate(0, 6, 0))):
		fields["delay"] = "推迟到今后半年以内的一天。"
	case delayed && strings.TrimSpace(e.DelayReason) == "":
		fields["delay_reason"] = "推迟告知同学要写明依据。"
	case !delayed && strings.TrimSpace(e.DelayReason) != "":
		fields["delay"] = "写了依据，还要写推迟到哪一天。"
	}
	return student, recipient, wrong(fields)
}

// ErrSecondPerson is what the first person reads who would decide alone.
var ErrSecondPerson = errs.New(errs.Forbidden, "这一步要由中心的另一位来办；两个人里要有一位是负责人，查看的人也不能参与。")

// lockDisclosure locks a disclosure for who looks after students at its centre.
func lockDisclosureFor(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Disclosure, error) {
	d, err := lockDisclosure(ctx, tx, publicID)
	if store.Missing(err) || err == nil && !caresAt(who, d.centre) {
		return Disclosure{}, ErrConfidential
	}
	if err != nil {
		return Disclosure{}, fmt.Errorf("lock disclosure: %w", err)
	}
	return d, nil
}

// Decide is the second person's half. One of the two is the head; the recipient is
// neither. What is approved can be read from now on, for the hours named.
func Decide(ctx context.Context, tx *store.Tx, who identity.Person, publicID string, approve bool) error {
	d, err := lockDisclosureFor(ctx, tx, who, publicID)
	if err != nil {
		return err
	}
	if d.State != "proposed" {
		return errs.New(errs.Conflict, fmt.Sprintf("%s老师已在 %s 处理过，不用再处理。", d.DecidedBy, calendar.When(d.DecidedAt, tx.Zone())))
	}
	if who.ID == d.proposer || who.ID == d.recipient {
		return ErrSecondPerson
	}
	first, err := identity.Get(ctx, tx, d.proposer)
	if err != nil {
		return err
	}
	if !Heads(who, d.centre) && !Heads(first, d.centre) {
		return ErrSecondPerson
	}
	if !approve {
		if err := refuseDisclosure(ctx, tx, d.id, who.ID); err != nil {
			return fmt.Errorf("refuse disclosure: %w", err)
		}
		return audit.Append(ctx, tx, int64(who.ID), "disclosure.refuse", "disclosure/"+publicID, nil)
	}
	return d.open(ctx, tx, who)
}

func (d Disclosure) open(ctx context.Context, tx *store.Tx, who identity.Person) error {
	care, err := LoadCare(ctx, tx)
	if err != nil {
		return err
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return err
	}
	until, review := tx.Now().Add(time.Duration(d.Hours)*time.Hour), tx.Now().AddDate(0, 0, care.ReviewDays)
	if err := openDisclosure(ctx, tx, d.id, who.ID, until, review); err != nil {
		return fmt.Errorf("open disclosure: %w", err)
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "disclosure.open", "disclosure/"+d.PublicID, nil); err != nil {
		return err
	}
	if err := job.Put(ctx, tx, ReviewJob, d.PublicID, scope(d.centre), set.afterQuiet(review, tx.Zone()), reviewArgs{d.PublicID}); err != nil {
		return err
	}
	facts := DisclosureFacts{Disclosure: d.PublicID, Until: until}
	if err := outbox.Put(ctx, tx, outbox.Message{
		To: []identity.ID{d.recipient}, Kind: KindDisclosed, Class: outbox.Urgent, Scope: scope(d.centre),
		Subject: "disclosure/" + d.PublicID, Key: KindDisclosed + "/" + d.PublicID, Args: facts,
	}); err != nil {
		return err
	}
	told := tx.Now()
	if d.DelayUntil.After(told) {
		told = d.DelayUntil
	}
	return outbox.Put(ctx, tx, outbox.Message{
		To: []identity.ID{d.Student.ID}, Kind: KindSeen, Class: outbox.Bulk, Scope: scope(d.centre), DueAt: set.afterQuiet(told, tx.Zone()),
		Subject: "disclosure/" + d.PublicID, Key: KindSeen + "/" + d.PublicID, Args: facts,
	})
}

// Disclosures is the centre's ledger, the newest first.
func Disclosures(ctx context.Context, tx *store.Tx, who identity.Person, centre int64) ([]Disclosure, error) {
	if !caresAt(who, centre) {
		return nil, ErrConfidential
	}
	list, err := selectDisclosures(ctx, tx, `where d.centre_id = $1 order by d.id desc limit 100`, centre)
	if err != nil {
		return nil, fmt.Errorf("list disclosures: %w", err)
	}
	return list, audit.Append(ctx, tx, int64(who.ID), "disclosure.list", fmt.Sprintf("unit/%d", centre), nil)
}

// CanDecide tells whether the person may be the second.
func (d Disclosure) CanDecide(who identity.Person) bool {
	return d.State == "proposed" && who.ID != d.proposer && who.ID != d.recipient && caresAt(who, d.centre)
}

// Review closes a disclosure with what was found; the head does. end takes what is left
// of the time away.
func Review(ctx context.Context, tx *store.Tx, who identity.Person, publicID, found string, end bool) error {
	d, err := lockDisclosureFor(ctx, tx, who, publicID)
	if err != nil {
		return err
	}
	if !Heads(who, d.centre) {
		return errs.New(errs.Forbidden, "复核由中心负责人来做。")
	}
	if d.State != "open" || !d.ReviewedAt.IsZero() {
		return errs.New(errs.Conflict, "这一条不在等待复核。")
	}
	found = strings.TrimSpace(found)
	if n := len([]rune(found)); n < 5 || n > 500 {
		return errs.Field("found", "写一句复核的结论，5 到 500 个字。")
	}
	if err := reviewDisclosure(ctx, tx, d, who.ID, found, end); err != nil {
		return fmt.Errorf("review disclosure: %w", err)
	}
	if err := job.Cancel(ctx, tx, ReviewJob, publicID); err != nil {
		return err
	}
	return audit.Append(ctx, tx, int64(who.ID), "disclosure.review", "disclosure/"+publicID, map[string]any{"ended": end})
}

// ReviewJob reminds of a review, every day until it is done.
const ReviewJob = "counselling.review"

type reviewArgs struct {
	Disclosure string `json:"disclosure"`
}

// RemindReview is the step of ReviewJob.
func RemindReview(ctx context.Context, tx *store.Tx, j job.Job) (job.Result, error) {
	var a reviewArgs
	if err := readArgs(j, &a); err != nil {
		return job.Result{}, err
	}
	d, err := lockDisclosure(ctx, tx, a.Disclosure)
	if err != nil {
		return job.Result{}, fmt.Errorf("lock disclosure: %w", err)
	}
	if !d.ReviewedAt.IsZero() {
		return job.Result{}, nil
	}
	to, err := identity.HolderIDs(ctx, tx, d.centre, identity.CentreHead)
	if err != nil {
		return job.Result{}, err
	}
	return job.Result{Again: true, At: tx.Now().AddDate(0, 0, 1)}, outbox.Put(ctx, tx, outbox.Message{
		To: to, Kind: KindReview, Class: outbox.Reply, Scope: scope(d.centre), Subject: "disclosure/" + d.PublicID,
		Key: fmt.Sprintf("%s/%s/%s", KindReview, d.PublicID, tx.Now().In(tx.Zone()).Format(time.DateOnly)), Args: DisclosureFacts{Disclosure: d.PublicID},
	})
}

// Given is what a recipient reads: the fields named, and no others.
type Given struct {
	Disclosure Disclosure
	Class      string
	Guardian   string
	Bookings   []Booking
	Intake     *Intake
	Notes      []Note
}

// ErrOver is what a recipient reads after the time.
var ErrOver = errs.New(errs.Forbidden, "授权查看的时间已经过了。还需要的话，请联系中心。")

// ReadDisclosure returns the fields to the recipient, up to the time. Every reading is a
// line the student sees.
func ReadDisclosure(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Given, error) {
	d, err := lockDisclosure(ctx, tx, publicID)
	if store.Missing(err) || err == nil && (d.recipient != who.ID || d.State != "open") {
		return Given{}, ErrConfidential
	}
	if err != nil {
		return Given{}, fmt.Errorf("lock disclosure: %w", err)
	}
	if !d.Live(tx.Now()) {
		return Given{}, ErrOver
	}
	if err := insertReading(ctx, tx, d.id, who.ID); err != nil {
		return Given{}, fmt.Errorf("record reading: %w", err)
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "disclosure.read", "disclosure/"+publicID, nil); err != nil {
		return Given{}, err
	}
	return d.give(ctx, tx)
}

func (d Disclosure) give(ctx context.Context, tx *store.Tx) (g Given, err error) {
	g.Disclosure = d
	has := func(f Field) bool { return slices.Contains(d.Fields, f) }
	student, err := identity.Get(ctx, tx, d.Student.ID)
	if err != nil {
		return g, err
	}
	if g.Class = student.UnitName; !has(FieldIdentity) {
		g.Class, g.Disclosure.Student = "", Student{Name: shortName(student.Name)}
	}
	if has(FieldGuardian) {
		if g.Guardian, err = guardianOf(ctx, tx, student.ID); err != nil {
			return g, err
		}
	}
	if has(FieldIntake) {
		if g.Intake, err = intakeOf(ctx, tx, student.ID); err != nil {
			return g, err
		}
	}
	if !has(FieldBookings) && !has(FieldNotes) {
		return g, nil
	}
	list, err := selectBookings(ctx, tx, `where b.student_id = $1 order by b.id desc limit 50`, student.ID)
	if err != nil {
		return g, fmt.Errorf("load bookings: %w", err)
	}
	for _, b := range list {
		if has(FieldBookings) {
			g.Bookings = append(g.Bookings, Booking{State: b.State, Slot: b.Slot}) // without the wish
		}
		if !has(FieldNotes) {
			continue
		}
		notes, err := selectNotes(ctx, tx, b)
		if err != nil {
			return g, fmt.Errorf("load notes: %w", err)
		}
		if len(notes) > 0 {
			g.Notes = append(g.Notes, notes[0])
		}
	}
	return g, nil
}

// GivenToMe lists what the person may read or could, the newest first.
func GivenToMe(ctx context.Context, tx *store.Tx, who identity.Person) ([]Disclosure, error) {
	list, err := selectDisclosures(ctx, tx, `where d.recipient_id = $1 and d.state = 'open' order by d.id desc limit 50`, who.ID)
	if err != nil {
		return nil, fmt.Errorf("list disclosures: %w", err)
	}
	for i := range list {
		list[i].Student = Student{Name: shortName(list[i].Student.Name)}
	}
	return list, nil
}

// WhoSaw is 谁看过我的信息: each disclosure of the student, with who read when; one whose
// telling is lawfully delayed appears on its day.
func WhoSaw(ctx context.Context, tx *store.Tx, who identity.Person) ([]Disclosure, error) {
	if !who.IsStudent() {
		return nil, ErrStudentsOnly
	}
	list, err := selectDisclosures(ctx, tx, `
		where d.student_id = $1 and d.state = 'open' and (d.delay_until is null or d.delay_until <= $2) order by d.id desc limit 100`, who.ID, tx.Now())
	if err != nil {
		return nil, fmt.Errorf("list disclosures: %w", err)
	}
	for i := range list {
		if list[i].Readings, err = selectReadings(ctx, tx, list[i].id); err != nil {
			return nil, fmt.Errorf("list readings: %w", err)
		}
	}
	return list, nil
}

func disclosurePlace(column, publicID string) string { return "disclosure/" + column + "/" + publicID }
