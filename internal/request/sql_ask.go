package request

import (
	"context"
	"database/sql"
	"time"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

type newAsk struct {
	PublicID    string
	Service     service.Version
	Department  int64
	Application int64
	Student     identity.ID
	Field       string
	Question    string

	PublicApplication string        // public id of Application
	To                []identity.ID // who is told; nobody: the office
}

func insertAsk(ctx context.Context, tx *store.Tx, n newAsk) error {
	_, err := tx.ExecContext(ctx, `
		insert into application_ask (public_id, student_id, service, department_id, application_id, field, question, asked_at)
		values ($1, $2, $3, $4, nullif($5::bigint, 0), $6, $7, $8)`, n.PublicID, n.Student, n.Service.Code, n.Department, n.Application,
		n.Field, tx.Keys().Seal(askPlace(n.PublicID), []byte(n.Question)), tx.Now())
	return err
}

func lockAsk(ctx context.Context, tx *store.Tx, publicID string) (department int64, err error) {
	err = tx.GetContext(ctx, &department, `select department_id from application_ask where public_id = $1 for no key update`, publicID)
	return department, err
}

// setAnswer writes the first answer; false means there is one.
func setAnswer(ctx context.Context, tx *store.Tx, publicID string, sealed []byte, by identity.ID) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		update application_ask set answer = $2, answered_at = $3, answered_by = $4 where public_id = $1 and answer is null`, publicID, sealed, tx.Now(), by)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func asksOf(ctx context.Context, tx *store.Tx, where string, args ...any) ([]Ask, error) {
	var rows []struct {
		PublicID    string       `db:"public_id"`
		Service     string       `db:"service"`
		Application string       `db:"application"`
		Field       string       `db:"field"`
		Student     identity.ID  `db:"student_id"`
		Name        string       `db:"name"`
		Number      string       `db:"number"`
		College     string       `db:"college"`
		Question    []byte       `db:"question"`
		AskedAt     time.Time    `db:"asked_at"`
		Answer      []byte       `db:"answer"`
		AnsweredAt  sql.NullTime `db:"answered_at"`
		AnsweredBy  string       `db:"answered_by"`
	}
	if err := tx.SelectContext(ctx, &rows, `
		select k.public_id, k.service, coalesce(a.public_id, '') application, k.field, k.student_id, p.name, coalesce(p.number, '') number,
			coalesce(p.college_name, '') college, k.question, k.asked_at, k.answer, k.answered_at, coalesce(b.name, '') answered_by
		from application_ask k join identity_person p on p.id = k.student_id left join application a on a.id = k.application_id
		left join identity_address b on b.id = k.answered_by `+where, args...); err != nil {
		return nil, err
	}
	list := make([]Ask, len(rows))
	for i, r := range rows {
		list[i] = Ask{
			PublicID: r.PublicID, Service: r.Service, Application: r.Application, Field: r.Field, AskedAt: r.AskedAt,
			AnsweredAt: r.AnsweredAt.Time, AnsweredBy: r.AnsweredBy, Student: Student{ID: r.Student, Name: r.Name, Number: r.Number, College: r.College},
		}
		question, err := tx.Keys().Unseal(askPlace(r.PublicID), r.Question)
		if err != nil {
			return nil, err
		}
		list[i].Question = string(question)
		if r.Answer == nil {
			continue
		}
		answer, err := tx.Keys().Unseal(answerPlace(r.PublicID), r.Answer)
		if err != nil {
			return nil, err
		}
		list[i].Answer = string(answer)
	}
	return list, nil
}
