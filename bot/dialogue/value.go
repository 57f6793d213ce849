package dialogue

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// How long an answer may be when the script does not say, in characters.
const (
	lineLength      = 100
	paragraphLength = 500
)

// length says what is wrong with the length of a text, "" when nothing is.
func (q Question) length(text string) string {
	most := q.Max
	switch {
	case most == 0 && q.Kind == Text:
		most = lineLength
	case most == 0:
		most = paragraphLength
	}
	switch n := utf8.RuneCountInString(text); {
	case n > most:
		return fmt.Sprintf("最多写 %d 个字，现在有 %d 个，删短一些再发一次。", most, n)
	case n < q.Min:
		return fmt.Sprintf("至少写 %d 个字，再具体一点。", q.Min)
	}
	return ""
}

// answerValue reads a number, an amount, a date, days or yes and no.
func (t *turn) answerValue(q Question) (bool, error) {
	read := map[Kind]func(Question) (Answer, string){
		Number: t.number, Money: t.money, Date: t.date, Period: t.period, Attest: t.attest,
	}[q.Kind]
	if read == nil || t.in.silent() {
		return t.in.silent(), nil
	}
	a, wrong := read(q)
	if wrong != "" {
		t.complaint = wrong
		return false, nil
	}
	if a.Value == "" {
		return false, nil
	}
	return t.check(q, a)
}

// number reads a whole number: 3, ３门, 十二.
func (t *turn) number(q Question) (Answer, string) {
	s := strings.Trim(strings.ReplaceAll(norm.NFKC.String(t.in.Text), ",", ""), " 。！!~")
	n, ok := whole(strings.TrimSpace(strings.TrimSuffix(s, q.Unit)))
	if !ok {
		return Answer{}, ""
	}
	if wrong := q.within(n, strconv.Itoa); wrong != "" {
		return Answer{}, wrong
	}
	return Answer{Value: strconv.Itoa(n), Label: strings.TrimSpace(strconv.Itoa(n) + " " + q.Unit)}, ""
}

// within says what is wrong with n, written by show.
func (q Question) within(n int, show func(int) string) string {
	switch {
	case q.Max != 0 && (n < q.Min || n > q.Max):
		return fmt.Sprintf("这里填 %s 到 %s 之间的数。", show(q.Min), show(q.Max))
	case n < q.Min:
		return fmt.Sprintf("这里最少填 %s。", show(q.Min))
	}
	return ""
}

// money reads an amount: 128.5, ¥1,280, 128元, 一百二十八块.
func (t *turn) money(q Question) (Answer, string) {
	if strings.Contains(t.in.Text, ",") && !thousands.MatchString(t.in.Text) {
		return Answer{}, sayMoney
	}
	s := strings.NewReplacer(",", "", "¥", "", "￥", "", "人民币", "", "共", "", "元整", "", "元", "", "块钱", "", "块", "", "rmb", "", " ", "").
		Replace(strings.ToLower(norm.NFKC.String(t.in.Text)))
	yuan, cents, split := strings.Cut(strings.Trim(s, "。.，！!"), ".")
	n, ok := whole(yuan)
	if !ok || n > maxYuan {
		return Answer{}, ""
	}
	fen := 100 * n
	if split {
		c, err := strconv.Atoi((cents + "0")[:min(2, len(cents)+1)])
		if err != nil || len(cents) > 2 || c < 0 {
			return Answer{}, sayMoney
		}
		fen += c
	}
	if wrong := q.within(fen, yuanOf); wrong != "" {
		return Answer{}, wrong
	}
	return Answer{Value: strconv.Itoa(fen), Label: yuanOf(fen) + " 元"}, ""
}

const (
	maxYuan  = 100_000_000
	sayMoney = "金额写到分就够了，例如 128.50。"
)

// thousands holds a number whose commas part it by three; 12,3 might be anything.
var thousands = regexp.MustCompile(`(^|[^\d,])\d{1,3}(,\d{3})+($|[^\d,])`)

func yuanOf(fen int) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

// date reads one day.
func (t *turn) date(Question) (Answer, string) {
	if len(t.in.Times) != 1 || t.in.Times[0].Every != 0 || t.in.Times[0].To.Sub(t.in.Times[0].From) > 25*time.Hour {
		return Answer{}, ""
	}
	day := t.in.Times[0].From
	return Answer{Value: day.Format(time.DateOnly), Label: dayLabel(day)}, ""
}

// period reads the first and the last day: a range, two days, or one day.
func (t *turn) period(Question) (Answer, string) {
	if n := len(t.in.Times); n == 0 || n > 2 || t.in.Times[0].Every != 0 || t.in.Times[n-1].Every != 0 {
		return Answer{}, ""
	}
	from, to := t.in.Times[0].From, t.in.Times[len(t.in.Times)-1].To.Add(-time.Minute)
	if to.Before(from) {
		return Answer{}, "结束的日子在开始之前，请按先后再写一次。"
	}
	return Answer{
		Value: from.Format(time.DateOnly) + "/" + to.Format(time.DateOnly),
		Label: dayLabel(from) + "–" + dayLabel(to),
	}, ""
}

func dayLabel(t time.Time) string {
	return fmt.Sprintf("%d年%d月%d日", t.Year(), int(t.Month()), t.Day())
}

// attest reads yes or no.
func (t *turn) attest(Question) (Answer, string) {
	switch t.in.Word {
	case Yes:
		return Answer{Value: string(Yes), Label: attested}, ""
	case No:
		return Answer{Value: string(No), Label: denied}, ""
	}
	if promised.MatchString(plain(t.in.Text)) {
		return Answer{Value: string(Yes), Label: attested}, ""
	}
	return Answer{}, ""
}

// promised is a promise in its own words: 属实, 我承诺以上情况属实.
var promised = regexp.MustCompile(`^(我|以上|全部|都|情况|内容|材料|确实|保证|承诺|确认)*(属实|承诺|确认|保证)$`)

// whole reads digits or Chinese numerals up to 99999999, and nothing beside a counter.
func whole(s string) (n int, ok bool) {
	s = strings.TrimRight(s, "个门次人份年月天小时节学分岁篇本。")
	if s == "" || len(s) > 40 {
		return 0, false
	}
	if n, err := strconv.Atoi(s); err == nil {
		return n, n >= 0 && n < 100_000_000
	}
	total, part, digit, next := 0, 0, 0, 1 // next is what a last digit counts: 一千五 is 1500, 一千零五 is 1005
	for _, r := range s {
		switch i := strings.IndexRune("零一二三四五六七八九", r); {
		case i == 0:
			next = 1
		case digit > 0 && (i > 0 || r == '两' || r == '俩'): // 两三千 is no number
			return 0, false
		case i > 0:
			digit = i / len("零")
		case r == '两' || r == '俩':
			digit = 2
		case r == '十' || r == '百' || r == '千':
			unit := map[rune]int{'十': 10, '百': 100, '千': 1000}[r]
			part += max(digit, 1) * unit
			digit, next = 0, unit/10
		case r == '万':
			total, part, digit, next = (total+part+digit)*10_000, 0, 0, 1000
		default:
			return 0, false
		}
		if total+part > 99_999_999 {
			return 0, false
		}
	}
	return total + part + digit*next, true
}
