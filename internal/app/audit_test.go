package app_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/app"
	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/sample"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// What a hand at the database or half a restore did, the audit names; and what keeps one
// check from running does not keep the others.
func TestAuditNamesWhatAHandAtTheDatabaseDid(t *testing.T) {
	t.Parallel()
	const unguarded = "set local session_replication_role = replica; "
	for name, tt := range map[string]struct{ sabotage, finds string }{
		"nothing":                 {"select 1", ""},
		"a_rule_dropped":          {"alter table booking drop constraint booking_state_is_known", "schema: the rule booking_state_is_known is gone"},
		"a_unique_index_dropped":  {"drop index a_seat_is_taken_once", "schema: the rule a_seat_is_taken_once is gone"},
		"an_hour_without_teacher": {unguarded + "update slot set counsellor_id = 9999 where id = (select min(id) from slot)", "schema: slot (counsellor_id) = (9999) is not in counsellor"},
		"a_draft_unreadable": {
			"insert into dialogue (person_id, script, version, step, seq, body, updated_at) select min(id), '', 1, '', 1, '\\x00', now() from person",
			"sealed: body of dialogue",
		},
		"a_check_that_cannot_run": {"alter table offer rename column until to till", "not checked: audit waitlist"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := storetest.Open(t, storetest.Loaded(t, "sample", sample.Load), clock.NewFixed(storetest.Monday), store.Options{})
			if err := db.Update(t.Context(), func(tx *store.Tx) error {
				_, err := tx.ExecContext(t.Context(), tt.sabotage)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			lines, err := app.Broken(t.Context(), db)
			if err != nil {
				t.Fatal(err)
			}
			found := slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, tt.finds) })
			if found == (tt.finds == "") {
				t.Errorf("want %q, got %q", tt.finds, lines)
			}
		})
	}
}
