package calendar_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/sheet"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

func TestOnlyAdministratorsAndOfficesEditTheCalendar(t *testing.T) {
	t.Parallel()
	db, _ := storetest.DB(t)
	s := calendar.Special{Day: day(t, "2026-10-01"), Kind: calendar.Holiday, Name: "国庆节"}
	for _, tt := range []struct {
		name string
		who  identity.Person
		may  bool
	}{
		{"admin", identity.Operator(), true},
		{"office", identity.Person{Roles: []identity.Role{{Name: identity.Office, Unit: 3}}}, true},
		{"counsellor", identity.Person{Roles: []identity.Role{{Name: identity.CentreHead, Unit: 3}}}, false},
		{"student", identity.Person{Kind: identity.Student}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := db.Update(t.Context(), func(tx *store.Tx) error {
				_, err := calendar.SaveDays(t.Context(), tx, tt.who, s)
				return err
			})
			if (err == nil) != tt.may {
				t.Errorf("SaveDays = %v, may = %v", err, tt.may)
			}
			err = db.Update(t.Context(), func(tx *store.Tx) error { return calendar.RemoveDay(t.Context(), tx, tt.who, s.Day) })
			if (err == nil) != tt.may {
				t.Errorf("RemoveDay = %v, may = %v", err, tt.may)
			}
		})
	}
}

func TestADaySavedAgainTakesThePlaceOfWhatWasThere(t *testing.T) {
	t.Parallel()
	db, _ := storetest.DB(t)
	save := func(want int, list ...calendar.Special) {
		t.Helper()
		storetest.Update(t, db, func(tx *store.Tx) error {
			got, err := calendar.SaveDays(t.Context(), tx, identity.Operator(), list...)
			if err == nil && got != want {
				t.Errorf("%d days changed, want %d", got, want)
			}
			return err
		})
	}
	off := calendar.Special{Day: day(t, "2026-10-10"), Kind: calendar.Holiday, Name: "校庆"}
	work := calendar.Special{Day: off.Day, Kind: calendar.MakeUp, Name: "国庆节调休", Follows: time.Wednesday}
	save(1, off)
	save(0, off)
	save(1, work)
	storetest.Update(t, db, func(tx *store.Tx) error {
		days, err := calendar.LoadDays(t.Context(), tx, off.Day, off.Day)
		if got, ok := days.On(off.Day); !ok || got.Kind != calendar.MakeUp || got.Follows != time.Wednesday {
			t.Errorf("the day is %+v, want the make-up day", got)
		}
		if err != nil {
			return err
		}
		return calendar.RemoveDay(t.Context(), tx, identity.Operator(), off.Day)
	})
	storetest.Update(t, db, func(tx *store.Tx) error {
		list, err := calendar.Year(t.Context(), tx, 2026)
		if len(list) != 0 {
			t.Errorf("%d special days are left, want none", len(list))
		}
		return err
	})
}

func TestWhatCannotBeADayIsMarkedAndNotWritten(t *testing.T) {
	t.Parallel()
	db, _ := storetest.DB(t)
	for _, tt := range []struct {
		field string
		day   calendar.Special
	}{
		{"day", calendar.Special{Kind: calendar.Holiday, Name: "国庆节"}},
		{"kind", calendar.Special{Day: day(t, "2026-10-01"), Name: "国庆节"}},
		{"name", calendar.Special{Day: day(t, "2026-10-01"), Kind: calendar.Holiday}},
		{"follows", calendar.Special{Day: day(t, "2026-10-10"), Kind: calendar.MakeUp, Name: "调休"}},
		{"follows", calendar.Special{Day: day(t, "2026-10-10"), Kind: calendar.MakeUp, Name: "调休", Follows: time.Saturday}},
	} {
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := calendar.SaveDays(t.Context(), tx, identity.Operator(), tt.day)
			return err
		})
		if errs.FieldsOf(err)[tt.field] == "" {
			t.Errorf("SaveDays(%+v) = %v, want %s marked", tt.day, err, tt.field)
		}
	}
}

func TestReadDays(t *testing.T) {
	t.Parallel()
	table, err := sheet.Read(strings.NewReader("日期,类型,名称,按周几上班\n2026-10-01,放假,国庆节,\n2026/10/10,调休上班,国庆节调休,周三\n2026-10-01,放假,国庆节,\n十月二日,放假,国庆节,\n2026-9-20,上班,调休,\n"))
	if err != nil {
		t.Fatal(err)
	}
	list, wrong, err := calendar.ReadDays(table)
	if err != nil {
		t.Fatal(err)
	}
	want := []calendar.Special{
		{Day: day(t, "2026-10-01"), Kind: calendar.Holiday, Name: "国庆节"},
		{Day: day(t, "2026-10-10"), Kind: calendar.MakeUp, Name: "国庆节调休", Follows: time.Wednesday},
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("days (-want +got):\n%s", diff)
	}
	wantWrong := []calendar.RowError{{4, "和第 2 行是同一天，请留一行。"}, {5, "日期写成 2026-10-01 这样。"}, {6, "请选这一天按周几上班。"}}
	if diff := cmp.Diff(wantWrong, wrong); diff != "" {
		t.Errorf("wrong rows (-want +got):\n%s", diff)
	}
}
