package counselling

import (
	"context"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// CalendarFile is a booking as an iCalendar file (RFC 5545, T24): the same entry for the
// whole life of the booking, newer with every move, cancelled when it ends. Its words
// are neutral. Who may read the booking may have it, and nobody else (see Get).
func CalendarFile(ctx context.Context, tx *store.Tx, who identity.Person, bookingID string) ([]byte, error) {
	b, err := Get(ctx, tx, who, bookingID)
	if err != nil {
		return nil, err
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return nil, err
	}
	return b.calendar(set), nil
}

func (b Booking) calendar(set Settings) []byte {
	method, status, sequence := "PUBLISH", "CONFIRMED", b.Moves
	switch b.State {
	case Pending:
		status = "TENTATIVE"
	case Cancelled, Rejected, Expired:
		method, status, sequence = "CANCEL", "CANCELLED", b.Moves+1
	}
	changed := b.CreatedAt
	if n := len(b.History); n > 0 {
		changed = b.History[n-1].At
	}
	var w icsWriter
	w.line("BEGIN", "VCALENDAR")
	w.line("VERSION", "2.0")
	w.line("PRODID", "-//Xuegong//Xuegong//ZH")
	w.line("METHOD", method)
	w.line("BEGIN", "VEVENT")
	w.line("UID", b.PublicID+"@xuegong")
	w.line("SEQUENCE", strconv.Itoa(sequence))
	w.line("STATUS", status)
	w.line("DTSTAMP", icsTime(changed))
	w.line("LAST-MODIFIED", icsTime(changed))
	w.line("CREATED", icsTime(b.CreatedAt))
	w.line("DTSTART", icsTime(b.Slot.StartsAt))
	w.line("DTEND", icsTime(b.Slot.EndsAt))
	w.line("SUMMARY", icsText("您预约的事项（"+set.Name+"）"))
	w.line("LOCATION", icsText(where(b.Slot.Campus, b.Slot.Place)))
	w.line("DESCRIPTION", icsText("来不了请尽早在学工里改时间或取消，把时间留给别的同学。"))
	w.line("ORGANIZER;CN="+icsParameter(set.Name), "invalid:nomail") // one is required, and mail reaches nobody
	w.line("CLASS", "PRIVATE")
	w.line("END", "VEVENT")
	w.line("END", "VCALENDAR")
	return []byte(w.String())
}

// where names the place, and its campus unless the place says it already.
func where(campus, place string) string {
	if strings.HasPrefix(place, campus) {
		return place
	}
	return campus + " " + place
}

// maxICSLine is how many bytes a line may have without its break (RFC 5545, 3.1).
const maxICSLine = 75

// icsWriter writes content lines, folded between characters.
type icsWriter struct{ strings.Builder }

func (w *icsWriter) line(name, value string) {
	rest, room := name+":"+value, maxICSLine
	for len(rest) > room {
		n := room
		for !utf8.RuneStart(rest[n]) {
			n--
		}
		w.WriteString(rest[:n] + "\r\n ")
		rest, room = rest[n:], maxICSLine-1
	}
	w.WriteString(rest + "\r\n")
}

// icsTime is a moment in UTC, which needs no description of a time zone.
func icsTime(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// icsText escapes a TEXT value (RFC 5545, 3.3.11).
func icsText(s string) string {
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`).Replace(s)
}

// icsParameter quotes a parameter value, which can hold neither a quote nor a break.
func icsParameter(s string) string {
	return `"` + strings.NewReplacer(`"`, "'", "\r", " ", "\n", " ").Replace(s) + `"`
}
