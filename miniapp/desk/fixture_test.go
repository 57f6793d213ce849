package desk_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/sample"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
	"github.com/xuegong/xuegong/miniapp/desk"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Who is who in the sample school.
const (
	counsellor = "t01" // 苏晴, of the centre
	head       = "t05" // of the centre
	frontDesk  = "t06" // of the centre
	admin      = "t07"
	office     = "t08"
	fudaoyuan  = "t14"
	student    = "s01"
)

// school is the sample school with the desk in front of it.
type school struct {
	t     testing.TB
	db    *store.DB
	clock *clock.Fixed
	http  http.Handler

	requests *request.Engine
}

func newSchool(t testing.TB) *school {
	t.Helper()
	return newSchoolAt(t, storetest.Loaded(t, "sample", sample.Load))
}

// newSchoolAt is the sample school of a database.
func newSchoolAt(t testing.TB, url string) *school {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	clk := clock.NewFixed(storetest.Monday)
	db := storetest.Open(t, url, clk, store.Options{})
	kit := &page.Kit{DB: db, Render: renderer(t), Log: slog.New(slog.DiscardHandler)}
	engine := gin.New()
	routes := kit.Routes(engine.Group("/desk", signedIn), page.Desk)
	requests := newRequests()
	desk.Register(routes, desk.Deps{Requests: requests})
	routes.GET("/any-form", func(c *page.Context) error { return c.Show(&desk.Settings{}) })
	return &school{t: t, db: db, clock: clk, requests: requests, http: engine}
}

// signedIn stands in for the session, which miniapp checks before the desk is asked.
func signedIn(g *gin.Context) {
	userid := g.GetHeader("Test-Userid")
	page.SetActor(g, page.Actor{Key: "user:" + userid, Find: func(ctx context.Context, tx *store.Tx, lock bool) (identity.Person, error) {
		if lock {
			return identity.Resolve(ctx, tx, userid, identity.ByHand)
		}
		return identity.Find(ctx, tx, userid)
	}})
}

// answer is what came back.
type answer struct {
	status   int
	location string
	body     string
}

func (s *school) do(userid string, r *http.Request) answer {
	s.t.Helper()
	r.Header.Set("Test-Userid", userid)
	w := httptest.NewRecorder()
	s.http.ServeHTTP(w, r)
	return answer{status: w.Code, location: w.Header().Get("Location"), body: w.Body.String()}
}

func (s *school) get(userid, path string) answer {
	s.t.Helper()
	return s.do(userid, httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, path, nil))
}

// shown is get of a page that must be there.
func (s *school) shown(userid, path string) string {
	s.t.Helper()
	a := s.get(userid, path)
	if a.status != http.StatusOK {
		s.t.Fatalf("GET %s as %s = %d\n%s", path, userid, a.status, a.body)
	}
	return a.body
}

var onceInput = regexp.MustCompile(`name="once" value="([^"]+)"`)

// once is a fresh one-time token of the person.
func (s *school) once(userid, path string) string {
	s.t.Helper()
	m := onceInput.FindStringSubmatch(s.shown(userid, path))
	if m == nil {
		s.t.Fatalf("%s has no form for %s", path, userid)
	}
	return m[1]
}

// token is a one-time token of a person who sees no form.
func (s *school) token(userid string) string {
	s.t.Helper()
	return s.once(userid, "/desk/any-form")
}

// post sends a form as it stands.
func (s *school) post(userid, path string, form url.Values) answer {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(userid, r)
}

// send fills in a form found at page and sends it.
func (s *school) send(userid, at, path string, pairs ...string) answer {
	s.t.Helper()
	return s.post(userid, path, values(append([]string{"once", s.once(userid, at)}, pairs...)...))
}

func values(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// upload sends a form with a file.
func (s *school) upload(userid, path, name string, content []byte, pairs ...string) answer {
	s.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := w.WriteField(pairs[i], pairs[i+1]); err != nil {
			s.t.Fatal(err)
		}
	}
	if name != "" {
		part, err := w.CreateFormFile("file", name)
		if err != nil {
			s.t.Fatal(err)
		}
		if _, err := io.Copy(part, bytes.NewReader(content)); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		s.t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, path, &b)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return s.do(userid, r)
}

// as runs fn as the person.
func (s *school) as(userid string, fn func(ctx context.Context, tx *store.Tx, who identity.Person) error) {
	s.t.Helper()
	storetest.Update(s.t, s.db, func(tx *store.Tx) error {
		who, err := identity.Find(s.t.Context(), tx, userid)
		if err != nil {
			return err
		}
		return fn(s.t.Context(), tx, who)
	})
}

// pending is the booking of s06, which waits for a decision.
func (s *school) pending() counselling.Booking {
	s.t.Helper()
	return s.bookingOf("s06")
}

// bookingOf is the newest booking of a student, as the student reads it.
func (s *school) bookingOf(userid string) (b counselling.Booking) {
	s.t.Helper()
	s.as(userid, func(ctx context.Context, tx *store.Tx, who identity.Person) error {
		list, err := counselling.Mine(ctx, tx, who)
		if err != nil {
			return err
		}
		b, err = counselling.Get(ctx, tx, who, list[0].PublicID)
		return err
	})
	return b
}

// book takes the first free hour of the counsellor for a student who has read the notice.
func (s *school) book(userid, name, wish string) (b counselling.Booking) {
	s.t.Helper()
	s.as(userid, func(ctx context.Context, tx *store.Tx, who identity.Person) error {
		slots, err := counselling.Slots(ctx, tx, who, "", tx.Now().AddDate(0, 0, 2), time.Time{})
		if err != nil {
			return err
		}
		for _, slot := range slots {
			if slot.Name == name && slot.Bookable() {
				b, err = counselling.Book(ctx, tx, who, slot.PublicID, wish, counselling.ViaPage)
				return err
			}
		}
		s.t.Fatalf("%s has no free hour", name)
		return nil
	})
	return b
}

func has(t *testing.T, body string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(body, part) {
			t.Errorf("the page does not say %q", part)
		}
	}
}

func hasNot(t *testing.T, body string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(body, part) {
			t.Errorf("the page says %q", part)
		}
	}
}
