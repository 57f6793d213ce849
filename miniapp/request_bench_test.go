package miniapp_test

import (
	"net/http"
	"testing"

	"github.com/xuegong/xuegong/internal/store"
)

// BenchmarkDesk_pages_of_the_office asks for whole pages over HTTP, navigation and counts
// with them, where the office has 50,000 applications, a tenth of them to be decided.
func BenchmarkDesk_pages_of_the_office(b *testing.B) {
	w := newOffice(b)
	a := w.proofs(1)[0]
	if err := w.db.Update(b.Context(), func(tx *store.Tx) error {
		for _, statement := range []string{
			`insert into application (public_id, number, service, version_id, student_id, department_id, state, via, student_name, student_number,
				created_at, updated_at, submitted_at)
			select 'q' || i, 'Q' || i, (array['hardship-certificate', 'award-certificate', 'internship-subsidy'])[1 + i % 3], version_id, student_id, department_id,
				case when i % 10 = 0 then 'submitted' else (array['approved', 'collected', 'done', 'collected'])[1 + i % 4] end, via,
				'测' || i, '9' || i, created_at, updated_at, submitted_at + i * interval '1 second'
			from application, generate_series(1, 50000) i where public_id = $1`,
			`insert into review (public_id, kind, subject, scope, applicant_id, units, department_id, stages, cards, facts, stage, opened_at)
			select 'q' || i, kind, 'q' || i, scope, applicant_id, units, department_id, stages, cards, facts, stage, opened_at
			from review, generate_series(10, 50000, 10) i where subject = $1`,
			`insert into review_task (public_id, review_id, stage, keys, opened_at, due_at)
			select q.public_id, q.id, t.stage, t.keys, t.opened_at, t.due_at
			from review_task t join review r on r.id = t.review_id, review q where r.subject = $1 and q.subject like 'q%'`,
		} {
			if _, err := tx.ExecContext(b.Context(), statement, a.PublicID); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	if err := w.db.Exec(b.Context(), `vacuum analyze`); err != nil {
		b.Fatal(err)
	}
	office := w.as("t10")
	for _, page := range []struct{ name, path string }{
		{"home", "/desk/"},
		{"what waits for me", "/desk/applications"},
		{"everything", "/desk/applications/of/all"},
		{"a state of a service", "/desk/applications/of/award-certificate?state=approved"},
		{"a search by name", "/desk/applications/of/all?q=%E6%B5%8B49999"},
		{"one open", "/desk/applications?application=" + a.PublicID},
		{"to be printed", "/desk/handout"},
		{"payouts", "/desk/payouts"},
	} {
		b.Run(page.name, func(b *testing.B) {
			for b.Loop() {
				if res := office.get(page.path); res.status != http.StatusOK {
					b.Fatalf("%d\n%s", res.status, res.body)
				}
			}
		})
	}
}
