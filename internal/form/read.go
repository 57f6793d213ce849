package form

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/region"
)

// yes is how a tick is posted.
const yes = "true"

// The sentences said at a field.
const (
	sayMoney   = "金额写到分就够了，例如 128.50。"
	sayInteger = "请写整数，例如 12。"
	sayDate    = "日期写成 2026-09-01 这样。"
	sayOption  = "请从给出的选项里选。"
	sayUpload  = "没有收到这个文件，请重新上传。"
	sayRegion  = "地区要写到县或区，例如 湖北省武汉市洪山区。"
)

// read reads a field with one input name.
func (f Field) read(texts []string, env Env) (v Value, given bool, sentence string) {
	switch f.Kind {
	case Choices, Photo, File:
		return f.readList(texts, env)
	default:
	}
	text := ""
	if len(texts) > 0 {
		text = strings.TrimSpace(clean(texts[0]))
	}
	if text == "" {
		return Value{}, false, ""
	}
	v, sentence = f.readOne(text, env)
	return v, sentence == "" && (f.Kind != Attestation || v.Text != ""), sentence
}

func (f Field) readOne(text string, env Env) (Value, string) {
	switch f.Kind {
	case Text, LongText:
		return f.readText(text)
	case Choice:
		return f.readChoice(text, env)
	case Date:
		return f.readDate(text, env)
	case Integer:
		return f.readInteger(text)
	case Money:
		return f.readMoney(text)
	case Region:
		code, ok := region.Parse(text)
		if !ok || len(region.Under(code)) > 0 {
			return Value{}, sayRegion
		}
		return Value{Text: code}, ""
	case Person:
		return readPerson(text, env)
	default: // Attestation: anything but a tick is none
		if text != yes {
			return Value{}, ""
		}
		return Value{Text: env.Now.Format(time.RFC3339)}, ""
	}
}

func (f Field) readText(text string) (Value, string) {
	if f.Kind == Text {
		text = strings.Join(strings.Fields(text), " ")
	}
	if most := f.maxLength(); len([]rune(text)) > most {
		return Value{}, fmt.Sprintf("最多写 %d 个字，现在有 %d 个。", most, len([]rune(text)))
	}
	return Value{Text: text}, ""
}

func (f Field) maxLength() int {
	switch {
	case f.MaxLength > 0:
		return f.MaxLength
	case f.Kind == LongText:
		return 1000
	default:
		return 100
	}
}

func (f Field) readChoice(text string, env Env) (Value, string) {
	o, ok := option(f.Choices(env), text)
	if !ok {
		return Value{}, sayOption
	}
	return Value{Text: o.Value}, ""
}

func option(options []Option, text string) (Option, bool) {
	i := slices.IndexFunc(options, func(o Option) bool { return o.Value == text })
	if i < 0 {
		i = slices.IndexFunc(options, func(o Option) bool { return o.Label() == text })
	}
	if i < 0 {
		return Option{}, false
	}
	return options[i], true
}

// uploadID is the shape of a public id.
var uploadID = regexp.MustCompile(`^[0-9A-Za-z]{16,40}$`)

// readList reads choices, photos and files, each of them once.
func (f Field) readList(texts []string, env Env) (v Value, given bool, sentence string) {
	for _, text := range texts {
		text = strings.TrimSpace(clean(text))
		if text == "" {
			continue
		}
		switch {
		case f.Kind != Choices:
			if !uploadID.MatchString(text) {
				return Value{}, false, sayUpload
			}
		default:
			o, ok := option(f.Choices(env), text)
			if !ok {
				return Value{}, false, sayOption
			}
			text = o.Value
		}
		if !slices.Contains(v.List, text) {
			v.List = append(v.List, text)
		}
	}
	if f.again != nil {
		v.List = f.replaced(env.Before[f.Name].List, v.List)
	}
	if f.Kind == Choices { // the order of the options, so that the same choice is the same answer
		v.List = inOrder(f.Choices(env), v.List)
	}
	return v, len(v.List) > 0, ""
}

func inOrder(options []Option, chosen []string) []string {
	var list []string
	for _, o := range options {
		if slices.Contains(chosen, o.Value) && !slices.Contains(list, o.Value) {
			list = append(list, o.Value)
		}
	}
	return list
}

// countOf says that there are too many of a list or, of something finished, too few; none at
// all is for Required to say.
func (f Field) countOf(n int, whole bool) string {
	unit := unitOf(f.Kind)
	least, most := f.count(f.Min, 1), f.MaxCount()
	switch {
	case whole && n > 0 && n < least:
		return fmt.Sprintf("至少要 %d %s，现在有 %d %s。", least, unit, n, unit)
	case n > most:
		return fmt.Sprintf("最多 %d %s，现在有 %d %s。", most, unit, n, unit)
	}
	return ""
}

// unitOf is what choices, photos and files are counted in.
func unitOf(k Kind) string { return map[Kind]string{Choices: "项", Photo: "张", File: "个"}[k] }

// MaxCount is how many photos, files or choices the field takes.
func (f Field) MaxCount() int { return f.count(f.Max, maxCount(f.Kind)) }

func (Field) count(bound string, otherwise int) int {
	if n, err := strconv.Atoi(bound); err == nil {
		return n
	}
	return otherwise
}

func maxCount(k Kind) int {
	if k == Choices {
		return 100
	}
	return 9
}

func (f Field) readRange(in Input, name string, env Env) (v Value, given bool, sentence string) {
	from, until := strings.TrimSpace(clean(in.get(name+".from"))), strings.TrimSpace(clean(in.get(name+".until")))
	if from == "" && until == "" {
		return Value{}, false, ""
	}
	if from == "" || until == "" {
		return Value{}, false, "开始和结束的日期都要填。"
	}
	a, sentence := f.readDate(from, env)
	if sentence != "" {
		return Value{}, false, sentence
	}
	b, sentence := f.readDate(until, env)
	if sentence != "" {
		return Value{}, false, sentence
	}
	if b.Text < a.Text {
		return Value{}, false, "结束的日期在开始之前，请看一下是不是写反了。"
	}
	if v = (Value{From: a.Text, Until: b.Text}); tooLong(v) {
		return Value{}, false, "开始和结束最多相隔十年。"
	}
	return v, true, ""
}

// tooLong keeps what is counted day by day short.
func tooLong(v Value) bool {
	from, until, ok := v.days()
	return ok && until.After(from.AddDate(10, 0, 0))
}

func (f Field) readDate(text string, env Env) (Value, string) {
	day, ok := readDay(text, env.Now)
	if !ok {
		return Value{}, sayDate
	}
	if least, ok := bound(f.Min, env.Now); ok && day < least {
		return Value{}, "最早填" + DayText(least) + "。"
	}
	if most, ok := bound(f.Max, env.Now); ok && day > most {
		return Value{}, "最晚填" + DayText(most) + "。"
	}
	return Value{Text: day}, ""
}

func bound(text string, now time.Time) (string, bool) {
	if text == today {
		return now.Format(time.DateOnly), true
	}
	return text, text != ""
}

// today is the bound of a date that moves with the day.
const today = "today"

var (
	dayParts = regexp.MustCompile(`^(?:(\d{4})\s*[-/.年]\s*)?(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?$`)
	dayRun   = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})$`)
)

// readDay reads 2026-07-01, 2026/7/1, 2026.7.1, 20260701, 2026年7月1日 and 7月1日, which
// is one of this year.
func readDay(text string, now time.Time) (string, bool) {
	text = strings.TrimSpace(halfWidth(text))
	m := dayParts.FindStringSubmatch(text)
	if m == nil {
		m = dayRun.FindStringSubmatch(text)
	}
	if m == nil {
		return "", false
	}
	year := m[1]
	if year == "" {
		year = strconv.Itoa(now.Year())
	}
	t, err := time.Parse("2006-1-2", year+"-"+strings.TrimPrefix(m[2], "0")+"-"+strings.TrimPrefix(m[3], "0"))
	if err != nil || t.Year() < 1900 || t.Year() > 2100 {
		return "", false
	}
	return t.Format(time.DateOnly), true
}

var wholeNumber = regexp.MustCompile(`^-?\d{1,12}$`)

func (f Field) readInteger(text string) (Value, string) {
	text = strings.TrimSpace(halfWidth(text))
	for _, unit := range []string{f.Unit, "天", "个", "次", "人"} {
		text = strings.TrimSpace(strings.TrimSuffix(text, unit))
	}
	if !wholeNumber.MatchString(text) {
		return Value{}, sayInteger
	}
	n, _ := strconv.ParseInt(text, 10, 64)
	if least, err := strconv.ParseInt(f.Min, 10, 64); err == nil && n < least {
		return Value{}, fmt.Sprintf("至少填 %s。", number(least, f.Unit))
	}
	if most, err := strconv.ParseInt(f.Max, 10, 64); err == nil && n > most {
		return Value{}, fmt.Sprintf("最多填 %s。", number(most, f.Unit))
	}
	return Value{Number: n}, ""
}

func (f Field) readMoney(text string) (Value, string) {
	text = strings.TrimSpace(halfWidth(text))
	text = strings.TrimSpace(strings.TrimLeft(text, "¥￥"))
	text = strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(text, "整"), "元"))
	fen, ok := ParseYuan(text)
	if !ok {
		return Value{}, sayMoney
	}
	if least, ok := ParseYuan(f.Min); ok && fen < least {
		return Value{}, fmt.Sprintf("至少填 %s 元。", Yuan(least))
	}
	if most, ok := ParseYuan(f.Max); ok && fen > most {
		return Value{}, fmt.Sprintf("最多填 %s 元。", Yuan(most))
	}
	return Value{Number: fen}, ""
}

var yuan = regexp.MustCompile(`^(\d{1,9})(?:\.(\d{1,2}))?$`)

// ParseYuan reads 128, 128.5 and 128.50 as fen, and nothing else: no sign, no exponent,
// no comma, no third decimal (D-59).
func ParseYuan(text string) (fen int64, ok bool) {
	m := yuan.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	fen, _ = strconv.ParseInt(m[1]+(m[2] + "00")[:2], 10, 64)
	return fen, true
}

var personNumber = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_\-.]{2,31}$`)

func readPerson(text string, env Env) (Value, string) {
	text = halfWidth(text)
	if !personNumber.MatchString(text) {
		return Value{}, "请写学号或工号。"
	}
	if env.Person == nil {
		return Value{Text: text}, ""
	}
	name, ok := env.Person(text)
	if !ok {
		return Value{}, "没有这个学号或工号，请核对一下。"
	}
	return Value{Text: text, Shown: name}, ""
}

// clean drops what no keyboard makes and PostgreSQL refuses.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == '\ufeff' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), ""))
}

// halfWidth turns the full-width forms of a Chinese keyboard into what they mean.
func halfWidth(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '　':
			return ' '
		case r == '。':
			return '.'
		}
		return r
	}, s)
}

// missing is said when a required field has no answer.
func (f Field) missing(env Env) string {
	switch f.Kind {
	case Choice, Choices:
		if f.Source != "" && len(f.Choices(env)) == 0 {
			return "学校还没有你的“" + f.Label + "”记录，所以没有可选的。有出入请找办理的老师核对。"
		}
		return "请选择" + f.Label + "。"
	case Photo:
		return "请上传" + f.Label + "的照片。"
	case File:
		return "请上传" + f.Label + "。"
	case Rows:
		return f.Label + "至少填一行。"
	case Attestation:
		return "请读完并勾选这一条。"
	default:
		return "请填写" + f.Label + "。"
	}
}

var rangeWord = regexp.MustCompile(`\s*(?:到|至|~|—+|–+)\s*`)

// said turns a sentence of chat into the input of the field.
func (f Field) said(text string, env Env) Input {
	text = strings.TrimSpace(clean(text))
	options := f.Choices(env)
	pick := func(word string) string {
		word = strings.TrimSpace(word)
		if i, err := strconv.Atoi(halfWidth(word)); err == nil && i >= 1 && i <= len(options) {
			return options[i-1].Value
		}
		return word
	}
	switch f.Kind {
	case Choice:
		return Input{f.Name: {pick(text)}}
	case Choices:
		if _, ok := option(options, text); ok {
			return Input{f.Name: {text}}
		}
		words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("、，,；; \n", r) })
		for i := range words {
			words[i] = pick(words[i])
		}
		return Input{f.Name: words}
	case Photo, File:
		return Input{f.Name: strings.Fields(text)}
	case Range:
		ends := rangeWord.Split(halfWidth(text), 2)
		in := Input{f.Name + ".from": {ends[0]}}
		if len(ends) == 2 {
			in[f.Name+".until"] = []string{ends[1]}
		}
		return in
	case Attestation:
		if slices.Contains([]string{"是", "同意", "确认", "我确认", "属实", yes}, text) {
			text = yes
		}
		return Input{f.Name: {text}}
	default:
		return Input{f.Name: {text}}
	}
}
