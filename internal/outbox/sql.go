package outbox

import (
	"context"
	"database/sql"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

type newSend struct {
	PublicID string
	Updates  int64 // the card an update is for
	Sealed   []byte
	Message
}

// insertUpdate writes the send that changes a card; its holders are copied after it.
func insertUpdate(ctx context.Context, tx *store.Tx, s newSend) (int64, error) {
	var id int64
	err := tx.GetContext(ctx, &id, `
		insert into send (public_id, api, kind, class, scope, subject, args, updates_id, due_at, created_at)
		values ($1, 'update', $2, $3, $4, $5, $6, $7, $8, $9) returning id`,
		s.PublicID, s.Kind, s.Class, s.Scope, s.Subject, s.Sealed, s.Updates, s.DueAt, tx.Now())
	return id, err
}

// announced is a send just written and how many of its recipients had not heard of the
// event before.
type announced struct {
	ID   int64 `db:"id"`
	Told int   `db:"told"`
}

// insertMessages writes the sends with their recipients, in the order given.
func insertMessages(ctx context.Context, tx *store.Tx, sends []newSend) ([]announced, error) {
	var m messageColumns
	for i, s := range sends {
		m.add(i+1, s)
	}
	var put []announced
	err := tx.SelectContext(ctx, &put, `
		with m as (
			select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[],
				$8::timestamptz[], $9::timestamptz[], $10::boolean[], $11::boolean[]) with ordinality
				as m (public_id, kind, class, scope, subject, userid, args, due_at, not_after, open, decision, n)),
		s as (
			insert into send (public_id, api, kind, class, scope, subject, args, due_at, not_after, open, decision, created_at)
			select public_id, 'message', kind, class, scope, subject, args, due_at, not_after, open, decision, $12 from m order by n
			returning id, public_id),
		o as (
			insert into outbox (send_id, person_id, userid, key, due_at)
			select s.id, r.person, nullif(m.userid, ''), r.key, m.due_at
			from unnest($13::int[], $14::bigint[], $15::text[]) with ordinality as r (n, person, key, place)
			join m on m.n = r.n join s on s.public_id = m.public_id order by r.place
			on conflict (key) do nothing returning send_id)
		select s.id, (select count(*) from o where o.send_id = s.id) told from s order by s.id`,
		pq.Array(m.publicID), pq.Array(m.kind), pq.Array(m.class), pq.Array(m.scope), pq.Array(m.subject), pq.Array(m.userID),
		pq.Array(m.args), pq.Array(m.dueAt), pq.Array(m.notAfter), pq.Array(m.open), pq.Array(m.decision), tx.Now(),
		pq.Array(m.of), pq.Array(m.person), pq.Array(m.key))
	return put, err
}

// messageColumns are messages and their recipients column by column, as unnest takes them.
type messageColumns struct {
	publicID, kind, class, scope, subject, userID []string
	args                                          [][]byte
	dueAt                                         []time.Time
	notAfter                                      []sql.NullTime
	open, decision                                []bool

	of     []int // the recipient's message, from 1
	person []sql.NullInt64
	key    []sql.NullString
}

func (m *messageColumns) add(n int, s newSend) {
	m.publicID, m.kind, m.class = append(m.publicID, s.PublicID), append(m.kind, s.Kind), append(m.class, string(s.Class))
	m.scope, m.subject, m.userID = append(m.scope, s.Scope), append(m.subject, s.Subject), append(m.userID, s.Stranger)
	m.args, m.dueAt = append(m.args, s.Sealed), append(m.dueAt, s.DueAt)
	m.notAfter = append(m.notAfter, sql.NullTime{Time: s.NotAfter, Valid: !s.NotAfter.IsZero()})
	m.open, m.decision = append(m.open, s.Card), append(m.decision, s.Card && s.Decision)
	if s.Stranger != "" {
		m.of, m.person, m.key = append(m.of, n), append(m.person, sql.NullInt64{}), append(m.key, sql.NullString{})
		return
	}
	for _, p := range s.To {
		m.of, m.person = append(m.of, n), append(m.person, sql.NullInt64{Int64: int64(p), Valid: true})
		m.key = append(m.key, sql.NullString{String: recipientKey(s.Key, p), Valid: s.Key != ""})
	}
}

func dropSend(ctx context.Context, tx *store.Tx, id int64) error {
	_, err := tx.ExecContext(ctx, `delete from send where id = $1`, id)
	return err
}

// cancelWaiting leaves alone what is claimed: it is leaving already.
func cancelWaiting(ctx context.Context, tx *store.Tx, subject string, kinds []string) error {
	_, err := tx.ExecContext(ctx, `
		with gone as (
			update send set state = 'cancelled', done_at = $2, open = false
			where subject = $1 and state = 'waiting' and api = 'message' and (coalesce(cardinality($3::text[]), 0) = 0 or kind = any($3))
				and (claimed_until is null or claimed_until < $2)
			returning id)
		update outbox set state = 'cancelled', done_at = $2 where send_id in (select id from gone) and state = 'waiting'`,
		subject, tx.Now(), pq.Array(kinds))
	return err
}

type openCard struct {
	ID      int64  `db:"id"`
	Kind    string `db:"kind"`
	Scope   string `db:"scope"`
	Subject string `db:"subject"`
	Unsent  bool   `db:"unsent"`
}

// lockOpenCards locks before it looks: a card that is being renewed by another
// transaction has become a new one by then.
func lockOpenCards(ctx context.Context, tx *store.Tx, subject string) ([]openCard, error) {
	if _, err := tx.ExecContext(ctx, `select id from send where subject = $1 and open order by id for no key update`, subject); err != nil {
		return nil, err
	}
	var cards []openCard
	err := tx.SelectContext(ctx, &cards, `
		select id, kind, scope, subject, first_at is null and (claimed_until is null or claimed_until < $2) as unsent
		from send where subject = $1 and open order by id for no key update`, subject, tx.Now())
	return cards, err
}

func closeCard(ctx context.Context, tx *store.Tx, id int64) error {
	_, err := tx.ExecContext(ctx, `update send set open = false where id = $1`, id)
	return err
}

func cancelSend(ctx context.Context, tx *store.Tx, id int64) error {
	if _, err := tx.ExecContext(ctx, `update send set state = 'cancelled', done_at = $2 where id = $1 and state = 'waiting'`, id, tx.Now()); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `update outbox set state = 'cancelled', done_at = $2 where send_id = $1 and state = 'waiting'`, id, tx.Now())
	return err
}

// copyHolders addresses a send to who holds a card; false if nobody does.
func copyHolders(ctx context.Context, tx *store.Tx, id, card int64, at time.Time) (held bool, err error) {
	res, err := tx.ExecContext(ctx, `
		insert into outbox (send_id, person_id, userid, due_at)
		select $1, person_id, userid, $3 from outbox where send_id = $2 and state in ('waiting', 'sent') order by id`, id, card, at)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

func keepPressCode(ctx context.Context, tx *store.Tx, taskID, code string, until time.Time) (string, error) {
	var subject string
	err := tx.GetContext(ctx, &subject, `
		update send set press_code = $2, press_until = $3, press_spent_at = null where public_id = $1 and api = 'message'
		returning subject`, taskID, code, until)
	return subject, err
}

func revive(ctx context.Context, tx *store.Tx, publicID string) (int64, error) {
	var id int64
	err := tx.GetContext(ctx, &id, `
		update send set state = 'waiting', done_at = null, due_at = $2, not_after = null, attempts = 0, first_at = null,
			unclear_at = null, claimed_until = null, body = null, error = null, code = null
		where public_id = $1 and state in ('dead', 'refused') returning id`, publicID, tx.Now())
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `
		update outbox set state = 'waiting', done_at = null, code = null, due_at = $2 where send_id = $1 and state in ('dead', 'refused')`,
		id, tx.Now())
	return id, err
}

// claimed is a send taken for delivery.
type claimed struct {
	ID        int64          `db:"id"`
	PublicID  string         `db:"public_id"`
	API       string         `db:"api"`
	Kind      string         `db:"kind"`
	Class     Class          `db:"class"`
	Subject   string         `db:"subject"`
	Args      []byte         `db:"args"`
	Body      []byte         `db:"body"`
	Updates   sql.NullInt64  `db:"updates_id"`
	NotAfter  sql.NullTime   `db:"not_after"`
	Attempts  int            `db:"attempts"`
	FirstAt   sql.NullTime   `db:"first_at"`
	UnclearAt sql.NullTime   `db:"unclear_at"`
	Open      bool           `db:"open"`
	Decision  bool           `db:"decision"`
	Scope     string         `db:"scope"`
	To        []recipient    `db:"-"`
	Code      string         `db:"-"` // response code an update uses
	Pressed   bool           `db:"-"` // that code came with a press
	Error     sql.NullString `db:"error"`
}

type recipient struct {
	Send   int64       `db:"send_id"`
	Person identity.ID `db:"person_id"`
	Name   string      `db:"name"`
	Kind   string      `db:"kind"`
	UserID string      `db:"userid"`
}

// lease is how long a claim holds before another worker may take the send up.
const lease = 20 * time.Second

// Budgets a member, under those above which WeCom drops silently (sending.md section 7).
const (
	perMinute = 25
	perHour   = 900
)

// claim locks up to n due sends whose recipients have nothing earlier under way and
// budget left: those with the ids, or the first due ones for ids nil. What is to be
// called is written by keepClaims, so that a send is written once however it goes on.
func claim(ctx context.Context, tx *store.Tx, ids []int64, n int) ([]*claimed, error) {
	var sends []*claimed
	err := tx.SelectContext(ctx, &sends, `
		select s.id, s.public_id, s.api, s.kind, s.class, s.subject, s.args, s.body, s.updates_id, s.not_after,
			s.attempts + 1 as attempts, coalesce(s.first_at, $1) as first_at,
			-- a claim that ran out without an outcome: its process died, maybe after the call
			case when s.claimed_until is not null and s.body is not null
				then coalesce(s.unclear_at, s.first_at) else s.unclear_at end as unclear_at,
			s.open, s.decision, s.scope, s.error
		from send s
		where s.state = 'waiting' and s.due_at <= $1 and (s.claimed_until is null or s.claimed_until < $1)
			and ($2::bigint[] is null or s.id = any($2))
			and not exists (
				select 1 from outbox o join outbox e on e.person_id = o.person_id and e.id < o.id
					and e.state = 'waiting' and e.due_at <= $1
				where o.send_id = s.id and o.state = 'waiting' and e.send_id <> s.id)
			and not exists (
				select 1 from outbox o where o.send_id = s.id and o.state = 'waiting' and (
					(select count(*) from outbox b where b.person_id = o.person_id and b.state = 'sent' and b.done_at > $4) >= $5
					or (select count(*) from outbox b where b.person_id = o.person_id and b.state = 'sent' and b.done_at > $6) >= $7))
		order by s.due_at, s.id limit $3
		for no key update of s skip locked`,
		tx.Now(), pq.Array(ids), n, tx.Now().Add(-time.Minute), perMinute, tx.Now().Add(-time.Hour), perHour)
	if err != nil || len(sends) == 0 {
		return nil, err
	}
	return sends, selectRecipients(ctx, tx, sends)
}

// keepClaims writes which sends are about to be called, with the bytes of the call.
func keepClaims(ctx context.Context, tx *store.Tx, ready []*claimed, bodies [][]byte) error {
	ids := make([]int64, len(ready))
	unclear := make([]sql.NullString, len(ready))
	for i, s := range ready {
		ids[i] = s.ID
		unclear[i] = sql.NullString{String: s.UnclearAt.Time.Format(time.RFC3339Nano), Valid: s.UnclearAt.Valid}
	}
	_, err := tx.ExecContext(ctx, `
		update send s set claimed_until = $4, attempts = s.attempts + 1, first_at = coalesce(s.first_at, $5),
			unclear_at = t.unclear, body = t.body
		from unnest($1::bigint[], $2::bytea[], $3::timestamptz[]) as t (id, body, unclear) where s.id = t.id`,
		pq.Array(ids), pq.Array(bodies), pq.Array(unclear), tx.Now().Add(lease), tx.Now())
	return err
}

func selectRecipients(ctx context.Context, tx *store.Tx, sends []*claimed) error {
	byID := make(map[int64]*claimed, len(sends))
	ids := make([]int64, len(sends))
	for i, s := range sends {
		ids[i], byID[s.ID] = s.ID, s
	}
	var to []recipient
	if err := tx.SelectContext(ctx, &to, `
		select o.send_id, coalesce(o.person_id, 0) person_id, coalesce(p.name, '') as name, coalesce(p.kind, '') kind,
			coalesce(p.userid, o.userid, '') userid
		from outbox o left join identity_address p on p.id = o.person_id
		where o.send_id = any($1) and o.state = 'waiting' order by o.id`, pq.Array(ids)); err != nil {
		return err
	}
	for _, r := range to {
		byID[r.Send].To = append(byID[r.Send].To, r)
	}
	return nil
}

func keepBody(ctx context.Context, tx *store.Tx, id int64, body []byte) error {
	_, err := tx.ExecContext(ctx, `update send set body = $2 where id = $1`, id, body)
	return err
}

// finish ends a send and its recipients; those whose userid is in gone were refused.
func finish(ctx context.Context, tx *store.Tx, id int64, state string, code int, reason string, gone []int64) error {
	if _, err := tx.ExecContext(ctx, `
		update send set state = $2, code = nullif($3::int, 0), error = nullif($4, ''), done_at = $5, claimed_until = null,
			open = open and $2 = 'sent' where id = $1 and state = 'waiting'`, id, state, code, reason, tx.Now()); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		update outbox set state = case when coalesce(person_id, 0) = any($4) then 'refused' else $2 end, code = nullif($5::int, 0), done_at = $3
		where send_id = $1 and state = 'waiting'`, id, state, tx.Now(), pq.Array(gone), code)
	return err
}

func keepReceipt(ctx context.Context, tx *store.Tx, id int64, msgid, code string, until time.Time) error {
	_, err := tx.ExecContext(ctx, `
		update send set msgid = nullif($2, ''), response_code = nullif($3, ''),
			code_until = case when $3 = '' then null else $4::timestamptz end where id = $1`,
		id, msgid, code, until)
	return err
}

func postpone(ctx context.Context, tx *store.Tx, id int64, to time.Time, code int, reason string, unclear bool) error {
	_, err := tx.ExecContext(ctx, `
		update send set due_at = $2, claimed_until = null, code = nullif($3::int, 0), error = nullif($4, ''),
			unclear_at = case when $5 then coalesce(unclear_at, $6) else unclear_at end
		where id = $1 and state = 'waiting'`, id, to, code, reason, unclear, tx.Now())
	return err
}

// waitAgain has a send that was not called wait, without counting it as an attempt.
func waitAgain(ctx context.Context, tx *store.Tx, id int64, to time.Time) error {
	_, err := tx.ExecContext(ctx, `update send set due_at = $2, claimed_until = null where id = $1 and state = 'waiting'`, id, to)
	return err
}

type card struct {
	State        string         `db:"state"`
	ResponseCode sql.NullString `db:"response_code"`
	PressCode    sql.NullString `db:"press_code"`
}

// usableCode returns the state of a card and the codes that can still change it.
func usableCode(ctx context.Context, tx *store.Tx, id int64) (card, error) {
	var c card
	err := tx.GetContext(ctx, &c, `
		select state,
			case when code_spent_at is null and code_until > $2 then response_code end as response_code,
			case when press_spent_at is null and press_until > $2 then press_code end as press_code
		from send where id = $1`, id, tx.Now())
	return c, err
}

func spendCode(ctx context.Context, tx *store.Tx, card int64, pressed bool) error {
	_, err := tx.ExecContext(ctx, `
		update send set code_spent_at = case when $2 then code_spent_at else $3 end,
			press_spent_at = case when $2 then $3 else press_spent_at end where id = $1`, card, pressed, tx.Now())
	return err
}

// next returns the first due sends of the recipients of sends that ended: they waited
// for them and no alarm will ring for them.
func next(ctx context.Context, tx *store.Tx, ended []int64) ([]int64, error) {
	var ids []int64
	err := tx.SelectContext(ctx, &ids, `
		select distinct w.send_id from outbox o join outbox w on w.person_id = o.person_id
			and w.state = 'waiting' and w.due_at <= $2 where o.send_id = any($1)`, pq.Array(ended), tx.Now())
	return ids, err
}

// finishSent ends messages that reached everybody and keeps their receipts.
func finishSent(ctx context.Context, tx *store.Tx, sent []outcome, codeUntil time.Time) error {
	ids := make([]int64, len(sent))
	msgids := make([]string, len(sent))
	codes := make([]string, len(sent))
	for i, o := range sent {
		ids[i], msgids[i], codes[i] = o.send.ID, o.res.MsgID, o.res.ResponseCode
	}
	if _, err := tx.ExecContext(ctx, `
		update send s set state = 'sent', done_at = $4, claimed_until = null, code = null, error = null,
			msgid = nullif(t.msgid, ''), response_code = nullif(t.code, ''), code_until = case when t.code = '' then null else $5::timestamptz end
		from unnest($1::bigint[], $2::text[], $3::text[]) as t (id, msgid, code) where s.id = t.id and s.state = 'waiting'`,
		pq.Array(ids), pq.Array(msgids), pq.Array(codes), tx.Now(), codeUntil); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		update outbox set state = 'sent', done_at = $2, code = null where send_id = any($1) and state = 'waiting'`, pq.Array(ids), tx.Now())
	return err
}

// Waiting counts what is due now and not done: sends, entries, and cards to be renewed.
func Waiting(ctx context.Context, tx *store.Tx) (int, error) {
	var n int
	if err := tx.GetContext(ctx, &n, `
		select (select count(*) from send where state = 'waiting' and due_at <= $1)
			+ (select count(*) from entry where state = 'waiting' and due_at <= $1)`, tx.Now()); err != nil {
		return 0, err
	}
	oldest, err := oldestCard(ctx, tx)
	if err == nil && !oldest.IsZero() && !tx.Now().Before(renewAt(oldest, tx.Now(), tx.Zone())) {
		n++
	}
	return n, err
}

// NextDue returns when the next send, entry or renewal is due, zero if none waits.
func NextDue(ctx context.Context, tx *store.Tx) (time.Time, error) {
	var at sql.NullTime
	if err := tx.GetContext(ctx, &at, `
		select least((select min(due_at) from send where state = 'waiting'), (select min(due_at) from entry where state = 'waiting'))`); err != nil {
		return time.Time{}, err
	}
	oldest, err := oldestCard(ctx, tx)
	if err != nil || oldest.IsZero() {
		return at.Time, err
	}
	if renew := renewAt(oldest, tx.Now(), tx.Zone()); !at.Valid || renew.Before(at.Time) {
		return renew, nil
	}
	return at.Time, nil
}

// Letter is a dead or refused send or entry as the desk shows it.
type Letter struct {
	PublicID string    `db:"public_id"`
	Kind     string    `db:"kind"`
	State    string    `db:"state"`
	Scope    string    `db:"scope"`
	Code     int       `db:"code"`
	Reason   string    `db:"reason"`
	At       time.Time `db:"done_at"`
	To       string    `db:"recipients"`
}

// Letters lists what did not arrive, newest first, of the scopes given.
func Letters(ctx context.Context, tx *store.Tx, scopes []string, limit int) ([]Letter, error) {
	var letters []Letter
	err := tx.SelectContext(ctx, &letters, `
		select s.public_id, s.kind, s.state, s.scope, coalesce(s.code, 0) code, coalesce(s.error, '') reason, s.done_at,
			coalesce((select string_agg(coalesce(p.name, o.userid), '、' order by o.id) from outbox o
				left join identity_address p on p.id = o.person_id
				where o.send_id = s.id and o.state in ('dead', 'refused')), '') as recipients
		from send s where s.state in ('dead', 'refused') and s.scope = any($1)
		union all
		select e.public_id, e.kind, e.state, e.scope, coalesce(e.code, 0), coalesce(e.error, ''), e.done_at,
			coalesce((select string_agg(p.name, '、' order by p.id) from identity_address p where p.id = any(e.persons)), '')
		from entry e where e.state in ('dead', 'refused') and e.scope = any($1)
		order by done_at desc limit $2`, pq.Array(scopes), limit)
	return letters, err
}

// LetterScope returns the scope of a send or entry, for the permission to try it again.
func LetterScope(ctx context.Context, tx *store.Tx, publicID string) (string, error) {
	var scope string
	err := tx.GetContext(ctx, &scope, `
		select scope from send where public_id = $1 union all select scope from entry where public_id = $1`, publicID)
	return scope, err
}

// Undelivered counts dead and refused sends and entries of all scopes.
func Undelivered(ctx context.Context, tx *store.Tx) (int, error) {
	var n int
	err := tx.GetContext(ctx, &n, `
		select (select count(*) from send where state in ('dead', 'refused')) + (select count(*) from entry where state in ('dead', 'refused'))`)
	return n, err
}

// Broken returns one line for each row that breaks an invariant: a send and its
// recipients end together, and only a card on somebody's phone is open.
func Broken(ctx context.Context, tx *store.Tx) ([]string, error) {
	var lines []string
	err := tx.SelectContext(ctx, &lines, `
		select 'outbox: send ' || s.id || ' has ended, a recipient still waits' from send s
			where s.state <> 'waiting' and exists (select 1 from outbox o where o.send_id = s.id and o.state = 'waiting')
		union all
		select 'outbox: send ' || s.id || ' waits without a recipient' from send s
			where s.state = 'waiting' and not exists (select 1 from outbox o where o.send_id = s.id and o.state = 'waiting')
		union all
		select 'outbox: card ' || s.id || ' is open and was never delivered' from send s
			where s.open and s.state in ('refused', 'dead', 'cancelled')
		union all
		select 'outbox: send ' || s.id || ' is due for over an hour and was never tried' from send s
			where s.state = 'waiting' and s.attempts = 0 and s.due_at < $1::timestamptz - interval '1 hour'
		union all
		select 'outbox: entry ' || e.id || ' is done and does not stand as wanted' from entry e
			where e.state = 'done' and (e.shown <> e.wanted or e.dropped and e.schedule_id is not null)
		union all
		select 'outbox: entry ' || e.id || ' is due for over an hour and was never tried' from entry e
			where e.state = 'waiting' and e.attempts = 0 and e.due_at < $1::timestamptz - interval '1 hour'`, tx.Now())
	return lines, err
}

// Asking is a card on somebody's phone that waits for a press.
type Asking struct {
	Kind    string
	Subject string
	Body    []byte // as it was sent
}

// Newest returns the newest card of the last three days on the person's phone that waits
// for a press, the zero value without one.
func Newest(ctx context.Context, tx *store.Tx, person identity.ID) (Asking, error) {
	var (
		a        Asking
		publicID string
		sealed   []byte
	)
	err := tx.QueryRowContext(ctx, `
		select s.public_id, s.kind, s.subject, s.body from outbox o join send s on s.id = o.send_id
		where o.person_id = $1 and s.open and s.body is not null and (
			o.state = 'sent' and o.done_at > $2::timestamptz - interval '72 hours'
			or o.state = 'waiting' and s.claimed_until > $2) -- read before its outcome is recorded
		order by o.done_at desc nulls first, o.id desc limit 1`, person, tx.Now()).Scan(&publicID, &a.Kind, &a.Subject, &sealed)
	if store.Missing(err) {
		return Asking{}, nil
	}
	if err != nil {
		return Asking{}, err
	}
	a.Body, err = tx.Keys().Unseal(bodyPlace(publicID), sealed)
	return a, err
}

// WaitingSubjects returns the subjects of the messages of the kinds that wait for their time.
func WaitingSubjects(ctx context.Context, tx *store.Tx, kinds ...string) ([]string, error) {
	var subjects []string
	err := tx.SelectContext(ctx, &subjects, `
		select distinct subject from send where state = 'waiting' and kind = any($1) order by subject`, pq.Array(kinds))
	return subjects, err
}

// StandingSubjects returns the subjects of the kind that stand in calendars, or soon will.
func StandingSubjects(ctx context.Context, tx *store.Tx, kind string) ([]string, error) {
	var subjects []string
	err := tx.SelectContext(ctx, &subjects, `select subject from entry where kind = $1 and not dropped order by subject`, kind)
	return subjects, err
}

// Sealed lists the columns this package seals.
func Sealed() []store.Sealed {
	return []store.Sealed{
		{Table: "send", Column: "args", Key: "id", Place: `'send/args/' || public_id`},
		{Table: "send", Column: "body", Key: "id", Place: `'send/body/' || public_id`},
		{Table: "entry", Column: "args", Key: "id", Place: `'entry/args/' || subject`},
	}
}
