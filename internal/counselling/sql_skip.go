package counselling

import (
	"context"
	"time"

	"github.com/xuegong/xuegong/internal/store"
)

// selectSkips says in SQL what standing.refuse says of one student: of the strikes that
// count at a time, of the hours of each term, and of the consent; centre 0 is all.
func selectSkips(ctx context.Context, tx *store.Tx, centre int64, set Settings, at time.Time, terms string) (skips, error) {
	var list skips
	err := tx.SelectContext(ctx, &list, `
		with w as (
			select w.id, w.student_id, b.term has from wait w
			left join booking b on b.student_id = w.student_id and b.state in ('pending', 'confirmed')
			where ($1::bigint = 0 or w.centre_id = $1) and w.ended_at is null
		), paused as (
			select w.id, least(((max(s.at) at time zone $2)::date + $4::int + 1)::timestamp at time zone $2, max(s.lapses_at)) until
			from w join strike s on s.student_id = w.student_id
			where w.has is null and s.state <> 'lifted' and s.lapses_at > $3 -- who has a booking only moves it
			group by w.id having $5::int > 0 and count(*) >= $5::int
		)
		select id wait_id, null::timestamptz hours_from, null::timestamptz hours_to, until from paused where until > $3
		union all
		select w.id, t."From", t."To", null from w cross join jsonb_to_recordset($6) t("Name" text, "From" timestamptz, "To" timestamptz)
			where w.has is distinct from t."Name" -- a move within the term takes no further hour
				and (select count(*) from booking b where b.student_id = w.student_id and b.term = t."Name"
					and b.state in ('pending', 'confirmed', 'arrived', 'missed')) >= $7
		union all
		select w.id, null, null, null from w where not exists (
			select 1 from counselling_consent k where k.person_id = w.student_id and k.withdrawn_at is null)`,
		centre, tx.Zone().String(), at, set.PauseDays, set.StrikeLimit, terms, set.TermLimit)
	return list, err
}

// notSkipped leaves out hours s that wait w is passed over for at a time that the query
// names; $2 is the list of skips.
func notSkipped(at string) string {
	return `
	not exists (select 1 from jsonb_to_recordset($2::jsonb) k(wait_id bigint, hours_from timestamptz, hours_to timestamptz, until timestamptz)
		where k.wait_id = w.id and (k.until is null or k.until > ` + at + `)
			and (k.hours_from is null or k.hours_from <= s.starts_at) and (k.hours_to is null or k.hours_to > s.starts_at))`
}
