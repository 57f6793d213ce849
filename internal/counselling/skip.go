package counselling

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/store"
)

// skip keeps a wait from hours its student could not book: nobody holds up the queue with
// an offer they cannot accept. The wait keeps its place.
type skip struct {
	Wait  int64      `db:"wait_id" json:"wait_id"`
	From  *time.Time `db:"hours_from" json:"hours_from"` // the hours that begin from here on,
	To    *time.Time `db:"hours_to" json:"hours_to"`     // and before; nil: every hour
	Until *time.Time `db:"until" json:"until"`           // when it is over; nil: no time ends it
}

// skips is who is passed over, as the queries of the queue read it.
type skips []skip

// skipsAt returns who of a centre is passed over at a time: whose booking is paused, who
// has had the hours of a term, and who took the consent back (the rules of Book). Centre 0
// is all of them.
func skipsAt(ctx context.Context, tx *store.Tx, centre int64, set Settings, at time.Time) (skips, error) {
	terms, err := json.Marshal(set.terms(at, set.horizon(tx.Now()), tx.Zone()))
	if err != nil {
		return nil, fmt.Errorf("write terms: %w", err)
	}
	list, err := selectSkips(ctx, tx, centre, set, at, string(terms))
	if err != nil {
		return nil, fmt.Errorf("find who is passed over: %w", err)
	}
	return list, nil
}

// terms are the terms that touch [from, to].
func (s Settings) terms(from, to time.Time, zone *time.Location) []Term {
	list := []Term{s.Term(from, zone)}
	for last := list[0]; !last.To.After(to); {
		last = s.Term(last.To, zone)
		list = append(list, last)
	}
	return list
}

// param is the list as a parameter of a query.
func (s skips) param() (string, error) {
	if s == nil {
		s = skips{}
	}
	b, err := json.Marshal(s)
	return string(b), err
}

// next is when the first of them is over, the zero time if none ends by itself.
func (s skips) next() (first time.Time) {
	for _, k := range s {
		if k.Until != nil && (first.IsZero() || k.Until.Before(first)) {
			first = *k.Until
		}
	}
	return first
}

// whySkipped tells who waits why places go to the others for now, "" if they do not.
func whySkipped(ctx context.Context, tx *store.Tx, w Wait) (string, error) {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return "", err
	}
	all, err := skipsAt(ctx, tx, w.centre, set, tx.Now())
	if err != nil {
		return "", err
	}
	for _, k := range all {
		if k.Wait == w.id {
			return k.says(set, tx.Zone()), nil
		}
	}
	return "", nil
}

// tellSkipped writes to each wait of a centre, for the centre, why it is passed over now.
func tellSkipped(ctx context.Context, tx *store.Tx, centre int64, list []Wait) error {
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return err
	}
	over, err := skipsAt(ctx, tx, centre, set, tx.Now())
	if err != nil {
		return err
	}
	why := make(map[int64][]string, len(over))
	for _, k := range over {
		why[k.Wait] = append(why[k.Wait], k.saysOf(set, tx.Zone()))
	}
	for i, w := range list {
		list[i].Skipped = strings.Join(why[w.id], "；")
	}
	return nil
}

// says is for the student who waits.
func (k skip) says(set Settings, zone *time.Location) string {
	switch {
	case k.Until != nil:
		return fmt.Sprintf("你的预约暂停到 %s，在那之前空位先问后面的同学，你的位置不变。有特殊情况，可以在“我的预约”里说明。", calendar.Date(*k.Until, zone))
	case k.To != nil:
		return fmt.Sprintf("这学期的 %d 次已经约满，%s起的空位再问你，你的位置不变。着急请直接联系中心。", set.TermLimit, calendar.Date(*k.To, zone))
	default:
		return "你撤回了同意，空位先问后面的同学。重新读完预约须知，就接着问你，你的位置不变。"
	}
}

// saysOf is for the centre.
func (k skip) saysOf(set Settings, zone *time.Location) string {
	switch {
	case k.Until != nil:
		return "预约暂停到 " + calendar.Date(*k.Until, zone) + "，那天起接着问"
	case k.To != nil:
		return fmt.Sprintf("这学期的 %d 次已经约满，%s起的空位再问", set.TermLimit, calendar.Date(*k.To, zone))
	default:
		return "撤回了对须知的同意，重新同意后接着问"
	}
}
