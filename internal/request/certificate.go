package request

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/document"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/setting"
	"github.com/xuegong/xuegong/internal/store"
)

// Sheet is everything a certificate says, as it was when it was issued.
type Sheet struct {
	Title     string      `json:"title"`
	Issuer    string      `json:"issuer"`
	School    string      `json:"school"`
	Number    string      `json:"number"`
	Code      string      `json:"code"` // what a stranger checks
	IssuedAt  time.Time   `json:"issued_at"`
	Rows      [][2]string `json:"rows"`
	Body      []string    `json:"body"`
	ValidDays int         `json:"valid_days"` // 0 is without end
}

// ExpiresAt is when it no longer counts; the zero time is never.
func (s Sheet) ExpiresAt() time.Time {
	if s.ValidDays == 0 {
		return time.Time{}
	}
	return s.IssuedAt.AddDate(0, 0, s.ValidDays)
}

// issue gives a certificate its number and its code, and keeps what it says. A name the
// printer has no character for, or more than a page holds, is refused before anything is
// issued.
func (e *Engine) issue(ctx context.Context, tx *store.Tx, by identity.ID, a Application) error {
	s, err := sheetOf(ctx, tx, a)
	if err != nil {
		return err
	}
	missing, err := e.Press.Missing(s.texts()...)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return errs.New(errs.Conflict, fmt.Sprintf("“%s”打印不出来，不能用别的字代替。请手工开具这份证明，盖章后交给学生。", string(missing)))
	}
	fits, err := e.Press.Fits(s.page(e.verifyURL(s)))
	if err != nil {
		return err
	}
	if !fits {
		return errs.New(errs.Conflict, "这份证明要写的内容一页印不下。请手工开具，盖章后交给学生。")
	}
	if err := ensureSigner(ctx, tx, s.School); err != nil {
		return err
	}
	content, err := sealJSON(tx, certificatePlace(a.id), s)
	if err != nil {
		return err
	}
	if err := insertCertificate(ctx, tx, a.id, s, content, by); err != nil {
		return fmt.Errorf("issue certificate: %w", err)
	}
	return nil
}

func sheetOf(ctx context.Context, tx *store.Tx, a Application) (Sheet, error) {
	student, err := identity.Get(ctx, tx, a.Student.ID)
	if err != nil {
		return Sheet{}, err
	}
	d := a.Service.Definition
	known, err := service.Know(ctx, tx, d, student)
	if err != nil {
		return Sheet{}, err
	}
	school, err := setting.LoadSchool(ctx, tx)
	if err != nil {
		return Sheet{}, err
	}
	s := Sheet{School: school.Name, Number: a.Number, Code: newCode(), IssuedAt: tx.Now()}
	if t := d.Outcome.Template; t != nil {
		s.Title, s.Issuer, s.ValidDays = t.Title, t.Issuer, t.ValidDays
	}
	s.Rows, s.Body = d.Certify(known, a.Answers, tx.Now(), tx.Zone())
	return s, nil
}

func (s Sheet) texts() []string {
	texts := append([]string{s.Title, s.Issuer, s.School, s.Number}, s.Body...)
	for _, r := range s.Rows {
		texts = append(texts, r[0], r[1])
	}
	return texts
}

// newCode is 80 random bits in 16 characters nobody mistakes, to be typed by a stranger.
func newCode() string {
	b := make([]byte, 10)
	_, _ = rand.Read(b)
	return base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").EncodeToString(b)
}

// readCode is a code as people type it: in any case, with blanks and strokes, and with
// the letters the alphabet leaves out for the digits they are mistaken for.
func readCode(typed string) string {
	return strings.NewReplacer("O", "0", "I", "1", "L", "1", " ", "", "-", "").Replace(strings.ToUpper(strings.TrimSpace(typed)))
}

// ShownCode is a code in groups of four.
func ShownCode(code string) string {
	var groups []string
	for len(code) > 4 {
		groups, code = append(groups, code[:4]), code[4:]
	}
	return strings.Join(append(groups, code), "-")
}

// Certify returns what the certificate of an application says, as it was issued: to its
// holder, who may show it to whom they like, and to the office that prints it, whose
// reading is audited (Get).
func (e *Engine) Certify(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Sheet, error) {
	a, err := e.Get(ctx, tx, who, publicID)
	if err != nil {
		return Sheet{}, err
	}
	switch {
	case a.Student.ID != who.ID && !works(who, a):
		return Sheet{}, identity.ErrForbidden
	case a.Certificate == nil:
		return Sheet{}, errs.New(errs.NotFound, "这份证明还没有开出来。")
	case !a.Certificate.RevokedAt.IsZero():
		return Sheet{}, errs.New(errs.Conflict, "这份证明已经撤销，不能再下载。")
	}
	content, err := certificateContent(ctx, tx, a.id)
	if err != nil {
		return Sheet{}, fmt.Errorf("load certificate: %w", err)
	}
	var s Sheet
	err = unsealJSON(tx, certificatePlace(a.id), content, &s)
	s.IssuedAt = s.IssuedAt.In(tx.Zone())
	return s, err
}

// Printable is a certificate with the key it is signed with, to be printed after the
// transaction.
type Printable struct {
	Sheet
	press  *document.Press
	signer document.Signer
	url    string
}

// Printable returns the certificate to whoever may have it (Certify).
func (e *Engine) Printable(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Printable, error) {
	s, err := e.Certify(ctx, tx, who, publicID)
	if err != nil {
		return Printable{}, err
	}
	p := Printable{Sheet: s, press: e.Press, url: e.verifyURL(s)}
	p.signer, err = loadSigner(ctx, tx)
	return p, err
}

func (e *Engine) verifyURL(s Sheet) string { return e.PublicURL + "/verify/" + s.Code }

// FileName is what a browser saves it as.
func (p Printable) FileName() string { return p.Title + " " + p.Number + ".pdf" }

// PDF prints and signs the page. It is made anew each time from what was issued, so that
// nothing but the words has to be kept.
func (p Printable) PDF() ([]byte, error) {
	page, err := p.press.Certificate(p.page(p.url))
	if err != nil {
		return nil, err
	}
	return document.Sign(page, p.signer, p.IssuedAt, p.Title)
}

// page is the sheet as it is printed; url is where a stranger checks it.
func (s Sheet) page(url string) document.Certificate {
	note := "没有加盖公章，以在线核验为准：扫描二维码，或打开上面的网址输入核验码。"
	if end := s.ExpiresAt(); !end.IsZero() {
		note += "有效期至" + end.Format("2006年1月2日") + "。"
	}
	return document.Certificate{
		School: s.School, Title: s.Title, Number: s.Number, Rows: s.Rows, Body: s.Body, Issuer: s.Issuer, IssuedAt: s.IssuedAt,
		Code: ShownCode(s.Code), VerifyURL: url, Note: note,
	}
}

// ensureSigner makes the school's signing key before the first certificate. Of those who
// make one at once, one is kept.
func ensureSigner(ctx context.Context, tx *store.Tx, school string) error {
	has, err := hasSigningKey(ctx, tx)
	if err != nil || has {
		return err
	}
	if school == "" {
		school = "学工服务"
	}
	s, err := document.NewKeySigner(school, tx.Now())
	if err != nil {
		return err
	}
	cert, key, err := s.Marshal()
	if err != nil {
		return err
	}
	if err := insertSigningKey(ctx, tx, cert, tx.Keys().Seal(signingPlace, key)); err != nil {
		return fmt.Errorf("keep signing key: %w", err)
	}
	return nil
}

func loadSigner(ctx context.Context, tx *store.Tx) (document.Signer, error) {
	cert, sealed, err := selectSigningKey(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("load signing key: %w", err)
	}
	key, err := tx.Keys().Unseal(signingPlace, sealed)
	if err != nil {
		return nil, err
	}
	return document.ParseKeySigner(cert, key)
}

const signingPlace = "signing_key/key/1"

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

// ErrNoCertificate is what a stranger reads whose code nobody was given.
var ErrNoCertificate = errs.New(errs.NotFound, "查不到这个核验码。请核对是否输错；仍然查不到，这份证明就不是本校系统出具的。")

// Verify tells anybody who has the code whether the certificate counts, and no more than
// the paper shows. The holder sees that it was checked. An unknown code is
// ErrNoCertificate.
func (e *Engine) Verify(ctx context.Context, tx *store.Tx, code string) (Check, error) {
	row, err := certificateByCode(ctx, tx, readCode(code))
	if store.Missing(err) {
		return Check{}, ErrNoCertificate
	}
	if err != nil {
		return Check{}, fmt.Errorf("load certificate: %w", err)
	}
	var s Sheet
	if err := unsealJSON(tx, certificatePlace(row.Application), row.Content, &s); err != nil {
		return Check{}, err
	}
	if err := insertCheck(ctx, tx, row.Application); err != nil {
		return Check{}, fmt.Errorf("record check: %w", err)
	}
	return Check{
		Number: s.Number, Title: s.Title, Holder: masked(row.Holder), Issuer: s.Issuer,
		IssuedAt: s.IssuedAt, RevokedAt: row.RevokedAt.Time, ExpiresAt: s.ExpiresAt(),
	}, nil
}

// masked keeps the surname: 张**.
func masked(name string) string {
	r := []rune(name)
	if len(r) == 0 {
		return ""
	}
	return string(r[0]) + strings.Repeat("*", len(r)-1)
}
