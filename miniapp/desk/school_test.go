package desk_test

import (
	"net/http"
	"testing"
)

func TestSchool(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	has(t, s.shown(admin, "/desk/school"), "学校名称", `value="示例大学"`)
	if got := s.send(admin, "/desk/school", "/desk/school", "name", "校"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("one character = %d, want 422", got.status)
	}
	if got := s.send(admin, "/desk/school", "/desk/school", "name", "示例理工大学"); got.status != http.StatusSeeOther {
		t.Fatalf("save = %d\n%s", got.status, got.body)
	}
	has(t, s.shown(admin, "/desk/school"), `value="示例理工大学"`)
	for _, other := range []string{head, office, counsellor, fudaoyuan, student} {
		if got := s.get(other, "/desk/school"); got.status != http.StatusForbidden {
			t.Errorf("%s: %d, want 403", other, got.status)
		}
	}
}
