package blob_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuegong/xuegong/internal/blob"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

func picture() []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 4)))
	return b.Bytes()
}

// persons makes two owners and returns their keys.
func persons(t *testing.T, db *store.DB) (a, b int64) {
	t.Helper()
	storetest.Update(t, db, func(tx *store.Tx) error {
		for _, id := range []*int64{&a, &b} {
			if err := tx.GetContext(t.Context(), id, `
				insert into person (public_id, name, kind, created_at, updated_at) values ($1, '张晓雨', 'student', $2, $2) returning id`,
				store.NewPublicID(), tx.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	return a, b
}

func put(t *testing.T, db *store.DB, owner int64) (f blob.Blob) {
	t.Helper()
	storetest.Update(t, db, func(tx *store.Tx) (err error) {
		f, err = blob.Put(t.Context(), tx, owner, `C:\车票.png`, picture(), nil)
		return err
	})
	return f
}

func TestA_file_is_known_by_its_content(t *testing.T) {
	t.Parallel()
	db, _ := storetest.DB(t)
	owner, _ := persons(t, db)
	for _, tt := range []struct {
		name    string
		content []byte
		want    error
	}{
		{"nothing", nil, blob.ErrEmpty},
		{"a page that calls itself a picture", []byte("<html><script>"), blob.ErrType},
		{"a program", []byte("MZ\x90\x00"), blob.ErrType},
		{"too much", make([]byte, blob.MaxSize+1), blob.ErrTooLarge},
		{"a PDF", []byte("%PDF-1.7 …"), nil},
		{"a picture", picture(), nil},
	} {
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := blob.Put(t.Context(), tx, owner, "a.png", tt.content, nil)
			return err
		})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestA_file_belongs_to_its_owner_and_then_to_its_object(t *testing.T) {
	t.Parallel()
	db, clk := storetest.DB(t)
	owner, other := persons(t, db)
	ctx := context.Background()
	f, second := put(t, db, owner), put(t, db, owner)
	if f.Name != "车票.png" || f.Type != blob.PNG {
		t.Errorf("kept as %q of type %s", f.Name, f.Type)
	}
	try := func(fn func(tx *store.Tx) error) error { return db.Update(ctx, fn) }
	attach := func(as int64, object string, ids ...string) error {
		return try(func(tx *store.Tx) error { return blob.Attach(ctx, tx, as, object, ids) })
	}
	if err := attach(other, "request/b", f.PublicID); !errors.Is(err, blob.ErrGone) {
		t.Errorf("somebody else attaches it: %v", err)
	}
	if err := attach(owner, "request/a", f.PublicID, second.PublicID); err != nil {
		t.Fatal(err)
	}
	if err := attach(owner, "request/b", f.PublicID); !errors.Is(err, blob.ErrGone) {
		t.Errorf("attached twice: %v", err)
	}
	storetest.Update(t, db, func(tx *store.Tx) error {
		got, err := blob.Of(ctx, tx, "request/a", f.PublicID)
		if err != nil || !bytes.Equal(got.Content, picture()) {
			t.Errorf("read back %d bytes, %v", len(got.Content), err)
		}
		if _, err := blob.Of(ctx, tx, "request/b", f.PublicID); !errors.Is(err, blob.ErrGone) {
			t.Errorf("read from another object: %v", err)
		}
		if _, err := blob.Loose(ctx, tx, owner, f.PublicID); !errors.Is(err, blob.ErrGone) {
			t.Errorf("read as loose: %v", err)
		}
		return nil
	})
	if err := attach(owner, "request/a", second.PublicID); err != nil { // the first one is left out
		t.Fatal(err)
	}
	storetest.Update(t, db, func(tx *store.Tx) error {
		if _, err := blob.Loose(ctx, tx, other, f.PublicID); !errors.Is(err, blob.ErrGone) {
			t.Errorf("another's loose file: %v", err)
		}
		_, err := blob.Loose(ctx, tx, owner, f.PublicID)
		return err
	})
	_ = clk.MoveTo(clk.Now().Add(24*time.Hour + time.Second))
	storetest.Update(t, db, func(tx *store.Tx) error {
		if n, err := blob.Sweep(ctx, tx); err != nil || n != 1 {
			t.Errorf("swept %d, %v", n, err)
		}
		list, err := blob.List(ctx, tx, "request/a")
		if err != nil || len(list) != 1 || list[0].PublicID != second.PublicID {
			t.Errorf("left %v, %v", list, err)
		}
		lines, err := blob.Broken(ctx, tx)
		if len(lines) > 0 {
			t.Error(lines)
		}
		return err
	})
}

func TestOne_person_keeps_only_so_many_loose_files(t *testing.T) {
	t.Parallel()
	db, _ := storetest.DB(t)
	owner, _ := persons(t, db)
	var failed []error
	storetest.Update(t, db, func(tx *store.Tx) error {
		for range 61 {
			if _, err := blob.Put(t.Context(), tx, owner, "", picture(), nil); err != nil {
				failed = append(failed, err)
			}
		}
		return nil
	})
	if len(failed) != 1 || !slices.ContainsFunc(failed, func(err error) bool { return errors.Is(err, blob.ErrTooMany) }) {
		t.Errorf("refused: %v", failed)
	}
}

func TestA_thumbnail_is_read_like_its_picture(t *testing.T) {
	t.Parallel()
	db, _ := storetest.DB(t)
	owner, other := persons(t, db)
	small := []byte("\xff\xd8\xffsmall")
	storetest.Update(t, db, func(tx *store.Tx) error {
		f, err := blob.Put(t.Context(), tx, owner, "a.png", picture(), small)
		if err != nil {
			return err
		}
		old, err := blob.Put(t.Context(), tx, owner, "b.png", picture(), nil)
		if err != nil {
			return err
		}
		if b, err := blob.LooseThumb(t.Context(), tx, owner, f.PublicID); err != nil || !bytes.Equal(b.Content, small) || !b.Small || b.Type != blob.JPEG {
			t.Errorf("the thumbnail: %+v, %v", b, err)
		}
		if b, err := blob.LooseThumb(t.Context(), tx, owner, old.PublicID); err != nil || b.Small || !bytes.Equal(b.Content, picture()) {
			t.Errorf("without one: %v", err)
		}
		if _, err := blob.ThumbOf(t.Context(), tx, "application/x", f.PublicID); !errors.Is(err, blob.ErrGone) {
			t.Errorf("of an object it is not of: %v", err)
		}
		_, err = blob.LooseThumb(t.Context(), tx, other, f.PublicID)
		if !errors.Is(err, blob.ErrGone) {
			t.Errorf("to somebody else: %v", err)
		}
		return nil
	})
}

func TestThe_audit_names_a_file_that_is_not_what_was_stored(t *testing.T) {
	t.Parallel()
	for sabotage, want := range map[string]string{
		`update blob set content = '\x00'`:               "cannot be opened",
		`update blob set sha256 = '\x00'`:                "is not what was stored",
		`update blob set size = size + 1`:                "is not what was stored",
		`update blob set public_id = reverse(public_id)`: "cannot be opened", // sealed for another place
	} {
		db, _ := storetest.DB(t)
		owner, _ := persons(t, db)
		storetest.Update(t, db, func(tx *store.Tx) error {
			if _, err := blob.Put(t.Context(), tx, owner, "车票.png", picture(), nil); err != nil {
				return err
			}
			if _, err := tx.ExecContext(t.Context(), sabotage); err != nil {
				return err
			}
			lines, err := blob.Broken(t.Context(), tx)
			if len(lines) != 1 || !strings.Contains(lines[0], want) {
				t.Errorf("%s: %q, want %q", sabotage, lines, want)
			}
			return err
		})
	}
}
