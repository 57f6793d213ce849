package desk

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/sheet"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// maxImport is how many bytes a list may have here. Between preview and import the page
// itself holds the list, a third longer in its form, so that nothing is kept on the
// server of a list nobody imports.
const maxImport = 8 << 20

// Import is the way of a list of persons into the records: choose, look, import.
type Import struct {
	Base
	Columns []identity.ImportColumn
	Report  *identity.ImportReport // nil before a file was chosen
	File    string                 // its name
	Content string                 // base64, in the form that imports it
}

// Template implements page.Page.
func (*Import) Template() string { return "desk/import" }

// Writes is how many persons would be written.
func (p *Import) Writes() int { return p.Report.Created + p.Report.Continued + p.Report.Changed }

// Shown are the first wrong cells; a list with thousands has one mistake in all of them.
func (p *Import) Shown() []identity.RowError {
	return p.Report.Errors[:min(len(p.Report.Errors), 100)]
}

func importForm(c *page.Context) error {
	return show(c, &Import{}, loadImport, nil)
}

func loadImport(c *page.Context, p *Import) error {
	p.Title, p.Columns = "导入名单", identity.ImportColumns()
	return read(c, p, func(_ *store.Tx, who identity.Person) error {
		if !isAdmin(who) {
			return identity.ErrForbidden
		}
		return nil
	})
}

// importPreview says what the list would change, and where it is wrong.
func importPreview(c *page.Context) error {
	p := &Import{Base: Base{Form: typed(c, "create_units")}}
	if err := loadImport(c, p); err != nil {
		return err
	}
	name, content, err := uploaded(c)
	if err == nil {
		p.File, p.Content = name, base64.StdEncoding.EncodeToString(content)
		err = preview(c, p, content)
	}
	if err != nil {
		p.Report, p.Content = nil, ""
	}
	return answer(c, p, err)
}

// uploaded reads the file of the form.
func uploaded(c *page.Context) (string, []byte, error) {
	file, header, err := c.Gin.Request.FormFile("file")
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok || err == nil && header.Size > maxImport {
		return "", nil, errs.Field("file", "文件超过 8 MB，请拆成几份再传。")
	}
	if err != nil {
		return "", nil, errs.Field("file", "先选一个 .xlsx 或 .csv 文件。")
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(file)
	return header.Filename, content, err
}

// preview says what the list would change.
func preview(c *page.Context, p *Import, content []byte) error {
	table, err := sheet.Read(bytes.NewReader(content))
	if err != nil {
		return err
	}
	return c.View(func(tx *store.Tx, who identity.Person) error {
		if !isAdmin(who) {
			return identity.ErrForbidden
		}
		report, err := identity.Preview(c, tx, table, p.options())
		p.Report = &report
		return err
	})
}

func (p *Import) options() identity.ImportOptions {
	return identity.ImportOptions{CreateUnits: p.Form["create_units"] == "on"}
}

// errMoved is what a person reads whose list fitted when it was looked at.
var errMoved = errs.New(errs.Conflict, "名单和库里的内容有了出入，一行都没有写入。请看下面标出的地方。")

// importApply imports what was looked at, judged anew.
func importApply(c *page.Context) error {
	p := &Import{Base: Base{Form: typed(c, "create_units")}, File: c.Form("name"), Content: c.Form("content")}
	content, err := base64.StdEncoding.DecodeString(p.Content)
	if err != nil || len(content) == 0 {
		return importRefused(c, p, errs.Field("file", "名单没有传完整，请重新选一次文件。"))
	}
	table, err := sheet.Read(bytes.NewReader(content))
	if err != nil {
		return importRefused(c, p, err)
	}
	sum := sha256.Sum256(content)
	err = c.Act(func(tx *store.Tx, who identity.Person) error {
		report, err := identity.Apply(c, tx, table, who, p.options(), hex.EncodeToString(sum[:]))
		if err != nil {
			return err
		}
		if p.Report = &report; !report.Applied {
			return errMoved
		}
		return counselling.Departures(c, tx)
	})
	written := 0
	if err == nil {
		written = p.Writes()
	}
	next := address("/desk/people/import", "said", "imported", "n", strconv.Itoa(written))
	return done(c, err, next, func(cause error) error { return importRefused(c, p, cause) })
}

func importRefused(c *page.Context, p *Import, cause error) error {
	if p.Report == nil {
		p.Content = ""
	}
	return show(c, p, loadImport, cause)
}
