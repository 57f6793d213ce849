package app_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/app"
)

// What is wrong around a command is said in one line, exit status 1; what is wrong with
// the command line itself is 2.
func TestACommandThatCannotStartSaysWhyInOneLine(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args   []string
		status int
		says   string
	}{
		"a_file_for_a_data_folder":       {[]string{"demo", "--data", file}, 1, "data folder"},
		"a_data_folder_without_a_name":   {[]string{"demo", "-data", ""}, 1, "data folder"},
		"a_command_nobody_knows":         {[]string{"begin"}, 2, "begin"},
		"no_command":                     {nil, 2, "demo"},
		"a_list_of_people_that_is_gone":  {[]string{"import", "people", file + ".csv"}, 2, "file.csv"},
		"a_migration_without_a_database": {[]string{"migrate"}, 1, "DATABASE_URL"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			if status := app.Main(tt.args, nil, &out, &errs, "test"); status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			if lines := strings.Split(strings.TrimSpace(errs.String()), "\n"); len(lines) != 1 || !strings.Contains(lines[0], tt.says) {
				t.Errorf("said %q, want one line with %q", errs.String(), tt.says)
			}
			if out.Len() > 0 {
				t.Errorf("printed %q as if it had worked", out.String())
			}
		})
	}
}
