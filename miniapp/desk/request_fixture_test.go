package desk_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/png"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/blob"
	"github.com/xuegong/xuegong/internal/document"
	"github.com/xuegong/xuegong/internal/form"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/templates"
)

// workOffice owns the made-up services.
const workOffice = "t10"

// newRequests wires applications as the program does.
func newRequests() *request.Engine {
	e := &request.Engine{Approval: &approval.Engine{}, Press: &document.Press{}, PublicURL: "https://xuegong.example"}
	e.Approval.Outcomes = map[string]approval.Outcome{request.Kind: e.Outcome()}
	return e
}

// madeUp are two services: a certificate decided by the office, and money that the
// 辅导员 of the class looks at first.
func madeUp() map[string]string {
	const head = `
code: %[1]s
title: %[2]s
chat: %[2]s
detail: 一句话说明
group: 事务办理
department: 勤工助学中心
place: 3 号楼 102
hours: 工作日 9:00–17:00
contacts: [{name: 勤工助学中心, phone: 021-5550-0102}]
notice: {attention: 如实填写, process: 填写、审核、领取}
appeal: {text: 可在 10 日内向学生申诉处理委员会提出。, days: 10}
`
	return map[string]string{
		"proof": fmt.Sprintf(head, "proof", "奖助证明") + `
fields:
  - {name: reason, label: 办理原因, kind: text, required: true}
  - {name: note, label: 说明, kind: text}
stages:
  - {code: review, title: 中心审核, role: office, scope: department, may_return: true, may_reject: true, reasons: [内容看不清, 原因不明确]}
outcome: {kind: certificate, template: {title: 奖助证明, issuer: 勤工助学中心, body: ["{name}（{number}）用于{reason}。"]}}
`,
		"subsidy": fmt.Sprintf(head, "subsidy", "车票补贴") + `
fields:
  - {name: cost, label: 费用, kind: money, required: true, max: "500"}
  - {name: scan, label: 车票扫描, kind: photo, max: "3"}
materials:
  - {code: ticket, name: 往返车票, required: true, paper: true, deadline_days: 7}
stages:
  - {code: class, title: 辅导员初审, role: class_counsellor, scope: student, may_return: true, reasons: [内容看不清]}
  - {code: office, title: 中心审核, role: office, scope: department, may_return: true, may_reject: true, reasons: [内容看不清]}
outcome: {kind: payout, amount: {field: cost}}
`,
	}
}

// offer makes the made-up services the active set.
func (s *school) offer() {
	s.t.Helper()
	var files []service.File
	for _, code := range []string{"proof", "subsidy"} {
		text := madeUp()[code]
		d, err := service.Parse(code+".yaml", []byte(text))
		if err != nil {
			s.t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(text))
		files = append(files, service.File{Definition: d, Content: []byte(text), Hash: hex.EncodeToString(sum[:])})
	}
	s.as(admin, func(ctx context.Context, tx *store.Tx, _ identity.Person) error {
		_, err := service.Apply(ctx, tx, identity.Operator(), files)
		return err
	})
}

// ship makes the services of the product the active set.
func (s *school) ship() {
	s.t.Helper()
	shipped, err := templates.Open("")
	if err != nil {
		s.t.Fatal(err)
	}
	files, err := service.Load(shipped)
	if err != nil {
		s.t.Fatal(err)
	}
	s.as(admin, func(ctx context.Context, tx *store.Tx, _ identity.Person) error {
		_, err := service.Apply(ctx, tx, identity.Operator(), files)
		return err
	})
}

// applied is a submitted application of a student.
func (s *school) applied(userid, code string) (a request.Application) {
	s.t.Helper()
	in := form.Input{"reason": {"申请助学贷款"}, "cost": {"128.50"}}
	delete(in, map[string]string{"proof": "cost", "subsidy": "reason"}[code])
	s.as(userid, func(ctx context.Context, tx *store.Tx, who identity.Person) error {
		for range 2 {
			b, err := blob.Put(ctx, tx, int64(who.ID), "车票.png", picture(), nil)
			if err != nil {
				return err
			}
			in["scan"] = append(in["scan"], b.PublicID)
		}
		v, err := service.ByCode(ctx, tx, code)
		if err != nil {
			return err
		}
		if err := service.Agree(ctx, tx, who, v.Definition, v.Notice.Version()); err != nil {
			return err
		}
		p, err := s.requests.Start(ctx, tx, who, code, request.ViaPage)
		if err != nil {
			return err
		}
		a, err = s.requests.Submit(ctx, tx, who, p.PublicID, in, request.ViaPage)
		return err
	})
	return a
}

func picture() []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 16, 16)))
	return b.Bytes()
}

// asks puts a question of the student about an application and returns its id.
func (s *school) asks(userid, application, question string) (id string) {
	s.t.Helper()
	s.as(userid, func(ctx context.Context, tx *store.Tx, who identity.Person) error {
		k, err := s.requests.AskAbout(ctx, tx, who, application, "", question)
		id = k.PublicID
		return err
	})
	return id
}

// application is one as its student reads it.
func (s *school) application(userid, id string) (a request.Application) {
	s.t.Helper()
	s.as(userid, func(ctx context.Context, tx *store.Tx, who identity.Person) (err error) {
		a, err = s.requests.Get(ctx, tx, who, id)
		return err
	})
	return a
}
