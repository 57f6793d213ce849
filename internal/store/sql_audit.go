package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/lib/pq"

	"github.com/xuegong/xuegong/migrations"
)

// BrokenSchema returns one line for each rule of the migrations that the database does not
// hold any more, and for each row that points to one that is gone: what a restore or a hand
// at the database can do, and no verb.
func BrokenSchema(ctx context.Context, tx *Tx) ([]string, error) {
	rules, err := declaredRules()
	if err != nil {
		return nil, fmt.Errorf("audit schema: %w", err)
	}
	lines, err := lostRules(ctx, tx, rules)
	if err != nil {
		return nil, fmt.Errorf("audit schema: %w", err)
	}
	orphans, err := orphans(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("audit references: %w", err)
	}
	return append(lines, orphans...), nil
}

var (
	sqlComment = regexp.MustCompile(`(?m)--.*$`)
	ruleWords  = regexp.MustCompile(`(?i)(drop\s+constraint|drop\s+index|constraint|create\s+unique\s+index)\s+(?:if\s+exists\s+|if\s+not\s+exists\s+|concurrently\s+)?([a-z_][a-z0-9_]*)`)
)

// declaredRules are the names of the constraints and unique indexes that the migrations, in
// their order, leave behind.
func declaredRules() ([]string, error) {
	files, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		return nil, err
	}
	var rules []string
	for _, file := range files {
		text, err := fs.ReadFile(migrations.FS, file)
		if err != nil {
			return nil, err
		}
		up, _, _ := strings.Cut(string(text), "-- +goose Down")
		for _, m := range ruleWords.FindAllStringSubmatch(sqlComment.ReplaceAllString(up, ""), -1) {
			rules = slices.DeleteFunc(rules, func(name string) bool { return name == m[2] })
			if !strings.HasPrefix(strings.ToLower(m[1]), "drop") {
				rules = append(rules, m[2])
			}
		}
	}
	return rules, nil
}

func lostRules(ctx context.Context, tx *Tx, rules []string) (lines []string, err error) {
	err = tx.SelectContext(ctx, &lines, `
		select 'schema: the rule ' || name || ' is gone' from unnest($1::text[]) as t (name)
		where not exists (select from pg_constraint c where c.conname = name and c.convalidated)
			and not exists (select from pg_index i join pg_class r on r.oid = i.indexrelid where r.relname = name and i.indisvalid)
		order by name`, pq.Array(rules))
	return lines, err
}

// orphans follows every foreign key, which a restore with triggers off does not.
func orphans(ctx context.Context, tx *Tx) ([]string, error) {
	var keys []struct {
		Name   string         `db:"name"`
		Child  string         `db:"child"`
		Parent string         `db:"parent"`
		From   pq.StringArray `db:"from_columns"`
		To     pq.StringArray `db:"to_columns"`
	}
	err := tx.SelectContext(ctx, &keys, `
		select c.conname as name, c.conrelid::regclass::text as child, c.confrelid::regclass::text as parent,
			array(select quote_ident(a.attname) from unnest(c.conkey) with ordinality k (n, i)
				join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.n order by k.i) as from_columns,
			array(select quote_ident(a.attname) from unnest(c.confkey) with ordinality k (n, i)
				join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.n order by k.i) as to_columns
		from pg_constraint c where c.contype = 'f' and c.connamespace = 'public'::regnamespace order by c.conname`)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, k := range keys {
		var same, given, values []string
		for i := range k.From {
			same = append(same, "p."+k.To[i]+" = c."+k.From[i])
			given = append(given, "c."+k.From[i]+" is not null")
			values = append(values, "c."+k.From[i])
		}
		var lost []string
		if err := tx.SelectContext(ctx, &lost, fmt.Sprintf(`
			select distinct concat_ws(', ', %[1]s) from %[2]s c where %[3]s and not exists (select from %[4]s p where %[5]s) order by 1 limit 100`,
			strings.Join(values, ", "), k.Child, strings.Join(given, " and "), k.Parent, strings.Join(same, " and "))); err != nil {
			return nil, fmt.Errorf("%s: %w", k.Name, err)
		}
		for _, v := range lost {
			lines = append(lines, fmt.Sprintf("schema: %s (%s) = (%s) is not in %s", k.Child, strings.Join(k.From, ", "), v, k.Parent))
		}
	}
	return lines, nil
}

// Unreadable returns one line for each sealed value of the column that no key opens.
func Unreadable(ctx context.Context, tx *Tx, s Sealed) (lines []string, err error) {
	rows, err := tx.QueryContext(ctx, fmt.Sprintf(`select (%s)::text, %s, %s from %s where %[3]s is not null order by 1`, s.Key, s.Place, s.Column, s.Table))
	if err != nil {
		return nil, fmt.Errorf("read %s.%s: %w", s.Table, s.Column, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var key, place string
		var value []byte
		if err := rows.Scan(&key, &place, &value); err != nil {
			return nil, fmt.Errorf("read %s.%s: %w", s.Table, s.Column, err)
		}
		if _, err := tx.Keys().Unseal(place, value); err != nil {
			lines = append(lines, fmt.Sprintf("sealed: %s of %s %s cannot be opened", s.Column, s.Table, key))
		}
	}
	return lines, rows.Err()
}
