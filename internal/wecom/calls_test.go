package wecom

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSendResult(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, answer string
		want         SendResult
		code         int
	}{
		{"all_reached", `{"errcode":0,"errmsg":"ok","msgid":"m1","response_code":"rc"}`, SendResult{MsgID: "m1", ResponseCode: "rc"}, 0},
		{"empty_lists_are_none", `{"errcode":0,"invaliduser":"","unlicenseduser":"","msgid":"m1"}`, SendResult{MsgID: "m1"}, 0},
		{"some_reached", `{"errcode":0,"msgid":"m1","invaliduser":"a|b","unlicenseduser":"c"}`, SendResult{MsgID: "m1", Invalid: []string{"a", "b"}, Unlicensed: []string{"c"}}, 0},
		{"nobody_reached", `{"errcode":81013,"errmsg":"user & party & tag all invalid","invaliduser":"a"}`, SendResult{Invalid: []string{"a"}}, CodeNoRecipient},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string][]string{"message/send": {tt.answer}})
			body := json.RawMessage(`{"touser":"a|b","exact":  "bytes"}`)
			got, err := newTestClient(t, testConfig(s.URL)).Send(t.Context(), body)
			if CodeOf(err) != tt.code {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmp.Transformer("nil", func(s []string) string { return strings.Join(s, "|") })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if s.bodies[0] != string(body) {
				t.Errorf("sent %s", s.bodies[0])
			}
		})
	}
}

// TestCalls drives every other call once: what goes out, what comes back.
func TestCalls(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_000_000, 0)
	tests := []struct {
		name, api, answer string
		call              func(context.Context, *Client) (any, error)
		body              string
		want              any
	}{
		{
			"update", "message/update_template_card", `{"errcode":0,"invaliduser":["a"]}`,
			func(ctx context.Context, c *Client) (any, error) {
				return c.UpdateCard(ctx, ReplaceButtonBody([]string{"a"}, 1, "rc", "已处理"))
			},
			`{"userids":["a"],"agentid":1,"response_code":"rc","button":{"replace_name":"已处理"}}`,
			UpdateResult{Invalid: []string{"a"}},
		},
		{
			"recall", "message/recall", `{"errcode":0}`,
			func(ctx context.Context, c *Client) (any, error) { return nil, c.Recall(ctx, "m1") },
			`{"msgid":"m1"}`, nil,
		},
		{
			"set_menu", "menu/create", `{"errcode":0}`,
			func(ctx context.Context, c *Client) (any, error) {
				return nil, c.SetMenu(ctx, []MenuButton{{Name: "更多", SubButton: []MenuButton{{Type: "click", Name: "今日", Key: "TODAY"}}}})
			},
			`{"button":[{"name":"更多","sub_button":[{"type":"click","name":"今日","key":"TODAY"}]}]}`, nil,
		},
		{
			"get_menu", "menu/get", `{"errcode":0,"button":[{"type":"view","name":"n","url":"u"}]}`,
			func(ctx context.Context, c *Client) (any, error) { return c.GetMenu(ctx) },
			"",
			[]MenuButton{{Type: "view", Name: "n", URL: "u"}},
		},
		{
			"no_menu_is_no_error", "menu/get", `{"errcode":46003,"errmsg":"no menu"}`,
			func(ctx context.Context, c *Client) (any, error) { return c.GetMenu(ctx) },
			"", []MenuButton(nil),
		},
		{
			"user", "user/get", `{"errcode":0,"userid":"T01","name":"周明","department":[2,5],"is_leader_in_dept":[0,1],"main_department":2,"status":1,"extattr":{"attrs":[{"type":0,"name":"工号","text":{"value":"9"}},{"type":1,"name":"页","web":{"url":"u"}}]}}`,
			func(ctx context.Context, c *Client) (any, error) { return c.User(ctx, "T01") },
			"",
			Member{UserID: "T01", Name: "周明", Department: []int{2, 5}, MainDepartment: 2, Leader: []int{5}, Status: MemberActive, Attributes: map[string]string{"工号": "9"}},
		},
		{
			"simple_list", "user/simplelist", `{"errcode":0,"userlist":[{"userid":"a","name":"甲","department":[1]}]}`,
			func(ctx context.Context, c *Client) (any, error) { return c.SimpleList(ctx, 1) },
			"",
			[]Member{{UserID: "a", Name: "甲", Department: []int{1}}},
		},
		{
			"departments", "department/list", `{"errcode":0,"department":[{"id":2,"name":"文学院","parentid":1,"order":3,"department_leader":["t"]}]}`,
			func(ctx context.Context, c *Client) (any, error) { return c.Departments(ctx, 1) },
			"",
			[]Department{{ID: 2, ParentID: 1, Order: 3, Name: "文学院", Leaders: []string{"t"}}},
		},
		{
			"calendar", "oa/calendar/add", `{"errcode":0,"cal_id":"c1"}`,
			func(ctx context.Context, c *Client) (any, error) {
				return c.AddCalendar(ctx, Calendar{Summary: "预约", Color: "#07C160", Default: true})
			},
			`{"calendar":{"color":"#07C160","description":"","set_as_default":1,"summary":"预约"}}`, "c1",
		},
		{
			"schedule", "oa/schedule/add", `{"errcode":0,"schedule_id":"s1"}`,
			func(ctx context.Context, c *Client) (any, error) {
				return c.AddSchedule(ctx, Schedule{ID: "left out", CalendarID: "c1", Start: at, End: at.Add(time.Hour), Summary: "您预约的事项", Attendees: []string{"a"}, RemindAhead: []time.Duration{time.Hour}})
			},
			`{"schedule":{"cal_id":"c1","start_time":1800000000,"end_time":1800003600,"is_whole_day":0,"summary":"您预约的事项","description":"","location":"","attendees":[{"userid":"a"}],"reminders":{"is_remind":1,"remind_time_diffs":[-3600]}}}`, "s1",
		},
		{
			"update_schedule_keeps_its_id", "oa/schedule/update", `{"errcode":0}`,
			func(ctx context.Context, c *Client) (any, error) {
				return c.UpdateSchedule(ctx, Schedule{ID: "s1", Start: at, End: at})
			},
			`{"schedule":{"schedule_id":"s1","start_time":1800000000,"end_time":1800000000,"is_whole_day":0,"summary":"","description":"","location":"","attendees":[],"reminders":{"is_remind":0}},"skip_attendees":0}`, "s1",
		},
		{
			"delete_schedule", "oa/schedule/del", `{"errcode":0}`,
			func(ctx context.Context, c *Client) (any, error) { return nil, c.DeleteSchedule(ctx, "s1") },
			`{"schedule_id":"s1"}`, nil,
		},
		{
			"user_info", "auth/getuserinfo", `{"errcode":0,"userid":"s01"}`,
			func(ctx context.Context, c *Client) (any, error) { return c.UserInfo(ctx, "code") },
			"",
			Identity{UserID: "s01"},
		},
		{
			"api_ips", "get_api_domain_ip", `{"errcode":0,"ip_list":["1.2.3.4"]}`,
			func(ctx context.Context, c *Client) (any, error) { return c.APIDomainIP(ctx) },
			"",
			[]string{"1.2.3.4"},
		},
		{
			"callback_ips", "getcallbackip", `{"errcode":0,"ip_list":["101.226.103.*"]}`,
			func(ctx context.Context, c *Client) (any, error) { return c.CallbackIP(ctx) },
			"",
			[]string{"101.226.103.*"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string][]string{tt.api: {tt.answer}})
			got, err := tt.call(t.Context(), newTestClient(t, testConfig(s.URL)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if s.count(tt.api) != 1 || s.bodies[0] != tt.body {
				t.Errorf("%d calls with\n%s\nwant\n%s", s.count(tt.api), s.bodies[0], tt.body)
			}
		})
	}
}

func TestDownloadMedia(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, answer string
		limit        int64
		want         string
		fails        func(error) bool
	}{
		{"a_file", "image", 8, "JPEGJPEG", nil},
		{"one_byte_too_many", "image", 7, "", func(err error) bool { return errors.Is(err, ErrTooLarge) }},
		{"an_error_comes_as_JSON", `{"errcode":40007,"errmsg":"invalid media_id"}`, 100, "", func(err error) bool { return ActionOf(err) == ActionUpload }},
		{"JSON_without_error_is_no_file", `{"errcode":0}`, 100, "", func(err error) bool { return ActionOf(err) == ActionUnclear }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string][]string{"media/get": {tt.answer}})
			got, mime, err := newTestClient(t, testConfig(s.URL)).DownloadMedia(t.Context(), "m1", tt.limit)
			switch {
			case tt.fails != nil && (err == nil || !tt.fails(err)):
				t.Errorf("DownloadMedia = %v", err)
			case tt.fails == nil && (err != nil || string(got) != tt.want || mime != "image/jpeg"):
				t.Errorf("DownloadMedia = %q, %q, %v", got, mime, err)
			}
		})
	}
}

func TestUploadMediaSendsOneFile(t *testing.T) {
	t.Parallel()
	var name, content atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, apiToken) {
			_, _ = io.WriteString(w, `{"access_token":"T1","expires_in":7200}`)
			return
		}
		f, h, err := r.FormFile("media")
		if err != nil {
			t.Error(err)
			return
		}
		b, _ := io.ReadAll(f)
		name.Store(h.Filename)
		content.Store(string(b))
		_, _ = io.WriteString(w, `{"errcode":0,"errmsg":"","type":"file","media_id":"m1","created_at":"1380000000"}`)
	}))
	t.Cleanup(server.Close)
	id, err := newTestClient(t, testConfig(server.URL)).UploadMedia(t.Context(), MediaFile, "证明\".pdf", []byte("%PDF-"))
	if err != nil || id != "m1" || name.Load() != "证明_.pdf" || content.Load() != "%PDF-" {
		t.Errorf("UploadMedia = %q, %v; received %v with %v", id, err, name.Load(), content.Load())
	}
}

func TestSignInAddresses(t *testing.T) {
	t.Parallel()
	c := newTestClient(t, testConfig("http://127.0.0.1:1"))
	const back = "https://app.example.com/m/back?to=/m/"
	if got, want := c.AuthorizeURL(back, "abc123"), "https://open.weixin.qq.com/connect/oauth2/authorize?appid="+testCorp+"&redirect_uri=https%3A%2F%2Fapp.example.com%2Fm%2Fback%3Fto%3D%2Fm%2F&response_type=code&scope=snsapi_base&state=abc123&agentid=1000002#wechat_redirect"; got != want {
		t.Errorf("AuthorizeURL = %s\nwant %s", got, want)
	}
	if got, want := c.LoginURL(back, "abc123"), "https://login.work.weixin.qq.com/wwlogin/sso/login?login_type=CorpApp&appid="+testCorp+"&agentid=1000002&redirect_uri=https%3A%2F%2Fapp.example.com%2Fm%2Fback%3Fto%3D%2Fm%2F&state=abc123&lang=zh"; got != want {
		t.Errorf("LoginURL = %s\nwant %s", got, want)
	}
}

func TestPageSignature(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t).JSAPI {
		if got := signPage(v.Ticket, v.NonceStr, v.Timestamp, v.URL+"#fragment"); got != v.Signature {
			t.Errorf("signature = %s, want %s", got, v.Signature)
		}
	}
}
