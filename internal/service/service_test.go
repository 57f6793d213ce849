package service_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

func TestWindow(t *testing.T) {
	t.Parallel()
	zone := storetest.Shanghai()
	at := func(s string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04:05", s, zone)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, tt := range []struct {
		name   string
		window service.Window
		at     string
		open   bool
		text   string
	}{
		{"no_window", service.Window{}, "2026-10-12 09:00:00", true, "全年可以申请"},
		{"a_second_before", service.Window{Opens: "2026-09-01", Closes: "2026-09-30"}, "2026-08-31 23:59:59", false, "9月1日至9月30日开放申请"},
		{"the_first_second", service.Window{Opens: "2026-09-01", Closes: "2026-09-30"}, "2026-09-01 00:00:00", true, "9月1日至9月30日开放申请"},
		{"the_last_second", service.Window{Opens: "2026-09-01", Closes: "2026-09-30"}, "2026-09-30 23:59:59", true, "9月1日至9月30日开放申请"},
		{"a_second_after", service.Window{Opens: "2026-09-01", Closes: "2026-09-30"}, "2026-10-01 00:00:00", false, "已于9月30日截止"},
		{"without_end", service.Window{Opens: "2026-09-01"}, "2030-01-01 00:00:00", true, "2026年9月1日起开放申请"},
		{"without_begin", service.Window{Closes: "2026-09-30"}, "2026-01-01 00:00:00", true, "9月30日截止"},
		{"every_year_now", service.Window{Opens: "09-01", Closes: "12-31"}, "2029-10-12 09:00:00", true, "9月1日至12月31日开放申请"},
		{"every_year_not_yet", service.Window{Opens: "09-01", Closes: "12-31"}, "2029-03-12 09:00:00", false, "9月1日至12月31日开放申请"},
		{"every_year_over_and_next", service.Window{Opens: "03-01", Closes: "06-30"}, "2029-10-12 09:00:00", false, "2030年3月1日至2030年6月30日开放申请"},
		{"over_the_new_year", service.Window{Opens: "11-01", Closes: "02-28"}, "2030-01-12 09:00:00", true, "2029年11月1日至2月28日开放申请"},
		{"over_the_new_year_begins", service.Window{Opens: "11-01", Closes: "02-28"}, "2029-11-01 00:00:00", true, "11月1日至2030年2月28日开放申请"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			when := at(tt.at)
			if open, text := tt.window.Open(when, zone), tt.window.Text(when, zone); open != tt.open || text != tt.text {
				t.Errorf("open %v, %q; want %v, %q", open, text, tt.open, tt.text)
			}
		})
	}
}

func TestDue_is_the_end_of_the_last_day(t *testing.T) {
	t.Parallel()
	zone := storetest.Shanghai()
	submitted := time.Date(2026, 9, 28, 23, 0, 0, 0, zone)
	d := service.Definition{Window: service.Window{Opens: "09-01", Closes: "09-30"}}
	for name, tt := range map[string]struct {
		d    service.Definition
		days int
		want time.Time
	}{
		"after_so_many_days": {d, 7, time.Date(2026, 10, 6, 0, 0, 0, 0, zone)},
		"with_the_window":    {d, 0, time.Date(2026, 10, 1, 0, 0, 0, 0, zone)},
		"never":              {service.Definition{}, 0, time.Time{}},
	} {
		if got := tt.d.Due(service.Material{DeadlineDays: tt.days}, submitted, zone); !got.Equal(tt.want) {
			t.Errorf("%s: due %v, want %v", name, got, tt.want)
		}
	}
}

func TestAmount_in_fen(t *testing.T) {
	t.Parallel()
	f := form.Form{Fields: []form.Field{{Name: "days", Label: "天数", Kind: form.Integer}, {Name: "price", Label: "金额", Kind: form.Money}}}
	answers := form.Answers{"days": {Number: 21}, "price": {Number: 33_35}}
	for name, tt := range map[string]struct {
		amount service.Amount
		want   int64
		ok     bool
	}{
		"fixed":             {service.Amount{Fixed: "800"}, 800_00, true},
		"each_day":          {service.Amount{Field: "days", Each: "30.50"}, 640_50, true},
		"each_day_at_most":  {service.Amount{Field: "days", Each: "30.50", AtMost: "600"}, 600_00, true},
		"what_was_paid":     {service.Amount{Field: "price"}, 33_35, true},
		"a_part_of_it":      {service.Amount{Field: "price", Percent: 50}, 16_67, true},
		"a_part_at_most":    {service.Amount{Field: "price", Percent: 50, AtMost: "10"}, 10_00, true},
		"of_nothing_filled": {service.Amount{Field: "total"}, 0, false},
	} {
		if got, ok := tt.amount.Of(f, answers); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %d, %v; want %d, %v", name, got, ok, tt.want, tt.ok)
		}
	}
}

func TestText_is_the_files_or_ours_with_what_the_service_knows(t *testing.T) {
	t.Parallel()
	d := filesOf(t, map[string]*strings.Replacer{"a-fund": asItIs()})[0].Definition
	for key, want := range map[string]string{
		"submitted":  "阅读补助已收到，A1。",
		"rejected":   "阅读补助这次没有通过：发票看不清。对结果有疑问，10 天内可以联系学工处。",
		"pay_failed": "阅读补助这次放款没有成功：发票看不清。请联系勤工助学中心 8300 1102。",
		"printed":    "阅读补助已打印。请带学生证到勤工助学中心（东校区 3 号楼 102）领取，工作日 8:30–17:00。",
	} {
		if got := d.Text(key, map[string]string{"number": "A1", "reason": "发票看不清。"}); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

func TestSteps_take_the_words_of_the_file(t *testing.T) {
	t.Parallel()
	o := service.Outcome{Kind: service.Payout, States: []service.State{{Code: "to_pay", Title: "等待发放"}}}
	want := []service.State{{"to_pay", "等待发放", "由财务统一发放"}, {"paid", "已放款", ""}, {"pay_failed", "放款未成功", "请核对收款信息"}}
	if diff := cmp.Diff(want, o.Steps()); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestContactsFor_are_those_of_the_campus(t *testing.T) {
	t.Parallel()
	d := service.Definition{Contacts: []service.Contact{{Campus: "东校区", Name: "甲"}, {Campus: "西校区", Name: "乙"}, {Name: "丙"}}}
	for campus, want := range map[string]string{"东校区": "甲丙", "西校区": "乙丙", "南校区": "丙"} {
		var got string
		for _, c := range d.ContactsFor(campus) {
			got += c.Name
		}
		if got != want {
			t.Errorf("%s: %s, want %s", campus, got, want)
		}
	}
}
