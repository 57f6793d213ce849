package counselling

import (
	"context"
	"fmt"
	"time"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/setting"
	"github.com/xuegong/xuegong/internal/store"
)

// Care is what the centre sets about care around the hour (T3, T4).
type Care struct {
	Intake          bool   `json:"intake"`           // the questions are asked before a booking
	EscalateMinutes int    `json:"escalate_minutes"` // nobody came: the next is called after
	Words           string `json:"words"`            // what words in chat do: ask or always
	ReviewDays      int    `json:"review_days"`      // a disclosure is looked at again after
}

// careKey is where these settings are stored.
const careKey = "counselling.care"

// What crisis words in chat do beside giving the hotlines.
const (
	WordsAsk    = "ask"    // the student is asked whether somebody should call
	WordsAlways = "always" // the lane opens at once
)

// CareDefaults are the settings of a centre that changed nothing.
func CareDefaults() Care {
	return Care{EscalateMinutes: 10, Words: WordsAsk, ReviewDays: 7}
}

// LoadCare returns the settings.
func LoadCare(ctx context.Context, tx *store.Tx) (Care, error) {
	return setting.Load(ctx, tx, careKey, CareDefaults())
}

// SaveCare changes the settings. The questions can be switched on only while there are
// some, and somebody is on duty in all of the coming days: a red answer must find a person.
func SaveCare(ctx context.Context, tx *store.Tx, who identity.Person, centre int64, c Care) error {
	if !runsCentre(who, centre) {
		return ErrConfidential
	}
	if err := c.check(); err != nil {
		return err
	}
	if c.Intake {
		if err := mayAsk(ctx, tx, centre); err != nil {
			return err
		}
	}
	if err := setting.Save(ctx, tx, careKey, c, int64(who.ID)); err != nil {
		return err
	}
	return audit.Append(ctx, tx, int64(who.ID), "setting.save", "setting/"+careKey, map[string]any{"intake": c.Intake})
}

func (c Care) check() error {
	fields := map[string]string{}
	if c.EscalateMinutes < 1 || c.EscalateMinutes > 60 {
		fields["escalate_minutes"] = "转给下一位的时间填 1 到 60 分钟。"
	}
	if c.Words != WordsAsk && c.Words != WordsAlways {
		fields["words"] = "请选一种做法。"
	}
	if c.ReviewDays < 1 || c.ReviewDays > 90 {
		fields["review_days"] = "复核期限填 1 到 90 天。"
	}
	return wrong(fields)
}

// wrong marks several inputs; nil if there is none.
func wrong(fields map[string]string) error {
	if len(fields) == 0 {
		return nil
	}
	return &errs.Error{Kind: errs.Invalid, Message: "有几项需要改一下，已经标出。", Fields: fields}
}

func mayAsk(ctx context.Context, tx *store.Tx, centre int64) error {
	if _, err := latestIntakeForm(ctx, tx); store.Missing(err) {
		return errs.Field("intake", "先发布问卷，再打开这一项。")
	} else if err != nil {
		return fmt.Errorf("load questions: %w", err)
	}
	gaps, err := comingGaps(ctx, tx, centre)
	if err != nil {
		return err
	}
	if len(gaps) > 0 {
		return errs.Field("intake", "值班表还有空档："+gaps[0].String(tx.Zone())+"。排满今后 7 天再打开，红色回答要有人接。")
	}
	return nil
}

// theCentre is the centre of the school, which has one.
func theCentre(ctx context.Context, tx *store.Tx) (int64, error) {
	units, err := identity.Units(ctx, tx, identity.Centre)
	if err != nil {
		return 0, err
	}
	if len(units) == 0 {
		return 0, errs.New(errs.Unavailable, "学校还没有登记中心。着急请直接拨打 12356。")
	}
	return units[0].ID, nil
}

// Under18 tells whether somebody born on that day is a minor on the day of now.
// An unknown birthday is nobody's.
func Under18(born *time.Time, now time.Time, zone *time.Location) bool {
	if born == nil {
		return false
	}
	of := time.Date(born.Year()+18, born.Month(), born.Day(), 0, 0, 0, 0, zone)
	return now.Before(of)
}

// caresAt tells who at the centre may look after a student: the front desk may not,
// except of a case it was called to.
func caresAt(who identity.Person, centre int64) bool {
	return who.HasIn(centre, identity.CentreHead, identity.CentreCounsellor)
}

// Cares tells whether the person looks after students at the centre.
func Cares(who identity.Person, centre int64) bool { return caresAt(who, centre) }

// Heads tells whether the person leads the centre.
func Heads(who identity.Person, centre int64) bool { return who.HasIn(centre, identity.CentreHead) }

// afterQuiet is when somebody may be told who is not waited for.
func (s Settings) afterQuiet(at time.Time, zone *time.Location) time.Time {
	if _, to, inside := s.quiet(zone).Bounds(at); inside {
		return to.Add(11 * time.Minute) // off the full hour, at which WeCom asks not to send
	}
	return at
}
