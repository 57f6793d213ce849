package simulator

import (
	"net/http"
	"strings"
	"testing"
)

// school opens a platform with two classes, a child in one and the child's mother.
func openSchool(t *testing.T) *platform {
	t.Helper()
	p := openPlatform(t)
	for _, body := range []object{
		{"department": object{"id": 10, "name": "附属学校", "type": 5}},
		{"department": object{"id": 11, "parentid": 10, "name": "一班", "type": 1}},
		{"department": object{"id": 12, "parentid": 10, "name": "二班", "type": 1}},
		{"student": object{"student_userid": "kid", "name": "小明", "department": []int{11}}},
		{"parent": object{"parent_userid": "mum", "mobile": "13700000001", "children": []object{{"student_userid": "kid", "relation": "妈妈"}}}},
	} {
		if status, m := p.sim("school", with(body, "action", "put")); status != http.StatusOK {
			t.Fatalf("put: %d %v", status, m)
		}
		if g := p.app.next(); g.Event != "change_school_contact" || g.FromUserName != "sys" || !strings.Contains(g.Plain, "create_") {
			t.Errorf("the app read %s", g.Plain)
		}
	}
	return p
}

func TestHomeSchoolBook(t *testing.T) {
	t.Parallel()
	p := openSchool(t)
	if m := p.read("school/user/get?userid=KID"); m["user_type"].(float64) != 1 || len(m["student"].(object)["parents"].([]any)) != 1 {
		t.Errorf("student %v", m)
	}
	external := func() any { return p.read("school/user/get?userid=mum")["parent"].(object)["external_userid"] }
	if external() != nil {
		t.Error("a parent who never subscribed has an external_userid")
	}
	p.sim("school", object{"action": "subscribe", "id": "mum"})
	if g := p.app.next(); !strings.Contains(g.Plain, "[subscribe]") || external() == nil {
		t.Errorf("the app read %s", g.Plain)
	}
	for path, want := range map[string]int{
		"school/user/list?department_id=11": 1, "school/user/list?department_id=12": 0,
		"school/user/list_parent?department_id=11": 1, "school/department/list": 3, "school/department/list?id=11": 1,
	} {
		m := p.read(path)
		p.code(0, m)
		for _, k := range []string{"students", "parents", "departments"} {
			if l, ok := m[k].([]any); ok && len(l) != want {
				t.Errorf("%s: %d, want %d", path, len(l), want)
			}
		}
	}
	p.code(60003, p.read("school/user/list?department_id=10")) // not a class
	p.code(60123, p.read("school/user/list"))
	p.code(65010, p.read("school/user/get?userid=s01"))
	_, m := p.sim("school", object{"action": "code", "id": "mum"})
	if got := p.read("auth/getuserinfo?code=" + m["code"].(string)); got["parent_userid"] != "mum" || got["external_userid"] == nil || got["userid"] != nil {
		t.Errorf("signed in as %v", got)
	}
	_, m = p.sim("school", object{"action": "code", "id": "kid"})
	if got := p.read("school/getuserinfo?code=" + m["code"].(string)); got["student_userid"] != "kid" {
		t.Errorf("signed in as %v", got)
	}
	p.sim("school", object{"action": "remove", "id": 12})
	if g := p.app.next(); !strings.Contains(g.Plain, "delete_department") {
		t.Errorf("the app read %s", g.Plain)
	}
	sw := p.Switches()
	sw.SchoolAPI = false
	p.SetSwitches(sw)
	p.code(65022, p.read("school/department/list"))
}

func TestSchoolNotice(t *testing.T) {
	t.Parallel()
	p := openSchool(t)
	notice := object{"agentid": 1000002, "to_parent_userid": []string{"mum", "ghost"}, "to_party": []string{"99"}, "msgtype": "text", "text": object{"content": "明天放假"}}
	for name, tt := range map[string]struct {
		notice object
		want   int
	}{
		"nobody":        {with(notice, "to_parent_userid", nil, "to_party", nil), 82001},
		"only_ghosts":   {with(notice, "to_parent_userid", []string{"ghost"}), 81013},
		"another_scope": {with(notice, "recv_scope", 3), 40058},
		"a_card":        {with(notice, "msgtype", "template_card", "template_card", notice1()), 40008},
		"no_words":      {with(notice, "text", object{}), 44004},
		"another_app":   {with(notice, "agentid", 7), 301002},
	} {
		t.Run(name, func(t *testing.T) { p.code(tt.want, p.call("externalcontact/message/send", tt.notice)) })
	}
	m := p.call("externalcontact/message/send", notice)
	p.code(0, m)
	if bad := m["invalid_parent_userid"].([]any); len(bad) != 1 || bad[0] != "ghost" || len(m["invalid_party"].([]any)) != 1 {
		t.Errorf("answer %v", m)
	}
	if said := p.get("/sim/school")["said"].([]any); len(said) != 1 {
		t.Errorf("%d notices kept", len(said))
	}
}
