package identity

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/region"
	"github.com/xuegong/xuegong/internal/sheet"
)

// record is one row of a list of persons; "" is what the row leaves open.
type record struct {
	line     int
	number   string
	previous string
	name     string
	kind     Kind
	level    string
	status   string
	college  string
	class    string
	campus   string
	gender   string
	born     string // 2006-01-02
	userid   string // case-folded
	facts    []fact

	unit string // key of the unit book, filled when compared
	site string // name of the campus, likewise
}

// wrong is one sentence about one cell of the row.
func (r record) wrong(column, message string) []RowError {
	return []RowError{{Row: r.line, Column: column, Message: message}}
}

// words are what people write in a column and the code of each; of several for one code
// the first is the one we ask for.
type words [][2]string

func kindWords() words {
	return words{{"学生", string(Student)}, {"教职工", string(Staff)}, {"教师", string(Staff)}}
}

func levelWords() words {
	return words{{"本科", "bachelor"}, {"硕士", "master"}, {"博士", "doctor"}, {"本科生", "bachelor"}, {"硕士研究生", "master"}, {"博士研究生", "doctor"}}
}

func statusWords() words {
	return words{{"在籍", "enrolled"}, {"休学", "suspended"}, {"毕业", "graduated"}, {"退学", "withdrawn"}, {"在职", "employed"}, {"离职", "left"}, {"在读", "enrolled"}}
}

func genderWords() words { return words{{"女", "female"}, {"男", "male"}} }

func (w words) code(word string) string {
	for _, pair := range w {
		if pair[0] == word {
			return pair[1]
		}
	}
	return ""
}

func (w words) choices() string {
	var list, codes []string
	for _, pair := range w {
		if !slices.Contains(codes, pair[1]) {
			list, codes = append(list, pair[0]), append(codes, pair[1])
		}
	}
	return strings.Join(list, "、")
}

// parser turns the rows of a sheet into records and collects what is wrong.
type parser struct {
	table   sheet.Table
	row     sheet.Row
	at      map[string]int // column name to its place
	ignored []string       // columns nobody reads
	records []record       // also of wrong rows, so that a second row of a number is found
	errors  []RowError
	wrong   map[int]bool // rows with errors
}

// columns finds out which column is which.
func (p *parser) columns() error {
	p.at = map[string]int{}
	used := map[int]bool{}
	for _, c := range ImportColumns() {
		i := p.table.Column(append([]string{c.Name}, c.Also...)...)
		if i >= 0 {
			p.at[c.Name], used[i] = i, true
		}
	}
	for i, name := range p.table.Header {
		if !used[i] && name != "" {
			p.ignored = append(p.ignored, name)
		}
	}
	if _, ok := p.at[colNumber]; !ok {
		return errs.Field("file", p.header()+"里面没有“学号/工号”这一列。表头放在名单的最上面一行，或者直接用模板填写。")
	}
	if len(p.at) == 1 {
		return errs.Field("file", p.header()+"除了学号，没有认出别的列。请核对列名，或者直接用模板填写。")
	}
	return nil
}

// header says which row was taken for the header, with its first names.
func (p *parser) header() string {
	names := slices.DeleteFunc(slices.Clone(p.table.Header), func(n string) bool { return n == "" })
	more := ""
	if len(names) > 3 {
		names, more = names[:3], "等"
	}
	return fmt.Sprintf("第 %d 行当作表头（%s%s），", p.table.At, strings.Join(names, "、"), more)
}

func (p *parser) cell(column string) string {
	if i, ok := p.at[column]; ok {
		return p.row.Cells[i]
	}
	return ""
}

func (p *parser) fail(column, message string) {
	p.errors = append(p.errors, RowError{Row: p.row.Number, Column: column, Message: message})
	p.wrong[p.row.Number] = true
}

// parse reads the header and every row.
func (p *parser) parse() error {
	if err := p.columns(); err != nil {
		return err
	}
	p.wrong = map[int]bool{}
	numbers, previous, accounts := map[string]int{}, map[string]int{}, map[string]int{}
	for _, p.row = range p.table.Rows {
		r := p.record()
		p.once(numbers, strings.ToLower(r.number), colNumber)
		p.once(previous, r.previous, colPrevious)
		p.once(accounts, r.userid, colUserID)
		p.records = append(p.records, r)
	}
	return nil
}

func (p *parser) numbers() []string { return numbersOf(p.records) }

func (p *parser) once(seen map[string]int, value, column string) {
	if value == "" {
		return
	}
	if first, ok := seen[value]; ok {
		p.fail(column, fmt.Sprintf("和第 %d 行重复了，请留一行。", first))
		return
	}
	seen[value] = p.row.Number
}

var numberShape = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_\-.]{2,31}$`)

func (p *parser) record() record {
	r := record{line: p.row.Number, name: p.cell(colName), college: p.cell(colCollege), class: p.cell(colClass), campus: p.cell(colCampus)}
	r.number = p.shaped(colNumber, numberShape, "号码由 3 到 32 个字母、数字或 - _ . 组成。")
	if r.number == "" && p.cell(colNumber) == "" {
		p.fail(colNumber, "这一格必填。")
	}
	if r.previous = p.shaped(colPrevious, numberShape, "号码由 3 到 32 个字母、数字或 - _ . 组成。"); r.previous != "" && r.previous == r.number {
		p.fail(colPrevious, "原学号和学号一样，留空就行。")
	}
	if len([]rune(r.name)) > 40 || strings.ContainsAny(r.name, "\n\t<>") {
		p.fail(colName, "姓名最多 40 个字，不含换行和尖括号。")
	}
	for _, column := range []string{colCollege, colClass, colCampus} {
		if len([]rune(p.cell(column))) > 40 {
			p.fail(column, "名称最多 40 个字。")
		}
	}
	r.kind = Kind(p.word(colKind, kindWords()))
	r.level = p.word(colLevel, levelWords())
	r.status = p.word(colStatus, statusWords())
	r.gender = p.word(colGender, genderWords())
	r.born = p.date(colBorn)
	r.userid = strings.ToLower(p.shaped(colUserID, userIDShape, "账号由 1 到 64 个字母、数字或 _ - @ . 组成。"))
	r.facts = p.facts()
	return r
}

// fraction is what a number cell makes of a number nobody has.
var fraction = regexp.MustCompile(`^\d+\.\d+$`)

func (p *parser) shaped(column string, shape *regexp.Regexp, message string) string {
	v := p.cell(column)
	if fraction.MatchString(v) {
		p.fail(column, "“"+v+"”带小数点，不是号码。请把这一列改成“文本”格式，重新填好这一格。")
		return ""
	}
	if v != "" && !shape.MatchString(v) {
		p.fail(column, message)
		return ""
	}
	return v
}

func (p *parser) word(column string, known words) string {
	v := p.cell(column)
	if v == "" {
		return ""
	}
	code := known.code(v)
	if code == "" {
		p.fail(column, "请写"+known.choices()+"中的一个。")
	}
	return code
}

func (p *parser) date(column string) string {
	v := p.cell(column)
	if v == "" {
		return ""
	}
	for _, layout := range []string{"2006-1-2", "2006/1/2", "2006.1.2", "20060102", "2006年1月2日"} {
		if t, err := time.Parse(layout, v); err == nil && t.Year() >= 1920 && t.Year() <= 2100 {
			return t.Format(time.DateOnly)
		}
	}
	p.fail(column, "日期写成 2006-03-09 这样。")
	return ""
}

// facts reads what is recorded: of a year, and lasting.
func (p *parser) facts() []fact {
	list := p.yearly()
	if len(list) > 0 {
		year, err := strconv.Atoi(strings.TrimSuffix(p.cell(colYear), "年"))
		if err != nil || year < 2000 || year > 2100 {
			p.fail(colYear, "填了困难等级、奖助、荣誉、证书、成绩或贷款，就要写四位数的年份。")
		}
		for i := range list {
			list[i].Year = year
		}
	}
	if text := p.cell(colHome); text != "" {
		code, ok := region.Parse(text)
		if !ok {
			p.fail(colHome, "没有找到这个地区，写到省、市、县，如 湖北省武汉市洪山区。")
		}
		list = append(list, fact{Kind: string(HomeFact), Value: code})
	}
	if tail := p.shaped(colBank, bankTail, "写收款卡的后四位数字。"); tail != "" {
		list = append(list, fact{Kind: string(BankFact), Value: tail})
	}
	return list
}

var (
	bankTail   = regexp.MustCompile(`^\d{4}$`)
	gradeShape = regexp.MustCompile(`^(?:100|[1-9]?\d)$`)
)

// yearly reads what is known for a year: one tier, loan and grade, any number of the rest.
func (p *parser) yearly() []fact {
	var list []fact
	add := func(kind FactKind, column string, values ...string) {
		for _, v := range values {
			if v = strings.TrimSpace(v); v == "" {
				continue
			}
			if len([]rune(v)) > 40 {
				p.fail(column, "最多 40 个字。")
			}
			list = append(list, fact{Kind: string(kind), Value: v})
		}
	}
	several := func(column string) []string {
		return strings.FieldsFunc(p.cell(column), func(r rune) bool { return strings.ContainsRune("、，,；;", r) })
	}
	add(TierFact, colTier, p.cell(colTier))
	add(AwardFact, colAwards, several(colAwards)...)
	add(AidFact, colAid, several(colAid)...)
	add(LoanFact, colLoan, p.cell(colLoan))
	add(HonourFact, colHonours, several(colHonours)...)
	add(CertificateFact, colSkills, several(colSkills)...)
	add(GradeFact, colGrade, p.shaped(colGrade, gradeShape, "写 0 到 100 的整数。"))
	return list
}

// fill completes the row from what is known, so that afterwards it says everything, and
// returns what is missing or does not go together.
func (r *record) fill(before, previous *stay, units *unitBook) []RowError {
	if s := before; s != nil {
		r.name, r.kind, r.level, r.status = or(r.name, s.Name), Kind(or(string(r.kind), string(kindOf(s.Level)))), or(r.level, s.Level), or(r.status, s.Status)
		r.gender, r.born = or(r.gender, s.Gender), or(r.born, s.Born)
	} else if s := previous; s != nil {
		r.name, r.gender, r.born = or(r.name, s.Name), or(r.gender, s.Gender), or(r.born, s.Born)
	}
	switch {
	case r.name == "":
		return r.wrong(colName, "新登记的人要写姓名。")
	case r.kind == "":
		return r.wrong(colKind, "新登记的人要写类别：学生或教职工。")
	case before != nil && kindOf(before.Level) != r.kind:
		return r.wrong(colKind, "这个号码已登记为另一类。换了身份请用新号码，旧号码填在“原学号”。")
	}
	if errors := r.fillStanding(); len(errors) > 0 {
		return errors
	}
	return r.fillPlace(before, units)
}

// fillStanding completes level and status, which go with the kind.
func (r *record) fillStanding() []RowError {
	if r.kind == Staff {
		if r.level != "" && r.level != "staff" {
			return r.wrong(colLevel, "教职工不填层次。")
		}
		r.level, r.status = "staff", or(r.status, "employed")
		if r.status != "employed" && r.status != "left" {
			return r.wrong(colStatus, "教职工的状态是在职或离职。")
		}
		return nil
	}
	r.status = or(r.status, "enrolled")
	switch {
	case r.level == "":
		return r.wrong(colLevel, "新登记的学生要写层次：本科、硕士或博士。")
	case r.status == "employed" || r.status == "left":
		return r.wrong(colStatus, "学生的状态是在籍、休学、毕业或退学。")
	}
	return nil
}

// fillPlace finds unit and campus.
func (r *record) fillPlace(before *stay, units *unitBook) []RowError {
	var message string
	switch {
	case r.college == "" && r.class == "" && before != nil:
		r.unit = units.keys[before.Unit]
	case r.college == "":
		return r.wrong(colCollege, "请写学院（教职工写部门）。")
	default:
		if r.unit, message = units.find(r.kind, r.college, r.class); message != "" {
			column := colCollege
			if r.class != "" && r.kind == Student {
				column = colClass
			}
			return r.wrong(column, message)
		}
	}
	switch {
	case r.campus != "":
		if r.site, message = units.campus(r.campus); message != "" {
			return r.wrong(colCampus, message)
		}
	case before != nil:
		r.site = units.campusNames[before.Campus]
	default:
		if r.site = units.campusOf(r.unit); r.site == "" {
			return r.wrong(colCampus, "学校有几个校区，请写明在哪一个。")
		}
	}
	return nil
}

// changes tells whether a complete row differs from what is known of its number. What
// is said of the person counts only under the number the person has now.
func (r record) changes(s stay, units *unitBook) bool {
	person := r.name != s.Name || r.gender != s.Gender || r.born != s.Born
	place := units.units[r.unit].ID != s.Unit || units.campuses[r.site].ID != s.Campus
	return person && s.Present || place || r.level != s.Level || r.status != s.Status
}

func kindOf(level string) Kind {
	if level == "staff" {
		return Staff
	}
	return Student
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
