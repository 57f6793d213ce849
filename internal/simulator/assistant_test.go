package simulator

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTheAssistantHearsOfContactChanges(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	own := &testApp{t: t, got: make(chan got, 8)}
	var err error
	if own.crypto, err = newCrypto("other", testKey, "ww6a112864f8022910"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(own)
	t.Cleanup(server.Close)
	if status, _ := p.sim("assistant", object{"url": server.URL, "token": "-", "encodingaeskey": testKey}); status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong token: %d", status)
	}
	p.sim("assistant", object{"url": server.URL, "token": "other", "encodingaeskey": testKey})
	// What the assistant writes itself comes back to the app alone.
	p.code(0, p.assistant("user/create", object{"userid": "own", "name": "自己写的", "mobile": "13900000009", "department": []int{2}}))
	p.sim("directory", object{"action": "put", "user": object{"userid": "new", "name": "新同学", "in_range": true, "department_ids": []int{2, 3}}})
	p.sim("directory", object{"action": "put", "user": object{"userid": "new", "name": "改了名", "in_range": true, "department_ids": []int{2, 3}}})
	p.sim("directory", object{"action": "put", "user": object{"userid": "new", "name": "改了名", "in_range": true, "department_ids": []int{3}}})
	p.sim("directory", object{"action": "remove", "userid": "new"})
	for _, want := range []string{"create_user]]></ChangeType><UserID><![CDATA[new]]></UserID><Department><![CDATA[2,3]]>", "update_user]]></ChangeType><UserID><![CDATA[new]]></UserID><Department><![CDATA[3]]>", "delete_user"} {
		if g := own.next(); g.Err != "" || g.Event != "change_contact" || g.FromUserName != "sys" || g.AgentID != 0 || !strings.Contains(g.Plain, want) {
			t.Errorf("%s %s, want %s", g.Err, g.Plain, want)
		}
	}
	for _, want := range []string{"own", "new", "new"} { // subscribe, subscribe, unsubscribe: no change_contact
		if g := p.app.next(); g.FromUserName != want || g.Event == "change_contact" {
			t.Errorf("the app read %s", g.Plain)
		}
	}
}
