package h5

import (
	"errors"

	"github.com/xuegong/xuegong/internal/blob"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

const (
	servicesPath     = "/m/services"
	applicationsPath = "/m/applications"
)

func servicePath(code string) string { return servicesPath + "/" + code }

func applicationPath(id string) string { return applicationsPath + "/" + id }

func formPath(id string) string { return applicationPath(id) + "/form" }

// services lists what can be applied for, and why what cannot (D-03, D-67).
func (f face) services(c *page.Context) (*page.Services, error) {
	p := &page.Services{Base: page.Base{Title: "办理事项", Back: "/m/"}}
	err := c.View(func(tx *store.Tx, who identity.Person) (err error) {
		p.List, err = f.Requests.Services(c, tx, who)
		return err
	})
	return p, err
}

func (f face) offer(c *page.Context) (*page.Offer, error) {
	p := &page.Offer{}
	err := c.View(func(tx *store.Tx, who identity.Person) (err error) {
		if p.Offer, err = f.Requests.Offer(c, tx, who, c.Param("service")); err != nil {
			return err
		}
		d := p.Service.Definition
		p.Base = page.Base{Title: d.Title, Back: "/m/"}
		p.Contacts = d.ContactsFor(who.CampusName)
		if _, p.Agreed, err = service.Agreed(c, tx, who, d); err != nil {
			return err
		}
		if c.Query("asked") != "" {
			p.Flash = "问题交给老师了，回复会在企业微信里告诉你。"
		}
		p.Asks, err = asksAbout(c, tx, f.Requests, who, d.Code)
		return err
	})
	return p, err
}

func asksAbout(c *page.Context, tx *store.Tx, e *request.Engine, who identity.Person, code string) ([]request.Ask, error) {
	all, err := e.MyAsks(c, tx, who)
	var about []request.Ask
	for _, k := range all {
		if k.Service == code && k.Application == "" {
			about = append(about, k)
		}
	}
	return about, err
}

// serviceNotice shows what has to be read before; what is read is sent back with its
// version (D-38).
func (f face) serviceNotice(c *page.Context) (*page.ServiceNotice, error) {
	p := &page.ServiceNotice{}
	err := c.View(func(tx *store.Tx, who identity.Person) error {
		v, err := service.ByCode(c, tx, c.Param("service"))
		if err != nil {
			return err
		}
		p.Service, p.Next = v.Definition, servicePath(v.Code)
		p.Base = page.Base{Title: v.Chat + "须知", Back: p.Next}
		_, p.Agreed, err = service.Agreed(c, tx, who, v.Definition)
		return err
	})
	return p, err
}

// agreeService records that the notice was read, and begins what was read for.
func (f face) agreeService(c *page.Context) error {
	code := c.Param("service")
	next := servicePath(code)
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		o, err := f.Requests.Offer(c, tx, who, code)
		if err != nil {
			return err
		}
		if err := service.Agree(c, tx, who, o.Service.Definition, c.Form("version")); err != nil || o.Blocked != "" {
			return err
		}
		p, err := f.Requests.Start(c, tx, who, code, request.ViaPage)
		if err != nil {
			return err
		}
		next = formPath(p.PublicID)
		return f.filled(c, tx, who)
	})
	return done(c, err, next, f.serviceNotice)
}

// start begins an application, or goes on with the one begun.
func (f face) start(c *page.Context) error {
	next := servicePath(c.Param("service"))
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		p, err := f.Requests.Start(c, tx, who, c.Param("service"), request.ViaPage)
		next = formPath(p.PublicID)
		return err
	})
	return done(c, err, next, f.offer)
}

// askAbout puts a question about a service to a person.
func (f face) askAbout(c *page.Context) error {
	question := c.Form("question")
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		_, err := f.Requests.AskPerson(c, tx, who, c.Param("service"), question)
		return err
	})
	return done(c, err, servicePath(c.Param("service"))+"?asked=1", func(c *page.Context) (*page.Offer, error) {
		p, err := f.offer(c)
		p.Asked = question
		return p, err
	})
}

// applications is 我的申请.
func (f face) applications(c *page.Context) (*page.Applications, error) {
	p := &page.Applications{Base: page.Base{Title: "我的申请", Back: "/m/"}}
	err := c.View(func(tx *store.Tx, who identity.Person) (err error) {
		if p.List, err = f.Requests.Mine(c, tx, who); err != nil {
			return err
		}
		p.Asks, err = f.Requests.MyAsks(c, tx, who)
		return err
	})
	if c.Query("discarded") != "" {
		p.Flash = "草稿已删除。"
	}
	return p, err
}

// application is where pushes lead: the form of a draft, else how far it is. Reading by
// others than the student is audited, hence Update.
func (f face) application(c *page.Context) error {
	p, err := f.applicationPage(c)
	if err != nil {
		return err
	}
	if p.State == request.Draft {
		return c.SeeOther(formPath(p.PublicID))
	}
	switch {
	case c.Query("submitted") != "" && p.State == request.Submitted:
		p.Flash = "已提交，编号 " + p.Number + "。有结果会在企业微信里告诉你。"
	case c.Query("withdrawn") != "" && p.State == request.Withdrawn:
		p.Flash = "已撤回，占用的次数也放出了。"
	case c.Query("asked") != "":
		p.Flash = "已经告诉老师，回复会在企业微信里告诉你。"
	}
	return c.Show(p)
}

func (f face) applicationPage(c *page.Context) (*page.Application, error) {
	p := &page.Application{}
	err := c.Update(func(tx *store.Tx, who identity.Person) (err error) {
		if p.Application, err = f.Requests.Get(c, tx, who, c.Param("application")); err != nil {
			return err
		}
		p.Own = p.Student.ID == who.ID
		p.Base = page.Base{Title: p.Service.Title, Back: applicationsPath}
		if !p.Own {
			p.Back = "/m/"
		}
		p.Contacts = p.Service.ContactsFor(p.Student.Campus)
		if !p.Own {
			return nil
		}
		about, err := asksAbout(c, tx, f.Requests, who, p.Service.Code)
		p.Asks = append(p.Asks, about...)
		return err
	})
	return p, err
}

// askTakeBack says what taking back means.
func (f face) askTakeBack(c *page.Context) error {
	p, err := f.applicationPage(c)
	if err != nil {
		return err
	}
	if !p.CanWithdraw() {
		return c.SeeOther(applicationPath(p.PublicID))
	}
	return c.Show(&page.Withdraw{Base: page.Base{Title: "撤回申请", Back: applicationPath(p.PublicID)}, Application: p.Application})
}

func (f face) takeBack(c *page.Context) error {
	id := c.Param("application")
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		_, err := f.Requests.Withdraw(c, tx, who, id)
		return err
	})
	return done(c, err, applicationPath(id)+"?withdrawn=1", f.applicationPage)
}

// discard throws a draft away.
func (f face) discard(c *page.Context) error {
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		return f.Requests.Discard(c, tx, who, c.Param("application"))
	})
	return done(c, err, applicationsPath+"?discarded=1", f.applications)
}

// askOn puts a question about a submitted application to the office.
func (f face) askOn(c *page.Context) error {
	p, err := f.applicationPage(c)
	if err != nil {
		return err
	}
	question := c.Form("question")
	err = c.Act(func(tx *store.Tx, who identity.Person) error {
		_, err := f.Requests.AskAbout(c, tx, who, p.PublicID, c.Form("field"), question)
		return err
	})
	return done(c, err, applicationPath(p.PublicID)+"?asked=1", func(*page.Context) (*page.Application, error) {
		p.Asked, p.AskedOf = question, c.Form("field")
		return p, nil
	})
}

// question is one of the student's own questions with its answer.
func (f face) question(c *page.Context) (*page.Question, error) {
	p := &page.Question{Base: page.Base{Title: "我的提问", Back: applicationsPath}}
	err := c.View(func(tx *store.Tx, who identity.Person) error {
		asks, err := f.Requests.MyAsks(c, tx, who)
		if err != nil {
			return err
		}
		for _, k := range asks {
			if k.PublicID == c.Param("ask") {
				p.Ask = k
			}
		}
		if p.PublicID == "" {
			return request.ErrNotYours
		}
		v, err := service.ByCode(c, tx, p.Service)
		if errors.Is(err, service.ErrNoVersion) {
			return nil
		}
		f, _ := v.Form.Field(p.Field)
		p.About, p.Record = v.Title, f.Label
		return err
	})
	return p, err
}

// file is an upload of an application, to who may read that, or one just uploaded.
func (f face) file(c *page.Context) error {
	var b blob.Blob
	small := c.Query("small") != ""
	err := c.View(func(tx *store.Tx, who identity.Person) (err error) {
		of, loose := f.Requests.File, blob.Loose
		if small {
			of, loose = f.Requests.Thumb, blob.LooseThumb
		}
		b, err = of(c, tx, who, c.Param("application"), c.Param("file"))
		if errors.Is(err, blob.ErrGone) {
			b, err = loose(c, tx, int64(who.ID), c.Param("file"))
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.Inline(b, small)
}

// certificate hands the signed page of a certificate to its holder, who shows it to whom
// they like (T10).
func (f face) certificate(c *page.Context) error {
	p, err := page.Printable(c, f.Requests, c.Param("application"))
	if err != nil {
		return err
	}
	return c.Certificate(p)
}
