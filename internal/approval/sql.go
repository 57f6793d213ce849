package approval

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

type reviewRow struct {
	ID         int64         `db:"id"`
	PublicID   string        `db:"public_id"`
	Kind       string        `db:"kind"`
	Subject    string        `db:"subject"`
	Scope      string        `db:"scope"`
	Applicant  identity.ID   `db:"applicant_id"`
	Units      pq.Int64Array `db:"units"`
	Department sql.NullInt64 `db:"department_id"`
	Stages     []byte        `db:"stages"`
	Cards      []byte        `db:"cards"`
	Facts      []byte        `db:"facts"`
	State      State         `db:"state"`
	Stage      int           `db:"stage"`
	OpenedAt   time.Time     `db:"opened_at"`
	EndedAt    sql.NullTime  `db:"ended_at"`
}

type taskRow struct {
	ID        int64          `db:"id"`
	PublicID  string         `db:"public_id"`
	Review    int64          `db:"review_id"`
	Stage     int            `db:"stage"`
	Keys      pq.StringArray `db:"keys"`
	Voters    pq.Int64Array  `db:"voters"`
	State     State          `db:"state"`
	OpenedAt  time.Time      `db:"opened_at"`
	DueAt     sql.NullTime   `db:"due_at"`
	Escalated sql.NullTime   `db:"escalated_at"`
	DecidedAt sql.NullTime   `db:"decided_at"`
	DecidedBy sql.NullString `db:"decided_by"`
	Decider   sql.NullInt64  `db:"decider"`
}

const (
	selectReview = `select id, public_id, kind, subject, scope, applicant_id, units, department_id, stages, cards, facts, state, stage, opened_at, ended_at from review`
	selectTask   = `select t.id, t.public_id, t.review_id, t.stage, t.keys, t.voters, t.state, t.opened_at, t.due_at, t.escalated_at,
		t.decided_at, p.name decided_by, t.decided_by decider from review_task t left join identity_address p on p.id = t.decided_by`
)

func insertReview(ctx context.Context, tx *store.Tx, r *reviewRow) error {
	return tx.GetContext(ctx, &r.ID, `
		insert into review (public_id, kind, subject, scope, applicant_id, units, department_id, stages, cards, facts, opened_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id`,
		r.PublicID, r.Kind, r.Subject, r.Scope, r.Applicant, r.Units, r.Department, string(r.Stages), string(r.Cards), r.Facts, tx.Now())
}

func insertTask(ctx context.Context, tx *store.Tx, t *taskRow) error {
	return tx.GetContext(ctx, &t.ID, `
		insert into review_task (public_id, review_id, stage, keys, voters, opened_at, due_at, escalated_at)
		values ($1, $2, $3, $4, coalesce($5::bigint[], '{}'), $6, $7, $8) returning id`,
		t.PublicID, t.Review, t.Stage, t.Keys, t.Voters, tx.Now(), t.DueAt, t.Escalated)
}

// subjectOfTask tells what a task is about, without a lock.
func subjectOfTask(ctx context.Context, tx *store.Tx, task string) (s Subject, review int64, err error) {
	err = tx.QueryRowContext(ctx, `
		select r.kind, r.subject, r.id from review_task t join review r on r.id = t.review_id where t.public_id = $1`, task).
		Scan(&s.Kind, &s.ID, &review)
	return s, review, err
}

func lockReview(ctx context.Context, tx *store.Tx, id int64) (reviewRow, error) {
	var r reviewRow
	err := tx.GetContext(ctx, &r, selectReview+` where id = $1 for no key update`, id)
	return r, err
}

func lockLatest(ctx context.Context, tx *store.Tx, s Subject) (reviewRow, error) {
	var r reviewRow
	err := tx.GetContext(ctx, &r, selectReview+` where kind = $1 and subject = $2 order by id desc limit 1 for no key update`, s.Kind, s.ID)
	return r, err
}

// reviewsOf returns the reviews of the subjects, the first one of each first.
func reviewsOf(ctx context.Context, tx *store.Tx, kind string, subjects []string) ([]reviewRow, error) {
	var rows []reviewRow
	err := tx.SelectContext(ctx, &rows, selectReview+` where kind = $1 and subject = any($2) order by id`, kind, textArray(subjects))
	return rows, err
}

func taskByPublicID(ctx context.Context, tx *store.Tx, publicID string) (taskRow, error) {
	var t taskRow
	err := tx.GetContext(ctx, &t, selectTask+` where t.public_id = $1`, publicID)
	return t, err
}

func openTask(ctx context.Context, tx *store.Tx, review int64) (taskRow, error) {
	var t taskRow
	err := tx.GetContext(ctx, &t, selectTask+` where t.review_id = $1 and t.state = 'open'`, review)
	return t, err
}

// openTasks returns the open task of each review that has one.
func openTasks(ctx context.Context, tx *store.Tx, reviews []int64) (map[int64]taskRow, error) {
	var rows []taskRow
	err := tx.SelectContext(ctx, &rows, selectTask+` where t.review_id = any($1) and t.state = 'open'`, pq.Array(reviews))
	tasks := make(map[int64]taskRow, len(rows))
	for _, t := range rows {
		tasks[t.Review] = t
	}
	return tasks, err
}

// endTask is the compare-and-swap of a decision; false means somebody was first.
func endTask(ctx context.Context, tx *store.Tx, id int64, to State, by, principal identity.ID) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		update review_task set state = $2, decided_at = $3, decided_by = nullif($4::bigint, 0), decided_for = nullif($5::bigint, 0)
		where id = $1 and state = 'open'`, id, to, tx.Now(), by, principal)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func setReview(ctx context.Context, tx *store.Tx, id int64, to State, stage int) error {
	_, err := tx.ExecContext(ctx, `
		update review set state = $2, stage = $3, ended_at = case when $2 in ('open', 'returned') then null else $4::timestamptz end where id = $1`,
		id, to, stage, tx.Now())
	return err
}

func setFacts(ctx context.Context, tx *store.Tx, id int64, facts []byte) error {
	_, err := tx.ExecContext(ctx, `update review set facts = $2 where id = $1`, id, facts)
	return err
}

// escalate adds the keys of whoever decides too from now on.
func escalate(ctx context.Context, tx *store.Tx, task int64, keys []string) error {
	_, err := tx.ExecContext(ctx, `
		update review_task set escalated_at = $2, keys = keys || $3::text[] where id = $1`, task, tx.Now(), pq.Array(keys))
	return err
}

type newEvent struct {
	PublicID string
	Review   int64
	Stage    int
	Action   Action
	By, For  identity.ID
	Words    []byte
	Marked   []string
	Via      string
}

func insertEvent(ctx context.Context, tx *store.Tx, e newEvent) error {
	_, err := tx.ExecContext(ctx, `
		insert into review_event (public_id, review_id, stage, at, action, person_id, for_id, words, marked, via)
		values ($1, $2, $3, $4, $5, nullif($6::bigint, 0), nullif($7::bigint, 0), $8, coalesce($9::text[], '{}'), $10)`,
		e.PublicID, e.Review, e.Stage, tx.Now(), e.Action, e.By, e.For, e.Words, pq.Array(e.Marked), e.Via)
	return err
}

type eventRow struct {
	PublicID string         `db:"public_id"`
	Review   int64          `db:"review_id"`
	Stage    int            `db:"stage"`
	At       time.Time      `db:"at"`
	Action   Action         `db:"action"`
	By       string         `db:"by_name"`
	For      string         `db:"for_name"`
	Words    []byte         `db:"words"`
	Marked   pq.StringArray `db:"marked"`
	Via      string         `db:"via"`
}

// eventsOf returns the history of each review.
func eventsOf(ctx context.Context, tx *store.Tx, reviews []int64) (map[int64][]eventRow, error) {
	var rows []eventRow
	err := tx.SelectContext(ctx, &rows, `
		select e.public_id, e.review_id, e.stage, e.at, e.action, coalesce(p.name, '') by_name, coalesce(f.name, '') for_name, e.words, e.marked, e.via
		from review_event e left join identity_address p on p.id = e.person_id left join identity_address f on f.id = e.for_id
		where e.review_id = any($1) order by e.id`, pq.Array(reviews))
	events := make(map[int64][]eventRow, len(reviews))
	for _, e := range rows {
		events[e.Review] = append(events[e.Review], e)
	}
	return events, err
}

func insertVote(ctx context.Context, tx *store.Tx, task int64, person identity.ID) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		insert into review_vote (task_id, person_id, at) values ($1, $2, $3) on conflict do nothing`, task, person, tx.Now())
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func votesOf(ctx context.Context, tx *store.Tx, task int64) ([]identity.ID, error) {
	var ids []identity.ID
	err := tx.SelectContext(ctx, &ids, `select person_id from review_vote where task_id = $1`, task)
	return ids, err
}

func openKinds(ctx context.Context, tx *store.Tx) ([]string, error) {
	var kinds []string
	err := tx.SelectContext(ctx, &kinds, `select distinct kind from review where state in ('open', 'returned') order by kind`)
	return kinds, err
}

type queueRow struct {
	ID        int64        `db:"id"`
	Task      string       `db:"task"`
	Kind      string       `db:"kind"`
	Subject   string       `db:"subject"`
	Stages    []byte       `db:"stages"`
	Stage     int          `db:"stage"`
	Applicant string       `db:"applicant"`
	OpenedAt  time.Time    `db:"opened_at"`
	DueAt     sql.NullTime `db:"due_at"`
	Escalated sql.NullTime `db:"escalated_at"`
}

// mayDecide chooses the open tasks that one of the keys $1 opens for $2: not those of $2's
// own, nor of a stage for another person where $2 approved an earlier one.
const mayDecide = `t.state = 'open' and t.keys && $1 and t.applicant_id <> $2 and ` + notTwice

const notTwice = `not (t.another and exists (
	select 1 from review_task e where e.review_id = t.review_id and e.stage < t.stage and e.state = 'approved' and e.decided_by = $2))`

// selectTasks finds a page of open tasks first and joins what it shows only for its rows.
func selectTasks(ctx context.Context, tx *store.Tx, page string, args ...any) ([]queueRow, error) {
	var rows []queueRow
	err := tx.SelectContext(ctx, &rows, `
		with page as materialized (`+page+`)
		select t.id, t.public_id task, r.kind, r.subject, r.stages, t.stage, p.name applicant, t.opened_at, t.due_at, t.escalated_at
		from page t join review r on r.id = t.review_id join identity_address p on p.id = r.applicant_id order by t.id`, args...)
	return rows, err
}

// selectQueue lists the open tasks that one of the keys opens, the oldest first.
func selectQueue(ctx context.Context, tx *store.Tx, keys []string, who identity.ID, kinds []string, after int64, limit int) ([]queueRow, error) {
	return selectTasks(ctx, tx, `
		select t.* from review_task t where `+mayDecide+` and (cardinality($3::text[]) = 0 or t.kind = any($3)) and t.id > $4 order by t.id limit $5`,
		pq.Array(keys), who, textArray(kinds), after, limit)
}

// selectTasksOf begins with the reviews, since they are few.
func selectTasksOf(ctx context.Context, tx *store.Tx, keys []string, who identity.ID, kind string, subjects []string) ([]queueRow, error) {
	return selectTasks(ctx, tx, `
		select t.* from review v join review_task t on t.review_id = v.id
		where v.kind = $3 and v.subject = any($4) and v.state = 'open' and `+mayDecide, pq.Array(keys), who, kind, textArray(subjects))
}

// textArray is never null, so that its length can be asked for.
func textArray(list []string) any { return pq.Array(append([]string{}, list...)) }

func countQueue(ctx context.Context, tx *store.Tx, keys []string, who identity.ID, kinds []string) (int, error) {
	var n int
	err := tx.GetContext(ctx, &n, `
		select count(*) from review_task t where `+mayDecide+` and (cardinality($3::text[]) = 0 or t.kind = any($3))`,
		pq.Array(keys), who, textArray(kinds))
	return n, err
}

// approversBefore are who approved stages of the review before the one given.
func approversBefore(ctx context.Context, tx *store.Tx, review int64, stage int) ([]identity.ID, error) {
	var ids []identity.ID
	err := tx.SelectContext(ctx, &ids, `
		select distinct decided_by from review_task where review_id = $1 and stage < $2 and state = 'approved' and decided_by is not null`, review, stage)
	return ids, err
}

// barredTwice tells whether the task is of a stage for another person than who.
func barredTwice(ctx context.Context, tx *store.Tx, task int64, who identity.ID) (bool, error) {
	var barred bool
	err := tx.GetContext(ctx, &barred, `
		select not (`+notTwice+`) from review_task t where t.id = $1`, task, who)
	return barred, err
}

// principalsOf returns for whom the person is a deputy at the time.
func principalsOf(ctx context.Context, tx *store.Tx, deputy identity.ID, at time.Time) ([]identity.ID, error) {
	var ids []identity.ID
	err := tx.SelectContext(ctx, &ids, `
		select distinct principal_id from deputy where deputy_id = $1 and valid_from <= $2 and valid_to > $2 order by 1`, deputy, at)
	return ids, err
}

// deputiesOf returns who is a deputy of one of the persons at the time.
func deputiesOf(ctx context.Context, tx *store.Tx, principals []identity.ID, at time.Time) ([]identity.ID, error) {
	var ids []identity.ID
	err := tx.SelectContext(ctx, &ids, `
		select distinct deputy_id from deputy where principal_id = any($1) and valid_from <= $2 and valid_to > $2 order by 1`, pq.Array(principals), at)
	return ids, err
}

func insertDeputy(ctx context.Context, tx *store.Tx, publicID string, principal, deputy identity.ID, from, to time.Time, by identity.ID) error {
	_, err := tx.ExecContext(ctx, `
		insert into deputy (public_id, principal_id, deputy_id, valid_from, valid_to, set_by)
		values ($1, $2, $3, $4, $5, nullif($6::bigint, 0))`, publicID, principal, deputy, from, to, by)
	return err
}

type deputyRow struct {
	PublicID  string      `db:"public_id"`
	Principal identity.ID `db:"principal_id"`
	Deputy    identity.ID `db:"deputy_id"`
	From      time.Time   `db:"valid_from"`
	To        time.Time   `db:"valid_to"`
	Names     string      `db:"principal"`
	Name      string      `db:"deputy"`
}

const selectDeputy = `select d.public_id, d.principal_id, d.deputy_id, d.valid_from, d.valid_to, p.name principal, q.name deputy
	from deputy d join identity_address p on p.id = d.principal_id join identity_address q on q.id = d.deputy_id`

func lockDeputy(ctx context.Context, tx *store.Tx, publicID string) (deputyRow, error) {
	var d deputyRow
	err := tx.GetContext(ctx, &d, selectDeputy+` where d.public_id = $1 for no key update of d`, publicID)
	return d, err
}

func selectDeputies(ctx context.Context, tx *store.Tx, who identity.ID, all bool, at time.Time) ([]deputyRow, error) {
	var rows []deputyRow
	err := tx.SelectContext(ctx, &rows, selectDeputy+`
		where ($1 or d.principal_id = $2 or d.deputy_id = $2) and d.valid_to > $3 order by d.valid_from, d.id limit 100`, all, who, at)
	return rows, err
}

func endDeputy(ctx context.Context, tx *store.Tx, publicID string) error {
	_, err := tx.ExecContext(ctx, `
		update deputy set valid_to = greatest($2, valid_from) where public_id = $1 and valid_to > $2`, publicID, tx.Now())
	return err
}

func insertBatch(ctx context.Context, tx *store.Tx, publicID string, who identity.ID, decision []byte, tasks []string) error {
	_, err := tx.ExecContext(ctx, `
		with b as (insert into review_batch (public_id, person_id, decision, created_at) values ($1, $2, $3, $4) returning id)
		insert into review_batch_item (batch_id, position, task) select b.id, t.n, t.task from b, unnest($5::text[]) with ordinality as t (task, n)`,
		publicID, who, decision, tx.Now(), pq.Array(tasks))
	return err
}

type batchRow struct {
	ID        int64       `db:"id"`
	Person    identity.ID `db:"person_id"`
	Decision  []byte      `db:"decision"`
	CreatedAt time.Time   `db:"created_at"`
	Done      int         `db:"done"`
	Total     int         `db:"total"`
}

func selectBatch(ctx context.Context, tx *store.Tx, publicID string) (batchRow, error) {
	var b batchRow
	err := tx.GetContext(ctx, &b, `
		select b.id, b.person_id, b.decision, b.created_at,
			(select count(*) from review_batch_item i where i.batch_id = b.id and i.done_at is not null) done,
			(select count(*) from review_batch_item i where i.batch_id = b.id) total
		from review_batch b where b.public_id = $1`, publicID)
	return b, err
}

type batchItem struct {
	Position int    `db:"position"`
	Task     string `db:"task"`
}

func nextItems(ctx context.Context, tx *store.Tx, batch int64, limit int) ([]batchItem, error) {
	var items []batchItem
	err := tx.SelectContext(ctx, &items, `
		select position, task from review_batch_item where batch_id = $1 and done_at is null order by position limit $2`, batch, limit)
	return items, err
}

func endItem(ctx context.Context, tx *store.Tx, batch int64, position int, failure string) error {
	_, err := tx.ExecContext(ctx, `
		update review_batch_item set done_at = $3, failure = $4 where batch_id = $1 and position = $2`, batch, position, tx.Now(), failure)
	return err
}

func failedItems(ctx context.Context, tx *store.Tx, batch int64) ([]Failure, error) {
	var list []Failure
	err := tx.SelectContext(ctx, &list, `
		select i.task, coalesce(r.subject, '') subject, i.failure from review_batch_item i
		left join review_task t on t.public_id = i.task left join review r on r.id = t.review_id
		where i.batch_id = $1 and i.failure <> '' order by i.position`, batch)
	return list, err
}

// lyingRow are open tasks of one stage and unit whose roles nobody holds.
type lyingRow struct {
	Units      pq.Int64Array `db:"units"`
	Department sql.NullInt64 `db:"department_id"`
	Stage      []byte        `db:"stage"`
	Tasks      int           `db:"tasks"`
	Since      time.Time     `db:"since"`
}

// selectUnattended finds the open tasks none of whose keys somebody holds, the oldest first.
func selectUnattended(ctx context.Context, tx *store.Tx) ([]lyingRow, error) {
	var rows []lyingRow
	err := tx.SelectContext(ctx, &rows, `
		select r.units, r.department_id, r.stages->t.stage stage, count(*) tasks, min(t.opened_at) since
		from review_task t join review r on r.id = t.review_id
		where t.state = 'open' and not t.keys && coalesce((
			select array_agg(distinct i.name || ':' || coalesce(i.unit_id, 0)) from identity_role i join identity_person p on p.id = i.person_id
			where p.status in ('enrolled', 'employed')), '{}')
		group by 1, 2, 3 order by since`)
	return rows, err
}

// broken returns one line for each row that breaks an invariant of the package.
func broken(ctx context.Context, tx *store.Tx) ([]string, error) {
	var lines []string
	err := tx.SelectContext(ctx, &lines, `
		select 'approval: review ' || r.public_id || ' is open and nobody''s task' from review r
			where r.state = 'open' and not exists (select 1 from review_task t where t.review_id = r.id and t.state = 'open' and t.stage = r.stage)
		union all
		select 'approval: review ' || r.public_id || ' is ' || r.state || ' and still a task' from review r
			where r.state <> 'open' and exists (select 1 from review_task t where t.review_id = r.id and t.state = 'open')
		union all
		select 'approval: review ' || r.public_id || ' was approved without its stage ' || s.n from review r
			cross join lateral generate_series(0, jsonb_array_length(r.stages) - 1) as s (n)
			where r.state = 'approved'
				and not exists (select 1 from review_task t where t.review_id = r.id and t.stage = s.n and t.state = 'approved')
		union all
		select 'approval: review ' || r.public_id || ' does not agree with its history' from review r
			where r.state <> (select case e.action when 'approve' then case when r.state = 'open' then 'open' else 'approved' end
					when 'return' then 'returned' when 'reject' then 'rejected' when 'withdraw' then 'withdrawn' else 'open' end
				from review_event e where e.review_id = r.id and e.action not in ('remind', 'escalate') order by e.id desc limit 1)
				or not exists (select 1 from review_event e where e.review_id = r.id)
		union all
		select 'approval: task ' || t.public_id || ' was decided by its applicant' from review_task t join review r on r.id = t.review_id
			where t.decided_by = r.applicant_id and t.state <> 'withdrawn'
		union all
		select 'approval: task ' || t.public_id || ' was decided by who approved an earlier stage' from review_task t join review r on r.id = t.review_id
			where t.state not in ('open', 'withdrawn') and coalesce((r.stages->t.stage->>'another')::boolean, false) and exists (
				select 1 from review_task e where e.review_id = t.review_id and e.stage < t.stage and e.state = 'approved' and e.decided_by = t.decided_by)
		union all
		select 'approval: task ' || t.public_id || ' is past its limit and was not passed on' from review_task t
			where t.state = 'open' and t.escalated_at is null and t.due_at < $1::timestamptz - interval '10 minutes'`, tx.Now())
	return lines, err
}

func decodeStages(b []byte) ([]Stage, error) {
	var s []Stage
	err := json.Unmarshal(b, &s)
	return s, err
}

func wasBefore(ctx context.Context, tx *store.Tx, s Subject, keys []string) (bool, error) {
	var ok bool
	err := tx.GetContext(ctx, &ok, `
		select exists (select 1 from review r join review_task t on t.review_id = r.id
			where r.kind = $1 and r.subject = $2 and t.keys && $3)`, s.Kind, s.ID, pq.Array(keys))
	return ok, err
}

// Sealed lists the columns this package seals.
func Sealed() []store.Sealed {
	return []store.Sealed{
		{Table: "review", Column: "facts", Key: "id", Place: `'review/facts/' || public_id`},
		{Table: "review_event", Column: "words", Key: "id", Place: `'review_event/words/' || public_id`},
		{Table: "review_batch", Column: "decision", Key: "id", Place: `'review_batch/decision/' || public_id`},
	}
}

func statesUnderWay(ctx context.Context, tx *store.Tx, kind string) (map[string]State, error) {
	var rows []struct {
		Subject string `db:"subject"`
		State   State  `db:"state"`
	}
	err := tx.SelectContext(ctx, &rows, `select subject, state from review where kind = $1 and state in ('open', 'returned')`, kind)
	states := make(map[string]State, len(rows))
	for _, r := range rows {
		states[r.Subject] = r.State
	}
	return states, err
}
