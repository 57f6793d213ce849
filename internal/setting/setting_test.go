package setting_test

import (
	"testing"

	"github.com/xuegong/xuegong/internal/setting"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

type limits struct {
	Hours int    `json:"hours"`
	Name  string `json:"name"`
}

// What a later release adds to a setting has its default beside what a school saved.
func TestAStoredValueLiesOverTheDefaults(t *testing.T) {
	t.Parallel()
	db, _ := storetest.DB(t)
	want := func(defaults, want limits) {
		t.Helper()
		storetest.Update(t, db, func(tx *store.Tx) error {
			got, err := setting.Load(t.Context(), tx, "limits", defaults)
			if got != want {
				t.Errorf("Load = %+v, want %+v", got, want)
			}
			return err
		})
	}
	want(limits{Hours: 24}, limits{Hours: 24})
	storetest.Update(t, db, func(tx *store.Tx) error {
		return setting.Save(t.Context(), tx, "limits", map[string]int{"hours": 12}, 0)
	})
	want(limits{Hours: 24, Name: "成长中心"}, limits{Hours: 12, Name: "成长中心"})
}
