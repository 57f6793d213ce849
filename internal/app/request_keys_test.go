package app_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuegong/xuegong/bot"
	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/inbox"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// A key is what a phone sends, so anybody may send anything: whatever stands in it, what
// is another student's stays unread and unchanged, and a real id reads like an invented one.
func TestKeysOfCards_open_nothing_that_is_another_students(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.elsewhere("s35", "reads", "hardship-certificate", "")
	w.elsewhere("s35", "begins", "hardship-certificate", "")
	w.elsewhere("s35", "fills", "hardship-certificate", "purpose=job")
	w.elsewhere("s35", "submits", "", "")
	var real request.Application
	w.must(w.db.Update(t.Context(), func(tx *store.Tx) error {
		who, err := identity.Find(t.Context(), tx, "s35")
		if err != nil {
			return err
		}
		real, err = w.app.Requests().Get(t.Context(), tx, who, newest(t.Context(), tx, w.app.Requests(), who).PublicID)
		return err
	}))
	chat := &bot.Bot{
		AgentID:  agent,
		Requests: w.app.Requests(), Cards: card.Maker{BaseURL: w.url, Zone: storetest.Shanghai()}, Binding: identity.ByNumber, Log: slog.New(slog.DiscardHandler),
	}
	keys := []string{card.Route(card.Go, "paper."+real.PublicID)}
	for _, verb := range []string{card.Pass, card.Return, card.Refuse} {
		keys = append(keys, card.Route(verb, real.Review.Task, real.PublicID))
	}
	for _, verb := range []string{card.AskWithdraw, card.Withdraw, card.KeepPaper} {
		keys = append(keys, card.Route(verb, real.PublicID))
	}
	invent := strings.NewReplacer(real.PublicID, store.NewPublicID(), real.Review.Task, store.NewPublicID())
	for _, user := range []string{"s42", "t09"} { // another student, another office
		for _, key := range keys {
			got, invented := w.forged(chat, user, key), w.forged(chat, user, invent.Replace(key))
			if !slices.Equal(got, invented) {
				t.Errorf("%s pressed %s and reads %q, with an invented id %q", user, key, got, invented)
			}
			for _, s := range got {
				if strings.Contains(s, real.Student.Name) || strings.Contains(s, real.Number) || strings.Contains(s, "求职") {
					t.Errorf("%s pressed %s and reads %q", user, key, s)
				}
			}
		}
	}
	w.must(w.db.Update(t.Context(), func(tx *store.Tx) error {
		now, err := w.app.Requests().Get(t.Context(), tx, identity.Person{ID: real.Student.ID, Kind: identity.Student}, real.PublicID)
		if now.State != request.Submitted || len(now.History) != len(real.History) || len(now.Review.History) != len(real.Review.History) {
			t.Errorf("the application became %s with %d steps", now.State, len(now.History))
		}
		return err
	}))
}

// forged acts on a key as if it stood on a card, and returns what the person reads.
func (w *world) forged(chat *bot.Bot, user, key string) []string {
	w.t.Helper()
	body := fmt.Sprintf(`<xml><ToUserName><![CDATA[c]]></ToUserName><FromUserName><![CDATA[%s]]></FromUserName><CreateTime>%d</CreateTime>`+
		`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[template_card_event]]></Event><EventKey><![CDATA[%s]]></EventKey>`+
		`<TaskId><![CDATA[none]]></TaskId><CardType><![CDATA[button_interaction]]></CardType><ResponseCode><![CDATA[x]]></ResponseCode>`+
		`<AgentID>%d</AgentID></xml>`, user, w.clock.Now().Unix(), key, agent)
	w.must(w.db.Update(context.Background(), func(tx *store.Tx) error {
		return chat.Handle(context.Background(), tx, inbox.Act{Body: []byte(body)})
	}))
	w.must(w.control("/sim/clock", map[string]any{"advance": time.Second.String()}))
	var read []string
	for _, m := range w.messages(user, 0) {
		read, w.after[user] = append(read, m.text()), m.Seq
	}
	return read
}
