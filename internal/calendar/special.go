package calendar

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/sheet"
	"github.com/xuegong/xuegong/internal/store"
)

// LoadDays returns the special days from the date of from to that of to, both included.
func LoadDays(ctx context.Context, tx *store.Tx, from, to time.Time) (Days, error) {
	list, err := selectDays(ctx, tx, from, to)
	if err != nil {
		return nil, fmt.Errorf("load special days: %w", err)
	}
	return NewDays(list...), nil
}

// Year lists the special days of a year, the first one first. Everybody may read it.
func Year(ctx context.Context, tx *store.Tx, year int) ([]Special, error) {
	list, err := selectDays(ctx, tx, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC))
	if err != nil {
		return nil, fmt.Errorf("list special days: %w", err)
	}
	return list, nil
}

// MayEdit tells whether the person may change the school's calendar: an administrator
// or an office.
func MayEdit(who identity.Person) bool {
	return who.HasIn(0, identity.Admin) || who.Has(identity.Office)
}

// SaveDays puts special days into the calendar, each in the place of what its date had,
// and returns how many that changed; the same day again changes nothing.
func SaveDays(ctx context.Context, tx *store.Tx, who identity.Person, list ...Special) (int, error) {
	if !MayEdit(who) {
		return 0, identity.ErrForbidden
	}
	for _, s := range list {
		if err := s.check(); err != nil {
			return 0, err
		}
	}
	changed, err := upsertDays(ctx, tx, list, who.ID)
	if err != nil {
		return 0, fmt.Errorf("save special days: %w", err)
	}
	for _, day := range changed {
		if err := audit.Append(ctx, tx, int64(who.ID), "calendar.save", "special_day/"+day, nil); err != nil {
			return 0, err
		}
	}
	return len(changed), nil
}

// RemoveDay makes the date an ordinary day again. Removing what is not there changes
// nothing.
func RemoveDay(ctx context.Context, tx *store.Tx, who identity.Person, day time.Time) error {
	if !MayEdit(who) {
		return identity.ErrForbidden
	}
	gone, err := deleteDay(ctx, tx, day)
	if err != nil {
		return fmt.Errorf("remove special day: %w", err)
	}
	if !gone {
		return nil
	}
	return audit.Append(ctx, tx, int64(who.ID), "calendar.remove", "special_day/"+day.Format(time.DateOnly), nil)
}

// The years a calendar is kept for.
const (
	firstYear = 2020
	lastYear  = 2100
)

func (s Special) check() error {
	fields := map[string]string{}
	if y := s.Day.Year(); y < firstYear || y > lastYear {
		fields["day"] = "日期写成 2026-10-01 这样。"
	}
	if s.Kind != Holiday && s.Kind != MakeUp {
		fields["kind"] = "请选放假或调休上班。"
	}
	if n := len([]rune(s.Name)); n < 1 || n > 20 {
		fields["name"] = "名称写 1 到 20 个字，例如 国庆节。"
	}
	if s.Kind == MakeUp && (s.Follows < time.Monday || s.Follows > time.Friday) {
		fields["follows"] = "请选这一天按周几上班。"
	}
	if len(fields) > 0 {
		return &errs.Error{Kind: errs.Invalid, Message: "有几项需要改一下，已经标出。", Fields: fields}
	}
	return nil
}

// RowError is what is wrong with a row of a sheet of days.
type RowError struct {
	Row     int
	Message string
}

// The columns of a sheet of days, the first name of each is the one we ask for.
func columns() [4][]string {
	return [4][]string{{"日期"}, {"类型", "安排"}, {"名称", "节日"}, {"按周几上班", "按周几", "补哪天"}}
}

// ReadDays reads the special days of a sheet: 日期, 类型 (放假 or 调休上班), 名称, and of
// make-up days 按周几上班. With any row wrong the days are not to be used.
func ReadDays(t sheet.Table) ([]Special, []RowError, error) {
	var at [4]int
	for i, names := range columns() {
		at[i] = t.Column(names...)
		if at[i] < 0 && i < 3 {
			return nil, nil, errs.Field("file", "表头里没有“"+names[0]+"”这一列。第一行写：日期、类型、名称、按周几上班。")
		}
	}
	var list []Special
	var wrong []RowError
	seen := map[string]int{}
	for _, row := range t.Rows {
		s, sentence := readDay(row, at)
		key := s.Day.Format(time.DateOnly)
		if first, ok := seen[key]; ok && sentence == "" {
			sentence = fmt.Sprintf("和第 %d 行是同一天，请留一行。", first)
		}
		if sentence != "" {
			wrong = append(wrong, RowError{Row: row.Number, Message: sentence})
			continue
		}
		seen[key] = row.Number
		list = append(list, s)
	}
	return list, wrong, nil
}

func readDay(row sheet.Row, at [4]int) (Special, string) {
	s := Special{Name: row.Cells[at[2]]}
	var ok bool
	if s.Day, ok = readDate(row.Cells[at[0]]); !ok {
		return s, "日期写成 2026-10-01 这样。"
	}
	switch row.Cells[at[1]] {
	case "放假", "休", "节假日", "holiday":
		s.Kind = Holiday
	case "调休上班", "上班", "班", "补班", "调休", "workday":
		s.Kind = MakeUp
	default:
		return s, "类型写“放假”或“调休上班”。"
	}
	if s.Kind == MakeUp && at[3] >= 0 {
		s.Follows = readWeekday(row.Cells[at[3]])
	}
	if err := s.check(); err != nil {
		for _, sentence := range errs.FieldsOf(err) {
			return s, sentence
		}
	}
	return s, ""
}

func readDate(v string) (time.Time, bool) {
	for _, layout := range []string{"2006-1-2", "2006/1/2", "2006.1.2", "20060102", "2006年1月2日"} {
		if t, err := time.Parse(layout, v); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// readWeekday reads 周四, 星期四, 四 or 4; what is none of Monday to Friday is Sunday.
func readWeekday(v string) time.Weekday {
	v = strings.TrimPrefix(strings.TrimPrefix(v, "周"), "星期")
	for i, names := range []string{"一1", "二2", "三3", "四4", "五5"} {
		if v != "" && strings.Contains(names, v) {
			return time.Weekday(i + 1)
		}
	}
	return time.Sunday
}
