package bot_test

import (
	"encoding/json"
	"testing"

	"github.com/xuegong/xuegong/bot"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/outbox"
)

// WeCom shows the same request once within its interval (wecom/sending.md section 2).
func TestEqualTextsAreToldApartAndRepeatsAreNot(t *testing.T) {
	t.Parallel()
	b := bot.Bot{AgentID: 1000002}
	render := func(id int64) string {
		body, err := b.Render(t.Context(), nil, outbox.Outgoing{
			ID: id, Kind: "chat.text", To: []identity.Person{{UserID: "s01"}}, Args: json.RawMessage(`{"text":"好的"}`),
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	const first, hour = 1_000_000, 3600 // more than anybody is sent in the four hours WeCom remembers
	sent := map[string]int64{}
	for id := int64(first); id < first+hour; id++ {
		body := render(id)
		if other, seen := sent[body]; seen {
			t.Fatalf("sends %d and %d are the same to WeCom: %s", other, id, body)
		}
		sent[body] = id
	}
	if again := render(first); sent[again] != first {
		t.Error("a repeat is another message")
	}
}
