package wecom

import (
	"encoding/xml"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plainMessage wraps elements as WeCom does.
func plainMessage(elements string) string {
	return "<xml><ToUserName><![CDATA[ww0]]></ToUserName><FromUserName><![CDATA[s01]]></FromUserName><CreateTime>1700000000</CreateTime>" + elements + "<AgentID>1000002</AgentID></xml>"
}

// event is plainMessage for an event.
func event(name, elements string) string {
	return plainMessage("<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[" + name + "]]></Event>" + elements)
}

// base is what plainMessage fills in.
func base(msgType, event string, more func(*Callback)) Callback {
	c := Callback{Known: true, MsgType: msgType, Event: event, ToUserName: "ww0", FromUserName: "s01", CreateTime: 1700000000, AgentID: 1000002}
	if more != nil {
		more(&c)
	}
	return c
}

func TestDecode(t *testing.T) {
	t.Parallel()
	const rushed = "<MsgId>18446744073709551615</MsgId>" // unsigned 64 bit
	tests := []struct {
		name string
		xml  string
		want Callback
	}{
		{
			"text", plainMessage("<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[我想约 <周三> & 周四]]></Content>" + rushed),
			base(TypeText, "", func(c *Callback) { c.Content, c.MsgID = "我想约 <周三> & 周四", 1<<64-1 }),
		},
		{
			"spaced_inside", "<xml>\n <ToUserName>\n  <![CDATA[ww0]]>\n </ToUserName><FromUserName> s01 </FromUserName><CreateTime> 1700000000 </CreateTime>" +
				"<MsgType>\n<![CDATA[text]]>\n</MsgType><Content> 你好 </Content><MsgId> 7 </MsgId><AgentID> 1000002 </AgentID></xml>",
			base(TypeText, "", func(c *Callback) { c.Content, c.MsgID = " 你好 ", 7 }),
		},
		{
			"image", plainMessage("<MsgType><![CDATA[image]]></MsgType><PicUrl><![CDATA[https://x/p?a=1&b=2]]></PicUrl><MediaId><![CDATA[m1]]></MediaId><MsgId>7</MsgId>"),
			base(TypeImage, "", func(c *Callback) { c.PicURL, c.MediaID, c.MsgID = "https://x/p?a=1&b=2", "m1", 7 }),
		},
		{
			"voice", plainMessage("<MsgType><![CDATA[voice]]></MsgType><MediaId><![CDATA[m1]]></MediaId><Format><![CDATA[amr]]></Format>"),
			base(TypeVoice, "", func(c *Callback) { c.MediaID, c.Format = "m1", "amr" }),
		},
		{
			"video", plainMessage("<MsgType><![CDATA[video]]></MsgType><MediaId><![CDATA[m1]]></MediaId><ThumbMediaId><![CDATA[t1]]></ThumbMediaId>"),
			base(TypeVideo, "", func(c *Callback) { c.MediaID, c.ThumbMediaID = "m1", "t1" }),
		},
		{
			"location", plainMessage("<MsgType><![CDATA[location]]></MsgType><Location_X>31.05</Location_X><Location_Y>121.2</Location_Y><Scale>15</Scale><Label><![CDATA[图文楼]]></Label><AppType><![CDATA[wxwork]]></AppType>"),
			base(TypeLocation, "", func(c *Callback) {
				c.AppType, c.Location = "wxwork", &Location{Latitude: 31.05, Longitude: 121.2, Scale: 15, Label: "图文楼"}
			}),
		},
		{
			"link", plainMessage("<MsgType><![CDATA[link]]></MsgType><Title><![CDATA[t]]></Title><Description><![CDATA[d]]></Description><Url><![CDATA[u]]></Url><PicUrl><![CDATA[p]]></PicUrl>"),
			base(TypeLink, "", func(c *Callback) { c.PicURL, c.Link = "p", &Link{"t", "d", "u"} }),
		},
		{"subscribe", event("subscribe", "<EventKey></EventKey>"), base(TypeEvent, EventSubscribe, nil)},
		{"enter_agent", event("enter_agent", "<EventKey><![CDATA[]]></EventKey>"), base(TypeEvent, EventEnterAgent, nil)},
		{
			"LOCATION", event("LOCATION", "<Latitude>31.05</Latitude><Longitude>121.2</Longitude><Precision>65.0</Precision>"),
			base(TypeEvent, EventLocation, func(c *Callback) {
				c.Location = &Location{Latitude: 31.05, Longitude: 121.2, Precision: 65}
			}),
		},
		{"click", event("click", "<EventKey><![CDATA[TODAY]]></EventKey>"), base(TypeEvent, EventClick, func(c *Callback) { c.EventKey = "TODAY" })},
		{
			"scancode_waitmsg", event("scancode_waitmsg", "<EventKey>SCAN</EventKey><ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult><![CDATA[https://x/?a&b]]></ScanResult></ScanCodeInfo>"),
			base(TypeEvent, EventScanCodeWait, func(c *Callback) {
				c.EventKey, c.ScanCode = "SCAN", &ScanCode{"qrcode", "https://x/?a&b"}
			}),
		},
		{
			"pic_weixin", event("pic_weixin", "<EventKey>P</EventKey><SendPicsInfo><Count>2</Count><PicList><item><PicMd5Sum>aa</PicMd5Sum></item><item><PicMd5Sum>bb</PicMd5Sum></item></PicList></SendPicsInfo>"),
			base(TypeEvent, EventWeixinAlbum, func(c *Callback) { c.EventKey, c.Pictures = "P", []string{"aa", "bb"} }),
		},
		{
			"location_select", event("location_select", "<EventKey>L</EventKey><SendLocationInfo><Location_X>23</Location_X><Location_Y>113</Location_Y><Scale>15</Scale><Label>l</Label><Poiname>p</Poiname></SendLocationInfo>"),
			base(TypeEvent, EventLocationSelect, func(c *Callback) {
				c.EventKey, c.Location = "L", &Location{Latitude: 23, Longitude: 113, Scale: 15, Label: "l", Poiname: "p"}
			}),
		},
		{
			"batch_job_result", event("batch_job_result", "<BatchJob><JobId>S0</JobId><JobType>sync_user</JobType><ErrCode>45026</ErrCode><ErrMsg>no</ErrMsg></BatchJob>"),
			base(TypeEvent, EventBatchJob, func(c *Callback) { c.BatchJob = &BatchJob{"S0", "sync_user", 45026, "no"} }),
		},
		{
			"a_button_without_choice", event("template_card_event", "<EventKey>ok</EventKey><TaskId>t@1</TaskId><CardType>button_interaction</CardType><ResponseCode>rc</ResponseCode>"),
			base(TypeEvent, EventCard, func(c *Callback) {
				c.EventKey, c.TaskID, c.CardType, c.ResponseCode = "ok", "t@1", "button_interaction", "rc"
			}),
		},
		{
			"a_button_with_choices", event("template_card_event", "<EventKey>ok</EventKey><TaskId>t</TaskId><CardType>multiple_interaction</CardType><ResponseCode>rc</ResponseCode><SelectedItems><SelectedItem><QuestionKey>q1</QuestionKey><OptionIds><OptionId>a</OptionId><OptionId>c</OptionId></OptionIds></SelectedItem><SelectedItem><QuestionKey>q2</QuestionKey><OptionIds><OptionId>b</OptionId></OptionIds></SelectedItem></SelectedItems>"),
			base(TypeEvent, EventCard, func(c *Callback) {
				c.EventKey, c.TaskID, c.CardType, c.ResponseCode = "ok", "t", "multiple_interaction", "rc"
				c.Selected = map[string][]string{"q1": {"a", "c"}, "q2": {"b"}}
			}),
		},
		{
			"taskcard_click_spells_AgentId", "<xml><MsgType>event</MsgType><Event>taskcard_click</Event><EventKey>k</EventKey><TaskId>t</TaskId><AgentId>1</AgentId></xml>",
			Callback{Known: true, MsgType: TypeEvent, Event: EventTaskCard, EventKey: "k", TaskID: "t", AgentID: 1},
		},
		{
			"respond_schedule", event("respond_schedule", "<CalId>c1</CalId><ScheduleId>s1</ScheduleId>"),
			base(TypeEvent, EventRespondSchedule, func(c *Callback) { c.CalendarID, c.ScheduleID = "c1", "s1" }),
		},
		{
			"change_contact", "<xml><FromUserName>sys</FromUserName><MsgType>event</MsgType><Event>change_contact</Event><ChangeType><![CDATA[update_user]]></ChangeType><UserID>u1</UserID><NewUserID>u2</NewUserID><Department>1,2</Department><ExtAttr><Item><Name>学号</Name><Type>0</Type><Text><Value>2601</Value></Text></Item></ExtAttr></xml>",
			Callback{
				Known: true, MsgType: TypeEvent, Event: EventContact, FromUserName: System, ChangeType: "update_user",
				Contact: &ContactChange{UserID: "u1", NewUserID: "u2", Department: "1,2", ExtAttr: []ExtAttr{{Name: "学号", Text: "2601"}}},
			},
		},
		{
			"change_contact_in_full", "<xml><MsgType>event</MsgType><Event>change_contact</Event><ChangeType>create_user</ChangeType><UserID>u1</UserID><Name>n</Name><MainDepartment>1</MainDepartment><IsLeaderInDept>1,0</IsLeaderInDept><DirectLeader>l</DirectLeader><Position>p</Position><Mobile>m</Mobile><Gender>1</Gender><Email>e</Email><BizMail>b</BizMail><Status>1</Status><Avatar>a</Avatar><Alias>al</Alias><Telephone>t</Telephone><Address>ad</Address></xml>",
			Callback{Known: true, MsgType: TypeEvent, Event: EventContact, ChangeType: "create_user", Contact: &ContactChange{
				UserID: "u1", Name: "n", MainDepartment: "1", IsLeaderInDept: "1,0", DirectLeader: "l", Position: "p", Mobile: "m",
				Gender: "1", Email: "e", BizMail: "b", Status: "1", Avatar: "a", Alias: "al", Telephone: "t", Address: "ad",
			}},
		},
		{
			"change_contact_tag", "<xml><MsgType>event</MsgType><Event>change_contact</Event><ChangeType>update_tag</ChangeType><TagId>1</TagId><AddUserItems>a,b</AddUserItems><DelUserItems>c</DelUserItems><AddPartyItems>1</AddPartyItems><DelPartyItems>2</DelPartyItems></xml>",
			Callback{Known: true, MsgType: TypeEvent, Event: EventContact, ChangeType: "update_tag", Contact: &ContactChange{
				TagID: "1", AddUserItems: "a,b", DelUserItems: "c", AddPartyItems: "1", DelPartyItems: "2",
			}},
		},
		{
			"change_contact_party", "<xml><MsgType>event</MsgType><Event>change_contact</Event><ChangeType>create_party</ChangeType><Id>9</Id><Name>文学院</Name><ParentId>1</ParentId><Order>3</Order></xml>",
			Callback{Known: true, MsgType: TypeEvent, Event: EventContact, ChangeType: "create_party", ID: "9", Contact: &ContactChange{Name: "文学院", ParentID: "1", Order: "3"}},
		},
		{
			"open_approval_change_in_either_spelling", event("open_approval_change", "<ApprovalInfo><ThirdNo>t1</ThirdNo><OpenSpStatus>1</OpenSpStatus><ApprovalNodes><ApprovalNode><NodeStatus>1</NodeStatus><Items><Item><ItemUserid>a</ItemUserid></Item><Item><ItemUserId>b</ItemUserId></Item></Items></ApprovalNode></ApprovalNodes><approverstep>2</approverstep></ApprovalInfo>"),
			base(TypeEvent, EventOpenApproval, func(c *Callback) {
				c.Approval = &ApprovalInfo{
					ThirdNo: "t1", OpenSpStatus: 1, ApproverStep: 2,
					ApprovalNodes: []ApprovalNode{{Status: 1, Items: []ApprovalItem{{UserID: "a"}, {UserID: "b"}}}},
				}
			}),
		},
		{
			"sys_approval_change", event("sys_approval_change", "<ApprovalInfo><SpNoStr>2026</SpNoStr><SpStatus>2</SpStatus><Applyer><UserId>u1</UserId><Party>3</Party></Applyer><SpRecord><SpStatus>2</SpStatus><Details><Approver><UserId>t1</UserId></Approver><SpStatus>2</SpStatus></Details></SpRecord><Notifyer><UserId>n1</UserId></Notifyer><ProcessList><NodeList><NodeType>1</NodeType><SubNodeList><UserInfo><UserId>t1</UserId></UserInfo></SubNodeList></NodeList></ProcessList><StatuChangeEvent>2</StatuChangeEvent></ApprovalInfo>"),
			base(TypeEvent, EventSysApproval, func(c *Callback) {
				c.Approval = &ApprovalInfo{
					SpNoStr: "2026", SpStatus: 2, Applyer: Applyer{"u1", "3"}, Notifyer: []UserRef{{"n1"}}, StatuChangeEvent: 2,
					SpRecord:     []SpRecord{{SpStatus: 2, Details: []SpDetail{{Approver: UserRef{"t1"}, SpStatus: 2}}}},
					ProcessNodes: []SpNode{{NodeType: 1, SubNodes: []SpSubNode{{User: UserRef{"t1"}}}}},
				}
			}),
		},
		{"an_unknown_type_is_no_error", plainMessage("<MsgType>hologram</MsgType><Beam>1</Beam>"), base("hologram", "", func(c *Callback) { c.Known = false })},
		{"an_unknown_event_is_no_error", event("moon_landing", "<Crew><Who>x</Who></Crew>"), base(TypeEvent, "moon_landing", func(c *Callback) { c.Known = false })},
		{"event_names_are_case_sensitive", event("CLICK", ""), base(TypeEvent, "CLICK", func(c *Callback) { c.Known = false })},
		{
			"indented_with_entities_and_a_declaration", "<?xml version=\"1.0\"?>\n<xml>\n <MsgType>text</MsgType>\r\n <Content>a &lt; b</Content><!-- c -->\n</xml>",
			Callback{Known: true, MsgType: TypeText, Content: "a < b"},
		},
		{"numbers_that_are_none_read_as_zero", "<xml><MsgType>text</MsgType><CreateTime>soon</CreateTime><AgentID></AgentID><MsgId>-1</MsgId></xml>", Callback{Known: true, MsgType: TypeText}},
		{"what_PostgreSQL_refuses_is_dropped", "<xml><MsgType>text</MsgType><Content><![CDATA[a\x00b\x08c\xffd\r\ne\uffff]]></Content></xml>", Callback{Known: true, MsgType: TypeText, Content: "abc\ufffdd\ne"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Decode([]byte(tt.xml))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Decode (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeVectors(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t).Vectors {
		if !strings.HasPrefix(v.Msg, "<xml>") {
			continue
		}
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			c, err := Decode([]byte(v.Msg))
			if err != nil || c.FromUserName == "" || c.MsgType == "" {
				t.Errorf("Decode = %+v, %v", c, err)
			}
		})
	}
}

func TestDecodeRefusesWhatIsNoMessage(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":     "",
		"no_xml":      "1616140317555161061",
		"json":        `{"msgtype":"text"}`,
		"other_root":  "<html></html>",
		"cut_off":     "<xml><MsgType>text</MsgType><Content>abc",
		"cut_cdata":   "<xml><Content><![CDATA[abc</Content></xml>",
		"crossed_end": "<xml><Content>abc</Event></xml>",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c, err := Decode([]byte(text)); !errors.Is(err, ErrMalformed) {
				t.Errorf("Decode = %+v, %v, want ErrMalformed", c, err)
			}
		})
	}
}

// TestEveryTypeIsKnown keeps the constants and the list of known events together.
func TestEveryTypeIsKnown(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("callback.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(source)) {
		name, value, found := strings.Cut(strings.TrimSpace(line), " = \"")
		if !found {
			name, value, found = strings.Cut(strings.Join(strings.Fields(line), " "), " = \"")
		}
		value, _, _ = strings.Cut(value, `"`)
		switch {
		case !found:
		case strings.HasPrefix(name, "Event"):
			n++
			if !known(TypeEvent, value) {
				t.Errorf("%s is not known", value)
			}
		case strings.HasPrefix(name, "Type") && value != TypeEvent:
			n++
			if !known(value, "") {
				t.Errorf("%s is not known", value)
			}
		}
	}
	if n < 40 {
		t.Errorf("found %d constants, the test reads the source wrongly", n)
	}
}

// agree fails if the one-pass scan reads something else than encoding/xml.
func agree(t *testing.T, text string) {
	t.Helper()
	s := legible([]byte(text))
	var scanned, read Callback
	if !scanned.decodeFlat(s) || read.decodeXML(s) != nil {
		return // nested; or the scan forgives more: an illegal name, an unescaped ]]>
	}
	if diff := cmp.Diff(read, scanned); diff != "" {
		t.Errorf("%q: the scan differs from encoding/xml (-xml +scan):\n%s", text, diff)
	}
}

// wellFormed makes a document of up to three elements that encoding/xml must read.
func wellFormed(names, value string, cdata bool) string {
	var b strings.Builder
	b.WriteString("<xml>")
	for name := range strings.FieldsSeq(names) {
		b.WriteString("<" + name + ">")
		if cdata {
			b.WriteString("<![CDATA[" + strings.ReplaceAll(value, "]]>", "") + "]]>")
		} else {
			_ = xml.EscapeText(&b, []byte(value))
		}
		b.WriteString("</" + name + ">")
	}
	return b.String() + "</xml>"
}

func FuzzDecode(f *testing.F) {
	f.Add(plainMessage("<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好]]></Content>"), "Content", "a<b", true)
	f.Add(event("template_card_event", "<SelectedItems><SelectedItem/></SelectedItems>"), "EventKey BatchJob", "]]", false)
	f.Add("<xml> <Content>a&amp;b</Content>\r\n</xml>", "MsgId CreateTime", " 12 ", false)
	f.Add("<xml><Content>a</Content>", "x:Content", "\x00", true)
	f.Fuzz(func(t *testing.T, text, names, value string, cdata bool) {
		_, _ = Decode([]byte(text)) // must not panic
		agree(t, text)
		agree(t, wellFormed(names, value, cdata))
	})
}
