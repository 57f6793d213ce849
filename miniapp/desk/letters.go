package desk

import (
	"errors"
	"fmt"
	"slices"

	"github.com/xuegong/xuegong/internal/audit"
	"github.com/xuegong/xuegong/internal/counselling"
	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/inbox"
	"github.com/xuegong/xuegong/internal/job"
	"github.com/xuegong/xuegong/internal/outbox"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/miniapp/page"
)

// maxLetters is how many letters are listed; who has more has one cause for all of them.
const maxLetters = 100

// Letters is what did not arrive, and how much else was given up.
type Letters struct {
	Base
	List   []Letter
	Others int // letters of other scopes, of which only the count is shown
	Acts   int // what came in and could not be done
	Jobs   int // due work that was given up
}

// Letter is a message that did not arrive, in the words of the desk.
type Letter struct{ outbox.Letter }

// Template implements page.Page.
func (*Letters) Template() string { return "desk/letters" }

// Title is what the message was about.
func (l Letter) Title() string {
	switch l.Kind {
	case counselling.KindRequested:
		return "新预约，请老师确认"
	case counselling.KindBooked:
		return "预约已提交"
	case counselling.KindDecided:
		return "预约结果"
	case counselling.KindCancelled:
		return "预约取消"
	case counselling.KindExpired:
		return "预约已过期"
	case counselling.KindOffer:
		return "排队等到的空位"
	case counselling.KindWaitAsk:
		return "是否继续排队"
	case counselling.KindWaitLapsed:
		return "排队已停止"
	case counselling.KindOfferEnded, counselling.KindWaitEnded:
		return "卡片更新"
	case counselling.KindMoved:
		return "预约改时间"
	case counselling.KindStruck:
		return "未到记录"
	case counselling.KindAppealed:
		return "未到说明，请老师处理"
	case counselling.KindStrikeDecided:
		return "未到说明的结果"
	case counselling.KindMovedCard, counselling.KindStrikeSettled:
		return "卡片换成结果"
	case counselling.KindEve:
		return "前一天提醒"
	case counselling.KindSoon:
		return "开始前提醒"
	case counselling.KindSettled:
		return "卡片换成结果"
	case counselling.KindEntry:
		return "日程"
	}
	return "消息"
}

// Badge says how the message ended.
func (l Letter) Badge() page.Badge {
	if l.State == "refused" {
		return page.NewBadge("todo", "被退回")
	}
	return page.NewBadge("todo", "没有送到")
}

// Why is the reason in the words of the desk, with WeCom's code for who looks it up.
func (l Letter) Why() string {
	switch {
	case l.Code != 0:
		return fmt.Sprintf("企业微信没有接收（代码 %d）", l.Code)
	case l.Reason == "no account":
		return "收件人没有绑定企业微信"
	case l.State == "dead":
		return "试了多次没有送出，或已过时间"
	default:
		return "没有送出"
	}
}

// scopesOf are the scopes whose letters the person sees.
func scopesOf(who identity.Person) []string {
	scopes := []string{}
	if isAdmin(who) || who.Has(identity.Office) {
		scopes = append(scopes, "school")
	}
	for _, centre := range counselling.Centres(who) {
		scopes = append(scopes, fmt.Sprintf("unit:%d", centre))
	}
	return scopes
}

func letters(c *page.Context) error {
	return show(c, &Letters{}, loadLetters, nil)
}

func loadLetters(c *page.Context, p *Letters) error {
	p.Title = "未送达"
	return read(c, p, func(tx *store.Tx, who identity.Person) error {
		if len(who.Roles) == 0 {
			return identity.ErrForbidden
		}
		list, err := outbox.Letters(c, tx, scopesOf(who), maxLetters)
		if err != nil {
			return fmt.Errorf("list letters: %w", err)
		}
		for _, l := range list {
			p.List = append(p.List, Letter{l})
		}
		all, err := outbox.Undelivered(c, tx)
		if err != nil {
			return fmt.Errorf("count letters: %w", err)
		}
		p.Others = max(0, all-len(list))
		if p.Acts, err = inbox.Failed(c, tx); err != nil {
			return fmt.Errorf("count failed acts: %w", err)
		}
		if p.Jobs, err = job.Failed(c, tx); err != nil {
			return fmt.Errorf("count failed jobs: %w", err)
		}
		return nil
	})
}

// errNoLetter is what anybody reads about a letter that is not theirs to see, real or not.
var errNoLetter = errs.New(errs.Forbidden, "这条消息不在您的办理范围内，或已经不在列表里。")

func sendAgain(c *page.Context) error {
	id := c.Param("id")
	err := c.Act(func(tx *store.Tx, who identity.Person) error {
		scope, err := outbox.LetterScope(c, tx, id)
		if store.Missing(err) || err == nil && !slices.Contains(scopesOf(who), scope) {
			return errNoLetter
		}
		if err != nil {
			return fmt.Errorf("load letter: %w", err)
		}
		if err := outbox.Again(c, tx, id); err != nil {
			if store.Missing(err) {
				return errs.New(errs.Conflict, "这条消息已经在重发，或已经送到，不用再点。")
			}
			return err
		}
		return audit.Append(c, tx, int64(who.ID), "letter.again", "letter/"+id, nil)
	})
	return done(c, err, "/desk/letters?said=again", func(cause error) error {
		if errors.Is(cause, errNoLetter) {
			return cause
		}
		return show(c, &Letters{}, loadLetters, cause)
	})
}
