package app_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"regexp"
	"strings"

	"github.com/xuegong/xuegong/bot"
	"github.com/xuegong/xuegong/bot/card"
	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/blob"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// What happens to applications on pages and on the desk while a story goes on in chat:
//
//	s01 reads award-certificate          the notice on its page, to the end
//	s01 fills mutual-aid: reason=…; proof=photo   saves these fields on the page of the draft
//	s01 begins mutual-aid                opens the page of a new application
//	s01 submits                          presses 提交 on the page
//	t10 receives s01: ticket-originals   ticks a paper of the student's application
//	t10 passes s01                       decides on the desk; also: returns s01: reason=…; marked=days
//	t10 prints s01                       and: hands s01, pays s01, fails s01: reason=…, revokes s01: reason=…
//	t16 stands in for t14                a deputy for the coming week
var onDesk = regexp.MustCompile(`^(\w+) (reads|begins|fills|submits|receives|passes|returns|prints|hands|pays|fails|revokes|stands in for) ?([\w-]*)(?:: (.*))?$`)

// elsewhere does what somebody does beside the chat.
func (w *world) elsewhere(user, verb, about, details string) {
	w.t.Helper()
	w.started()
	e, ctx := w.app.Requests(), context.Background()
	chat := &bot.Bot{AgentID: agent, Requests: e, Cards: card.Maker{BaseURL: w.url, Zone: storetest.Shanghai()}}
	w.must(w.db.Update(ctx, func(tx *store.Tx) error {
		who, err := identity.Find(ctx, tx, user)
		if err != nil {
			return err
		}
		said := form.Input{}
		for pair := range strings.SplitSeq(details, "; ") {
			name, value, _ := strings.Cut(pair, "=")
			said[name] = []string{value}
			if value == "photo" {
				b, err := blob.Put(ctx, tx, int64(who.ID), name+".png", smallPicture())
				if err != nil {
					return err
				}
				said[name] = []string{b.PublicID}
			}
		}
		say := func(name string) string { return strings.Join(said[name], "") }
		switch verb {
		case "reads":
			v, err := service.ByCode(ctx, tx, about)
			if err != nil {
				return err
			}
			if err := service.Agree(ctx, tx, who, v.Definition, v.Notice.Version()); err != nil {
				return err
			}
			return chat.Filled(ctx, tx, who)
		case "begins":
			_, err := e.Start(ctx, tx, who, about, request.ViaPage)
			return err
		case "fills":
			return w.fill(ctx, tx, e, chat, who, about, said)
		case "submits":
			_, err := e.Submit(ctx, tx, who, newest(ctx, tx, e, who).PublicID, nil, request.ViaPage)
			return err
		case "stands in for":
			principal, err := identity.Find(ctx, tx, about)
			if err != nil {
				return err
			}
			_, err = approval.SetDeputy(ctx, tx, principal, principal.ID, who.ID, tx.Now(), tx.Now().AddDate(0, 0, 7))
			return err
		}
		student, err := identity.Find(ctx, tx, about)
		if err != nil {
			return err
		}
		a := newest(ctx, tx, e, student)
		a, err = e.Get(ctx, tx, student, a.PublicID)
		if err != nil {
			return err
		}
		switch verb {
		case "receives":
			_, err = e.Receive(ctx, tx, who, a.PublicID, details, true)
		case "passes":
			_, err = e.Approval.Decide(ctx, tx, who, a.Review.Task, approval.Decision{Action: approval.Approve, Opinion: say("opinion"), Via: "desk"})
		case "returns":
			_, err = e.Approval.Decide(ctx, tx, who, a.Review.Task, approval.Decision{
				Action: approval.Return, Reason: say("reason"), Opinion: say("opinion"), Marked: strings.Fields(say("marked")), Via: "desk",
			})
		case "prints":
			_, err = e.Print(ctx, tx, who, a.PublicID)
		case "hands":
			_, err = e.HandOver(ctx, tx, who, a.PublicID, student.Number)
		case "pays", "fails":
			list, err := e.BuildList(ctx, tx, who, a.Service.Code)
			if err != nil {
				return err
			}
			if verb == "fails" {
				return e.MarkFailed(ctx, tx, who, list.PublicID, a.PublicID, say("reason"))
			}
			_, err = e.MarkPaid(ctx, tx, who, list.PublicID, a.PublicID)
			return err
		case "revokes":
			_, err = e.Revoke(ctx, tx, who, a.PublicID, say("reason"))
		}
		return err
	}))
}

// fill saves fields on the page beside those there are.
func (w *world) fill(ctx context.Context, tx *store.Tx, e *request.Engine, chat *bot.Bot, who identity.Person, code string, said form.Input) error {
	list, err := e.Mine(ctx, tx, who)
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.Service.Code != code || a.State != request.Draft && a.State != request.Returned {
			continue
		}
		p, err := e.Paper(ctx, tx, who, a.PublicID)
		if err != nil {
			return err
		}
		in := p.Input()
		for name, value := range said {
			in[name] = value
		}
		if _, err := e.Save(ctx, tx, who, a.PublicID, in); err != nil {
			return err
		}
		return chat.Filled(ctx, tx, who)
	}
	w.t.Fatalf("%s writes no %s", who.Name, code)
	return nil
}

func newest(ctx context.Context, tx *store.Tx, e *request.Engine, who identity.Person) request.Application {
	list, err := e.Mine(ctx, tx, who)
	if err != nil || len(list) == 0 {
		return request.Application{}
	}
	return list[0]
}

func smallPicture() []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)))
	return b.Bytes()
}
