package wecom

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/silenceper/wechat/v2/work/material"
)

// Media types. Limits: image 10 MB JPG or PNG, voice 2 MB AMR, video 10 MB MP4, file 20 MB, and
// more than 5 bytes.
const (
	MediaImage = "image"
	MediaVoice = "voice"
	MediaVideo = "video"
	MediaFile  = "file"
)

// ErrTooLarge means that a download has more bytes than the caller wants.
var ErrTooLarge = errors.New("too large")

const mediaPatience = 6 // times Config.HTTPTimeout

// DownloadMedia fetches a medium that a member sent, within 3 days of it. More than limit bytes
// end in ErrTooLarge; the content type is WeCom's word, not checked.
func (c *Client) DownloadMedia(ctx context.Context, mediaID string, limit int64) (content []byte, contentType string, err error) {
	rep, err := c.do(ctx, request{
		api: "media/get", query: url.Values{"media_id": {mediaID}},
		limit: limit, timeout: mediaPatience * c.cfg.HTTPTimeout,
	})
	if err != nil {
		return nil, "", err
	}
	if rep.isJSON() {
		return nil, "", &TransportError{API: "media/get", Sent: true, Err: errors.New("JSON instead of a file")}
	}
	return rep.body, rep.mime, nil
}

// UploadMedia stores a file with WeCom for 3 days and returns its media id, good for every app
// of the company. Recipients see the file name.
func (c *Client) UploadMedia(ctx context.Context, mediaType, filename string, content []byte) (mediaID string, err error) {
	body, mime, err := mediaForm(filename, content)
	if err != nil {
		return "", fmt.Errorf("wecom: form for %s: %w", mediaType, err)
	}
	var out material.UploadTempFileResponse
	err = c.call(ctx, request{
		api: "media/upload", query: url.Values{"type": {mediaType}},
		body: body, mime: mime, timeout: mediaPatience * c.cfg.HTTPTimeout,
	}, &out)
	return out.MediaID, err
}

// mediaForm writes the one part that media/upload reads. The file name is sent as UTF-8, which
// multipart's own CreateFormFile does as well, but with the length WeCom's samples have.
func mediaForm(filename string, content []byte) (body []byte, contentType string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	quoted := strings.NewReplacer(`\`, "_", `"`, "_", "\r", "_", "\n", "_").Replace(filename)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="media"; filename="%s"; filelength=%d`, quoted, len(content))},
		"Content-Type":        {"application/octet-stream"},
	})
	if err != nil {
		return nil, "", err
	}
	if _, err := part.Write(content); err != nil {
		return nil, "", err
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), w.FormDataContentType(), nil
}
