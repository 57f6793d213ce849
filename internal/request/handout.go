package request

import (
	"context"
	"fmt"
	"strings"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

// Print makes what was approved: a certificate gets its number and its code, what is no
// paper is marked as made; the student is told where to collect it (D-11). Printing again
// changes nothing: the same certificate comes out.
func (e *Engine) Print(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Application, error) {
	if err := e.print(ctx, tx, who, publicID); err != nil {
		return Application{}, err
	}
	return e.Get(ctx, tx, who, publicID)
}

// print is Print without reading the application again.
func (e *Engine) print(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) error {
	a, err := lockFor(ctx, tx, who, publicID)
	if err != nil {
		return err
	}
	to, text := Printed, "printed"
	switch kind := a.Service.Outcome.Kind; {
	case a.State == Printed || a.State == Made || a.State == Collected:
		return nil
	case kind == service.Collect:
		to, text = Made, "made"
	case kind != service.Certificate:
		return errs.New(errs.Conflict, "这项服务没有要打印的内容。")
	case a.State == Approved:
		if err := e.issue(ctx, tx, who.ID, a); err != nil {
			return err
		}
	}
	if a, err = e.move(ctx, tx, who.ID, a, to, ""); err != nil {
		return err
	}
	return announce(ctx, tx, a, text, said{})
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
