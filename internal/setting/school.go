package setting

import (
	"context"
	"strings"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// schoolKey is where School is stored.
const schoolKey = "school"

// School is what the papers say of the school.
type School struct {
	Name string `json:"name"` // at the head of a certificate; "" leaves it out
}

// LoadSchool returns what is set of the school.
func LoadSchool(ctx context.Context, tx *store.Tx) (School, error) {
	return Load(ctx, tx, schoolKey, School{})
}

// SaveSchool changes it; only an administrator may, and it is audited.
func SaveSchool(ctx context.Context, tx *store.Tx, who identity.Person, s School) error {
	if !who.HasIn(0, identity.Admin) {
		return identity.ErrForbidden
	}
	s.Name = strings.TrimSpace(s.Name)
	if n := len([]rune(s.Name)); n < 2 || n > 40 {
		return errs.Field("name", "学校名称写 2 到 40 个字，会印在证明上。")
	}
	if err := Save(ctx, tx, schoolKey, s, int64(who.ID)); err != nil {
		return err
	}
	return audit.Append(ctx, tx, int64(who.ID), "setting.save", "setting/"+schoolKey, nil)
}
