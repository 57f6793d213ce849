package identity

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/sheet"
	"github.com/xuegong/xuegong/internal/store"
)

// The columns of a list of persons. A cell left empty, or a column left out, leaves
// what is known as it is.
const (
	colNumber   = "学号/工号"
	colName     = "姓名"
	colKind     = "类别"
	colLevel    = "层次"
	colStatus   = "状态"
	colCollege  = "学院"
	colClass    = "班级"
	colCampus   = "校区"
	colGender   = "性别"
	colBorn     = "出生日期"
	colUserID   = "企业微信账号"
	colPrevious = "原学号"
	colTier     = "困难等级"
	colAwards   = "奖助项目"
	colLoan     = "助学贷款"
	colYear     = "年份"
	colAid      = "资助项目"
	colHonours  = "荣誉称号"
	colSkills   = "技能证书"
	colGrade    = "平均成绩"
	colHome     = "家庭所在地"
	colBank     = "银行卡尾号"
)

// ImportColumn describes a column of the list, for the template people download.
type ImportColumn struct {
	Name string
	Also []string // other names it is known by
	Note string
}

// ImportColumns lists the columns in the order of the template.
func ImportColumns() []ImportColumn {
	return []ImportColumn{
		{colNumber, []string{"学号", "工号"}, "必填，按它更新"},
		{colName, nil, "新人必填"},
		{colKind, []string{"人员类别"}, "学生、教职工"},
		{colLevel, []string{"培养层次"}, "学生：本科、硕士、博士"},
		{colStatus, []string{"学籍状态", "在校状态"}, "在籍、休学、毕业、退学；在职、离职"},
		{colCollege, []string{"学院/部门", "部门", "单位"}, "新人必填"},
		{colClass, nil, "学生的行政班"},
		{colCampus, nil, "空着按单位所在校区"},
		{colGender, nil, "女、男"},
		{colBorn, []string{"出生年月日"}, "2006-03-09"},
		{colUserID, []string{"企业微信userid", "userid"}, "填了就绑定"},
		{colPrevious, []string{"原工号"}, "同一个人换了学号时填"},
		{colTier, nil, "如 特困、困难，要有年份"},
		{colAwards, nil, "多项用顿号隔开，要有年份"},
		{colLoan, nil, "如 国家助学贷款，要有年份"},
		{colAid, nil, "多项用顿号隔开，要有年份"},
		{colHonours, []string{"荣誉"}, "多项用顿号隔开，要有年份"},
		{colSkills, nil, "多项用顿号隔开，要有年份"},
		{colGrade, nil, "0 到 100 的整数，要有年份"},
		{colYear, []string{"认定年份", "学年"}, "四位数字，学年写前一年"},
		{colHome, []string{"生源地"}, "湖北省武汉市洪山区"},
		{colBank, nil, "收款卡的后四位"},
	}
}

// ImportOptions of Preview.
type ImportOptions struct {
	CreateUnits bool   // colleges, classes and campuses nobody knows are created, not refused
	BoundBy     string // how accounts are proved; "" is the import itself
}

// RowError says what is wrong with one cell of the list.
type RowError struct {
	Row     int    // as the person sees it
	Column  string // name of the column
	Message string // one Chinese sentence
}

func (e RowError) String() string {
	return fmt.Sprintf("第 %d 行“%s”：%s", e.Row, e.Column, e.Message)
}

// ImportReport is what an import would do, or did.
type ImportReport struct {
	Rows      int
	Created   int // new persons
	Continued int // persons known under another number who get this one
	Changed   int
	Unchanged int
	Bound     int      // accounts among them
	Units     []string // new ones
	Ignored   []string // columns of the file nobody reads
	Errors    []RowError
	Applied   bool
}

func (r ImportReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "共 %d 行：新增 %d 人，换学号 %d 人，更新 %d 人，没有变化 %d 人；绑定账号 %d 个。",
		r.Rows, r.Created, r.Continued, r.Changed, r.Unchanged, r.Bound)
	if len(r.Units) > 0 {
		fmt.Fprintf(&b, "\n新建单位：%s。", strings.Join(r.Units, "、"))
	}
	if len(r.Ignored) > 0 {
		fmt.Fprintf(&b, "\n没有用到的列：%s。", strings.Join(r.Ignored, "、"))
	}
	for _, e := range r.Errors {
		b.WriteString("\n" + e.String())
	}
	switch {
	case r.Applied:
		b.WriteString("\n已导入。")
	case len(r.Errors) > 0:
		fmt.Fprintf(&b, "\n有 %d 处要改，一行都没有写入。改好后整份再传即可。", len(r.Errors))
	default:
		b.WriteString("\n这是预览，还没有写入。")
	}
	return b.String()
}

// plan is what a list asks to be done.
type plan struct {
	report ImportReport
	units  unitBook
	acts   []importAct
}

// importAct is what a row asks to be done.
type importAct struct {
	row     record
	before  *stay // nil: the number is new
	person  ID    // 0: the person is new
	public  string
	fresh   bool // changes person or enrolment
	created bool // the person was, just now
	bind    bool
	facts   []fact
}

// ImportFile reads a list of persons and says what it would change; with confirm it
// also does so, all or nothing. Wrong rows are in the report and not an error. Only an
// Admin (on the command line the Operator) may. What is wrong with the file as a whole
// is an errs.Error.
func ImportFile(ctx context.Context, db *store.DB, r io.Reader, who Person, o ImportOptions, confirm bool) (ImportReport, error) {
	if !isAdmin(who) {
		return ImportReport{}, ErrForbidden
	}
	h := sha256.New()
	table, err := sheet.Read(io.TeeReader(r, h))
	if err != nil {
		return ImportReport{}, err
	}
	var report ImportReport
	if !confirm {
		err = db.View(ctx, func(tx *store.Tx) (err error) {
			report, err = Preview(ctx, tx, table, o)
			return err
		})
		return report, err
	}
	err = db.Update(ctx, func(tx *store.Tx) (err error) {
		report, err = Apply(ctx, tx, table, who, o, hex.EncodeToString(h.Sum(nil)))
		return err
	})
	return report, err
}

// Preview says what the list would change and writes nothing. A list without the
// columns it needs is an errs.Error; everything else that is wrong is in Errors.
func Preview(ctx context.Context, tx *store.Tx, table sheet.Table, o ImportOptions) (ImportReport, error) {
	p := parser{table: table}
	if err := p.parse(); err != nil {
		return ImportReport{}, err
	}
	made, err := p.plan(ctx, tx, o)
	return made.report, err
}

// Apply writes what the list says, judged anew behind locks on everybody it names; with
// wrong rows it writes nothing and Applied stays false. file is the hash of the list,
// kept in the audit log.
func Apply(ctx context.Context, tx *store.Tx, table sheet.Table, who Person, o ImportOptions, file string) (ImportReport, error) {
	if !isAdmin(who) {
		return ImportReport{}, ErrForbidden
	}
	p := parser{table: table}
	if err := p.parse(); err != nil {
		return ImportReport{}, err
	}
	if err := lockNumbers(ctx, tx, p.numbers()); err != nil {
		return ImportReport{}, fmt.Errorf("lock for import: %w", err)
	}
	made, err := p.plan(ctx, tx, o)
	if err != nil || len(made.report.Errors) > 0 {
		return made.report, err
	}
	if err := made.write(ctx, tx, who, or(o.BoundBy, "import")); err != nil {
		return ImportReport{}, err
	}
	report := made.report
	report.Applied = true
	return report, audit.Append(ctx, tx, int64(who.ID), "people.import", "people", map[string]any{
		"file":    file,
		"created": report.Created, "continued": report.Continued, "changed": report.Changed, "bound": report.Bound,
	})
}

// plan compares the records with what is known.
func (p *parser) plan(ctx context.Context, tx *store.Tx, o ImportOptions) (plan, error) {
	known, err := loadKnown(ctx, tx, p.records)
	if err != nil {
		return plan{}, err
	}
	units, err := loadUnitBook(ctx, tx, o.CreateUnits)
	if err != nil {
		return plan{}, err
	}
	made := plan{units: units, report: ImportReport{Rows: len(p.table.Rows), Ignored: p.ignored, Errors: slices.Clone(p.errors)}}
	for _, r := range p.records {
		if p.wrong[r.line] {
			continue
		}
		act, errors := known.compare(r, &made.units)
		if len(errors) == 0 {
			made.add(act)
		}
		made.report.Errors = append(made.report.Errors, errors...)
	}
	slices.SortStableFunc(made.report.Errors, func(a, b RowError) int { return a.Row - b.Row })
	made.report.Units = made.units.created()
	return made, nil
}

// add counts an act and keeps it if it changes something.
func (p *plan) add(a importAct) {
	switch {
	case a.person == 0:
		p.report.Created++
	case a.before == nil:
		p.report.Continued++
	case a.fresh || a.bind || len(a.facts) > 0:
		p.report.Changed++
	default:
		p.report.Unchanged++
		return
	}
	if a.bind {
		p.report.Bound++
	}
	p.acts = append(p.acts, a)
}

// write stores the plan, units first, then persons by the thousand.
func (p *plan) write(ctx context.Context, tx *store.Tx, who Person, boundBy string) error {
	if err := p.units.create(ctx, tx, who); err != nil {
		return err
	}
	for chunk := range slices.Chunk(p.acts, importChunk) {
		for _, step := range []func(context.Context, *store.Tx, []importAct) error{
			insertPeople, updatePeople, p.endStays, p.writeStays, accountsBoundBy(boundBy), writeFacts,
		} {
			if err := step(ctx, tx, chunk); err != nil {
				return importFailed(err)
			}
		}
	}
	return nil
}

// importFailed names the one thing that can come between: somebody bound an account meanwhile.
func importFailed(err error) error {
	if strings.HasPrefix(store.Constraint(err), "a_userid_") || strings.HasPrefix(store.Constraint(err), "a_person_has_") {
		return errs.Wrap(err, errs.Conflict, "导入时有人绑定了同一个账号，没有写入。请重新预览再确认。")
	}
	return fmt.Errorf("import people: %w", err)
}

// importChunk is how many persons are written with one statement.
const importChunk = 1000

// known is what the school knows of the numbers and accounts of a list.
type known struct {
	stays    map[string]stay   // by number
	accounts map[string]string // userid to the public id of its person
	facts    map[fact]bool     // of the persons of the stays, keyed by person
}

// stay is an enrolment with its person.
type stay struct {
	ID       int64  `db:"id"`
	Number   string `db:"number"`
	Person   ID     `db:"person_id"`
	Public   string `db:"public_id"`
	Level    string `db:"level"`
	Status   string `db:"status"`
	Unit     int64  `db:"unit_id"`
	Campus   int64  `db:"campus_id"`
	Present  bool   `db:"present"` // not ended by a later one
	Name     string `db:"name"`
	Kind     Kind   `db:"kind"`
	Gender   string `db:"gender"`
	Born     string `db:"born"`
	UserID   string `db:"userid"`
	OfCentre bool   `db:"of_centre"`
}

// fact is one thing known of a person for a year.
type fact struct {
	Person ID     `db:"person_id"`
	Kind   string `db:"kind"`
	Year   int    `db:"year"`
	Value  string `db:"value"`
}

func loadKnown(ctx context.Context, tx *store.Tx, rows []record) (known, error) {
	var userids []string
	for _, r := range rows {
		if r.userid != "" {
			userids = append(userids, r.userid)
		}
	}
	k, err := selectKnown(ctx, tx, numbersOf(rows), userids)
	if err != nil {
		return known{}, fmt.Errorf("load who is known: %w", err)
	}
	return k, nil
}

func numbersOf(rows []record) []string {
	var numbers []string
	for _, r := range rows {
		numbers = append(numbers, r.number)
		if r.previous != "" {
			numbers = append(numbers, r.previous)
		}
	}
	return numbers
}

// compare says what a row asks to be done, or what is wrong with it.
func (k known) compare(r record, units *unitBook) (importAct, []RowError) {
	a := importAct{row: r}
	if s, ok := k.stays[r.number]; ok {
		a.before, a.person, a.public = &s, s.Person, s.Public
	}
	var previous *stay
	if r.previous != "" {
		s, ok := k.stays[r.previous]
		switch {
		case !ok:
			return a, r.wrong(colPrevious, "没有登记过这个号码，请先导入它，或把这一格留空。")
		case a.before != nil && a.person != s.Person:
			return a, r.wrong(colPrevious, "这两个号码登记的不是同一个人，请到工作台核对。")
		}
		previous, a.person, a.public = &s, s.Person, s.Public
	}
	if errors := a.row.fill(a.before, previous, units); len(errors) > 0 {
		return a, errors
	}
	a.fresh = a.before == nil || a.row.changes(*a.before, units)
	if errors := k.account(&a, previous); len(errors) > 0 {
		return a, errors
	}
	for _, f := range r.facts {
		f.Person = a.person
		if !k.facts[f] {
			a.facts = append(a.facts, f)
		}
	}
	return a, nil
}

// account decides whether the row binds an account.
func (k known) account(a *importAct, previous *stay) []RowError {
	r, has := a.row, a.before
	if has == nil {
		has = previous
	}
	if r.userid == "" || has != nil && has.UserID == r.userid {
		return nil
	}
	if holder, ok := k.accounts[r.userid]; ok && holder != a.public {
		return r.wrong(colUserID, "这个账号已绑定给别人，请先在工作台解绑。")
	}
	if has != nil && has.OfCentre {
		return r.wrong(colUserID, ErrCentreAccount.Message)
	}
	a.bind = true
	return nil
}
