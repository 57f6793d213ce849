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

// Bucket is how a span is cut.
type Bucket string

// The buckets.
const (
	ByWeek  Bucket = "week"
	ByMonth Bucket = "month"
)

// fewest is the smallest group that is shown: in a smaller one somebody could be
// recognised.
const fewest = 5

// Count is a number that may have to stay unsaid.
type Count struct {
	N      int
	Hidden bool // N is small, or would tell a small one by subtraction; it is 0 then
}

// Line is what is counted of one week or month, counsellor, campus, or of all. Bookings
// count where their hour begins, each once, by what became of it.
type Line struct {
	Name string
	From time.Time // of a week or month

	Requested, Arrived, Missed, Cancelled, Declined, Open Count

	// WaitDays is the median from the request to the hour, in days to a tenth; -1 where the
	// group is too small.
	WaitDays float64
	// Seats were offered in open hours, Taken of them used. Of a week or month they are 0.
	Seats, Taken int

	id int64 // of the counsellor or campus
}

// Figures are what a centre reports of a span, without identities.
type Figures struct {
	From, To    time.Time
	By          Bucket
	Total       Line
	Spans       []Line
	Counsellors []Line
	Campuses    []Line
}

// maxFigures bounds the span, in days.
const maxFigures = 732

// LoadFigures counts what happened in the hours that begin in [from, to). Only who runs
// the centre may read it, and it is audited.
func LoadFigures(ctx context.Context, tx *store.Tx, who identity.Person, centre int64, from, to time.Time, by Bucket) (Figures, error) {
	if !runsCentre(who, centre) {
		return Figures{}, ErrConfidential
	}
	if !from.Before(to) || to.Sub(from) > maxFigures*24*time.Hour {
		return Figures{}, errs.Field("to", "请选两年以内的一段时间，结束要在开始之后。")
	}
	if by != ByMonth {
		by = ByWeek
	}
	counts, err := countBookings(ctx, tx, centre, from, to, by)
	if err != nil {
		return Figures{}, fmt.Errorf("count bookings: %w", err)
	}
	seats, err := countSeats(ctx, tx, centre, from, to)
	if err != nil {
		return Figures{}, fmt.Errorf("count seats: %w", err)
	}
	f := Figures{From: from, To: to, By: by}
	f.arrange(counts, seats, tx.Zone())
	return f, audit.Append(ctx, tx, int64(who.ID), "figures.read", fmt.Sprintf("unit/%d", centre),
		map[string]any{"from": from.In(tx.Zone()).Format(time.DateOnly), "to": to.In(tx.Zone()).Format(time.DateOnly)})
}

// arrange puts the rows of all groupings where they belong and hides what is small.
func (f *Figures) arrange(counts []countRow, seats []seatsRow, zone *time.Location) {
	for _, r := range counts {
		l := r.line()
		switch {
		case r.Bucket.Valid:
			l.From, l.Taken = r.Bucket.Time.In(zone), 0
			f.Spans = append(f.Spans, l)
		case r.Counsellor.Valid:
			l.id = r.Counsellor.Int64
			f.Counsellors = append(f.Counsellors, l)
		case r.Campus.Valid:
			l.id = r.Campus.Int64
			f.Campuses = append(f.Campuses, l)
		default:
			f.Total = l
		}
	}
	for _, s := range seats {
		switch {
		case s.Counsellor.Valid:
			f.Counsellors = offered(f.Counsellors, s.Counsellor.Int64, s)
		case s.Campus.Valid:
			f.Campuses = offered(f.Campuses, s.Campus.Int64, s)
		default:
			f.Total.Seats = s.Seats
		}
	}
	for _, lines := range [][]Line{f.Spans, f.Counsellors, f.Campuses} {
		hide(lines)
	}
	total := []Line{f.Total}
	hide(total)
	f.Total = total[0]
}

func (r countRow) line() Line {
	l := Line{
		Name: r.Name.String, Requested: Count{N: r.Requested}, Arrived: Count{N: r.Arrived}, Missed: Count{N: r.Missed},
		Cancelled: Count{N: r.Cancelled}, Declined: Count{N: r.Declined},
		Open:     Count{N: r.Requested - r.Arrived - r.Missed - r.Cancelled - r.Declined},
		WaitDays: -1, Taken: r.Taken,
	}
	if r.WaitDays.Valid && r.Waited >= fewest {
		l.WaitDays = r.WaitDays.Float64
	}
	return l
}

// offered adds the places of a counsellor or campus that may have had no booking.
func offered(lines []Line, id int64, s seatsRow) []Line {
	for i := range lines {
		if lines[i].id == id {
			lines[i].Seats = s.Seats
			return lines
		}
	}
	return append(lines, Line{Name: s.Name.String, WaitDays: -1, Seats: s.Seats, id: id})
}

// parts are the numbers of a line that add up to Requested.
func (l *Line) parts() []*Count {
	return []*Count{&l.Arrived, &l.Missed, &l.Cancelled, &l.Declined, &l.Open}
}

// hide takes away every small number, and then, until nothing is left to subtract, the
// smallest beside a number that stands hidden alone in its line or its column.
func hide(lines []Line) {
	for i := range lines {
		if n := lines[i].Requested.N; n > 0 && n < fewest {
			lines[i].Requested.Hidden = true
		}
		for _, c := range lines[i].parts() {
			c.Hidden = c.N > 0 && c.N < fewest
		}
	}
	for again := true; again; {
		again = false
		for i := range lines {
			again = accompany(lines[i].parts()) || again
		}
		if len(lines) < 2 {
			continue
		}
		for column := range lines[0].parts() {
			again = accompany(columnOf(lines, column)) || again
		}
		requested := make([]*Count, len(lines))
		for i := range lines {
			requested[i] = &lines[i].Requested
		}
		again = accompany(requested) || again
	}
	for i := range lines {
		for _, c := range append(lines[i].parts(), &lines[i].Requested) {
			if c.Hidden {
				c.N = 0
			}
		}
	}
}

func columnOf(lines []Line, column int) []*Count {
	list := make([]*Count, len(lines))
	for i := range lines {
		list[i] = lines[i].parts()[column]
	}
	return list
}

// accompany hides a second number where only one is hidden; it tells whether it did.
func accompany(counts []*Count) bool {
	hidden := 0
	var smallest *Count
	for _, c := range counts {
		switch {
		case c.Hidden:
			hidden++
		case c.N > 0 && (smallest == nil || c.N < smallest.N):
			smallest = c
		}
	}
	if hidden != 1 || smallest == nil {
		return false
	}
	smallest.Hidden = true
	return true
}
