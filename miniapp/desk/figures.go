package desk

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/sheet"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Figures are the centre's numbers of a span, without identities.
type Figures struct {
	Base
	counselling.Figures
	Last time.Time // the last day of the span
}

// Template implements page.Page.
func (*Figures) Template() string { return "desk/figures" }

// Export is the address of the same numbers as a table file.
func (p *Figures) Export() string {
	return address("/desk/counselling/figures.xlsx", "from", p.Form["from"], "to", p.Form["to"], "by", p.Form["by"])
}

// Label names a week by its Monday, a month by its number.
func (p *Figures) Label(l counselling.Line) string {
	switch {
	case l.From.IsZero():
		return l.Name
	case p.By == counselling.ByMonth:
		return l.From.Format("2006年1月")
	default:
		return l.From.Format("1月2日") + "起"
	}
}

// LineOf is a line and the page it stands on, for the template that shows it.
type LineOf struct {
	Page *Figures
	Line counselling.Line
}

// With puts a line beside its page.
func (p *Figures) With(l counselling.Line) LineOf { return LineOf{p, l} }

// Number is a count as people read it; a small group is not named.
func (p *Figures) Number(c counselling.Count) string {
	if c.Hidden {
		return "隐去"
	}
	return strconv.Itoa(c.N)
}

// Wait is the median wait in days.
func (p *Figures) Wait(l counselling.Line) string {
	if l.WaitDays < 0 {
		return "–"
	}
	return strconv.FormatFloat(l.WaitDays, 'f', 1, 64) + " 天"
}

// Load is how much of what was offered was used.
func (p *Figures) Load(l counselling.Line) string {
	if l.Seats == 0 {
		return "–"
	}
	return fmt.Sprintf("%d%%（%d/%d）", l.Taken*100/l.Seats, l.Taken, l.Seats)
}

// Bar is one column of the chart, in its units.
type Bar struct {
	X, Y, Height int
	Label        string
	Title        string
	Hidden       bool
}

// The chart, in units of its own.
const (
	chartBars   = 160 // height
	barStep     = 44
	barWidth    = 28
	widestChart = 26 // bars; more are read from the table
)

// Bars are the requests of each week or month; no chart is drawn for more than fit.
func (p *Figures) Bars() []Bar {
	if len(p.Spans) == 0 || len(p.Spans) > widestChart {
		return nil
	}
	most := 1
	for _, l := range p.Spans {
		most = max(most, l.Requested.N)
	}
	bars := make([]Bar, len(p.Spans))
	for i, l := range p.Spans {
		h := l.Requested.N * chartBars / most
		if l.Requested.Hidden {
			h = 4
		}
		bars[i] = Bar{
			X: i * barStep, Y: chartBars - h + 20, Height: h, Label: l.From.Format("1.2"), Hidden: l.Requested.Hidden,
			Title: p.Label(l) + "：" + p.Number(l.Requested) + " 个预约",
		}
	}
	return bars
}

// ChartWidth is the width of the chart in its units.
func (p *Figures) ChartWidth() int { return len(p.Spans) * barStep }

func figures(c *page.Context) error {
	p := &Figures{}
	err := loadFigures(c, p)
	if errs.KindOf(err) == errs.Invalid {
		return answer(c, p, err)
	}
	if err != nil {
		return err
	}
	return answer(c, p, nil)
}

// loadFigures reads the span of the address; by default the eight weeks up to this one.
func loadFigures(c *page.Context, p *Figures) error {
	p.Title = "数据"
	monday := mondayOf(c.Now().In(c.Zone()))
	p.Form = Form{"from": c.Query("from"), "to": c.Query("to"), "by": c.Query("by")}
	from, ok := p.Form.date("from", c.Zone())
	if !ok {
		from = monday.AddDate(0, 0, -7*7)
	}
	to, ok := p.Form.date("to", c.Zone())
	if !ok {
		to = monday.AddDate(0, 0, 6)
	}
	if p.Form["by"] != string(counselling.ByMonth) {
		p.Form["by"] = string(counselling.ByWeek)
	}
	p.Form["from"], p.Form["to"] = from.Format(time.DateOnly), to.Format(time.DateOnly)
	p.From, p.Last = from, to
	return readAudited(c, p, func(tx *store.Tx, who identity.Person) error {
		centre, err := centreOf(who)
		if err != nil {
			return err
		}
		p.Figures, err = counselling.LoadFigures(c, tx, who, centre, from, to.AddDate(0, 0, 1), counselling.Bucket(p.Form["by"]))
		return err
	})
}

func mondayOf(t time.Time) time.Time {
	day := calendar.Midnight(t, t.Location())
	return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
}

// exportFigures sends the numbers as shown, small groups hidden there too.
func exportFigures(c *page.Context) error {
	p := &Figures{}
	if err := loadFigures(c, p); err != nil {
		return err
	}
	var b bytes.Buffer
	header := []string{"分组", "名称", "预约", "到访", "未到", "取消", "婉拒或过期", "进行中", "等待中位数（天）", "名额", "已用名额"}
	if err := sheet.Write(&b, header, p.rows); err != nil {
		return fmt.Errorf("export figures: %w", err)
	}
	return c.Attachment("figures.xlsx", xlsx, b.Bytes())
}

// rows are the lines of the export.
func (p *Figures) rows(yield func([]string) bool) {
	for _, part := range []struct {
		name  string
		lines []counselling.Line
	}{
		{"全部", []counselling.Line{p.Total}},
		{"时间", p.Spans},
		{"老师", p.Counsellors},
		{"校区", p.Campuses},
	} {
		for _, l := range part.lines {
			if !yield(append([]string{part.name, p.Label(l)}, p.cells(l)...)) {
				return
			}
		}
	}
}

func (p *Figures) cells(l counselling.Line) []string {
	wait := ""
	if l.WaitDays >= 0 {
		wait = strconv.FormatFloat(l.WaitDays, 'f', 1, 64)
	}
	return []string{
		p.Number(l.Requested), p.Number(l.Arrived), p.Number(l.Missed), p.Number(l.Cancelled), p.Number(l.Declined), p.Number(l.Open),
		wait, strconv.Itoa(l.Seats), strconv.Itoa(l.Taken),
	}
}
