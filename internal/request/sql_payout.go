package request

import (
	"context"
	"database/sql"
	"time"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// insertList puts everything that waits for money and is on no list on a new one, in one
// statement: its total is the sum of what it took. false means nothing waits. Of two lists
// built at once one takes a row; an_application_is_paid_once refuses it to the other.
func insertList(ctx context.Context, tx *store.Tx, publicID, code string, department int64, title string, by identity.ID) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		with due as (
			select a.id, a.amount from application a
			where a.department_id = $3 and a.service = $2 and a.state = 'to_pay'
				and not exists (select 1 from payout_row r where r.application_id = a.id and r.state in ('waiting', 'paid'))
			order by a.id limit 5000 for no key update of a skip locked),
		l as (
			insert into payout_list (public_id, service, department_id, title, created_by, created_at, rows, total)
			select $1, $2, $3, $4, $5, $6, count(*), sum(amount) from due having count(*) > 0 returning id)
		insert into payout_row (list_id, application_id, amount) select l.id, due.id, due.amount from l, due`, publicID, code, department, title, by, tx.Now())
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

func selectLists(ctx context.Context, tx *store.Tx, where string, args ...any) ([]List, error) {
	var rows []struct {
		ID         int64        `db:"id"`
		PublicID   string       `db:"public_id"`
		Service    string       `db:"service"`
		Department int64        `db:"department_id"`
		Title      string       `db:"title"`
		By         string       `db:"name"`
		CreatedAt  time.Time    `db:"created_at"`
		Rows       int          `db:"rows"`
		Total      int64        `db:"total"`
		ExportedAt sql.NullTime `db:"exported_at"`
		ClosedAt   sql.NullTime `db:"closed_at"`
	}
	if err := tx.SelectContext(ctx, &rows, `
		select l.id, l.public_id, l.service, l.department_id, l.title, p.name, l.created_at, l.rows, l.total, l.exported_at, l.closed_at
		from payout_list l join identity_address p on p.id = l.created_by `+where, args...); err != nil {
		return nil, err
	}
	lists := make([]List, len(rows))
	for i, r := range rows {
		lists[i] = List{
			PublicID: r.PublicID, Service: r.Service, Title: r.Title, CreatedAt: r.CreatedAt, CreatedBy: r.By, Count: r.Rows, Total: r.Total,
			ExportedAt: r.ExportedAt.Time, ClosedAt: r.ClosedAt.Time, id: r.ID, department: r.Department,
		}
	}
	return lists, nil
}

func payoutRows(ctx context.Context, tx *store.Tx, l List) ([]PayoutRow, error) {
	var rows []struct {
		ID          int64        `db:"id"`
		Application string       `db:"public_id"`
		Number      string       `db:"number"`
		Student     identity.ID  `db:"student_id"`
		Name        string       `db:"name"`
		StudentNo   string       `db:"student_number"`
		College     string       `db:"college"`
		Class       string       `db:"class"`
		Amount      int64        `db:"amount"`
		State       string       `db:"state"`
		At          sql.NullTime `db:"at"`
		By          string       `db:"by_name"`
		Reason      []byte       `db:"reason"`
	}
	if err := tx.SelectContext(ctx, &rows, `
		select a.id, a.public_id, a.number, a.student_id, p.name, a.student_number, coalesce(p.college_name, '') college, coalesce(p.unit_name, '') as class,
			r.amount, r.state, r.at, coalesce(b.name, '') by_name, r.reason
		from payout_row r join application a on a.id = r.application_id join identity_person p on p.id = a.student_id
		left join identity_address b on b.id = r.by_id where r.list_id = $1 order by a.student_number, a.id`, l.id); err != nil {
		return nil, err
	}
	list := make([]PayoutRow, len(rows))
	for i, r := range rows {
		list[i] = PayoutRow{
			Application: r.Application, Number: r.Number, Amount: r.Amount, State: r.State, At: r.At.Time, By: r.By,
			Student: Student{ID: r.Student, Name: r.Name, Number: r.StudentNo, College: r.College, ClassName: r.Class},
		}
		if r.Reason == nil {
			continue
		}
		reason, err := tx.Keys().Unseal(payoutPlace(l.id, r.ID), r.Reason)
		if err != nil {
			return nil, err
		}
		list[i].Reason = string(reason)
	}
	return list, nil
}

// lockListed locks the applications of a list in the order of their ids.
func lockListed(ctx context.Context, tx *store.Tx, list int64) error {
	_, err := tx.ExecContext(ctx, `
		select a.id from application a where a.id in (select application_id from payout_row where list_id = $1) order by a.id for no key update`, list)
	return err
}

func setPayout(ctx context.Context, tx *store.Tx, list, application int64, state string, by identity.ID, reason []byte) error {
	_, err := tx.ExecContext(ctx, `
		update payout_row set state = $3, at = $4, by_id = $5, reason = $6 where list_id = $1 and application_id = $2 and state = 'waiting'`,
		list, application, state, tx.Now(), by, reason)
	return err
}

func markExported(ctx context.Context, tx *store.Tx, list int64) error {
	_, err := tx.ExecContext(ctx, `update payout_list set exported_at = $2 where id = $1 and exported_at is null`, list, tx.Now())
	return err
}

// closeList closes a list nothing waits on.
func closeList(ctx context.Context, tx *store.Tx, list int64) error {
	_, err := tx.ExecContext(ctx, `
		update payout_list set closed_at = $2 where id = $1 and closed_at is null
			and not exists (select 1 from payout_row where list_id = $1 and state = 'waiting')`, list, tx.Now())
	return err
}

// onList tells whether the application waits on a list.
func onList(ctx context.Context, tx *store.Tx, application int64) (bool, error) {
	var ok bool
	err := tx.GetContext(ctx, &ok, `select exists (select 1 from payout_row where application_id = $1 and state = 'waiting')`, application)
	return ok, err
}
