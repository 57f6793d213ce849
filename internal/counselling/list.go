package counselling

import (
	"context"
	"fmt"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// Purpose is why a list with names leaves the desk.
type Purpose string

// Purposes lists why a list may be taken along, the likely one first. Numbers without
// names are in Figures and need none.
func Purposes() []Purpose { return []Purpose{"check", "archive", "handover", "inspection"} }

// Label is the word people read, "" if it is no purpose.
func (p Purpose) Label() string {
	switch p {
	case "check":
		return "核对预约和到访"
	case "archive":
		return "学年归档"
	case "handover":
		return "工作交接"
	case "inspection":
		return "按规定接受检查"
	}
	return ""
}

// The limits of one list.
const (
	maxListDays = 366
	maxListRows = 20_000
)

// List returns the bookings of hours that begin in [from, to), whatever became of them,
// in the order of the hours, for a file to take along. It holds who came and when, never
// what was written: no wish, no answers, no note. Only the head of the centre may have
// it, with a purpose, and each list is a line of the audit log (D-10).
func List(ctx context.Context, tx *store.Tx, who identity.Person, centre int64, from, to time.Time, why Purpose) ([]Booking, error) {
	if !who.HasIn(centre, identity.CentreHead) {
		return nil, ErrConfidential
	}
	fields := map[string]string{}
	if !from.Before(to) || to.Sub(from) > maxListDays*24*time.Hour+time.Hour {
		fields["to"] = "请选一年以内的一段时间，结束不早于开始。"
	}
	if why.Label() == "" {
		fields["why"] = "请选导出的用途，会记在审计日志里。"
	}
	if err := wrong(fields); err != nil {
		return nil, err
	}
	list, err := bookingsBetween(ctx, tx, centre, from, to, maxListRows+1)
	if err != nil {
		return nil, fmt.Errorf("list bookings: %w", err)
	}
	if len(list) > maxListRows {
		return nil, errs.Field("to", fmt.Sprintf("这一段超过 %d 条，请分几段导出。", maxListRows))
	}
	for i := range list {
		list[i].Wish = ""
	}
	return list, audit.Append(ctx, tx, int64(who.ID), "booking.export", fmt.Sprintf("unit/%d", centre), map[string]any{
		"from": from.In(tx.Zone()).Format(time.DateOnly), "until": to.In(tx.Zone()).Format(time.DateOnly), "purpose": string(why), "rows": len(list),
	})
}
