package blob

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/store"
)

// MaxSize of a file in bytes.
const MaxSize = 10 << 20

// The content types that are kept.
const (
	JPEG = "image/jpeg"
	PNG  = "image/png"
	WebP = "image/webp"
	PDF  = "application/pdf"
)

// Blob is a file.
type Blob struct {
	PublicID string
	Owner    int64  // person who stored it
	Name     string // as it was called, shown and never trusted
	Type     string // by its content
	Size     int
	SHA256   []byte // of the content
	At       time.Time
	Purpose  string // what it was sent for, "" if nobody said (Bind)
	Content  []byte // nil in lists
	Small    bool   // Content is the picture made small
}

// What a person reads when a file is refused.
var (
	ErrTooLarge = errs.New(errs.TooLarge, "文件超过 10 MB，请压缩一下或分开上传。")
	ErrEmpty    = errs.New(errs.Invalid, "这个文件是空的，请重新选择。")
	ErrType     = errs.New(errs.Invalid, "只能上传照片（JPG、PNG、WebP）或 PDF，请换一个文件。")
	ErrTooMany  = errs.New(errs.TooMany, "还没有提交的文件太多了，先提交或过一天再上传。")
	ErrGone     = errs.New(errs.NotFound, "没有找到这个文件，可能已经过期，请重新上传。")
)

const (
	maxLoose = 60             // files of one person that are attached to nothing
	life     = 24 * time.Hour // of a loose file
)

// Put stores a file that belongs to nothing yet and returns its public id. The type is
// judged by the content. thumb is a picture made small, nil for none.
func Put(ctx context.Context, tx *store.Tx, owner int64, name string, content, thumb []byte) (Blob, error) {
	b := Blob{PublicID: store.NewPublicID(), Owner: owner, Name: cleanName(name), Type: http.DetectContentType(content), Size: len(content), At: tx.Now()}
	switch {
	case len(content) == 0:
		return Blob{}, ErrEmpty
	case len(content) > MaxSize:
		return Blob{}, ErrTooLarge
	case !slices.Contains([]string{JPEG, PNG, WebP, PDF}, b.Type):
		return Blob{}, ErrType
	}
	sum := sha256.Sum256(content)
	b.SHA256 = sum[:]
	var small []byte
	if thumb != nil {
		small = tx.Keys().Seal(thumbPlace(b.PublicID), thumb)
	}
	kept, err := insertBlob(ctx, tx, b, tx.Keys().Seal(place(b.PublicID), content), small)
	if err != nil {
		return Blob{}, fmt.Errorf("store file: %w", err)
	}
	if !kept {
		return Blob{}, ErrTooMany
	}
	return b, nil
}

// Bind says what a file was sent for; who attaches it can ask.
func Bind(ctx context.Context, tx *store.Tx, publicID, purpose string) error {
	if err := bind(ctx, tx, publicID, purpose); err != nil {
		return fmt.Errorf("bind file: %w", err)
	}
	return nil
}

// Attach makes the files exactly those of an object, for example "request/ab12…": new
// ones must be the owner's loose files, those left out become loose again.
func Attach(ctx context.Context, tx *store.Tx, owner int64, object string, publicIDs []string) error {
	if err := loosen(ctx, tx, object, publicIDs); err != nil {
		return fmt.Errorf("loosen files: %w", err)
	}
	if len(publicIDs) == 0 {
		return nil
	}
	n, err := attach(ctx, tx, owner, object, publicIDs)
	if err != nil {
		return fmt.Errorf("attach files: %w", err)
	}
	if unique := slices.Compact(slices.Sorted(slices.Values(publicIDs))); n != len(unique) {
		return ErrGone
	}
	return nil
}

// Of returns a file of an object with its content. The caller asked whether the reader
// may see the object.
func Of(ctx context.Context, tx *store.Tx, object, publicID string) (Blob, error) {
	return read(ctx, tx, publicID, object, 0, false)
}

// ThumbOf is Of with the picture made small, the file itself where none was stored.
func ThumbOf(ctx context.Context, tx *store.Tx, object, publicID string) (Blob, error) {
	return read(ctx, tx, publicID, object, 0, true)
}

// Loose returns a file of the owner that belongs to nothing yet, to show what was just
// uploaded.
func Loose(ctx context.Context, tx *store.Tx, owner int64, publicID string) (Blob, error) {
	return read(ctx, tx, publicID, "", owner, false)
}

// LooseThumb is Loose with the picture made small, the file itself where none was stored.
func LooseThumb(ctx context.Context, tx *store.Tx, owner int64, publicID string) (Blob, error) {
	return read(ctx, tx, publicID, "", owner, true)
}

func read(ctx context.Context, tx *store.Tx, publicID, object string, owner int64, small bool) (Blob, error) {
	b, sealed, err := selectBlob(ctx, tx, publicID, object, owner, small)
	if store.Missing(err) {
		return Blob{}, ErrGone
	}
	if err != nil {
		return Blob{}, fmt.Errorf("load file: %w", err)
	}
	at := place(publicID)
	if b.Small {
		at, b.Type = thumbPlace(publicID), JPEG
	}
	if b.Content, err = tx.Keys().Unseal(at, sealed); err != nil {
		return Blob{}, err
	}
	return b, nil
}

// List returns the files of an object without their content.
func List(ctx context.Context, tx *store.Tx, object string) ([]Blob, error) {
	list, err := selectBlobs(ctx, tx, object)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	return list, nil
}

// Sweep removes up to 500 files that have been loose for a day and returns how many.
func Sweep(ctx context.Context, tx *store.Tx) (int, error) {
	n, err := sweep(ctx, tx, tx.Now().Add(-life), 500)
	if err != nil {
		return 0, fmt.Errorf("sweep files: %w", err)
	}
	return n, nil
}

// Broken returns one line for each row that breaks an invariant of the package.
func Broken(ctx context.Context, tx *store.Tx) ([]string, error) {
	lines, err := broken(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("audit files: %w", err)
	}
	damaged, err := changed(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("audit contents of files: %w", err)
	}
	return append(lines, damaged...), nil
}

func place(publicID string) string      { return "blob/content/" + publicID }
func thumbPlace(publicID string) string { return "blob/thumb/" + publicID }

// cleanName keeps the last part of a path, at most 80 characters.
func cleanName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError {
			return -1
		}
		return r
	}, name)
	if r := []rune(name); len(r) > 80 {
		name = string(r[len(r)-80:])
	}
	return name
}
