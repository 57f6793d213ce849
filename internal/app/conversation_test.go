package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/calendar"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/simulator"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// Conversations are read from bot/testdata/dialogues, one story a file. Each has a school
// of its own; those in a folder share one, in the order of their names, which is right
// for short stories of different students that move no clock:
//
//	# what it shows
//	s01> 我想预约            the person writes
//	s01: 想约哪位老师         the next message contains this; | separates several parts
//	s01! [婉拒|临时]          presses the button, after selecting the option
//	s01!! [确认]             presses it although the card has changed since: a slow or second finger
//	s01# counselling.book    presses the button of the app's menu with this key
//	s01 sends a picture
//	s01 agrees               reads the notice on its page and agrees
//	the centre asks          its questions before a booking, from now on
//	the centre calls         somebody for crisis words, without asking
//	the centre counts        who cancels late online, as a strike
//	the centre publishes     a new version of the notice
//	the school works on 2026-10-17 as Monday
//	t06 moves s05: 理由      the centre moves the newest booking to the next free hour
//	s05 moves                the student does
//	t06 marks s05            the centre records that the student did not come
//	s05 appeals: 说明        the student says why
//	@ 23h                    the clock moves on, from due time to due time
//	@@ 2100h                 it leaps, as for a school whose server was off
//	s01 silent               nothing more has come
//
// A counsellor can read and correct them. Whatever anybody is sent stays neutral.
func TestConversations(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../bot/testdata/dialogues/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		t.Run(title(file), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			play(t, w, file)
			w.sound()
		})
	}
	shared, err := filepath.Glob("../../bot/testdata/dialogues/*/*.txt")
	if err != nil || len(shared) == 0 {
		t.Fatalf("no folders of conversations: %v", err)
	}
	folders := map[string][]string{}
	for _, file := range shared {
		folder := filepath.Dir(file)
		folders[folder] = append(folders[folder], file)
	}
	for folder, stories := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, file := range stories {
				t.Run(title(file), func(t *testing.T) { play(t, w, file) })
			}
			w.t = t
			w.sound() // what a story left broken stays so: they move no clock
		})
	}
}

func title(file string) string { return strings.TrimSuffix(filepath.Base(file), ".txt") }

var (
	writes  = regexp.MustCompile(`^(\w+)> (.*)$`)
	reads   = regexp.MustCompile(`^(\w+):(.*)$`)
	presses = regexp.MustCompile(`^(\w+)! \[([^|\]]*)(?:\|([^\]]*))?\]$`)
	insists = regexp.MustCompile(`^(\w+)!! \[([^\]]*)\]$`)
	menus   = regexp.MustCompile(`^(\w+)# (\S+)$`)
	sends   = regexp.MustCompile(`^(\w+) sends a picture$`)
	agrees  = regexp.MustCompile(`^(\w+) agrees$`)
	centre  = regexp.MustCompile(`^the centre (asks|calls|counts|publishes)$`)
	makeUps = regexp.MustCompile(`^the school works on (\S+) as (\w+)$`)
	silent  = regexp.MustCompile(`^(\w+) silent$`)
	days    = regexp.MustCompile(`^(\w+) calendar(?:: (.*))?$`)
	onPages = regexp.MustCompile(`^(\w+) (moves|marks|appeals)(?: (\w+))?(?:: (.*))?$`)
	leaps   = regexp.MustCompile(`^@@ (\S+)$`)
	moves   = regexp.MustCompile(`^@ (\S+)$`)
)

func play(t *testing.T, w *world, file string) {
	w.t = t
	f, err := os.Open(file)
	w.must(err)
	defer func() { _ = f.Close() }()
	cards := map[string][]shown{} // the cards with buttons, as they came
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		m := func(re *regexp.Regexp) []string { return re.FindStringSubmatch(line) }
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case m(writes) != nil:
			w.must(w.control("/sim/text", map[string]any{"user": m(writes)[1], "text": m(writes)[2]}))
		case m(reads) != nil:
			user := m(reads)[1]
			got := w.next(user)
			t.Logf("%s: %s", user, got.text())
			w.neutral(user, got)
			for part := range strings.SplitSeq(m(reads)[2], " | ") {
				if !strings.Contains(got.text(), strings.TrimSpace(part)) {
					t.Fatalf("%s:%d: %s reads\n  %s\nwant in it\n  %s", filepath.Base(file), n, user, got.text(), part)
				}
			}
			if got.Card != nil {
				cards[user] = append(cards[user], got)
			}
		case m(presses) != nil:
			user, label, option := m(presses)[1], m(presses)[2], m(presses)[3]
			if err := w.press(user, latest(cards[user]), label, option); err != nil {
				t.Fatalf("%s:%d: %v", filepath.Base(file), n, err)
			}
		case m(insists) != nil:
			if err := w.insist(m(insists)[1], cards[m(insists)[1]], m(insists)[2]); err != nil {
				t.Fatalf("%s:%d: %v", filepath.Base(file), n, err)
			}
		case m(menus) != nil:
			w.menu(m(menus)[1], m(menus)[2])
		case m(sends) != nil:
			w.picture(m(sends)[1])
		case m(agrees) != nil:
			w.agree(w.browser(m(agrees)[1]))
		case m(centre) != nil:
			w.cares(m(centre)[1])
		case m(makeUps) != nil:
			w.worksOn(m(makeUps)[1], m(makeUps)[2])
		case m(onPages) != nil:
			w.onPage(m(onPages)[1], m(onPages)[2], m(onPages)[3], m(onPages)[4])
		case m(onDesk) != nil:
			w.elsewhere(m(onDesk)[1], m(onDesk)[2], m(onDesk)[3], m(onDesk)[4])
		case m(byPage) != nil:
			w.byPage(m(byPage)[1], m(byPage)[2], m(byPage)[3], m(byPage)[4])
		case m(byAPI) != nil:
			w.byAPI(m(byAPI)[1], m(byAPI)[2], m(byAPI)[3], m(byAPI)[4])
		case m(moves) != nil:
			d, err := time.ParseDuration(m(moves)[1])
			w.must(err)
			w.must(w.control("/sim/clock", map[string]any{"advance": d.String()}))
		case m(leaps) != nil:
			d, err := time.ParseDuration(m(leaps)[1])
			w.must(err)
			w.must(w.clock.MoveTo(w.clock.Now().Add(d)))
			w.must(w.control("/sim/clock", map[string]any{"advance": "1s"})) // everything due is done
		case m(silent) != nil:
			w.must(w.control("/sim/clock", map[string]any{"advance": "1s"})) // everything due is done
			if got := w.messages(m(silent)[1], 0); len(got) > 0 {
				t.Fatalf("%s:%d: more came: %s", filepath.Base(file), n, got[0].text())
			}
		case m(days) != nil:
			w.must(w.control("/sim/clock", map[string]any{"advance": "1s"}))
			got := w.calendar(m(days)[1])
			if m(days)[2] == "" && got != "" {
				t.Fatalf("%s:%d: the calendar shows %s", filepath.Base(file), n, got)
			}
			for part := range strings.SplitSeq(m(days)[2], " | ") {
				if !strings.Contains(got, strings.TrimSpace(part)) {
					t.Fatalf("%s:%d: the calendar shows\n  %s\nwant in it\n  %s", filepath.Base(file), n, got, part)
				}
			}
		default:
			t.Fatalf("%s:%d: cannot read %q", filepath.Base(file), n, line)
		}
	}
	w.must(lines.Err())
	for user := range cards { // what the story did not read
		for _, m := range w.messages(user, 0) {
			w.neutral(user, m)
		}
	}
}

// calendar flattens what stands in a person's WeCom calendar, which is read over
// shoulders too.
func (w *world) calendar(user string) string {
	w.t.Helper()
	res, err := http.Get(w.api + "/sim/calendar?user=" + user)
	w.must(err)
	defer func() { _ = res.Body.Close() }()
	var list []struct {
		Start                          int64 `json:"start_time"`
		Summary, Description, Location string
		Status                         int
		Attendees                      []struct{ UserID string }
	}
	w.must(json.NewDecoder(res.Body).Decode(&list))
	var parts []string
	for _, s := range list {
		if !counselling.Neutral(s.Summary + s.Description + s.Location) {
			w.t.Errorf("the calendar of %s says what the centre does: %+v", user, s)
		}
		if s.Status != 0 {
			continue
		}
		who := make([]string, len(s.Attendees))
		for i, a := range s.Attendees {
			who[i] = a.UserID
		}
		at := time.Unix(s.Start, 0).In(storetest.Shanghai()).Format("1月2日 15:04")
		parts = append(parts, at+" "+s.Summary+" / "+s.Location+" / "+strings.Join(who, "、"))
	}
	return strings.Join(parts, "\n")
}

// cares changes what the centre sets about care around the hour.
func (w *world) cares(how string) {
	w.t.Helper()
	w.must(w.db.Update(context.Background(), func(tx *store.Tx) error {
		head, err := identity.Find(context.Background(), tx, "t05")
		if err != nil {
			return err
		}
		if how == "publishes" {
			return counselling.PublishNotice(context.Background(), tx, head, counselling.Centres(head)[0], strings.Repeat("新的须知，请读到最后。", 10))
		}
		if how == "counts" {
			set, err := counselling.LoadSettings(context.Background(), tx)
			if err != nil {
				return err
			}
			set.LateCancel = true
			return counselling.SaveSettings(context.Background(), tx, head, counselling.Centres(head)[0], set)
		}
		care, err := counselling.LoadCare(context.Background(), tx)
		if err != nil {
			return err
		}
		switch how {
		case "asks":
			care.Intake = true
		case "calls":
			care.Words = counselling.WordsAlways
		}
		return counselling.SaveCare(context.Background(), tx, head, counselling.Centres(head)[0], care)
	}))
}

// worksOn makes a day a working day that follows the hours of a weekday.
func (w *world) worksOn(date, as string) {
	w.t.Helper()
	day, err := time.ParseInLocation(time.DateOnly, date, time.UTC)
	w.must(err)
	weekday := time.Sunday
	for weekday.String() != as && weekday < time.Saturday {
		weekday++
	}
	w.must(w.db.Update(context.Background(), func(tx *store.Tx) error {
		if _, err := calendar.SaveDays(context.Background(), tx, identity.Operator(),
			calendar.Special{Day: day, Kind: calendar.MakeUp, Name: "调休", Follows: weekday}); err != nil {
			return err
		}
		_, err := counselling.PlanAll(context.Background(), tx)
		return err
	}))
}

// latest is the card that came last, none yet being a card without buttons.
func latest(cards []shown) shown {
	if len(cards) == 0 {
		return shown{}
	}
	return cards[len(cards)-1]
}

// insist presses the button of the newest card that ever had it, whatever that card
// shows now.
func (w *world) insist(user string, cards []shown, label string) error {
	for _, m := range slices.Backward(cards) {
		var sent struct {
			Card struct {
				Buttons []struct{ Text, Key string } `json:"button_list"`
			} `json:"template_card"`
		}
		if err := json.Unmarshal(m.Body, &sent); err != nil {
			return err
		}
		for _, b := range sent.Card.Buttons {
			if b.Text == label {
				return w.control("/sim/press", map[string]any{"user": user, "msgid": m.MsgID, "key": b.Key, "force": true})
			}
		}
	}
	return fmt.Errorf("no card ever had a button %q", label)
}

// neutral fails if a message says what the centre does: cards and texts are read over
// shoulders.
func (w *world) neutral(user string, m shown) {
	w.t.Helper()
	card, err := json.Marshal(m.Card)
	w.must(err)
	if !counselling.Neutral(string(m.Body)) || !counselling.Neutral(string(card)) {
		w.t.Errorf("%s reads what the centre does: %s %s", user, m.Body, card)
	}
}

// onPage does what is done on a page, by the API the page has too. It is about whose
// newest booking; "" is the person's own.
func (w *world) onPage(user, act, whose, text string) {
	w.t.Helper()
	if whose == "" {
		whose = user
	}
	type item struct {
		ID, Booking string
		Bookable    bool
	}
	var list struct{ Items []item }
	load := func(c *http.Client, path string) item {
		w.t.Helper()
		res, err := c.Get(w.url + "/api/v1/counselling/" + path)
		w.must(err)
		defer func() { _ = res.Body.Close() }()
		list.Items = nil
		w.must(json.NewDecoder(res.Body).Decode(&list))
		for _, i := range list.Items {
			if path != "slots" || i.Bookable {
				return i
			}
		}
		w.t.Fatalf("%s: nothing in %s", whose, path)
		return item{}
	}
	booking := load(w.browser(whose), "bookings").ID
	c := w.browser(user)
	path, body := "bookings/"+booking+"/miss", map[string]any{}
	switch act {
	case "moves":
		path, body = "bookings/"+booking+"/move", map[string]any{"slot": load(c, "slots").ID, "reason": text}
	case "appeals":
		path, body = "strikes/"+load(c, "strikes").ID+"/appeal", map[string]any{"text": text}
	}
	if status, out := w.call(c, http.MethodPost, "/api/v1/counselling/"+path, body); status >= 300 {
		w.t.Fatalf("%s %s %s: %d %v", user, act, whose, status, out)
	}
}

// menu presses the button of the app's menu, which the app puts there after its start.
func (w *world) menu(user, key string) {
	w.t.Helper()
	w.started()
	w.must(w.control("/sim/menu", map[string]any{"user": user, "key": key}))
}

// started waits until the app has put its menu into WeCom, its services being offered then.
func (w *world) started() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	w.must(w.sim.Wait(ctx, func(v simulator.View) bool {
		return slices.ContainsFunc(v.Log(), func(e simulator.Entry) bool { return e.Path == "menu/create" && e.OK })
	}))
}

// picture sends a small picture as the person.
func (w *world) picture(user string) {
	w.t.Helper()
	var form bytes.Buffer
	f := multipart.NewWriter(&form)
	w.must(f.WriteField("user", user))
	file, err := f.CreateFormFile("media", "photo.png")
	w.must(err)
	w.must(png.Encode(file, image.NewGray(image.Rect(0, 0, 8, 8))))
	w.must(f.Close())
	res, err := http.Post(w.api+"/sim/image", f.FormDataContentType(), &form)
	w.must(err)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		w.t.Fatalf("picture: %s", res.Status)
	}
}
