package simulator

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// png is the smallest thing that is recognised as a PNG.
var png = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00")

func TestAddressBook(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	u := p.read("user/get?userid=s01")
	p.code(0, u)
	if u["userid"] != "S01" || u["name"] != "张晓雨" || u["main_department"].(float64) != 2 {
		t.Errorf("user = %v", u)
	}
	if _, shown := u["mobile"]; shown {
		t.Error("mobile is shown to an app created after 2022-06-20")
	}
	p.code(60111, p.read("user/get?userid=out"))
	p.code(41009, p.read("user/get"))
	p.code(60003, p.read("user/list?department_id=99"))
	p.code(60123, p.read("user/list?department_id=x"))
	p.code(46004, p.call("user/getuserid", object{"mobile": "10000000000"}))
	if got := p.call("user/getuserid", object{"mobile": "13800000001"})["userid"]; got != "S01" {
		t.Errorf("getuserid = %v", got)
	}
	if n := len(p.read("user/simplelist?department_id=1")["userlist"].([]any)); n != 0 {
		t.Errorf("%d direct members of the root, want 0", n)
	}
	if n := len(p.read("user/list?department_id=3")["userlist"].([]any)); n != 3 {
		t.Errorf("%d members in range of department 3, want 3", n)
	}
	if n := len(p.read("department/list")["department"].([]any)); n != 3 {
		t.Errorf("%d departments, want 3", n)
	}
	if n := len(p.read("department/simplelist?id=2")["department_id"].([]any)); n != 1 {
		t.Errorf("%d departments below 2, want 1", n)
	}
	if tag := p.read("tag/get?tagid=7"); tag["tagname"] != "辅导员" || len(tag["userlist"].([]any)) != 1 {
		t.Errorf("tag = %v", tag)
	}
	p.code(40068, p.read("tag/get?tagid=9"))
}

func TestOnlyTheAssistantWritesTheAddressBook(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	p.code(48002, p.call("user/create", object{"userid": "new"}))
	p.access = p.get("/cgi-bin/gettoken?corpid=ww6a112864f8022910&corpsecret=contact")["access_token"].(string)
	member := object{"userid": "new.one", "name": "新同学", "department": []int{2}, "mobile": "13800000002"}
	for name, tt := range map[string]struct {
		member object
		want   int
	}{
		"strange_id":      {with(member, "userid", "-x"), 40003},
		"known_id":        {with(member, "userid", "s01"), 60102},
		"no_name":         {with(member, "name", nil), 40063},
		"unreachable":     {with(member, "mobile", nil), 40063},
		"no_department":   {with(member, "department", []int{99}), 60003},
		"another's_phone": {with(member, "mobile", "13800000001"), 60104},
	} {
		t.Run(name, func(t *testing.T) { p.code(tt.want, p.call("user/create", tt.member)) })
	}
	if m := p.call("user/create", member); m["errmsg"] != "created" {
		t.Errorf("create answers %v", m)
	}
	if g := p.app.next(); g.Event != "subscribe" || g.FromUserName != "new.one" {
		t.Errorf("the app read %s", g.Plain)
	}
	p.code(0, p.call("user/update", object{"userid": "NEW.ONE", "enable": 0}))
	if g := p.app.next(); g.Event != "unsubscribe" {
		t.Errorf("the app read %s", g.Plain)
	}
	p.code(0, p.read("user/delete?userid=new.one"))
	p.code(60111, p.read("user/get?userid=new.one"))
}

func TestGuessingMobileNumbersIsStoppedForADay(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	p.code(46004, p.call("user/getuserid", object{"mobile": "10000000000"}))
	p.code(46004, p.call("user/getuserid", object{"mobile": "10000000001"})) // of six members one is a fifth
	p.code(45009, p.call("user/getuserid", object{"mobile": "13800000001"}))
}

func TestMenuChecks(t *testing.T) {
	t.Parallel()
	click := object{"type": "click", "name": "今日", "key": "T"}
	sub := func(b object) object { return object{"name": "更多", "sub_button": []object{b}} }
	view := object{"type": "view", "name": "看", "url": "https://app.example.com/"}
	tests := []struct {
		name    string
		buttons []object
		want    int
	}{
		{"good", []object{click, sub(view)}, 0},
		{"none", nil, 40016},
		{"four", []object{click, click, click, click}, 40016},
		{"six_below", []object{{"name": "更多", "sub_button": []object{click, click, click, click, click, click}}}, 40023},
		{"three_levels", []object{sub(sub(click))}, 40022},
		{"no_type", []object{with(click, "type", nil)}, 40017},
		{"no_type_below", []object{sub(with(click, "type", nil))}, 40024},
		{"no_name", []object{with(click, "name", nil)}, 41102},
		{"name_of_16_bytes", []object{with(click, "name", "一二三四五a")}, 0},
		{"name_of_18_bytes", []object{with(click, "name", "一二三四五六")}, 40018},
		{"name_of_42_bytes_below", []object{sub(with(click, "name", strings.Repeat("字", 14)))}, 40025},
		{"no_key", []object{with(click, "key", nil)}, 40019},
		{"long_key_below", []object{sub(with(click, "key", strings.Repeat("k", 129)))}, 40026},
		{"long_url", []object{with(view, "url", "https://a.cn/"+strings.Repeat("x", 1024))}, 40020},
		{"long_url_below", []object{sub(with(view, "url", "https://a.cn/"+strings.Repeat("x", 1024)))}, 40027},
		{"no_scheme", []object{with(view, "url", "a.cn")}, 40055},
		{"no_scheme_below", []object{sub(with(view, "url", "a.cn"))}, 40054},
		{"mini_program_without_path", []object{{"type": "view_miniprogram", "name": "小", "appid": "wx1"}}, 40058},
	}
	p := openPlatform(t)
	p.code(46003, p.read("menu/get?agentid=1000002"))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p.code(tt.want, p.call("menu/create?agentid=1000002", object{"button": tt.buttons}))
		})
	}
	p.code(301002, p.read("menu/get?agentid=7"))
	p.code(40056, p.read("menu/get"))
	p.code(0, p.read("menu/delete?agentid=1000002"))
	p.code(46003, p.read("menu/get?agentid=1000002"))
}

func TestMediaChecks(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	amr := []byte("#!AMR\n" + strings.Repeat("\x04"+strings.Repeat("x", 12), 10))
	mp4 := []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00")
	tests := []struct {
		name, kind, part string
		content          []byte
		want             int
	}{
		{"image", "image", "media", png, 0},
		{"voice", "voice", "media", amr, 0},
		{"video", "video", "media", mp4, 0},
		{"file", "file", "media", []byte("123456"), 0},
		{"unknown_type", "poem", "media", png, 40005},
		{"another_part", "image", "file", png, 44001},
		{"empty", "file", "media", nil, 44001},
		{"five_bytes", "file", "media", []byte("12345"), 40006},
		{"text_as_image", "image", "media", []byte("not a picture"), 40123},
		{"big_image", "image", "media", append(bytes.Clone(png), make([]byte, 10<<20)...), 40009},
		{"voice_not_amr", "voice", "media", png, 301017},
		{"voice_of_61_seconds", "voice", "media", []byte("#!AMR\n" + strings.Repeat("\x04"+strings.Repeat("x", 12), 3050)), 45007},
		{"video_not_mp4", "video", "media", png, 40004},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			contentType, body := form(t, tt.part, "a.bin", tt.content)
			p.code(tt.want, p.do(http.MethodPost, "/cgi-bin/"+p.withToken("media/upload?type="+tt.kind), contentType, body))
		})
	}
}

func TestMediaLife(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	contentType, body := form(t, "media", "证明.pdf", []byte("%PDF-1.7 0123456789"))
	m := p.do(http.MethodPost, "/cgi-bin/"+p.withToken("media/upload?type=file"), contentType, body)
	p.code(0, m)
	if m["created_at"] != "1791957600" || m["type"] != "file" {
		t.Errorf("answer %v", m)
	}
	path := "/cgi-bin/" + p.withToken("media/get?media_id="+m["media_id"].(string))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Range", "bytes=0-3")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || res.StatusCode != http.StatusPartialContent || string(b) != "%PDF" {
		t.Errorf("range: %d %q %v", res.StatusCode, b, err)
	}
	send := object{"touser": "s01", "msgtype": "file", "agentid": 1000002, "file": object{"media_id": m["media_id"]}}
	p.code(0, p.call("message/send", send))
	p.code(40004, p.call("message/send", with(send, "msgtype", "image", "image", send["file"])))
	p.later(3 * 24 * time.Hour)
	p.access = p.get("/cgi-bin/gettoken?corpid=ww6a112864f8022910&corpsecret=secret")["access_token"].(string)
	p.code(40007, p.read("media/get?media_id="+m["media_id"].(string)))
	p.code(40007, p.call("message/send", send))
	p.code(41006, p.read("media/get"))
}

func TestAgentAndWorkbench(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	p.code(41011, p.call("agent/set", object{"name": "x"}))
	p.code(45022, p.call("agent/set", object{"agentid": 1000002, "name": strings.Repeat("字", 33)}))
	p.code(45004, p.call("agent/set", object{"agentid": 1000002, "description": "短"}))
	p.code(40094, p.call("agent/set", object{"agentid": 1000002, "home_url": "nowhere"}))
	p.code(40059, p.call("agent/set", object{"agentid": 1000002, "report_location_flag": 2}))
	p.code(0, p.call("agent/set", object{"agentid": 1000002, "name": "学工处"}))
	if a := p.read("agent/get?agentid=1000002"); a["name"] != "学工处" || a["isreportenter"].(float64) != 1 {
		t.Errorf("agent = %v", a)
	}
	item := object{"key": "待办", "data": "3"}
	data := func(userid string) object {
		return p.call("agent/get_workbench_data", object{"agentid": 1000002, "userid": userid})
	}
	p.code(94008, data("s01"))
	p.code(94003, p.call("agent/set_workbench_template", object{"agentid": 1000002, "type": "keydata", "keydata": object{"items": []object{item, item, item, item, item}}}))
	p.code(94001, p.call("agent/set_workbench_template", object{"agentid": 1000002, "type": "poem"}))
	p.code(0, p.call("agent/set_workbench_template", object{"agentid": 1000002, "type": "keydata", "keydata": object{"items": []object{item}}}))
	p.code(0, p.call("agent/set_workbench_data", object{"agentid": 1000002, "userid": "s01", "type": "keydata", "keydata": object{"items": []object{with(item, "data", "9")}}}))
	p.code(94001, p.call("agent/set_workbench_data", object{"agentid": 1000002, "userid": "s01", "type": "list", "list": object{}}))
	p.code(60111, p.call("agent/set_workbench_data", object{"agentid": 1000002, "userid": "out", "type": "keydata", "keydata": object{"items": []object{item}}}))
	for user, want := range map[string]string{"S01": "9", "s02": "3"} {
		if got := string(mustJSON(data(user))); !strings.Contains(got, `"data":"`+want+`"`) {
			t.Errorf("%s sees %s, want %s", user, got, want)
		}
	}
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	p.code(90473, p.call("oa/calendar/add", object{"calendar": object{"summary": "咨询", "color": "red"}}))
	cal := p.call("oa/calendar/add", object{"calendar": object{"summary": "咨询", "color": "#07C160", "shares": []object{{"userid": "out"}}}})
	p.code(0, cal)
	if failed := cal["fail_result"].(object)["shares"].([]any); len(failed) != 1 {
		t.Errorf("fail_result = %v", failed)
	}
	entry := object{"start_time": 1791961200, "end_time": 1791964200, "summary": "预约", "cal_id": cal["cal_id"], "attendees": []object{{"userid": "s01"}}}
	for name, tt := range map[string]struct {
		entry object
		want  int
	}{
		"no_calendar":           {with(entry, "cal_id", "ghost"), 90457},
		"ends_early":            {with(entry, "end_time", 1), 40058},
		"a_ghost":               {with(entry, "attendees", []object{{"userid": "ghost"}}), 60111},
		"strange_boss":          {with(entry, "admins", []string{"t01"}), 90715},
		"a_week_before_an_hour": {with(entry, "reminders", object{"remind_time_diffs": []int{-604800}}), 90704},
		"bad_reminder":          {with(entry, "reminders", object{"remind_before_event_secs": 7}), 90471},
	} {
		t.Run(name, func(t *testing.T) { p.code(tt.want, p.call("oa/schedule/add", object{"schedule": tt.entry})) })
	}
	id := p.call("oa/schedule/add", object{"schedule": entry})["schedule_id"].(string)
	p.code(0, p.call("oa/schedule/add_attendees", object{"schedule_id": id, "attendees": []object{{"userid": "t01"}}}))
	d, err := p.Respond("s01", id, 2)
	if !accepted(t, d, err) {
		t.Fatal("not accepted")
	}
	if g := p.app.next(); g.Event != "respond_schedule" || !strings.Contains(g.Plain, id) {
		t.Errorf("the app read %s", g.Plain)
	}
	p.code(0, p.call("oa/schedule/update", object{"skip_attendees": 1, "schedule": with(entry, "schedule_id", id, "summary", "改期")}))
	p.code(90484, p.call("oa/schedule/update", object{"op_mode": 1, "op_start_time": 5, "schedule": with(entry, "schedule_id", id)}))
	p.code(0, p.call("oa/schedule/del", object{"schedule_id": id}))
	p.code(90460, p.call("oa/schedule/del", object{"schedule_id": id}))
	got := p.call("oa/schedule/get", object{"schedule_id_list": []string{id}})["schedule_list"].([]any)[0].(object)
	want := []any{object{"userid": "s01", "response_status": 2.0}, object{"userid": "t01", "response_status": 0.0}}
	if d := cmp.Diff(want, got["attendees"]); d != "" || got["status"].(float64) != 1 || got["summary"] != "改期" {
		t.Errorf("%v (-want +got)\n%s", got, d)
	}
	if l := p.call("oa/schedule/get_by_calendar", object{"cal_id": cal["cal_id"]})["schedule_list"].([]any); len(l) != 1 {
		t.Errorf("by calendar: %v", l)
	}
}
