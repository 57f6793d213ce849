package bot_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/bot"
	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/inbox"
	"github.com/xuegong/xuegong/internal/wecom"
)

const (
	corp   = "ww00000000000000aa"
	token  = "token"
	aesKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	secret = "我想约周三下午" // what a student writes: no log may ever hold it
)

// monday is when every test of this package takes place.
func monday() time.Time { return time.Date(2026, 10, 12, 1, 0, 0, 0, time.UTC) }

func newCodec(t testing.TB, token, receiver string) *wecom.Codec {
	t.Helper()
	c, err := wecom.NewCodec(token, aesKey, receiver)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// text is the plaintext of a text message.
func text(content string) string {
	return "<xml><ToUserName><![CDATA[" + corp + "]]></ToUserName><FromUserName><![CDATA[s01]]></FromUserName>" +
		"<CreateTime>1791766800</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[" + content + "]]></Content>" +
		"<MsgId>7</MsgId><AgentID>1000002</AgentID></xml>"
}

// request is one request to the callback URL.
type request struct {
	method string
	query  url.Values
	body   string
}

// encrypted is the text of the Encrypt element that holds the plaintext.
func encrypted(c *wecom.Codec, plain string) string {
	_, rest, _ := strings.Cut(string(c.Seal([]byte(plain), "1", "1")), "<Encrypt><![CDATA[")
	enc, _, _ := strings.Cut(rest, "]]>")
	return enc
}

func signed(c *wecom.Codec, enc string, at time.Time) url.Values {
	timestamp, nonce := strconv.FormatInt(at.Unix(), 10), "1372623149"
	return url.Values{"timestamp": {timestamp}, "nonce": {nonce}, "msg_signature": {c.Signature(timestamp, nonce, []byte(enc))}}
}

// carrying posts an Encrypt text as it is, properly signed.
func carrying(c *wecom.Codec, enc string, at time.Time) request {
	return request{http.MethodPost, signed(c, enc, at), "<xml><ToUserName><![CDATA[" + corp + "]]></ToUserName><Encrypt><![CDATA[" + enc +
		"]]></Encrypt><AgentID><![CDATA[1000002]]></AgentID></xml>"}
}

// post is a callback as WeCom sends it.
func post(c *wecom.Codec, plain string, at time.Time) request {
	return carrying(c, encrypted(c, plain), at)
}

// check is the URL check of the admin console.
func check(c *wecom.Codec, echo string, at time.Time) request {
	enc := encrypted(c, echo)
	q := signed(c, enc, at)
	q.Set("echostr", enc)
	return request{http.MethodGet, q, ""}
}

// with returns the request after a change; the original stays as it was.
func (r request) with(change func(r *request)) request {
	q := url.Values{}
	for k, v := range r.query {
		q[k] = slices.Clone(v)
	}
	r.query = q
	change(&r)
	return r
}

func (r request) without(parameter string) request {
	return r.with(func(r *request) { r.query.Del(parameter) })
}

// door is a receiver behind a real HTTP server, and what came through it.
type door struct {
	url string

	mu       sync.Mutex
	kept     []inbox.Act
	outcomes []string
	log      bytes.Buffer
	keepErr  func(ctx context.Context) error
}

func (d *door) Write(line []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.Write(line)
}

func (d *door) keep(ctx context.Context, a inbox.Act) error {
	d.mu.Lock()
	d.kept = append(d.kept, a)
	d.mu.Unlock()
	if d.keepErr != nil {
		return d.keepErr(ctx)
	}
	return nil
}

func (d *door) observe(outcome string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.outcomes = append(d.outcomes, outcome)
}

func (d *door) receiver(t testing.TB) *bot.Receiver {
	return &bot.Receiver{
		Codec: newCodec(t, token, corp), Clock: clock.NewFixed(monday()), Keep: d.keep,
		Log: slog.New(slog.NewTextHandler(d, nil)), Observe: d.observe,
	}
}

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{}
	srv := httptest.NewServer(engine(d.receiver(t).Register))
	t.Cleanup(srv.Close)
	d.url = srv.URL + "/wecom/callback"
	return d
}

// engine is a gin server as the product runs it.
func engine(register func(gin.IRoutes)) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	g := gin.New()
	register(g)
	return g
}

func (d *door) send(t *testing.T, r request) (status int, body string, err error) {
	t.Helper()
	req, err := http.NewRequest(r.method, d.url+"?"+r.query.Encode(), strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

// seen is what came through so far.
func (d *door) seen() (kept []inbox.Act, outcomes []string, log string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.kept), slices.Clone(d.outcomes), d.log.String()
}

// silent fails if the log holds anything of the request.
func (d *door) silent(t *testing.T, r request) {
	t.Helper()
	_, _, log := d.seen()
	for _, part := range []string{secret, "Encrypt", r.query.Get("msg_signature"), r.query.Get("echostr")} {
		if part != "" && strings.Contains(log, part) {
			t.Errorf("the log holds %q:\n%s", part, log)
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	c, now := newCodec(t, token, corp), monday()
	ok := check(c, "4151532562139461025", now)
	tests := []struct {
		name    string
		request request
		status  int
		body    string
		outcome []string
	}{
		{"answers_exactly_the_plaintext", ok, 200, "4151532562139461025", nil},
		{"clock_14_minutes_behind", check(c, "1", now.Add(14*time.Minute)), 200, "1", nil},
		{"stale", check(c, "1", now.Add(-16*time.Minute)), 403, "", []string{"stale"}},
		{"from_the_future", check(c, "1", now.Add(16*time.Minute)), 403, "", []string{"stale"}},
		{"signed_with_another_token", check(newCodec(t, "other", corp), "1", now), 403, "", []string{"forged"}},
		{"for_another_company", check(newCodec(t, token, "ww1"), "1", now), 403, "", []string{"forged"}},
		{"no_signature", ok.without("msg_signature"), 403, "", []string{"forged"}},
		{"no_timestamp", ok.without("timestamp"), 403, "", []string{"forged"}},
		{"no_nonce", ok.without("nonce"), 403, "", []string{"forged"}},
		{"no_echostr", ok.without("echostr"), 403, "", []string{"forged"}},
		{"no_parameters", request{http.MethodGet, nil, ""}, 403, "", []string{"forged"}},
		{"the_parameters_of_a_post", request{http.MethodGet, post(c, text(secret), now).query, ""}, 403, "", []string{"forged"}},
		{
			"echostr_is_no_base64", ok.with(func(r *request) { r.query = signed(c, "%%%", now); r.query.Set("echostr", "%%%") }),
			400, "",
			[]string{"malformed"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			status, body, err := d.send(t, tt.request)
			if err != nil {
				t.Fatal(err)
			}
			if status != tt.status || body != tt.body {
				t.Errorf("answered %d %q, want %d %q", status, body, tt.status, tt.body)
			}
			kept, outcomes, _ := d.seen()
			if diff := cmp.Diff(tt.outcome, outcomes); diff != "" {
				t.Errorf("outcome: %s", diff)
			}
			if len(kept) > 0 {
				t.Error("a URL check was kept")
			}
			d.silent(t, tt.request)
		})
	}
}

func TestReceiveKeeps(t *testing.T) {
	t.Parallel()
	c, now := newCodec(t, token, corp), monday()
	nested := "<xml><FromUserName>sys</FromUserName><MsgType>event</MsgType><Event>something_new</Event><Deep><Er>1</Er></Deep></xml>"
	tests := []struct {
		name    string
		request request
		sender  string
		plain   string
	}{
		{"a_text", post(c, text(secret), now), "s01", text(secret)},
		{"a_type_nobody_knows", post(c, nested, now), "sys", nested},
		{"14_minutes_old", post(c, text(secret), now.Add(-14*time.Minute)), "s01", text(secret)},
		{"exactly_15_minutes_old", post(c, text(secret), now.Add(-15*time.Minute)), "s01", text(secret)},
		{"clock_15_minutes_behind", post(c, text(secret), now.Add(15*time.Minute)), "s01", text(secret)},
		{
			"more_in_the_query", post(c, text(secret), now).with(func(r *request) { r.query.Set("tenant", "1") }),
			"s01", text(secret),
		},
		{
			"an_indented_envelope", post(c, text(secret), now).with(func(r *request) { r.body = strings.ReplaceAll(r.body, "><Enc", ">\n  <Enc") }),
			"s01", text(secret),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			status, body, err := d.send(t, tt.request)
			if err != nil {
				t.Fatal(err)
			}
			if status != http.StatusOK || body != "" {
				t.Errorf("answered %d %q, want 200 and nothing", status, body)
			}
			kept, outcomes, _ := d.seen()
			want := []inbox.Act{{Key: inbox.KeyOf([]byte(tt.plain)), Sender: tt.sender, Body: []byte(tt.plain), ReceivedAt: now}}
			if diff := cmp.Diff(want, kept); diff != "" {
				t.Errorf("kept: %s", diff)
			}
			if diff := cmp.Diff([]string{"kept"}, outcomes); diff != "" {
				t.Errorf("outcome: %s", diff)
			}
			d.silent(t, tt.request)
		})
	}
}

func TestReceiveRefuses(t *testing.T) {
	t.Parallel()
	c, now := newCodec(t, token, corp), monday()
	ok := post(c, text(secret), now)
	enc := encrypted(c, text(secret))
	large := text(strings.Repeat("约", 22_000)) // 64 KiB before it is encrypted
	tests := []struct {
		name    string
		request request
		status  int
		outcome string
	}{
		{"signature_of_another_token", post(newCodec(t, "other", corp), text(secret), now), 403, "forged"},
		{"one_letter_of_the_signature", ok.with(func(r *request) {
			r.query.Set("msg_signature", strings.Repeat("0", 40))
		}), 403, "forged"},
		{"signature_in_upper_case", ok.with(func(r *request) {
			r.query.Set("msg_signature", strings.ToUpper(r.query.Get("msg_signature")))
		}), 403, "forged"},
		{"another_body_under_the_signature", ok.with(func(r *request) { r.body = post(c, text("别的话"), now).body }), 403, "forged"},
		{"a_fresh_timestamp_on_an_old_body", post(c, text(secret), now.Add(-time.Hour)).with(func(r *request) {
			r.query.Set("timestamp", strconv.FormatInt(now.Unix(), 10))
		}), 403, "forged"},
		{"for_another_company", post(newCodec(t, token, "ww1"), text(secret), now), 403, "forged"},
		{"16_minutes_old", post(c, text(secret), now.Add(-16*time.Minute)), 403, "stale"},
		{"16_minutes_ahead", post(c, text(secret), now.Add(16*time.Minute)), 403, "stale"},
		{"timestamp_is_no_number", ok.with(func(r *request) {
			r.query.Set("timestamp", "today")
			r.query.Set("msg_signature", c.Signature("today", r.query.Get("nonce"), encryptOf(r.body)))
		}), 403, "stale"},
		{"timestamp_beyond_all_time", ok.with(func(r *request) {
			r.query.Set("timestamp", "9223372036854775807")
			r.query.Set("msg_signature", c.Signature("9223372036854775807", r.query.Get("nonce"), encryptOf(r.body)))
		}), 403, "stale"},
		{"truncated_base64", carrying(c, enc[:len(enc)-3], now), 400, "malformed"},
		{"truncated_block", carrying(c, enc[:len(enc)-8], now), 400, "malformed"},
		{"no_base64", carrying(c, "你好", now), 400, "malformed"},
		{"empty_encrypt", carrying(c, "", now), 400, "malformed"},
		{"truncated_body", ok.with(func(r *request) { r.body = r.body[:len(r.body)/2] }), 400, "malformed"},
		{"empty_body", ok.with(func(r *request) { r.body = "" }), 400, "malformed"},
		{"json", ok.with(func(r *request) { r.body = `{"encrypt":"` + enc + `"}` }), 400, "malformed"},
		{"plaintext_is_no_xml", post(c, "我想预约", now), 400, "malformed"},
		{"plaintext_is_empty", post(c, "", now), 400, "malformed"},
		{"plaintext_breaks_off", post(c, "<xml><FromUserName>s01</From", now), 400, "malformed"},
		{"oversized", post(c, large, now), 413, "oversized"},
		{"oversized_and_not_ours", ok.with(func(r *request) { r.body = strings.Repeat("x", 64<<10+1) }), 413, "oversized"},
		{"no_signature", ok.without("msg_signature"), 403, "forged"},
		{"no_timestamp", ok.without("timestamp"), 403, "forged"},
		{"no_nonce", ok.without("nonce"), 403, "forged"},
		{"no_parameters", ok.with(func(r *request) { r.query = nil }), 403, "forged"},
		{"parameters_in_the_body", ok.with(func(r *request) { r.body, r.query = r.query.Encode(), nil }), 400, "malformed"},
		{"parameters_of_the_url_check", check(c, text(secret), now).with(func(r *request) { r.method = http.MethodPost }), 400, "malformed"},
		{"parameters_of_the_url_check_and_a_body", check(c, text(secret), now).with(func(r *request) {
			r.method, r.body = http.MethodPost, ok.body
		}), 403, "forged"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			status, body, err := d.send(t, tt.request)
			if err != nil {
				t.Fatal(err)
			}
			if status != tt.status || body != "" {
				t.Errorf("answered %d %q, want %d and nothing", status, body, tt.status)
			}
			kept, outcomes, log := d.seen()
			if diff := cmp.Diff([]string{tt.outcome}, outcomes); diff != "" {
				t.Errorf("outcome: %s", diff)
			}
			if len(kept) > 0 {
				t.Errorf("kept %d acts", len(kept))
			}
			if log != "" {
				t.Errorf("a stranger filled the log: %s", log)
			}
		})
	}
}

// encryptOf takes the Encrypt text out of an envelope.
func encryptOf(body string) []byte {
	_, rest, _ := strings.Cut(body, "<Encrypt><![CDATA[")
	enc, _, _ := strings.Cut(rest, "]]>")
	return []byte(enc)
}

// Who sends a body of 8 MB to its end before reading finds the answer, not a connection
// that was cut off.
func TestReceiveAnswersWhoReadsOnlyAfterSending(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	at, err := url.Parse(d.url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", at.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, d.url, strings.NewReader(strings.Repeat("x", 8<<20)))
	if err := req.Write(conn); err != nil {
		t.Fatalf("cut off while sending: %v", err)
	}
	if line, _ := bufio.NewReader(conn).ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 413") {
		t.Errorf("answered %q, want 413", line)
	}
}

// Other methods do not exist, and what they carry is not looked at.
func TestReceiveKnowsTwoMethods(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodHead} {
		status, _, err := d.send(t, post(newCodec(t, token, corp), text(secret), monday()).with(func(r *request) { r.method = method }))
		if err != nil || status < 400 || status > 499 {
			t.Errorf("%s: %d %v, want 4xx", method, status, err)
		}
	}
	if kept, outcomes, _ := d.seen(); len(kept)+len(outcomes) > 0 {
		t.Errorf("kept %d, observed %v", len(kept), outcomes)
	}
}

// A repeat of WeCom's is sealed afresh, a replay is the same bytes: both are the same
// act to the inbox, which keeps it once.
func TestReceiveNamesRepeatsAlike(t *testing.T) {
	t.Parallel()
	c, d := newCodec(t, token, corp), newDoor(t)
	first := post(c, text(secret), monday())
	for _, r := range []request{first, first, post(c, text(secret), monday().Add(5*time.Second))} {
		if status, _, err := d.send(t, r); err != nil || status != http.StatusOK {
			t.Fatalf("answered %d %v", status, err)
		}
	}
	if status, _, err := d.send(t, post(c, text("另一句"), monday())); err != nil || status != http.StatusOK {
		t.Fatalf("answered %d %v", status, err)
	}
	kept, _, _ := d.seen()
	keys := map[string]int{}
	for i, a := range kept {
		keys[string(a.Key)]++
		if i < 3 && string(a.Body) != text(secret) {
			t.Errorf("act %d changed after it was kept: %s", i, a.Body)
		}
	}
	if len(keys) != 2 || keys[string(inbox.KeyOf([]byte(text(secret))))] != 3 {
		t.Errorf("%d keys for one act sent three times and another", len(keys))
	}
}

// What cannot be kept gets no answer at all: WeCom then repeats it.
func TestReceiveHangsUpOnWhatIsNotKept(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		keep func(ctx context.Context) error
	}{
		{"database_refuses", func(context.Context) error { return errors.New("insert: connection refused") }},
		{"four_seconds_are_over", func(ctx context.Context) error {
			if at, ok := ctx.Deadline(); !ok || at.Sub(clock.Wall()) > 4*time.Second {
				return nil // kept without a limit: answered, and the test fails
			}
			<-ctx.Done()
			return ctx.Err()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			d.keepErr = tt.keep
			r := post(newCodec(t, token, corp), text(secret), monday())
			status, body, err := d.send(t, r)
			if !errors.Is(err, io.EOF) {
				t.Errorf("answered %d %q %v, want a closed connection", status, body, err)
			}
			_, outcomes, log := d.seen()
			if diff := cmp.Diff([]string{"unkept"}, outcomes); diff != "" {
				t.Errorf("outcome: %s", diff)
			}
			if !strings.Contains(log, "callback not kept") {
				t.Errorf("nobody hears of it: %s", log)
			}
			d.silent(t, r)
		})
	}
}

// Whatever comes from somebody who does not know the token is refused: no panic, one
// outcome, nothing kept.
func FuzzReceive(f *testing.F) {
	c, now := newCodec(f, token, corp), monday()
	other := newCodec(f, "other", corp)
	for _, r := range []request{
		post(other, text(secret), now), post(c, text(secret), now.Add(-time.Hour)), check(other, "1", now), carrying(c, "", now),
		post(c, text(secret), now).without("nonce"), post(newCodec(f, token, "ww1"), text(secret), now),
		{},
	} {
		f.Add(r.method == http.MethodPost, r.query.Encode(), []byte(r.body))
	}
	f.Add(true, "msg_signature=%zz&timestamp&nonce=;", []byte("<xml><Encrypt><![CDATA["))
	d := &door{}
	g := engine(d.receiver(f).Register)
	f.Fuzz(func(t *testing.T, post bool, query string, body []byte) {
		d.kept, d.outcomes = nil, nil
		method := http.MethodGet
		if post {
			method = http.MethodPost
		}
		req := httptest.NewRequest(method, "/wecom/callback", bytes.NewReader(body))
		req.URL.RawQuery = query
		res := httptest.NewRecorder()
		g.ServeHTTP(res, req)
		if len(d.kept) > 0 || res.Code < 400 || res.Code > 499 || res.Body.Len() > 0 || len(d.outcomes) != 1 {
			t.Errorf("answered %d %q, outcomes %v, kept %d", res.Code, res.Body, d.outcomes, len(d.kept))
		}
		if d.log.Len() > 0 {
			t.Errorf("logged: %s", d.log.String())
		}
	})
}
