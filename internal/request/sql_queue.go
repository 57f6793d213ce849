package request

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

type queueRow struct {
	ID          int64         `db:"id"`
	PublicID    string        `db:"public_id"`
	Number      string        `db:"number"`
	Version     int64         `db:"version_id"`
	State       State         `db:"state"`
	Name        string        `db:"student_name"`
	StudentNo   string        `db:"student_number"`
	Student     identity.ID   `db:"student_id"`
	College     string        `db:"college"`
	Class       string        `db:"class"`
	Missing     int           `db:"missing"`
	Amount      sql.NullInt64 `db:"amount"`
	DueAt       sql.NullTime  `db:"due_at"`
	SubmittedAt time.Time     `db:"submitted_at"`
}

// chooser is the condition of a filter, made of the parts that are asked for only, so that
// each has its index. The statements are few: a part is there or not.
type chooser struct {
	where []string
	args  []any
}

// and adds a part; each ? in it stands for the next argument.
func (c *chooser) and(part string, args ...any) {
	for _, a := range args {
		c.args = append(c.args, a)
		part = strings.Replace(part, "?", "$"+strconv.Itoa(len(c.args)), 1)
	}
	c.where = append(c.where, part)
}

func (c *chooser) sql() string { return strings.Join(c.where, " and ") }

// choose is the condition for the units and the filter. What is searched is the begin of a
// number or part of a name.
func choose(units []int64, all bool, f Filter) *chooser {
	c := &chooser{where: []string{"a.state <> 'draft'"}}
	switch {
	case all:
	case len(units) == 1:
		c.and("a.department_id = ?", units[0])
	default:
		c.and("a.department_id = any(?)", pq.Array(units))
	}
	if f.Service != "" {
		c.and("a.service = ?", f.Service)
	}
	if f.State != "" {
		c.and("a.state = ?", f.State)
	}
	switch word := f.Search; {
	case word == "":
	case word[0] < utf8.RuneSelf && (unicode.IsDigit(rune(word[0])) || unicode.IsLetter(rune(word[0]))):
		last := word + string(utf8.MaxRune)
		c.and("(a.number ~>=~ ? and a.number ~<~ ? or a.student_number ~>=~ ? and a.student_number ~<~ ?)", word, last, word, last)
	default:
		c.and("a.student_name like ?", "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(word)+"%")
	}
	return c
}

// selectQueue finds the page first and joins what it shows only for its rows.
func selectQueue(ctx context.Context, tx *store.Tx, units []int64, all bool, f Filter, at time.Time, id int64, limit int) ([]Item, error) {
	c := choose(units, all, f)
	if id != 0 {
		c.and("(a.submitted_at, a.id) > (?, ?)", at, id)
	}
	where := c.sql()
	c.args = append(c.args, limit)
	return items(ctx, tx, fmt.Sprintf(`%s order by a.submitted_at, a.id limit $%d`, where, len(c.args)), `submitted_at, a.id`, c.args...)
}

// items returns what lists show of the applications a condition chooses.
func items(ctx context.Context, tx *store.Tx, where, order string, args ...any) ([]Item, error) {
	var rows []queueRow
	err := tx.SelectContext(ctx, &rows, `
		with page as (select a.* from application a where `+where+`)
		select a.id, a.public_id, a.number, a.version_id, a.state, a.student_name, a.student_number, a.student_id,
			coalesce(p.college_name, '') college, coalesce(p.unit_name, '') as class, a.amount, a.due_at, a.submitted_at,
			(select count(*) from application_material m where m.application_id = a.id and m.required and m.received_at is null) missing
		from page a join identity_person p on p.id = a.student_id order by a.`+order, args...)
	if err != nil {
		return nil, err
	}
	versions := make([]int64, len(rows))
	for i, r := range rows {
		versions[i] = r.Version
	}
	services, err := service.Versions(ctx, tx, versions)
	if err != nil {
		return nil, err
	}
	list := make([]Item, len(rows))
	for i, r := range rows {
		list[i] = Item{
			PublicID: r.PublicID, Number: r.Number, Service: services[r.Version], State: r.State, Missing: r.Missing, Amount: r.Amount.Int64, Due: r.DueAt.Time,
			SubmittedAt: r.SubmittedAt, id: r.ID,
			Student: Student{ID: r.Student, Name: r.Name, Number: r.StudentNo, College: r.College, ClassName: r.Class},
		}
	}
	return list, nil
}

// chosen returns whole applications of a filter, for an export.
func chosen(ctx context.Context, tx *store.Tx, units []int64, all bool, f Filter, limit int) ([]Application, error) {
	c := choose(units, all, f)
	where := c.sql()
	c.args = append(c.args, limit)
	return applications(ctx, tx, fmt.Sprintf(`where %s order by a.submitted_at, a.id limit $%d`, where, len(c.args)), c.args...)
}

func countQueue(ctx context.Context, tx *store.Tx, units []int64, all bool) (map[string]map[State]int, error) {
	var rows []struct {
		Service string `db:"service"`
		State   State  `db:"state"`
		N       int    `db:"n"`
	}
	err := tx.SelectContext(ctx, &rows, `
		select service, state, count(*) n from application where state <> 'draft' and ($1 or department_id = any($2)) group by service, state`, all, pq.Array(units))
	counts := map[string]map[State]int{}
	for _, r := range rows {
		if counts[r.Service] == nil {
			counts[r.Service] = map[State]int{}
		}
		counts[r.Service][r.State] = r.N
	}
	return counts, err
}
