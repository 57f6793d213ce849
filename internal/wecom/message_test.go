package wecom

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestBodies(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, got, want string }{
		{
			"text_keeps_its_links_readable", string(TextBody([]string{"a", "b"}, 1000002, `见 <a href="https://x/?a=1&b=2">这里</a>`, 1800)),
			`{"touser":"a|b","msgtype":"text","agentid":1000002,"text":{"content":"见 <a href=\"https://x/?a=1&b=2\">这里</a>"},"enable_duplicate_check":1,"duplicate_check_interval":1800}`,
		},
		{
			"text_interval_stays_in_bounds", string(TextBody([]string{"a"}, 1, "x", 999999)),
			`{"touser":"a","msgtype":"text","agentid":1,"text":{"content":"x"},"enable_duplicate_check":1,"duplicate_check_interval":14400}`,
		},
		{
			"text_card", string(TextCardBody([]string{"a"}, 1, TextCard{Title: "t", Description: "d", URL: "https://x/"})),
			`{"touser":"a","msgtype":"textcard","agentid":1,"textcard":{"title":"t","description":"d","url":"https://x/"},"enable_duplicate_check":1,"duplicate_check_interval":14400}`,
		},
		{
			"the_smallest_button_card", string(CardBody([]string{"t01"}, 1, TemplateCard{
				CardType: CardButtons, MainTitle: &MainTitle{Title: "请假审批"}, TaskID: "t-1",
				ButtonList: []Button{{Text: "同意", Style: ButtonBlue, Key: "ok"}, {Text: "驳回", Style: ButtonGrey, Key: "no"}},
			})),
			`{"touser":"t01","msgtype":"template_card","agentid":1,"template_card":{"card_type":"button_interaction","task_id":"t-1","main_title":{"title":"请假审批"},"button_list":[{"text":"同意","style":1,"key":"ok"},{"text":"驳回","style":2,"key":"no"}]},"enable_duplicate_check":1,"duplicate_check_interval":14400}`,
		},
		{
			"an_update_for_all_names_no_task", string(UpdateBody(nil, 1, "rc", TemplateCard{CardType: CardTextNotice, TaskID: "t-1", CardAction: &CardAction{Type: LinkURL, URL: "https://x/"}})),
			`{"atall":1,"agentid":1,"response_code":"rc","template_card":{"card_type":"text_notice","card_action":{"type":1,"url":"https://x/"}}}`,
		},
		{
			"an_update_for_some", string(UpdateBody([]string{"a"}, 1, "rc", TemplateCard{CardType: CardVote, SubmitButton: &SubmitButton{Key: "k"}, ReplaceText: "已处理"})),
			`{"userids":["a"],"agentid":1,"response_code":"rc","template_card":{"card_type":"vote_interaction","submit_button":{"key":"k"},"replace_text":"已处理"}}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.got != tt.want {
				t.Errorf("got  %s\nwant %s", tt.got, tt.want)
			}
		})
	}
}

func TestTruncate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		n    int
		want string
	}{
		{"学工", 6, "学工"},
		{"学工", 5, "学"},
		{"学工", 3, "学"},
		{"学工", 2, ""},
		{"学工", -1, ""},
		{"a学", 3, "a"},
		{"abc", 2, "ab"},
	}
	for _, tt := range tests {
		if got := TruncateBytes(tt.in, tt.n); got != tt.want {
			t.Errorf("TruncateBytes(%q, %d) = %q, want %q", tt.in, tt.n, got, tt.want)
		}
	}
	long := strings.Repeat("学", 1000)
	card := string(TextCardBody(nil, 1, TextCard{Title: long, Description: long}))
	if n := strings.Count(card, "学"); n != MaxTitleRunes+MaxDescRunes {
		t.Errorf("a text card keeps %d characters", n)
	}
	if text := string(TextBody(nil, 1, long, 1)); strings.Count(text, "学") != MaxTextBytes/3 || !utf8.ValidString(text) {
		t.Errorf("a text keeps %d characters", strings.Count(text, "学"))
	}
}

func TestAnswerable(t *testing.T) {
	t.Parallel()
	menu := &ActionMenu{ActionList: []MenuAction{{"t", "k"}}}
	for _, tt := range []struct {
		card TemplateCard
		want bool
	}{
		{TemplateCard{CardType: CardButtons}, true},
		{TemplateCard{CardType: CardVote}, true},
		{TemplateCard{CardType: CardMultiple}, true},
		{TemplateCard{CardType: CardTextNotice}, false},
		{TemplateCard{CardType: CardTextNotice, ActionMenu: menu}, true},
		{TemplateCard{CardType: CardNewsNotice, ActionMenu: menu}, true},
		{TemplateCard{}, false},
	} {
		if got := tt.card.Answerable(); got != tt.want {
			t.Errorf("%s with menu %v: %v", tt.card.CardType, tt.card.ActionMenu != nil, got)
		}
	}
}
