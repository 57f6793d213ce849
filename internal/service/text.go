package service

import (
	"regexp"
	"slices"
	"strings"
)

// Texts are what a student reads of an application in WeCom, by their keys.
type Texts map[string]string

// TextKey is something that is said, with the words for it unless the file has its own.
type TextKey struct {
	Key, Text string
}

// TextKeys are all keys with our words, in the order of an application's life.
// Placeholders are those of textNames.
func TextKeys() []TextKey {
	return []TextKey{
		{"submitted", "{title}申请已收到，编号 {number}。{next}"},
		{"returned", "{title}还差一步：{reason}{next}"},
		{"resubmitted", "{title}补充的内容已收到，编号 {number}，接着审核。"},
		{"received", "{title}的{material}已收到。"},
		{"due_soon", "{title}还缺纸质材料：{material}。请在 {until} 前交到{place}，{hours}。"},
		{"overdue", "{title}在 {until} 前没有收齐纸质材料，这次申请已按逾期结束。需要说明情况，请联系{contact}。"},
		{"approved", "{title}已通过。{next}"},
		{"rejected", "{title}这次没有通过：{reason}{appeal}"},
		{"withdrawn", "{title}申请已按你的意思撤回，编号 {number}。"},
		{"printed", "{title}已打印。请带学生证到{place}领取，{hours}。"},
		{"made", "{title}已办好。请带学生证到{place}领取，{hours}。"},
		{"collected", "{title}已领取，编号 {number}。"},
		{"to_pay", "{title}已通过，{amount} 元等待放款，到账会告诉你。"},
		{"paid", "{title} {amount} 元已放款，请留意到账。"},
		{"pay_failed", "{title}这次放款没有成功：{reason}请联系{contact}。"},
		{"revoked", "{title}（编号 {number}）已撤销：{reason}{appeal}"},
	}
}

// textNames are what may stand in braces in a text; whoever sends it gives the values.
func textNames() []string {
	return []string{
		"title", "number", "name", "next", "reason", "opinion", "until", "material", "place", "hours", "contact", "amount", "appeal",
	}
}

// personNames may stand in braces in a certificate, beside the sources and fields.
func personNames() []string { return []string{"today", "school_year"} }

var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

// joint is a blank after a sentence: none is written there in Chinese, and the text of a
// school may have one before a placeholder.
var joint = regexp.MustCompile(`([。？！；]) +`)

// names are what stands in braces.
func names(text string) []string {
	var list []string
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(list, m[1]) {
			list = append(list, m[1])
		}
	}
	return list
}

// Fill puts the values into the placeholders of a text; what has no value vanishes.
func Fill(text string, values map[string]string) string {
	filled := placeholder.ReplaceAllStringFunc(text, func(p string) string { return values[p[1:len(p)-1]] })
	return strings.TrimSpace(joint.ReplaceAllString(filled, "$1"))
}

// Text returns what is said under the key: the words of the file, or ours, with the values
// and those the definition knows itself (title, place, hours, contact, appeal).
func (d Definition) Text(key string, values map[string]string) string {
	text := d.Texts[key]
	if text == "" {
		for _, k := range TextKeys() {
			if k.Key == key {
				text = k.Text
			}
		}
	}
	all := map[string]string{"title": d.Chat, "place": d.Place, "hours": d.Hours, "appeal": d.Appeal.Text}
	if len(d.Contacts) > 0 {
		all["contact"] = d.Contacts[0].Name + " " + d.Contacts[0].Phone
	}
	for name, v := range values {
		all[name] = v
	}
	return Fill(text, all)
}

// StartSentence is what a student writes to start the service in chat.
func (d Definition) StartSentence() string { return or(d.Say, "申请"+d.Chat) }
