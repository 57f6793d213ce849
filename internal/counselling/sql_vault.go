package counselling

import (
	"context"
	"database/sql"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// insertNote writes a version; false means that it exists already.
func insertNote(ctx context.Context, tx *store.Tx, b Booking, version int, body string, by identity.ID) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		insert into note_version (booking_id, version, body, written_at, written_by)
		select $1, $2, $3, $4, $5 where $2 = 1 + coalesce((select max(version) from note_version where booking_id = $1), 0)
		on conflict (booking_id, version) do nothing`,
		b.id, version, tx.Keys().Seal(notePlace(b.PublicID, version), []byte(body)), tx.Now(), by)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

func selectNotes(ctx context.Context, tx *store.Tx, b Booking) ([]Note, error) {
	type row struct {
		Version   int       `db:"version"`
		Body      []byte    `db:"body"`
		WrittenAt time.Time `db:"written_at"`
		Name      string    `db:"name"`
	}
	var rows []row
	if err := tx.SelectContext(ctx, &rows, `
		select n.version, n.body, n.written_at, p.name from note_version n join identity_address p on p.id = n.written_by
		where n.booking_id = $1 order by n.version desc`, b.id); err != nil {
		return nil, err
	}
	return each(rows, func(r row) (Note, error) {
		plain, err := tx.Keys().Unseal(notePlace(b.PublicID, r.Version), r.Body)
		return Note{r.Version, string(plain), r.WrittenAt, r.Name}, err
	})
}

func insertReferral(ctx context.Context, tx *store.Tx, b Booking, place string, on time.Time, by identity.ID) error {
	id := store.NewPublicID()
	_, err := tx.ExecContext(ctx, `
		insert into referral (public_id, booking_id, place, refer_on, agreed, created_at, created_by) values ($1, $2, $3, $4::date, true, $5, $6)`,
		id, b.id, tx.Keys().Seal(referralPlace(id), []byte(place)), on.Format(time.DateOnly), tx.Now(), by)
	return err
}

func selectReferrals(ctx context.Context, tx *store.Tx, b Booking) ([]Referral, error) {
	type row struct {
		PublicID string    `db:"public_id"`
		Place    []byte    `db:"place"`
		On       time.Time `db:"refer_on"`
		At       time.Time `db:"created_at"`
		Name     string    `db:"name"`
	}
	var rows []row
	if err := tx.SelectContext(ctx, &rows, `
		select r.public_id, r.place, r.refer_on, r.created_at, p.name from referral r join identity_address p on p.id = r.created_by
		where r.booking_id = $1 order by r.id desc`, b.id); err != nil {
		return nil, err
	}
	return each(rows, func(r row) (Referral, error) {
		plain, err := tx.Keys().Unseal(referralPlace(r.PublicID), r.Place)
		return Referral{string(plain), r.On, r.At, r.Name}, err
	})
}

func insertAsk(ctx context.Context, tx *store.Tx, booking int64) (bool, error) {
	res, err := tx.ExecContext(ctx, `insert into feedback_ask (booking_id) values ($1) on conflict do nothing`, booking)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

func askState(ctx context.Context, tx *store.Tx, booking int64) (string, error) {
	var state string
	err := tx.GetContext(ctx, &state, `select state from feedback_ask where booking_id = $1`, booking)
	return state, err
}

func setAsk(ctx context.Context, tx *store.Tx, booking int64, state string) (bool, error) {
	res, err := tx.ExecContext(ctx, `update feedback_ask set state = $2 where booking_id = $1 and state = 'asked'`, booking, state)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

func lockCounsellorRow(ctx context.Context, tx *store.Tx, id int64) error {
	_, err := tx.ExecContext(ctx, `select 1 from counsellor where id = $1 for no key update`, id)
	return err
}

func insertFeedback(ctx context.Context, tx *store.Tx, counsellor int64, s Said) error {
	id := store.NewPublicID()
	var words []byte
	if s.Words != "" {
		words = tx.Keys().Seal(feedbackPlace(id), []byte(s.Words))
	}
	_, err := tx.ExecContext(ctx, `
		insert into feedback (public_id, counsellor_id, stars, again, words) values ($1, $2, $3, $4, $5)`, id, counsellor, s.Stars, s.Again, words)
	return err
}

// countFeedback begins to count what waits, once a whole group of it has come.
func countFeedback(ctx context.Context, tx *store.Tx, counsellor int64, group int) error {
	_, err := tx.ExecContext(ctx, `
		update feedback set counted = true where counsellor_id = $1 and not counted
			and (select count(*) from feedback where counsellor_id = $1 and not counted) >= $2`, counsellor, group)
	return err
}

// selectFigures returns figures of groups of at least so many, of one person (0: of all).
func selectFigures(ctx context.Context, tx *store.Tx, centre int64, only identity.ID, group int) ([]SaidOf, error) {
	var list []SaidOf
	err := tx.SelectContext(ctx, &list, `
		select p.name, count(*) said, avg(f.stars)::float8 average, count(*) filter (where f.stars = 5) five,
			count(*) filter (where f.stars <= 2) low, count(*) filter (where f.again) again
		from feedback f join counsellor c on c.id = f.counsellor_id join identity_address p on p.id = c.person_id
		where f.counted and c.centre_id = $1 and ($2::bigint = 0 or c.person_id = $2)
		group by c.id, p.name, c.position having count(*) >= $3 order by c.position, c.id`, centre, only, group)
	return list, err
}

// selectWords returns what was written, in the order of random ids, if there is enough of it.
func selectWords(ctx context.Context, tx *store.Tx, centre int64, group int) ([]string, error) {
	type row struct {
		PublicID string `db:"public_id"`
		Words    []byte `db:"words"`
	}
	var rows []row
	if err := tx.SelectContext(ctx, &rows, `
		with w as (select f.public_id, f.words from feedback f join counsellor c on c.id = f.counsellor_id
			where c.centre_id = $1 and f.counted and f.words is not null)
		select public_id, words from w where (select count(*) from w) >= $2 order by public_id limit 200`, centre, group); err != nil {
		return nil, err
	}
	return each(rows, func(r row) (string, error) {
		plain, err := tx.Keys().Unseal(feedbackPlace(r.PublicID), r.Words)
		return string(plain), err
	})
}

func insertDisclosure(ctx context.Context, tx *store.Tx, centre int64, e DisclosureEdit, student, recipient, by identity.ID) (string, error) {
	id := store.NewPublicID()
	fields := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		fields[i] = string(f)
	}
	var until *time.Time
	var why []byte
	if !e.DelayUntil.IsZero() {
		until, why = &e.DelayUntil, tx.Keys().Seal(disclosurePlace("delay_reason", id), []byte(e.DelayReason))
	}
	_, err := tx.ExecContext(ctx, `
		insert into disclosure (public_id, centre_id, student_id, ground, reason, fields, recipient_id, hours, delay_until, delay_reason, proposed_by, proposed_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		id, centre, student, e.Ground, tx.Keys().Seal(disclosurePlace("reason", id), []byte(e.Reason)), pq.Array(fields), recipient, e.Hours,
		until, why, by, tx.Now())
	return id, err
}

type disclosureRow struct {
	ID          int64          `db:"id"`
	PublicID    string         `db:"public_id"`
	Centre      int64          `db:"centre_id"`
	State       string         `db:"state"`
	Ground      Ground         `db:"ground"`
	Reason      []byte         `db:"reason"`
	Fields      pq.StringArray `db:"fields"`
	Hours       int            `db:"hours"`
	DelayUntil  sql.NullTime   `db:"delay_until"`
	DelayReason []byte         `db:"delay_reason"`
	Student     identity.ID    `db:"student_id"`
	Name        string         `db:"name"`
	Number      string         `db:"number"`
	College     string         `db:"college"`
	Proposer    identity.ID    `db:"proposed_by"`
	ProposedBy  string         `db:"proposer"`
	ProposedAt  time.Time      `db:"proposed_at"`
	Decider     sql.NullInt64  `db:"decided_by"`
	DecidedBy   sql.NullString `db:"decider"`
	DecidedAt   sql.NullTime   `db:"decided_at"`
	Recipient   identity.ID    `db:"recipient_id"`
	To          string         `db:"recipient"`
	Until       sql.NullTime   `db:"until"`
	ReviewAt    sql.NullTime   `db:"review_at"`
	ReviewedBy  sql.NullString `db:"reviewer"`
	ReviewedAt  sql.NullTime   `db:"reviewed_at"`
	Review      []byte         `db:"review"`
}

func (r disclosureRow) open(tx *store.Tx) (Disclosure, error) {
	d := Disclosure{
		PublicID: r.PublicID, State: r.State, Ground: r.Ground, Hours: r.Hours, DelayUntil: r.DelayUntil.Time,
		Student:   Student{ID: r.Student, Name: r.Name, Number: r.Number, College: r.College},
		Recipient: r.To, ProposedBy: r.ProposedBy, ProposedAt: r.ProposedAt, DecidedBy: r.DecidedBy.String, DecidedAt: r.DecidedAt.Time,
		Until: r.Until.Time, ReviewAt: r.ReviewAt.Time, ReviewedBy: r.ReviewedBy.String, ReviewedAt: r.ReviewedAt.Time,
		id: r.ID, centre: r.Centre, proposer: r.Proposer, decider: identity.ID(r.Decider.Int64), recipient: r.Recipient,
	}
	for _, f := range r.Fields {
		d.Fields = append(d.Fields, Field(f))
	}
	for _, s := range []struct {
		column string
		sealed []byte
		to     *string
	}{{"reason", r.Reason, &d.Reason}, {"delay_reason", r.DelayReason, &d.DelayReason}, {"review", r.Review, &d.Review}} {
		if s.sealed == nil {
			continue
		}
		plain, err := tx.Keys().Unseal(disclosurePlace(s.column, r.PublicID), s.sealed)
		if err != nil {
			return d, err
		}
		*s.to = string(plain)
	}
	return d, nil
}

func selectDisclosures(ctx context.Context, tx *store.Tx, where string, args ...any) ([]Disclosure, error) {
	var rows []disclosureRow
	if err := tx.SelectContext(ctx, &rows, `
		select d.id, d.public_id, d.centre_id, d.state, d.ground, d.reason, d.fields, d.hours, d.delay_until, d.delay_reason,
			d.student_id, s.name, coalesce(s.number, '') number, coalesce(s.college_name, '') college,
			d.proposed_by, a.name proposer, d.proposed_at, d.decided_by, b.name decider, d.decided_at,
			d.recipient_id, r.name recipient, d.until, d.review_at, v.name reviewer, d.reviewed_at, d.review
		from disclosure d join identity_person s on s.id = d.student_id join identity_address a on a.id = d.proposed_by
		join identity_address r on r.id = d.recipient_id left join identity_address b on b.id = d.decided_by
		left join identity_address v on v.id = d.reviewed_by `+where, args...); err != nil {
		return nil, err
	}
	return each(rows, func(r disclosureRow) (Disclosure, error) { return r.open(tx) })
}

func lockDisclosure(ctx context.Context, tx *store.Tx, publicID string) (Disclosure, error) {
	return lockOne(ctx, tx, `select id from disclosure where public_id = $1 for no key update`, publicID, selectDisclosures, `where d.id = $1`)
}

func openDisclosure(ctx context.Context, tx *store.Tx, id int64, by identity.ID, until, review time.Time) error {
	_, err := tx.ExecContext(ctx, `
		update disclosure set state = 'open', decided_by = $2, decided_at = $3, until = $4, review_at = $5 where id = $1`,
		id, by, tx.Now(), until, review)
	return err
}

func refuseDisclosure(ctx context.Context, tx *store.Tx, id int64, by identity.ID) error {
	_, err := tx.ExecContext(ctx, `update disclosure set state = 'refused', decided_by = $2, decided_at = $3 where id = $1`, id, by, tx.Now())
	return err
}

func reviewDisclosure(ctx context.Context, tx *store.Tx, d Disclosure, by identity.ID, found string, end bool) error {
	_, err := tx.ExecContext(ctx, `
		update disclosure set reviewed_by = $2, reviewed_at = $3, review = $4, until = case when $5 then least(until, $3) else until end where id = $1`,
		d.id, by, tx.Now(), tx.Keys().Seal(disclosurePlace("review", d.PublicID), []byte(found)), end)
	return err
}

func insertReading(ctx context.Context, tx *store.Tx, disclosure int64, by identity.ID) error {
	_, err := tx.ExecContext(ctx, `insert into disclosure_reading (disclosure_id, person_id, at) values ($1, $2, $3)`, disclosure, by, tx.Now())
	return err
}

func selectReadings(ctx context.Context, tx *store.Tx, disclosure int64) ([]Reading, error) {
	var list []Reading
	err := tx.SelectContext(ctx, &list, `
		select r.at, p.name from disclosure_reading r join identity_address p on p.id = r.person_id where r.disclosure_id = $1 order by r.id`, disclosure)
	return list, err
}

func insertConcern(ctx context.Context, tx *store.Tx, centre int64, student, by identity.ID, body string) (string, error) {
	id := store.NewPublicID()
	_, err := tx.ExecContext(ctx, `
		insert into concern (public_id, centre_id, student_id, sent_by, body, sent_at) values ($1, $2, $3, $4, $5, $6)`,
		id, centre, student, by, tx.Keys().Seal(concernPlace("body", id), []byte(body)), tx.Now())
	return id, err
}

func selectConcerns(ctx context.Context, tx *store.Tx, where string, args ...any) ([]Concern, error) {
	var rows []struct {
		PublicID   string         `db:"public_id"`
		Centre     int64          `db:"centre_id"`
		Student    identity.ID    `db:"student_id"`
		Name       string         `db:"name"`
		Number     string         `db:"number"`
		College    string         `db:"college"`
		Sender     identity.ID    `db:"sent_by"`
		SentBy     string         `db:"sender"`
		SentAt     time.Time      `db:"sent_at"`
		Body       []byte         `db:"body"`
		Answer     sql.NullString `db:"answer"`
		Help       []byte         `db:"help"`
		AnsweredAt sql.NullTime   `db:"answered_at"`
	}
	if err := tx.SelectContext(ctx, &rows, `
		select c.public_id, c.centre_id, c.student_id, s.name, coalesce(s.number, '') number, coalesce(s.college_name, '') college,
			c.sent_by, a.name sender, c.sent_at, c.body, c.answer, c.help, c.answered_at
		from concern c join identity_person s on s.id = c.student_id join identity_address a on a.id = c.sent_by `+where, args...); err != nil {
		return nil, err
	}
	list := make([]Concern, len(rows))
	for i, r := range rows {
		body, err := tx.Keys().Unseal(concernPlace("body", r.PublicID), r.Body)
		if err != nil {
			return nil, err
		}
		list[i] = Concern{
			PublicID: r.PublicID, Student: Student{ID: r.Student, Name: r.Name, Number: r.Number, College: r.College},
			SentBy: r.SentBy, SentAt: r.SentAt, Body: string(body), Answer: r.Answer.String, AnsweredAt: r.AnsweredAt.Time,
			centre: r.Centre, sender: r.Sender,
		}
		if r.Help != nil {
			help, err := tx.Keys().Unseal(concernPlace("help", r.PublicID), r.Help)
			if err != nil {
				return nil, err
			}
			list[i].Help = string(help)
		}
	}
	return list, nil
}

func lockConcern(ctx context.Context, tx *store.Tx, publicID string) (Concern, error) {
	return lockOne(ctx, tx, `select id from concern where public_id = $1 for no key update`, publicID, selectConcerns, `where c.id = $1`)
}

func answerConcern(ctx context.Context, tx *store.Tx, c Concern, answer, help string, by identity.ID) error {
	var sealed []byte
	if help != "" {
		sealed = tx.Keys().Seal(concernPlace("help", c.PublicID), []byte(help))
	}
	_, err := tx.ExecContext(ctx, `
		update concern set answer = $2, help = $3, answered_by = $4, answered_at = $5 where public_id = $1`, c.PublicID, answer, sealed, by, tx.Now())
	return err
}

func countConcerns(ctx context.Context, tx *store.Tx, centres []int64) (int, error) {
	var n int
	err := tx.GetContext(ctx, &n, `select count(*) from concern where answer is null and (centre_id = any($1) or 0 = any($1))`, pq.Array(centres))
	return n, err
}

// withdrawConsent tells whether there was one.
func withdrawConsent(ctx context.Context, tx *store.Tx, who identity.ID) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		update counselling_consent set withdrawn_at = $2 where person_id = $1 and withdrawn_at is null`, who, tx.Now())
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// brokenCare returns one line for each row that breaks an invariant of care around the
// hour. What the constraints hold cannot be found here and is not asked.
func brokenCare(ctx context.Context, tx *store.Tx) ([]string, error) {
	var lines []string
	err := tx.SelectContext(ctx, &lines, `
		select 'counselling: case ' || c.public_id || ' called nobody' from red_case c
			where not exists (select 1 from red_event e where e.case_id = c.id and e.kind = 'paged')
		union all
		select 'counselling: case ' || c.public_id || ' does not agree with its history' from red_case c
			where (c.state = 'closed') <> exists (select 1 from red_event e where e.case_id = c.id and e.kind = 'closed' and e.person_id = c.closed_by and e.at = c.closed_at)
				or (c.taken_by is not null) <> exists (select 1 from red_event e where e.case_id = c.id and e.kind = 'taken' and e.person_id = c.taken_by)
		union all
		select 'counselling: a red answer of term ' || i.term || ' opened no case' from intake i
			where i.level = 'red' and not exists (select 1 from red_case c where c.student_id = i.student_id)
		union all
		select 'counselling: note ' || n.version || ' of booking ' || b.public_id || ' is not by its counsellor' from note_version n
			join booking b on b.id = n.booking_id join slot s on s.id = b.slot_id join counsellor c on c.id = s.counsellor_id
			where n.written_by <> c.person_id
		union all
		select 'counselling: booking ' || b.public_id || ' lacks a version of its note' from booking b join note_version n on n.booking_id = b.id
			group by b.public_id having count(*) <> max(n.version)
		union all
		select 'counselling: disclosure ' || d.public_id || ' was opened by one person' from disclosure d
			where d.state = 'open' and (d.decided_by is null or d.decided_by = d.proposed_by)
		union all
		select 'counselling: disclosure ' || d.public_id || ' was read after its time or by another' from disclosure d
			join disclosure_reading r on r.disclosure_id = d.id where d.state <> 'open' or r.person_id <> d.recipient_id or r.at > d.until
		union all
		select 'counselling: feedback of counsellor ' || c.public_id || ' is shown for a group of ' || count(*) from feedback f
			join counsellor c on c.id = f.counsellor_id where f.counted group by c.public_id having count(*) < $1`, group)
	return lines, err
}
