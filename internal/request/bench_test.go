package request_test

import (
	"context"
	"testing"

	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
)

// BenchmarkSubmitAndDecide is what a student and an officer do: begin, submit, approve,
// each a transaction of its own.
func BenchmarkSubmitAndDecide(b *testing.B) {
	s := newSchool(b, 1)
	s.agree(s.students[0], pledge)
	n := 0
	for b.Loop() {
		p, err := s.start(s.students[0], pledge)
		if err != nil {
			b.Fatal(err)
		}
		a, err := s.submit(s.students[0], p.PublicID, filled(pledge))
		if err != nil {
			b.Fatal(err)
		}
		if err := s.decide(s.he, a, yes()); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "applications/s")
}

// BenchmarkQueue opens, searches and counts a queue of 50,000 applications.
func BenchmarkQueue(b *testing.B) {
	s := newSchool(b, 1)
	a := s.applied(s.students[0], pledge)
	s.update(func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.ExecContext(ctx, `
			insert into application (public_id, number, service, version_id, student_id, department_id, state, via, student_name, student_number,
				created_at, updated_at, submitted_at)
			select 'q' || i, 'Q' || i, service, version_id, student_id, department_id, (array['submitted', 'approved', 'done'])[1 + i % 3], via,
				'测' || i, '9' || i, created_at, updated_at, submitted_at + i * interval '1 second'
			from application, generate_series(1, 50000) i where public_id = $1`, a.PublicID); err != nil {
			return err
		}
		_, err := tx.Exec(`analyze application`)
		return err
	})
	for _, bb := range []struct {
		name string
		f    request.Filter
		want int
	}{
		{"first page", request.Filter{}, 100},
		{"of a state", request.Filter{Service: pledge, State: request.Approved}, 100},
		{"by number", request.Filter{Search: "949999"}, 1},
		{"by name", request.Filter{Search: "测49999"}, 1},
	} {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				s.update(func(ctx context.Context, tx *store.Tx) error {
					list, _, err := s.engine.Queue(ctx, tx, s.he, bb.f, "", 100)
					if len(list) != bb.want {
						b.Errorf("%d found", len(list))
					}
					return err
				})
			}
		})
	}
	b.Run("counts", func(b *testing.B) {
		for b.Loop() {
			s.update(func(ctx context.Context, tx *store.Tx) error {
				_, err := s.engine.Counts(ctx, tx, s.he)
				return err
			})
		}
	})
	b.Run("open one", func(b *testing.B) {
		for b.Loop() {
			s.update(func(ctx context.Context, tx *store.Tx) error {
				_, err := s.engine.Open(ctx, tx, s.he, a.PublicID)
				return err
			})
		}
	})
}

// BenchmarkServices lists what a student can apply for.
func BenchmarkServices(b *testing.B) {
	s := newSchool(b, 1)
	for b.Loop() {
		s.update(func(ctx context.Context, tx *store.Tx) error {
			_, err := s.engine.Services(ctx, tx, s.students[0])
			return err
		})
	}
}

// BenchmarkMine lists a student's hundred applications, all under review.
func BenchmarkMine(b *testing.B) {
	s := newSchool(b, 1)
	a := s.applied(s.students[0], pledge)
	s.update(func(ctx context.Context, tx *store.Tx) error {
		for _, statement := range []string{
			`insert into application (public_id, number, service, version_id, student_id, department_id, state, via, student_name, student_number,
				created_at, updated_at, submitted_at)
			select 'q' || i, 'Q' || i, service, version_id, student_id, department_id, state, via, student_name, student_number, created_at, updated_at, submitted_at
			from application, generate_series(1, 99) i where public_id = $1`,
			`insert into review (public_id, kind, subject, scope, applicant_id, units, department_id, stages, cards, facts, stage, opened_at)
			select 'q' || i, kind, 'q' || i, scope, applicant_id, units, department_id, stages, cards, facts, stage, opened_at
			from review, generate_series(1, 99) i where subject = $1`,
			`insert into review_task (public_id, review_id, stage, keys, opened_at, due_at)
			select q.public_id, q.id, t.stage, t.keys, t.opened_at, t.due_at
			from review_task t join review r on r.id = t.review_id, review q where r.subject = $1 and q.subject like 'q%'`,
		} {
			if _, err := tx.ExecContext(ctx, statement, a.PublicID); err != nil {
				return err
			}
		}
		return nil
	})
	for b.Loop() {
		s.update(func(ctx context.Context, tx *store.Tx) error {
			list, err := s.engine.Mine(ctx, tx, s.students[0])
			if len(list) != 100 || list[0].Review.Task == "" {
				b.Errorf("%d applications", len(list))
			}
			return err
		})
	}
}
