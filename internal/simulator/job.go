package simulator

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Work the platform does after it has answered: the contact-sync assistant's imports
// (identity.md 7) and media/upload_by_url (app.md 4). Both are asked about by a job id and
// tell the app by an event when they end. A job takes Switches.JobDelay of real time; one
// that was under way when the simulator stopped has failed.

// Status of an import.
const (
	importRunning = 2
	importDone    = 3
)

// endJobs gives up what an earlier process had begun.
func (st *state) endJobs() {
	for _, j := range st.Imports {
		if j.Status != importDone {
			j.Status, j.Code = importDone, -1
		}
	}
	for _, j := range st.Fetches {
		if j.Status == fetchRunning {
			j.Status, j.Code = fetchFailed, -1
		}
	}
}

// postpone runs work in a while, unless the simulator ends before.
func (s *Server) postpone(work func()) {
	delay := time.Duration(s.switches.JobDelay)
	if s.ctx.Err() != nil {
		return
	}
	s.work.Go(func() {
		sleep(s.ctx, delay)
		if s.ctx.Err() == nil {
			work()
		}
	})
}

// importJob is one batch/syncuser, replaceuser or replaceparty.
type importJob struct {
	ID     string
	Type   string // sync_user, replace_user or replace_party
	Status int
	Total  int
	Result []reply
	Code   int // of the job as a whole
}

const keptImports = 5 // jobs whose results are kept

// importer does one kind of import on the rows of the file; a refusal ends the job.
type importer func(*csvTable) ([]reply, error)

// startImport answers with a job id; the file is read at once, the work is done later.
func (s *Server) startImport(kind string, do importer) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		var in struct {
			MediaID  string `json:"media_id"`
			Callback struct {
				URL    string `json:"url"`
				Token  string `json:"token"`
				AESKey string `json:"encodingaeskey"`
			} `json:"callback"`
		}
		if err := c.decode(&in); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(s.st.Imports, func(j *importJob) bool { return j.Status != importDone }) {
			return nil, fail(302008, "an import job is already running")
		}
		table, err := s.readImport(in.MediaID, c.now)
		if err != nil {
			return nil, err
		}
		to, err := s.receiverOf(in.Callback.URL, in.Callback.Token, in.Callback.AESKey)
		if err != nil {
			return nil, err
		}
		j := &importJob{ID: randomText(64), Type: kind, Status: importRunning, Total: len(table.rows)}
		s.st.Imports = append(s.st.Imports, j)
		s.touch()
		s.postpone(func() { s.finishImport(j, do, table, to) })
		return reply{"jobid": j.ID}, nil
	}
}

// receiverOf is the endpoint named in the call, nil if none is.
func (s *Server) receiverOf(address, token, key string) (*receiver, error) {
	if address == "" {
		return nil, nil
	}
	if !hasScheme(address) || !tokenShape.MatchString(token) || !aesKeyShape.MatchString(key) {
		return nil, badField("callback")
	}
	c, err := newCrypto(token, key, s.cfg.CorpID)
	if err != nil {
		return nil, badField("callback.encodingaeskey")
	}
	return &receiver{url: address, crypto: c}, nil
}

func (s *Server) finishImport(j *importJob, do importer, table *csvTable, to *receiver) {
	s.mu.Lock()
	defer s.mu.Unlock()
	result, err := do(table)
	code, msg := codeOf(err)
	j.Status, j.Result, j.Code = importDone, result, code
	s.touch()
	if to == nil && !s.switches.JobEvents {
		return
	}
	done := element("BatchJob", reply{"JobId": j.ID, "JobType": j.Type, "ErrCode": code, "ErrMsg": msg})
	if to == nil {
		s.systemEvent("batch_job_result", s.cfg.AgentID, done)
		return
	}
	plain := "<xml>" + s.envelope("sys", "event") + cdata("Event", "batch_job_result") + done + "</xml>"
	s.enqueue(&callback{user: "sys", event: "batch_job_result", title: eventTitle("batch_job_result"), plain: []byte(plain), to: to})
}

// codeOf is how a job writes the fate of a row or of itself.
func codeOf(err error) (code int, msg string) {
	if err == nil {
		return 0, "ok"
	}
	if e, ok := errors.AsType[*apiError](err); ok {
		return e.code, e.msg
	}
	return -1, "system busy"
}

func (s *Server) getImport(c *call) (reply, error) {
	id := c.query.Get("jobid")
	i := slices.IndexFunc(s.st.Imports, func(j *importJob) bool { return j.ID == id })
	switch {
	case i < 0:
		return nil, fail(40088, "invalid jobid")
	case i < len(s.st.Imports)-keptImports:
		return nil, fail(40089, "job result is cleaned")
	}
	j := s.st.Imports[i]
	percent, result := 0, []reply{}
	if j.Status == importDone {
		percent, result = 100, append(result, j.Result...)
	}
	return reply{"status": j.Status, "type": j.Type, "total": j.Total, "percentage": percent, "result": result}, nil
}

// csvTable is a file with a line of names.
type csvTable struct {
	columns map[string]int
	rows    [][]string
}

// readImport opens the file of an import, which an app of the company has uploaded.
func (s *Server) readImport(id string, now time.Time) (*csvTable, error) {
	if id == "" {
		return nil, fail(41006, "missing media_id")
	}
	f := s.mediaFile(id, now)
	if f == nil || f.Type != "file" {
		return nil, fail(40007, "invalid media_id")
	}
	content, err := s.readMedia(f)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff"))))
	r.FieldsPerRecord = -1
	lines, err := r.ReadAll()
	if err != nil || len(lines) == 0 {
		return nil, fail(40007, "the file is not csv")
	}
	t := &csvTable{columns: map[string]int{}, rows: lines[1:]}
	for i, name := range lines[0] {
		t.columns[strings.TrimSpace(name)] = i
	}
	return t, nil
}

// cell is the value under the first of the names that the file has; ok says it has one.
func (t *csvTable) cell(row []string, names ...string) (text string, ok bool) {
	for _, name := range names {
		if i, has := t.columns[name]; has && i < len(row) {
			return strings.TrimSpace(row[i]), true
		}
	}
	return "", false
}

// member reads one line of a member file, whose columns the vendor's sample names so.
func (t *csvTable) member(row []string) (memberWrite, error) {
	in := memberWrite{}
	in.UserID, _ = t.cell(row, "帐号", "账号", "userid")
	text := func(to **string, names ...string) {
		if v, ok := t.cell(row, names...); ok {
			*to = &v
		}
	}
	text(&in.Name, "姓名")
	text(&in.Alias, "别名")
	text(&in.Position, "职务", "职位")
	text(&in.Mobile, "手机", "手机号")
	text(&in.Email, "邮箱", "个人邮箱")
	if v, ok := t.cell(row, "性别"); ok {
		v = map[string]string{"男": "1", "女": "2"}[v]
		in.Gender = &v
	}
	parties, _ := t.cell(row, "所在部门", "部门")
	for id := range strings.SplitSeq(parties, ";") {
		if id == "" {
			continue
		}
		n, err := strconv.Atoi(id)
		if err != nil {
			return in, fail(60123, "invalid department id")
		}
		in.Departments = append(in.Departments, n)
	}
	return in, nil
}

// syncUsers adds and changes the members of the file and leaves all others.
func (s *Server) syncUsers(t *csvTable) ([]reply, error) {
	result := []reply{}
	for _, row := range t.rows {
		in, err := t.member(row)
		if err == nil && s.user(in.UserID) == nil {
			err = s.addUser(&in)
		} else if err == nil {
			err = s.changeUser(&in)
		}
		code, msg := codeOf(err)
		result = append(result, reply{"userid": in.UserID, "errcode": code, "errmsg": msg})
	}
	return result, nil
}

// replaceUsers makes the file the address book. It refuses to delete more than 50 people
// who are over a fifth of it, or fewer who are over four fifths.
func (s *Server) replaceUsers(t *csvTable) ([]reply, error) {
	listed := map[string]bool{}
	for _, row := range t.rows {
		id, _ := t.cell(row, "帐号", "账号", "userid")
		listed[fold(id)] = true
	}
	var gone []string
	for _, u := range s.st.Users {
		if !listed[fold(u.UserID)] {
			gone = append(gone, u.UserID)
		}
	}
	share := float64(len(gone)) / float64(max(1, len(s.st.Users)))
	if len(gone) > 50 && share > 0.2 || len(gone) <= 50 && share > 0.8 {
		return nil, fail(45026, "too many members would be deleted")
	}
	result, err := s.syncUsers(t)
	for _, id := range gone {
		s.removeUser(s.user(id))
	}
	return result, err
}

// What an import did to a department.
const (
	partyAdded   = 1
	partyRenamed = 2
	partyMoved   = 4
	partyOrdered = 8
)

// replaceParties makes the file the tree of departments; those it leaves out and that are
// empty go.
func (s *Server) replaceParties(t *csvTable) ([]reply, error) {
	result, listed := []reply{}, map[int]bool{1: true}
	for _, row := range t.rows {
		name, _ := t.cell(row, "部门名称")
		number := func(names ...string) int {
			v, _ := t.cell(row, names...)
			n, _ := strconv.Atoi(v) // 0 is no department
			return n
		}
		d := Department{ID: number("部门ID", "部门id"), ParentID: number("父部门ID", "父部门id"), Name: name, Order: number("排序")}
		action, err := s.putDepartment(d)
		if err == nil {
			listed[d.ID] = true
		}
		code, msg := codeOf(err)
		result = append(result, reply{"action": action, "partyid": d.ID, "errcode": code, "errmsg": msg})
	}
	s.st.Departments = slices.DeleteFunc(s.st.Departments, func(d Department) bool {
		used := slices.ContainsFunc(s.st.Users, func(u User) bool { return slices.Contains(u.Departments, d.ID) })
		return !listed[d.ID] && !used && len(s.subtree(d.ID)) == 1
	})
	s.touch()
	return result, nil
}

func (s *Server) putDepartment(d Department) (action int, err error) {
	switch {
	case d.ID <= 0:
		return 0, fail(60123, "invalid department id")
	case d.Name == "":
		return 0, fail(40063, "some parameters are empty: name")
	case d.ID != 1 && s.department(d.ParentID) == nil:
		return 0, fail(60003, "department not found")
	}
	old := s.department(d.ID)
	if old == nil {
		s.st.Departments = append(s.st.Departments, d)
		return partyAdded, nil
	}
	if old.Name != d.Name {
		action |= partyRenamed
	}
	if old.ParentID != d.ParentID {
		action |= partyMoved
	}
	if old.Order != d.Order {
		action |= partyOrdered
	}
	*old = d
	return action, nil
}

// fetchJob is one media/upload_by_url.
type fetchJob struct {
	ID      string
	Status  int
	Code    int
	MediaID string
	At      time.Time // of the call
	MadeAt  time.Time // of the media
}

// Status of a fetch.
const (
	fetchRunning = 1
	fetchDone    = 2
	fetchFailed  = 3
)

const (
	fetchLife = 60 * time.Minute // in which its result is answered
	fetchMax  = 200 << 20
	fetchWait = 5 * time.Minute // of real time, for the whole file
)

func (s *Server) uploadByURL(c *call) (reply, error) {
	var in struct {
		Scene    int    `json:"scene"`
		Type     string `json:"type"`
		FileName string `json:"filename"`
		URL      string `json:"url"`
		MD5      string `json:"md5"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	switch {
	case in.Scene != 1:
		return nil, badField("scene")
	case in.Type != "video" && in.Type != "file":
		return nil, fail(40004, "invalid media type")
	case in.FileName == "" || len(in.FileName) > 128:
		return nil, badField("filename")
	case len(in.URL) > 1024 || !hasScheme(in.URL):
		return nil, fail(830001, "invalid url")
	case len(in.MD5) != 32:
		return nil, badField("md5")
	}
	for id, old := range s.st.Fetches {
		if old.Status != fetchRunning && c.now.Sub(old.At) >= fetchLife {
			delete(s.st.Fetches, id)
		}
	}
	j := &fetchJob{ID: "jobid_" + randomText(32), Status: fetchRunning, At: c.now}
	s.st.Fetches[j.ID] = j
	s.touch()
	s.postpone(func() {
		content, err := s.fetch(in.URL)
		s.finishFetch(j, in.Type, in.FileName, in.MD5, content, err)
	})
	return reply{"jobid": j.ID}, nil
}

// fetch loads the file; its server has to know ranges.
func (s *Server) fetch(address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(s.ctx, fetchWait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fail(830001, "invalid url")
	}
	req.Header.Set("Range", "bytes=0-"+strconv.Itoa(fetchMax))
	res, err := s.client.Transport.RoundTrip(req)
	if err != nil {
		return nil, fail(830003, "download failed")
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusPartialContent {
		return nil, fail(830003, "download failed: no range")
	}
	content, err := io.ReadAll(io.LimitReader(res.Body, fetchMax+1))
	switch {
	case err != nil:
		return nil, fail(830003, "download failed")
	case len(content) > fetchMax:
		return nil, fail(830002, "file too big")
	}
	return content, nil
}

func (s *Server) finishFetch(j *fetchJob, kind, name, sum string, content []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && len(content) <= 5 {
		err = fail(40006, "invalid media size")
	}
	if got := md5.Sum(content); err == nil && !strings.EqualFold(hex.EncodeToString(got[:]), sum) {
		err = fail(301019, "md5 does not match")
	}
	var f *media
	if err == nil {
		f, err = s.putMedia(kind, name, http.DetectContentType(content), content, s.now())
	}
	if err != nil {
		j.Status = fetchFailed
		j.Code, _ = codeOf(err)
	} else {
		j.Status, j.MediaID, j.MadeAt = fetchDone, f.ID, f.CreatedAt
	}
	s.touch()
	s.systemEvent("upload_media_job_finish", s.cfg.AgentID, cdata("JobId", j.ID))
}

func (s *Server) getUploadByURL(c *call) (reply, error) {
	var in struct {
		ID string `json:"jobid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	j := s.st.Fetches[in.ID]
	if j == nil || c.now.Sub(j.At) >= fetchLife {
		return nil, badField("jobid")
	}
	detail := reply{"errcode": j.Code, "errmsg": "ok", "media_id": j.MediaID, "created_at": ""}
	if j.Code != 0 {
		detail["errmsg"] = errText(j.Code)
	}
	if !j.MadeAt.IsZero() {
		detail["created_at"] = strconv.FormatInt(j.MadeAt.Unix(), 10)
	}
	return reply{"status": j.Status, "detail": detail}, nil
}
