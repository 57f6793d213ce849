package sample

import (
	"context"
	"errors"
	"fmt"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/setting"
	"github.com/xuegong/xuegong/internal/sheet"
	"github.com/xuegong/xuegong/internal/store"
)

// The units of the school by name.
const (
	literature  = "文学院"
	information = "信息学院"
	affairs     = "学工处"
	aid         = "学生资助管理中心"
	work        = "勤工助学中心"
	matters     = "学生事务中心"
	centre      = "成长中心"
	centreCode  = "growth"
)

// Load founds the sample school if it is not there, and plans hours up to the
// horizon in any case. What was changed since stays as it is.
func Load(ctx context.Context, db *store.DB) error {
	err := db.Update(ctx, func(tx *store.Tx) error {
		founded, err := isFounded(ctx, tx)
		if err != nil {
			return err
		}
		if !founded {
			if err := found(ctx, tx); err != nil {
				return err
			}
		}
		if err := planHours(ctx, tx); err != nil {
			return fmt.Errorf("plan hours: %w", err)
		}
		if err := fillRoster(ctx, tx); err != nil {
			return fmt.Errorf("fill roster: %w", err)
		}
		if founded {
			return nil
		}
		return beginBookings(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("sample school: %w", err)
	}
	return nil
}

// isFounded tells whether the first student is there.
func isFounded(ctx context.Context, tx *store.Tx) (bool, error) {
	_, err := identity.Numbered(ctx, tx, students()[0].number)
	if errs.KindOf(err) == errs.NotFound {
		return false, nil
	}
	return err == nil, err
}

func found(ctx context.Context, tx *store.Tx) error {
	if err := foundUnits(ctx, tx); err != nil {
		return fmt.Errorf("units: %w", err)
	}
	year := service.SchoolYear(tx.Now(), tx.Zone())
	for _, table := range []sheet.Table{list(year), lastYear(year)} {
		report, err := identity.Apply(ctx, tx, table, identity.Operator(), identity.ImportOptions{CreateUnits: true, BoundBy: "sample"}, "")
		if err != nil {
			return fmt.Errorf("people: %w", err)
		}
		if len(report.Errors) > 0 {
			return errors.New("people: " + report.String())
		}
	}
	who, err := load(ctx, tx, "t")
	if err != nil {
		return err
	}
	if err := grantRoles(ctx, tx, who); err != nil {
		return fmt.Errorf("roles: %w", err)
	}
	if err := setting.SaveSchool(ctx, tx, identity.Operator(), setting.School{Name: "示例大学"}); err != nil {
		return fmt.Errorf("school: %w", err)
	}
	if err := fillCalendar(ctx, tx); err != nil {
		return fmt.Errorf("calendar: %w", err)
	}
	if err := foundCentre(ctx, tx); err != nil {
		return fmt.Errorf("centre: %w", err)
	}
	return nil
}

func foundUnits(ctx context.Context, tx *store.Tx) error {
	op := identity.Operator()
	east, err := identity.SaveCampus(ctx, tx, op, "east", "东校区")
	if err != nil {
		return err
	}
	west, err := identity.SaveCampus(ctx, tx, op, "west", "西校区")
	if err != nil {
		return err
	}
	for _, u := range []identity.Unit{
		{Kind: identity.College, Code: "literature", Name: literature, Campus: east.ID},
		{Kind: identity.College, Code: "information", Name: information, Campus: west.ID},
		{Kind: identity.Department, Code: "affairs", Name: affairs, Campus: east.ID},
		{Kind: identity.Department, Code: "aid", Name: aid, Campus: east.ID},
		{Kind: identity.Department, Code: "work", Name: work, Campus: east.ID},
		{Kind: identity.Department, Code: "service", Name: matters, Campus: west.ID},
		{Kind: identity.Centre, Code: centreCode, Name: centre, Campus: east.ID},
	} {
		if _, err := identity.SaveUnit(ctx, tx, op, u); err != nil {
			return err
		}
	}
	return nil
}

// load returns the persons whose userid begins with prefix, as they stand now.
func load(ctx context.Context, tx *store.Tx, prefix string) (map[string]identity.Person, error) {
	who := map[string]identity.Person{}
	for _, p := range people() {
		if p.number == "" || p.userid == "" || p.userid[:len(prefix)] != prefix {
			continue
		}
		found, err := identity.Numbered(ctx, tx, p.number)
		if err != nil {
			return nil, fmt.Errorf("load %s: %w", p.userid, err)
		}
		who[p.userid] = found
	}
	return who, nil
}

func grantRoles(ctx context.Context, tx *store.Tx, who map[string]identity.Person) error {
	units, err := identity.Units(ctx, tx)
	if err != nil {
		return err
	}
	at := map[string]int64{"": 0}
	for _, u := range units {
		at[u.Name] = u.ID
	}
	give := func(userid string, name identity.RoleName, unit string) error {
		return identity.Grant(ctx, tx, identity.Operator(), who[userid].ID, name, at[unit])
	}
	err = errors.Join(
		give("t07", identity.Admin, ""),
		give("t08", identity.Office, affairs), give("t09", identity.Office, aid), give("t10", identity.Office, work),
		give("t11", identity.Office, matters), give("t12", identity.Office, literature), give("t13", identity.Office, information), give("t24", identity.OfficeHead, work))
	for i, c := range classes() {
		err = errors.Join(err, give(fmt.Sprintf("t%02d", 14+i), identity.ClassCounsellor, c.name))
	}
	return err
}
