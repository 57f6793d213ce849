package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/simulator"
	"github.com/xuegong/xuegong/internal/store"
)

// Five hundred students press for one place at once, through chat, page and API mixed,
// every callback delivered three times: one booking, everyone answered, no 5xx (T1, D-43).
func TestFiveHundredPressForOnePlace(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	w.sim.SetSwitches(withoutRateLimits(w.sim.Switches()))
	const n = 500
	students := w.enrol(n)
	slot := w.wanted(students)

	var fives, told atomic.Int64
	var winners sync.Map
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	turns := make(chan struct{}, 16) // they get ready a few at a time: signing in is not the rush
	for i, user := range students {
		press := w.pressByFace(ctx, i, user, slot, &fives)
		ready.Add(1)
		done.Go(func() {
			act, err := func() (func() (bool, error), error) {
				turns <- struct{}{}
				defer func() { <-turns; ready.Done() }()
				return press()
			}()
			if err != nil {
				t.Errorf("%s gets ready: %v", user, err)
				return
			}
			<-start
			won, err := act()
			if err != nil {
				t.Errorf("%s is not answered: %v", user, err)
				return
			}
			told.Add(1)
			if won {
				winners.Store(user, true)
			}
		})
	}
	ready.Wait()
	must(t, w.sim.Arm(simulator.Fault{Kind: simulator.FaultDuplicate, Count: n}, simulator.Fault{Kind: simulator.FaultDuplicate, Count: n}))
	close(start)
	done.Wait()

	won := 0
	winners.Range(func(any, any) bool { won++; return true })
	if won != 1 || told.Load() != n || fives.Load() != 0 {
		t.Errorf("%d have the place, %d of %d were answered, %d answers were 5xx", won, told.Load(), n, fives.Load())
	}
	must(t, w.db.View(ctx, func(tx *store.Tx) error {
		var bookings int
		err := tx.GetContext(ctx, &bookings, `select count(*) from booking b join slot s on s.id = b.slot_id where s.public_id = $1`, slot.PublicID)
		if bookings != 1 {
			t.Errorf("%d bookings of one place", bookings)
		}
		return err
	}))
	w.sound()
}

func withoutRateLimits(s simulator.Switches) simulator.Switches {
	s.RateLimits = false
	return s
}

// enrol imports students with accounts and gives them phones.
func (w *world) enrol(n int) []string {
	w.t.Helper()
	var list bytes.Buffer
	fmt.Fprintln(&list, "学号,姓名,类别,层次,状态,学院,班级,校区,企业微信账号")
	users := make([]string, n)
	for i := range n {
		users[i] = fmt.Sprintf("r%03d", i)
		fmt.Fprintf(&list, "2027%04d,测%03d,学生,本科,在籍,试验学院,试验1班,东校区,%s\n", i, i, users[i])
		must(w.t, w.sim.PutUser(simulator.User{UserID: users[i], Name: fmt.Sprintf("测%03d", i), Kind: "student", Departments: []int{1}, InRange: true}))
	}
	report, err := identity.ImportFile(context.Background(), w.db, &list, identity.Operator(), identity.ImportOptions{CreateUnits: true}, true)
	must(w.t, err)
	if !report.Applied {
		w.t.Fatalf("import: %v", report)
	}
	return users
}

// wanted has the students agree to the notice and picks the hour they all want.
func (w *world) wanted(users []string) (slot counselling.Slot) {
	w.t.Helper()
	ctx := context.Background()
	must(w.t, w.db.Update(ctx, func(tx *store.Tx) error {
		for _, u := range users {
			p, err := identity.Resolve(ctx, tx, u, identity.ByHand)
			if err != nil {
				return err
			}
			if err := counselling.Agree(ctx, tx, p, 1); err != nil {
				return err
			}
			if slot.PublicID != "" {
				continue
			}
			slots, err := counselling.Slots(ctx, tx, p, "", tx.Now().AddDate(0, 0, 3), time.Time{})
			if err != nil {
				return err
			}
			slot = slots[0]
		}
		return nil
	}))
	return slot
}

// pressByFace gets a student ready on a face and returns the press, which says whether
// the place is theirs.
func (w *world) pressByFace(ctx context.Context, i int, user string, slot counselling.Slot, fives *atomic.Int64) func() (func() (bool, error), error) {
	switch i % 3 {
	case 0:
		return func() (func() (bool, error), error) { return w.pressInChat(ctx, user, slot) }
	case 1:
		return func() (func() (bool, error), error) { return w.pressOnPage(user, slot, fives) }
	default:
		return func() (func() (bool, error), error) { return w.pressByAPI(user, slot, fives) }
	}
}

func (w *world) pressInChat(ctx context.Context, user string, slot counselling.Slot) (func() (bool, error), error) {
	at := slot.StartsAt.In(w.db.Zone())
	if _, err := w.sim.Text(user, fmt.Sprintf("%d月%d日%d点约%s老师", int(at.Month()), at.Day(), at.Hour(), slot.Name)); err != nil {
		return nil, err
	}
	var card simulator.Message
	if err := w.sim.Wait(ctx, func(v simulator.View) bool {
		for _, m := range v.Messages(user) {
			if strings.Contains(string(m.Card), "这样约，可以吗") {
				card = m
				return true
			}
		}
		return false
	}); err != nil {
		return nil, err
	}
	key := keyOf(w.t.(*testing.T), card, "确认")
	return func() (bool, error) {
		if _, err := w.sim.Press(user, card.MsgID, key, nil, false); err != nil {
			return false, err
		}
		won := false
		err := w.sim.Wait(ctx, func(v simulator.View) bool {
			for _, m := range v.Messages(user) {
				won = won || strings.Contains(string(m.Body), "已为你留下")
				if won || strings.Contains(string(m.Body), "刚刚约满") {
					return true
				}
			}
			return false
		})
		return won, err
	}, nil
}

var onceToken = regexp.MustCompile(`name="once" value="([^"]+)"`)

func (w *world) pressOnPage(user string, slot counselling.Slot, fives *atomic.Int64) (func() (bool, error), error) {
	c := w.browser(user)
	page := w.url + "/m/counselling/counsellors/" + slot.Counsellor + "/" + slot.PublicID
	res, err := c.Get(page)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	m := onceToken.FindStringSubmatch(string(b))
	if err != nil || m == nil {
		return nil, fmt.Errorf("no form on %s: %s", res.Status, b)
	}
	return func() (bool, error) {
		res, err := c.PostForm(page, url.Values{"once": {m[1]}})
		if err != nil {
			return false, err
		}
		defer func() { _ = res.Body.Close() }()
		b, err := io.ReadAll(res.Body)
		if res.StatusCode >= 500 {
			fives.Add(1)
		}
		won := strings.Contains(string(b), "待确认")
		if !won && !strings.Contains(string(b), "刚刚约满") {
			err = fmt.Errorf("%s: %s", res.Status, b)
		}
		return won, err
	}, nil
}

func (w *world) pressByAPI(user string, slot counselling.Slot, fives *atomic.Int64) (func() (bool, error), error) {
	c := w.browser(user)
	return func() (bool, error) {
		status, out := w.call(c, http.MethodPost, "/api/v1/counselling/bookings", map[string]any{"slot": slot.PublicID})
		if status >= 500 {
			fives.Add(1)
		}
		if status == http.StatusCreated {
			return true, nil
		}
		if !strings.Contains(fmt.Sprint(out["message"]), "刚刚约满") {
			return false, fmt.Errorf("%d %v", status, out)
		}
		return false, nil
	}, nil
}
