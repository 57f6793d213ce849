package calendar

import (
	"context"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

func selectDays(ctx context.Context, tx *store.Tx, from, to time.Time) ([]Special, error) {
	var rows []struct {
		Day     string       `db:"day"`
		Kind    Kind         `db:"kind"`
		Name    string       `db:"name"`
		Follows time.Weekday `db:"follows"`
	}
	if err := tx.SelectContext(ctx, &rows, `
		select to_char(day, 'YYYY-MM-DD') as day, kind, name, coalesce(follows, 0) follows from special_day
		where special_day.day between $1::date and $2::date order by special_day.day`, from.Format(time.DateOnly), to.Format(time.DateOnly)); err != nil {
		return nil, err
	}
	list := make([]Special, len(rows))
	for i, r := range rows {
		day, err := time.ParseInLocation(time.DateOnly, r.Day, tx.Zone())
		if err != nil {
			return nil, err
		}
		list[i] = Special{Day: day, Kind: r.Kind, Name: r.Name, Follows: r.Follows}
	}
	return list, nil
}

// upsertDays writes the days and returns the dates of those that changed.
func upsertDays(ctx context.Context, tx *store.Tx, list []Special, by identity.ID) ([]string, error) {
	days, kinds, names, follows := make([]string, len(list)), make([]string, len(list)), make([]string, len(list)), make([]int64, len(list))
	for i, s := range list {
		days[i], kinds[i], names[i] = s.Day.Format(time.DateOnly), string(s.Kind), s.Name
		if s.Kind == MakeUp {
			follows[i] = int64(s.Follows)
		}
	}
	var changed []string
	err := tx.SelectContext(ctx, &changed, `
		insert into special_day (day, kind, name, follows, changed_by, changed_at)
		select v.day::date, v.kind, v.name, nullif(v.follows, 0), nullif($5::bigint, 0), $6
		from unnest($1::text[], $2::text[], $3::text[], $4::int[]) v(day, kind, name, follows) order by v.day
		on conflict (day) do update set kind = excluded.kind, name = excluded.name, follows = excluded.follows,
			changed_by = excluded.changed_by, changed_at = excluded.changed_at
		where (special_day.kind, special_day.name, special_day.follows) is distinct from (excluded.kind, excluded.name, excluded.follows)
		returning to_char(day, 'YYYY-MM-DD')`,
		pq.Array(days), pq.Array(kinds), pq.Array(names), pq.Array(follows), by, tx.Now())
	return changed, err
}

func deleteDay(ctx context.Context, tx *store.Tx, day time.Time) (bool, error) {
	res, err := tx.ExecContext(ctx, `delete from special_day where day = $1::date`, day.Format(time.DateOnly))
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}
