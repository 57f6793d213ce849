package clock_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/clock"
)

func TestShiftedOnlyGrowsAndIsKept(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "clock")
	c, err := clock.NewShifted(file)
	if err != nil {
		t.Fatal(err)
	}
	tomorrow := c.Now().Add(24 * time.Hour)
	if err := c.MoveTo(tomorrow); err != nil {
		t.Fatal(err)
	}
	if c.Now().Before(tomorrow) {
		t.Errorf("Now = %v, want at least %v", c.Now(), tomorrow)
	}
	if err := c.MoveTo(tomorrow.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if c.Now().Before(tomorrow) {
		t.Errorf("the clock went back: %v", c.Now())
	}
	again, err := clock.NewShifted(file)
	if err != nil {
		t.Fatal(err)
	}
	if again.Now().Before(tomorrow) {
		t.Errorf("after a restart Now = %v, want at least %v", again.Now(), tomorrow)
	}
}
