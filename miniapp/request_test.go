package miniapp_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/identity"
	"github.com/xuegong/xuegong/internal/request"
	"github.com/xuegong/xuegong/internal/service"
	"github.com/xuegong/xuegong/internal/store"
	"github.com/xuegong/xuegong/internal/store/storetest"
	"github.com/xuegong/xuegong/templates"
)

// newOffice is a world whose school offers the services that are shipped.
func newOffice(tb testing.TB) *world {
	tb.Helper()
	w := newWorld(tb)
	files, err := service.Load(templates.FS)
	if err != nil {
		tb.Fatal(err)
	}
	if err := w.db.Update(tb.Context(), func(tx *store.Tx) error { return service.ApplyFirst(tb.Context(), tx, files) }); err != nil {
		tb.Fatal(err)
	}
	return w
}

// begin reads the notice of a service to its end and returns the page of the form.
func (b *browser) begin(code string) string {
	b.w.tb.Helper()
	notice := "/m/services/" + code + "/notice"
	res := b.post(notice, b.get(notice).form(notice))
	if res.status != http.StatusSeeOther || !strings.HasSuffix(res.location, "/form") {
		b.w.tb.Fatalf("begin %s: %d to %q\n%s", code, res.status, res.location, res.body)
	}
	return res.location
}

// upload is a file of a posted form.
type upload struct {
	field, name string
	content     []byte
}

// send posts a form with files, as a page without scripts does.
func (b *browser) send(path string, form url.Values, files ...upload) *answer {
	b.w.tb.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for name, values := range form {
		for _, v := range values {
			if err := m.WriteField(name, v); err != nil {
				b.w.tb.Fatal(err)
			}
		}
	}
	for _, f := range files {
		part, err := m.CreateFormFile("file."+f.field, f.name)
		if err != nil {
			b.w.tb.Fatal(err)
		}
		if _, err := part.Write(f.content); err != nil {
			b.w.tb.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		b.w.tb.Fatal(err)
	}
	return b.do(b.request(http.MethodPost, path, m.FormDataContentType(), body.String()))
}

// picture is a photograph of w by h.
func picture(tb testing.TB, w, h int) []byte {
	tb.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.SetRGBA(i%w, i/w, color.RGBA{uint8(i % 256), uint8(i / w % 256), 120, 255})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// bomb is the head of a PNG that says it has 400 megapixels.
func bomb() []byte {
	head := []byte("IHDR\x00\x00\x4e\x20\x00\x00\x4e\x20\x08\x02\x00\x00\x00")
	return binary.BigEndian.AppendUint32(append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\r"), head...), crc32.ChecksumIEEE(head))
}

// subsidyForm is what a page of the subsidy posts, without its pictures.
func subsidyForm(page *answer, press string) url.Values {
	return url.Values{
		"once": {page.doc.first(`input[name="once"]`).attr("value")}, "do": {press},
		"a.company": {"杭州远行科技有限公司"}, "a.city": {"浙江省杭州市西湖区"}, "a.stay.from": {"2026-07-06"}, "a.stay.until": {"2026-08-21"},
		"a.days": {"30"}, "a.route": {"school"}, "a.statement": {"true"},
	}
}

// mine are the student's applications.
func (w *world) applications(userid string) (list []request.Application) {
	w.tb.Helper()
	if err := w.db.View(w.tb.Context(), func(tx *store.Tx) error {
		who, err := identity.Find(w.tb.Context(), tx, userid)
		if err != nil {
			return err
		}
		list, err = newRequests().Mine(w.tb.Context(), tx, who)
		return err
	}); err != nil {
		w.tb.Fatal(err)
	}
	return list
}

// submitted hands in a subsidy with its pictures and returns the page of the application.
func (b *browser) submitted() string {
	b.w.tb.Helper()
	path := b.begin("internship-subsidy")
	photo := picture(b.w.tb, 60, 80)
	res := b.send(path, subsidyForm(b.get(path), "submit"), upload{"tickets", "1.jpg", photo}, upload{"proof", "2.jpg", photo})
	if res.status != http.StatusSeeOther {
		b.w.tb.Fatalf("submit: %d\n%s", res.status, res.body)
	}
	return strings.TrimSuffix(path, "/form")
}

// decide lets whoever can decide the application now do it.
func (w *world) decide(application string, d approval.Decision) {
	w.tb.Helper()
	ctx := w.tb.Context()
	e := newRequests()
	if err := w.db.Update(ctx, func(tx *store.Tx) error {
		r, err := approval.Get(ctx, tx, approval.Subject{Kind: request.Kind, ID: application})
		if err != nil {
			return err
		}
		for _, userid := range []string{"t10", "t14", "t15", "t16", "t17", "t18", "t19", "t20", "t21", "t22", "t23", "t24"} {
			who, err := identity.Find(ctx, tx, userid)
			if err != nil {
				return err
			}
			if may, err := approval.MayDecide(ctx, tx, who, r.Task); err != nil || !may {
				if err != nil {
					return err
				}
				continue
			}
			_, err = e.Approval.Decide(ctx, tx, who, r.Task, d)
			return err
		}
		w.tb.Error("nobody can decide")
		return nil
	}); err != nil {
		w.tb.Fatal(err)
	}
}

func TestApplication_from_the_home_page_to_the_receipt_without_scripts(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	b := w.as("s01")

	if b.get("/m/").doc.first(`a[href="/m/services/internship-subsidy"]`) == nil {
		t.Fatal("the service is not on the home page")
	}
	page := b.get("/m/services/internship-subsidy")
	for _, want := range []string{"本学年认定为特困或困难", "困难", "符合", "来回车票原件", "工作日 8:30", "021-5550 1102", "先读须知"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page of the service does not say %q", want)
		}
	}
	path := b.begin("internship-subsidy")
	form := b.get(path)
	if !strings.Contains(form.body, "湖北省恩施土家族苗族自治州利川市") || !strings.Contains(form.body, "还差：实习单位") {
		t.Errorf("the form lacks what the school knows, or what is missing:\n%s", form.body)
	}

	// What is half done is kept, and what is wrong is said at its field.
	in := subsidyForm(form, "save")
	in.Set("a.days", "36")
	res := b.send(path, in)
	if got := res.doc.first(`[data-wrong="days"]`).text(); res.status != http.StatusUnprocessableEntity || !strings.Contains(got, "最多填 35 天") {
		t.Errorf("36 of 35 workdays: %d %q", res.status, got)
	}
	again := b.get(path)
	if v := again.doc.first("#a-company").attr("value"); v != "杭州远行科技有限公司" {
		t.Errorf("the company was not kept: %q", v)
	}

	photo := picture(t, 600, 800)
	in = subsidyForm(again, "submit")
	if res = b.send(path, in, upload{"tickets", "车票.jpg", photo}); res.status != http.StatusUnprocessableEntity || !strings.Contains(res.body, "请上传实习证明的照片。") {
		t.Fatalf("submit without a proof: %d\n%s", res.status, res.body)
	}
	ticket := res.doc.first(`input[name="a.tickets"]`)
	if ticket == nil {
		t.Fatal("the picture that was sent is gone")
	}
	if img := b.get(path[:len(path)-len("/form")] + "/files/" + ticket.attr("value") + "?small=1"); img.header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("the picture is shown as %q, %d", img.header.Get("Content-Type"), img.status)
	}
	in = subsidyForm(res, "submit")
	in.Set("a.tickets", ticket.attr("value"))
	proof := upload{"proof", "证明.jpg", photo}
	if res = b.send(path, in, proof); res.status != http.StatusSeeOther {
		t.Fatalf("submit: %d\n%s", res.status, res.body)
	}
	receipt := b.get(res.location)
	for _, want := range []string{"已提交，编号", "待交材料", "<dt>交到</dt><dd>勤工助学中心", "10月22日（周四）24:00", "900.00 元"} {
		if !strings.Contains(receipt.body, want) {
			t.Errorf("the receipt does not say %q:\n%s", want, receipt.body)
		}
	}
	// The second tap, and the same form posted once more.
	if res = b.send(path, in, proof); res.status != http.StatusSeeOther {
		t.Errorf("the second tap: %d", res.status)
	}
	if list := w.applications("s01"); len(list) != 1 || list[0].State != request.Submitted || list[0].Answers["days"].Number != 30 {
		t.Errorf("applied: %+v", list)
	}
	if list := b.get("/m/applications"); !strings.Contains(list.body, "下一步：交材料") {
		t.Errorf("我的申请:\n%s", list.body)
	}
}

func TestApplication_two_taps_at_once_submit_once(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	b := w.as("s01")
	path := b.begin("internship-subsidy")
	photo := picture(t, 60, 80)
	first := b.send(path, subsidyForm(b.get(path), "save"), upload{"tickets", "1.jpg", photo}, upload{"proof", "2.jpg", photo})
	page := b.get(first.location)
	in := subsidyForm(page, "submit")
	for _, field := range []string{"a.tickets", "a.proof"} {
		in.Set(field, page.doc.first(`input[name="`+field+`"]`).attr("value"))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if res := b.post(path, in); res.status != http.StatusSeeOther {
				t.Errorf("%d\n%s", res.status, res.body)
			}
		})
	}
	wg.Wait()
	if list := w.applications("s01"); len(list) != 1 || list[0].State != request.Submitted {
		t.Errorf("applied: %+v", list)
	}
}

func TestApplication_a_file_that_is_no_fit_photo_is_refused_at_its_field_and_the_rest_kept(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	b := w.as("s01")
	path := b.begin("internship-subsidy")
	for name, tt := range map[string]struct {
		content []byte
		want    string
	}{
		"a renamed PDF":        {[]byte("%PDF-1.7 a document"), "这个文件不是照片"},
		"400 megapixels":       {bomb(), "2500 万像素"},
		"25 MB":                {make([]byte, 25<<20), "超过 10 MB"},
		"a picture cut short":  {picture(t, 200, 200)[:400], "打不开"},
		"words with a JPG end": {[]byte("你好"), "这个文件不是照片"},
	} {
		res := b.send(path, subsidyForm(b.get(path), "save"), upload{"tickets", "车票.jpg", tt.content})
		if got := res.doc.first(`[data-wrong="tickets"]`).text(); res.status != http.StatusUnprocessableEntity || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %d %q", name, res.status, got)
		}
		if v := res.doc.first("#a-company").attr("value"); v != "杭州远行科技有限公司" {
			t.Errorf("%s: what was typed beside it is %q", name, v)
		}
		one := b.send(strings.TrimSuffix(path, "/form")+"/files", nil, upload{"tickets", "车票.jpg", tt.content})
		if one.status < 400 || one.status >= 500 || !strings.Contains(read[problem](t, one).Message, tt.want) {
			t.Errorf("%s, sent by the script: %d %s", name, one.status, one.body)
		}
	}
	if res := b.send(path, subsidyForm(b.get(path), "save"), upload{"tickets", "a.jpg", make([]byte, 50<<20)}); res.status != http.StatusRequestEntityTooLarge {
		t.Errorf("50 MB in one form: %d", res.status)
	}
}

func TestApplication_one_picture_too_many_loses_none_of_those_before(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	b := w.as("s01")
	path := b.begin("internship-subsidy")
	photo := picture(t, 60, 80)
	var many []upload
	for range 6 {
		many = append(many, upload{"tickets", "车票.jpg", photo})
	}
	res := b.send(path, subsidyForm(b.get(path), "save"), many...)
	if got := res.doc.first(`[data-wrong="tickets"]`).text(); res.status != http.StatusUnprocessableEntity || !strings.Contains(got, "最多 4 个") {
		t.Errorf("six pictures: %d %q", res.status, got)
	}
	if n := len(b.get(path).doc.all(`input[name="a.tickets"]`)); n != 4 {
		t.Errorf("%d pictures are kept, want 4", n)
	}
	again := subsidyForm(b.get(path), "save")
	again.Set("a.days", "三十")
	if res := b.send(path, again); res.status != http.StatusUnprocessableEntity {
		t.Errorf("days in words: %d", res.status)
	}
	if v := b.get(path).doc.first("#a-days").attr("value"); v != "30" {
		t.Errorf("after a mistake the days are %q, want the 30 of before", v)
	}
}

func TestApplication_what_was_returned_opens_only_where_it_was_marked(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	b := w.as("s01")
	application := b.submitted()
	id := strings.TrimPrefix(application, "/m/applications/")
	w.decide(id, approval.Decision{Action: approval.Return, Reason: "车票照片看不清，请重拍", Marked: []string{"tickets"}, Via: "desk"})

	page := b.get(application)
	for _, want := range []string{"退回补充", "车票照片看不清，请重拍", "来回车票", "去补充"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the application does not say %q", want)
		}
	}
	form := b.get(application + "/form")
	if form.doc.first(`input[name="a.company"]`) != nil || form.doc.first(`input[name="a.tickets"]`) == nil {
		t.Errorf("open is something else than the tickets:\n%s", form.body)
	}
	in := url.Values{"once": {form.doc.first(`input[name="once"]`).attr("value")}, "do": {"submit"}, "a.company": {"别的公司"}}
	res := b.send(application+"/form", in, upload{"tickets", "重拍.jpg", picture(t, 90, 120)})
	if res.status != http.StatusSeeOther {
		t.Fatalf("resubmit: %d\n%s", res.status, res.body)
	}
	a := w.applications("s01")[0]
	if a.State != request.Submitted || a.Answers["company"].Text != "杭州远行科技有限公司" || len(a.Answers["tickets"].List) != 1 {
		t.Errorf("after the supplement: %s %+v", a.State, a.Answers)
	}
	if page = b.get(application); !strings.Contains(page.body, "重新提交") || !strings.Contains(page.body, "车票照片看不清") {
		t.Errorf("the history lost something:\n%s", page.body)
	}
}

func TestApplication_of_another_student_is_the_same_page_as_one_nobody_made(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	theirs := w.as("s01").submitted()
	photo := regexp.MustCompile(`/files/[0-9a-z]+`).FindString(w.as("s01").get(theirs).body)
	if photo == "" {
		t.Fatal("no picture on the page")
	}
	other := w.as("s02")
	invented := "/m/applications/0000000000000000000000000a"
	once := regexp.MustCompile(`[0-9a-z]{20,}[.][0-9a-f]{32}`)
	for _, rest := range []string{"", "/form", "/withdraw", photo} {
		a, b := other.get(theirs+rest), other.get(invented+rest)
		if a.status != http.StatusForbidden || b.status != a.status || once.ReplaceAllString(a.body, "") != once.ReplaceAllString(b.body, "") {
			t.Errorf("%s: %d for a real one, %d for an invented one", rest, a.status, b.status)
		}
	}
	token := other.get("/m/services/volunteer-card").doc.first(`input[name="once"]`).attr("value")
	for _, rest := range []string{"/form", "/files", "/withdraw", "/discard", "/ask"} {
		for _, id := range []string{theirs, invented} {
			if res := other.post(id+rest, url.Values{"once": {token}, "do": {"submit"}, "question": {"为什么"}}); res.status != http.StatusForbidden {
				t.Errorf("post %s%s: %d", id, rest, res.status)
			}
		}
	}
	if w.applications("s01")[0].State != request.Submitted {
		t.Error("somebody else changed the application")
	}
	if list := w.applications("s02"); len(list) != 0 {
		t.Errorf("the other student has %d applications", len(list))
	}
}

func TestApplication_who_may_not_apply_reads_why_and_asks_a_person(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	b := w.as("s04") // no tier
	page := b.get("/m/services/mutual-aid")
	if !strings.Contains(page.body, "暂不符合") || !strings.Contains(page.body, "请先联系辅导员") || page.doc.first(`a[href$="/notice"].weui-btn`) != nil {
		t.Errorf("the page does not say why:\n%s", page.body)
	}
	home := b.get("/m/")
	if !strings.Contains(home.body, "暂不符合") {
		t.Error("the home page does not say that it is not for this student")
	}
	form := page.form("/m/services/mutual-aid/ask")
	form.Set("question", "我家今年受了灾，等级还没有认定，可以先申请吗？")
	if res := b.post("/m/services/mutual-aid/ask", form); res.status != http.StatusSeeOther {
		t.Fatalf("ask: %d\n%s", res.status, res.body)
	}
	list := b.get("/m/applications")
	ask := list.doc.first("a.weui-cell")
	if ask == nil || !strings.Contains(b.get(ask.attr("href")).body, "我家今年受了灾") {
		t.Errorf("the question is not among the student's:\n%s", list.body)
	}
	if res := w.as("s02").get(ask.attr("href")); res.status != http.StatusForbidden {
		t.Errorf("another student reads the question: %d", res.status)
	}
	// The button is not there, and the server says the same.
	token := page.doc.first(`input[name="once"]`).attr("value")
	if res := b.post("/m/services/mutual-aid", url.Values{"once": {b.get("/m/services/mutual-aid").doc.first(`input[name="once"]`).attr("value")}}); res.status != http.StatusConflict {
		t.Errorf("start: %d (%s)", res.status, token)
	}
}

func TestApplication_outside_its_window_says_when(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	if err := w.clock.MoveTo(time.Date(2027, 1, 10, 9, 0, 0, 0, w.db.Zone())); err != nil {
		t.Fatal(err)
	}
	page := w.as("s01").get("/m/services/internship-subsidy")
	if want := "9月1日至12月31日开放申请"; !strings.Contains(page.body, want) {
		t.Errorf("the page does not say %s:\n%s", want, page.body)
	}
	if button := page.doc.first("button[disabled]"); button == nil {
		t.Error("the button is not off")
	}
}

func TestApplication_the_script_is_told_what_was_kept(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	b := w.as("s01")
	path := b.begin("skill-certificate")
	page := b.get(path)
	in := url.Values{
		"once": {page.doc.first(`input[name="once"]`).attr("value")}, "do": {"save"}, "a.certificate_name": {"普通话二级甲等"},
		"a.invoices.0.number": {"3105"}, "a.invoices.0.day": {"2026-09-20"}, "a.invoices.0.fee": {"128.50"},
		"a.invoices.2.number": {"3106"}, "a.invoices.2.day": {"2026-09-21"}, "a.invoices.2.fee": {"12.345"},
	}
	req := b.request(http.MethodPost, path, "application/x-www-form-urlencoded", in.Encode())
	req.Header.Set("Accept", "application/json")
	res := b.do(req)
	var got struct {
		Fields, Texts map[string]string
		Lacks         []string
		Ready         bool
	}
	if err := json.Unmarshal([]byte(res.body), &got); err != nil {
		t.Fatalf("%d %s", res.status, res.body)
	}
	if diff := cmp.Diff(map[string]string{"invoices.2.fee": "金额写到分就够了，例如 128.50。"}, got.Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if got.Texts["total"] != "128.50 元" || got.Ready || len(got.Lacks) == 0 {
		t.Errorf("got %+v", got)
	}
	// A row is added and taken away by buttons too.
	add := b.send(path, url.Values{"do": {"add:invoices"}, "a.invoices.0.number": {"3105"}})
	if n := len(add.doc.all("fieldset")); n != 2 {
		t.Errorf("%d rows after adding one to one", n)
	}
	drop := b.send(path, url.Values{"do": {"drop:invoices.0"}, "a.invoices.0.number": {"3105"}, "a.invoices.1.number": {"3107"}})
	kept := b.get(drop.location)
	if v := kept.doc.first("#a-invoices-0-number"); v == nil || v.attr("value") != "3107" {
		t.Errorf("after dropping the first row:\n%s", kept.body)
	}
}

func TestApplication_is_taken_back(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	b := w.as("s01")
	application := b.submitted()
	page := b.get(application + "/withdraw")
	if res := b.post(application+"/withdraw", page.form(application+"/withdraw")); res.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", res.status, res.body)
	}
	if s := w.applications("s01")[0].State; s != request.Withdrawn {
		t.Errorf("state %s", s)
	}
	// The seat is free again, and a draft can be thrown away.
	path := b.begin2("internship-subsidy")
	discard := strings.TrimSuffix(path, "/form") + "/discard"
	if res := b.post(discard, b.get(path).form(discard)); res.status != http.StatusSeeOther {
		t.Fatalf("discard: %d\n%s", res.status, res.body)
	}
	if list := w.applications("s01"); len(list) != 1 {
		t.Errorf("%d applications are left", len(list))
	}
}

// begin2 begins a service whose notice was read before.
func (b *browser) begin2(code string) string {
	b.w.tb.Helper()
	path := "/m/services/" + code
	res := b.post(path, b.get(path).form(path))
	if res.status != http.StatusSeeOther || !strings.HasSuffix(res.location, "/form") {
		b.w.tb.Fatalf("begin %s: %d to %q", code, res.status, res.location)
	}
	return res.location
}

func TestApplication_a_certificate_is_its_holder_s_to_keep(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	b := w.as("s01")
	path := b.begin("award-certificate")
	form := b.get(path)
	in := url.Values{
		"once": {form.doc.first(`input[name="once"]`).attr("value")}, "do": {"submit"},
		"a.items": {form.doc.first(`input[name="a.items"]`).attr("value")}, "a.purpose": {"job"},
	}
	if res := b.send(path, in); res.status != http.StatusSeeOther {
		t.Fatalf("submit: %d\n%s", res.status, res.body)
	}
	application := strings.TrimSuffix(path, "/form")
	if res := b.get(application + "/certificate.pdf"); res.status != http.StatusForbidden {
		t.Errorf("before it was approved: %d", res.status)
	}
	id := strings.TrimPrefix(application, "/m/applications/")
	w.decide(id, approval.Decision{Action: approval.Approve, Via: "desk"})
	storetest.Update(t, w.db, func(tx *store.Tx) error {
		office, err := identity.Find(t.Context(), tx, "t10")
		if err != nil {
			return err
		}
		_, err = newRequests().Print(t.Context(), tx, office, id)
		return err
	})
	page := b.get(application)
	if page.doc.first(`a[href="`+application+`/certificate.pdf"]`) == nil || !strings.Contains(page.body, "还没有人核验") {
		t.Errorf("the application does not offer the certificate:\n%s", page.body)
	}
	res := b.get(application + "/certificate.pdf")
	if res.status != http.StatusOK || !strings.HasPrefix(res.body, "%PDF-") || !strings.Contains(res.header.Get("Content-Disposition"), "filename*=utf-8''") {
		t.Errorf("the certificate: %d %v", res.status, res.header)
	}
	if res := w.as("s02").get(application + "/certificate.pdf"); res.status != http.StatusForbidden {
		t.Errorf("somebody else's certificate: %d", res.status)
	}
}

func TestApplication_one_picture_of_several_is_taken_again_and_the_others_stay(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	b := w.as("s01")
	path := b.begin("internship-subsidy")
	photo := picture(t, 60, 80)
	res := b.send(path, subsidyForm(b.get(path), "submit"),
		upload{"tickets", "1.jpg", photo}, upload{"tickets", "2.jpg", photo}, upload{"tickets", "3.jpg", photo}, upload{"proof", "4.jpg", photo})
	if res.status != http.StatusSeeOther {
		t.Fatalf("submit: %d\n%s", res.status, res.body)
	}
	id := strings.TrimPrefix(strings.TrimSuffix(path, "/form"), "/m/applications/")
	before := w.applications("s01")[0].Answers["tickets"].List
	w.decide(id, approval.Decision{Action: approval.Return, Reason: "返程的票反光了", Marked: []string{request.Picture("tickets", before[1]), request.Picture("tickets", before[2])}})

	form := b.get(path)
	if n := len(form.doc.all(".shot-box__stays")); n != 1 {
		t.Errorf("%d pictures are said to stay, want the first one:\n%s", n, form.body)
	}
	if !strings.Contains(form.body, "还差：来回车票第 2、3 张") {
		t.Errorf("the page does not say which pictures it waits for:\n%s", form.body)
	}
	typed := func(press string) url.Values {
		page := b.get(path)
		in := url.Values{"once": {page.doc.first(`input[name="once"]`).attr("value")}, "do": {press}}
		for _, f := range page.doc.all(`input[name="a.tickets"]`) {
			in.Add("a.tickets", f.attr("value"))
		}
		return in
	}
	// The third one first: it comes into the third place, and the second is still waited for.
	b.send(path, typed("save"), upload{"tickets@" + before[2], "3.jpg", photo})
	if page := b.get(path); !strings.Contains(page.body, "还差：来回车票第 2 张") {
		t.Errorf("after the third one:\n%s", page.body)
	}
	if res := b.send(path, typed("submit"), upload{"tickets@" + before[1], "2.jpg", photo}); res.status != http.StatusSeeOther {
		t.Fatalf("submit again: %d\n%s", res.status, res.body)
	}
	after := w.applications("s01")[0]
	if list := after.Answers["tickets"].List; after.State != request.Submitted || len(list) != 3 || list[0] != before[0] || list[1] == before[1] || list[2] == before[2] {
		t.Errorf("%s with pictures %q, before %q", after.State, list, before)
	}
}
