package simulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/errs"
)

// FaultKind names something that goes wrong.
type FaultKind string

// Faults of callbacks, of API calls and of messages.
const (
	FaultDrop           FaultKind = "drop"             // a callback is never sent
	FaultDelay          FaultKind = "delay"            // a callback is sent Delay later
	FaultDuplicate      FaultKind = "duplicate"        // an accepted callback is sent once more, freshly sealed
	FaultReorder        FaultKind = "reorder"          // a callback comes after the next one of its member
	FaultBadSignature   FaultKind = "bad_signature"    // one attempt carries a wrong signature
	FaultWrongReceiveID FaultKind = "wrong_receive_id" // one attempt is sealed for another company
	FaultReplay         FaultKind = "replay"           // after a callback the request before it is sent again, byte for byte

	FaultErrcode      FaultKind = "errcode"       // a call answers Code and does nothing
	FaultExpiredToken FaultKind = "expired_token" // all tokens end now; takes effect at once
	FaultExpiredMedia FaultKind = "expired_media" // all temporary files end now
	FaultExpiredCode  FaultKind = "expired_code"  // all response codes end now
	FaultReset        FaultKind = "reset"         // the connection breaks before anything is done
	FaultLostAnswer   FaultKind = "lost_answer"   // the work is done, then the connection breaks
	FaultSlow         FaultKind = "slow"          // the work is done, the answer comes Delay later

	FaultSilentDrop FaultKind = "silent_drop" // errcode 0, but the member never sees the message
)

// Fault happens the next Count times it can, real time being what Delay counts in.
type Fault struct {
	Kind  FaultKind `json:"kind"`
	Count int       `json:"count"`          // times it happens; 0 becomes 1
	Path  string    `json:"path,omitempty"` // API faults: below /cgi-bin/, "" = any call but gettoken
	User  string    `json:"user,omitempty"` // callback faults and silent_drop: "" = anyone
	Code  int       `json:"code,omitempty"` // of errcode
	Delay Duration  `json:"delay,omitempty"`
}

// Duration is written as text ("6s", "2d") or as milliseconds.
type Duration time.Duration

// MarshalJSON writes the Go form.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads text or milliseconds.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var ms float64
	if json.Unmarshal(b, &ms) == nil {
		*d = Duration(ms * float64(time.Millisecond))
		return nil
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	v, err := parseDuration(text)
	*d = Duration(v)
	return err
}

// parseDuration is time.ParseDuration that also knows whole days ("1d", "1d6h").
func parseDuration(text string) (time.Duration, error) {
	days, rest, found := strings.Cut(text, "d")
	if !found {
		return time.ParseDuration(text)
	}
	d, err := time.ParseDuration(days + "h")
	if err != nil || rest == "" {
		return d * 24, err
	}
	more, err := time.ParseDuration(rest)
	return d*24 + more, err
}

// Arm lets the faults happen from now on.
func (s *Server) Arm(faults ...Fault) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		if err := f.complete(); err != nil {
			return err
		}
		if s.endNow(f.Kind) {
			continue
		}
		s.faults = append(s.faults, f)
	}
	s.touch()
	s.publish("faults", s.armed())
	return nil
}

// endNow does the faults that are over at once: what lived until later ends.
func (s *Server) endNow(kind FaultKind) bool {
	switch kind {
	case FaultExpiredToken:
		s.expireTokens(s.now())
	case FaultExpiredMedia:
		for _, f := range s.st.Media {
			if f.CreatedAt.After(s.now().Add(-mediaLife)) {
				f.CreatedAt = s.now().Add(-mediaLife)
			}
		}
	case FaultExpiredCode:
		clear(s.st.Codes)
	default:
		return false
	}
	return true
}

func (f *Fault) complete() error {
	switch f.Kind {
	case FaultDelay, FaultSlow:
		if f.Delay <= 0 {
			f.Delay = Duration(6 * time.Second)
		}
	case FaultErrcode:
		if f.Code == 0 {
			return errs.Field("code", "要注入哪个 errcode？例如 45009。")
		}
	case FaultDrop, FaultDuplicate, FaultReorder, FaultBadSignature, FaultWrongReceiveID, FaultReplay,
		FaultExpiredToken, FaultExpiredMedia, FaultExpiredCode, FaultReset, FaultLostAnswer, FaultSilentDrop:
	default:
		return errs.Field("kind", fmt.Sprintf("没有这种故障：%s。", f.Kind))
	}
	f.Path = strings.TrimPrefix(strings.Trim(f.Path, "/"), "cgi-bin/")
	f.Count = max(f.Count, 1)
	return nil
}

// ClearFaults disarms everything.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
	s.touch()
	s.publish("faults", s.armed())
}

// armed are the faults still to happen, never nil.
func (s *Server) armed() []Fault { return append([]Fault{}, s.faults...) }

// takeFault uses up one occurrence of a fault, nil if none fits. The caller holds the lock.
func (s *Server) takeFault(kind FaultKind, path, user string) *Fault {
	for i, f := range s.faults {
		if f.Kind != kind || f.User != "" && fold(f.User) != fold(user) || !f.hits(path) {
			continue
		}
		s.faults[i].Count--
		if s.faults[i].Count == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		s.publish("faults", s.armed())
		return &f
	}
	return nil
}

// hits says whether the fault concerns the call; without a path it spares gettoken.
func (f *Fault) hits(path string) bool {
	return f.Path == path || f.Path == "" && path != "gettoken"
}

// apiFaults are what goes wrong with one call.
type apiFaults struct {
	reset, lost bool
	code        int
	slow        time.Duration
}

func (s *Server) takeAPIFaults(path string) apiFaults {
	s.mu.Lock()
	defer s.mu.Unlock()
	var a apiFaults
	if s.takeFault(FaultReset, path, "") != nil {
		a.reset = true
		return a
	}
	if f := s.takeFault(FaultErrcode, path, ""); f != nil {
		a.code = f.Code
		return a
	}
	a.lost = s.takeFault(FaultLostAnswer, path, "") != nil
	if f := s.takeFault(FaultSlow, path, ""); f != nil {
		a.slow = time.Duration(f.Delay)
	}
	return a
}
