package miniapp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
)

// acting runs a verb as somebody.
func (w *world) acting(userid string, do func(ctx context.Context, tx *store.Tx, who identity.Person) error) {
	w.tb.Helper()
	storetest.Update(w.tb, w.db, func(tx *store.Tx) error {
		who, err := identity.Find(w.tb.Context(), tx, userid)
		if err != nil {
			return err
		}
		return do(w.tb.Context(), tx, who)
	})
}

func TestApplication_what_the_staff_note_is_on_no_page_of_the_student_s(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	b := w.as("s01")
	path := b.submitted()
	id := strings.TrimPrefix(path, "/m/applications/")
	const secret = "去年也交过同一张车票"
	w.acting("t14", func(ctx context.Context, tx *store.Tx, who identity.Person) error {
		return newRequests().Annotate(ctx, tx, who, id, secret)
	})
	for _, at := range []string{path, path + "/form", "/m/applications", "/m/services", "/api/v1/applications", "/api/v1/applications/" + id, "/api/v1/applications/" + id + "/draft"} {
		if res := b.get(at); strings.Contains(res.body, secret) || strings.Contains(res.body, "备注") {
			t.Errorf("%s has it:\n%s", at, res.body)
		}
	}
}

func TestApplication_the_student_reads_what_was_granted_and_why(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	b := w.as("s01")
	path := b.submitted()
	id := strings.TrimPrefix(path, "/m/applications/")
	asked := w.applications("s01")[0].Applied
	w.decide(id, approval.Decision{Action: approval.Approve, Amount: asked - 30_00, Reason: "有一天没有盖章", Via: "desk"})
	page := b.get(path)
	if !strings.Contains(page.body, "核定金额") || !strings.Contains(page.body, "有一天没有盖章") {
		t.Errorf("the page says nothing of it:\n%s", page.body)
	}
	out := read[struct{ Amount, Asked string }](t, b.get("/api/v1/applications/"+id))
	if out.Amount == out.Asked || out.Amount == "" {
		t.Errorf("the API says %+v", out)
	}
}

func TestApplication_one_marked_picture_is_replaced_on_the_page(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	b := w.as("s01")
	path := b.submitted()
	id := strings.TrimPrefix(path, "/m/applications/")
	a := w.applications("s01")[0]
	ticket := a.Answers["tickets"].List[0]
	w.decide(id, approval.Decision{Action: approval.Return, Reason: "车票照片看不清，请重拍", Marked: []string{request.Picture("tickets", ticket)}, Via: "desk"})
	form := b.get(path + "/form")
	if !strings.Contains(form.body, "来回车票第 1 张") {
		t.Errorf("the page does not say which:\n%s", form.body)
	}
	in := url.Values{"once": {form.doc.first(`input[name="once"]`).attr("value")}, "do": {"submit"}, "a.tickets": {ticket}}
	if res := b.send(path+"/form", in); res.status != http.StatusUnprocessableEntity || !strings.Contains(res.body, "来回车票第 1 张还没有重新上传。") {
		t.Errorf("without a new one: %d", res.status)
	}
	in.Set("once", b.get(path+"/form").doc.first(`input[name="once"]`).attr("value"))
	if res := b.send(path+"/form", in, upload{"tickets", "重拍.jpg", picture(t, 90, 120)}); res.status != http.StatusSeeOther {
		t.Fatalf("with one: %d\n%s", res.status, res.body)
	}
	if now := w.applications("s01")[0]; len(now.Answers["tickets"].List) != len(a.Answers["tickets"].List) || now.Answers["tickets"].List[0] == ticket {
		t.Errorf("the pictures are %v, they were %v", now.Answers["tickets"].List, a.Answers["tickets"].List)
	}
}

func TestApplication_a_question_on_its_page_belongs_to_it(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	b := w.as("s01")
	path := b.submitted()
	in := b.get(path).form(path + "/ask")
	in.Set("question", "回程车票丢了怎么办")
	in.Set("field", "")
	if res := b.post(path+"/ask", in); res.status != http.StatusSeeOther {
		t.Fatalf("%d %s", res.status, res.body)
	}
	var asks []request.Ask
	w.acting("t14", func(ctx context.Context, tx *store.Tx, who identity.Person) error {
		v, err := newRequests().Open(ctx, tx, who, strings.TrimPrefix(path, "/m/applications/"))
		asks = v.Asks
		return err
	})
	if len(asks) != 1 || asks[0].Question != "回程车票丢了怎么办" {
		t.Errorf("the 辅导员 reads %v", asks)
	}
	if res := b.json(http.MethodPost, "/api/v1/applications/"+strings.TrimPrefix(path, "/m/applications/")+"/questions", `{"text":"家庭地址不对","field":"home"}`); res.status != http.StatusNoContent {
		t.Errorf("a dispute over the API: %d %s", res.status, res.body)
	}
}

func TestApplication_its_page_asks_which_record_is_wrong(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	b := w.as("s01")
	path := b.submitted()
	shown := b.get(path)
	var choices []string
	for _, o := range shown.doc.all(`option`) {
		choices = append(choices, o.attr("value")+" "+o.text())
	}
	want := []string{" 进度、结果或别的", "home 学校记录的“生源地”不对", "card 学校记录的“收款卡尾号”不对"}
	if diff := cmp.Diff(want, choices); diff != "" {
		t.Fatalf("what can be asked about (-want +got):\n%s", diff)
	}
	in := shown.form(path + "/ask")
	in.Set("question", "我家去年搬到了武汉")
	in.Set("field", "company")
	res := b.post(path+"/ask", in)
	if res.status != http.StatusUnprocessableEntity || !strings.Contains(res.body, "请选一项学校记录的内容") || !strings.Contains(res.body, "我家去年搬到了武汉") {
		t.Errorf("what the student wrote is no record: %d", res.status)
	}
	in = res.form(path + "/ask")
	in.Set("field", "home")
	if res := b.post(path+"/ask", in); res.status != http.StatusSeeOther {
		t.Fatalf("%d %s", res.status, res.body)
	}
	var asks []request.Ask
	w.acting("s01", func(ctx context.Context, tx *store.Tx, who identity.Person) (err error) {
		asks, err = newRequests().MyAsks(ctx, tx, who)
		return err
	})
	if len(asks) != 1 || asks[0].Field != "home" {
		t.Fatalf("asked: %+v", asks)
	}
	if page := b.get("/m/applications/asks/" + asks[0].PublicID); !strings.Contains(page.body, "学校记录的“生源地”不对") {
		t.Errorf("the question does not say which record it is about:\n%s", page.body)
	}
}

func TestApplication_a_thumbnail_is_the_one_stored_with_the_picture(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	b := w.as("s01")
	path := b.submitted()
	ticket := w.applications("s01")[0].Answers["tickets"].List[0]
	small, large := b.get(fmt.Sprintf("%s/files/%s?small=1", path, ticket)), b.get(fmt.Sprintf("%s/files/%s", path, ticket))
	if small.status != http.StatusOK || !strings.HasPrefix(small.header.Get("Content-Type"), "image/jpeg") || small.body == large.body {
		t.Errorf("%d %s", small.status, small.header.Get("Content-Type"))
	}
	if res := w.as("s02").get(fmt.Sprintf("%s/files/%s?small=1", path, ticket)); res.status != http.StatusForbidden {
		t.Errorf("to another student: %d", res.status)
	}
}
