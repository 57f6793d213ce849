package desk_test

import (
	"bytes"
	"context"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/sheet"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// person is who acts under a userid.
func (s *school) person(userid string) (p identity.Person) {
	s.t.Helper()
	s.as(userid, func(_ context.Context, _ *store.Tx, who identity.Person) error { p = who; return nil })
	return p
}

func TestPeople(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	zhang := s.person("s01")
	has(t, s.shown(admin, "/desk/people?q="+zhang.Number), "张晓雨", "已绑定", zhang.Number)
	has(t, s.shown(admin, "/desk/people?q=没有这个人"), "没有找到“没有这个人”")
	has(t, s.shown(admin, "/desk/people?kind=staff"), "苏晴")
	hasNot(t, s.shown(admin, "/desk/people?kind=staff"), "张晓雨")
	has(t, s.shown(admin, "/desk/people?person="+zhang.PublicID), "本科", "东校区", "改绑为", "解绑这个账号")
	t.Run("pages_follow_each_other", func(t *testing.T) {
		first := s.shown(admin, "/desk/people?kind=student")
		more := regexp.MustCompile(`href="(/desk/people\?after=[^"]+)"`).FindStringSubmatch(first)
		if more == nil {
			t.Fatal("300 students fit one page")
		}
		second := s.shown(admin, strings.ReplaceAll(more[1], "&amp;", "&"))
		if strings.Contains(second, `class="row__link row__link--people"`) == false || strings.Contains(second, s.numbers(first)[0]) {
			t.Error("the second page is not another one")
		}
	})
	t.Run("a_fudaoyuan_sees_their_class", func(t *testing.T) {
		has(t, s.shown(fudaoyuan, "/desk/people?q="+zhang.Number), "张晓雨")
		other := s.person("s40")
		hasNot(t, s.shown(fudaoyuan, "/desk/people?q="+other.Number), other.Name)
		if got := s.get(fudaoyuan, "/desk/people?person="+other.PublicID); got.status != http.StatusNotFound {
			t.Errorf("somebody else's student = %d, want 404", got.status)
		}
	})
}

func (s *school) numbers(body string) (list []string) {
	for _, m := range regexp.MustCompile(`</b><span>(\w+)</span>`).FindAllStringSubmatch(body, -1) {
		list = append(list, m[1])
	}
	if len(list) == 0 {
		s.t.Fatal("the page lists nobody")
	}
	return list
}

func TestAccountIsBoundByHand(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	p := s.person("s02")
	at, path := "/desk/people?person="+p.PublicID, "/desk/people/"+p.PublicID
	taken := s.send(fudaoyuan, at, path+"/bind", "userid", "S03")
	if taken.status != http.StatusUnprocessableEntity {
		t.Errorf("another's account = %d, want 422", taken.status)
	}
	has(t, taken.body, "这个账号已绑定给", `value="S03"`)
	if got := s.send(fudaoyuan, at, path+"/bind", "userid", "new.phone"); got.status != http.StatusSeeOther {
		t.Fatalf("bind = %d\n%s", got.status, got.body)
	}
	if got := s.person("new.phone"); got.ID != p.ID {
		t.Errorf("the account is of %s", got.Name)
	}
	if n := s.auditRows("account.bind"); n != 1 {
		t.Errorf("%d rows in the audit log, want 1", n)
	}
	if got := s.send(fudaoyuan, at, path+"/unbind"); got.status != http.StatusSeeOther {
		t.Errorf("unbind = %d", got.status)
	}
	has(t, s.shown(fudaoyuan, at), "未绑定")
	centre := s.person(counsellor)
	hasNot(t, s.shown(admin, "/desk/people?person="+centre.PublicID), `name="userid"`)
	got := s.post(admin, "/desk/people/"+centre.PublicID+"/bind", values("once", s.token(admin), "userid", "mine"))
	if got.status != http.StatusForbidden {
		t.Errorf("an account of the centre = %d, want 403", got.status)
	}
}

// unit is the public id of a unit.
func (s *school) unit(name string) (id string) {
	s.t.Helper()
	s.as(admin, func(ctx context.Context, tx *store.Tx, _ identity.Person) error {
		units, err := identity.Units(ctx, tx)
		for _, u := range units {
			if u.Name == name {
				id = u.PublicID
			}
		}
		return err
	})
	return id
}

func TestOrdinaryRoles(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	p := s.person(office)
	at := "/desk/people?person=" + p.PublicID
	wrong := s.send(admin, at, "/desk/roles", "person", p.PublicID, "role", "class_counsellor", "unit", "")
	if wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("a role that does not fit the unit = %d, want 422", wrong.status)
	}
	has(t, wrong.body, "不能授予到所选的范围", `value="class_counsellor" selected`)
	if got := s.send(admin, at, "/desk/roles", "person", p.PublicID, "role", "class_counsellor", "unit", s.unit("文学院")); got.status != http.StatusSeeOther {
		t.Fatalf("grant = %d\n%s", got.status, got.body)
	}
	has(t, s.shown(admin, at), "辅导员")
	if got := s.post(head, "/desk/roles", values("once", s.token(head), "person", p.PublicID, "role", "office", "unit", "")); got.status != http.StatusForbidden {
		t.Errorf("a head grants an ordinary role = %d, want 403", got.status)
	}
	if got := s.post(admin, "/desk/roles", values("once", s.token(admin), "person", p.PublicID, "role", "centre_desk", "unit", s.unit("成长中心"))); got.status != http.StatusForbidden {
		t.Errorf("an administrator opens the centre = %d, want 403", got.status)
	}
	id := regexp.MustCompile(`action="/desk/roles/(\w+)/revoke"`).FindStringSubmatch(s.shown(admin, "/desk/roles")) // the newest first
	if got := s.send(admin, "/desk/roles", "/desk/roles/"+id[1]+"/revoke"); got.status != http.StatusSeeOther {
		t.Errorf("revoke = %d", got.status)
	}
	if slices.Contains(s.person(office).Units(identity.ClassCounsellor), 0) || s.person(office).Has(identity.ClassCounsellor) {
		t.Error("the role is still held")
	}
}

var proposalForm = regexp.MustCompile(`action="/desk/roles/proposals/(\w+)/(accept|drop)"`)

func TestCentreRolesNeedTwoPersons(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	p := s.person(office)
	at := "/desk/people?person=" + p.PublicID
	propose := func() string {
		t.Helper()
		got := s.send(head, at, "/desk/roles", "person", p.PublicID, "role", "centre_desk", "unit", s.unit("成长中心"))
		if got.status != http.StatusSeeOther {
			t.Fatalf("propose = %d\n%s", got.status, got.body)
		}
		has(t, s.shown(head, got.location), "已提名，等另一位确认后生效。")
		return proposalForm.FindStringSubmatch(s.shown(admin, "/desk/roles"))[1]
	}
	id := propose()
	if s.person(office).Has(identity.CentreDesk) {
		t.Fatal("one person was enough")
	}
	has(t, s.shown(head, "/desk/roles"), "要由另一位确认")
	has(t, s.shown(admin, "/desk/roles"), "确认授予")
	if got := s.post(head, "/desk/roles/proposals/"+id+"/accept", values("once", s.token(head))); got.status != http.StatusForbidden {
		t.Errorf("the proposer accepts = %d, want 403", got.status)
	}
	if got := s.send(admin, "/desk/roles", "/desk/roles/proposals/"+id+"/drop"); got.status != http.StatusSeeOther {
		t.Errorf("drop = %d", got.status)
	}
	id = propose()
	if got := s.send(admin, "/desk/roles", "/desk/roles/proposals/"+id+"/accept"); got.status != http.StatusSeeOther {
		t.Fatalf("accept = %d\n%s", got.status, got.body)
	}
	if !s.person(office).Has(identity.CentreDesk) {
		t.Error("two persons were not enough")
	}
}

// sheetOf is a workbook of persons.
func sheetOf(t *testing.T, header []string, rows ...[]string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := sheet.Write(&b, header, slices.Values(rows)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var listContent = regexp.MustCompile(`name="content" value="([^"]+)"`)

// contentOf is the list a preview holds for its import.
func contentOf(t *testing.T, preview string) string {
	t.Helper()
	m := listContent.FindStringSubmatch(preview)
	if m == nil {
		t.Fatal("the preview offers no import")
	}
	return html.UnescapeString(m[1])
}

func TestImport(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	at := "/desk/people/import"
	header := []string{"学号", "姓名", "类别", "层次", "学院", "班级", "备注"}
	good := sheetOf(t, header, []string{"20269901", "钱多多", "学生", "本科", "文学院", "汉语言2024级1班", "转学"}, []string{"20269902", "孙小美", "学生", "硕士", "文学院", "中文研究生2025级", ""})
	t.Run("a_file_is_needed", func(t *testing.T) {
		got := s.upload(admin, at, "", nil)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("= %d, want 422", got.status)
		}
		has(t, got.body, "先选一个 .xlsx 或 .csv 文件。")
	})
	t.Run("what_is_no_table_is_said", func(t *testing.T) {
		got := s.upload(admin, at, "a.xlsx", []byte("PK\x03\x04 no workbook"))
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("= %d, want 422", got.status)
		}
		hasNot(t, got.body, `name="content"`)
	})
	t.Run("wrong_rows_are_named_and_nothing_can_be_imported", func(t *testing.T) {
		bad := sheetOf(t, header, []string{"20269901", "钱多多", "学生", "本科", "文学院", "汉语言2024级1班", ""}, []string{"20269901", "钱多多", "学生", "幼儿园", "文学院", "没有这个班", ""})
		got := s.upload(admin, at, "新生.xlsx", bad)
		if got.status != http.StatusOK {
			t.Fatalf("= %d", got.status)
		}
		has(t, got.body, "一行都没有写入", "<td>3</td><td>层次</td>", "新生.xlsx", "没有用到的列：备注。")
		hasNot(t, got.body, "/desk/people/import/apply")
	})
	t.Run("the_preview_writes_nothing", func(t *testing.T) {
		got := s.upload(admin, at, "新生.xlsx", good)
		has(t, got.body, "<b>2</b>新增", "导入 2 人")
		has(t, s.shown(admin, "/desk/people?q=20269901"), "没有找到")
	})
	t.Run("applied_once", func(t *testing.T) {
		preview := s.upload(admin, at, "新生.xlsx", good).body
		content, once := contentOf(t, preview), onceInput.FindStringSubmatch(preview)[1]
		first := s.upload(admin, at+"/apply", "", nil, "once", once, "content", content, "name", "新生.xlsx")
		second := s.upload(admin, at+"/apply", "", nil, "once", once, "content", content, "name", "新生.xlsx")
		if first.status != http.StatusSeeOther || second.status != http.StatusSeeOther {
			t.Fatalf("apply = %d, %d\n%s", first.status, second.status, first.body)
		}
		has(t, s.shown(admin, first.location), "已导入，2 人有新增或更新。")
		has(t, s.shown(admin, "/desk/people?q=20269901"), "钱多多")
		if n := s.auditRows("people.import"); n != 3 { // the sample school has two of its own
			t.Errorf("%d imports in the audit log, want 3", n)
		}
		has(t, s.upload(admin, at, "新生.xlsx", good).body, "名单里的内容都已经在库里，不用导入。")
	})
	t.Run("a_list_that_no_longer_fits_is_refused_whole", func(t *testing.T) {
		header := []string{"学号", "姓名", "类别", "层次", "学院", "班级", "企业微信账号"}
		list := sheetOf(t, header, []string{"20269903", "李想", "学生", "本科", "文学院", "汉语言2024级1班", "lixiang"})
		preview := s.upload(admin, at, "补录.xlsx", list).body
		zhang := s.person("s01")
		if got := s.send(admin, "/desk/people?person="+zhang.PublicID, "/desk/people/"+zhang.PublicID+"/bind", "userid", "lixiang"); got.status != http.StatusSeeOther {
			t.Fatalf("bind = %d", got.status)
		}
		got := s.upload(admin, at+"/apply", "", nil, "once", onceInput.FindStringSubmatch(preview)[1], "content", contentOf(t, preview), "name", "补录.xlsx")
		if got.status != http.StatusConflict {
			t.Errorf("apply = %d, want 409", got.status)
		}
		has(t, got.body, "一行都没有写入", "这个账号已绑定给别人")
	})
	t.Run("units_are_created_when_asked", func(t *testing.T) {
		list := sheetOf(t, header, []string{"20269904", "周舟", "学生", "本科", "文学院", "新闻2026级1班", ""})
		has(t, s.upload(admin, at, "新班.xlsx", list).body, "处要改", "班级")
		has(t, s.upload(admin, at, "新班.xlsx", list, "create_units", "on").body, "会新建单位：", "新闻2026级1班", `name="create_units" value="on"`)
	})
	t.Run("others_import_nothing", func(t *testing.T) {
		for _, userid := range []string{office, head, student} {
			if got := s.upload(userid, at, "新生.xlsx", good); got.status != http.StatusForbidden {
				t.Errorf("%s previews = %d, want 403", userid, got.status)
			}
			if got := s.upload(userid, at+"/apply", "", nil, "once", s.token(userid), "content", "eA==", "name", "x"); got.status != http.StatusForbidden {
				t.Errorf("%s applies = %d, want 403", userid, got.status)
			}
		}
	})
}

// lose makes the first messages of the sample school ones that did not arrive.
func (s *school) lose(n int, scope string) (ids []string) {
	s.t.Helper()
	storetest.Update(s.t, s.db, func(tx *store.Tx) error {
		if err := tx.SelectContext(s.t.Context(), &ids, `
			update send set state = 'refused', code = 81013, done_at = $1, scope = coalesce(nullif($3, ''), scope)
			where id in (select id from send where state = 'waiting' and api = 'message' order by id limit $2) returning public_id`, tx.Now(), n, scope); err != nil {
			return err
		}
		_, err := tx.ExecContext(s.t.Context(), `
			update outbox set state = 'refused', code = 81013, done_at = $1 where send_id in (select id from send where state = 'refused') and state = 'waiting'`, tx.Now())
		return err
	})
	return ids
}

func TestLetters(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	centres := s.lose(2, "")
	schools := s.lose(1, "school")
	figures := func(userid string) string {
		t.Helper()
		m := regexp.MustCompile(`<b>(\d+)</b>您范围内的消息</li><li><b>(\d+)</b>其他范围`).FindStringSubmatch(s.shown(userid, "/desk/letters"))
		if m == nil {
			t.Fatalf("%s sees no figures", userid)
		}
		return m[1] + " of theirs, " + m[2] + " of others"
	}
	for userid, want := range map[string]string{
		frontDesk: "2 of theirs, 1 of others", counsellor: "2 of theirs, 1 of others", admin: "1 of theirs, 2 of others",
		office: "1 of theirs, 2 of others", fudaoyuan: "0 of theirs, 3 of others",
	} {
		if got := figures(userid); got != want {
			t.Errorf("%s sees %s, want %s", userid, got, want)
		}
	}
	again := func(userid, id string) answer {
		return s.post(userid, "/desk/letters/"+id+"/again", values("once", s.token(userid)))
	}
	for _, tt := range []struct {
		name, userid, id string
		want             int
	}{
		{"the_centre's_by_an_administrator", admin, centres[0], http.StatusForbidden},
		{"the_centre's_by_an_office", office, centres[0], http.StatusForbidden},
		{"the_school's_by_the_centre", frontDesk, schools[0], http.StatusForbidden},
		{"one_that_is_not_there", admin, "none", http.StatusForbidden},
		{"the_centre's_by_the_centre", frontDesk, centres[0], http.StatusSeeOther},
		{"twice", frontDesk, centres[0], http.StatusConflict},
		{"the_school's_by_an_office", office, schools[0], http.StatusSeeOther},
	} {
		if got := again(tt.userid, tt.id); got.status != tt.want {
			t.Errorf("%s = %d, want %d", tt.name, got.status, tt.want)
		}
	}
	if got := figures(frontDesk); got != "1 of theirs, 0 of others" {
		t.Errorf("afterwards %s", got)
	}
	if n := s.auditRows("letter.again"); n != 2 {
		t.Errorf("%d rows in the audit log, want 2", n)
	}
}

var secretShown = regexp.MustCompile(`<code>(xg_\w+)</code>`)

func TestTokens(t *testing.T) {
	t.Parallel()
	s := newSchool(t)
	at := "/desk/tokens"
	t.Run("fields_keep_what_was_typed", func(t *testing.T) {
		got := s.send(admin, at, at, "name", "", "person", "", "expires", "2026-12-31", "scopes", "counselling:read", "scopes", "me:read")
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("= %d, want 422", got.status)
		}
		has(t, got.body, "给令牌起个 1 到 40 个字的名字", `value="2026-12-31"`, `value="counselling:read" checked`)
		got = s.send(admin, at, at, "name", "门户", "person", "没有", "expires", "很久", "scopes", "me:read")
		has(t, got.body, "没有这个学号或工号。", `value="没有"`, `value="很久"`)
	})
	t.Run("shown_once_and_stopped", func(t *testing.T) {
		form := values("once", s.once(admin, at), "name", "校园门户", "person", s.person("s01").Number, "expires", "2026-12-31", "scopes", "me:read")
		got := s.post(admin, at, form)
		if got.status != http.StatusOK {
			t.Fatalf("make = %d\n%s", got.status, got.body)
		}
		m := secretShown.FindStringSubmatch(got.body)
		if m == nil {
			t.Fatal("the secret is not shown")
		}
		if again := s.post(admin, at, form); again.status != http.StatusSeeOther {
			t.Errorf("loading the answer again = %d, want 303", again.status)
		}
		list := s.shown(admin, at)
		has(t, list, "校园门户", "张晓雨", "读本人信息", "2026年12月31日")
		hasNot(t, list, m[1])
		if strings.Count(list, "<b>校园门户</b>") != 1 {
			t.Error("the token was made twice")
		}
		storetest.Update(t, s.db, func(tx *store.Tx) error {
			p, _, err := identity.ByToken(t.Context(), tx, m[1])
			if err == nil && p.Name != "张晓雨" {
				t.Errorf("the token acts as %s", p.Name)
			}
			return err
		})
		id := regexp.MustCompile(`action="/desk/tokens/(\w+)/revoke"`).FindStringSubmatch(list)[1]
		if got := s.post(counsellor, at+"/"+id+"/revoke", values("once", s.token(counsellor))); got.status != http.StatusForbidden {
			t.Errorf("another stops it = %d, want 403", got.status)
		}
		if got := s.send(admin, at, at+"/"+id+"/revoke"); got.status != http.StatusSeeOther {
			t.Errorf("stop = %d", got.status)
		}
		has(t, s.shown(admin, at), "已停用")
	})
	t.Run("the_centre_makes_only_its_own", func(t *testing.T) {
		hasNot(t, s.shown(admin, at), "中心的名单")
		has(t, s.shown(frontDesk, at), "中心的名单")
		hasNot(t, s.shown(frontDesk, at), "校园门户")
		if got := s.send(frontDesk, at, at, "name", "名单", "person", s.person("s01").Number, "expires", "2026-12-31", "scopes", "me:read"); got.status != http.StatusForbidden {
			t.Errorf("for another = %d, want 403", got.status)
		}
		got := s.send(frontDesk, at, at, "name", "名单", "expires", "2026-12-31", "scopes", "counselling:read", "scopes", "centre")
		if got.status != http.StatusOK || !secretShown.MatchString(got.body) {
			t.Errorf("for oneself = %d", got.status)
		}
	})
}
