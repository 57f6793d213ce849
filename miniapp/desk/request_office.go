package desk

import (
	"slices"
	"strings"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// Asks is what students ask of the office, and what they say is wrong (R-09, T6).
type Asks struct {
	Base
	List   []Question
	Asking string // the one whose answer was refused
}

// Question is an ask with the words of its service.
type Question struct {
	request.Ask
	Title, Label string // of the service, and of the disputed field
}

// Template implements page.Page.
func (*Asks) Template() string { return "desk/asks" }

func (h applications) asks(c *page.Context) error {
	return show(c, &Asks{}, h.loadAsks, nil)
}

func (h applications) loadAsks(c *page.Context, p *Asks) error {
	p.Title = "学生提问"
	return readAudited(c, p, func(tx *store.Tx, who identity.Person) error {
		list, err := h.engine.Asks(c, tx, who)
		if err != nil {
			return err
		}
		w, err := p.workOf(c, tx, who)
		p.List = nil
		for _, a := range list {
			q := Question{Ask: a, Title: a.Service}
			if i := slices.IndexFunc(w.Services, func(s request.Service) bool { return s.Version.Code == a.Service }); i >= 0 {
				q.Title = w.Services[i].Version.Title
				f, _ := w.Services[i].Version.Form.Field(a.Field)
				q.Label = f.Label
			}
			p.List = append(p.List, q)
		}
		return err
	})
}

func (h applications) answerAsk(c *page.Context) error {
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		_, err := h.engine.Answer(c, tx, who, c.Param("id"), c.Form("answer"))
		return err
	})
	return done(c, err, address("/desk/asks", "said", "ask_answered"), again(c, &Asks{Base: Base{Form: typed(c, "answer")}, Asking: c.Param("id")}, h.loadAsks))
}

// Deputies is who decides for whom while somebody is away.
type Deputies struct {
	Base
	List   []approval.Deputy
	Others bool // the person may set them for others
}

// Template implements page.Page.
func (*Deputies) Template() string { return "desk/deputies" }

func deputies(c *page.Context) error {
	today := c.Now().In(c.Zone()).Format("2006-01-02")
	return show(c, &Deputies{Base: Base{Form: Form{"from": today, "to": today}}}, loadDeputies, nil)
}

func loadDeputies(c *page.Context, p *Deputies) error {
	p.Title = "代办"
	return read(c, p, func(tx *store.Tx, who identity.Person) (err error) {
		if !seesReviews(who) {
			return identity.ErrForbidden
		}
		p.Others = isAdmin(who)
		p.List, err = approval.Deputies(c, tx, who)
		return err
	})
}

func setDeputy(c *page.Context) error {
	f := typed(c, "principal", "deputy", "from", "to")
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		if !seesReviews(who) {
			return identity.ErrForbidden
		}
		from, ok := f.date("from", c.Zone())
		if !ok {
			return errs.Field("from", "请选开始的日期。")
		}
		to, err := f.endOf("to", c.Zone())
		if err != nil {
			return err
		}
		principal := who.ID
		if f["principal"] != "" {
			if principal, err = staffNumbered(c, tx, "principal", f["principal"]); err != nil {
				return err
			}
		}
		deputy, err := staffNumbered(c, tx, "deputy", f["deputy"])
		if err != nil {
			return err
		}
		_, err = approval.SetDeputy(c, tx, who, principal, deputy, from, to)
		return err
	})
	return done(c, err, address("/desk/deputies", "said", "deputy_set"), again(c, &Deputies{Base: Base{Form: f}}, loadDeputies))
}

func staffNumbered(c *page.Context, tx *store.Tx, field, number string) (identity.ID, error) {
	p, err := identity.Numbered(c, tx, number)
	if errs.KindOf(err) == errs.Internal && err != nil {
		return 0, err
	}
	if err != nil || p.IsStudent() {
		return 0, errs.Field(field, "没有找到这个工号，请核对。")
	}
	return p.ID, nil
}

func endDeputy(c *page.Context) error {
	err := c.Act(func(tx *store.Tx, who identity.Person) error { return approval.EndDeputy(c, tx, who, c.Param("id")) })
	return done(c, err, address("/desk/deputies", "said", "deputy_ended"), again(c, &Deputies{Base: Base{Form: Form{}}}, loadDeputies))
}

// Services shows every service of the person's offices as its file says it (D-64).
type Services struct {
	Base
	List     []request.Service
	Open     *request.Service
	Versions []request.VersionUse
	unheld   []approval.Stage
}

// Template implements page.Page.
func (*Services) Template() string { return "desk/services" }

// IsOpen tells whether the service is the one open.
func (p *Services) IsOpen(s request.Service) bool {
	return p.Open != nil && p.Open.Version.Code == s.Version.Code
}

// Unheld is the badge of a stage whose role nobody holds, nil of every other.
func (p *Services) Unheld(s approval.Stage) *page.Badge {
	if !slices.ContainsFunc(p.unheld, func(u approval.Stage) bool { return u.Code == s.Code }) {
		return nil
	}
	b := page.NewBadge("todo", "现在没有人担任，请管理员授予角色")
	return &b
}

// Offered is whether students find the service.
func (*Services) Offered(s request.Service) page.Badge {
	if s.Offered {
		return page.NewBadge("done", "在办")
	}
	return page.NewBadge("idle", "已停办")
}

// KindWord is what kind of answer a field takes.
func (*Services) KindWord(k form.Kind) string {
	return map[form.Kind]string{
		form.Text: "一行文字", form.LongText: "多行文字", form.Choice: "单选", form.Choices: "多选", form.Date: "日期", form.Range: "起止日期",
		form.Integer: "整数", form.Money: "金额", form.Photo: "照片", form.File: "文件", form.Rows: "表格", form.Attestation: "承诺",
		form.Region: "地区", form.Person: "本校的人", form.Computed: "自动计算",
	}[k]
}

// ScopeWord is for whom a stage's role is held.
func (*Services) ScopeWord(s approval.Scope) string {
	return map[approval.Scope]string{approval.OfStudent: "学生所在单位", approval.OfDepartment: "经办部门", approval.OfSchool: "全校"}[s]
}

// LimitsWord is how often a student can apply, "" without a limit.
func (p *Services) LimitsWord() string { return page.LimitsText(p.Open.Version.Limits) }

// WindowWord is when students can apply.
func (p *Services) WindowWord() string {
	w := p.Open.Version.Window
	switch {
	case w.Always():
		return "全年"
	case w.Closes == "":
		return w.Opens.Text() + "起"
	case w.Opens == "":
		return w.Closes.Text() + "截止"
	}
	return w.Opens.Text() + "至" + strings.TrimPrefix(w.Closes.Text(), "每年")
}

// OutcomeWord is what follows an approval.
func (p *Services) OutcomeWord() string {
	return map[service.OutcomeKind]string{
		service.Certificate: "出具证明，凭学生证领取", service.Collect: "制作好凭学生证领取", service.Payout: "放款", service.None: "通过即办结",
	}[p.Open.Version.Outcome.Kind]
}

// SaidText is what a student reads at a step.
type SaidText struct{ Name, Text string }

// Texts are the service's own words at each step.
func (p *Services) Texts() []SaidText {
	var list []SaidText
	for _, k := range service.TextKeys() {
		if t := p.Open.Version.Texts[k.Key]; t != "" {
			list = append(list, SaidText{momentOf(k.Key), t})
		}
	}
	return list
}

// momentOf is when the words of a key are said.
func momentOf(key string) string {
	return map[string]string{
		"submitted": "提交后", "returned": "退回时", "resubmitted": "补充后", "received": "材料收齐", "due_soon": "材料快到期", "overdue": "逾期",
		"approved": "通过", "rejected": "不通过", "withdrawn": "撤回", "printed": "打印好", "made": "办好", "collected": "领取后",
		"to_pay": "等待放款", "paid": "放款后", "pay_failed": "放款未成功", "revoked": "撤销",
	}[key]
}

func services(c *page.Context) error {
	p := &Services{}
	p.Title = "服务设置"
	err := read(c, p, func(tx *store.Tx, who identity.Person) error {
		w, err := p.workOf(c, tx, who)
		if err != nil {
			return err
		}
		if !w.Office {
			return identity.ErrForbidden
		}
		p.List = w.Services
		i := slices.IndexFunc(p.List, func(s request.Service) bool { return s.Version.Code == c.Query("service") })
		if i < 0 {
			return nil
		}
		p.Open = &p.List[i]
		unheld, err := request.Unheld(c, tx)
		if err != nil {
			return err
		}
		p.unheld = unheld[p.Open.Version.Code]
		p.Versions, err = request.VersionsOf(c, tx, who, p.Open.Version.Code)
		return err
	})
	if err != nil {
		return err
	}
	return answer(c, p, nil)
}
