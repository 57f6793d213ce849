package identity_test

import (
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/clock"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/sheet"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// roll is the list the tests' school begins with.
const roll = `学号/工号,姓名,类别,层次,状态,学院,班级,校区,企业微信账号
20240001,张晓雨,学生,本科,在籍,文学院,一班,东校区,s1
20240002,李沐阳,学生,本科,在籍,文学院,二班,东校区,s2
B2024003,王思齐,学生,本科,在籍,信息学院,三班,东校区,
20200009,罗锦程,学生,本科,毕业,文学院,一班,东校区,g1
100001,周海宁,教职工,,在职,学工处,,东校区,admin1
100002,陈立夏,教职工,,在职,学工处,,东校区,admin2
100003,林若谷,教职工,,在职,成长中心,,东校区,head
100004,苏晴,教职工,,在职,成长中心,,东校区,other
100005,宋清和,教职工,,在职,文学院,,东校区,college
100006,江月明,教职工,,在职,文学院,,东校区,class
100007,何秋白,教职工,,在职,学工处,,东校区,office
`

// school is a database with roll, the roles its userids say, and a counselling centre.
type school struct {
	*store.DB
	clock *clock.Fixed
	units map[string]int64 // by name
}

func newSchool(t *testing.T) school {
	t.Helper()
	s := school{units: map[string]int64{"": 0}}
	s.DB, s.clock = storetest.DB(t)
	op := identity.Operator()
	storetest.Update(t, s.DB, func(tx *store.Tx) error {
		for _, u := range []identity.Unit{
			{Kind: identity.Centre, Code: "growth", Name: "成长中心"},
			{Kind: identity.College, Code: "literature", Name: "文学院"},
			{Kind: identity.Department, Code: "affairs", Name: "学工处"},
			{Kind: identity.Organisation, Code: "club", Name: "诗社"},
		} {
			if _, err := identity.SaveUnit(t.Context(), tx, op, u); err != nil {
				return err
			}
		}
		return nil
	})
	if r := s.load(t, roll, identity.ImportOptions{CreateUnits: true}); !r.Applied {
		t.Fatal(r)
	}
	storetest.Update(t, s.DB, func(tx *store.Tx) error {
		units, err := identity.Units(t.Context(), tx)
		for _, u := range units {
			s.units[u.Name] = u.ID
		}
		return err
	})
	s.do(t, "", func(tx *store.Tx, op identity.Person) error {
		for _, g := range []struct {
			userid string
			role   identity.RoleName
			unit   string
		}{
			{"admin1", identity.Admin, ""},
			{"admin2", identity.Admin, ""},
			{"office", identity.Office, "学工处"},
			{"college", identity.Office, "文学院"},
			{"class", identity.ClassCounsellor, "一班"},
		} {
			if err := identity.Grant(t.Context(), tx, op, s.person(t, tx, g.userid).ID, g.role, s.units[g.unit]); err != nil {
				return err
			}
		}
		return identity.Found(t.Context(), tx, op, s.person(t, tx, "head").ID, s.units["成长中心"])
	})
	return s
}

// load imports a list as the Operator.
func (s school) load(t *testing.T, list string, o identity.ImportOptions) identity.ImportReport {
	t.Helper()
	r, err := identity.ImportFile(t.Context(), s.DB, strings.NewReader(list), identity.Operator(), o, true)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// person is who acts with the userid, "" the Operator.
func (s school) person(t *testing.T, tx *store.Tx, userid string) identity.Person {
	t.Helper()
	if userid == "" {
		return identity.Operator()
	}
	p, err := identity.Resolve(t.Context(), tx, userid, identity.ByHand)
	if err != nil {
		t.Fatalf("resolve %s: %v", userid, err)
	}
	return p
}

// do runs fn as the person of the userid and fails the test if it is refused.
func (s school) do(t *testing.T, userid string, fn func(tx *store.Tx, who identity.Person) error) {
	t.Helper()
	if err := s.try(t, userid, fn); err != nil {
		t.Fatalf("as %q: %v", userid, err)
	}
}

// try runs fn as the person of the userid and returns its error.
func (s school) try(t *testing.T, userid string, fn func(tx *store.Tx, who identity.Person) error) error {
	t.Helper()
	return s.Update(t.Context(), func(tx *store.Tx) error { return fn(tx, s.person(t, tx, userid)) })
}

// numbered returns the person of a number.
func (s school) numbered(t *testing.T, number string) identity.Person {
	t.Helper()
	var p identity.Person
	s.do(t, "", func(tx *store.Tx, _ identity.Person) (err error) {
		p, err = identity.Numbered(t.Context(), tx, number)
		return err
	})
	return p
}

// says returns the sentence of an error, "" for none.
func says(err error) string {
	if err == nil {
		return ""
	}
	return errs.MessageOf(err)
}

func table(t *testing.T, list string) sheet.Table {
	t.Helper()
	tab, err := sheet.Read(strings.NewReader(list))
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

// wantSays compares how the sentence of an error begins, "" meaning no error.
func wantSays(t *testing.T, err error, want string) {
	t.Helper()
	if got := says(err); (want == "") != (err == nil) || !strings.HasPrefix(got, want) {
		t.Errorf("says %q (%v), want %q", got, err, want)
	}
}
