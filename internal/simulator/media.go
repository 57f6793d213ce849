package simulator

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// media is a file in the platform's store; its bytes are beside the state file, or in
// memory without one.
type media struct {
	ID        string
	Type      string // image, voice, video, file, or uploadimg for permanent pictures
	FileName  string
	MIME      string
	CreatedAt time.Time
	Size      int64
	Webhook   string // the robot it was uploaded for, "" of the app

	content []byte
}

const mediaLife = 3 * 24 * time.Hour

// mediaFile finds a temporary file of the app that is still alive, nil otherwise.
func (s *Server) mediaFile(id string, now time.Time) *media { return s.mediaFor("", id, now) }

// mediaFor finds one of a robot, or with "" of the app.
func (s *Server) mediaFor(robot, id string, now time.Time) *media {
	f := s.st.Media[id]
	if f == nil || f.Webhook != robot || f.Type == "uploadimg" || now.Sub(f.CreatedAt) >= mediaLife {
		return nil
	}
	return f
}

func (s *Server) uploadMedia(c *call) (reply, error) {
	kind := c.query.Get("type")
	switch kind {
	case "image", "voice", "video", "file":
	default:
		return nil, fail(40005, "invalid type parameter")
	}
	name, content, err := filePart(c, "media")
	if err != nil {
		return nil, err
	}
	f, err := s.storeMedia(kind, name, content, c.now)
	if err != nil {
		return nil, err
	}
	return reply{"errmsg": "", "type": kind, "media_id": f.ID, "created_at": strconv.FormatInt(c.now.Unix(), 10)}, nil
}

// uploadImage is media/uploadimg: a picture for ever, under a URL.
func (s *Server) uploadImage(c *call) (reply, error) {
	if s.switches.RateLimits && (!s.limit("uploadimg", c.now, 1000, day) || !s.limit("uploadimg month", c.now, 3000, month)) {
		return nil, fail(45009, "api freq out of limit")
	}
	part := "media"
	if s.switches.AnyPart {
		part = ""
	}
	name, content, err := filePart(c, part)
	if err != nil {
		return nil, err
	}
	if len(content) > 2<<20 {
		return nil, fail(40009, "invalid image size")
	}
	f, err := s.storeMedia("uploadimg", name, content, c.now)
	if err != nil {
		return nil, err
	}
	return reply{"errmsg": "", "url": c.base + "/files/" + f.ID}, nil
}

// filePart reads the named part of a multipart body, or with "" the first with a file name.
func filePart(c *call, name string) (fileName string, content []byte, err error) {
	_, params, err := mime.ParseMediaType(c.header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return "", nil, fail(44001, "empty media data")
	}
	r := multipart.NewReader(bytes.NewReader(c.body), params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err != nil {
			return "", nil, fail(44001, "empty media data")
		}
		if p.FileName() == "" || name != "" && p.FormName() != name {
			continue
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return "", nil, fail(44001, "empty media data")
		}
		return path.Base(p.FileName()), content, nil
	}
}

// storeMedia checks size and content against the type and keeps the file.
func (s *Server) storeMedia(kind, name string, content []byte, now time.Time) (*media, error) {
	if len(content) == 0 {
		return nil, fail(44001, "empty media data")
	}
	if len(content) <= 5 {
		return nil, fail(40006, "invalid media size")
	}
	detected := http.DetectContentType(content)
	switch kind {
	case "image", "uploadimg":
		if detected != "image/jpeg" && detected != "image/png" {
			return nil, fail(40123, "invalid image format, only jpg or png")
		}
		if len(content) > s.switches.ImageMax<<20 {
			return nil, fail(40009, "invalid image size")
		}
	case "voice":
		if !bytes.HasPrefix(content, []byte("#!AMR")) {
			return nil, fail(301017, "voice is not amr")
		}
		detected = "audio/amr"
		if len(content) > 2<<20 {
			return nil, fail(40006, "invalid voice size")
		}
		// AMR speaks 50 frames a second, of at most 32 bytes; shorter frames last longer.
		if seconds := amrSeconds(content); seconds > 60 {
			return nil, fail(45007, "voice longer than 60 s")
		}
	case "video":
		if len(content) > 10<<20 {
			return nil, fail(40011, "invalid video size")
		}
		if len(content) < 12 || string(content[4:8]) != "ftyp" {
			return nil, fail(40004, "video is not mp4")
		}
	case "file":
		if len(content) > 20<<20 {
			return nil, fail(40006, "invalid file size")
		}
		if byName := mime.TypeByExtension(path.Ext(name)); byName != "" {
			detected = byName
		}
	}
	return s.putMedia(kind, name, detected, content, now)
}

// putMedia keeps a file that was checked.
func (s *Server) putMedia(kind, name, detected string, content []byte, now time.Time) (*media, error) {
	f := &media{ID: "3" + randomText(63), Type: kind, FileName: name, MIME: detected, CreatedAt: now, Size: int64(len(content)), content: content}
	if err := s.writeMedia(f); err != nil {
		return nil, err
	}
	s.st.Media[f.ID] = f
	s.dropOldMedia(now)
	s.touch()
	return f, nil
}

// amrSeconds counts the 20 ms frames of an AMR narrow-band file.
func amrSeconds(b []byte) float64 {
	sizes := [16]int{13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1}
	frames := 0
	for i := len("#!AMR\n"); i < len(b); frames++ {
		i += sizes[b[i]>>3&15]
	}
	return float64(frames) * 0.02
}

func (s *Server) mediaPath(id string) string { return filepath.Join(s.cfg.beside(".media"), id) }

func (s *Server) writeMedia(f *media) error {
	if s.cfg.StateFile == "" {
		return nil
	}
	if err := os.MkdirAll(s.cfg.beside(".media"), 0o700); err != nil {
		return fmt.Errorf("keep media: %w", err)
	}
	if err := os.WriteFile(s.mediaPath(f.ID), f.content, 0o600); err != nil {
		return fmt.Errorf("keep media: %w", err)
	}
	f.content = nil
	return nil
}

// dropOldMedia forgets files a week after their end; until then their bytes answer to nobody.
func (s *Server) dropOldMedia(now time.Time) {
	for id, f := range s.st.Media {
		if f.Type == "uploadimg" || now.Sub(f.CreatedAt) < mediaLife+7*24*time.Hour {
			continue
		}
		delete(s.st.Media, id)
		if s.cfg.StateFile != "" {
			if err := os.Remove(s.mediaPath(id)); err != nil && !errors.Is(err, os.ErrNotExist) {
				s.log.Warn("old media not removed", slog.Any("error", err))
			}
		}
	}
}

func (s *Server) readMedia(f *media) ([]byte, error) {
	if s.cfg.StateFile == "" {
		return f.content, nil
	}
	return os.ReadFile(s.mediaPath(f.ID))
}

// serveMedia is media/get: the bytes, with ranges, or an error as JSON with HTTP 200.
func (s *Server) serveMedia(w http.ResponseWriter, r *http.Request, c *call) {
	s.mu.Lock()
	err := s.admit(endpoint{method: http.MethodGet, who: appToken}, c)
	var f *media
	var content []byte
	if err == nil {
		f, content, err = s.openMedia(c)
	}
	s.mu.Unlock()
	if err != nil {
		s.answerAndLog(w, c, "api", nil, err)
		return
	}
	s.logCall(c, "api", nil, nil)
	h := w.Header()
	h.Set("Content-Type", f.MIME)
	h.Set("Content-Disposition", `attachment; filename="`+f.ID+extension(f)+`"`)
	http.ServeContent(w, r, "", f.CreatedAt, bytes.NewReader(content))
}

// rangeMax is how much of a file is answered at once, in bytes.
const rangeMax = 20 << 20

// shortRange says whether a Range header asks for one part of at most rangeMax bytes.
func shortRange(header string) bool {
	var from, to int64
	n, err := fmt.Sscanf(header, "bytes=%d-%d", &from, &to)
	return err == nil && n == 2 && to >= from && to-from < rangeMax
}

func (s *Server) openMedia(c *call) (*media, []byte, error) {
	id := c.query.Get("media_id")
	if id == "" {
		return nil, nil, fail(41006, "missing media_id")
	}
	f := s.mediaFile(id, c.now)
	if f == nil {
		return nil, nil, fail(40007, "invalid media_id")
	}
	if f.Size > rangeMax && !shortRange(c.header.Get("Range")) {
		return nil, nil, fail(830002, "range too big")
	}
	content, err := s.readMedia(f)
	return f, content, err
}

var extensionShape = regexp.MustCompile(`^\.[0-9A-Za-z]{1,8}$`)

// extension is what the downloaded file is called after its id.
func extension(f *media) string {
	switch f.MIME {
	case "image/jpeg":
		return ".jpg"
	case "image/png":
		return ".png"
	}
	if ext := strings.ToLower(path.Ext(f.FileName)); extensionShape.MatchString(ext) {
		return ext
	}
	return ".bin"
}

// servePublicFile is a PicUrl or a permanent picture: who knows the id may see it.
func (s *Server) servePublicFile(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	f := s.st.Media[r.PathValue("id")]
	alive := f != nil && (f.Type == "uploadimg" || s.mediaFile(f.ID, s.now()) != nil)
	var content []byte
	var err error
	if alive {
		content, err = s.readMedia(f)
	}
	s.mu.Unlock()
	if !alive || err != nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.MIME)
	h.Set("X-Content-Type-Options", "nosniff")
	if !strings.HasPrefix(f.MIME, "image/") {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.FileName}))
	}
	http.ServeContent(w, r, "", f.CreatedAt, bytes.NewReader(content))
}
