package simulator

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// leave is an application for leave that the platform accepts.
func leave() object {
	return object{
		"creator_userid": "s01", "template_id": leaveTemplate, "use_template_approver": 0,
		"process": object{"node_list": []object{
			{"type": 1, "apv_rel": 1, "userid": []string{"t01", "s02"}},
			{"type": 2, "userid": []string{"s01"}},
			{"type": 3, "apv_rel": 2, "userid": []string{"t01"}},
		}},
		"apply_data": object{"contents": []object{
			{"control": "Textarea", "id": "Textarea-1", "value": object{"text": "回家"}},
			{"control": "DateRange", "id": "DateRange-1", "value": object{"date_range": object{"type": "day", "new_begin": 1791961200, "new_end": 1792047600, "new_duration": 86400}}},
		}},
		"summary_list": []object{{"summary_info": []object{{"text": "请假一天", "lang": "zh_CN"}}}},
	}
}

func TestApprovalApplicationIsChecked(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	contents := func(list ...object) object { return object{"contents": list} }
	reason := object{"control": "Textarea", "id": "Textarea-1", "value": object{"text": "回家"}}
	for name, tt := range map[string]struct {
		apply object
		want  int
	}{
		"stranger":             {with(leave(), "creator_userid", "out"), 301055},
		"no_such_form":         {with(leave(), "template_id", "x"), 301026},
		"form_without_people":  {with(leave(), "use_template_approver", 1), 301025},
		"nobody_decides":       {with(leave(), "process", nil), 301025},
		"only_copies":          {with(leave(), "process", object{"node_list": []object{{"type": 2, "userid": []string{"t01"}}}}), 301025},
		"unknown_approver":     {with(leave(), "process", object{"node_list": []object{{"type": 1, "apv_rel": 1, "userid": []string{"ghost"}}}}), 301025},
		"unknown_relation":     {with(leave(), "process", object{"node_list": []object{{"type": 1, "apv_rel": 9, "userid": []string{"t01"}}}}), 301025},
		"required_missing":     {with(leave(), "apply_data", contents(reason)), 301025},
		"unknown_control":      {with(leave(), "apply_data", contents(with(reason, "id", "Text-9"))), 301026},
		"value_of_another":     {with(leave(), "apply_data", contents(with(reason, "value", object{"new_number": 1}))), 301025},
		"file_of_nobody":       {with(leave(), "apply_data", contents(object{"control": "File", "id": "File-1", "value": object{"files": []object{{"file_id": "x"}}}})), 301025},
		"four_lines_of_digest": {with(leave(), "summary_list", []object{{}, {}, {}, {}}), 301025},
		"long_digest":          {with(leave(), "summary_list", []object{{"summary_info": []object{{"text": strings.Repeat("字", 21), "lang": "zh_CN"}}}}), 301025},
	} {
		t.Run(name, func(t *testing.T) { p.code(tt.want, p.call("oa/applyevent", tt.apply)) })
	}
	sw := DefaultSwitches()
	sw.ApprovalAPI = false
	p.SetSwitches(sw)
	p.code(301055, p.call("oa/applyevent", leave()))
}

// approvalEvent is what an app reads of either approval event.
type approvalEvent struct {
	Event   string
	AgentID int
	Info    struct {
		SpNoStr          string
		SpStatus         int
		StatuChangeEvent int
		Applyer          struct{ UserId string }
		SpRecord         []struct {
			ApproverAttr int
			Details      []struct {
				Approver struct{ UserId string }
				SpStatus int
			}
		}
		ThirdNo      string
		OpenSpStatus int
		ItemUserId   []string `xml:"ApprovalNodes>ApprovalNode>Items>Item>ItemUserId"`
		ItemUserid   []string `xml:"ApprovalNodes>ApprovalNode>Items>Item>ItemUserid"`
	} `xml:"ApprovalInfo"`
}

func (p *platform) approvalEvent() approvalEvent {
	p.t.Helper()
	g := p.app.next()
	var e approvalEvent
	if err := xml.Unmarshal([]byte(g.Plain), &e); err != nil || g.FromUserName != "sys" {
		p.t.Fatalf("%v: %s", err, g.Plain)
	}
	return e
}

func TestApprovalIsDecidedNodeByNode(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	m := p.call("oa/applyevent", leave())
	p.code(0, m)
	no := m["sp_no"].(string)
	if no != "202610140001" {
		t.Errorf("sp_no = %s, want the first of the day", no)
	}
	if e := p.approvalEvent(); e.Event != "sys_approval_change" || e.AgentID != approvalApp || e.Info.SpNoStr != no ||
		e.Info.StatuChangeEvent != changeSubmitted || e.Info.Applyer.UserId != "S01" || len(e.Info.SpRecord) != 2 {
		t.Errorf("event %+v", e)
	}
	for _, step := range []struct {
		user, action       string
		http, change, left int
	}{
		{"s01", "agree", 409, 0, running}, // a copy does not decide
		{"t01", "agree", 200, changeAgreed, running},
		{"t01", "agree", 409, 0, running}, // all of the first node must agree
		{"s01", "urge", 200, changeUrged, running},
		{"s02", "comment", 200, changeCommented, running},
		{"s02", "agree", 200, changeAgreed, running},
		{"t01", "agree", 200, changeHandled, passed},
		{"t01", "reject", 409, 0, passed},
		{"s01", "withdraw", 200, changeWithdrawnLate, afterPassed},
	} {
		status, _ := p.sim("approval", object{"user": step.user, "sp_no": no, "action": step.action, "text": "好"})
		if status != step.http {
			t.Fatalf("%s by %s: HTTP %d, want %d", step.action, step.user, status, step.http)
		}
		if status == http.StatusOK {
			if e := p.approvalEvent(); e.Info.StatuChangeEvent != step.change || e.Info.SpStatus != step.left {
				t.Errorf("%s by %s: event %+v", step.action, step.user, e.Info)
			}
		}
	}
	info := p.call("oa/getapprovaldetail", object{"sp_no": no})["info"].(object)
	if info["sp_status"].(float64) != afterPassed || len(info["comments"].([]any)) != 1 || len(info["process_list"].(object)["node_list"].([]any)) != 3 {
		t.Errorf("info = %v", info)
	}
	p.code(301025, p.call("oa/getapprovaldetail", object{"sp_no": "1"}))
}

func TestApprovalIsHandedOnAndRejected(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	old := with(leave(), "process", nil, "approver", []object{{"attr": 1, "userid": []string{"t01"}}}, "notifyer", []string{"s02"})
	no := p.call("oa/applyevent", old)["sp_no"].(string)
	p.approvalEvent()
	if status, _ := p.sim("approval", object{"user": "t01", "sp_no": no, "action": "transfer", "to": "s02"}); status != http.StatusOK {
		t.Fatalf("transfer: %d", status)
	}
	if e := p.approvalEvent(); e.Info.StatuChangeEvent != changeTransferred || len(e.Info.SpRecord[0].Details) != 2 {
		t.Errorf("event %+v", e)
	}
	if status, _ := p.sim("approval", object{"user": "s02", "sp_no": no, "action": "reject"}); status != http.StatusOK {
		t.Fatalf("reject: %d", status)
	}
	if e := p.approvalEvent(); e.Info.SpStatus != rejected || e.Info.StatuChangeEvent != changeRejected {
		t.Errorf("event %+v", e)
	}
}

func TestApprovalsAreListedInPages(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	for range 3 {
		p.code(0, p.call("oa/applyevent", leave()))
	}
	now := p.clock.Now().Unix()
	ask := object{"starttime": "1791950000", "endtime": json.Number("1791960000"), "new_cursor": "", "size": 2}
	first := p.call("oa/getapprovalinfo", ask)
	second := p.call("oa/getapprovalinfo", with(ask, "new_cursor", first["new_next_cursor"]))
	got := append(first["sp_no_list"].([]any), second["sp_no_list"].([]any)...)
	if d := cmp.Diff([]any{"202610140001", "202610140002", "202610140003"}, got); d != "" || second["new_next_cursor"] != nil {
		t.Errorf("cursor %v (-want +got)\n%s", second["new_next_cursor"], d)
	}
	for name, tt := range map[string]struct {
		ask  object
		want int
	}{
		"32_days":        {with(ask, "endtime", now+32*24*3600), 301025},
		"101_at_once":    {with(ask, "size", 101), 301025},
		"unknown_filter": {with(ask, "filters", []object{{"key": "colour", "value": "red"}}), 301025},
	} {
		t.Run(name, func(t *testing.T) { p.code(tt.want, p.call("oa/getapprovalinfo", tt.ask)) })
	}
	none := p.call("oa/getapprovalinfo", with(ask, "filters", []object{{"key": "sp_status", "value": "2"}}))
	if len(none["sp_no_list"].([]any)) != 0 {
		t.Errorf("passed ones: %v", none)
	}
}

func TestApprovalCallsAreLimited(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	for range approvalPerMinute {
		p.call("oa/getapprovaldetail", object{"sp_no": "1"})
	}
	p.code(45009, p.call("oa/getapprovaldetail", object{"sp_no": "1"}))
	p.later(time.Minute)
	p.code(301025, p.call("oa/getapprovaldetail", object{"sp_no": "1"}))
}

func TestApprovalOfTheAppsOwnPage(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	_, m := p.sim("template", object{"name": "用车", "process": object{"node_list": []object{{"type": 1, "apv_rel": 2, "userid": []string{"t01"}}}}})
	start := func(thirdNo string) error {
		_, err := p.OpenApproval("s01", m["template_id"].(string), thirdNo, nil)
		return err
	}
	if err := start("A-1"); err != nil {
		t.Fatal(err)
	}
	if e := p.approvalEvent(); e.Event != "open_approval_change" || e.Info.ThirdNo != "A-1" || e.Info.OpenSpStatus != running || len(e.Info.ItemUserId) != 1 {
		t.Errorf("event %+v", e)
	}
	if start("A-1") == nil {
		t.Error("the same number was taken twice")
	}
	sw := DefaultSwitches()
	sw.OldApprovalXML = true
	p.SetSwitches(sw)
	if status, _ := p.sim("approval", object{"user": "t01", "third_no": "A-1", "action": "agree"}); status != http.StatusOK {
		t.Fatalf("agree: %d", status)
	}
	if e := p.approvalEvent(); len(e.Info.ItemUserId) != 0 || len(e.Info.ItemUserid) != 1 {
		t.Errorf("the older spelling: %+v", e)
	}
	data := p.call("corp/getopenapprovaldata", object{"thirdNo": "A-1"})["data"].(object)
	if data["OpenSpstatus"].(float64) != passed || data["ApplyUsername"] != "张晓雨" {
		t.Errorf("data = %v", data)
	}
	p.code(301025, p.call("corp/getopenapprovaldata", object{"thirdNo": "B"}))
	if n := len(p.list("/sim/approvals")); n != 1 {
		t.Errorf("%d approvals shown, want 1", n)
	}
}

func TestThirdPartyOpenPageStartsAnApproval(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	p.sim("template", object{"template_id": "car", "name": "用车", "process": object{"node_list": []object{{"type": 1, "apv_rel": 2, "userid": []string{"t01"}}}}})
	phone := httptest.NewServer(p.PhoneHandler(0))
	t.Cleanup(phone.Close)
	open := func(body object) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, phone.URL+"/__wecom/approval", bytes.NewReader(mustJSON(body)))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if status := open(object{"oaType": "10001", "templateId": "none", "thirdNo": "A"}); status != http.StatusNotFound {
		t.Errorf("an unknown form: %d", status)
	}
	if status := open(object{"oaType": "10001", "templateId": "car", "thirdNo": "A", "extData": object{"fieldList": []object{}}}); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	if e := p.approvalEvent(); e.Info.ThirdNo != "A" {
		t.Errorf("event %+v", e)
	}
}
