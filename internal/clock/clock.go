package clock

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Clock tells the time by which the product lives.
type Clock interface {
	Now() time.Time
}

// System is the machine's clock.
type System struct{}

// Now returns the machine's time, truncated to microseconds as PostgreSQL keeps it.
func (System) Now() time.Time { return Wall().Truncate(time.Microsecond) }

// Wall reads the machine's clock, for measuring how long something took.
func Wall() time.Time { return time.Now() }

// Shifted is the system's clock plus an offset that only grows. Safe for concurrent use.
type Shifted struct {
	mu     sync.RWMutex
	offset time.Duration
	file   string // "" keeps the offset in memory only
}

// NewShifted reads the offset kept in file; a missing file means no offset.
// With file "" the offset is not kept.
func NewShifted(file string) (*Shifted, error) {
	s := &Shifted{file: file}
	if file == "" {
		return s, nil
	}
	b, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read clock offset: %w", err)
	}
	if s.offset, err = time.ParseDuration(strings.TrimSpace(string(b))); err != nil {
		return nil, fmt.Errorf("clock offset in %s: %w", file, err)
	}
	return s, nil
}

// Now returns the shifted time, truncated to microseconds.
func (s *Shifted) Now() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Wall().Add(s.offset).Truncate(time.Microsecond)
}

// MoveTo makes Now at least t. A t in the past changes nothing.
func (s *Shifted) MoveTo(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := t.Sub(Wall())
	if d <= s.offset {
		return nil
	}
	if err := s.keep(d); err != nil {
		return err
	}
	s.offset = d
	return nil
}

// keep writes the offset beside the old one and renames, so a crash leaves one of the two.
func (s *Shifted) keep(d time.Duration) error {
	if s.file == "" {
		return nil
	}
	tmp := filepath.Join(filepath.Dir(s.file), ".clock.tmp")
	if err := os.WriteFile(tmp, []byte(d.String()), 0o600); err != nil {
		return fmt.Errorf("keep clock offset: %w", err)
	}
	return os.Rename(tmp, s.file)
}

// Fixed is a clock for tests that stands still until moved. Safe for concurrent use.
type Fixed struct {
	mu sync.Mutex
	t  time.Time
}

// NewFixed returns a clock that stands at t.
func NewFixed(t time.Time) *Fixed { return &Fixed{t: t.Truncate(time.Microsecond)} }

// Now returns where the clock stands.
func (f *Fixed) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.t
}

// MoveTo puts the clock at t if that is later.
func (f *Fixed) MoveTo(t time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t.After(f.t) {
		f.t = t.Truncate(time.Microsecond)
	}
	return nil
}
