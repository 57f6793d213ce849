package app_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/inbox"
	"github.com/xuegong/xuegong/internal/simulator"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/wecom"
)

// said is in every callback of these tests and must never be in a log.
const said = "最近睡不好想找人聊聊"

// journal is everything a process logs, of every level.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
	grew *sync.Cond
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	n, err := j.text.Write(line)
	j.grew.Broadcast()
	return n, err
}

// await returns when the words have been logged.
func (j *journal) await(words string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for !strings.Contains(j.text.String(), words) {
		j.grew.Wait()
	}
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func newJournal() (*journal, *slog.Logger) {
	j := &journal{}
	j.grew = sync.NewCond(&j.mu)
	return j, slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// letter is a callback on its way from WeCom, or from somebody who says so.
type letter struct{ query, body string }

// sealed makes the letter WeCom would send to the receiver, signed with the token.
func (w *world) sealed(token, receiver, plain string, at time.Time) letter {
	w.t.Helper()
	c, err := wecom.NewCodec(token, aesKey, receiver)
	w.must(err)
	timestamp, nonce := strconv.FormatInt(at.Unix(), 10), "1372623149"
	_, rest, _ := strings.Cut(string(c.Seal([]byte(plain), timestamp, nonce)), "<Encrypt><![CDATA[")
	enc, _, _ := strings.Cut(rest, "]]>")
	return letter{
		"msg_signature=" + c.Signature(timestamp, nonce, []byte(enc)) + "&timestamp=" + timestamp + "&nonce=" + nonce,
		"<xml><ToUserName><![CDATA[" + receiver + "]]></ToUserName><Encrypt><![CDATA[" + enc + "]]></Encrypt><AgentID><![CDATA[1000002]]></AgentID></xml>",
	}
}

func (w *world) deliver(l letter) (status int, body string) {
	w.t.Helper()
	res, err := http.Post(w.url+"/wecom/callback?"+l.query, "text/xml", strings.NewReader(l.body))
	w.must(err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	w.must(err)
	return res.StatusCode, string(b)
}

// callbacks reads from /metrics how many callbacks had which outcome.
func (w *world) callbacks() map[string]int {
	w.t.Helper()
	res, err := http.Get(w.url + "/metrics")
	w.must(err)
	defer func() { _ = res.Body.Close() }()
	counts := map[string]int{}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		rest, ok := strings.CutPrefix(lines.Text(), `xuegong_callbacks_total{outcome="`)
		if !ok {
			continue
		}
		outcome, value, _ := strings.Cut(rest, `"} `)
		n, err := strconv.Atoi(value)
		w.must(err)
		counts[outcome] = n
	}
	return counts
}

// kept counts the inbox by state.
func (w *world) kept() map[string]int {
	w.t.Helper()
	var rows []struct {
		State string
		N     int
	}
	w.must(w.db.View(context.Background(), func(tx *store.Tx) error {
		return tx.Select(&rows, `select state, count(*) as n from inbox group by state`)
	}))
	counts := map[string]int{}
	for _, r := range rows {
		counts[r.State] = r.N
	}
	return counts
}

// written is the plaintext of something a member did.
func written(user, msgType, elements string) string {
	return "<xml><ToUserName><![CDATA[" + corp + "]]></ToUserName><FromUserName><![CDATA[" + user + "]]></FromUserName>" +
		"<CreateTime>1791766800</CreateTime><MsgType><![CDATA[" + msgType + "]]></MsgType>" + elements + "</xml>"
}

func text(user, id string) string {
	return written(user, "text", "<Content><![CDATA["+said+"]]></Content><MsgId>"+id+"</MsgId><AgentID>1000002</AgentID>")
}

// Whoever does not know the token gets nowhere: no row, no log line, and it is counted.
func TestForgedCallbacksLeaveNothing(t *testing.T) {
	t.Parallel()
	log, logger := newJournal()
	w := newLoggedWorld(t, logger)
	now := w.clock.Now()
	plain := text("s02", "1")
	good := w.sealed("token", corp, plain, now)
	tests := []struct {
		name    string
		letter  letter
		status  int
		outcome string
	}{
		{"signed_with_another_token", w.sealed("other", corp, plain, now), 403, "forged"},
		{"for_another_company", w.sealed("token", "ww9", plain, now), 403, "forged"},
		{"unsigned", letter{"", good.body}, 403, "forged"},
		{"another_body_under_a_good_signature", letter{good.query, w.sealed("token", corp, text("s03", "2"), now).body}, 403, "forged"},
		{"16_minutes_old", w.sealed("token", corp, plain, now.Add(-16*time.Minute)), 403, "stale"},
		{"16_minutes_ahead", w.sealed("token", corp, plain, now.Add(16*time.Minute)), 403, "stale"},
		{"too_large", letter{good.query, good.body + strings.Repeat(" ", 64<<10)}, 413, "oversized"},
		{"broken_off", letter{good.query, good.body[:200]}, 400, "malformed"},
		{"plaintext_is_no_xml", w.sealed("token", corp, said, now), 400, "malformed"},
	}
	rows, counts := w.kept(), w.callbacks()
	for _, tt := range tests {
		if status, body := w.deliver(tt.letter); status != tt.status || body != "" {
			t.Errorf("%s: answered %d %q, want %d and nothing", tt.name, status, body, tt.status)
		}
		counts[tt.outcome]++
		if diff := cmp.Diff(counts, w.callbacks()); diff != "" {
			t.Errorf("%s: counted %s", tt.name, diff)
		}
	}
	if diff := cmp.Diff(rows, w.kept()); diff != "" {
		t.Errorf("rows were written: %s", diff)
	}
	// Of the good one as well, and of its replay, no log line says what it was.
	for range 2 {
		if status, body := w.deliver(good); status != http.StatusOK || body != "" {
			t.Errorf("the good one: answered %d %q", status, body)
		}
	}
	w.must(w.control("/sim/clock", map[string]any{"advance": "1s"}))
	rows["done"]++
	if diff := cmp.Diff(rows, w.kept()); diff != "" {
		t.Errorf("the good one and its replay: %s", diff)
	}
	for _, secret := range []string{said, "Encrypt", "msg_signature", "s02", aesKey} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, log)
		}
	}
}

// everyCallback is what WeCom can send (wecom/callback.md sections 6 and 8 to 11), each
// from a student of its own, and what it cannot yet.
func everyCallback() map[string]string {
	all := map[string]string{}
	n := 9
	student := func() string { n++; return fmt.Sprintf("s%02d", n) }
	message := func(msgType, elements string) {
		all["message_"+msgType] = written(student(), msgType, elements+"<MsgId>18446744073709551615</MsgId><AgentID>1000002</AgentID>")
	}
	message("text", "<Content><![CDATA["+said+"]]></Content>")
	message("image", "<PicUrl><![CDATA[https://example.com/p]]></PicUrl><MediaId><![CDATA[m1]]></MediaId>")
	message("voice", "<MediaId><![CDATA[m1]]></MediaId><Format><![CDATA[amr]]></Format>")
	message("video", "<MediaId><![CDATA[m1]]></MediaId><ThumbMediaId><![CDATA[m2]]></ThumbMediaId>")
	message("location", "<Location_X>31.05</Location_X><Location_Y>121.2</Location_Y><Scale>15</Scale><Label><![CDATA["+said+"]]></Label><AppType>wxwork</AppType>")
	message("link", "<Title><![CDATA["+said+"]]></Title><Description>d</Description><Url>https://example.com</Url><PicUrl>p</PicUrl>")
	message("file", "<MediaId><![CDATA[m1]]></MediaId>")

	event := func(user, name, elements string) {
		all["event_"+name+"_"+user] = written(user, "event", "<Event><![CDATA["+name+"]]></Event>"+elements+"<AgentID>1000002</AgentID>")
	}
	event(student(), "subscribe", "<EventKey></EventKey>")
	event("s101", "unsubscribe", "")
	event(student(), "enter_agent", "<EventKey><![CDATA[]]></EventKey>")
	event(student(), "LOCATION", "<Latitude>31.05</Latitude><Longitude>121.2</Longitude><Precision>65.0</Precision><AppType>wxwork</AppType>")
	event(student(), "click", "<EventKey><![CDATA[counselling.book]]></EventKey>")
	event("s102", "click", "<EventKey><![CDATA[a.key.of.last.year]]></EventKey>")
	event(student(), "view", "<EventKey><![CDATA[https://example.com/]]></EventKey>")
	event(student(), "view_miniprogram", "<EventKey><![CDATA[pages/index]]></EventKey>")
	for _, name := range []string{"scancode_push", "scancode_waitmsg"} {
		event(student(), name, "<EventKey>k</EventKey><ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult><![CDATA["+said+"]]></ScanResult></ScanCodeInfo>")
	}
	for _, name := range []string{"pic_sysphoto", "pic_photo_or_album", "pic_weixin"} {
		event(student(), name, "<EventKey>k</EventKey><SendPicsInfo><Count>1</Count><PicList><item><PicMd5Sum>aa</PicMd5Sum></item></PicList></SendPicsInfo>")
	}
	event(student(), "location_select", "<EventKey>k</EventKey><SendLocationInfo><Location_X>23</Location_X><Location_Y>113</Location_Y><Scale>15</Scale><Label>l</Label><Poiname>p</Poiname></SendLocationInfo>")
	event("sys", "batch_job_result", "<BatchJob><JobId>j</JobId><JobType>sync_user</JobType><ErrCode>0</ErrCode><ErrMsg>ok</ErrMsg></BatchJob>")
	event("sys", "upload_media_job_finish", "<JobId>j</JobId>")

	pressed := "<EventKey><![CDATA[%s]]></EventKey><TaskId>%s</TaskId><CardType>button_interaction</CardType><ResponseCode>rc-%[2]s</ResponseCode>"
	for i, key := range []string{"talk|3|k1", "confirm|nobody", "reject|nobody", "ask|nobody", "cancel|nobody", "keep|nobody", "go|hotlines", "confirm", "", "|||||", said} {
		event(fmt.Sprintf("s%d", 110+i), "template_card_event", fmt.Sprintf(pressed, key, fmt.Sprint("task", i)))
	}
	event("t01", "template_card_event", fmt.Sprintf(pressed, "reject|nobody", "task-t")+
		"<SelectedItems><SelectedItem><QuestionKey>reason</QuestionKey><OptionIds><OptionId>r0</OptionId></OptionIds></SelectedItem></SelectedItems>")
	event(student(), "template_card_menu_event", fmt.Sprintf(pressed, "go|help", "task-m"))
	event(student(), "taskcard_click", "<EventKey>k</EventKey><TaskId>t</TaskId>")

	event("sys", "open_approval_change", "<ApprovalInfo><ThirdNo>n</ThirdNo><OpenSpStatus>1</OpenSpStatus><ApprovalNodes><ApprovalNode><NodeStatus>1</NodeStatus>"+
		"<Items><Item><ItemUserId>t01</ItemUserId></Item></Items></ApprovalNode></ApprovalNodes><approverstep>0</approverstep></ApprovalInfo>")
	event("sys", "sys_approval_change", "<ApprovalInfo><SpNoStr>2026</SpNoStr><SpStatus>2</SpStatus><Applyer><UserId>s02</UserId><Party>3</Party></Applyer>"+
		"<SpRecord><SpStatus>2</SpStatus><Details><Approver><UserId>t01</UserId></Approver><Speech><![CDATA["+said+"]]></Speech></Details></SpRecord><StatuChangeEvent>2</StatuChangeEvent></ApprovalInfo>")
	event("sys", "change_school_contact", "<ChangeType>update_student</ChangeType><Id>1</Id>")
	for _, name := range []string{"modify_calendar", "delete_calendar", "add_schedule", "modify_schedule", "delete_schedule"} {
		event("sys", name, "<CalId>c</CalId><ScheduleId>s</ScheduleId>")
	}
	event("t01", "respond_schedule", "<CalId>c</CalId><ScheduleId>s</ScheduleId>")
	event("sys", "switch_workbench_mode", "<Mode>1</Mode>")
	for _, name := range []string{
		"share_agent_change", "share_chain_change", "inactive_alert", "low_active_alert",
		"close_inactive_agent", "reopen_inactive_agent", "low_active", "active_restored",
	} {
		event("sys", name, "<EffectTime>1791766800</EffectTime>")
	}

	contact := func(change, elements string) {
		all["contact_"+change] = written("sys", "event", "<Event>change_contact</Event><ChangeType><![CDATA["+change+"]]></ChangeType>"+elements)
	}
	contact("create_user", "<UserID>new</UserID><Name>"+said+"</Name><Department>1,2</Department><ExtAttr><Item><Name>n</Name><Type>0</Type><Text><Value>v</Value></Text></Item></ExtAttr>")
	contact("update_user", "<UserID>s103</UserID><NewUserID>s103a</NewUserID><Department>2</Department>")
	contact("delete_user", "<UserID>s104</UserID>")
	contact("create_party", "<Id>9</Id><Name>"+said+"</Name><ParentId>1</ParentId><Order>3</Order>")
	contact("update_party", "<Id>9</Id><ParentId>2</ParentId>")
	contact("delete_party", "<Id>9</Id>")
	contact("update_tag", "<TagId>1</TagId><AddUserItems>s02,s03</AddUserItems><DelUserItems>s04</DelUserItems>")

	event("sys", "an_event_of_next_year", "<Deep><Er>"+said+"</Er></Deep>")
	event("s105", "an_event_of_next_year", "")
	all["a_type_of_next_year"] = written("s106", "hologram", "<Content>"+said+"</Content>")
	all["from_nobody_we_know"] = text("nobody-of-ours", "1")
	all["from_no_one"] = "<xml><MsgType>text</MsgType><Content>" + said + "</Content></xml>"
	all["nothing_in_it"] = "<xml></xml>"
	return all
}

// Whatever WeCom sends is taken and ends done, what we do not know as well.
func TestEveryCallbackEndsDone(t *testing.T) {
	t.Parallel()
	log, logger := newJournal()
	w := newLoggedWorld(t, logger)
	all := everyCallback()
	before := w.kept()
	for name, plain := range all {
		if status, body := w.deliver(w.sealed("token", corp, plain, w.clock.Now())); status != http.StatusOK || body != "" {
			t.Errorf("%s: answered %d %q", name, status, body)
		}
	}
	w.must(w.control("/sim/clock", map[string]any{"advance": "1h"}))
	for name, plain := range all {
		var state string
		var tries int
		w.must(w.db.View(context.Background(), func(tx *store.Tx) error {
			return tx.QueryRowContext(context.Background(), `select state, attempts from inbox where key = $1`, inbox.KeyOf([]byte(plain))).Scan(&state, &tries)
		}))
		if state != "done" || tries != 0 {
			t.Errorf("%s: %s after %d failed attempts", name, state, tries)
		}
	}
	if got := w.kept(); got["done"] != before["done"]+len(all) || got["failed"] != 0 || got["waiting"] != 0 {
		t.Errorf("kept %v, before %v, sent %d", got, before, len(all))
	}
	w.must(w.db.View(context.Background(), func(tx *store.Tx) error {
		_, err := identity.Find(context.Background(), tx, "s103a") // whose userid was changed
		return err
	}))
	if strings.Contains(log.String(), said) {
		t.Errorf("the log holds what was written:\n%s", log)
	}
	w.sound()
}

// A school may give two apps one callback URL: what is said to the other is not answered here,
// and a file or a type of next year is answered like a picture.
func TestOnlyWhatIsSaidToThisAppIsAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := "<MediaId><![CDATA[m1]]></MediaId><MsgId>%d</MsgId><AgentID>%d</AgentID>"
	for user, plain := range map[string]string{
		"s31": written("s31", "text", "<Content>帮助</Content><MsgId>1</MsgId><AgentID>1000009</AgentID>"),
		"s32": written("s32", "file", fmt.Sprintf(file, 2, 1000009)),
		"s33": written("s33", "file", fmt.Sprintf(file, 3, agent)),
		"s34": written("s34", "hologram", fmt.Sprintf(file, 4, agent)),
	} {
		if status, body := w.deliver(w.sealed("token", corp, plain, w.clock.Now())); status != http.StatusOK || body != "" {
			t.Errorf("%s: answered %d %q", user, status, body)
		}
	}
	w.must(w.control("/sim/clock", map[string]any{"advance": "1m"}))
	for user, want := range map[string]int{"s31": 0, "s32": 0, "s33": 1, "s34": 1} {
		if got := w.messages(user, 0); len(got) != want {
			t.Errorf("%s reads %d messages, want %d", user, len(got), want)
		}
	}
	w.sound()
}

// Whatever the way does to a callback, a student reads one answer to each text.
func TestFaultsAnswerOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tests := []struct {
		kind     simulator.FaultKind
		count    int
		user     string
		attempts int // at the three texts, at least
		forged   int
	}{
		{simulator.FaultDuplicate, 3, "s21", 6, 0},
		{simulator.FaultReplay, 3, "s22", 5, 0},
		{simulator.FaultReorder, 1, "s23", 3, 0},
		{simulator.FaultBadSignature, 2, "s24", 5, 2},
		{simulator.FaultWrongReceiveID, 2, "s25", 5, 2},
	}
	for _, tt := range tests {
		before := w.callbacks()
		w.must(w.control("/sim/faults", map[string]any{"kind": tt.kind, "count": tt.count, "user": tt.user}))
		for _, text := range []string{"帮助", "我的预约", "求助热线"} {
			w.must(w.control("/sim/text", map[string]any{"user": tt.user, "text": text}))
		}
		var got []string
		for range 3 {
			first, _, _ := strings.Cut(w.next(tt.user).text(), "，")
			got = append(got, first)
		}
		w.attempted(tt.user, tt.attempts)
		w.must(w.control("/sim/clock", map[string]any{"advance": "1s"}))
		for _, m := range w.messages(tt.user, 0) {
			t.Errorf("%s: answered once more: %s", tt.kind, m.text())
		}
		slices.Sort(got)
		want := []string{"你还没有预约。想约个时间", "如果你或身边的人现在有危险", "这里能办这些"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", tt.kind, diff)
		}
		if forged := w.callbacks()["forged"] - before["forged"]; forged != tt.forged {
			t.Errorf("%s: %d forged, want %d", tt.kind, forged, tt.forged)
		}
	}
	w.sound()
}

// attempted waits until the simulator has sent the member's callbacks that often.
func (w *world) attempted(user string, n int) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.sim.Wait(ctx, func(v simulator.View) bool {
		sent := 0
		for _, e := range v.Log() {
			if e.Kind == "callback" && e.User == user {
				sent += len(e.Attempts)
			}
		}
		return sent >= n
	}); err != nil {
		w.t.Fatalf("%s: fewer than %d attempts", user, n)
	}
}
