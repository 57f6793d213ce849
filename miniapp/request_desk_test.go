package miniapp_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
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
		key("j"), key(kb.Enter), opened(list[0]),
		key("a"), key(kb.Enter), opened(list[1]), // the next one opened by itself
		key("r"), key(" "), key(kb.Enter), opened(list[2]))
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
	if got := run(ctx, t, chromedp.Text("[data-chosen]")); got != "（2）" {
		t.Errorf("chosen: %q", got)
	}
	do(ctx, t, chromedp.Click("#many summary"), chromedp.WaitVisible("#many button[value=approve]"), chromedp.Click("#many button[value=approve]"),
		chromedp.WaitVisible(".say--done"))
	if got := run(ctx, t, chromedp.Text(".say--done")); got != "✓已处理 2 份，学生马上会收到通知。" {
		t.Errorf("the page says %q", got)
	}
	do(ctx, t, chromedp.Navigate(w.url+"/desk/handout"), chromedp.WaitVisible("input[name=print]"), chromedp.Click("input[name=print]"),
		chromedp.Click("#many summary"), chromedp.WaitVisible("#many button"), chromedp.Click("#many button"), chromedp.WaitVisible(".say--done"))
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
