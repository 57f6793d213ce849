package bot

import (
	"slices"
	"strings"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
)

// told is what an act said and has not sent yet. WeCom takes few messages a minute for
// a person, so what belongs together leaves as one: above the question of the card that
// follows, or as one text.
type told struct{ texts []string }

func (s *told) add(text string) { s.texts = append(s.texts, text) }

func (s *told) text() string { return strings.Join(s.texts, "\n") }

// led is what a card says above its question.
type led struct {
	Led string `json:"led,omitempty"`
}

// lead takes what was told onto the card that follows, if there is room for it beside
// what the card says itself; show sends it before the card otherwise.
func (t talk) lead(own string) led {
	text := t.told.text()
	if !card.Leads(text, own) {
		return led{}
	}
	t.told.texts = nil
	return led{Led: text}
}

// sendTold sends what was told and is on no card.
func (t talk) sendTold() error {
	text := t.told.text()
	if text == "" {
		return nil
	}
	t.told.texts = nil
	return outbox.Put(t.ctx, t.tx, outbox.Message{
		To: []identity.ID{t.who.ID}, Kind: kindText, Class: outbox.Reply, Scope: "school",
		Args: words{Text: text},
	})
}

// try runs fn behind a savepoint. What a failed fn told or sent is as if it never was.
func (t talk) try(fn func() error) error {
	before := slices.Clone(t.told.texts)
	err := t.tx.Try(t.ctx, fn)
	if err != nil {
		t.told.texts = before
	}
	return err
}
