package miniapp_test

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/xuegong/xuegong/internal/counselling"
)

// focused is what the focus is on, as its address.
const focused = `document.activeElement.getAttribute('href') || document.activeElement.id || ''`

func TestBrowser_week_moves_a_booking_by_keys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signer("t06")
	before := w.bookings("s05")[0]
	ctx := chromium(t, 1440, 900)
	press := func(keys string) { t.Helper(); do(ctx, t, chromedp.KeyEvent(keys)) }

	do(ctx, t, chromedp.Navigate(w.url+"/desk/counselling/week"), chromedp.WaitVisible("[data-day]"))
	press("j")
	for range 20 {
		if strings.Contains(run(ctx, t, chromedp.Evaluate[string](focused)), before.PublicID) {
			break
		}
		press(kb.ArrowRight)
	}
	press("m")
	focusOn(ctx, t, ".hour__to")
	press(kb.ArrowRight)
	press(kb.ArrowDown)
	press(kb.Enter)
	focusOn(ctx, t, "#in-reason")
	press(kb.Enter)
	do(ctx, t, chromedp.WaitVisible(`[data-key="m"]`))
	after := w.bookings("s05")[0]
	if after.PublicID != before.PublicID || after.Moves != 1 || after.State != counselling.Confirmed {
		t.Fatalf("moved by keys: %+v", after)
	}
}

// focusOn waits until the keyboard is at what is named, on the page that has it.
func focusOn(ctx context.Context, t *testing.T, selector string) {
	t.Helper()
	do(ctx, t, chromedp.WaitVisible(selector))
	run(ctx, t, chromedp.Poll[bool]("document.activeElement.matches(`"+selector+"`)", chromedp.WithPollingTimeout(patience)))
}
