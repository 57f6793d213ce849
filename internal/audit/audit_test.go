package audit_test

import (
	"context"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// Whoever changes a row in the database is found (T23).
func TestTamperingIsDetected(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, tamper, want string
	}{
		{"untouched", `select 1`, ""},
		{"a_changed_row", `update audit set object = 'booking/other' where id = 2`, "row 2 was changed"},
		{"a_changed_time", `update audit set at = at + interval '1 day' where id = 3`, "row 3 was changed"},
		{"a_removed_row", `delete from audit where id = 2`, "seal 2 is missing"},
		{"a_removed_row_with_seals_moved_up", `delete from audit where id = 2; update audit set seal_no = seal_no - 1 where id > 2`, "does not fit"},
		{"two_rows_swapped", `update audit set verb = case id when 2 then 'v3' else 'v2' end where id in (2, 3)`, "was changed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db, _ := storetest.DB(t)
			ctx := context.Background()
			for _, verb := range []string{"v1", "v2", "v3", "v4"} {
				storetest.Update(t, db, func(tx *store.Tx) error {
					return audit.Append(ctx, tx, 0, verb, "booking/x", map[string]any{"b": 1, "a": "二"})
				})
			}
			if n, err := audit.Seal(ctx, db); err != nil || n != 4 {
				t.Fatalf("Seal = %d, %v", n, err)
			}
			var lines []string
			storetest.Update(t, db, func(tx *store.Tx) error {
				for q := range strings.SplitSeq(tt.tamper, ";") {
					if _, err := tx.Exec(q); err != nil {
						return err
					}
				}
				var err error
				lines, err = audit.Verify(ctx, tx)
				return err
			})
			got := strings.Join(lines, "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("Verify = %q, want it to contain %q", got, tt.want)
			}
		})
	}
}
