package errs_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/xuegong/xuegong/internal/errs"
)

func TestKindAndMessage(t *testing.T) {
	t.Parallel()
	taken := errs.New(errs.Conflict, "这个时间刚刚约满。")
	tests := []struct {
		name    string
		err     error
		kind    errs.Kind
		message string
		status  int
	}{
		{"a_sentence_reaches_the_person", taken, errs.Conflict, "这个时间刚刚约满。", 409},
		{"also_through_layers", fmt.Errorf("book: %w", taken), errs.Conflict, "这个时间刚刚约满。", 409},
		{"internals_stay_silent", errors.New("pq: relation does not exist"), errs.Internal, errs.Apology, 500},
		{"a_cause_is_not_shown", errs.Wrap(errors.New("dial tcp"), errs.Unavailable, "正在维护。"), errs.Unavailable, "正在维护。", 503},
		{"a_field_is_invalid", errs.Field("amount", "金额写到分就够了。"), errs.Invalid, "金额写到分就够了。", 422},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := errs.KindOf(tt.err); got != tt.kind {
				t.Errorf("KindOf = %q, want %q", got, tt.kind)
			}
			if got := errs.MessageOf(tt.err); got != tt.message {
				t.Errorf("MessageOf = %q, want %q", got, tt.message)
			}
			if got := errs.Status(errs.KindOf(tt.err)); got != tt.status {
				t.Errorf("Status = %d, want %d", got, tt.status)
			}
		})
	}
	if !errors.Is(fmt.Errorf("x: %w", taken), errs.New(errs.Conflict, "这个时间刚刚约满。")) {
		t.Error("a feature's error must be recognised by kind and sentence")
	}
}
