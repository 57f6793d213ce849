package counselling

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// crowd is a durable database with hours and students, as many as a benchmark wants.
func crowd(b *testing.B, n int) (*store.DB, string, []identity.Person, []string) {
	b.Helper()
	url := storetest.Durable(b)
	db := storetest.Open(b, url, clock.System{}, store.Options{MaxConns: 40})
	ctx := context.Background()
	var students []identity.Person
	var slots []string
	storetest.Update(b, db, func(tx *store.Tx) error {
		for _, q := range []string{
			`insert into campus (code, name) values ('east', '东校区')`,
			`insert into unit (public_id, kind, code, name) values ('u1', 'centre', 'c', '成长中心'), ('u2', 'college', 'k', '文学院')`,
			`insert into person (public_id, name, kind, created_at, updated_at)
				select 'p' || i, '测' || i, case when i = 0 then 'staff' else 'student' end, now(), now() from generate_series(0, ` + fmt.Sprint(n) + `) i`,
			`insert into enrolment (person_id, number, level, status, unit_id, campus_id, valid_from)
				select id, public_id, case kind when 'staff' then 'staff' else 'bachelor' end,
					case kind when 'staff' then 'employed' else 'enrolled' end, 2, 1, now() from person`,
			`insert into account (person_id, userid, bound_by, valid_from) select id, public_id, 'sample', now() from person`,
			`insert into role (public_id, person_id, name, unit_id, valid_from) values ('r1', 1, 'centre_desk', 1, now())`,
			`insert into counsellor (public_id, person_id, centre_id, intro, campus_id, place) values ('c1', 1, 1, '', 1, '302')`,
			`insert into slot (public_id, counsellor_id, starts_at, ends_at, place, campus_id)
				select 's' || i, 1, now() + interval '1 day' + i * interval '1 second', now() + interval '1 day' + (i + 1) * interval '1 second', '302', 1
				from generate_series(1, ` + fmt.Sprint(n) + `) i`,
			`insert into seat (slot_id, number) select id, 1 from slot`,
			`insert into counselling_notice (version, body, published_at) values (1, '须知', now())`,
			`insert into counselling_consent (person_id, version, agreed_at) select id, 1, now() from person`,
			`analyze`,
		} {
			if _, err := tx.ExecContext(ctx, q); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		if err := tx.SelectContext(ctx, &slots, `select public_id from slot order by id`); err != nil {
			return err
		}
		var ids []int64
		if err := tx.SelectContext(ctx, &ids, `select id from person where kind = 'student' order by id`); err != nil {
			return err
		}
		keys := make([]identity.ID, len(ids))
		for i, id := range ids {
			keys[i] = identity.ID(id)
		}
		var err error
		students, err = identity.Persons(ctx, tx, keys...)
		return err
	})
	return db, url, students, slots
}

// BenchmarkSlots compares in pgbench, against an insert into a plain table (S1): the bare
// SQL by which a place is given once, a key and "on conflict do nothing"; the statement of
// the product, which also looks for the seat and the student's hour of the term, locks the
// hour and keeps eight indexes and two foreign keys; and an insert into a table of the same
// indexes and keys. Everybody is at a place of their own; hot is everybody at the same twenty.
func BenchmarkSlots(b *testing.B) {
	const places = 100_000
	db, url, _, _ := crowd(b, places)
	storetest.Update(b, db, func(tx *store.Tx) error {
		_, err := tx.Exec(`create table plain (id bigint generated always as identity primary key, slot_id bigint, student_id bigint,
				state text, held_until timestamptz, created_at timestamptz);
			create table bare (id bigint generated always as identity primary key, slot_id bigint not null, seat int not null, student_id bigint,
				state text, held_until timestamptz, created_at timestamptz);
			create unique index on bare (slot_id, seat) where state in ('offered', 'pending', 'confirmed', 'arrived', 'missed');
			create table same (like booking including all);
			alter table same add foreign key (slot_id, seat) references seat (slot_id, number), add foreign key (student_id) references person`)
		return err
	})
	take := strings.NewReplacer("$1", ":slot", "$2", "'b' || :k || '-' || :slot", "$3", ":k + 1", "$4", "null", "$5", "'page'",
		"$6", "timestamptz '2026-10-12'", "$7", "timestamptz '2026-10-12'", "$8", "'2026-2'", "$9", "8").Replace(bookSQL)
	own := fmt.Sprintf("\\set k random(1, %d)\n\\set slot :k\n", places)
	hot := fmt.Sprintf("\\set k random(1, %d)\n\\set slot random(1, 20)\n", places)
	for b.Loop() {
		plain := storetest.PgBench(b, url, own+"insert into plain (slot_id, student_id, state, held_until, created_at) values (:k, :k, 'pending', '2026-10-12', '2026-10-12');\n")
		bare := storetest.PgBench(b, url, own+"insert into bare (slot_id, seat, student_id, state, held_until, created_at) values (:k, 1, :k, 'pending', '2026-10-12', '2026-10-12') on conflict do nothing;\n")
		same := storetest.PgBench(b, url, own+"insert into same (public_id, slot_id, seat, student_id, via, held_until, created_at) values ('b' || :k, :slot, 1, :k + 1, 'page', '2026-10-12', '2026-10-12') on conflict do nothing;\n")
		spread := storetest.PgBench(b, url, own+take+";\n")
		crowded := storetest.PgBench(b, url, hot+take+";\n")
		b.ReportMetric(plain, "plain/s")
		b.ReportMetric(spread, "own/s")
		b.ReportMetric(bare, "bare/s")
		b.ReportMetric(bare/plain, "bare_x_plain")
		b.ReportMetric(same, "same/s")
		b.ReportMetric(spread/plain, "x_plain")
		b.ReportMetric(spread/same, "x_same")
		b.ReportMetric(crowded, "hot/s")
	}
	soundSeats(b, db, -1)
}

// BenchmarkBook is the whole verb in its transaction: booking, history, hold, audit and
// two messages, beside one pgbench script that writes the same rows.
func BenchmarkBook(b *testing.B) {
	db, url, students, slots := crowd(b, max(b.N, 30_000))
	limit := storetest.PgBench(b, url, sameRows)
	storetest.Update(b, db, func(tx *store.Tx) error {
		_, err := tx.Exec(`truncate booking, outbox, send, job, audit cascade; analyze`)
		return err
	})
	b.ResetTimer()
	storetest.Callers(b, 32, func(i int) {
		ctx := context.Background()
		if err := db.Update(ctx, func(tx *store.Tx) error {
			_, err := Book(ctx, tx, students[i], slots[i], "", ViaPage)
			return err
		}); err != nil {
			b.Error(err)
		}
	})
	report(b, limit)
	soundSeats(b, db, b.N)
}

// sameRows writes what one booking writes, row by row and of the same size, without
// looking at anything. Its students and hours are taken at random, so few meet.
const sameRows = `\set k random(1, 29000)
begin;
insert into booking (public_id, slot_id, seat, student_id, state, via, held_until, created_at, term, ordinal)
	values ('b' || :k, :k, 1, :k + 1, 'pending', 'page', '2036-10-12', '2026-10-12', '2026-2', 1) on conflict do nothing;
insert into booking_event (booking_id, at, state, person_id) select id, '2026-10-12', 'pending', :k + 1 from booking where public_id = 'b' || :k;
insert into job (public_id, kind, key, scope, args, due_at, created_at) values ('j' || :k, 'counselling.expire', 'k' || :k, 'unit:1', '{"booking": "fb8f9a36a5e1429a8a2b0a0f2f7f3c1d"}', '2036-10-12', '2026-10-12') on conflict do nothing;
insert into audit (at, person_id, verb, object, detail, mac) values ('2026-10-12', :k + 1, 'booking.book', 'booking/' || :k, '{"via": "page"}', decode(repeat('ab', 32), 'hex'));
insert into send (public_id, api, kind, class, scope, subject, args, due_at, created_at)
	values ('s' || :k, 'message', 'counselling.booked', 'reply', 'unit:1', 'booking/' || :k, decode(repeat('ab', 500), 'hex'), '2036-10-12', '2026-10-12') on conflict do nothing;
insert into outbox (send_id, person_id, key, due_at) select id, :k + 1, 'o' || :k, '2036-10-12' from send where public_id = 's' || :k on conflict do nothing;
insert into send (public_id, api, kind, class, scope, subject, args, due_at, open, decision, created_at)
	values ('t' || :k, 'message', 'counselling.requested', 'reply', 'unit:1', 'booking/' || :k, decode(repeat('ab', 500), 'hex'), '2036-10-12', true, true, '2026-10-12') on conflict do nothing;
insert into outbox (send_id, person_id, key, due_at) select id, 1, 'q' || :k, '2036-10-12' from send where public_id = 't' || :k on conflict do nothing;
commit;
`

func report(b *testing.B, limit float64) {
	b.Helper()
	b.StopTimer()
	perSecond := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(perSecond, "bookings/s")
	b.ReportMetric(limit, "pgbench/s")
	b.ReportMetric(perSecond/limit, "x_pgbench")
}

func soundSeats(b *testing.B, db *store.DB, want int) {
	b.Helper()
	storetest.Update(b, db, func(tx *store.Tx) error {
		var booked, double int
		if err := tx.Get(&booked, `select count(*) from booking where state = 'pending'`); err != nil {
			return err
		}
		if err := tx.Get(&double, `select count(*) from (select slot_id, seat from booking where state = 'pending' group by 1, 2 having count(*) > 1) d`); err != nil {
			return err
		}
		if want >= 0 && booked != want || double != 0 {
			b.Errorf("%d booked, want %d; %d double", booked, want, double)
		}
		return nil
	})
}
