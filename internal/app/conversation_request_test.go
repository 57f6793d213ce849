package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"regexp"
	"strconv"
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
//	t10 passes s01: sum=540; why=…       decides on the desk; also: returns s01: reason=…; marked=days tickets#2
//	s01 asks about: question=…           on the page of the newest application; t10 answers s01: words=…
//	t10 prints s01                       and: hands s01, pays s01, fails s01: reason=…, revokes s01: reason=…
//	t16 stands in for t14                a deputy for the coming week
var onDesk = regexp.MustCompile(`^(\w+) (reads|begins|fills|submits|receives|passes|returns|prints|hands|pays|fails|revokes|asks about|answers|stands in for) ?([\w-]*)(?:: (.*))?$`)

// What a program of the student's does over the API:
//
//	s01 by API reads volunteer-card
//	s01 by API fills volunteer-card: reason=…; portrait=photo   saves the whole draft
var byAPI = regexp.MustCompile(`^(\w+) by API (reads|fills) ([\w-]+)(?:: (.*))?$`)

func (w *world) byAPI(user, verb, code, details string) {
	w.t.Helper()
	c := w.browser(user)
	ask := func(method, path string, body any) map[string]any {
		w.t.Helper()
		status, out := w.call(c, method, "/api/v1"+path, body)
		if status >= 300 {
			w.t.Fatalf("%s: %d %v", path, status, out)
		}
		return out
	}
	offer := ask("GET", "/services/"+code, nil)
	if verb == "reads" {
		notice, _ := offer["notice"].(map[string]any)
		ask("POST", "/services/"+code+"/consent", map[string]any{"version": notice["version"]})
		return
	}
	draft := fmt.Sprint("/applications/", offer["draft"])
	answers := map[string]any{}
	for pair := range strings.SplitSeq(details, "; ") {
		name, value, _ := strings.Cut(pair, "=")
		answers[name] = value
		if value == "photo" {
			answers[name] = []any{w.upload(c, draft+"/files?field="+name)}
		}
	}
	ask("POST", draft+"/draft", answers)
}

// upload sends a picture and returns its id.
func (w *world) upload(c *http.Client, path string) any {
	w.t.Helper()
	var wide bytes.Buffer
	w.must(png.Encode(&wide, image.NewGray(image.Rect(0, 0, 90, 120))))
	res, err := c.Post(w.url+"/api/v1"+path, "image/png", &wide)
	w.must(err)
	defer func() { _ = res.Body.Close() }()
	var out map[string]any
	w.must(json.NewDecoder(res.Body).Decode(&out))
	return out["id"]
}

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
			if number, ok := strings.CutPrefix(value, "photo"); ok { // photo3: three of them
				said[name] = nil
				n, _ := strconv.Atoi(number)
				for range max(1, n) {
					b, err := blob.Put(ctx, tx, int64(who.ID), name+".png", smallPicture(), nil)
					if err != nil {
						return err
					}
					said[name] = append(said[name], b.PublicID)
				}
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
		case "asks about":
			_, err := e.AskAbout(ctx, tx, who, newest(ctx, tx, e, who).PublicID, "", say("question"))
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
			_, err = e.Approval.Decide(ctx, tx, who, a.Review.Task, approval.Decision{Action: approval.Approve, Opinion: say("opinion"), Amount: fen(say("sum")), Reason: say("why"), Via: "desk"})
		case "returns":
			_, err = e.Approval.Decide(ctx, tx, who, a.Review.Task, approval.Decision{
				Action: approval.Return, Reason: say("reason"), Opinion: say("opinion"), Marked: marks(a, say("marked")), Via: "desk",
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
		case "answers":
			_, err = e.Answer(ctx, tx, who, a.Asks[len(a.Asks)-1].PublicID, say("words"))
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

// fen is a sum as people write it, 0 where none is said.
func fen(yuan string) int64 {
	n, _ := form.ParseYuan(yuan)
	return n
}

// marks are names of fields and papers; tickets#2 is the second picture of a field.
func marks(a request.Application, words string) []string {
	list := strings.Fields(words)
	for i, word := range list {
		name, number, one := strings.Cut(word, "#")
		if no, err := strconv.Atoi(number); one && err == nil {
			list[i] = request.Picture(name, a.Answers[name].List[no-1])
		}
	}
	return list
}

func smallPicture() []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)))
	return b.Bytes()
}
