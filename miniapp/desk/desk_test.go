package desk_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/identity"
)

// TestWhoSeesWhat is role × page: 200 or 403, never anything else.
func TestWhoSeesWhat(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	roles := []string{counsellor, head, frontDesk, admin, office, fudaoyuan, student}
	for _, tt := range []struct {
		path  string
		seen  string // 1 for each of roles who sees it
		gets  string // what the others read
		holds bool   // also no word of it on the page of the others
	}{
		{"/desk/", "1111111", "", false},
		{"/desk/counselling", "1110000", counselling.ErrConfidential.Message, true},
		{"/desk/counselling/hours", "1110000", counselling.ErrConfidential.Message, true},
		{"/desk/counselling/counsellors", "1110000", counselling.ErrConfidential.Message, true},
		{"/desk/counselling/settings", "0110000", counselling.ErrConfidential.Message, false},
		{"/desk/counselling/notice", "0110000", counselling.ErrConfidential.Message, false},
		{"/desk/people", "1111110", identity.ErrForbidden.Message, false},
		{"/desk/people/import", "0001000", identity.ErrForbidden.Message, false},
		{"/desk/roles", "0101000", identity.ErrForbidden.Message, false},
		{"/desk/letters", "1111110", identity.ErrForbidden.Message, false},
		{"/desk/tokens", "1111000", identity.ErrForbidden.Message, false},
	} {
		t.Run(strings.ReplaceAll(strings.TrimPrefix(tt.path, "/desk/"), "/", "_"), func(t *testing.T) {
			t.Parallel()
			for i, userid := range roles {
				want := http.StatusForbidden
				if tt.seen[i] == '1' {
					want = http.StatusOK
				}
				got := s.get(userid, tt.path)
				if got.status != want {
					t.Errorf("%s gets %d, want %d", userid, got.status, want)
				}
				if want == http.StatusForbidden {
					has(t, got.body, tt.gets)
				}
				if want == http.StatusForbidden && tt.holds {
					hasNot(t, got.body, "苏晴", "许知遥")
				}
			}
		})
	}
}

func TestNavigationShowsOnlyWhatThePersonUses(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	links := func(userid string) (list []string) {
		body := s.shown(userid, "/desk/")
		body, _, _ = strings.Cut(body, `<main`)
		for _, path := range []string{"/desk/counselling", "/desk/counselling/settings", "/desk/people", "/desk/people/import", "/desk/roles", "/desk/letters", "/desk/tokens"} {
			if strings.Contains(body, `href="`+path+`"`) {
				list = append(list, strings.TrimPrefix(path, "/desk/"))
			}
		}
		return list
	}
	for userid, want := range map[string][]string{
		counsellor: {"counselling", "people", "letters", "tokens"},
		head:       {"counselling", "counselling/settings", "people", "roles", "letters", "tokens"},
		admin:      {"people", "people/import", "roles", "letters", "tokens"},
		fudaoyuan:  {"people", "letters"},
		student:    nil,
	} {
		if diff := cmp.Diff(want, links(userid)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", userid, diff)
		}
	}
	has(t, s.shown(student, "/desk/"), "这里暂时没有你要处理的事")
	has(t, s.shown(head, "/desk/"), `1<span class="hear"> 件待处理</span>`) // the booking of s06
	hasNot(t, s.shown(admin, "/desk/"), "预约中心")
}

func TestFormsOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	id := s.pending().PublicID
	for _, tt := range []struct {
		name, userid, path string
		want               int
	}{
		{"admin_confirms", admin, "/desk/counselling/bookings/" + id + "/confirm", http.StatusForbidden},
		{"admin_confirms_what_is_not_there", admin, "/desk/counselling/bookings/none/confirm", http.StatusForbidden},
		{"centre_confirms_what_is_not_there", frontDesk, "/desk/counselling/bookings/none/confirm", http.StatusForbidden},
		{"fudaoyuan_rejects", fudaoyuan, "/desk/counselling/bookings/" + id + "/reject", http.StatusForbidden},
		{"office_confirms_many", office, "/desk/counselling/confirm", http.StatusForbidden},
		{"student_cancels_from_the_desk", "s06", "/desk/counselling/bookings/" + id + "/cancel", http.StatusForbidden},
		{"unknown_act", frontDesk, "/desk/counselling/bookings/" + id + "/open", http.StatusForbidden},
		{"admin_changes_the_rules", admin, "/desk/counselling/settings", http.StatusForbidden},
		{"counsellor_publishes", counsellor, "/desk/counselling/notice", http.StatusForbidden},
		{"admin_opens_hours", admin, "/desk/counselling/hours", http.StatusForbidden},
		{"admin_edits_a_counsellor", admin, "/desk/counselling/counsellors", http.StatusForbidden},
		{"office_imports", office, "/desk/people/import", http.StatusForbidden},
		{"head_makes_a_role_of_nobody", head, "/desk/roles", http.StatusNotFound},
		{"student_makes_a_token", student, "/desk/tokens", http.StatusForbidden},
		{"office_revokes_a_role", office, "/desk/roles/none/revoke", http.StatusForbidden},
		{"nobody_sends_again", student, "/desk/letters/none/again", http.StatusForbidden},
	} {
		t.Run(tt.name, func(t *testing.T) {
			once := s.token(tt.userid)
			got := s.post(tt.userid, tt.path, values("once", once, "booking", id, "reason", "临时有安排", "body", strings.Repeat("须知", 40), "person", "none", "role", "office", "counsellor", "none",
				"date", "2026-10-20", "start", "15:00", "end", "15:50", "capacity", "1", "weeks", "1", "name", "x", "hold_hours", "24"))
			if got.status != tt.want {
				t.Errorf("POST = %d, want %d\n%s", got.status, tt.want, got.body)
			}
		})
	}
	if got := s.pending().State; got != counselling.Pending {
		t.Errorf("the booking is %s", got)
	}
}
