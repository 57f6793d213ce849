package miniapp_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

// proofs are n submitted certificates of the first students who may have one.
func (w *world) proofs(n int) (list []request.Application) {
	w.tb.Helper()
	const code = "hardship-certificate"
	e, ctx := newRequests(), w.tb.Context()
	for i := 1; len(list) < n; i++ {
		err := w.db.Update(ctx, func(tx *store.Tx) error {
			who, err := identity.Find(ctx, tx, fmt.Sprintf("s%02d", i))
			if err != nil {
				return err
			}
			v, err := service.ByCode(ctx, tx, code)
			if err != nil {
				return err
			}
			if err := service.Agree(ctx, tx, who, v.Definition, v.Notice.Version()); err != nil {
				return err
			}
			p, err := e.Start(ctx, tx, who, code, request.ViaPage)
			if err != nil {
				return err
			}
			a, err := e.Submit(ctx, tx, who, p.PublicID, form.Input{"purpose": {"job"}}, request.ViaPage)
			if err == nil {
				list = append(list, a)
			}
			return err
		})
		if err != nil && (errs.KindOf(err) == errs.Internal || i > 300) { // who may not have one is passed over
			w.tb.Fatal(err)
		}
	}
	return list
}

// state is how far an application is.
func (w *world) state(a request.Application) (s request.State) {
	w.tb.Helper()
	ctx := w.tb.Context()
	if err := w.db.View(ctx, func(tx *store.Tx) error {
		who, err := identity.Get(ctx, tx, a.Student.ID)
		if err != nil {
			return err
		}
		got, err := newRequests().Get(ctx, tx, who, a.PublicID)
		s = got.State
		return err
	}); err != nil {
		w.tb.Fatal(err)
	}
	return s
}

// pc is a browser on the desk of somebody of the staff.
func (w *world) pc(t *testing.T, userid string) context.Context {
	t.Helper()
	w.signer(userid)
	ctx := chromium(t, 1440, 900)
	do(ctx, t, chromedp.EmulateViewport(1440, 900)) // no phone
	return ctx
}

func key(keys string) chromedp.Action[chromedp.Void] { return chromedp.KeyEvent(keys) }

// opened waits until the application stands open with its form of approval.
func opened(a request.Application) chromedp.Action[chromedp.Void] {
	return chromedp.WaitReady(`form[action="/desk/applications/` + a.PublicID + `/approve"]`)
}

func TestDesk_two_applications_are_decided_by_keyboard_alone(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	list := w.proofs(3)
	ctx := w.pc(t, "t10")
	do(ctx, t, chromedp.Navigate(w.url+"/desk/applications"), chromedp.WaitVisible("a.row__link"),
		key("j"), key(kb.Enter), opened(list[0]))
	focusOn(ctx, t, "a.row__link[aria-current]") // goes on where it was
	do(ctx, t, key("r"), key(kb.Escape))
	focusOn(ctx, t, `[data-key="r"]`)                    // and back to what it opened
	do(ctx, t, key("a"), key(kb.Enter), opened(list[1])) // the next one opened by itself
	focusOn(ctx, t, ".say")
	do(ctx, t, key("r"), key(" "), key(kb.Enter), opened(list[2]))
	if got := run(ctx, t, chromedp.Text(".say--done")); got != "✓已退回，学生会看到要补充什么。" {
		t.Errorf("the page says %q", got)
	}
	for i, want := range []request.State{request.Approved, request.Returned, request.Submitted} {
		if got := w.state(list[i]); got != want {
			t.Errorf("application %d is %s, want %s", i, got, want)
		}
	}
	if wide := run(ctx, t, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`)); wide {
		t.Error("the page is wider than the screen")
	}
}

func TestDesk_a_batch_is_chosen_by_keyboard_and_what_was_printed_is_handed_to_its_student(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	list := w.proofs(2)
	ctx := w.pc(t, "t10")
	do(ctx, t, chromedp.Navigate(w.url+"/desk/applications"), chromedp.WaitVisible("a.row__link"), key("j"), key("x"), key("j"), key("x"))
	if got := run(ctx, t, chromedp.Text("[data-chosen]")); got != "已选 2 份" {
		t.Errorf("chosen: %q", got)
	}
	do(ctx, t, chromedp.Click("#many summary"), chromedp.WaitVisible("#many button[value=approve]"), chromedp.Click("#many button[value=approve]"),
		chromedp.WaitVisible(".say--done"))
	if got := run(ctx, t, chromedp.Text(".say--done")); got != "✓已处理 2 份，学生马上会收到通知。" {
		t.Errorf("the page says %q", got)
	}
	do(ctx, t, chromedp.Navigate(w.url+"/desk/handout"), chromedp.WaitVisible("input[name=print]"), chromedp.Click("input[name=print]"),
		chromedp.Click("#many summary"), chromedp.WaitVisible("#many button"), chromedp.Click("#many button"), chromedp.WaitVisible(".say--done"),
		chromedp.Click(".list__top a.button"), chromedp.WaitVisible("#scan")) // back from what was printed
	made := list[0]
	for _, a := range list {
		if w.state(a) == request.Printed {
			made = a
		}
	}
	do(ctx, t, chromedp.SendKeys("#scan", made.Student.Number+kb.Enter), chromedp.WaitVisible("li.row summary"),
		chromedp.Click("li.row summary"), chromedp.WaitVisible("li.row .ask__box button"), chromedp.Click("li.row .ask__box button"), chromedp.WaitVisible(".say--done"))
	if got := w.state(made); got != request.Collected {
		t.Errorf("the application is %s", got)
	}
}

func TestDesk_pictures_are_looked_through_by_keys(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	path := strings.TrimPrefix(w.as("s01").submitted(), "/m/applications/")
	ctx := w.pc(t, "t10")
	shown := func() string { return run(ctx, t, chromedp.Text(".viewer__which")) }
	do(ctx, t, chromedp.Navigate(w.url+"/desk/applications/of/all?application="+path), chromedp.Click("a[data-picture]"), chromedp.WaitVisible(".viewer img"))
	if got := shown(); got != "来回车票 第 1 张，这里共 2 张" {
		t.Errorf("opened: %q", got)
	}
	do(ctx, t, key(kb.ArrowRight))
	if got := shown(); got != "实习证明 第 1 张，这里共 2 张" {
		t.Errorf("the next one: %q", got)
	}
	do(ctx, t, key("a"), key("k")) // the page under it hears nothing
	if got := shown(); !strings.HasPrefix(got, "来回车票") {
		t.Errorf("the one before: %q", got)
	}
	do(ctx, t, key(kb.Escape), chromedp.WaitNotPresent(".viewer"))
	if open := run(ctx, t, chromedp.Evaluate[bool](`!!document.querySelector('details.ask[open]')`)); open {
		t.Error("a key of the viewer opened a question of the page")
	}
	if !run(ctx, t, chromedp.Evaluate[bool](`document.activeElement.matches('a[data-picture]')`)) {
		t.Error("the focus did not come back to the picture")
	}
}

func TestDesk_papers_are_ticked_at_the_counter_until_nothing_is_missing(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	w.as("s01").submitted()
	number := w.applications("s01")[0].Student.Number
	ctx := w.pc(t, "t10")
	for _, left := range []int{1, 0} {
		do(ctx, t, chromedp.Navigate(w.url+"/desk/papers"), chromedp.SendKeys("#scan", number+kb.Enter), chromedp.WaitVisible("input[name=material]"),
			chromedp.Click("input[name=material]"), chromedp.Click("section button[type=submit]"), chromedp.WaitVisible(".say--done"))
		if got := len(w.applications("s01")[0].Missing()); got != left {
			t.Fatalf("%d papers are missing, want %d", got, left)
		}
	}
	if got := run(ctx, t, chromedp.Text("section .say--done")); got != "✓必交的材料已收齐。" {
		t.Errorf("the counter says %q", got)
	}
}

// work does all due work of reviews.
func (w *world) work() {
	w.tb.Helper()
	e := newRequests()
	r := &job.Runner{DB: w.db, Kinds: e.Approval.Jobs()}
	maps.Copy(r.Kinds, e.Jobs())
	for {
		did, err := r.Step(w.tb.Context(), 0)
		if err != nil {
			w.tb.Fatal(err)
		}
		if !did {
			return
		}
	}
}

func TestDesk_a_whole_list_is_chosen_and_what_could_not_be_done_is_named(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	list := w.proofs(62)
	ctx := w.pc(t, "t10")
	do(ctx, t, chromedp.Navigate(w.url+"/desk/applications"), chromedp.WaitVisible("input[name=all]"))
	if got := run(ctx, t, chromedp.Text(".many__all:has([name=all])")); got != "全部 62 份，不止这一页" {
		t.Errorf("the box says %q", got)
	}
	if err := w.clock.MoveTo(w.clock.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	late := w.proofs(1)[0] // came after the list was shown
	do(ctx, t, chromedp.Click("input[name=all]"), chromedp.Click("#many summary"), chromedp.WaitVisible("#many button[value=approve]"),
		chromedp.Click("#many button[value=approve]"), chromedp.WaitVisible("progress"))
	if got := run(ctx, t, chromedp.Text(".figures")); !strings.Contains(got, "0 / 62") {
		t.Errorf("the batch begins with %q", got)
	}
	w.decide(list[3].PublicID, approval.Decision{Action: approval.Approve}) // by somebody else, meanwhile
	w.work()
	do(ctx, t, chromedp.Reload(), chromedp.WaitVisible("table"))
	if got := run(ctx, t, chromedp.Text(".figures")); !strings.Contains(got, "62 / 62") || !strings.Contains(got, "61") {
		t.Errorf("the batch ends with %q", got)
	}
	left := run(ctx, t, chromedp.Text("tbody"))
	if !strings.Contains(left, list[3].Number) || !strings.Contains(left, "已") || strings.Contains(left, list[4].Number) {
		t.Errorf("what was left: %q", left)
	}
	if got := w.state(late); got != request.Submitted {
		t.Errorf("an application nobody looked at is %s", got)
	}
}

func TestDesk_a_whole_list_is_printed_beyond_its_page(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	for _, a := range w.proofs(53) {
		w.decide(a.PublicID, approval.Decision{Action: approval.Approve})
	}
	b := w.as("t10")
	handout := b.get("/desk/handout")
	if !strings.Contains(handout.body, "全部 53 份，不止这一页") {
		t.Fatal("the page of the counter offers no whole list")
	}
	in := handout.form("/desk/applications/print")
	in.Set("all", "all")
	res := b.post("/desk/applications/print", in)
	if res.status != http.StatusSeeOther || !strings.HasPrefix(res.location, "/desk/applications/prints/") {
		t.Fatalf("%d to %s", res.status, res.location)
	}
	if page := b.get(res.location); !strings.Contains(page.body, "0 / 53") || !strings.Contains(page.body, "可以离开这一页") {
		t.Errorf("it begins with %s", page.doc.first(".figures").text())
	}
	w.work()
	if page := b.get(res.location); !strings.Contains(page.body, "53 / 53") || !strings.Contains(page.body, "打印这 53 张证明") {
		t.Errorf("it ends with %s", page.doc.first(".figures").text())
	}
}
