package simulator

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// state is everything the platform remembers over a restart.
type state struct {
	Seq         int64  `json:"seq"`     // of the last change a phone can see
	MsgIDs      uint64 `json:"msg_ids"` // last MsgId given to what a member wrote
	Departments []Department
	Users       []User
	Tags        []Tag
	Messages    map[string][]*Message   // by folded userid, in order of arrival
	Sends       map[string]*sent        // by msgid
	Tasks       map[string]string       // task_id to msgid, unique for ever
	Codes       map[string]responseCode // response codes not yet used
	Tokens      map[string]accessToken  // by token
	Tickets     map[string]ticket       // JS tickets by kind
	OAuthCodes  map[string]oauthCode
	UserTickets map[string]userTicket
	Consents    map[string]time.Time // by folded userid: when privateinfo was agreed to
	App         appSettings
	Menu        json.RawMessage
	Workbench   workbench
	Media       map[string]*media
	Calendars   map[string]*calendar
	Schedules   map[string]*schedule
	Webhooks    []*webhook
	Chats       map[string]*chat
	Approvals   map[string]*approval         // by sp_no, or "third:" and thirdNo
	Templates   map[string]*approvalTemplate // of the approval app
	Assistant   *assistant                   // nil: there is no endpoint for contact changes
	Imports     []*importJob                 // the last keptImports are answered, older ones are known
	School      schoolBook
	Fetches     map[string]*fetchJob
	Phones      [2]string // who holds which phone
	Switches    *Switches
}

// maxKept is how many messages one member's phone remembers at least.
const maxKept = 500

func newState(cfg Config) *state {
	switches := DefaultSwitches()
	return &state{
		MsgIDs:   7_300_000_000_000_000_000, // beyond 2^53, as on the platform
		Messages: map[string][]*Message{}, Sends: map[string]*sent{}, Tasks: map[string]string{},
		Codes: map[string]responseCode{}, Tokens: map[string]accessToken{}, Tickets: map[string]ticket{},
		OAuthCodes: map[string]oauthCode{}, UserTickets: map[string]userTicket{}, Consents: map[string]time.Time{},
		App:   defaultApp(cfg),
		Media: map[string]*media{}, Calendars: map[string]*calendar{}, Schedules: map[string]*schedule{}, Chats: map[string]*chat{},
		Approvals: map[string]*approval{}, Templates: defaultTemplates(), Fetches: map[string]*fetchJob{},
		Workbench: workbench{Data: map[string]workbenchData{}},
		Switches:  &switches, // what an older state does not name stands as it does at first
	}
}

func loadState(cfg Config) (*state, error) {
	st := newState(cfg)
	if cfg.StateFile == "" {
		return st, nil
	}
	b, err := os.ReadFile(cfg.StateFile)
	if os.IsNotExist(err) {
		return st, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	if err := json.Unmarshal(b, st); err != nil {
		return nil, fmt.Errorf("state in %s: %w", filepath.Base(cfg.StateFile), err)
	}
	st.App.follow(cfg)
	st.endJobs()
	return st, nil
}

// keepState writes the state while the server runs, at most twice a second.
func (s *Server) keepState() {
	if s.cfg.StateFile == "" {
		return
	}
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		s.mu.Lock()
		err := s.saveState()
		s.mu.Unlock()
		if err != nil {
			s.log.Error("simulator state not kept", slog.Any("error", err))
		}
	}
}

// saveState writes the state beside the old one and renames, so a crash leaves one of the
// two. The caller holds the lock.
func (s *Server) saveState() error {
	if s.cfg.StateFile == "" || !s.dirty {
		return nil
	}
	s.st.Switches = &s.switches
	b, err := json.Marshal(s.st)
	if err != nil {
		return fmt.Errorf("encode state: %w", err)
	}
	tmp := s.cfg.StateFile + ".tmp"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return fmt.Errorf("keep state: %w", err)
	}
	if err := os.Rename(tmp, s.cfg.StateFile); err != nil {
		return fmt.Errorf("keep state: %w", err)
	}
	s.dirty = false
	return nil
}
