package page

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/xuegong/xuegong/internal/blob"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/photo"
	"github.com/xuegong/xuegong/internal/store"
)

// File is one file of a posted form. One that is too large has no content, so that
// everything beside it is still read.
type File struct {
	Name     string
	Content  []byte
	TooLarge bool
}

// Posted is a form with its files, by the names of its inputs.
type Posted struct {
	Values url.Values
	Files  map[string][]File
}

// maxValues is how many bytes all inputs of a form that are no files may have.
const maxValues = 1 << 20

// errFormTooLarge is said where not even the inputs could be read.
var errFormTooLarge = errs.New(errs.TooLarge, "这次上传的内容太多，没有收下。请一张一张地传，每张不超过 10 MB。")

// ReadForm reads the posted form part by part, instead of Form: a file that is too large
// is left out and marked.
func (c *Context) ReadForm() (Posted, error) {
	r := c.Gin.Request
	parts, err := r.MultipartReader()
	if errors.Is(err, http.ErrNotMultipart) {
		if err := r.ParseForm(); err != nil {
			return Posted{}, unread(err)
		}
		return Posted{Values: r.PostForm}, nil
	}
	if err != nil {
		return Posted{}, unread(err)
	}
	p := Posted{Values: url.Values{}, Files: map[string][]File{}}
	for left := maxValues; ; {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Posted{}, unread(err)
		}
		if left, err = p.read(part, left); err != nil {
			return Posted{}, unread(err)
		}
	}
	// What reads the form after us finds it read.
	r.PostForm, r.Form, r.MultipartForm = p.Values, p.Values, &multipart.Form{Value: p.Values}
	return p, nil
}

// read takes one part and returns how many bytes of inputs are left.
func (p Posted) read(part *multipart.Part, left int) (int, error) {
	if part.FileName() == "" {
		b, err := io.ReadAll(io.LimitReader(part, int64(left)+1))
		if len(b) > left {
			return 0, errFormTooLarge
		}
		p.Values.Add(part.FormName(), string(b))
		return left - len(b), err
	}
	f := File{Name: part.FileName()}
	b, err := io.ReadAll(io.LimitReader(part, blob.MaxSize+1))
	if f.Content = b; len(b) > blob.MaxSize {
		f.Content, f.TooLarge = nil, true
		_, err = io.Copy(io.Discard, part)
	}
	p.Files[part.FormName()] = append(p.Files[part.FormName()], f)
	return left, err
}

func unread(err error) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return errs.Wrap(err, errFormTooLarge.Kind, errFormTooLarge.Message)
	}
	if errs.KindOf(err) != errs.Internal {
		return err
	}
	return errs.Wrap(err, errs.Invalid, "上传中断了，没有收全。请再试一次。")
}

// ReadFile reads the body of an API call as one file. One that is too large is read to its
// end, as far as a request may go: who is cut off while sending never reads the answer.
func (c *Context) ReadFile(name string) (File, error) {
	body := c.Gin.Request.Body
	b, err := io.ReadAll(io.LimitReader(body, blob.MaxSize+1))
	if len(b) > blob.MaxSize {
		_, _ = io.Copy(io.Discard, body)
		return File{Name: name, TooLarge: true}, nil
	}
	if err != nil {
		return File{}, unread(err)
	}
	return File{Name: name, Content: b}, nil
}

// Keep checks a file and stores it as the person's, sent for the purpose and belonging to
// nothing yet. A picture is made anew, upright and without the place where it was taken;
// where a picture is asked for, nothing else is taken.
func (c *Context) Keep(f File, picture bool, purpose string) (kept blob.Blob, err error) {
	switch {
	case f.TooLarge && picture:
		return kept, photo.ErrTooLarge
	case f.TooLarge:
		return kept, blob.ErrTooLarge
	}
	content, thumb := f.Content, []byte(nil)
	if picture || strings.HasPrefix(http.DetectContentType(content), "image/") {
		p, err := c.kit.Photos.Read(c, content)
		if err != nil {
			return kept, err
		}
		content, thumb = p.JPEG, p.Thumb
	}
	err = c.Update(func(tx *store.Tx, who identity.Person) error {
		if kept, err = blob.Put(c, tx, int64(who.ID), f.Name, content, thumb); err != nil {
			return err
		}
		return blob.Bind(c, tx, kept.PublicID, purpose)
	})
	return kept, err
}

// Inline answers with a file to look at, a picture small if small is set: one stored
// before thumbnails were is made small here. It may be kept by the browser of who looked at
// it: the content behind an id never changes.
func (c *Context) Inline(b blob.Blob, small bool) error {
	content := b.Content
	if small && !b.Small && strings.HasPrefix(b.Type, "image/") {
		p, err := c.kit.Photos.Read(c, content)
		if err != nil {
			return err
		}
		content = p.Thumb
	}
	c.Gin.Header("Cache-Control", "private, max-age=600")
	c.Gin.Header("Content-Disposition", "inline")
	c.Gin.DataFromReader(http.StatusOK, int64(len(content)), b.Type, bytes.NewReader(content), nil)
	return nil
}
