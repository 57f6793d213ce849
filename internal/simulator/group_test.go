package simulator

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
)

func TestGroupWebhook(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	if status, _ := p.sim("webhook", object{"key": "robot"}); status != http.StatusOK {
		t.Fatalf("a robot was not made: %d", status)
	}
	post := func(body object) object {
		return p.do(http.MethodPost, "/cgi-bin/webhook/send?key=robot", "application/json", mustJSON(body))
	}
	upload := func(kind string, content []byte) object {
		contentType, body := form(t, "media", "a.pdf", content)
		return p.do(http.MethodPost, "/cgi-bin/webhook/upload_media?key=robot&type="+kind, contentType, body)
	}
	file := upload("file", []byte("%PDF-1.7"))["media_id"]
	sum := md5.Sum(png)
	picture := object{"base64": base64.StdEncoding.EncodeToString(png), "md5": hex.EncodeToString(sum[:])}
	p.code(93000, p.do(http.MethodPost, "/cgi-bin/webhook/send?key=none", "application/json", []byte(`{}`)))
	for name, tt := range map[string]struct {
		body object
		want int
	}{
		"text":            {object{"msgtype": "text", "text": object{"content": "你好", "mentioned_list": []string{"@all"}}}, 0},
		"nothing":         {object{"msgtype": "text", "text": object{"content": ""}}, 44004},
		"long_text":       {object{"msgtype": "text", "text": object{"content": strings.Repeat("x", 2049)}}, 40058},
		"markdown":        {object{"msgtype": "markdown", "markdown": object{"content": strings.Repeat("x", 4096)}}, 0},
		"markdown_v2":     {object{"msgtype": "markdown_v2", "markdown_v2": object{"content": "| a |"}}, 0},
		"picture":         {object{"msgtype": "image", "image": picture}, 0},
		"another_picture": {object{"msgtype": "image", "image": with(picture, "md5", "00")}, 301019},
		"no_picture":      {object{"msgtype": "image", "image": with(picture, "base64", "data:,")}, 40058},
		"file":            {object{"msgtype": "file", "file": object{"media_id": file}}, 0},
		"file_of_nobody":  {object{"msgtype": "file", "file": object{"media_id": "x"}}, 40007},
		"notice":          {object{"msgtype": "template_card", "template_card": notice1()}, 0},
		"buttons":         {object{"msgtype": "template_card", "template_card": buttons("t")}, 42031},
		"poem":            {object{"msgtype": "poem"}, 40008},
	} {
		t.Run(name, func(t *testing.T) { p.code(tt.want, post(tt.body)) })
	}
	// What was uploaded for a robot is no file of the app.
	p.code(40007, p.call("message/send", object{"touser": "s01", "msgtype": "file", "agentid": 1000002, "file": object{"media_id": file}}))
	for range 14 {
		p.code(0, post(object{"msgtype": "text", "text": object{"content": "x"}}))
	}
	p.code(45009, post(object{"msgtype": "text", "text": object{"content": "the 21st"}}))
	if _, m := p.sim("webhook", object{"action": "remove", "key": "robot"}); m["key"] != "robot" {
		t.Errorf("removed %v", m)
	}
	p.code(93000, post(object{"msgtype": "text", "text": object{"content": "x"}}))
}

func TestGroupChats(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	group := object{"name": strings.Repeat("群", 60), "userlist": []string{"s01", "t01"}, "chatid": "c1"}
	p.code(60011, p.call("appchat/create", group)) // somebody is out of the app's range
	if err := p.RemoveUser("out"); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		group object
		want  int
	}{
		"strange_id": {with(group, "chatid", "a-b"), 86001},
		"alone":      {with(group, "userlist", []string{"s01"}), 86006},
		"a_ghost":    {with(group, "userlist", []string{"s01", "ghost"}), 86216},
		"owned":      {with(group, "owner", "s02"), 86216},
	} {
		t.Run(name, func(t *testing.T) { p.code(tt.want, p.call("appchat/create", tt.group)) })
	}
	p.code(0, p.call("appchat/create", group))
	p.code(86215, p.call("appchat/create", group))
	info := p.read("appchat/get?chatid=c1")["chat_info"].(object)
	if info["owner"] != "s01" || info["name"] != strings.Repeat("群", 50) {
		t.Errorf("chat_info = %v", info)
	}
	p.code(86003, p.read("appchat/get?chatid=c9"))
	p.code(0, p.call("appchat/update", object{"chatid": "c1", "add_user_list": []string{"s02"}, "del_user_list": []string{"s01"}}))
	if info := p.read("appchat/get?chatid=c1")["chat_info"].(object); info["owner"] != "t01" || len(info["userlist"].([]any)) != 2 {
		t.Errorf("after the change %v", info)
	}
	p.code(86006, p.call("appchat/update", object{"chatid": "c1", "del_user_list": []string{"s02"}}))
	p.code(0, p.call("appchat/send", object{"chatid": "c1", "msgtype": "text", "text": object{"content": "你好"}}))
	p.code(40008, p.call("appchat/send", object{"chatid": "c1", "msgtype": "template_card", "template_card": notice1()}))
	p.code(86003, p.call("appchat/send", object{"chatid": "c9", "msgtype": "text", "text": object{"content": "你好"}}))
}
