package simulator

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// atOnce lets jobs end as soon as they have begun.
func (p *platform) atOnce() {
	sw := p.Switches()
	sw.JobDelay = 0
	p.SetSwitches(sw)
}

// csv uploads a file of an import and returns its media_id.
func (p *platform) csv(lines ...string) string {
	p.t.Helper()
	contentType, body := form(p.t, "media", "a.csv", []byte("\ufeff"+strings.Join(lines, "\n")+"\n"))
	m := p.do(http.MethodPost, "/cgi-bin/media/upload?type=file&access_token="+p.access, contentType, body)
	p.code(0, m)
	return m["media_id"].(string)
}

// assistant posts with the token of the contact-sync assistant.
func (p *platform) assistant(path string, body object) object {
	p.t.Helper()
	token := p.get("/cgi-bin/gettoken?corpid=ww6a112864f8022910&corpsecret=contact")["access_token"].(string)
	return p.do(http.MethodPost, "/cgi-bin/"+withQuery(path, "access_token="+token), "application/json", mustJSON(body))
}

func (p *platform) importResult(id string) object {
	p.t.Helper()
	token := p.get("/cgi-bin/gettoken?corpid=ww6a112864f8022910&corpsecret=contact")["access_token"].(string)
	return p.get("/cgi-bin/batch/getresult?jobid=" + id + "&access_token=" + token)
}

// ended is the event at the end of a job.
func (p *platform) ended() (jobID, kind string, code int) {
	p.t.Helper()
	for {
		g := p.app.next()
		if g.Event != "batch_job_result" {
			continue // members who came and went
		}
		var e struct {
			BatchJob struct {
				JobId, JobType string
				ErrCode        int
			}
		}
		if err := xml.Unmarshal([]byte(g.Plain), &e); err != nil {
			p.t.Fatal(err)
		}
		return e.BatchJob.JobId, e.BatchJob.JobType, e.BatchJob.ErrCode
	}
}

func TestMembersAreImportedByAJob(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	p.atOnce()
	file := p.csv("姓名,帐号,手机,所在部门,性别", "新同学,new1,13900000001,2,女", "李明哲二,S02,,2;3,", "坏部门,bad,13900000003,99,", ",-,,,")
	p.code(48002, p.call("batch/syncuser", object{"media_id": file}))
	p.code(40007, p.assistant("batch/syncuser", object{"media_id": "x"}))
	m := p.assistant("batch/syncuser", object{"media_id": file})
	p.code(0, m)
	if id, kind, code := p.ended(); id != m["jobid"] || kind != "sync_user" || code != 0 {
		t.Errorf("event %s %s %d", id, kind, code)
	}
	got := p.importResult(m["jobid"].(string))
	var codes []any
	for _, r := range got["result"].([]any) {
		codes = append(codes, r.(object)["errcode"])
	}
	if d := cmp.Diff([]any{0.0, 0.0, 60003.0, 40003.0}, codes); d != "" || got["status"].(float64) != importDone || got["percentage"].(float64) != 100 {
		t.Errorf("%v (-want +got)\n%s", got, d)
	}
	if u := p.read("user/get?userid=s02"); u["name"] != "李明哲二" || len(u["department"].([]any)) != 2 {
		t.Errorf("changed member %v", u)
	}
	p.code(40088, p.importResult("nobody's"))
}

func TestOneImportRunsAtATime(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	sw := p.Switches()
	sw.JobDelay = Duration(time.Hour)
	p.SetSwitches(sw)
	file := p.csv("姓名,帐号,手机,所在部门", "新同学,new1,13900000001,2")
	m := p.assistant("batch/syncuser", object{"media_id": file})
	p.code(0, m)
	p.code(302008, p.assistant("batch/replaceuser", object{"media_id": file}))
	if got := p.importResult(m["jobid"].(string)); got["status"].(float64) != importRunning || got["total"].(float64) != 1 {
		t.Errorf("result %v", got)
	}
}

func TestReplacingMembersIsGuarded(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	p.atOnce()
	// One of six would stay: five sixths are more than four fifths.
	p.code(0, p.assistant("batch/replaceuser", object{"media_id": p.csv("姓名,帐号,所在部门", "张晓雨,s01,2")}))
	if _, kind, code := p.ended(); kind != "replace_user" || code != 45026 {
		t.Errorf("%s %d, want the guard", kind, code)
	}
	p.code(0, p.assistant("batch/replaceuser", object{"media_id": p.csv("姓名,帐号,所在部门", "张晓雨,s01,2", "李明哲,s02,2")}))
	if _, _, code := p.ended(); code != 0 {
		t.Errorf("errcode %d", code)
	}
	if n := len(p.Users()); n != 2 {
		t.Errorf("%d members left, want 2", n)
	}
}

func TestReplacingDepartments(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	p.atOnce()
	file := p.csv("部门名称,部门ID,父部门ID,排序", "文学院,2,1,0", "理学院,4,1,9", "悬空,5,77,1", "学工部,3,1,1")
	id := p.assistant("batch/replaceparty", object{"media_id": file})["jobid"].(string)
	p.ended()
	var got []string
	for _, r := range p.importResult(id)["result"].([]any) {
		got = append(got, fmt.Sprint(r.(object)["action"], r.(object)["errcode"]))
	}
	if d := cmp.Diff([]string{"0 0", "1 0", "0 60003", "10 0"}, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	p.code(0, p.assistant("batch/replaceparty", object{"media_id": p.csv("部门名称,部门ID,父部门ID,排序", "文学院,2,1,0")}))
	p.ended()
	if n := len(p.read("department/list")["department"].([]any)); n != 3 {
		t.Errorf("%d departments, want the root and those with members", n)
	}
}

func TestOnlyTheLastImportsAreKept(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	p.atOnce()
	var ids []string
	for range keptImports + 1 {
		m := p.assistant("batch/syncuser", object{"media_id": p.csv("姓名,帐号,所在部门", "张晓雨,s01,2")})
		ids = append(ids, m["jobid"].(string))
		p.ended()
	}
	p.code(40089, p.importResult(ids[0]))
	p.code(0, p.importResult(ids[1]))
}

func TestImportTellsTheCallbackItNamed(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	p.atOnce()
	own := &testApp{t: t, got: make(chan got, 4)}
	var err error
	if own.crypto, err = newCrypto("other", testKey, "ww6a112864f8022910"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(own)
	t.Cleanup(server.Close)
	to := object{"url": server.URL, "token": "other", "encodingaeskey": testKey}
	file := p.csv("姓名,帐号,所在部门", "张晓雨,s01,2")
	p.code(40058, p.assistant("batch/syncuser", object{"media_id": file, "callback": with(to, "token", "-")}))
	p.code(0, p.assistant("batch/syncuser", object{"media_id": file, "callback": to}))
	if g := own.next(); g.Err != "" || g.Event != "batch_job_result" || g.AgentID != 0 {
		t.Errorf("%s: %s", g.Err, g.Plain)
	}
}

// fileServer serves content, with ranges or without.
func fileServer(t *testing.T, content []byte, ranges bool) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ranges {
			w.Write(content)
			return
		}
		http.ServeContent(w, r, "a.bin", time.Time{}, bytes.NewReader(content))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestUploadByURL(t *testing.T) {
	t.Parallel()
	p := openPlatform(t)
	p.atOnce()
	big := bytes.Repeat([]byte("0123456789abcdef"), 21<<20/16)
	sum := md5.Sum(big)
	good := object{"scene": 1, "type": "file", "filename": "大文件.bin", "url": fileServer(t, big, true), "md5": hex.EncodeToString(sum[:])}
	for name, tt := range map[string]struct {
		ask  object
		want int
	}{
		"another_scene": {with(good, "scene", 2), 40058},
		"a_picture":     {with(good, "type", "image"), 40004},
		"no_name":       {with(good, "filename", nil), 40058},
		"no_address":    {with(good, "url", "ftp://x"), 830001},
		"no_digest":     {with(good, "md5", nil), 40058},
	} {
		t.Run(name, func(t *testing.T) { p.code(tt.want, p.call("media/upload_by_url", tt.ask)) })
	}
	for name, tt := range map[string]struct {
		ask  object
		want int
	}{
		"no_ranges":      {with(good, "url", fileServer(t, big, false)), 830003},
		"another_digest": {with(good, "md5", strings.Repeat("0", 32)), 301019},
		"good":           {good, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m := p.call("media/upload_by_url", tt.ask)
			p.code(0, m)
			if g := p.app.next(); g.Event != "upload_media_job_finish" || !strings.Contains(g.Plain, m["jobid"].(string)) {
				t.Errorf("the app read %s", g.Plain)
			}
			detail := p.call("media/get_upload_by_url_result", object{"jobid": m["jobid"]})["detail"].(object)
			if got := int(detail["errcode"].(float64)); got != tt.want {
				t.Fatalf("errcode %d, want %d", got, tt.want)
			}
			if tt.want != 0 {
				return
			}
			// A file over 20 MB comes in parts only.
			path := "media/get?media_id=" + detail["media_id"].(string)
			p.code(830002, p.read(path))
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/cgi-bin/"+p.withToken(path), nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Range", "bytes=16-31")
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusPartialContent {
				t.Errorf("part: %d", res.StatusCode)
			}
			p.later(fetchLife)
			p.code(40058, p.call("media/get_upload_by_url_result", object{"jobid": m["jobid"]}))
		})
	}
}
