package outbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
	"github.com/xuegong/xuegong/internal/wecom"
)

// ask puts a card that asks for a decision, under its text as subject.
func (p *post) ask(text string, to ...identity.ID) {
	p.t.Helper()
	if len(to) == 0 {
		to = p.persons
	}
	p.put(outbox.Message{To: to, Kind: "card", Card: true, Decision: true, Subject: text}, text)
}

func (p *post) decide(subject string) {
	p.t.Helper()
	p.update(func(tx *store.Tx) error {
		return outbox.Settle(context.Background(), tx, subject, "text", map[string]string{"text": subject + "办好了"})
	})
}

// walk goes from due time to due time, as the simulated clock does.
func (p *post) walk(d time.Duration) {
	p.t.Helper()
	target := p.clock.Now().Add(d)
	for {
		p.drain()
		var next time.Time
		p.update(func(tx *store.Tx) (err error) {
			next, err = outbox.NextDue(context.Background(), tx)
			return err
		})
		if next.IsZero() || next.After(target) {
			break
		}
		if !next.After(p.clock.Now()) { // held back
			next = p.clock.Now().Add(time.Minute)
		}
		_ = p.clock.MoveTo(next)
	}
	_ = p.clock.MoveTo(target)
	p.drain()
}

func TestAnOldCardIsRenewed(t *testing.T) {
	t.Parallel()
	t.Run("undecided_for_sixty_hours", func(t *testing.T) {
		t.Parallel()
		p := newPost(t, 2)
		p.ask("卡") // Monday 09:00: sixty hours end on Wednesday 21:00, before the night
		p.walk(60*time.Hour - time.Minute)
		p.want(0, "[卡]")
		p.walk(time.Minute)
		p.want(0, "(已换新卡片)", "[卡]")
		p.want(1, "(已换新卡片)", "[卡]")
		p.decide("卡")
		p.drain()
		p.want(0, "(已换新卡片)", "(卡办好了)")
		p.want(1, "(已换新卡片)", "(卡办好了)")
		p.walk(100 * time.Hour)
		p.want(0, "(已换新卡片)", "(卡办好了)")
		p.sound()
	})
	t.Run("and_again", func(t *testing.T) {
		t.Parallel()
		p := newPost(t, 1)
		p.ask("卡")
		p.walk(130 * time.Hour)
		p.want(0, "(已换新卡片)", "(已换新卡片)", "[卡]")
		p.sound()
	})
	t.Run("the_evening_before_rather_than_at_night", func(t *testing.T) {
		t.Parallel()
		p := newPost(t, 1)
		p.walk(5 * time.Hour) // 14:00: sixty hours end at two in the night
		p.ask("卡")
		p.walk(55*time.Hour + 22*time.Minute)
		p.want(0, "[卡]")
		p.walk(time.Minute)
		p.want(0, "(已换新卡片)", "[卡]")
		p.sound()
	})
	t.Run("in_the_morning_if_no_process_ran_before", func(t *testing.T) {
		t.Parallel()
		p := newPost(t, 1)
		p.ask("卡")
		p.drain()
		p.later(66 * time.Hour)
		p.want(0, "[卡]")
		p.walk(4 * time.Hour)
		p.want(0, "(已换新卡片)", "[卡]")
		p.sound()
	})
	t.Run("a_question_of_the_chat_is_not", func(t *testing.T) {
		t.Parallel()
		p := newPost(t, 1)
		p.put(outbox.Message{To: p.persons, Kind: "card", Card: true, Subject: "s"}, "卡")
		p.walk(200 * time.Hour)
		p.want(0, "[卡]")
		p.sound()
	})
}

// The old card names what it decides, whatever it shows.
func TestAPressOnTheOldCardDecides(t *testing.T) {
	t.Parallel()
	p := newPost(t, 2)
	p.ask("卡")
	p.drain()
	old := p.messages(0)[0]
	var task string
	p.update(func(tx *store.Tx) error { return tx.Get(&task, `select public_id from send`) })
	p.walk(61 * time.Hour)
	_, _ = p.sim.Press("p0", old.MsgID, "ok", nil, true)
	p.update(func(tx *store.Tx) error {
		subject, err := outbox.Pressed(context.Background(), tx, task, "code-of-the-press")
		if subject != "卡" {
			t.Errorf("the press is about %q, want 卡", subject)
		}
		return err
	})
	p.decide("卡")
	p.drain()
	p.want(0, "(已换新卡片)", "(卡办好了)")
	p.want(1, "(已换新卡片)", "(卡办好了)")
	p.sound()
}

// deciding has the subject decided while the old card is being changed.
type deciding struct {
	*wecom.Client
	decide func()
}

func (c deciding) UpdateCard(ctx context.Context, b json.RawMessage) (wecom.UpdateResult, error) {
	c.decide()
	return c.Client.UpdateCard(ctx, b)
}

func TestADecisionDuringTheRenewalLeavesNoOpenCard(t *testing.T) {
	t.Parallel()
	t.Run("while_the_old_card_is_changed", func(t *testing.T) {
		t.Parallel()
		p := newPost(t, 1)
		p.ask("卡")
		p.drain()
		_ = p.clock.MoveTo(p.clock.Now().Add(60 * time.Hour))
		p.newWorker(deciding{p.client, func() { p.decide("卡") }}).Drain(context.Background())
		p.want(0, "(已换新卡片)")
		p.sound()
	})
	t.Run("while_the_decision_is_not_committed", func(t *testing.T) {
		t.Parallel()
		p := newPost(t, 1)
		p.ask("卡")
		p.drain()
		_ = p.clock.MoveTo(p.clock.Now().Add(60 * time.Hour))
		p.update(func(tx *store.Tx) error {
			err := outbox.Settle(context.Background(), tx, "卡", "text", map[string]string{"text": "办好了"})
			p.drain() // leaves the card alone
			return err
		})
		p.drain()
		p.want(0, "(办好了)")
		p.sound()
	})
	t.Run("while_the_renewal_is_not_committed", func(t *testing.T) {
		t.Parallel()
		p := newPost(t, 1)
		p.ask("卡")
		p.drain()
		_ = p.clock.MoveTo(p.clock.Now().Add(60 * time.Hour))
		decided := make(chan error, 1)
		storetest.Update(t, p.db, func(tx *store.Tx) error { // holds the card as a renewal does
			if _, err := tx.Exec(`select id from send for no key update`); err != nil {
				return err
			}
			go func() {
				decided <- p.db.Update(context.Background(), func(tx *store.Tx) error {
					return outbox.Settle(context.Background(), tx, "卡", "text", map[string]string{"text": "办好了"})
				})
			}()
			if err := waiting(tx); err != nil {
				return err
			}
			_, err := tx.Exec(`update send set open = false`)
			if err != nil {
				return err
			}
			return outbox.Put(context.Background(), tx, outbox.Message{
				To: p.persons, Kind: "card", Class: outbox.Reply, Scope: "school", Subject: "卡",
				Card: true, Decision: true, Args: map[string]string{"text": "卡"},
			})
		})
		if err := <-decided; err != nil {
			t.Fatal(err)
		}
		p.drain()
		p.want(0, "[卡]") // the new one was withdrawn before it left
		p.sound()
	})
}

// waiting returns once another transaction waits for a lock of this one.
func waiting(tx *store.Tx) error {
	for {
		var n int
		if err := tx.Get(&n, `select count(*) from pg_locks where not granted and transactionid::text = pg_current_xact_id()::text`); err != nil || n > 0 {
			return err
		}
	}
}

// Six decisions and more: five cards, then one summary until there are fewer.
func TestManyOpenCardsBecomeASummary(t *testing.T) {
	t.Parallel()
	p := newPost(t, 2)
	busy, other := p.persons[0], p.persons[1]
	five := []string{"[卡1]", "[卡2]", "[卡3]", "[卡4]", "[卡5]"}
	for i := range 7 {
		if i == 6 {
			p.ask("卡7", busy, other)
			continue
		}
		p.ask(fmt.Sprintf("卡%d", i+1), busy)
	}
	p.drain()
	p.want(0, append(five, "汇总 5+2")...)
	p.want(1, "[卡7]")
	p.walk(10 * time.Minute)
	p.ask("卡8", busy)
	p.drain()
	p.want(0, append(five, "汇总 5+2")...) // not twice within the hour
	p.walk(time.Hour)
	p.want(0, append(five, "汇总 5+2", "汇总 5+3")...)

	for _, s := range []string{"卡6", "卡7", "卡8"} { // decided on the desk
		p.decide(s)
	}
	p.walk(2 * time.Hour)
	p.want(0, append(five, "汇总 5+2", "汇总 5+3")...)
	p.want(1, "(卡7办好了)")
	p.decide("卡1")
	p.ask("卡9", busy) // there are fewer: a card again
	p.drain()
	p.want(0, "[卡2]", "[卡3]", "[卡4]", "[卡5]", "汇总 5+2", "汇总 5+3", "(卡1办好了)", "[卡9]")
	p.sound()
}

// What joined a summary grows old too, and comes as a card if there is room by then.
func TestJoinedCardsAreRenewedWithTheOthers(t *testing.T) {
	t.Parallel()
	p := newPost(t, 1)
	for i := range 6 {
		p.ask(fmt.Sprintf("卡%d", i+1))
	}
	p.drain()
	for i := range 5 {
		p.decide(fmt.Sprintf("卡%d", i+1))
	}
	p.walk(61 * time.Hour)
	p.want(0, "汇总 5+1", "(卡1办好了)", "(卡2办好了)", "(卡3办好了)", "(卡4办好了)", "(卡5办好了)", "[卡6]")
	p.sound()
}
