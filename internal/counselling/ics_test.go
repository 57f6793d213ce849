package counselling_test

import (
	"context"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// parseICS reads a file by the grammar of RFC 5545: lines end in CRLF and have at most
// 75 bytes, a line that begins with a space goes on with the one before, values are
// escaped. It returns the property values by name, without their parameters.
func parseICS(t *testing.T, file []byte) map[string]string {
	t.Helper()
	text := string(file)
	if !utf8.ValidString(text) || !strings.HasSuffix(text, "\r\n") || strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\n") {
		t.Fatalf("not lines of UTF-8 ended by CRLF: %q", text)
	}
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if len(line) > 75 || !utf8.ValidString(line) {
			t.Errorf("a line of %d bytes, or a character torn: %q", len(line), line)
		}
		if rest, folded := strings.CutPrefix(line, " "); folded {
			lines[len(lines)-1] += rest
			continue
		}
		lines = append(lines, line)
	}
	var open []string
	values := map[string]string{}
	for _, line := range lines {
		head, value, ok := strings.Cut(line, ":")
		name, _, _ := strings.Cut(head, ";")
		switch {
		case !ok:
			t.Fatalf("no property: %q", line)
		case name == "BEGIN":
			open = append(open, value)
		case name == "END":
			if len(open) == 0 || open[len(open)-1] != value {
				t.Fatalf("END:%s closes nothing", value)
			}
			open = open[:len(open)-1]
		default:
			if _, twice := values[name]; twice {
				t.Errorf("%s stands twice", name)
			}
			values[name] = strings.NewReplacer(`\\`, `\`, `\;`, ";", `\,`, ",", `\n`, "\n").Replace(value)
		}
	}
	if len(open) > 0 {
		t.Errorf("%v is not closed", open)
	}
	for _, name := range []string{"UID", "DTSTAMP", "ORGANIZER", "VERSION", "PRODID"} { // required by RFC 5545 and 5546
		if values[name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
	if !counselling.Neutral(text) {
		t.Errorf("it says what the centre does: %s", text)
	}
	return values
}

func (c *centre) ics(t *testing.T, who identity.Person, booking string) map[string]string {
	t.Helper()
	var file []byte
	c.update(func(ctx context.Context, tx *store.Tx) (err error) {
		file, err = counselling.CalendarFile(ctx, tx, who, booking)
		return err
	})
	return parseICS(t, file)
}

func TestTheCalendarFileFollowsTheBooking(t *testing.T) {
	t.Parallel()
	c := newCentre(t, 1)
	c.set(func(s *counselling.Settings) {
		s.Name = `成长,中心;"一楼"\` + strings.Repeat("很长的名字", 6)
	})
	c.agree(c.students...)
	me := c.students[0]
	b := c.mustBook(me, c.hour(48*time.Hour, 1))
	at := func(t time.Time) string { return t.UTC().Format("20060102T150405Z") }
	check := func(step string, want map[string]string) {
		t.Helper()
		got := c.ics(t, me, b.PublicID)
		want["UID"] = b.PublicID + "@xuegong"
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s: %s = %q, want %q", step, name, got[name], value)
			}
		}
	}
	check("pending", map[string]string{
		"METHOD": "PUBLISH", "STATUS": "TENTATIVE", "SEQUENCE": "0", "DTSTART": at(b.Slot.StartsAt), "DTEND": at(b.Slot.EndsAt),
		"SUMMARY": `您预约的事项（成长,中心;"一楼"\` + strings.Repeat("很长的名字", 6) + "）", "LOCATION": "东校区 学生活动中心 302",
	})
	c.confirm(b.PublicID)
	check("confirmed", map[string]string{"METHOD": "PUBLISH", "STATUS": "CONFIRMED", "SEQUENCE": "0"})
	c.advance(time.Hour)
	moved, err := c.move(c.desk, b.PublicID, c.liHour(72*time.Hour), "老师临时有安排")
	if err != nil {
		t.Fatal(err)
	}
	check("moved", map[string]string{
		"METHOD": "PUBLISH", "STATUS": "CONFIRMED", "SEQUENCE": "1", "DTSTART": at(moved.Slot.StartsAt), "DTSTAMP": at(c.clock.Now()),
	})
	c.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.Cancel(ctx, tx, me, b.PublicID, "")
		return err
	})
	check("cancelled", map[string]string{"METHOD": "CANCEL", "STATUS": "CANCELLED", "SEQUENCE": "2"})
	err = c.try(func(ctx context.Context, tx *store.Tx) error {
		_, err := counselling.CalendarFile(ctx, tx, c.fudaoyuan, b.PublicID)
		return err
	})
	if err == nil {
		t.Error("somebody else has the file")
	}
}
