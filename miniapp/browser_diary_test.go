package miniapp_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

const weekPath = "/desk/counselling/week"

// held is a mouse event with the left button down.
func held(p *input.DispatchMouseEventParams) { p.Button, p.Buttons = input.MouseButtonLeft, 1 }

// loaded waits until the page and its scripts are there.
func loaded() chromedp.Action[chromedp.Void] {
	return chromedp.Poll[chromedp.Void](`document.readyState === 'complete'`)
}

// middle is where the middle of an element is shown, once it is in sight.
func middle(ctx context.Context, t *testing.T, selector string) (x, y float64) {
	t.Helper()
	do(ctx, t, chromedp.WaitVisible(selector))
	at := run(ctx, t, chromedp.Evaluate[[]float64](`(() => { const r = document.querySelector('`+selector+`').getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`))
	return at[0], at[1]
}

// grab takes hold of a booking with the mouse and carries it over an hour, without
// letting go. It returns where the mouse is.
func grab(ctx context.Context, t *testing.T, booking, hour string) (x, y float64) {
	t.Helper()
	do(ctx, t, loaded())
	fx, fy := middle(ctx, t, `a[data-move*="`+booking+`"]`)
	x, y = middle(ctx, t, `[data-slot="`+hour+`"]`)
	do(ctx, t,
		chromedp.MouseEvent(chromedp.MouseMoved, fx, fy),
		chromedp.MouseEvent(chromedp.MousePressed, fx, fy, held, chromedp.ClickCount(1)),
		chromedp.MouseEvent(chromedp.MouseMoved, fx+8, fy+8, held),
		chromedp.WaitVisible("body.is-dragging"),
		chromedp.MouseEvent(chromedp.MouseMoved, x, y, held), // enters the hour
		chromedp.MouseEvent(chromedp.MouseMoved, x+1, y+1, held),
		chromedp.WaitVisible(`[data-slot="`+hour+`"].is-over`))
	return x, y
}

func release(x, y float64) chromedp.Action[chromedp.Void] {
	return chromedp.MouseEvent(chromedp.MouseReleased, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1))
}

// drag carries a booking to an hour and drops it there.
func drag(ctx context.Context, t *testing.T, booking, hour string) {
	t.Helper()
	do(ctx, t, release(grab(ctx, t, booking, hour)))
}

// escapeWhileDragging is what the system makes of the key: while something is dragged, no
// page hears of keys.
func escapeWhileDragging() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, input.CancelDragging, cdp.Empty{})
		return err
	})
}

// hoursOf are the hours of the booking's counsellor on its day.
func (w *world) hoursOf(b counselling.Booking) (list []counselling.Slot) {
	w.tb.Helper()
	storetest.Update(w.tb, w.db, func(tx *store.Tx) error {
		desk, err := identity.Find(w.tb.Context(), tx, "t06")
		if err != nil {
			return err
		}
		all, err := counselling.Hours(w.tb.Context(), tx, desk, counselling.Centres(desk)[0], b.Slot.StartsAt, b.Slot.StartsAt.Add(12*time.Hour))
		for _, s := range all {
			if s.Counsellor == b.Slot.Counsellor && s.PublicID != b.Slot.PublicID {
				list = append(list, s)
			}
		}
		return err
	})
	return list
}

// free is the first of the hours that has a place.
func free(t *testing.T, list []counselling.Slot) counselling.Slot {
	t.Helper()
	for _, s := range list {
		if s.Open && s.Free() > 0 {
			return s
		}
	}
	t.Fatal("no free hour on that day")
	return counselling.Slot{}
}

func TestBrowser_week_moves_a_booking_by_dragging_it_to_a_free_hour(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.bookings("s05")[0]
	to := free(t, w.hoursOf(before))
	ctx := w.pc(t, "t06")
	do(ctx, t, chromedp.Navigate(w.url+weekPath))
	drag(ctx, t, before.PublicID, to.PublicID)
	do(ctx, t, chromedp.WaitVisible("#in-reason"))
	if b := w.bookings("s05")[0]; b.Moves != 0 {
		t.Fatal("the booking moved before anybody confirmed it")
	}
	do(ctx, t, chromedp.Click(".acts .button--main"), chromedp.WaitVisible(`[data-key="m"]`))
	if b := w.bookings("s05")[0]; b.Slot.PublicID != to.PublicID || b.Moves != 1 || b.State != counselling.Confirmed {
		t.Fatalf("moved by dragging: %+v", b)
	}
}

// Escape leads back step by step after a drop, and lets go while dragging.
func TestBrowser_escape_lets_a_dragged_booking_go_and_changes_nothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.bookings("s05")[0]
	to := free(t, w.hoursOf(before))
	ctx := w.pc(t, "t06")
	do(ctx, t, chromedp.Navigate(w.url+weekPath))
	drag(ctx, t, before.PublicID, to.PublicID)
	do(ctx, t, chromedp.WaitVisible("#in-reason"), loaded(), key(kb.Escape), chromedp.WaitVisible("[data-choosing]"), loaded(),
		key(kb.Escape), chromedp.WaitVisible(`[data-key="m"]`), chromedp.Navigate(w.url+weekPath))
	x, y := grab(ctx, t, before.PublicID, to.PublicID)
	do(ctx, t, escapeWhileDragging(), release(x, y), chromedp.Poll[chromedp.Void](`!document.body.classList.contains('is-dragging')`))
	if at := run(ctx, t, chromedp.Location()); !strings.HasSuffix(at, weekPath) {
		t.Errorf("letting go led to %s", at)
	}
	if b := w.bookings("s05")[0]; b.Moves != 0 || b.Slot.PublicID != before.Slot.PublicID {
		t.Errorf("escape moved the booking: %+v", b)
	}
}

func TestBrowser_dropping_a_booking_on_an_hour_that_is_full_or_closed_says_why_and_changes_nothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before, there := w.bookings("s05")[0], w.bookings("s06")[0].Slot
	ctx := w.pc(t, "t06")
	refuses := func(says string) {
		t.Helper()
		do(ctx, t, chromedp.Navigate(w.url+weekPath))
		drag(ctx, t, before.PublicID, there.PublicID)
		do(ctx, t, chromedp.WaitVisible("[data-choosing] [role=alert]"))
		if got := run(ctx, t, chromedp.Text("[data-choosing] [role=alert]")); !strings.Contains(got, "没有改时间") || !strings.Contains(got, says) {
			t.Errorf("the page says %q, want %q", got, says)
		}
	}
	refuses("已经约满")
	storetest.Update(t, w.db, func(tx *store.Tx) error {
		desk, err := identity.Find(t.Context(), tx, "t06")
		if err != nil {
			return err
		}
		_, err = counselling.CloseHour(t.Context(), tx, desk, there.PublicID)
		return err
	})
	refuses("已经关闭")
	if b := w.bookings("s05")[0]; b.Moves != 0 || b.Slot.PublicID != before.Slot.PublicID {
		t.Fatalf("the booking moved: %+v", b)
	}
}

// Both see the hour free and confirm at the same moment.
func TestBrowser_two_desks_move_two_bookings_to_one_place_and_one_of_them_succeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	students := []string{"s05", "s06"}
	to := free(t, w.hoursOf(w.bookings("s05")[0]))
	var desks []context.Context
	for i, userid := range []string{"t06", "t05"} {
		ctx := w.pc(t, userid)
		do(ctx, t, chromedp.Navigate(w.url+weekPath))
		drag(ctx, t, w.bookings(students[i])[0].PublicID, to.PublicID)
		do(ctx, t, chromedp.WaitVisible("#in-reason"))
		desks = append(desks, ctx)
	}
	var both sync.WaitGroup
	for _, ctx := range desks {
		both.Go(func() {
			if _, err := try(ctx, chromedp.Steps(chromedp.Click(".acts .button--main"), chromedp.WaitVisible("main > .say"))); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	there := 0
	for _, s := range students {
		b := w.bookings(s)[0]
		if b.Slot.PublicID == to.PublicID {
			there++
		} else if b.Moves != 0 {
			t.Errorf("who lost the place was moved elsewhere: %+v", b)
		}
	}
	if there != 1 {
		t.Fatalf("%d bookings have the one place", there)
	}
	refused := 0
	for _, ctx := range desks {
		if text := run(ctx, t, chromedp.Text("main")); strings.Contains(text, "刚刚约满") {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("%d desks read that the place is taken, want 1", refused)
	}
}

func TestBrowser_check_in_is_done_by_keys_alone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bookings("s05")[0]
	if err := w.clock.MoveTo(b.Slot.StartsAt.Add(16 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	ctx := w.pc(t, "t06")
	press := func(k, badge string) {
		t.Helper()
		do(ctx, t, key("j"), key(k), chromedp.WaitVisible(".row__state "+badge), loaded())
	}
	// The slash is taken back: the driver types it although the page did not let it through.
	do(ctx, t, chromedp.Navigate(w.url+"/desk/counselling/checkin"), chromedp.WaitVisible("a.row__link"), loaded(),
		key("/"), key(kb.Backspace), key(b.Student.Number), key(kb.Enter), chromedp.WaitVisible(".filter"), loaded())
	press("r", ".badge--todo")
	if got := w.bookings("s05")[0].State; got != counselling.Missed {
		t.Fatalf("r left the booking %s", got)
	}
	press("a", ".badge--done")
	if got := w.bookings("s05")[0].State; got != counselling.Arrived {
		t.Fatalf("a left the booking %s", got)
	}
}
