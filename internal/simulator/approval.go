package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/xuegong/xuegong/internal/errs"
)

// The approval app (app.md 6 a) and the approval engine in the app's own pages (6 b) are
// one thing here: nodes that people decide one after another. They differ in who starts
// one, in the event that tells and in the spelling of the answer.
//
//	submitted ─► agreed node by node ─► passed (2) ─► withdrawn after that (6)
//	    │└─ somebody rejects ─► rejected (3)
//	    └── the applicant withdraws ─► withdrawn (4)

// approval is one application and how far it is.
type approval struct {
	No       string // sp_no; "" in the engine
	ThirdNo  string // the app's own number; "" in the approval app
	Template string
	Name     string
	Status   int
	Creator  string
	At       time.Time
	Nodes    []approvalNode
	Data     json.RawMessage // apply_data, or fieldList of the engine
	Comments []approvalComment
}

type approvalNode struct {
	Type   int `json:"type"`    // nodeApprover, nodeCopy or nodeHandler
	Rel    int `json:"apv_rel"` // relAll, relAny or relTurn
	Status int
	People []approvalPerson
}

type approvalPerson struct {
	UserID string
	Status int
	Speech string
	At     time.Time
}

type approvalComment struct {
	ID, UserID, Text string
	At               time.Time
}

// Status of an approval, a node and a person.
const (
	running     = 1
	passed      = 2
	rejected    = 3
	withdrawn   = 4 // of a person: handed on to another
	afterPassed = 6
)

// Types and relations of a node.
const (
	nodeApprover = 1
	nodeCopy     = 2
	nodeHandler  = 3
	relAll       = 1
	relAny       = 2
	relTurn      = 3
)

const (
	approvalApp       = 3010040 // AgentID of the approval app, from which its events come
	approvalPerMinute = 600
	approvalRange     = 31 * 24 * time.Hour // of one getapprovalinfo
	approvalFiles     = 6
)

// approvalTemplate is a form of the approval app, made in the admin console.
type approvalTemplate struct {
	ID       string            `json:"template_id"`
	Name     string            `json:"name"`
	Controls []approvalControl `json:"controls"`
	Process  approvalProcess   `json:"process"` // of use_template_approver
}

type approvalControl struct {
	Control string `json:"control"`
	ID      string `json:"id"`
	Title   string `json:"title"`
	Require bool   `json:"require"`
}

type approvalProcess struct {
	Nodes []struct {
		Type   int      `json:"type"`
		Rel    int      `json:"apv_rel"`
		UserID []string `json:"userid"`
	} `json:"node_list"`
}

// leaveTemplate is the form every company starts with.
const leaveTemplate = "3Tka1eD6v6JfzhDMqPd3aMkFdxqtJMc2ZRioeFXkaaa"

func defaultTemplates() map[string]*approvalTemplate {
	return map[string]*approvalTemplate{leaveTemplate: {ID: leaveTemplate, Name: "请假", Controls: []approvalControl{
		{Control: "Textarea", ID: "Textarea-1", Title: "事由", Require: true},
		{Control: "DateRange", ID: "DateRange-1", Title: "时间", Require: true},
		{Control: "File", ID: "File-1", Title: "附件"},
	}}}
}

func (s *Server) approvalCall(c *call, in any) error {
	if !s.switches.ApprovalAPI {
		return fail(301055, "no privilege to call the approval api")
	}
	if s.switches.RateLimits && !s.limit("approval:"+c.path, c.now, approvalPerMinute, time.Minute) {
		return fail(45009, "api freq out of limit")
	}
	return c.decode(in)
}

func (s *Server) getTemplate(c *call) (reply, error) {
	var in struct {
		ID string `json:"template_id"`
	}
	if err := s.approvalCall(c, &in); err != nil {
		return nil, err
	}
	t := s.st.Templates[in.ID]
	if t == nil {
		return nil, fail(301026, "invalid template_id")
	}
	words := func(text string) []reply { return []reply{{"text": text, "lang": "zh_CN"}} }
	controls := []reply{}
	for _, f := range t.Controls {
		require := 0
		if f.Require {
			require = 1
		}
		controls = append(controls, reply{
			"property": reply{"control": f.Control, "id": f.ID, "title": words(f.Title), "placeholder": words(""), "require": require, "un_print": 0},
			"config":   reply{},
		})
	}
	return reply{"template_names": words(t.Name), "template_content": reply{"controls": controls}}, nil
}

// applyRequest is oa/applyevent, with the approvers in the new form or the older one.
type applyRequest struct {
	Creator     string          `json:"creator_userid"`
	Template    string          `json:"template_id"`
	UseTemplate int             `json:"use_template_approver"`
	Process     approvalProcess `json:"process"`
	Approver    []struct {
		Attr   int      `json:"attr"` // 1 any, 2 all
		UserID []string `json:"userid"`
	} `json:"approver"`
	Notifyer []string `json:"notifyer"`
	Data     struct {
		Contents []applyContent `json:"contents"`
	} `json:"apply_data"`
	Summary []struct {
		Info []struct {
			Text string `json:"text"`
			Lang string `json:"lang"`
		} `json:"summary_info"`
	} `json:"summary_list"`
}

type applyContent struct {
	Control string          `json:"control"`
	ID      string          `json:"id"`
	Value   json.RawMessage `json:"value"`
}

func (s *Server) applyEvent(c *call) (reply, error) {
	var in applyRequest
	if err := s.approvalCall(c, &in); err != nil {
		return nil, err
	}
	u, t := s.user(in.Creator), s.st.Templates[in.Template]
	switch {
	case u == nil || !u.canUse():
		return nil, fail(301055, "creator_userid out of range")
	case t == nil:
		return nil, fail(301026, "invalid template_id")
	}
	nodes, err := s.nodesOf(&in, t)
	if err != nil {
		return nil, err
	}
	if err := s.checkApply(&in, t, c.now); err != nil {
		return nil, err
	}
	a := &approval{
		No: s.nextApproval(c.now), Template: t.ID, Name: t.Name, Status: running, Creator: u.UserID,
		At: c.now, Nodes: nodes, Data: field(c.body, "apply_data"),
	}
	s.st.Approvals[a.No] = a
	s.approvalChanged(a, changeSubmitted)
	return reply{"sp_no": a.No}, nil
}

// nextApproval numbers the approvals of a day.
func (s *Server) nextApproval(now time.Time) string {
	day := now.In(china()).Format("20060102")
	n := 1
	for s.st.Approvals[fmt.Sprintf("%s%04d", day, n)] != nil {
		n++
	}
	return fmt.Sprintf("%s%04d", day, n)
}

// nodesOf are the approvers the app named, or those of the template.
func (s *Server) nodesOf(in *applyRequest, t *approvalTemplate) ([]approvalNode, error) {
	if in.UseTemplate == 1 {
		return s.nodes(t.Process)
	}
	if len(in.Process.Nodes) > 0 {
		return s.nodes(in.Process)
	}
	p := approvalProcess{}
	add := func(kind, rel int, people []string) {
		p.Nodes = append(p.Nodes, struct {
			Type   int      `json:"type"`
			Rel    int      `json:"apv_rel"`
			UserID []string `json:"userid"`
		}{kind, rel, people})
	}
	for _, old := range in.Approver {
		add(nodeApprover, map[int]int{1: relAny, 2: relAll}[old.Attr], old.UserID)
	}
	if len(in.Notifyer) > 0 {
		add(nodeCopy, 0, in.Notifyer)
	}
	return s.nodes(p)
}

func (s *Server) nodes(p approvalProcess) ([]approvalNode, error) {
	var nodes []approvalNode
	deciding := false
	for _, n := range p.Nodes {
		switch {
		case n.Type < nodeApprover || n.Type > nodeHandler:
			return nil, fail(301025, "invalid node_list.type")
		case n.Type != nodeCopy && (n.Rel < relAll || n.Rel > relTurn):
			return nil, fail(301025, "invalid node_list.apv_rel")
		case len(n.UserID) == 0:
			return nil, fail(301025, "node_list.userid missing")
		}
		deciding = deciding || n.Type != nodeCopy
		node := approvalNode{Type: n.Type, Rel: n.Rel, Status: running}
		for _, id := range n.UserID {
			u := s.user(id)
			if u == nil {
				return nil, fail(301025, "invalid node_list.userid")
			}
			node.People = append(node.People, approvalPerson{UserID: u.UserID, Status: running})
		}
		nodes = append(nodes, node)
	}
	if !deciding {
		return nil, fail(301025, "approver missing")
	}
	return nodes, nil
}

func (s *Server) checkApply(in *applyRequest, t *approvalTemplate, now time.Time) error {
	if len(in.Summary) > 3 {
		return fail(301025, "summary_list size out of limit")
	}
	for _, line := range in.Summary {
		for _, w := range line.Info {
			if utf8.RuneCountInString(w.Text) > 20 || w.Lang != "zh_CN" && w.Lang != "en" {
				return fail(301025, "invalid summary_info")
			}
		}
	}
	filled := map[string]bool{}
	files := 0
	for _, v := range in.Data.Contents {
		i := slices.IndexFunc(t.Controls, func(f approvalControl) bool { return f.ID == v.ID && f.Control == v.Control })
		if i < 0 {
			return fail(301026, "control is not in the template: "+v.ID)
		}
		n, ok := s.checkControl(v.Control, v.Value, now)
		if !ok {
			return fail(301025, "invalid value of "+v.ID)
		}
		files += n
		filled[v.ID] = true
	}
	for _, f := range t.Controls {
		if f.Require && !filled[f.ID] {
			return fail(301025, "required control is empty: "+f.ID)
		}
	}
	if files > approvalFiles {
		return fail(301025, "too many attachments")
	}
	return nil
}

// controlValue is the value of any control.
type controlValue struct {
	Text   *string      `json:"text"`
	Number *json.Number `json:"new_number"`
	Money  *json.Number `json:"new_money"`
	Date   *struct {
		Type  string      `json:"type"`
		Stamp json.Number `json:"s_timestamp"`
	} `json:"date"`
	Range *struct {
		Type  string `json:"type"`
		Begin int64  `json:"new_begin"`
		End   int64  `json:"new_end"`
	} `json:"date_range"`
	Selector *struct {
		Type    string `json:"type"`
		Options []struct {
			Key string `json:"key"`
		} `json:"options"`
	} `json:"selector"`
	Members     []json.RawMessage `json:"members"`
	Departments []json.RawMessage `json:"departments"`
	Files       []struct {
		ID string `json:"file_id"`
	} `json:"files"`
	Children []struct {
		List []applyContent `json:"list"`
	} `json:"children"`
}

// checkControl says whether the value fits its control, and how many files it brings.
func (s *Server) checkControl(control string, raw json.RawMessage, now time.Time) (files int, ok bool) {
	var v controlValue
	if json.Unmarshal(raw, &v) != nil {
		return 0, false
	}
	day := func(kind string) bool { return kind == "day" || kind == "hour" || kind == "halfday" }
	switch control {
	case "Text", "Textarea":
		return 0, v.Text != nil
	case "Number":
		return 0, v.Number != nil
	case "Money":
		return 0, v.Money != nil
	case "Date":
		return 0, v.Date != nil && day(v.Date.Type) && v.Date.Stamp != ""
	case "DateRange":
		return 0, v.Range != nil && day(v.Range.Type) && v.Range.Begin > 0 && v.Range.End >= v.Range.Begin
	case "Selector":
		return 0, v.Selector != nil && len(v.Selector.Options) > 0 &&
			(v.Selector.Type == "multi" || v.Selector.Type == "single" && len(v.Selector.Options) == 1)
	case "Contact":
		return 0, len(v.Members)+len(v.Departments) > 0
	case "File":
		for _, f := range v.Files {
			if s.mediaFile(f.ID, now) == nil {
				return 0, false
			}
		}
		return len(v.Files), true
	case "Table":
		for _, row := range v.Children {
			for _, cell := range row.List {
				n, good := s.checkControl(cell.Control, cell.Value, now)
				if files += n; !good {
					return files, false
				}
			}
		}
		return files, true
	case "Vacation", "Attendance", "Location", "RelatedApproval", "Formula":
		return 0, true
	}
	return 0, false
}

func (s *Server) getApprovals(c *call) (reply, error) {
	var in struct {
		Start   json.Number `json:"starttime"`
		End     json.Number `json:"endtime"`
		Cursor  string      `json:"new_cursor"`
		Old     int         `json:"cursor"`
		Size    int         `json:"size"`
		Filters []struct {
			Key   string `json:"key"`
			Value any    `json:"value"`
		} `json:"filters"`
	}
	if err := s.approvalCall(c, &in); err != nil {
		return nil, err
	}
	start, err1 := in.Start.Int64()
	end, err2 := in.End.Int64()
	from := in.Old
	var err3 error
	if in.Cursor != "" {
		from, err3 = strconv.Atoi(in.Cursor)
	}
	switch {
	case err1 != nil || err2 != nil || end < start:
		return nil, fail(301025, "invalid starttime or endtime")
	case time.Duration(end-start)*time.Second > approvalRange:
		return nil, fail(301025, "more than 31 days")
	case in.Size < 1 || in.Size > 100:
		return nil, fail(301025, "invalid size")
	case err3 != nil || from < 0:
		return nil, fail(301025, "invalid new_cursor")
	}
	numbers := []string{}
	for _, no := range sortedKeys(s.st.Approvals) {
		a := s.st.Approvals[no]
		match := a.No != "" && a.At.Unix() >= start && a.At.Unix() <= end
		for _, f := range in.Filters {
			value := fmt.Sprint(f.Value)
			switch f.Key {
			case "template_id":
				match = match && value == a.Template
			case "creator":
				match = match && fold(value) == fold(a.Creator)
			case "department":
				match = match && value == strconv.Itoa(s.partyOf(a.Creator))
			case "sp_status":
				match = match && value == strconv.Itoa(a.Status)
			case "record_type": // of the ready-made forms: leave, work outside, …; ours are plain
				match = false
			default:
				return nil, fail(301025, "invalid filters.key")
			}
		}
		if match {
			numbers = append(numbers, a.No)
		}
	}
	from = min(from, len(numbers))
	to := min(from+in.Size, len(numbers))
	r := reply{"sp_no_list": numbers[from:to]}
	if to < len(numbers) {
		r["new_next_cursor"] = strconv.Itoa(to)
	} else if s.switches.EmptyCursor {
		r["new_next_cursor"] = ""
	}
	return r, nil
}

func (s *Server) partyOf(userid string) int {
	if u := s.user(userid); u != nil {
		return u.Departments[0]
	}
	return 0
}

func (s *Server) getApproval(c *call) (reply, error) {
	var in struct {
		No json.Number `json:"sp_no"`
	}
	if err := s.approvalCall(c, &in); err != nil {
		return nil, err
	}
	a := s.st.Approvals[in.No.String()]
	if a == nil || a.No == "" {
		return nil, fail(301025, "invalid sp_no")
	}
	return reply{"info": s.approvalInfo(a)}, nil
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// approvalInfo is the answer of getapprovaldetail.
func (s *Server) approvalInfo(a *approval) reply {
	records, notify, nodes, comments := []reply{}, []reply{}, []reply{}, []reply{}
	for _, n := range a.Nodes {
		details, people := []reply{}, []reply{}
		for _, p := range n.People {
			details = append(details, reply{"approver": reply{"userid": p.UserID}, "speech": p.Speech, "sp_status": p.Status, "sptime": unix(p.At), "media_id": []string{}})
			people = append(people, reply{"userid": p.UserID, "speech": p.Speech, "sp_yj": p.Status, "sptime": unix(p.At), "media_ids": []string{}})
			if n.Type == nodeCopy {
				notify = append(notify, reply{"userid": p.UserID})
			}
		}
		nodes = append(nodes, reply{"node_type": n.Type, "sp_status": n.Status, "apv_rel": n.Rel, "sub_node_list": people})
		if n.Type != nodeCopy {
			records = append(records, reply{"sp_status": n.Status, "approverattr": n.attr(), "details": details})
		}
	}
	for _, m := range a.Comments {
		comments = append(comments, reply{"commentUserInfo": reply{"userid": m.UserID}, "commenttime": m.At.Unix(), "commentcontent": m.Text, "commentid": m.ID, "media_id": []string{}})
	}
	return reply{
		"sp_no": a.No, "sp_name": a.Name, "sp_status": a.Status, "template_id": a.Template, "apply_time": a.At.Unix(),
		"applyer": reply{"userid": a.Creator, "partyid": strconv.Itoa(s.partyOf(a.Creator))}, "sp_record": records,
		"notifyer": notify, "apply_data": a.Data, "comments": comments, "process_list": reply{"node_list": nodes},
	}
}

// attr is the older word for the relation: 1 any, 2 all.
func (n *approvalNode) attr() int {
	if n.Rel == relAny {
		return 1
	}
	return 2
}

// StatuChangeEvent of sys_approval_change.
const (
	changeSubmitted     = 1
	changeAgreed        = 2
	changeRejected      = 3
	changeTransferred   = 4
	changeUrged         = 5
	changeWithdrawn     = 6
	changeWithdrawnLate = 8
	changeCommented     = 10
	changeHandled       = 14
)

// approvalChanged tells the app by the event that belongs to the kind of approval.
func (s *Server) approvalChanged(a *approval, change int) *Delivery {
	s.touch()
	if !s.switches.ApprovalEvents {
		return settled("")
	}
	if a.ThirdNo != "" {
		return s.systemEvent("open_approval_change", s.cfg.AgentID, element("ApprovalInfo", s.openApproval(a, s.switches.OldApprovalXML)))
	}
	return s.systemEvent("sys_approval_change", approvalApp, element("ApprovalInfo", s.sysApproval(a, change)))
}

// sysApproval is ApprovalInfo of sys_approval_change (callback.md 10).
func (s *Server) sysApproval(a *approval, change int) reply {
	records, notify, nodes, comments := []reply{}, []reply{}, []reply{}, []reply{}
	for _, n := range a.Nodes {
		details, people := []reply{}, []reply{}
		for _, p := range n.People {
			details = append(details, reply{"Approver": reply{"UserId": p.UserID}, "Speech": p.Speech, "SpStatus": p.Status, "SpTime": unix(p.At), "Attach": ""})
			people = append(people, reply{"UserInfo": reply{"UserId": p.UserID}, "Speech": p.Speech, "SpYj": p.Status, "Sptime": unix(p.At)})
			if n.Type == nodeCopy {
				notify = append(notify, reply{"UserId": p.UserID})
			}
		}
		nodes = append(nodes, reply{"NodeType": n.Type, "SpStatus": n.Status, "ApvRel": n.Rel, "SubNodeList": people})
		if n.Type != nodeCopy {
			records = append(records, reply{"SpStatus": n.Status, "ApproverAttr": n.attr(), "Details": details})
		}
	}
	for _, m := range a.Comments {
		comments = append(comments, reply{"CommentUserInfo": reply{"UserId": m.UserID}, "CommentTime": m.At.Unix(), "CommentContent": m.Text, "CommentId": m.ID})
	}
	no, _ := strconv.ParseInt(a.No, 10, 64) // our own digits
	return reply{
		"SpNoStr": a.No, "SpNo": no, "SpName": a.Name, "SpStatus": a.Status, "TemplateId": a.Template, "ApplyTime": a.At.Unix(),
		"Applyer": reply{"UserId": a.Creator, "Party": strconv.Itoa(s.partyOf(a.Creator))}, "SpRecord": records, "Notifyer": notify,
		"Comments": comments, "ProcessList": reply{"NodeList": nodes}, "StatuChangeEvent": change,
	}
}

// openApproval is an approval of the engine, in the event's spelling or the older one, in
// which getopenapprovaldata answers.
func (s *Server) openApproval(a *approval, old bool) reply {
	userID, step, status := "ItemUserId", "approverstep", "OpenSpStatus"
	if old {
		userID, step, status = "ItemUserid", "ApproverStep", "OpenSpstatus"
	}
	item := func(id string) reply {
		r := reply{"ItemName": id, userID: id, "ItemParty": strconv.Itoa(s.partyOf(id)), "ItemImage": ""}
		if u := s.user(id); u != nil {
			r["ItemName"], r["ItemImage"] = u.Name, u.Avatar
		}
		return r
	}
	nodes, notify := []reply{}, []reply{}
	for _, n := range a.Nodes {
		items := []reply{}
		for _, p := range n.People {
			i := item(p.UserID)
			if n.Type == nodeCopy {
				notify = append(notify, i)
				continue
			}
			i["ItemStatus"], i["ItemSpeech"], i["ItemOpTime"] = p.Status, p.Speech, unix(p.At)
			items = append(items, i)
		}
		if n.Type != nodeCopy {
			nodes = append(nodes, reply{"NodeStatus": n.Status, "NodeAttr": n.attr(), "NodeType": 1, "Items": reply{"Item": items}})
		}
	}
	creator := item(a.Creator)
	return reply{
		"ThirdNo": a.ThirdNo, "OpenTemplateId": a.Template, "OpenSpName": a.Name, status: a.Status, "ApplyTime": a.At.Unix(),
		"ApplyUserName": creator["ItemName"], "ApplyUserId": a.Creator, "ApplyUserParty": creator["ItemParty"], "ApplyUserImage": creator["ItemImage"],
		"ApprovalNodes": reply{"ApprovalNode": nodes}, "NotifyNodes": reply{"NotifyNode": notify}, step: a.step(),
	}
}

// step is the place of the node that decides now, the number of nodes at the end.
func (a *approval) step() int {
	if n := a.current(); n != nil {
		return slices.IndexFunc(a.Nodes, func(m approvalNode) bool { return m.Status == running && m.Type != nodeCopy })
	}
	return len(a.Nodes)
}

func (s *Server) getOpenApproval(c *call) (reply, error) {
	var in struct {
		ThirdNo string `json:"thirdNo"`
	}
	if err := s.approvalCall(c, &in); err != nil {
		return nil, err
	}
	a := s.st.Approvals["third:"+in.ThirdNo]
	if a == nil {
		return nil, fail(301025, "invalid thirdNo")
	}
	data := s.openApproval(a, true)
	data["ApplyUsername"] = data["ApplyUserName"] // and this one differs from the event too
	delete(data, "ApplyUserName")
	return reply{"data": data}, nil
}

// OpenApproval starts an approval in the engine as the member, as thirdPartyOpenPage does
// when the member submits. The number is the app's and works once.
func (s *Server) OpenApproval(userid, template, thirdNo string, fields json.RawMessage) (*Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.member(userid)
	if err != nil {
		return nil, err
	}
	t := s.st.Templates[template]
	switch {
	case t == nil:
		return nil, errs.New(errs.NotFound, "没有这个审批模板。")
	case thirdNo == "":
		return nil, errs.Field("third_no", "审批单要有自己的编号。")
	case s.st.Approvals["third:"+thirdNo] != nil:
		return nil, errs.New(errs.Conflict, "这个编号的审批已经提交过。")
	}
	nodes, err := s.nodes(t.Process)
	if err != nil {
		return nil, errs.Wrap(err, errs.Conflict, "这个模板还没有审批人，先用 POST /sim/template 补上。")
	}
	a := &approval{
		ThirdNo: thirdNo, Template: t.ID, Name: t.Name, Status: running, Creator: u.UserID, At: s.now(), Nodes: nodes, Data: fields,
	}
	s.st.Approvals["third:"+thirdNo] = a
	return s.approvalChanged(a, changeSubmitted), nil
}

func (a *approval) current() *approvalNode {
	if a.Status != running {
		return nil
	}
	for i := range a.Nodes {
		if n := &a.Nodes[i]; n.Type != nodeCopy && n.Status == running {
			return n
		}
	}
	return nil
}

// turn finds the member among those who may decide the node now.
func (n *approvalNode) turn(userid string) *approvalPerson {
	for i := range n.People {
		p := &n.People[i]
		if p.Status != running {
			continue
		}
		if fold(p.UserID) == fold(userid) {
			return p
		}
		if n.Rel == relTurn {
			return nil
		}
	}
	return nil
}

// settle passes the node when enough have agreed, and the approval with its last node.
func (a *approval) settle(n *approvalNode) {
	waiting := slices.ContainsFunc(n.People, func(p approvalPerson) bool { return p.Status == running })
	if waiting && n.Rel != relAny {
		return
	}
	n.Status = passed
	if a.current() == nil {
		a.Status = passed
	}
}

// approvalAct is what a member does with an approval.
type approvalAct struct {
	User    string `json:"user"`
	No      string `json:"sp_no"`
	ThirdNo string `json:"third_no"`
	Action  string `json:"action"` // agree, reject, transfer, urge, withdraw or comment
	Text    string `json:"text"`
	To      string `json:"to"` // of transfer
	Wait    bool   `json:"wait"`
}

// Decide does it, under the rules of the approval app.
func (s *Server) Decide(in approvalAct) (*Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.member(in.User); err != nil {
		return nil, err
	}
	key := in.No
	if in.ThirdNo != "" {
		key = "third:" + in.ThirdNo
	}
	a := s.st.Approvals[key]
	if a == nil {
		return nil, errs.New(errs.NotFound, "没有这张审批单。")
	}
	change, err := s.decide(a, in)
	if err != nil {
		return nil, err
	}
	return s.approvalChanged(a, change), nil
}

func (s *Server) decide(a *approval, in approvalAct) (change int, err error) {
	mine := fold(in.User) == fold(a.Creator)
	switch in.Action {
	case "agree", "reject", "transfer":
		return s.decideNode(a, in)
	case "urge":
		if !mine || a.Status != running {
			return 0, errs.New(errs.Conflict, "只有申请人能催办，而且要在审批中。")
		}
		return changeUrged, nil
	case "withdraw":
		switch {
		case mine && a.Status == running:
			a.Status = withdrawn
			return changeWithdrawn, nil
		case mine && a.Status == passed:
			a.Status = afterPassed
			return changeWithdrawnLate, nil
		}
		return 0, errs.New(errs.Conflict, "只有申请人能撤销，而且要在审批中或者已通过。")
	case "comment":
		if in.Text == "" {
			return 0, errs.Field("text", "先写点什么。")
		}
		a.Comments = append(a.Comments, approvalComment{ID: randomDigits(19), UserID: in.User, Text: in.Text, At: s.now()})
		return changeCommented, nil
	}
	return 0, errs.Field("action", "可以是 agree、reject、transfer、urge、withdraw、comment。")
}

func (s *Server) decideNode(a *approval, in approvalAct) (change int, err error) {
	n := a.current()
	if n == nil {
		return 0, errs.New(errs.Conflict, "这张审批单已经有结果了。")
	}
	p := n.turn(in.User)
	if p == nil {
		return 0, errs.New(errs.Conflict, "现在没有轮到这个人。")
	}
	switch in.Action {
	case "reject":
		p.Status, p.Speech, p.At, n.Status, a.Status = rejected, in.Text, s.now(), rejected, rejected
		return changeRejected, nil
	case "transfer":
		to, err := s.member(in.To)
		if err != nil {
			return 0, err
		}
		p.Status, p.Speech, p.At = withdrawn, in.Text, s.now()
		n.People = append(n.People, approvalPerson{UserID: to.UserID, Status: running})
		return changeTransferred, nil
	}
	p.Status, p.Speech, p.At = passed, in.Text, s.now()
	a.settle(n)
	if n.Type == nodeHandler {
		return changeHandled, nil
	}
	return changeAgreed, nil
}

func (s *Server) ctlDecide(r *http.Request) (any, error) {
	var in approvalAct
	if err := read(r, &in); err != nil {
		return nil, err
	}
	d, err := s.Decide(in)
	if err != nil {
		return nil, err
	}
	return deliveryView(r, d, in.Wait)
}

// ctlApprovals shows every approval as its API does.
func (s *Server) ctlApprovals(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []reply{}
	for _, key := range sortedKeys(s.st.Approvals) {
		if a := s.st.Approvals[key]; a.No != "" {
			list = append(list, s.approvalInfo(a))
		} else {
			list = append(list, s.openApproval(a, false))
		}
	}
	return list, nil
}

// ctlTemplate makes or replaces a form of the approval app; without an id it gets one.
func (s *Server) ctlTemplate(r *http.Request) (any, error) {
	var t approvalTemplate
	if err := read(r, &t); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(t.Process.Nodes) > 0 {
		if _, err := s.nodes(t.Process); err != nil {
			return nil, errs.Wrap(err, errs.Invalid, "审批人不合规则："+err.Error()+"。")
		}
	}
	if t.ID == "" {
		t.ID = randomText(43)
	}
	s.st.Templates[t.ID] = &t
	s.touch()
	return reply{"template_id": t.ID}, nil
}
