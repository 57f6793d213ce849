package bot

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/bot/dialogue"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
)

// An intent to begin a service is applyIntent and its code; the dialogue of one
// application is a script named paperScript and its public id.
const (
	applyIntent = "apply."
	paperScript = "paper."
)

// Questions that are not fields; no field's name has a dot.
const (
	askServiceNotice = ".notice"
	askSubmit        = ".submit"
)

// startService begins an application, or goes on with the one begun. Who may not apply
// reads why before anything is asked (D-03, D-67).
func (t talk) startService(code string, w dialogue.Wish) error {
	mine, err := t.ofService(code)
	if err != nil {
		return err
	}
	if mine.State == request.Returned {
		return t.startPaper(mine.PublicID, w)
	}
	p, err := t.Requests.Start(t.ctx, t.tx, t.who, code, request.ViaChat)
	if errs.KindOf(err) == errs.Conflict {
		return t.refuse(code, mine, errs.MessageOf(err))
	}
	if err != nil {
		return err
	}
	if mine.State == request.Draft {
		return t.offerPaper(p.PublicID, w)
	}
	return t.startPaper(p.PublicID, w)
}

// ofService returns the student's application of a service that is under way, the zero
// one if there is none.
func (t talk) ofService(code string) (request.Application, error) {
	if !t.who.IsStudent() {
		return request.Application{}, request.ErrStudentsOnly
	}
	list, err := t.Requests.Mine(t.ctx, t.tx, t.who)
	if err != nil {
		return request.Application{}, err
	}
	for _, a := range list {
		if a.Service.Code == code && a.State.Open() {
			return a, nil
		}
	}
	return request.Application{}, nil
}

// refuse says why nothing can be applied for now, and where it stands in full.
func (t talk) refuse(code string, mine request.Application, why string) error {
	v, err := service.ByCode(t.ctx, t.tx, code)
	if err != nil {
		return err
	}
	if strings.HasPrefix(why, "需要") {
		why = v.Chat + "暂不符合：" + why
	}
	if mine.PublicID != "" {
		return t.say(why + "\n" + t.standingOf(mine))
	}
	return t.say(why + "\n" + t.Cards.Link("查看条件，或请老师看一看", v.Path()))
}

func (t talk) startPaper(id string, w dialogue.Wish) error {
	s, st, err := t.newPaper(id)
	if err != nil {
		return err
	}
	return t.begin(s, st, w)
}

// newPaper returns the script of an application with what is answered in it.
func (t talk) newPaper(id string) (script, dialogue.State, error) {
	s, err := t.paper(id)
	if err != nil {
		return s, dialogue.State{}, err
	}
	st := dialogue.State{Script: s.Name, Version: s.Version, Answers: map[string]dialogue.Answer{}}
	s.sync(&st)
	return s, st, nil
}

// offerPaper asks whether to go on with what was begun earlier, here or on the page. One
// in which nothing was written yet just begins, and one set aside a moment ago goes on.
func (t talk) offerPaper(id string, w dialogue.Wish) error {
	s, st, err := t.newPaper(id)
	if err != nil {
		return err
	}
	d, err := t.openDialogue()
	if err != nil {
		return err
	}
	written := slices.ContainsFunc(s.Steps, func(q dialogue.Question) bool { return !q.Fixed && st.Answers[q.Name].Value != "" })
	if !written || d != nil && (d.means(s.Name) || d.waits(s.Name)) {
		return t.begin(s, st, w)
	}
	now := &open{script: s, drafts: drafts{State: st}}
	if d != nil {
		if err := t.setAside(d); err != nil {
			return err
		}
		now.Aside = append(slices.Clone(d.Aside), d.State)
	}
	return t.offerDraft(now, "上次的"+s.title+"填到一半，接着来吗？")
}

// overAgain throws a draft away and begins anew; what came back is only asked again.
func (t talk) overAgain(id string, w dialogue.Wish) error {
	p, err := t.Requests.Paper(t.ctx, t.tx, t.who, id)
	if err != nil {
		return err
	}
	if p.Returned {
		return t.startPaper(id, w)
	}
	if err := t.Requests.Discard(t.ctx, t.tx, t.who, id); err != nil {
		return err
	}
	return t.startService(p.Service.Code, w)
}

// paper makes the script of one application out of its form: the fields that are asked
// with the answers so far, those that stand (recorded, worked out, closed) read back.
func (t talk) paper(id string) (script, error) {
	p, err := t.Requests.Paper(t.ctx, t.tx, t.who, id)
	if err != nil {
		return script{}, err
	}
	w := writing{p, map[string]form.Row{}}
	for _, r := range p.Form.Rows(p.Answers) {
		w.rows[r.Name] = r
	}
	d := p.Service.Definition
	s := script{
		Script: dialogue.Script{
			Name: paperScript + id, Version: int(p.Service.ID), Steps: w.questions(),
			Cancelled: "好的，先不办了，没有提交。填过的都留着，想接着办写“" + d.StartSentence() + "”。",
		},
		title: d.Chat, also: []string{applyIntent + d.Code},
		page: card.Page{Label: "去页面上填", Path: card.MyPath(id) + "/form"},
		home: card.Page{Label: "在页面上填", Path: card.MyPath(id) + "/form"},
		host: func(talk) dialogue.Host { return dialogue.Host{Options: w.options, Check: w.check} },
		read: w.read, sync: w.sync,
		keep: func(t talk, before, after dialogue.State) (bool, string, error) { return t.keepPaper(w, before, after) },
		done: func(t talk, _ dialogue.State) error { return t.submitPaper(p) },
	}
	if !p.Agreed {
		s.page = card.Page{Label: "去读须知", Path: d.Path() + "/notice"}
	}
	return s, nil
}

// writing is an application being written, and how it is talked about.
type writing struct {
	request.Paper
	rows map[string]form.Row
}

// again tells whether the field came back to be answered anew and has not been.
func (w writing) again(name string, answered bool) bool {
	if !w.Returned || answered || !w.Marks(name) {
		return false
	}
	changed := slices.ContainsFunc(w.Form.Diff(w.Env.Before, w.Answers), func(c form.Change) bool { return c.Name == name })
	return !changed || slices.Contains(w.Missing, name)
}

func (w writing) questions() []dialogue.Question {
	d := w.Service.Definition
	var steps []dialogue.Question
	if !w.Returned {
		steps = append(steps, dialogue.Question{
			Name: askServiceNotice, Kind: dialogue.Page, Fixed: true, Done: "我读完了",
			Prompt: "先读" + d.Chat + "的须知\n读到最后点“同意”，我接着往下问",
			Help:   "须知说明谁能申请、要准备什么、怎么办，几分钟读完。",
		})
	}
	for _, f := range w.Form.Asked(w.Answers) {
		_, shown := w.rows[f.Name]
		if f.Open() || shown {
			steps = append(steps, question(f))
		}
	}
	prompt := "核对一遍，没问题就提交"
	if w.Returned {
		prompt = "改好了就再提交\n老师说：" + cmp.Or(w.Reason, "请补充后再提交")
	}
	return append(steps, dialogue.Question{Name: askSubmit, Kind: dialogue.Confirm, Prompt: prompt})
}

// question asks one field. What is not open only stands in the read-back.
func question(f form.Field) dialogue.Question {
	q := dialogue.Question{
		Name: f.Name, Kind: dialogue.Text, Label: f.Label, Optional: !f.Required, Fixed: !f.Open(), Unit: f.Unit, Help: f.Help,
	}
	if q.Fixed {
		q.Prompt = f.Label
		return q
	}
	ask := "请写" + f.Label
	switch f.Kind {
	case form.Text, form.Person:
		q.Max = cmp.Or(f.MaxLength, 100)
	case form.LongText:
		q.Kind, q.Max = dialogue.Long, cmp.Or(f.MaxLength, 1000)
	case form.Choice:
		q.Kind, ask = dialogue.Choice, "请选"+f.Label
	case form.Choices:
		q.Kind, ask = dialogue.Many, "请选"+f.Label+"，可以选几项"
		q.Min, q.Max = count(f.Min), count(f.Max)
	case form.Date:
		q.Kind, ask = dialogue.Date, f.Label+"是哪一天？"
	case form.Range:
		q.Kind, ask = dialogue.Period, f.Label+"：从哪天到哪天？"
	case form.Integer:
		q.Kind, ask = dialogue.Number, f.Label+"是多少？"
	case form.Money:
		q.Kind, ask = dialogue.Money, f.Label+"是多少元？"
	case form.Attestation:
		q.Kind, q.Label, ask = dialogue.Attest, "声明", f.Label+"，对吗？"
	case form.Photo, form.File:
		q.Kind, ask = dialogue.Page, f.Label+"要在页面上传"
		if again := f.Retakes(); len(again) > 0 {
			ask = f.Numbered(again) + "要在页面重新上传\n其他的都留着，不用再传"
		}
	case form.Rows, form.Region, form.Computed:
		q.Kind, ask = dialogue.Page, f.Label+"要在页面上填"
	}
	q.Prompt = ask
	if f.Help != "" {
		q.Prompt += "\n" + f.Help
	}
	if f.Example != "" {
		q.Prompt += "\n例如：" + f.Example
	}
	return q
}

func count(bound string) int {
	n, _ := strconv.Atoi(bound)
	return n
}

// sync puts what is written in the application, here or on the page, into the dialogue:
// the application is the truth of its fields.
func (w writing) sync(st *dialogue.State) {
	answers := maps.Clone(st.Answers)
	if answers == nil {
		answers = map[string]dialogue.Answer{}
	}
	if w.Agreed {
		answers[askServiceNotice] = dialogue.Answer{Value: string(dialogue.Yes)}
	} else {
		delete(answers, askServiceNotice)
	}
	for _, f := range w.Form.Fields {
		v, written := w.Answers[f.Name]
		before, answered := answers[f.Name]
		switch row, shown := w.rows[f.Name]; {
		case !f.Open() && shown:
			answers[f.Name] = dialogue.Answer{Value: "=", Label: row.Text}
		case written && !w.again(f.Name, answered):
			answers[f.Name] = dialogue.Answer{Value: valueOf(f, v), Label: row.Text}
		case answered && before.Value != "": // "" is 跳过
			delete(answers, f.Name)
		}
	}
	st.Answers = answers
}

// valueOf is an answer as the dialogue knows it.
func valueOf(f form.Field, v form.Value) string {
	switch f.Kind {
	case form.Choices, form.Photo, form.File:
		return strings.Join(v.List, ",")
	case form.Range:
		return v.From + "/" + v.Until
	case form.Integer, form.Money:
		return strconv.FormatInt(v.Number, 10)
	case form.Attestation:
		return string(dialogue.Yes)
	case form.Rows:
		return strconv.Itoa(len(v.Rows))
	default:
		return v.Text
	}
}

// written is a value of the dialogue as somebody would write it.
func written(f form.Field, value string) string {
	switch f.Kind {
	case form.Range:
		return strings.Replace(value, "/", " 至 ", 1)
	case form.Money:
		fen, _ := strconv.ParseInt(value, 10, 64)
		return form.Yuan(fen)
	case form.Attestation:
		if value == string(dialogue.Yes) {
			return "是"
		}
	}
	return value
}

func (w writing) options(question string, _ map[string]dialogue.Answer) ([]dialogue.Option, error) {
	f, _ := w.Form.Field(question)
	var options []dialogue.Option
	for _, o := range f.Choices(w.Env) {
		options = append(options, dialogue.Option{Key: o.Value, Label: o.Label(), Words: o.Words})
	}
	return options, nil
}

// check holds what was written to the form, whose sentence the student reads.
func (w writing) check(question, value string, _ map[string]dialogue.Answer) (dialogue.Answer, error) {
	f, ok := w.Form.Field(question)
	if !ok || f.Kind == form.Choices { // the options are the form's own
		return dialogue.Answer{Value: value}, nil
	}
	v, err := w.Form.ParseField(question, written(f, value), w.Env)
	if err != nil {
		if sentence := errs.FieldsOf(err)[question]; sentence != "" {
			err = errs.New(errs.Invalid, sentence)
		}
		return dialogue.Answer{}, err
	}
	return dialogue.Answer{Value: valueOf(f, v), Label: w.Form.Text(f, v)}, nil
}

// read takes dates as forms take them (2026-07-01 到 2026-08-20, 7月1日 of this year),
// before they are understood as times to come.
func (w writing) read(step string, in *dialogue.Input) {
	f, ok := w.Form.Field(step)
	if !ok || f.Kind != form.Date && f.Kind != form.Range {
		return
	}
	f.Min, f.Max = "", ""
	v, err := form.Form{Fields: []form.Field{f}}.ParseField(step, in.Text, w.Env)
	if err != nil {
		return
	}
	in.Intent, in.Times = "", nil
	for _, day := range []string{v.Text, v.From, v.Until} {
		if at, err := time.ParseInLocation(time.DateOnly, day, w.Env.Now.Location()); err == nil {
			in.Times = append(in.Times, dialogue.When{From: at, To: at.AddDate(0, 0, 1)})
		}
	}
}

// keepPaper writes what this step changed into the application. What the form refuses as
// a whole (a bound between two fields) is asked again with the form's sentence.
func (t talk) keepPaper(w writing, before, after dialogue.State) (changed bool, why string, err error) {
	in := w.Input()
	for _, f := range w.Form.Fields {
		b, had := before.Answers[f.Name]
		a, has := after.Answers[f.Name]
		if !f.Open() || had == has && b.Value == a.Value {
			continue
		}
		changed = true
		drop(in, f.Name)
		if !has || a.Value == "" {
			continue
		}
		if f.Kind == form.Choices {
			in[f.Name] = strings.Split(a.Value, ",")
			continue
		}
		v, err := w.Form.ParseField(f.Name, written(f, a.Value), w.Env)
		if f.Kind == form.Choice {
			v, err = form.Value{Text: a.Value}, nil
		}
		if err != nil {
			return false, "", err
		}
		maps.Copy(in, w.Form.Input(form.Answers{f.Name: v}))
	}
	if !changed {
		return false, "", nil
	}
	for range len(w.Form.Fields) {
		_, err = t.Requests.Save(t.ctx, t.tx, t.who, w.PublicID, in)
		wrong := errs.FieldsOf(err)
		if len(wrong) == 0 {
			return true, why, err
		}
		for name, sentence := range wrong {
			field, _, _ := strings.Cut(name, ".")
			drop(in, field)
			why = sentence
		}
	}
	return true, why, err
}

// drop takes a field's answer out of an input.
func drop(in form.Input, field string) {
	maps.DeleteFunc(in, func(name string, _ []string) bool { return name == field || strings.HasPrefix(name, field+".") })
}

// submitPaper hands in what was read back. The verb tells the student.
func (t talk) submitPaper(p request.Paper) (err error) {
	if p.Returned {
		_, err = t.Requests.Resubmit(t.ctx, t.tx, t.who, p.PublicID, nil)
	} else {
		_, err = t.Requests.Submit(t.ctx, t.tx, t.who, p.PublicID, nil, request.ViaChat)
	}
	for _, f := range p.Form.Fields {
		if sentence := errs.FieldsOf(err)[f.Name]; sentence != "" {
			return &reopen{question: f.Name, err: errs.New(errs.Invalid, fmt.Sprintf("%s：%s", f.Label, sentence))}
		}
	}
	return err
}

// Filled goes on in chat when a page answered what chat was waiting for: a notice read, a
// photo brought. A page calls it in the transaction that keeps the answer.
func (b *Bot) Filled(ctx context.Context, tx *store.Tx, who identity.Person) error {
	t := talk{Bot: b, ctx: ctx, tx: tx, who: who, told: &told{}}
	d, err := t.openDialogue()
	if err != nil || d == nil || d.sync == nil {
		return err
	}
	if _, answered := d.Answers[d.Step]; !d.onPage() || !answered {
		return nil
	}
	if err := t.step(d, dialogue.Input{}); err != nil {
		return err
	}
	return t.sendTold()
}
