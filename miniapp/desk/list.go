package desk

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"strconv"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/sheet"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// List asks for which span and why the bookings with names are taken along.
type List struct{ Base }

// Template implements page.Page.
func (*List) Template() string { return "desk/list" }

// Purposes are what the list may be for.
func (*List) Purposes() []Choice {
	choices := []Choice{{"", "请选用途"}}
	for _, p := range counselling.Purposes() {
		choices = append(choices, Choice{string(p), p.Label()})
	}
	return choices
}

// askList shows the form; by default the month so far.
func askList(c *page.Context) error {
	today := c.Now().In(c.Zone())
	return show(c, &List{Base: Base{Form: Form{"from": today.Format("2006-01") + "-01", "to": today.Format(time.DateOnly)}}}, loadList, nil)
}

func loadList(c *page.Context, p *List) error {
	p.Title = "导出名单"
	return read(c, p, func(_ *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err == nil && !who.HasIn(centre, identity.CentreHead) {
			return counselling.ErrConfidential
		}
		return err
	})
}

// file is a kind of file a list is written as.
type file struct {
	name, mediaType string
	write           func(w io.Writer, header []string, rows iter.Seq[[]string]) error
}

const xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

func listXLSX(c *page.Context) error { return sendList(c, file{"bookings.xlsx", xlsx, sheet.Write}) }

func listCSV(c *page.Context) error {
	return sendList(c, file{"bookings.csv", "text/csv; charset=utf-8", sheet.WriteCSV})
}

// sendList answers with the file; reading it is audited.
func sendList(c *page.Context, f file) error {
	form := Form{"from": c.Query("from"), "to": c.Query("to"), "why": c.Query("why")}
	var list []counselling.Booking
	err := c.Update(func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		from, _ := form.date("from", c.Zone()) // what is no date is no span, which the verb refuses
		to, ok := form.date("to", c.Zone())
		if ok {
			to = to.AddDate(0, 0, 1)
		}
		list, err = counselling.List(c, tx, who, centre, from, to, counselling.Purpose(form["why"]))
		return err
	})
	if errs.KindOf(err) == errs.Invalid {
		p := &List{Base: Base{Form: form}}
		if err := loadList(c, p); err != nil {
			return err
		}
		return answer(c, p, err)
	}
	if err != nil {
		return err
	}
	var b bytes.Buffer
	header := []string{"日期", "开始", "结束", "老师", "校区", "地点", "姓名", "学号", "学院", "状态", "预约时间", "改期次数"}
	if err := f.write(&b, header, rowsOf(list, c.Zone())); err != nil {
		return fmt.Errorf("export list: %w", err)
	}
	return c.Attachment(f.name, f.mediaType, b.Bytes())
}

func rowsOf(list []counselling.Booking, zone *time.Location) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for _, b := range list {
			if !yield([]string{
				b.Slot.StartsAt.In(zone).Format(time.DateOnly), b.Slot.StartsAt.In(zone).Format("15:04"), b.Slot.EndsAt.In(zone).Format("15:04"),
				b.Slot.Name, b.Slot.Campus, b.Slot.Place, b.Student.Name, b.Student.Number, b.Student.College,
				b.State.Label(), b.CreatedAt.In(zone).Format("2006-01-02 15:04"), strconv.Itoa(b.Moves),
			}) {
				return
			}
		}
	}
}
