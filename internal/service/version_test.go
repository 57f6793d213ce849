package service_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
	"github.com/xuegong/xuegong/templates"
)

// filesOf loads files of reading with the replacements under their codes.
func filesOf(t *testing.T, files map[string]*strings.Replacer) []service.File {
	t.Helper()
	folder := fstest.MapFS{"services/empty.yaml": {}}
	for code, change := range files {
		text := strings.Replace(reading, "code: reading-fund", "code: "+code, 1)
		folder["services/"+code+".yaml"] = &fstest.MapFile{Data: []byte(change.Replace(text))}
	}
	list, err := service.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func asItIs() *strings.Replacer { return strings.NewReplacer() }

func apply(t *testing.T, db *store.DB, files []service.File) service.Applied {
	t.Helper()
	var a service.Applied
	storetest.Update(t, db, func(tx *store.Tx) (err error) {
		a, err = service.Apply(t.Context(), tx, identity.Operator(), files)
		return err
	})
	return a
}

func active(t *testing.T, db *store.DB) []service.Version {
	t.Helper()
	var list []service.Version
	storetest.Update(t, db, func(tx *store.Tx) (err error) {
		list, err = service.Active(t.Context(), tx)
		return err
	})
	return list
}

func TestApply_changes_what_is_offered_and_keeps_every_version(t *testing.T) {
	t.Parallel()
	db, _ := storetest.DB(t)
	if len(active(t, db)) != 0 {
		t.Fatal("something is offered before anything was applied")
	}
	first := filesOf(t, map[string]*strings.Replacer{"a-fund": asItIs(), "b-fund": asItIs()})
	if diff := cmp.Diff(service.Applied{Added: []string{"a-fund", "b-fund"}}, apply(t, db, first)); diff != "" {
		t.Errorf("first (-want +got):\n%s", diff)
	}
	if a := apply(t, db, first); !a.Nothing() {
		t.Errorf("the same files again: %+v", a)
	}
	old := active(t, db)[1]
	second := filesOf(t, map[string]*strings.Replacer{"b-fund": strings.NewReplacer("title: 阅读补助", "title: 购书补助"), "c-fund": strings.NewReplacer("order: 90", "order: 10")})
	if diff := cmp.Diff(service.Applied{Added: []string{"c-fund"}, Changed: []string{"b-fund"}, Removed: []string{"a-fund"}}, apply(t, db, second)); diff != "" {
		t.Errorf("second (-want +got):\n%s", diff)
	}
	var codes []string
	for _, v := range active(t, db) {
		codes = append(codes, v.Code+" "+v.Title)
	}
	if diff := cmp.Diff([]string{"c-fund 阅读补助", "b-fund 购书补助"}, codes); diff != "" {
		t.Errorf("active (-want +got):\n%s", diff)
	}
	storetest.Update(t, db, func(tx *store.Tx) error {
		kept, err := service.Get(t.Context(), tx, old.ID)
		if err != nil || kept.Title != "阅读补助" || kept.Code != "b-fund" || kept.Hash != old.Hash {
			t.Errorf("the version of before: %+v, %v", kept, err)
		}
		if _, err := service.Get(t.Context(), tx, 1<<40); !errors.Is(err, service.ErrNoVersion) {
			t.Errorf("an invented version: %v", err)
		}
		if _, err := service.ByCode(t.Context(), tx, "a-fund"); !errors.Is(err, service.ErrNoVersion) {
			t.Errorf("what is not offered any more: %v", err)
		}
		v, err := service.ByCode(t.Context(), tx, "b-fund")
		if v.Title != "购书补助" {
			t.Errorf("by code: %+v", v)
		}
		return err
	})
	apply(t, db, first)
	if back := active(t, db)[1]; back.ID != old.ID {
		t.Error("a file of before has another version than before")
	}
}

func TestApplyFirst_leaves_an_active_set_alone_and_Differ_says_so(t *testing.T) {
	t.Parallel()
	db, _ := storetest.DB(t)
	mine, theirs := filesOf(t, map[string]*strings.Replacer{"a-fund": asItIs()}), filesOf(t, map[string]*strings.Replacer{"b-fund": asItIs()})
	differ := func(files []service.File) (says string) {
		storetest.Update(t, db, func(tx *store.Tx) (err error) {
			says, err = service.Differ(t.Context(), tx, files)
			return err
		})
		return says
	}
	if got := differ(mine); !strings.HasPrefix(got, "no services are active") {
		t.Errorf("before: %q", got)
	}
	for _, files := range [][]service.File{mine, theirs} {
		storetest.Update(t, db, func(tx *store.Tx) error { return service.ApplyFirst(t.Context(), tx, files) })
	}
	if got := active(t, db); len(got) != 1 || got[0].Code != "a-fund" {
		t.Errorf("active %+v", got)
	}
	if got := differ(mine); got != "" {
		t.Errorf("mine: %q", got)
	}
	if got := differ(theirs); !strings.HasPrefix(got, "this process has other service files") {
		t.Errorf("theirs: %q", got)
	}
}

func TestApply_is_for_administrators(t *testing.T) {
	t.Parallel()
	db, _ := storetest.DB(t)
	storetest.Update(t, db, func(tx *store.Tx) error {
		for _, who := range []identity.Person{{ID: 7}, {ID: 7, Roles: []identity.Role{{Name: identity.Office}}}} {
			if _, err := service.Apply(t.Context(), tx, who, nil); !errors.Is(err, identity.ErrForbidden) {
				t.Errorf("%+v: %v", who, err)
			}
		}
		return nil
	})
}

func TestAgree_is_to_the_text_that_was_shown(t *testing.T) {
	t.Parallel()
	db, clk := storetest.DB(t)
	d := filesOf(t, map[string]*strings.Replacer{"a-fund": asItIs()})[0].Definition
	newer := filesOf(t, map[string]*strings.Replacer{"a-fund": strings.NewReplacer("发票要写学校名称", "发票要写学校全称")})[0].Definition
	var who identity.Person
	storetest.Update(t, db, func(tx *store.Tx) error {
		who = student(t, tx, "")
		if _, ok, err := service.Agreed(t.Context(), tx, who, d); ok || err != nil {
			t.Errorf("agreed before reading: %v, %v", ok, err)
		}
		return service.Agree(t.Context(), tx, who, d, d.Notice.Version())
	})
	first := clk.Now()
	if err := clk.MoveTo(first.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	storetest.Update(t, db, func(tx *store.Tx) error {
		if err := service.Agree(t.Context(), tx, who, d, d.Notice.Version()); err != nil {
			return err
		}
		if at, ok, err := service.Agreed(t.Context(), tx, who, d); !ok || !at.Equal(first) || err != nil {
			t.Errorf("agreed %v at %v, %v; want the first time %v", ok, at, err, first)
		}
		if _, ok, _ := service.Agreed(t.Context(), tx, who, newer); ok {
			t.Error("the old text counts for the new one")
		}
		if err := service.Agree(t.Context(), tx, who, newer, d.Notice.Version()); errs.KindOf(err) != errs.Conflict {
			t.Errorf("agreeing to a text that is not shown any more: %v", err)
		}
		return nil
	})
}

func TestHome_lays_services_after_what_stands_there(t *testing.T) {
	t.Parallel()
	db, _ := storetest.DB(t)
	apply(t, db, filesOf(t, map[string]*strings.Replacer{"a-fund": asItIs(), "b-fund": strings.NewReplacer("group: 事务办理", "group: 实践锻炼", "chat: 阅读补助", "chat: 阅读补助\nsay: 我要买书")}))
	fixed := templates.Home{Modules: []templates.Module{{Name: "信息查询"}, {Name: "事务办理", Items: []templates.Item{{Code: "desk"}}}, {Name: "实践锻炼"}}}
	storetest.Update(t, db, func(tx *store.Tx) error {
		h, err := service.Home(t.Context(), tx, fixed)
		if err != nil {
			return err
		}
		want := []templates.Module{
			{Name: "信息查询"},
			{Name: "事务办理", Items: []templates.Item{{Code: "desk"}, {
				Code: "a-fund", Title: "阅读补助", Chat: "阅读补助", Detail: "买专业书的补助", Path: "/m/services/a-fund", Say: "申请阅读补助", For: []string{"student"},
			}}},
			{Name: "实践锻炼", Items: []templates.Item{{
				Code: "b-fund", Title: "阅读补助", Chat: "阅读补助", Detail: "买专业书的补助", Path: "/m/services/b-fund", Say: "我要买书", For: []string{"student"},
			}}},
		}
		if diff := cmp.Diff(want, h.Modules); diff != "" {
			t.Errorf("home (-want +got):\n%s", diff)
		}
		if len(fixed.Modules[1].Items) != 1 {
			t.Error("home.yaml itself was changed")
		}
		return nil
	})
}
