package app_test

import (
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/store"
)

// A process that starts before the schema is migrated keeps what comes, works on nothing,
// says so once, and begins by itself when the migration is done.
func TestServeWaitsForTheSchema(t *testing.T) {
	t.Parallel()
	log, logger := newJournal()
	w := newLoggedWorld(t, logger, func(db *store.DB) {
		must(t, db.Exec(t.Context(), `update goose_db_version set version_id = -version_id where version_id > 1`))
	})
	w.must(w.control("/sim/text", map[string]any{"user": "s02", "text": "帮助", "wait": true}))
	if got := w.kept()["waiting"]; got != 1 {
		t.Errorf("%d acts wait, want 1", got)
	}
	log.await("waiting for the schema")
	w.must(w.db.Exec(t.Context(), `update goose_db_version set version_id = -version_id where version_id < 0`))
	if got := w.next("s02").text(); !strings.Contains(got, "这里能办这些") {
		t.Errorf("answered %q", got)
	}
	if n := strings.Count(log.String(), "waiting for the schema"); n != 1 {
		t.Errorf("said %d times, want once:\n%s", n, log)
	}
	if strings.Contains(log.String(), "does not exist") {
		t.Errorf("worked on a schema that is not there:\n%s", log)
	}
}
