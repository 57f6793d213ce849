package request

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/rule"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

func int64Array(ids []int64) any { return pq.Array(ids) }

type newDraft struct {
	PublicID   string
	Version    service.Version
	Student    identity.Person
	Department int64
	Via        Via
}

// begin returns the public id of the student's draft of the service, a new one if there is
// none. A draft begun under an older version goes by the present one.
func begin(ctx context.Context, tx *store.Tx, d newDraft) (string, error) {
	var id string
	err := tx.GetContext(ctx, &id, `
		insert into application (public_id, service, version_id, student_id, department_id, via, student_name, student_number, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
		on conflict (student_id, service) where state = 'draft' do update set version_id = excluded.version_id, department_id = excluded.department_id
		returning public_id`, d.PublicID, d.Version.Code, d.Version.ID, d.Student.ID, d.Department, d.Via, d.Student.Name, d.Student.Number, tx.Now())
	return id, err
}

// draftsOf returns the public ids of a student's drafts by service.
func draftsOf(ctx context.Context, tx *store.Tx, student identity.ID) (map[string]string, error) {
	var rows []struct {
		Service string `db:"service"`
		ID      string `db:"public_id"`
	}
	err := tx.SelectContext(ctx, &rows, `select service, public_id from application where student_id = $1 and state = 'draft'`, student)
	drafts := make(map[string]string, len(rows))
	for _, r := range rows {
		drafts[r.Service] = r.ID
	}
	return drafts, err
}

func lockApplication(ctx context.Context, tx *store.Tx, publicID string) error {
	var id int64
	return tx.GetContext(ctx, &id, `select id from application where public_id = $1 for no key update`, publicID)
}

func setDraft(ctx context.Context, tx *store.Tx, id int64, sealed []byte) error {
	_, err := tx.ExecContext(ctx, `update application set draft = $2, updated_at = $3 where id = $1`, id, sealed, tx.Now())
	return err
}

func deleteDraft(ctx context.Context, tx *store.Tx, id int64) error {
	_, err := tx.ExecContext(ctx, `
		with asked as (update application_ask set application_id = null where application_id = $1)
		delete from application where id = $1 and state = 'draft'`, id)
	return err
}

type applicationRow struct {
	ID          int64         `db:"id"`
	PublicID    string        `db:"public_id"`
	Number      string        `db:"number"`
	Version     int64         `db:"version_id"`
	Student     identity.ID   `db:"student_id"`
	Department  int64         `db:"department_id"`
	State       State         `db:"state"`
	Draft       []byte        `db:"draft"`
	Amount      sql.NullInt64 `db:"amount"`
	Asked       sql.NullInt64 `db:"asked"`
	DueAt       sql.NullTime  `db:"due_at"`
	CreatedAt   time.Time     `db:"created_at"`
	UpdatedAt   time.Time     `db:"updated_at"`
	SubmittedAt sql.NullTime  `db:"submitted_at"`
	DecidedAt   sql.NullTime  `db:"decided_at"`
	EndedAt     sql.NullTime  `db:"ended_at"`
	ErasedAt    sql.NullTime  `db:"erased_at"`
	No          sql.NullInt64 `db:"no"`
	Answers     []byte        `db:"answers"`
	Snapshot    []byte        `db:"snapshot"`
	Name        string        `db:"name"`
	StudentNo   string        `db:"student_number"`
	College     string        `db:"college"`
	Class       string        `db:"class"`
	Campus      string        `db:"campus"`
}

const selectApplication = `
	select a.id, a.public_id, coalesce(a.number, '') number, a.version_id, a.student_id, a.department_id, a.state, a.draft, a.amount, coalesce(a.asked, a.amount) asked, a.due_at,
		a.created_at, a.updated_at, a.submitted_at, a.decided_at, a.ended_at, a.erased_at, s.no, s.answers, s.snapshot,
		p.name, a.student_number, coalesce(p.college_name, '') college, coalesce(p.unit_name, '') class, coalesce(p.campus_name, '') campus
	from application a join identity_person p on p.id = a.student_id
	left join lateral (select no, answers, snapshot from application_answers s where s.application_id = a.id order by no desc limit 1) s on true`

// applications returns whole applications but for history, questions and review.
func applications(ctx context.Context, tx *store.Tx, where string, args ...any) ([]Application, error) {
	var rows []applicationRow
	if err := tx.SelectContext(ctx, &rows, selectApplication+" "+where, args...); err != nil {
		return nil, err
	}
	ids, versions := make([]int64, len(rows)), make([]int64, len(rows))
	for i, r := range rows {
		ids[i], versions[i] = r.ID, r.Version
	}
	papers, err := materialsOf(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	services, err := service.Versions(ctx, tx, versions)
	if err != nil {
		return nil, err
	}
	list := make([]Application, len(rows))
	for i, r := range rows {
		if list[i], err = r.application(tx, services[r.Version], papers[r.ID]); err != nil {
			return nil, err
		}
	}
	return list, present(ctx, tx, list)
}

// present has drafts go by their service as it is offered now; one that is not offered any
// more stays as it is.
func present(ctx context.Context, tx *store.Tx, list []Application) error {
	if !slices.ContainsFunc(list, func(a Application) bool { return a.State == Draft }) {
		return nil
	}
	active, err := service.Active(ctx, tx)
	if err != nil {
		return err
	}
	for i, a := range list {
		at := slices.IndexFunc(active, func(v service.Version) bool { return v.Code == a.Service.Code })
		if a.State == Draft && at >= 0 {
			list[i].Service = active[at]
		}
	}
	return nil
}

func (r applicationRow) application(tx *store.Tx, v service.Version, papers []Material) (Application, error) {
	a := Application{
		Service: v, PublicID: r.PublicID, Number: r.Number, State: r.State, Amount: r.Amount.Int64, Applied: r.Asked.Int64, Due: r.DueAt.Time, CreatedAt: r.CreatedAt,
		SubmittedAt: r.SubmittedAt.Time, DecidedAt: r.DecidedAt.Time, EndedAt: r.EndedAt.Time, ErasedAt: r.ErasedAt.Time, Materials: papers,
		Student: Student{ID: r.Student, Name: r.Name, Number: r.StudentNo, College: r.College, ClassName: r.Class, Campus: r.Campus},
		id:      r.ID, department: r.Department, no: int(r.No.Int64), draft: r.Draft, updated: r.UpdatedAt,
	}
	a.Materials = inOrder(papers, a.Service.Definition)
	if r.No.Valid {
		if err := unsealJSON(tx, answersPlace(a.id, a.no), r.Answers, &a.Answers); err != nil {
			return a, err
		}
		var s rule.Snapshot
		if err := unsealJSON(tx, snapshotPlace(a.id, a.no), r.Snapshot, &s); err != nil {
			return a, err
		}
		a.Verdict = s.Judge()
		return a, nil
	}
	var err error
	a.Answers, err = a.written(tx)
	return a, err
}

// inOrder names the papers and puts them in the order of the service's file.
func inOrder(papers []Material, d service.Definition) []Material {
	place := func(m Material) int {
		return slices.IndexFunc(d.Materials, func(s service.Material) bool { return s.Code == m.Code })
	}
	for i, m := range papers {
		if at := place(m); at >= 0 {
			papers[i].Name = d.Materials[at].Name
		}
	}
	slices.SortStableFunc(papers, func(a, b Material) int { return place(a) - place(b) })
	return papers
}

// ownApplications returns the student's, the newest first, that are older than the one with
// the public id after.
func ownApplications(ctx context.Context, tx *store.Tx, student identity.ID, after string, limit int) ([]Application, error) {
	return applications(ctx, tx, `
		where a.student_id = $1 and ($2 = '' or a.id < (select id from application where public_id = $2 and student_id = $1))
		order by a.id desc limit $3`, student, after, limit)
}

func isOwn(ctx context.Context, tx *store.Tx, student identity.ID, publicID string) (ok bool, err error) {
	err = tx.GetContext(ctx, &ok, `select exists (select 1 from application where public_id = $2 and student_id = $1)`, student, publicID)
	return ok, err
}

func one(ctx context.Context, tx *store.Tx, publicID string) (Application, error) {
	list, err := applications(ctx, tx, `where a.public_id = $1`, publicID)
	if err != nil {
		return Application{}, err
	}
	if len(list) == 0 {
		return Application{}, sql.ErrNoRows
	}
	return list[0], nil
}

// insertSubmission turns a draft into an application with its number and first answers.
func insertSubmission(ctx context.Context, tx *store.Tx, a Application, who identity.Person, s submission, via Via, due time.Time) error {
	if err := insertAnswers(ctx, tx, a, 1, s); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		update application set state = 'submitted', number = $2 || lpad(nextval('application_number')::text, 6, '0'), version_id = $3, via = $4,
			student_name = $5, student_number = $6, draft = null, amount = $7, asked = $7, due_at = $8, submitted_at = $9
		where id = $1 and state = 'draft'`,
		a.id, tx.Now().In(tx.Zone()).Format("06"), a.Service.ID, via, who.Name, who.Number, s.amount, sql.NullTime{Time: due, Valid: !due.IsZero()}, tx.ReceivedAt())
	return err
}

func insertResubmission(ctx context.Context, tx *store.Tx, a Application, s submission) error {
	if err := insertAnswers(ctx, tx, a, a.no+1, s); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `update application set state = 'submitted', draft = null, amount = $2, asked = $2 where id = $1 and state = 'returned'`, a.id, s.amount)
	return err
}

func insertAnswers(ctx context.Context, tx *store.Tx, a Application, no int, s submission) error {
	answers, snapshot, err := sealSubmission(tx, a, no, s)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		insert into application_answers (application_id, no, answers, snapshot, at) values ($1, $2, $3, $4, $5)`, a.id, no, answers, snapshot, tx.Now())
	return err
}

func sealSubmission(tx *store.Tx, a Application, no int, s submission) (answers, snapshot []byte, err error) {
	if answers, err = sealJSON(tx, answersPlace(a.id, no), s.answers); err != nil {
		return nil, nil, err
	}
	snapshot, err = sealJSON(tx, snapshotPlace(a.id, no), s.snapshot)
	return answers, snapshot, err
}

// submissionsOf returns the answers of every submission, the first one first.
func submissionsOf(ctx context.Context, tx *store.Tx, a Application) ([]form.Answers, error) {
	var rows []struct {
		No      int    `db:"no"`
		Answers []byte `db:"answers"`
	}
	if err := tx.SelectContext(ctx, &rows, `select no, answers from application_answers where application_id = $1 order by no`, a.id); err != nil {
		return nil, fmt.Errorf("load submissions: %w", err)
	}
	list := make([]form.Answers, len(rows))
	for i, r := range rows {
		if err := unsealJSON(tx, answersPlace(a.id, r.No), r.Answers, &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// setState moves the application from the state it was read in; false means it is not in
// it any more.
func setState(ctx context.Context, tx *store.Tx, a Application, to State) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		update application set state = $3,
			decided_at = case when $3 in ('approved', 'rejected') then $4 else decided_at end,
			ended_at = case when $5 then null else $4 end,
			draft = case when $3 = 'returned' then draft end
		where id = $1 and state = $2`, a.id, a.State, to, tx.Now(), to.Open())
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// setAmount grants a sum; one above what was asked is refused by the database.
func setAmount(ctx context.Context, tx *store.Tx, id, fen int64) error {
	_, err := tx.ExecContext(ctx, `update application set asked = coalesce(asked, amount), amount = $2 where id = $1`, id, fen)
	return err
}

func setDue(ctx context.Context, tx *store.Tx, id int64, due time.Time) error {
	_, err := tx.ExecContext(ctx, `update application set due_at = $2 where id = $1`, id, due)
	return err
}

// takeSeat takes the lowest free seat of a limit. A seat somebody takes at the same moment
// is refused by the key, so the number can never be exceeded; false means none is left.
func takeSeat(ctx context.Context, tx *store.Tx, application int64, student identity.ID, code string, l limit) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		insert into application_seat (application_id, student_id, service, period, seat, most)
		select $1, $2, $3, $4, n, $5 from generate_series(1, $5::int) n
		where not exists (select 1 from application_seat s where s.student_id = $2 and s.service = $3 and s.period = $4 and s.seat = n)
		order by n limit 1
		on conflict on constraint a_seat_of_a_limit_is_taken_once do nothing`, application, student, code, l.period, l.most)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// seatsOf counts the seats a student holds, by service and period.
func seatsOf(ctx context.Context, tx *store.Tx, student identity.ID) (map[string]map[string]int, error) {
	var rows []struct {
		Service string `db:"service"`
		Period  string `db:"period"`
		N       int    `db:"n"`
	}
	err := tx.SelectContext(ctx, &rows, `
		select service, period, count(*) n from application_seat where student_id = $1 group by service, period`, student)
	taken := map[string]map[string]int{}
	for _, r := range rows {
		if taken[r.Service] == nil {
			taken[r.Service] = map[string]int{}
		}
		taken[r.Service][r.Period] = r.N
	}
	return taken, err
}

// freeSeats gives back what an application in the state does not use: everything, or what
// only counts while it is open.
func freeSeats(ctx context.Context, tx *store.Tx, application int64, to State) error {
	_, err := tx.ExecContext(ctx, `
		delete from application_seat where application_id = $1 and (not $2 or period = 'open' and not $3)`, application, to.counts(), to.Open())
	return err
}

func insertMaterials(ctx context.Context, tx *store.Tx, application int64, papers []service.Material) error {
	codes, required := make([]string, len(papers)), make([]bool, len(papers))
	for i, m := range papers {
		codes[i], required[i] = m.Code, m.Required
	}
	_, err := tx.ExecContext(ctx, `
		insert into application_material (application_id, code, required) select $1, code, required from unnest($2::text[], $3::boolean[]) as t (code, required)`,
		application, pq.Array(codes), pq.Array(required))
	return err
}

func materialsOf(ctx context.Context, tx *store.Tx, applications []int64) (map[int64][]Material, error) {
	var rows []struct {
		Application int64        `db:"application_id"`
		Code        string       `db:"code"`
		Required    bool         `db:"required"`
		At          sql.NullTime `db:"received_at"`
		By          string       `db:"by_name"`
	}
	err := tx.SelectContext(ctx, &rows, `
		select m.application_id, m.code, m.required, m.received_at, coalesce(p.name, '') by_name
		from application_material m left join identity_address p on p.id = m.received_by
		where m.application_id = any($1)`, pq.Array(applications))
	papers := map[int64][]Material{}
	for _, r := range rows {
		papers[r.Application] = append(papers[r.Application], Material{Code: r.Code, Name: r.Code, Required: r.Required, ReceivedAt: r.At.Time, ReceivedBy: r.By})
	}
	return papers, err
}

// setMaterial ticks a paper, or takes the tick off for by 0; false means it was so already.
func setMaterial(ctx context.Context, tx *store.Tx, application int64, code string, by identity.ID) (bool, error) {
	res, err := tx.ExecContext(ctx, `
		update application_material set received_by = nullif($3::bigint, 0), received_at = case when $3::bigint = 0 then null else $4::timestamptz end
		where application_id = $1 and code = $2 and (received_at is null) = ($3::bigint <> 0)`, application, code, by, tx.Now())
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func insertEvent(ctx context.Context, tx *store.Tx, publicID string, application int64, state State, action string, by identity.ID, words []byte) error {
	_, err := tx.ExecContext(ctx, `
		insert into application_event (public_id, application_id, at, state, action, person_id, words)
		values ($1, $2, $3, $4, $5, nullif($6::bigint, 0), $7)`, publicID, application, tx.Now(), state, action, by, words)
	return err
}

type eventRow struct {
	PublicID string      `db:"public_id"`
	At       time.Time   `db:"at"`
	State    State       `db:"state"`
	Action   string      `db:"action"`
	Person   identity.ID `db:"person_id"`
	By       string      `db:"by_name"`
	Words    []byte      `db:"words"`
}

func eventsOf(ctx context.Context, tx *store.Tx, application int64) ([]eventRow, error) {
	var rows []eventRow
	err := tx.SelectContext(ctx, &rows, `
		select e.public_id, e.at, e.state, e.action, coalesce(e.person_id, 0) person_id, coalesce(p.name, '') by_name, e.words
		from application_event e left join identity_address p on p.id = e.person_id where e.application_id = $1 order by e.id`, application)
	return rows, err
}

func insertExtension(ctx context.Context, tx *store.Tx, publicID string, student identity.ID, code string, until time.Time, reason []byte, by identity.ID) error {
	_, err := tx.ExecContext(ctx, `
		insert into application_extension (public_id, student_id, service, until, reason, given_by, given_at) values ($1, $2, $3, $4, $5, $6, $7)`,
		publicID, student, code, until, reason, by, tx.Now())
	return err
}

// extensionsOf are the services kept open for a student at the time.
func extensionsOf(ctx context.Context, tx *store.Tx, student identity.ID, at time.Time) (map[string]bool, error) {
	var codes []string
	err := tx.SelectContext(ctx, &codes, `
		select distinct service from application_extension where student_id = $1 and until > $2 and given_at <= $2`, student, at)
	longer := make(map[string]bool, len(codes))
	for _, c := range codes {
		longer[c] = true
	}
	return longer, err
}

// underWay returns the state of every application that a review should be open for.
func underWay(ctx context.Context, tx *store.Tx) (map[string]State, error) {
	var rows []struct {
		ID    string `db:"public_id"`
		State State  `db:"state"`
	}
	err := tx.SelectContext(ctx, &rows, `select public_id, state from application where state in ('submitted', 'returned')`)
	states := make(map[string]State, len(rows))
	for _, r := range rows {
		states[r.ID] = r.State
	}
	return states, err
}

// broken returns one line for each row that breaks an invariant of the package; steps are
// the changes of state there are.
func broken(ctx context.Context, tx *store.Tx, steps []string) ([]string, error) {
	var lines []string
	err := tx.SelectContext(ctx, &lines, `
		select 'request: application ' || a.public_id || ' does not agree with its history' from application a
			where a.state <> 'draft' and a.state is distinct from (select e.state from application_event e where e.application_id = a.id order by e.id desc limit 1)
		union all
		select 'request: application ' || a.public_id || ' went from ' || e.before || ' to ' || e.state from application a
			join (select application_id, state, lag(state, 1, 'draft') over (partition by application_id order by id) before from application_event) e
				on e.application_id = a.id
			where e.before <> e.state and e.before || '>' || e.state <> all($2::text[])
		union all
		select 'request: application ' || a.public_id || ' was submitted without answers' from application a
			where a.state <> 'draft' and not exists (select 1 from application_answers s where s.application_id = a.id)
		union all
		select 'request: application ' || a.public_id || ' was approved without ' || m.code from application a
			join application_material m on m.application_id = a.id and m.required and m.received_at is null
			where a.state in ('approved', 'printed', 'made', 'collected', 'to_pay', 'paid', 'pay_failed', 'done')
		union all
		select 'request: application ' || a.public_id || ' is past the deadline of its papers' from application a
			where a.state in ('submitted', 'returned') and a.due_at < $1::timestamptz - interval '10 minutes'
				and exists (select 1 from application_material m where m.application_id = a.id and m.required and m.received_at is null)
		union all
		select 'request: application ' || a.public_id || ' is ' || a.state || ' and takes seat ' || s.seat || ' of ' || s.period from application a
			join application_seat s on s.application_id = a.id
			where a.state in ('draft', 'rejected', 'withdrawn', 'overdue') or s.period = 'open' and a.ended_at is not null
		union all
		select 'request: certificate ' || c.number || ' stands for an application that is ' || a.state from certificate c join application a on a.id = c.application_id
			where a.state not in ('printed', 'collected', 'revoked') or (a.state = 'revoked') <> (c.revoked_at is not null)
		union all
		select 'request: list ' || l.public_id || ' says ' || l.total || ' fen in ' || l.rows || ' rows and has ' || coalesce(sum(r.amount), 0) || ' in ' || count(r.*)
			from payout_list l left join payout_row r on r.list_id = l.id
			group by l.id having l.total <> coalesce(sum(r.amount), 0) or l.rows <> count(r.*)
		union all
		select 'request: application ' || a.public_id || ' is ' || a.state || ' and not so on a list' from application a
			where a.state = 'paid' and not exists (select 1 from payout_row r where r.application_id = a.id and r.state = 'paid' and r.amount = a.amount)
		union all
		select 'request: application ' || a.public_id || ' was paid ' || count(*) || ' times' from application a
			join payout_row r on r.application_id = a.id and r.state = 'paid' group by a.id having count(*) > 1
		union all
		select 'request: application ' || a.public_id || ' is ' || a.state || ' and was paid' from application a
			join payout_row r on r.application_id = a.id and r.state = 'paid' where a.state <> 'paid'
		union all
		select 'request: application ' || a.public_id || ' waits on a list with another amount' from application a
			join payout_row r on r.application_id = a.id and r.state = 'waiting' where a.state <> 'to_pay' or a.amount <> r.amount`, tx.Now(), pq.Array(steps))
	return lines, err
}

// Sealed lists the columns this package seals.
func Sealed() []store.Sealed {
	return []store.Sealed{
		{Table: "application", Column: "draft", Key: "id", Place: `'application/draft/' || public_id`},
		{Table: "application_answers", Column: "answers", Key: "id", Place: `'application_answers/answers/' || application_id || '/' || no`},
		{Table: "application_answers", Column: "snapshot", Key: "id", Place: `'application_answers/snapshot/' || application_id || '/' || no`},
		{Table: "application_event", Column: "words", Key: "id", Place: `'application_event/words/' || public_id`},
		{Table: "application_extension", Column: "reason", Key: "id", Place: `'application_extension/reason/' || public_id`},
		{Table: "application_ask", Column: "question", Key: "id", Place: `'application_ask/question/' || public_id`},
		{Table: "application_ask", Column: "answer", Key: "id", Place: `'application_ask/answer/' || public_id`},
		{Table: "application_note", Column: "words", Key: "id", Place: `'application_note/words/' || public_id`},
		{Table: "certificate", Column: "content", Key: "application_id", Place: `'certificate/content/' || application_id`},
		{Table: "signing_key", Column: "key", Key: "id", Place: `'signing_key/key/' || id`},
		{Table: "payout_row", Column: "reason", Key: "id", Place: `'payout_row/reason/' || list_id || '/' || application_id`},
	}
}
