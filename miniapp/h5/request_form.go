package h5

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/region"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// paper shows what is being written.
func (f face) paper(c *page.Context) error {
	paper, err := f.loadPaper(c)
	if errors.Is(err, request.ErrNotDraft) {
		return c.SeeOther(applicationPath(c.Param("application")))
	}
	if err != nil {
		return err
	}
	p := f.paperPage(c, paper, paper.Input())
	if c.Query("kept") != "" {
		p.Flash = "已保存，可以接着填，也可以过后再来。"
	}
	return c.Show(p)
}

func (f face) loadPaper(c *page.Context) (paper request.Paper, err error) {
	err = c.View(func(tx *store.Tx, who identity.Person) (err error) {
		paper, err = f.Requests.Paper(c, tx, who, c.Param("application"))
		return err
	})
	return paper, err
}

func (f face) paperPage(c *page.Context, paper request.Paper, typed form.Input) *page.Paper {
	p := &page.Paper{Base: page.Base{Title: paper.Service.Title, Back: servicePath(paper.Service.Code)}, Contacts: paper.Service.ContactsFor(c.Who().CampusName)}
	if paper.Returned {
		p.Title, p.Back = "补充"+paper.Service.Chat, applicationPath(paper.PublicID)
	}
	p.Fill(paper, typed, c.Now().In(c.Zone()))
	return p
}

// write takes what the form page posts: kept at any time, handed in by 提交. Buttons add
// and take away rows and pictures where there are no scripts.
func (f face) write(c *page.Context) error {
	err := f.writePaper(c)
	if errors.Is(err, request.ErrNotDraft) { // the second tap of a submit
		return c.SeeOther(applicationPath(c.Param("application")))
	}
	return err
}

func (f face) writePaper(c *page.Context) error {
	posted, err := c.ReadForm()
	if err != nil {
		return err
	}
	paper, err := f.loadPaper(c)
	if err != nil {
		return err
	}
	in := page.ReadInput(posted.Values)
	press := posted.Values.Get("do")
	change(in, press)
	wrong, err := f.keepFiles(c, paper, page.ReadFiles(posted.Files), in)
	if err != nil {
		return err
	}
	kept, refusal := f.keep(c, paper.Input(), in)
	if refusal != nil && errs.KindOf(refusal) != errs.Invalid {
		return refusal
	}
	refusal = join(refusal, wrong)
	switch {
	case wantsJSON(c):
		return c.JSON(http.StatusOK, keptOf(kept, refusal))
	case press == "submit" && len(wrong) == 0:
		return f.submit(c, paper, in)
	case refusal != nil:
		return f.refusePaper(c, refusal, kept, in)
	case strings.HasPrefix(press, "add:"):
		return c.Show(f.paperPage(c, kept, in))
	}
	return c.SeeOther(formPath(kept.PublicID) + "?kept=1")
}

// submit hands in what is on the page. A double tap ends at the same application.
func (f face) submit(c *page.Context, paper request.Paper, in form.Input) error {
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		if paper.Returned {
			if _, err := f.Requests.Resubmit(c, tx, who, paper.PublicID, in); err != nil {
				return err
			}
			return f.filled(c, tx, who)
		}
		if _, err := f.Requests.Submit(c, tx, who, paper.PublicID, in, request.ViaPage); err != nil {
			return err
		}
		return f.filled(c, tx, who)
	})
	if err == nil || errors.Is(err, page.ErrRepeat) {
		return c.SeeOther(applicationPath(paper.PublicID) + "?submitted=1")
	}
	now, loadErr := f.loadPaper(c)
	if loadErr != nil {
		return err
	}
	return f.refusePaper(c, err, now, in)
}

func (f face) refusePaper(c *page.Context, refusal error, paper request.Paper, typed form.Input) error {
	p := f.paperPage(c, paper, typed)
	p.Fields = errs.FieldsOf(refusal)
	p.Fill(paper, typed, c.Now().In(c.Zone()))
	return c.Refuse(refusal, p)
}

// keep saves what can be kept of the input, and says what cannot. A field with a mistake
// keeps what it held before, if that still fits.
func (f face) keep(c *page.Context, before, in form.Input) (paper request.Paper, refusal error) {
	id := c.Param("application")
	err := c.Update(func(tx *store.Tx, who identity.Person) (err error) {
		paper, err = f.Requests.Save(c, tx, who, id, in)
		if refusal = err; err != nil && errs.KindOf(err) != errs.Invalid {
			return err
		}
		if refusal == nil {
			return f.filled(c, tx, who)
		}
		wrong := errs.FieldsOf(refusal)
		rest := without(in, wrong)
		if paper, err = f.Requests.Save(c, tx, who, id, mended(rest, before, wrong)); errs.KindOf(err) == errs.Invalid {
			paper, err = f.Requests.Save(c, tx, who, id, rest)
		}
		if err != nil {
			return err
		}
		return f.filled(c, tx, who)
	})
	if err != nil {
		return paper, err
	}
	return paper, refusal
}

// without is the input without what is wrong.
func without(in form.Input, wrong map[string]string) form.Input {
	rest := maps.Clone(in)
	maps.DeleteFunc(rest, func(key string, _ []string) bool { return belongs(key, wrong) })
	return rest
}

// mended is the rest of an input with what its wrong fields held before.
func mended(rest, before form.Input, wrong map[string]string) form.Input {
	all := maps.Clone(rest)
	for key, values := range before {
		if belongs(key, wrong) {
			all[key] = values
		}
	}
	return all
}

// belongs reports whether a key of an input is of one of the fields.
func belongs(key string, fields map[string]string) bool {
	for name := range fields {
		if key == name || strings.HasPrefix(key, name+".") {
			return true
		}
	}
	return false
}

// join adds the sentences about files to a refusal.
func join(refusal error, wrong map[string]string) error {
	if len(wrong) == 0 {
		return refusal
	}
	fields := map[string]string{}
	maps.Copy(fields, errs.FieldsOf(refusal))
	maps.Copy(fields, wrong)
	message := fmt.Sprintf("有 %d 处要改，已经标出。", len(fields))
	if len(fields) == 1 {
		message = slices.Collect(maps.Values(fields))[0]
	}
	return &errs.Error{Kind: errs.Invalid, Message: message, Fields: fields}
}

// keepFiles stores what was uploaded with the form and puts the ids into the input. What
// cannot be taken is said at its field.
func (f face) keepFiles(c *page.Context, paper request.Paper, files map[string][]page.File, in form.Input) (wrong map[string]string, err error) {
	wrong = map[string]string{}
	for name, list := range files {
		key, old, again := strings.Cut(name, insteadOf)
		field, ok := fieldAt(paper.Form, key)
		if !ok || !field.Open() {
			continue
		}
		for _, file := range list {
			if most := field.MaxCount(); len(in[key]) >= most && !again {
				wrong[key] = fmt.Sprintf("最多 %d 个，多出来的没有收。要换的话，先删掉不要的，再传一次。", most)
				break
			}
			kept, err := c.Keep(file, field.Kind == form.Photo, request.UploadFor(paper.PublicID, field.Name))
			switch errs.KindOf(err) {
			case errs.Invalid, errs.TooLarge, errs.TooMany:
				wrong[key] = errs.MessageOf(err)
				continue
			}
			if err != nil {
				return nil, err
			}
			if at := slices.Index(in[key], old); again && at >= 0 {
				in[key] = slices.Concat(in[key][:at], []string{kept.PublicID}, in[key][at+1:])
				break
			}
			in[key] = append(in[key], kept.PublicID)
		}
	}
	return wrong, nil
}

// insteadOf stands in the name of an input between the field and the picture whose place
// the upload takes.
const insteadOf = "@"

// fieldAt is the field that takes files under the key: tickets, or invoices.0.picture.
func fieldAt(of form.Form, key string) (form.Field, bool) {
	name, rest, column := strings.Cut(key, ".")
	field, ok := of.Field(name)
	if ok && column {
		_, inner, _ := strings.Cut(rest, ".")
		field, ok = form.Form{Fields: field.Columns}.Field(inner)
	}
	return field, ok && (field.Kind == form.Photo || field.Kind == form.File)
}

// change does what a button of the form asks for: add:invoices, drop:invoices.0, or
// drop:tickets:0abc for one picture.
func change(in form.Input, press string) {
	act, what, _ := strings.Cut(press, ":")
	switch key, id, one := strings.Cut(what, ":"); {
	case act == "add":
		next := 0
		for name := range in {
			rest, ok := strings.CutPrefix(name, what+".")
			digits, _, _ := strings.Cut(rest, ".")
			if n, err := strconv.Atoi(digits); ok && err == nil && n < 1000 {
				next = max(next, n+1)
			}
		}
		in[what+"."+strconv.Itoa(next)+"."] = nil
	case act == "drop" && one:
		in[key] = slices.DeleteFunc(slices.Clone(in[key]), func(v string) bool { return v == id })
	case act == "drop":
		maps.DeleteFunc(in, func(name string, _ []string) bool { return strings.HasPrefix(name, what+".") })
	}
}

func wantsJSON(c *page.Context) bool {
	return strings.HasPrefix(c.Gin.GetHeader("Accept"), "application/json")
}

// kept is what the script is told after the page was saved in the background.
type kept struct {
	Fields map[string]string `json:"fields"` // sentences
	Texts  map[string]string `json:"texts"`  // of what was worked out or looked up
	Lacks  []string          `json:"lacks"`  // labels of what is still missing
	Ready  bool              `json:"ready"`
}

func keptOf(paper request.Paper, refusal error) kept {
	k := kept{Fields: errs.FieldsOf(refusal), Texts: map[string]string{}, Lacks: page.Lacks(paper), Ready: paper.Ready() && refusal == nil}
	for _, field := range paper.Form.Fields {
		v, ok := paper.Answers[field.Name]
		switch {
		case field.Kind == form.Computed && ok:
			k.Texts[field.Name] = paper.Form.Text(field, v)
		case field.Kind == form.Computed:
			k.Texts[field.Name] = ""
		case field.Kind == form.Person:
			k.Texts[field.Name] = v.Shown
		}
	}
	return k
}

// upload takes one file at once, as the script sends them.
func (f face) upload(c *page.Context) error {
	posted, err := c.ReadForm()
	if err != nil {
		return f.refuseUpload(c, err)
	}
	paper, err := f.loadPaper(c)
	if err != nil {
		return f.refuseUpload(c, err)
	}
	for name, list := range page.ReadFiles(posted.Files) {
		key, _, _ := strings.Cut(name, insteadOf)
		field, ok := fieldAt(paper.Form, key)
		if !ok || !field.Open() || len(list) != 1 {
			break
		}
		b, err := c.Keep(list[0], field.Kind == form.Photo, request.UploadFor(paper.PublicID, field.Name))
		if err != nil {
			return f.refuseUpload(c, err)
		}
		return c.JSON(http.StatusCreated, map[string]string{"id": b.PublicID, "url": page.UploadPath(paper.PublicID, b.PublicID)})
	}
	return f.refuseUpload(c, errs.New(errs.Invalid, "没有收到这个文件，请重新选择。"))
}

// refuseUpload answers the script in its own language.
func (f face) refuseUpload(c *page.Context, err error) error {
	kind := errs.KindOf(err)
	if kind == errs.Internal {
		return err
	}
	return c.JSON(errs.Status(kind), page.Problem{Kind: string(kind), Message: errs.MessageOf(err), Fields: errs.FieldsOf(err)})
}

// regions lists what lies one step below a region, for the script's pickers.
func (f face) regions(c *page.Context) error {
	type one struct {
		Code string `json:"code"`
		Name string `json:"name"`
		More bool   `json:"more"` // there is something below it
	}
	list := []one{}
	for _, r := range region.Under(c.Query("under")) {
		list = append(list, one{r.Code, r.Name, len(region.Under(r.Code)) > 0})
	}
	c.Gin.Header("Cache-Control", "private, max-age=86400")
	return c.JSON(http.StatusOK, list)
}

// filled lets a conversation about an application go on with what the page changed.
func (f face) filled(ctx context.Context, tx *store.Tx, who identity.Person) error {
	if f.OnFilled == nil {
		return nil
	}
	return f.OnFilled(ctx, tx, who)
}
