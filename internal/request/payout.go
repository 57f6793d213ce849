package request

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/sheet"
	"github.com/xuegong/xuegong/internal/store"
)

// List is what is paid out together (D-17). Its total is the sum of its rows.
type List struct {
	PublicID   string
	Service    string // code
	Title      string
	CreatedAt  time.Time
	CreatedBy  string
	Count      int
	Total      int64 // fen
	ExportedAt time.Time
	ClosedAt   time.Time // nothing waits on it any more
	Rows       []PayoutRow

	id         int64
	department int64
}

// PayoutRow is one application on a list.
type PayoutRow struct {
	Application string // public id
	Number      string
	Student     Student
	Card        string // last digits of the student's bank card as the school has it now; "" if it has none
	Amount      int64  // fen
	State       string // waiting, paid, failed
	At          time.Time
	By          string
	Reason      string // why it failed
}

// Label of a row's state.
func (r PayoutRow) Label() string {
	switch r.State {
	case "paid":
		return "已放款"
	case "failed":
		return "未成功"
	}
	return "待放款"
}

// BuildList puts every application of the service that waits for its money on a list, at
// most 5,000. Money that failed before goes on again when it was put back to wait
// (Requeue). Two lists built at once share nothing.
func (e *Engine) BuildList(ctx context.Context, tx *store.Tx, who identity.Person, code string) (List, error) {
	department, title, err := payer(ctx, tx, who, code)
	if err != nil {
		return List{}, err
	}
	id := store.NewPublicID()
	title = fmt.Sprintf("%s放款名单 %s", title, calendar.When(tx.Now(), tx.Zone()))
	var ok bool
	err = tx.Try(ctx, func() (err error) {
		ok, err = insertList(ctx, tx, id, code, department, title, who.ID)
		return err
	})
	if store.Constraint(err) == "an_application_is_paid_once" {
		return List{}, errs.New(errs.Conflict, "另一位老师刚刚建了名单，请刷新再看。")
	}
	if err != nil {
		return List{}, fmt.Errorf("build list: %w", err)
	}
	if !ok {
		return List{}, errs.New(errs.Conflict, "现在没有待放款的申请，不用建名单。")
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "payout.build", "payout_list/"+id, map[string]any{"service": code}); err != nil {
		return List{}, err
	}
	return e.PayoutList(ctx, tx, who, id)
}

// payer tells whether the person pays out for the service, which need not be offered any more.
func payer(ctx context.Context, tx *store.Tx, who identity.Person, code string) (department int64, title string, err error) {
	v, err := service.ByCode(ctx, tx, code)
	if err != nil {
		return 0, "", err
	}
	if department, err = departmentOf(ctx, tx, v.Definition); err != nil {
		return 0, "", err
	}
	if !who.Here() || !who.HasIn(department, identity.Office) {
		return 0, "", identity.ErrForbidden
	}
	return department, v.Title, nil
}

// PayoutLists lists those of the person's offices, the newest first, up to 100, without rows.
func (e *Engine) PayoutLists(ctx context.Context, tx *store.Tx, who identity.Person) ([]List, error) {
	units, all := offices(who)
	if len(units) == 0 && !all {
		return nil, identity.ErrForbidden
	}
	lists, err := selectLists(ctx, tx, `where $1 or l.department_id = any($2) order by l.id desc limit 100`, all, int64Array(units))
	if err != nil {
		return nil, fmt.Errorf("list payouts: %w", err)
	}
	return lists, nil
}

// PayoutList returns a list with its rows to the office that owns it.
func (e *Engine) PayoutList(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (List, error) {
	lists, err := selectLists(ctx, tx, `where l.public_id = $1`, publicID)
	if err != nil {
		return List{}, fmt.Errorf("load payout list: %w", err)
	}
	if len(lists) == 0 || !who.Here() || !who.HasIn(lists[0].department, identity.Office) {
		return List{}, identity.ErrForbidden
	}
	l := lists[0]
	if l.Rows, err = payoutRows(ctx, tx, l); err != nil {
		return List{}, fmt.Errorf("load payout rows: %w", err)
	}
	return l, l.readCards(ctx, tx)
}

// NoCard stands for a bank card the school has not recorded.
const NoCard = "没有登记"

// readCards are those of now: a card recorded after the list was built is paid to.
func (l List) readCards(ctx context.Context, tx *store.Tx) error {
	students := make([]identity.ID, len(l.Rows))
	for i, r := range l.Rows {
		students[i] = r.Student.ID
	}
	cards, err := identity.ValuesOf(ctx, tx, identity.BankFact, students)
	for i, r := range l.Rows {
		l.Rows[i].Card = cards[r.Student.ID]
	}
	return err
}

// ExportList writes the list as a workbook: one row each and the sum, exact to the fen.
func (e *Engine) ExportList(ctx context.Context, tx *store.Tx, who identity.Person, publicID string, w io.Writer) error {
	l, err := e.PayoutList(ctx, tx, who, publicID)
	if err != nil {
		return err
	}
	if err := markExported(ctx, tx, l.id); err != nil {
		return fmt.Errorf("mark list: %w", err)
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "payout.export", "payout_list/"+publicID, nil); err != nil {
		return err
	}
	header := []string{"序号", "申请编号", "学号", "姓名", "学院", "班级", "收款卡尾号", "金额（元）", "状态"}
	return sheet.Write(w, header, func(yield func([]string) bool) {
		var sum int64
		for i, r := range l.Rows {
			sum += r.Amount
			if !yield([]string{
				strconv.Itoa(i + 1), r.Number, r.Student.Number, r.Student.Name, r.Student.College, r.Student.ClassName,
				cmp.Or(r.Card, NoCard), form.Yuan(r.Amount), r.Label(),
			}) {
				return
			}
		}
		yield([]string{"合计", "", "", "", "", "", "", form.Yuan(sum), ""})
	})
}

// MarkPaid records that rows of a list were paid; none given means all that wait. What
// was recorded before stays as it was. It returns how many were paid now.
func (e *Engine) MarkPaid(ctx context.Context, tx *store.Tx, who identity.Person, list string, applications ...string) (int, error) {
	l, err := e.lockList(ctx, tx, who, list)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, r := range l.Rows {
		if r.State != "waiting" || len(applications) > 0 && !slices.Contains(applications, r.Application) {
			continue
		}
		if err := e.settlePayout(ctx, tx, who, l, r.Application, Paid, ""); err != nil {
			return n, err
		}
		n++
	}
	return n, e.closeList(ctx, tx, who, l, "payout.paid", n)
}

// MarkFailed records that a row could not be paid, with the reason the student reads.
func (e *Engine) MarkFailed(ctx context.Context, tx *store.Tx, who identity.Person, list, application, reason string) error {
	l, err := e.lockList(ctx, tx, who, list)
	if err != nil {
		return err
	}
	reason = strings.TrimSpace(reason)
	if reason == "" || len([]rune(reason)) > maxWords {
		return errs.Field("reason", fmt.Sprintf("写明为什么没有放成，1 到 %d 个字，学生会看到。", maxWords))
	}
	i := slices.IndexFunc(l.Rows, func(r PayoutRow) bool { return r.Application == application })
	switch {
	case i < 0:
		return errs.Field("application", "这一笔不在名单上，请刷新再看。")
	case l.Rows[i].State != "waiting":
		return errs.New(errs.Conflict, fmt.Sprintf("这一笔已经登记为“%s”，不用再处理。", l.Rows[i].Label()))
	}
	if err := e.settlePayout(ctx, tx, who, l, application, PayFailed, reason); err != nil {
		return err
	}
	return e.closeList(ctx, tx, who, l, "payout.failed", 1)
}

// Requeue has money that failed wait for the next list again.
func (e *Engine) Requeue(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (Application, error) {
	a, err := lockFor(ctx, tx, who, publicID)
	if err != nil {
		return Application{}, err
	}
	if a, err = e.move(ctx, tx, who.ID, a, ToPay, ""); err != nil {
		return a, err
	}
	return e.Get(ctx, tx, who, publicID)
}

// lockList locks the list's applications by id, then its rows.
func (e *Engine) lockList(ctx context.Context, tx *store.Tx, who identity.Person, publicID string) (List, error) {
	l, err := e.PayoutList(ctx, tx, who, publicID)
	if err != nil {
		return List{}, err
	}
	if err := lockListed(ctx, tx, l.id); err != nil {
		return List{}, fmt.Errorf("lock list: %w", err)
	}
	return e.PayoutList(ctx, tx, who, publicID) // as it is now that nobody else changes it
}

func (e *Engine) settlePayout(ctx context.Context, tx *store.Tx, who identity.Person, l List, application string, to State, reason string) error {
	a, err := one(ctx, tx, application)
	if err != nil {
		return fmt.Errorf("load application: %w", err)
	}
	state, sealed := "paid", []byte(nil)
	if to == PayFailed {
		state, sealed = "failed", tx.Keys().Seal(payoutPlace(l.id, a.id), []byte(reason))
	}
	if err := setPayout(ctx, tx, l.id, a.id, state, who.ID, sealed); err != nil {
		return fmt.Errorf("record payout: %w", err)
	}
	if a, err = e.move(ctx, tx, who.ID, a, to, reason); err != nil {
		return err
	}
	return announce(ctx, tx, a, string(to), said{Reason: reason})
}

func (e *Engine) closeList(ctx context.Context, tx *store.Tx, who identity.Person, l List, verb string, n int) error {
	if err := closeList(ctx, tx, l.id); err != nil {
		return fmt.Errorf("close list: %w", err)
	}
	return audit.Append(ctx, tx, int64(who.ID), verb, "payout_list/"+l.PublicID, map[string]any{"rows": n})
}
