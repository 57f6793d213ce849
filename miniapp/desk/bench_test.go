package desk_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/sample"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// busy is the sample school with twenty counsellors more, each with six hours a day for so
// many days around Monday, every second of them booked: ten counsellors with 300 bookings
// a week.
func busy(b *testing.B, days int) *school {
	b.Helper()
	url := storetest.Durable(b)
	clk := clock.NewFixed(storetest.Monday)
	db := storetest.Open(b, url, clk, store.Options{})
	if err := sample.Load(b.Context(), db); err != nil {
		b.Fatal(err)
	}
	storetest.Update(b, db, func(tx *store.Tx) error {
		for _, q := range []string{
			`insert into person (public_id, name, kind, created_at, updated_at)
				select 'crowd' || i, '测' || i, case when i <= 20 then 'staff' else 'student' end, $now, $now from generate_series(1, 3020) i`,
			`insert into enrolment (person_id, number, level, status, unit_id, campus_id, valid_from)
				select p.id, p.public_id, case p.kind when 'staff' then 'staff' else 'bachelor' end, case p.kind when 'staff' then 'employed' else 'enrolled' end,
					(select min(id) from unit where kind = 'college'), (select min(id) from campus), $now from person p where p.public_id like 'crowd%'`,
			`insert into counsellor (public_id, person_id, centre_id, intro, campus_id, place, position)
				select p.public_id, p.id, (select min(centre_id) from counsellor), '', (select min(id) from campus), 'R' || p.id, 100
				from person p where p.public_id like 'crowd%' and p.kind = 'staff'`,
			`insert into slot (public_id, counsellor_id, starts_at, ends_at, place, campus_id)
				select c.public_id || '-' || d || '-' || h, c.id, begins, begins + interval '50 minutes', c.place, c.campus_id
				from counsellor c, generate_series(-$days, 27) d, generate_series(0, 5) h,
					lateral (select date_trunc('day', $now at time zone 'Asia/Shanghai') at time zone 'Asia/Shanghai' + d * interval '1 day' + (9 + h) * interval '1 hour' as begins) t
				where c.public_id like 'crowd%'`,
			`insert into seat (slot_id, number) select id, 1 from slot where public_id like 'crowd%'`,
			`insert into booking (public_id, slot_id, seat, student_id, state, via, held_until, created_at, term, ordinal)
				select s.public_id, s.id, 1, p.id, case when s.starts_at < $now then case s.n % 9 when 0 then 'missed' when 1 then 'cancelled' else 'arrived' end else 'confirmed' end,
					'page', s.starts_at, s.starts_at - interval '3 days' - s.n % 400 * interval '1 hour', 't' || s.n / 3000, 1
				from (select *, row_number() over (order by starts_at desc, id) n from slot where public_id like 'crowd%' and id % 2 = 0) s
				join (select id, row_number() over (order by id) n from person where public_id like 'crowd%' and kind = 'student') p on p.n = 1 + s.n % 3000`,
			`insert into booking_event (booking_id, at, state) select id, created_at, 'pending' from booking where public_id like 'crowd%'`,
		} {
			if _, err := tx.ExecContext(b.Context(), strings.NewReplacer("$now", "timestamptz '2026-10-12 01:00Z'", "$days", strconv.Itoa(days)).Replace(q)); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		return nil
	})
	if err := db.Exec(b.Context(), "vacuum analyze"); err != nil {
		b.Fatal(err)
	}
	return newSchoolAt(b, url)
}

// BenchmarkCentre is the pages of a busy centre as its desk asks for them: the week of all
// counsellors, a day, check-in, the home page, and the figures of eight weeks and of two years.
func BenchmarkCentre(b *testing.B) {
	for _, size := range []struct{ bookings, days int }{{5_000, 56}, {50_000, 806}} {
		s := busy(b, size.days)
		for _, page := range []struct{ name, path string }{
			{"week", "/desk/counselling/week"},
			{"week_of_one", "/desk/counselling/week?with=crowd1"},
			{"day", "/desk/counselling"},
			{"checkin", "/desk/counselling/checkin"},
			{"home", "/desk/"},
			{"figures_8_weeks", "/desk/counselling/figures"},
			{"figures_2_years", "/desk/counselling/figures?from=2024-10-14&to=2026-10-12&by=month"},
		} {
			b.Run(fmt.Sprintf("%d/%s", size.bookings, page.name), func(b *testing.B) {
				best := time.Hour // of a machine that others use, too, the mean says more of them
				for b.Loop() {
					began := clock.Wall()
					s.shown(frontDesk, page.path)
					best = min(best, clock.Wall().Sub(began))
				}
				b.ReportMetric(float64(best.Microseconds())/1000, "best-ms/page")
			})
		}
	}
}
