package counselling

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/store"
)

// Level says how soon somebody should talk to the student.
type Level string

// The levels, from the calm to the urgent.
const (
	Normal Level = "normal"
	Amber  Level = "amber"
	Red    Level = "red"
)

// Label is the word the centre reads.
func (l Level) Label() string {
	return map[Level]string{Normal: "平常", Amber: "需要留意", Red: "需要马上联系"}[l]
}

// worse returns the more urgent of two levels.
func (l Level) worse(o Level) Level {
	order := []Level{Normal, Amber, Red}
	if slices.Index(order, o) > slices.Index(order, l) {
		return o
	}
	return l
}

// Question is one of the questions asked before a booking (T4).
type Question struct {
	Text    string
	Options []Option
}

// Option is one answer to choose.
type Option struct {
	Text  string
	Level Level
}

// Form is a version of the questions.
type Form struct {
	Version     int       `db:"version"`
	Body        string    `db:"body"` // as the centre wrote it, see ParseForm
	PublishedAt time.Time `db:"published_at"`
	Questions   []Question
}

// The marks behind an option in the text of a form.
const (
	amberMark = "【黄】"
	redMark   = "【红】"
)

// diagnoses are words a centre at a school does not put into its questions.
const diagnoses = "诊断 障碍 抑郁 焦虑 双相 分裂 强迫 症 病"

// ParseForm reads the questions from the text the centre edits: a line is a question,
// lines with a dash are its options, 【黄】 or 【红】 behind an option is its level.
func ParseForm(body string) ([]Question, error) {
	var list []Question
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		option, ok := strings.CutPrefix(line, "-")
		switch {
		case line == "":
		case !ok:
			list = append(list, Question{Text: line})
		case len(list) == 0:
			return nil, errs.Field("body", "先写一个问题，再写它的选项。")
		default:
			last := &list[len(list)-1]
			last.Options = append(last.Options, readOption(option))
		}
	}
	return list, checkForm(list)
}

func readOption(s string) Option {
	o := Option{Text: strings.TrimSpace(s), Level: Normal}
	for mark, level := range map[string]Level{amberMark: Amber, redMark: Red} {
		if text, ok := strings.CutSuffix(o.Text, mark); ok {
			return Option{Text: strings.TrimSpace(text), Level: level}
		}
	}
	return o
}

func checkForm(list []Question) error {
	red := false
	if len(list) < 1 || len(list) > 10 {
		return errs.Field("body", "问题写 1 到 10 个。")
	}
	for i, q := range list {
		if n := len([]rune(q.Text)); n > 60 {
			return errs.Field("body", fmt.Sprintf("第 %d 个问题长了，最多 60 个字。", i+1))
		}
		if len(q.Options) < 2 || len(q.Options) > 6 {
			return errs.Field("body", fmt.Sprintf("第 %d 个问题要有 2 到 6 个选项，每行一个，前面加“-”。", i+1))
		}
		texts := []string{q.Text}
		for _, o := range q.Options {
			if n := len([]rune(o.Text)); n < 1 || n > 16 || slices.Contains(texts, o.Text) {
				return errs.Field("body", fmt.Sprintf("第 %d 个问题的选项每个 1 到 16 个字，不能重复。", i+1))
			}
			texts = append(texts, o.Text)
			red = red || o.Level == Red
		}
		for _, t := range texts {
			if word := forbidden(t); word != "" {
				return errs.Field("body", fmt.Sprintf("第 %d 个问题里有“%s”，请换成平常的话。", i+1, word))
			}
		}
	}
	if !red {
		return errs.Field("body", "至少有一个选项标【红】，它会马上请值班老师联系同学。")
	}
	return nil
}

// forbidden returns the word that may not stand in a question, "" if there is none.
func forbidden(s string) string {
	for _, w := range append(strings.Fields(diagnoses), "心理", "咨询") {
		if strings.Contains(s, w) {
			return w
		}
	}
	return ""
}

// IntakeForm returns the questions in force, to students and the centre.
func IntakeForm(ctx context.Context, tx *store.Tx, who identity.Person) (Form, error) {
	if err := mayLook(who); err != nil {
		return Form{}, err
	}
	return loadForm(ctx, tx)
}

func loadForm(ctx context.Context, tx *store.Tx) (Form, error) {
	f, err := latestIntakeForm(ctx, tx)
	if store.Missing(err) {
		return f, errs.New(errs.Unavailable, "中心还没有发布问卷。")
	}
	if err != nil {
		return f, fmt.Errorf("load questions: %w", err)
	}
	f.Questions, err = ParseForm(f.Body)
	return f, err
}

// PublishForm puts a new version of the questions in force. An unchanged text changes
// nothing.
func PublishForm(ctx context.Context, tx *store.Tx, who identity.Person, centre int64, body string) error {
	if !runsCentre(who, centre) {
		return ErrConfidential
	}
	body = strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n"))
	if _, err := ParseForm(body); err != nil {
		return err
	}
	last, err := latestIntakeForm(ctx, tx)
	if err != nil && !store.Missing(err) {
		return fmt.Errorf("load questions: %w", err)
	}
	if last.Body == body {
		return nil
	}
	if err := insertIntakeForm(ctx, tx, last.Version+1, body, who.ID); err != nil {
		return fmt.Errorf("publish questions: %w", err)
	}
	return audit.Append(ctx, tx, int64(who.ID), "intake.publish", fmt.Sprintf("intake_form/%d", last.Version+1), nil)
}

// NeedsIntake tells whether the student answers the questions before booking: they are
// switched on, and this term's are not answered.
func NeedsIntake(ctx context.Context, tx *store.Tx, who identity.Person) (bool, error) {
	care, err := LoadCare(ctx, tx)
	if err != nil || !care.Intake || !who.IsStudent() {
		return false, err
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return false, err
	}
	done, err := hasIntake(ctx, tx, who.ID, set.Term(tx.Now(), tx.Zone()).Name)
	if err != nil {
		return false, fmt.Errorf("load answers: %w", err)
	}
	return !done, nil
}

// Answer is one answer as the centre reads it.
type Answer struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
	Level    Level  `json:"level"`
}

// AnswerIntake keeps the student's answers, sealed; choices are the numbers of the
// options from 0. A red one opens the lane of the centre. Answering again in the term
// keeps the newer answers, and closes nothing.
func AnswerIntake(ctx context.Context, tx *store.Tx, who identity.Person, version int, choices []int) (Level, error) {
	if !who.IsStudent() {
		return "", ErrStudentsOnly
	}
	f, err := loadForm(ctx, tx)
	if err != nil {
		return "", err
	}
	if f.Version != version {
		return "", errs.New(errs.Conflict, "问题刚刚更新了，请按新的再答一次。")
	}
	answers, level, err := f.read(choices)
	if err != nil {
		return "", err
	}
	set, err := LoadSettings(ctx, tx)
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(answers)
	if err != nil {
		return "", fmt.Errorf("write answers: %w", err)
	}
	term := set.Term(tx.Now(), tx.Zone()).Name
	if err := upsertIntake(ctx, tx, who.ID, term, version, tx.Keys().Seal(intakePlace(who.ID, term), b), level); err != nil {
		return "", fmt.Errorf("keep answers: %w", err)
	}
	if err := audit.Append(ctx, tx, int64(who.ID), "intake.answer", "person/"+who.PublicID, map[string]any{"version": version}); err != nil {
		return "", err
	}
	if level == Red {
		return level, OpenCase(ctx, tx, who, SourceIntake)
	}
	return level, nil
}

func (f Form) read(choices []int) ([]Answer, Level, error) {
	level, fields := Normal, map[string]string{}
	answers := make([]Answer, len(f.Questions))
	for i, q := range f.Questions {
		if i >= len(choices) || choices[i] < 0 || choices[i] >= len(q.Options) {
			fields[fmt.Sprintf("q%d", i+1)] = "请选一个最接近的。"
			continue
		}
		o := q.Options[choices[i]]
		answers[i] = Answer{q.Text, o.Text, o.Level}
		level = level.worse(o.Level)
	}
	if len(fields) > 0 {
		return nil, "", &errs.Error{Kind: errs.Invalid, Message: "还有没选的问题，已经标出。", Fields: fields}
	}
	return answers, level, nil
}

func intakePlace(student identity.ID, term string) string {
	return fmt.Sprintf("intake/answers/%d/%s", student, term)
}

// Intake is a student's answers of a term.
type Intake struct {
	Level      Level
	AnsweredAt time.Time
	Answers    []Answer
}

// AnsweredRed tells whether the student's own newest answers are red.
func AnsweredRed(ctx context.Context, tx *store.Tx, who identity.Person) (bool, error) {
	last, err := intakeOf(ctx, tx, who.ID)
	return last != nil && last.Level == Red, err
}

// intakeOf returns the newest answers of a student, nil if there are none.
func intakeOf(ctx context.Context, tx *store.Tx, student identity.ID) (*Intake, error) {
	r, err := latestIntake(ctx, tx, student)
	if store.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load answers: %w", err)
	}
	in := &Intake{Level: r.Level, AnsweredAt: r.AnsweredAt}
	plain, err := tx.Keys().Unseal(intakePlace(student, r.Term), r.Answers)
	if err != nil {
		return nil, err
	}
	return in, json.Unmarshal(plain, &in.Answers)
}
