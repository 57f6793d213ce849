package app_test

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Conversations are read from bot/testdata/dialogues, one story a file:
//
//	# what it shows
//	s01> 我想预约            the person writes
//	s01: 想约哪位老师         the next message contains this; | separates several parts
//	s01! [婉拒|临时]          presses the button, after selecting the option
//	s01 agrees               reads the notice on its page and agrees
//	@ 23h                    the clock moves on
//	s01 silent               nothing more has come
//
// A counsellor can read and correct them.
func TestConversations(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../bot/testdata/dialogues/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			play(t, newWorld(t), file)
		})
	}
}

var (
	writes  = regexp.MustCompile(`^(\w+)> (.*)$`)
	reads   = regexp.MustCompile(`^(\w+):(.*)$`)
	presses = regexp.MustCompile(`^(\w+)! \[([^|\]]*)(?:\|([^\]]*))?\]$`)
	agrees  = regexp.MustCompile(`^(\w+) agrees$`)
	silent  = regexp.MustCompile(`^(\w+) silent$`)
	moves   = regexp.MustCompile(`^@ (\S+)$`)
)

func play(t *testing.T, w *world, file string) {
	f, err := os.Open(file)
	w.must(err)
	defer func() { _ = f.Close() }()
	last := map[string]shown{} // the last card with buttons
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		m := func(re *regexp.Regexp) []string { return re.FindStringSubmatch(line) }
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case m(writes) != nil:
			w.must(w.control("/sim/text", map[string]any{"user": m(writes)[1], "text": m(writes)[2]}))
		case m(reads) != nil:
			user := m(reads)[1]
			got := w.next(user)
			t.Logf("%s: %s", user, got.text())
			for part := range strings.SplitSeq(m(reads)[2], " | ") {
				if !strings.Contains(got.text(), strings.TrimSpace(part)) {
					t.Fatalf("%s:%d: %s reads\n  %s\nwant in it\n  %s", filepath.Base(file), n, user, got.text(), part)
				}
			}
			if got.Card != nil {
				last[user] = got
			}
		case m(presses) != nil:
			if err := w.press(m(presses)[1], last[m(presses)[1]], m(presses)[2], m(presses)[3]); err != nil {
				t.Fatalf("%s:%d: %v", filepath.Base(file), n, err)
			}
		case m(agrees) != nil:
			w.agree(w.browser(m(agrees)[1]))
		case m(moves) != nil:
			d, err := time.ParseDuration(m(moves)[1])
			w.must(err)
			w.must(w.control("/sim/clock", map[string]any{"advance": d.String()}))
		case m(silent) != nil:
			w.must(w.control("/sim/clock", map[string]any{"advance": "1s"})) // everything due is done
			if got := w.messages(m(silent)[1], 0); len(got) > 0 {
				t.Fatalf("%s:%d: more came: %s", filepath.Base(file), n, got[0].text())
			}
		default:
			t.Fatalf("%s:%d: cannot read %q", filepath.Base(file), n, line)
		}
	}
	w.must(lines.Err())
	w.sound()
}
