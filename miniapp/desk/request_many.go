package desk

import (
	"strconv"
	"time"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Whole tells whether the list goes on beyond this page, so that all of it can be chosen.
func (p *Applications) Whole() bool { return p.More != "" || p.After != "" }

// WholeCount is how many the whole list has, "" where nobody counted: a search.
func (p *Applications) WholeCount() string {
	if p.Mine() {
		return strconv.Itoa(p.waiting)
	}
	for _, c := range p.Chips {
		if c.Here && p.Query == "" {
			return strconv.Itoa(c.Count)
		}
	}
	return ""
}

// MostPrinted is how many are printed with one press.
func (*Applications) MostPrinted() int { return request.MaxPrint }

// Seen is when the list was shown, for a choice of all of it: who came later was not
// looked at.
func (p *Applications) Seen() string { return strconv.FormatInt(p.seen.UnixMicro(), 36) }

// tasks are those that were ticked, or with all those of the whole list that the person
// could decide when it was shown.
func (h applications) tasks(c *page.Context, tx *store.Tx, who identity.Person, at place) ([]string, error) {
	all := c.Form("all")
	if all == "" {
		return chosen(c, "task"), nil
	}
	micro, err := strconv.ParseInt(all, 36, 64)
	if err != nil {
		return nil, errs.New(errs.Invalid, "这一页的地址不完整，请刷新再勾选。")
	}
	seen := time.UnixMicro(micro)
	var tasks []string
	whole := &Applications{place: at}
	for whole.After = ""; ; {
		next, err := h.fillList(c, tx, who, whole, wholePage)
		if err != nil {
			return nil, err
		}
		for _, e := range whole.List {
			if e.Task.PublicID != "" && !e.Task.OpenedAt.After(seen) {
				tasks = append(tasks, e.Task.PublicID)
			}
		}
		if whole.After, whole.List = next, nil; next == "" || len(tasks) > approval.MaxBatch {
			return tasks, nil
		}
	}
}

// wholePage is how many are read at once where all are.
const wholePage = 100
