package miniapp_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/xuegong/xuegong/internal/approval"
	"github.com/xuegong/xuegong/internal/request"
)

// set gives an input a value as a person's picker does.
func set(selector, value string) string {
	return `(() => { const i = document.querySelector('` + selector + `'); i.value = '` + value + `';
		for (const e of ['input', 'change']) i.dispatchEvent(new Event(e, {bubbles: true})); return i.value; })()`
}

func TestBrowser_from_the_home_page_to_a_submitted_application(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	w.signer("s01")
	ctx := chromium(t, 390, 844)
	fits := func(page string) {
		t.Helper()
		if diff := cmp.Diff([]string{}, run(ctx, t, chromedp.Evaluate[[]string](unfit))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", page, diff)
		}
	}
	said := func(selector, want string) {
		t.Helper()
		if got := run(ctx, t, chromedp.Text(selector)); !strings.Contains(got, want) {
			t.Errorf("%s reads %q, want %q", selector, got, want)
		}
	}
	photo := filepath.Join(t.TempDir(), "车票.jpg")
	if err := os.WriteFile(photo, picture(t, 900, 1200), 0o600); err != nil {
		t.Fatal(err)
	}
	document := filepath.Join(t.TempDir(), "改名.jpg")
	if err := os.WriteFile(document, []byte("%PDF-1.7"), 0o600); err != nil {
		t.Fatal(err)
	}

	do(ctx, t, chromedp.Navigate(w.url+"/m/"), chromedp.WaitVisible(`a[href="/m/services/internship-subsidy"]`))
	fits("home")
	do(ctx, t, chromedp.Click(`a[href="/m/services/internship-subsidy"]`), chromedp.WaitVisible(".findings"))
	fits("service")
	do(ctx, t, chromedp.Click(".action a.weui-btn_primary"), chromedp.WaitVisible(".prose"))
	if !run(ctx, t, chromedp.JavascriptAttribute[bool]("button[type=submit]", "disabled")) {
		t.Error("the notice can be agreed to before it was read to its end")
	}
	run(ctx, t, chromedp.Evaluate[any](`window.scrollTo(0, document.documentElement.scrollHeight)`))
	do(ctx, t, chromedp.WaitEnabled("button[type=submit]"), chromedp.Click("button[type=submit]"), chromedp.WaitVisible("#paper.is-alive"))
	fits("form")
	if !run(ctx, t, chromedp.JavascriptAttribute[bool]("#submit", "disabled")) {
		t.Error("an empty form can be submitted (D-46)")
	}

	// The days are bounded while they are typed (D-47), and a condition opens its field.
	do(ctx, t, chromedp.SendKeys("#a-company", "杭州远行科技有限公司"))
	run(ctx, t, chromedp.Evaluate[any](set("#a-stay-from", "2026-07-06")))
	run(ctx, t, chromedp.Evaluate[any](set("#a-stay-until", "2026-08-21")))
	do(ctx, t, chromedp.SendKeys("#a-days", "36"), chromedp.WaitVisible(`[data-wrong="days"]`))
	said(`[data-wrong="days"]`, "最多填 35 天")
	said(`[data-text="workdays"]`, "35 天")
	do(ctx, t, chromedp.Click(`label[for="a-route-2"]`), chromedp.WaitVisible("#a-route_note"), chromedp.Click(`label[for="a-route-0"]`), chromedp.WaitNotVisible("#a-route_note"))
	run(ctx, t, chromedp.Evaluate[any](set("#a-days", "30")))
	do(ctx, t, chromedp.WaitNotVisible(`[data-wrong="days"]`))

	// From the province to the county.
	for i, code := range []string{"330000", "330100", "330106"} {
		at := `.pickers select:nth-of-type(` + string(rune('1'+i)) + `)`
		do(ctx, t, chromedp.WaitVisible(at))
		run(ctx, t, chromedp.Evaluate[any](set(at, code)))
	}

	// A picture is sent at once; a document that calls itself one is refused at its field.
	do(ctx, t, chromedp.SetUploadFiles("#a-tickets-album", []string{document}), chromedp.WaitVisible(`[data-wrong="tickets"]`))
	said(`[data-wrong="tickets"]`, "这个文件不是照片")
	do(ctx, t, chromedp.SetUploadFiles("#a-tickets-album", []string{photo}), chromedp.WaitVisible(`[data-uploads="tickets"] .shot img`))
	do(ctx, t, chromedp.SetUploadFiles("#a-proof-camera", []string{photo}), chromedp.WaitVisible(`[data-uploads="proof"] .shot img`))
	do(ctx, t, chromedp.Click(`label[for="a-statement"]`), chromedp.WaitEnabled("#submit"))
	fits("filled form")

	// What was written is there when the page is opened again.
	do(ctx, t, chromedp.Reload(), chromedp.WaitVisible("#paper.is-alive"), chromedp.WaitEnabled("#submit"))
	if got := run(ctx, t, chromedp.Value("#a-company")); got != "杭州远行科技有限公司" {
		t.Errorf("the draft holds %q", got)
	}
	do(ctx, t, chromedp.Click("#submit"), chromedp.WaitVisible(".say--done"))
	said(".say--done", "已提交，编号")
	fits("application")
	list := w.applications("s01")
	if len(list) != 1 || list[0].State != request.Submitted || list[0].Answers["city"].Text != "330106" || len(list[0].Answers["tickets"].List) != 1 {
		t.Errorf("applied: %+v", list)
	}
	do(ctx, t, chromedp.Click(".bar__back"), chromedp.WaitVisible(".booking"))
	fits("my applications")
}

func TestBrowser_rows_are_added_and_summed_on_the_page(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	path := w.as("s01").begin("skill-certificate")
	w.signer("s01")
	ctx := chromium(t, 360, 640)
	do(ctx, t, chromedp.Navigate(w.url+path), chromedp.WaitVisible("#paper.is-alive"))
	if diff := cmp.Diff([]string{}, run(ctx, t, chromedp.Evaluate[[]string](unfit))); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
	fill := func(row, number, fee string) {
		t.Helper()
		for column, value := range map[string]string{"number": number, "day": "2026-09-20", "fee": fee} {
			run(ctx, t, chromedp.Evaluate[any](set("#a-invoices-"+row+"-"+column, value)))
		}
	}
	fill("0", "31052201", "128.50")
	do(ctx, t, chromedp.Click("[data-add-row]"), chromedp.WaitVisible("#a-invoices-1-fee"))
	fill("1", "31052202", "71.5")
	do(ctx, t, chromedp.Poll[chromedp.Void](`document.querySelector('[data-text="total"]').textContent === '200.00 元'`))
	do(ctx, t, chromedp.Click(`[data-row="0"] [data-drop-row]`))
	do(ctx, t, chromedp.Poll[chromedp.Void](`document.querySelector('[data-text="total"]').textContent === '71.50 元'`))
}

func TestBrowser_a_marked_picture_is_taken_again_in_its_place(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	path := w.as("s01").submitted()
	id := strings.TrimPrefix(path, "/m/applications/")
	before := w.applications("s01")[0].Answers["proof"].List
	w.decide(id, approval.Decision{Action: approval.Return, Reason: "公章没有拍全", Marked: []string{request.Picture("proof", before[0])}})
	w.signer("s01")
	ctx := chromium(t, 360, 780)
	photo := filepath.Join(t.TempDir(), "证明.jpg")
	if err := os.WriteFile(photo, picture(t, 300, 400), 0o600); err != nil {
		t.Fatal(err)
	}
	do(ctx, t, chromedp.Navigate(w.url+path+"/form"), chromedp.WaitVisible("#paper.is-alive"))
	if !run(ctx, t, chromedp.JavascriptAttribute[bool]("#submit", "disabled")) {
		t.Error("it can be handed in without the picture")
	}
	do(ctx, t, chromedp.SetUploadFiles(`.shot-box input[type=file]`, []string{photo}), chromedp.WaitNotPresent(`.shot-box .badge`), chromedp.WaitEnabled("#submit"))
	if diff := cmp.Diff([]string{}, run(ctx, t, chromedp.Evaluate[[]string](unfit))); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
	do(ctx, t, chromedp.Click("#submit"), chromedp.WaitVisible(".say--done"))
	if a := w.applications("s01")[0]; a.State != request.Submitted || len(a.Answers["proof"].List) != 1 || a.Answers["proof"].List[0] == before[0] {
		t.Errorf("%s with %q, before %q", a.State, a.Answers["proof"].List, before)
	}
}

func TestBrowser_a_form_pressed_twice_is_submitted_once(t *testing.T) {
	t.Parallel()
	w := newOffice(t)
	path := w.as("s01").begin("hardship-certificate")
	w.signer("s01")
	ctx := chromium(t, 390, 844)
	do(ctx, t, chromedp.Navigate(w.url+path), chromedp.WaitVisible("#paper.is-alive"))
	if !run(ctx, t, chromedp.JavascriptAttribute[bool]("#submit", "disabled")) {
		t.Error("an empty form can be submitted (D-46)")
	}
	do(ctx, t, chromedp.Click(`label[for="a-purpose-1"]`), chromedp.WaitEnabled("#submit"))
	run(ctx, t, chromedp.Evaluate[any](`const b = document.querySelector('#submit'); b.click(); b.click()`))
	do(ctx, t, chromedp.WaitVisible(".say--done"))
	list := w.applications("s01")
	if len(list) != 1 || list[0].State != request.Submitted {
		t.Fatalf("applied: %+v", list)
	}
	if got := run(ctx, t, chromedp.Evaluate[int](`document.querySelectorAll('.history li').length`)); got != 1 {
		t.Errorf("the history has %d steps, want the submission", got)
	}
}
