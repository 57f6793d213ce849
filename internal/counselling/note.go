package counselling

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// Note is what the counsellor wrote after the hour, in one of its versions (T3).
type Note struct {
	Version   int
	Body      string
	WrittenAt time.Time
	By        string
}

// Referral is 转介: to whom, when, agreed by the student. There is no diagnosis.
type Referral struct {
	Place string
	On    time.Time
	At    time.Time
	By    string
}

// Record is what only the counsellor of an hour and the head of the centre read.
type Record struct {
	Booking   Booking
	Intake    *Intake // nil if there is none
	Notes     []Note  // the newest first
	Referrals []Referral
	Mine      bool // the reader is the counsellor, who writes
}

// recordOf loads the booking for the two who may read its record; to everybody else of
// the centre too it is ErrConfidential.
func recordOf(ctx context.Context, tx *store.Tx, who identity.Person, booking string) (Booking, error) {
	b, err := lockBooking(ctx, tx, booking)
	if store.Missing(err) {
		return Booking{}, ErrConfidential
	}
	if err != nil {
		return Booking{}, fmt.Errorf("lock booking: %w", err)
	}
	if !b.counsels(who) && !who.HasIn(b.Slot.centre, identity.CentreHead) {
		return Booking{}, ErrConfidential
	}
	return b, nil
}

func (b Booking) counsels(who identity.Person) bool {
	return b.Slot.person == who.ID && who.HasIn(b.Slot.centre, identity.CentreCounsellor)
}

// GetRecord returns the record of an hour. Every reading is audited.
func GetRecord(ctx context.Context, tx *store.Tx, who identity.Person, booking string) (Record, error) {
	b, err := recordOf(ctx, tx, who, booking)
	if err != nil {
		return Record{}, err
	}
	r := Record{Booking: b, Mine: b.counsels(who)}
	if r.Intake, err = intakeOf(ctx, tx, b.Student.ID); err != nil {
		return Record{}, err
	}
	if r.Notes, err = selectNotes(ctx, tx, b); err != nil {
		return Record{}, fmt.Errorf("load notes: %w", err)
	}
	if r.Referrals, err = selectReferrals(ctx, tx, b); err != nil {
		return Record{}, fmt.Errorf("load referrals: %w", err)
	}
	return r, audit.Append(ctx, tx, int64(who.ID), "note.read", Subject(booking), map[string]any{"versions": len(r.Notes)})
}

// WriteNote keeps a new version of the note of an hour the student came to; only its
// counsellor writes. base is the version that was read: a note changed meanwhile is
// not written over.
func WriteNote(ctx context.Context, tx *store.Tx, who identity.Person, booking string, base int, body string) error {
	b, err := recordOf(ctx, tx, who, booking)
	if err != nil {
		return err
	}
	if !b.counsels(who) {
		return errs.New(errs.Forbidden, "记录由面谈的老师本人来写，您可以阅读。")
	}
	if b.State != Arrived {
		return errs.New(errs.Conflict, "登记到访之后再写记录。")
	}
	body = strings.TrimSpace(body)
	if n := len([]rune(body)); n < 5 || n > 5000 {
		return errs.Field("body", "记录写 5 到 5000 个字。")
	}
	ok, err := insertNote(ctx, tx, b, base+1, body, who.ID)
	if err != nil {
		return fmt.Errorf("write note: %w", err)
	}
	if !ok {
		return errs.New(errs.Conflict, "这份记录刚刚在别处改过，先看看新的一版，再保存。")
	}
	return audit.Append(ctx, tx, int64(who.ID), "note.write", Subject(booking), map[string]any{"version": base + 1})
}

// Refer writes down a referral the student agreed to; the counsellor of the hour does.
func Refer(ctx context.Context, tx *store.Tx, who identity.Person, booking, place string, on time.Time, agreed bool) error {
	b, err := recordOf(ctx, tx, who, booking)
	if err != nil {
		return err
	}
	if !b.counsels(who) {
		return errs.New(errs.Forbidden, "转介由面谈的老师本人来填，您可以阅读。")
	}
	fields := map[string]string{}
	place = strings.TrimSpace(place)
	if n := len([]rune(place)); n < 2 || n > 100 {
		fields["place"] = "写转介到哪里、找谁，2 到 100 个字。"
	}
	if on.IsZero() || on.Before(b.Slot.StartsAt.AddDate(0, 0, -1)) || on.After(tx.Now().AddDate(1, 0, 0)) {
		fields["on"] = "日期写成 2026-10-14 这样，不早于这次面谈。"
	}
	if !agreed {
		fields["agreed"] = "转介要先征得同学同意，同意后再勾选。"
	}
	if err := wrong(fields); err != nil {
		return err
	}
	if err := insertReferral(ctx, tx, b, place, on, who.ID); err != nil {
		return fmt.Errorf("write referral: %w", err)
	}
	return audit.Append(ctx, tx, int64(who.ID), "referral.write", Subject(booking), nil)
}

func notePlace(booking string, version int) string {
	return fmt.Sprintf("note_version/body/%s/%d", booking, version)
}

func referralPlace(publicID string) string { return "referral/place/" + publicID }
