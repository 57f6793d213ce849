package request

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

// Print makes what was approved: a certificate gets its number and its code, what is no
// paper is marked as made; the student is told where to collect it (D-11). Printing again
// changes nothing: the same certificate comes out.
func (e *Engine) Print(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Application, error) {
	a, err := lockFor(ctx, tx, who, publicID)
	if err != nil {
		return Application{}, err
	}
	to, text := Printed, "printed"
	switch kind := a.Service.Definition.Outcome.Kind; {
	case a.State == Printed || a.State == Made || a.State == Collected:
		return e.Get(ctx, tx, who, publicID)
	case kind == service.Collect:
		to, text = Made, "made"
	case kind != service.Certificate:
		return a, errs.New(errs.Conflict, "这项服务没有要打印的内容。")
	case a.State == Approved:
		if err := issue(ctx, tx, who.ID, a); err != nil {
			return a, err
		}
	}
	if a, err = e.move(ctx, tx, who.ID, a, to, ""); err != nil {
		return a, err
	}
	if err := announce(ctx, tx, a, text, said{}); err != nil {
		return a, err
	}
	return e.Get(ctx, tx, who, publicID)
}

// issue gives a certificate its number and its code, and keeps what it says.
func issue(ctx context.Context, tx *store.Tx, by identity.ID, a Application) error {
	student, err := identity.Get(ctx, tx, a.Student.ID)
	if err != nil {
		return err
	}
	d := a.Service.Definition
	known, err := service.Know(ctx, tx, d, student)
	if err != nil {
		return err
	}
	s := Sheet{Number: a.Number, Code: newCode(), IssuedAt: tx.Now()}
	if t := d.Outcome.Template; t != nil {
		s.Title, s.Issuer, s.ValidDays = t.Title, t.Issuer, t.ValidDays
	}
	s.Rows, s.Body = d.Certify(known, a.Answers, tx.Now(), tx.Zone())
	content, err := sealJSON(tx, certificatePlace(a.id), s)
	if err != nil {
		return err
	}
	if err := insertCertificate(ctx, tx, a.id, s, content, by); err != nil {
		return fmt.Errorf("issue certificate: %w", err)
	}
	return nil
}

// newCode is 80 random bits in 16 characters nobody mistakes, to be typed by a stranger.
func newCode() string {
	b := make([]byte, 10)
	_, _ = rand.Read(b)
	return base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").EncodeToString(b)
}

// Collectable lists what waits for the student of a card, for the counter.
func (e *Engine) Collectable(ctx context.Context, tx *store.Tx, who identity.Person, card string) ([]Application, error) {
	units, all := offices(who)
	if len(units) == 0 && !all {
		return nil, identity.ErrForbidden
	}
	list, err := applications(ctx, tx, `
		where a.student_number = $1 and a.state in ('printed', 'made') and ($2 or a.department_id = any($3)) order by a.id limit 100`,
		cardNumber(card), all, int64Array(units))
	if err != nil {
		return nil, fmt.Errorf("list what waits: %w", err)
	}
	return list, nil
}

// HandOver gives what was made to the student whose card was read (D-15): another
// student's card is refused. Handing over twice says when it was.
func (e *Engine) HandOver(ctx context.Context, tx *store.Tx, who identity.Person, publicID, card string) (Application, error) {
	a, err := lockFor(ctx, tx, who, publicID)
	if err != nil {
		return Application{}, err
	}
	number := cardNumber(card)
	switch {
	case number == "":
		return a, errs.Field("card", "请扫学生证，或输入证上的学号。")
	case number != a.Student.Number:
		return a, errs.Field("card", fmt.Sprintf("这份是%s（学号尾号 %s）的，和这张学生证不一致，不能发放。", a.Student.Name, tail(a.Student.Number)))
	}
	if a, err = e.move(ctx, tx, who.ID, a, Collected, ""); err != nil {
		return a, err
	}
	if err := announce(ctx, tx, a, "collected", said{}); err != nil {
		return a, err
	}
	return e.Get(ctx, tx, who, publicID)
}

// cardNumber is the number on a student card as typed or scanned.
func cardNumber(card string) string {
	return strings.TrimSpace(card)
}

func tail(number string) string { return number[max(0, len(number)-4):] }

const maxWords = 200

// Revoke takes back what was given, with a reason the student reads; a certificate is
// invalid to strangers from then on (T10).
func (e *Engine) Revoke(ctx context.Context, tx *store.Tx, who identity.Person, publicID, reason string) (Application, error) {
	a, err := lockFor(ctx, tx, who, publicID)
	if err != nil {
		return Application{}, err
	}
	reason = strings.TrimSpace(reason)
	if reason == "" || len([]rune(reason)) > maxWords {
		return a, errs.Field("reason", fmt.Sprintf("写明为什么撤销，1 到 %d 个字，学生会看到。", maxWords))
	}
	waits, err := onList(ctx, tx, a.id)
	if err != nil {
		return a, fmt.Errorf("find payout: %w", err)
	}
	if waits {
		return a, errs.New(errs.Conflict, "这一笔已经在放款名单上，先登记放款结果再撤销。")
	}
	if a, err = e.move(ctx, tx, who.ID, a, Revoked, reason); err != nil {
		return a, err
	}
	if err := revokeCertificate(ctx, tx, a.id); err != nil {
		return a, fmt.Errorf("revoke certificate: %w", err)
	}
	if err := announce(ctx, tx, a, textRevoked, said{Reason: reason}); err != nil {
		return a, err
	}
	return e.Get(ctx, tx, who, publicID)
}

// Sheet is everything a certificate says, for whoever prints it.
type Sheet struct {
	Title     string      `json:"title"`
	Issuer    string      `json:"issuer"`
	Number    string      `json:"number"`
	Code      string      `json:"code"` // what a stranger checks
	IssuedAt  time.Time   `json:"issued_at"`
	Rows      [][2]string `json:"rows"`
	Body      []string    `json:"body"`
	ValidDays int         `json:"valid_days"` // 0 is without end
}

// Certify returns what the certificate of an application says, as it was issued, to the
// office that prints it. Every printing is audited (Get).
func (e *Engine) Certify(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Sheet, error) {
	a, err := e.Get(ctx, tx, who, publicID)
	if err != nil {
		return Sheet{}, err
	}
	if !works(who, a) {
		return Sheet{}, identity.ErrForbidden
	}
	content, err := certificateContent(ctx, tx, a.id)
	if store.Missing(err) {
		return Sheet{}, errs.New(errs.NotFound, "这份申请还没有打印证明。")
	}
	if err != nil {
		return Sheet{}, fmt.Errorf("load certificate: %w", err)
	}
	var s Sheet
	err = unsealJSON(tx, certificatePlace(a.id), content, &s)
	s.IssuedAt = s.IssuedAt.In(tx.Zone())
	return s, err
}

// Check is the result of a stranger's check of a certificate (T10).
type Check struct {
	Number    string
	Title     string
	Holder    string // surname and stars
	Issuer    string
	IssuedAt  time.Time
	RevokedAt time.Time // zero unless revoked
	ExpiresAt time.Time // zero without an end
}

// Valid tells whether the certificate counts at the time.
func (c Check) Valid(at time.Time) bool {
	return c.RevokedAt.IsZero() && (c.ExpiresAt.IsZero() || at.Before(c.ExpiresAt))
}

// Verify tells anybody who has the code whether the certificate counts, and no more than
// that paper shows; an unknown code is NotFound.
func (e *Engine) Verify(ctx context.Context, tx *store.Tx, code string) (Check, error) {
	code = strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(code))
	row, err := certificateByCode(ctx, tx, code)
	if store.Missing(err) {
		return Check{}, errs.New(errs.NotFound, "没有这个核验码。请核对是否输错；仍然查不到，这份证明不是本校系统出具的。")
	}
	if err != nil {
		return Check{}, fmt.Errorf("load certificate: %w", err)
	}
	v, err := service.Get(ctx, tx, row.Version)
	if err != nil {
		return Check{}, err
	}
	c := Check{Number: row.Number, Title: v.Definition.Title, Holder: masked(row.Holder), IssuedAt: row.IssuedAt, RevokedAt: row.RevokedAt.Time}
	if t := v.Definition.Outcome.Template; t != nil {
		c.Title, c.Issuer = t.Title, t.Issuer
		if t.ValidDays > 0 {
			c.ExpiresAt = c.IssuedAt.AddDate(0, 0, t.ValidDays)
		}
	}
	return c, nil
}

// masked keeps the surname: 张**.
func masked(name string) string {
	r := []rune(name)
	if len(r) == 0 {
		return ""
	}
	return string(r[0]) + strings.Repeat("*", len(r)-1)
}
