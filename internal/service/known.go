package service

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/region"
	"github.com/xuegong/xuegong/internal/rule"
	"github.com/xuegong/xuegong/internal/store"
)

// source is something the school knows of a student, under a name that fields, rules and
// certificates use.
type source struct {
	name, label string
	kinds       []identity.FactKind // of which facts it is made; none is the enrolment
	inYear      bool                // only the record year counts
}

func sources() []source {
	return []source{
		{name: "name", label: "姓名"},
		{name: "number", label: "学号"},
		{name: "class", label: "班级"},
		{name: "college", label: "学院"},
		{name: "campus", label: "校区"},
		{name: "level", label: "培养层次"},
		{name: "status", label: "学籍状态"},
		{name: "home", label: "生源地", kinds: []identity.FactKind{identity.HomeFact}},
		{name: "tier", label: "困难等级", kinds: []identity.FactKind{identity.TierFact}, inYear: true},
		{name: "award", label: "奖助项目", kinds: []identity.FactKind{identity.AwardFact}},
		{name: "aid", label: "资助项目", kinds: []identity.FactKind{identity.AidFact}},
		{name: "loan", label: "助学贷款", kinds: []identity.FactKind{identity.LoanFact}},
		{name: "support", label: "奖助贷项目", kinds: []identity.FactKind{identity.AwardFact, identity.AidFact, identity.LoanFact}},
		{name: "honour", label: "荣誉称号", kinds: []identity.FactKind{identity.HonourFact}},
		{name: "certificate", label: "技能证书", kinds: []identity.FactKind{identity.CertificateFact}},
		{name: "grade", label: "平均成绩", kinds: []identity.FactKind{identity.GradeFact}},
		{name: "bank", label: "收款卡尾号", kinds: []identity.FactKind{identity.BankFact}},
	}
}

// Sources are the names of what the school knows.
func Sources() []string {
	list := sources()
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = s.name
	}
	return names
}

// SchoolYear is the school year of t by its first half: it begins on 1 September in the
// zone.
func SchoolYear(t time.Time, zone *time.Location) int {
	t = t.In(zone)
	if t.Month() < time.September {
		return t.Year() - 1
	}
	return t.Year()
}

// yearOfRecords is the school year whose records count for the service at the time (D-18).
func (d Definition) yearOfRecords(at time.Time, zone *time.Location) int {
	if d.RecordYear != 0 {
		return d.RecordYear
	}
	return SchoolYear(at, zone)
}

// Known is what the school knows of one student for one service.
type Known struct {
	Facts   rule.Facts
	records map[string]form.Record
}

// Record is the form.Records of the student.
func (k Known) Record(source string) (form.Record, bool) {
	r, ok := k.records[source]
	return r, ok
}

// Know loads what the school knows of the student. It asks no permission: who shows it to
// anybody but the student does.
func Know(ctx context.Context, tx *store.Tx, d Definition, student identity.Person) (Known, error) {
	all, err := KnowAll(ctx, tx, student, d)
	if err != nil {
		return Known{}, err
	}
	return all[0], nil
}

// KnowAll is Know for any number of services, asking once for each year they count.
func KnowAll(ctx context.Context, tx *store.Tx, student identity.Person, services ...Definition) ([]Known, error) {
	facts, err := identity.FactsOf(ctx, tx, student.ID)
	if err != nil {
		return nil, err
	}
	years := map[int]Known{}
	all := make([]Known, len(services))
	for i, d := range services {
		year := d.yearOfRecords(tx.ReceivedAt(), tx.Zone())
		if _, loaded := years[year]; !loaded {
			recorded, err := identity.RecordedIn(ctx, tx, year)
			if err != nil {
				return nil, fmt.Errorf("what the school has records of: %w", err)
			}
			years[year] = know(student, facts, recorded, year)
		}
		all[i] = years[year]
	}
	return all, nil
}

func know(student identity.Person, facts []identity.Fact, recorded identity.Recorded, year int) Known {
	k := Known{Facts: rule.Facts{}, records: map[string]form.Record{}}
	enrolment := map[string]string{
		"name": student.Name, "number": student.Number, "class": student.UnitName, "college": student.CollegeName,
		"campus": student.CampusName, "level": student.LevelText(), "status": student.StatusText(),
	}
	for _, s := range sources() {
		if len(s.kinds) == 0 {
			k.enrolment(s, enrolment[s.name])
			continue
		}
		k.recorded(s, facts, recorded, year)
	}
	return k
}

func (k Known) enrolment(s source, text string) {
	f := rule.Fact{Name: s.name, Label: s.label, Text: text, Source: "学籍"}
	if text != "" {
		f.Values = []string{text}
		k.records[s.name] = form.Record{Value: form.Value{Text: text}, Source: "学籍"}
	}
	k.Facts[s.name] = f
}

// recorded adds what the facts say under the source.
func (k Known) recorded(s source, facts []identity.Fact, recorded identity.Recorded, year int) {
	f := rule.Fact{Name: s.name, Label: s.label, Missing: !slices.ContainsFunc(s.kinds, recorded.Has)}
	if s.inYear {
		f.Missing = !slices.ContainsFunc(s.kinds, recorded.HasInYear)
	}
	var own []identity.Fact
	var older *identity.Fact
	for _, fact := range facts {
		switch {
		case !slices.Contains(s.kinds, fact.Kind):
		case s.inYear && fact.Year != year:
			if older == nil && fact.Year < year {
				older = &fact
			}
		default:
			own = append(own, fact)
		}
	}
	slices.SortStableFunc(own, func(a, b identity.Fact) int { return b.Year - a.Year })
	switch {
	case len(own) > 0:
		k.own(s, &f, own)
	case older != nil:
		f.Text = fmt.Sprintf("%d 学年没有认定，最近一次是 %d 学年的%s", year, older.Year, shown(*older))
	}
	k.Facts[s.name] = f
}

// own fills the fact and the record with the person's facts, the newest first.
func (k Known) own(s source, f *rule.Fact, own []identity.Fact) {
	newest := own[0]
	record := form.Record{Value: form.Value{Text: newest.Value}, Source: newest.SourceLabel(), At: newest.RecordedAt}
	var texts []string
	for _, fact := range own {
		if !slices.Contains(f.Values, fact.Value) {
			f.Values = append(f.Values, fact.Value)
		}
		texts = append(texts, dated(fact, s.inYear))
		record.Options = append(record.Options, form.Option{Value: dated(fact, s.inYear)})
	}
	f.Text, f.Source, f.At = strings.Join(texts, "、"), newest.SourceLabel(), newest.RecordedAt
	f.Number = int64(len(own))
	if newest.Kind == identity.GradeFact {
		f.Number, _ = strconv.ParseInt(newest.Value, 10, 64)
	}
	k.records[s.name] = record
}

// dated is a fact with its year where several years stand side by side: 2025 国家助学金.
func dated(f identity.Fact, oneYear bool) string {
	if oneYear || f.Year == 0 {
		return shown(f)
	}
	return fmt.Sprintf("%d %s", f.Year, shown(f))
}

func shown(f identity.Fact) string {
	if f.Kind == identity.HomeFact {
		return region.Name(f.Value)
	}
	return f.Value
}

// Judge applies the rules of the service to what is known, at the time the act was received.
func (d Definition) Judge(k Known, at time.Time, zone *time.Location) (rule.Verdict, rule.Snapshot) {
	s := rule.Take(d.Rules, k.Facts, at.In(zone))
	return s.Judge(), s
}

// Certify fills the certificate's placeholders: fields as their answers are read, sources
// as the school knows them, today and the school year.
func (d Definition) Certify(k Known, answers form.Answers, at time.Time, zone *time.Location) (rows [][2]string, body []string) {
	if d.Outcome.Template == nil {
		return nil, nil
	}
	year := d.yearOfRecords(at, zone)
	values := map[string]string{
		"today":       at.In(zone).Format("2006年1月2日"),
		"school_year": fmt.Sprintf("%d—%d 学年", year, year+1),
	}
	for name, f := range k.Facts {
		values[name] = f.Text
	}
	for _, r := range d.Form.Rows(answers) {
		values[r.Name] = r.Text
	}
	for _, line := range d.Outcome.Template.Rows {
		rows = append(rows, [2]string{line.Label, Fill(line.Text, values)})
	}
	for _, text := range d.Outcome.Template.Body {
		body = append(body, Fill(text, values))
	}
	return rows, body
}
