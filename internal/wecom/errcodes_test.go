package wecom

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestEveryErrcode holds the switch to the page it was written after.
func TestEveryErrcode(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/errcodes.tsv")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		text, want, _ := strings.Cut(line, "\t")
		code, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		if want == "done" {
			want = string(ActionDone)
		}
		n++
		if got := actionFor("message/send", code); string(got) != want {
			t.Errorf("errcode %d: %q, want %q", code, got, want)
		}
	}
	if n < 250 {
		t.Errorf("only %d codes were read", n)
	}
	if got := actionFor(apiToken, 40001); got != ActionConfig {
		t.Errorf("a wrong secret: %q, want config", got)
	}
	if got := actionFor("message/send", 123456); got != ActionBug {
		t.Errorf("an unknown code: %q, want bug", got)
	}
}

func TestActionOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		err  error
		want Action
	}{
		{"no_error", nil, ActionDone},
		{"an_errcode_through_layers", fmt.Errorf("send: %w", &APIError{Action: ActionDrop}), ActionDrop},
		{"not_sent", &TransportError{Err: errors.New("dial")}, ActionRetry},
		{"sent_without_answer", &TransportError{Sent: true, Err: errors.New("reset")}, ActionUnclear},
		{"another_server", &TransportError{Sent: true, Status: 404, Err: errors.New("status")}, ActionConfig},
		{"a_gateway", &TransportError{Sent: true, Status: 502, Err: errors.New("status")}, ActionUnclear},
		{"anything_else", errors.New("?"), ActionUnclear},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := ActionOf(tt.err); got != tt.want {
				t.Errorf("ActionOf = %q, want %q", got, tt.want)
			}
		})
	}
}
