package identity

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/xuegong/xuegong/internal/region"
	"github.com/xuegong/xuegong/internal/store"
)

// FactKind names what is recorded of a person.
type FactKind string

// The kinds of facts, each a column of the persons' list.
const (
	TierFact        FactKind = "tier"        // 困难等级, one a school year
	AwardFact       FactKind = "award"       // 奖助项目, any number a year
	AidFact         FactKind = "aid"         // 资助项目, any number a year
	LoanFact        FactKind = "loan"        // 助学贷款, one a year
	HonourFact      FactKind = "honour"      // 荣誉称号, any number a year
	CertificateFact FactKind = "certificate" // 技能证书, any number a year
	GradeFact       FactKind = "grade"       // 平均成绩 in whole points, one a year
	HomeFact        FactKind = "home"        // 家庭所在地, a code of package region, one
	BankFact        FactKind = "bank"        // 银行卡尾号, four digits, one
)

// FactKinds lists all of them.
func FactKinds() []FactKind {
	return []FactKind{TierFact, AwardFact, AidFact, LoanFact, HonourFact, CertificateFact, GradeFact, HomeFact, BankFact}
}

// Label is the word people read.
func (k FactKind) Label() string {
	return map[FactKind]string{
		TierFact: "困难等级", AwardFact: "奖助项目", AidFact: "资助项目", LoanFact: "助学贷款", HonourFact: "荣誉称号",
		CertificateFact: "技能证书", GradeFact: "平均成绩", HomeFact: "生源地", BankFact: "收款卡尾号",
	}[k]
}

// Lasting tells whether the kind is of no year: a new one takes the place of the old.
func (k FactKind) Lasting() bool { return k == HomeFact || k == BankFact }

// once lists the kinds of which a person has one a year, or one at all.
func once() []string {
	return []string{string(TierFact), string(LoanFact), string(GradeFact), string(HomeFact), string(BankFact)}
}

// Fact is one thing recorded of a person. Tier, home and bank are sensitive: who
// shows them to anybody but the person asks permission first.
type Fact struct {
	Kind       FactKind  `db:"kind"`
	Value      string    `db:"value"`
	Year       int       `db:"year"` // school year by its first half; 0 of a lasting kind
	Source     string    `db:"source"`
	RecordedAt time.Time `db:"recorded_at"`
}

// Text is the value as people read it.
func (f Fact) Text() string {
	if f.Kind == HomeFact {
		return region.Name(f.Value)
	}
	return f.Value
}

// SourceLabel says where the fact comes from, as people read it.
func (f Fact) SourceLabel() string {
	where := "学校名单"
	if f.Source != "import" {
		where = "学校登记"
	}
	if f.Year == 0 {
		return where
	}
	return fmt.Sprintf("%s %d 学年", where, f.Year)
}

// FactsOf returns what is recorded of the person, by kind and the newest year first.
func FactsOf(ctx context.Context, tx *store.Tx, person ID) ([]Fact, error) {
	facts, err := selectFacts(ctx, tx, person)
	if err != nil {
		return nil, fmt.Errorf("load facts: %w", err)
	}
	return facts, nil
}

// ValuesOf returns the newest value of a kind that is recorded of each of the persons; who
// has none is left out.
func ValuesOf(ctx context.Context, tx *store.Tx, kind FactKind, persons []ID) (map[ID]string, error) {
	values, err := selectValues(ctx, tx, kind, persons)
	if err != nil {
		return nil, fmt.Errorf("load facts: %w", err)
	}
	return values, nil
}

// Recorded is what the school has records of at all, so that a list nobody brought is
// not taken for one that somebody is not on.
type Recorded struct {
	Ever   []FactKind // in any year
	InYear []FactKind // in the year asked for; of a lasting kind as in Ever
}

// RecordedIn tells of which kinds anybody has a fact.
func RecordedIn(ctx context.Context, tx *store.Tx, year int) (Recorded, error) {
	rows, err := selectRecorded(ctx, tx, year)
	if err != nil {
		return Recorded{}, fmt.Errorf("load kinds of facts: %w", err)
	}
	var r Recorded
	for _, row := range rows {
		if row.Ever {
			r.Ever = append(r.Ever, row.Kind)
		}
		if row.InYear || row.Ever && row.Kind.Lasting() {
			r.InYear = append(r.InYear, row.Kind)
		}
	}
	return r, nil
}

// Has tells whether anybody has a fact of the kind.
func (r Recorded) Has(k FactKind) bool { return slices.Contains(r.Ever, k) }

// HasInYear tells whether anybody has one of the year.
func (r Recorded) HasInYear(k FactKind) bool { return slices.Contains(r.InYear, k) }

// LevelText is the level as people write it: 本科.
func (p Person) LevelText() string { return levelWords().word(p.Level) }

// StatusText is the status as people write it: 在籍.
func (p Person) StatusText() string { return statusWords().word(p.Status) }

// word is the first word for a code, "" if there is none.
func (w words) word(code string) string {
	for _, pair := range w {
		if pair[1] == code {
			return pair[0]
		}
	}
	return ""
}
