package simulator

import (
	"net/url"
	"time"
	"unicode/utf8"
)

// checkMessage holds the rules of each message type.
func (s *Server) checkMessage(in *sendRequest, now time.Time) error {
	switch in.MsgType {
	case "text":
		return checkText(in.Text)
	case "markdown":
		if err := checkText(in.Markdown); err != nil {
			return err
		}
		if len(in.Markdown.Content) > maxText {
			return fail(45002, "content size out of limit")
		}
		return nil
	case "image":
		return s.checkMedia(in.Image, "image", now)
	case "voice":
		return s.checkMedia(in.Voice, "voice", now)
	case "file":
		return s.checkMedia(in.File, "file", now)
	case "video":
		return s.checkMedia(in.Video, "video", now)
	case "textcard":
		return checkTextCard(in.TextCard)
	case "news":
		return checkNews(in.News, in.Safe)
	case "mpnews":
		return s.checkMPNews(in.MPNews, now)
	case "miniprogram_notice":
		return checkMiniProgram(in)
	case "template_card":
		return s.checkNewCard(in.Card)
	default:
		return fail(40008, "invalid message type")
	}
}

func checkText(t *textBody) error {
	if t == nil || t.Content == "" {
		return fail(44004, "empty content")
	}
	return nil
}

func (s *Server) checkMedia(m *mediaBody, kind string, now time.Time) error {
	if m == nil || m.MediaID == "" {
		return fail(41006, "missing media_id")
	}
	f := s.mediaFile(m.MediaID, now)
	if f == nil {
		return fail(40007, "invalid media_id")
	}
	if f.Type != kind {
		return fail(40004, "invalid media type")
	}
	return nil
}

func checkTextCard(t *textCardBody) error {
	switch {
	case t == nil || t.Title == "":
		return fail(41016, "missing title")
	case t.Description == "":
		return fail(41033, "missing description")
	}
	return checkURL(t.URL)
}

func checkURL(u string) error {
	if len(u) > maxURL {
		return fail(40039, "url size out of limit")
	}
	if !hasScheme(u) {
		return fail(45034, "url must start with http:// or https://")
	}
	return nil
}

func hasScheme(u string) bool {
	p, err := url.Parse(u)
	return err == nil && (p.Scheme == "http" || p.Scheme == "https") && p.Host != ""
}

func checkNews(n *newsBody, safe int) error {
	if n == nil || len(n.Articles) == 0 {
		return badField("news.articles")
	}
	if len(n.Articles) > 8 {
		return fail(45008, "article count out of limit")
	}
	if safe == 1 {
		return fail(40074, "news can not be confidential")
	}
	for _, a := range n.Articles {
		if a.Title == "" {
			return fail(41016, "missing title")
		}
		if a.AppID != "" && a.PagePath != "" {
			continue // the mini program overrides the url
		}
		if err := checkURL(a.URL); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) checkMPNews(n *newsBody, now time.Time) error {
	if n == nil || len(n.Articles) == 0 {
		return badField("mpnews.articles")
	}
	if len(n.Articles) > 8 {
		return fail(45008, "article count out of limit")
	}
	for _, a := range n.Articles {
		switch {
		case a.Title == "":
			return fail(41016, "missing title")
		case a.Content == "":
			return fail(44004, "empty content")
		case len(a.Content) > 666<<10:
			return fail(45002, "content size out of limit")
		}
		if err := s.checkMedia(&mediaBody{MediaID: a.ThumbMediaID}, "image", now); err != nil {
			return err
		}
	}
	return nil
}

func checkMiniProgram(in *sendRequest) error {
	m := in.MiniProgram
	switch {
	case m == nil || m.AppID == "":
		return badField("miniprogram_notice.appid")
	case len(m.Page) > 1024:
		return badField("miniprogram_notice.page")
	case !between(m.Title, 4, 12):
		return badField("miniprogram_notice.title")
	case m.Description != "" && !between(m.Description, 4, 12):
		return badField("miniprogram_notice.description")
	case len(m.ContentItem) > 10:
		return badField("miniprogram_notice.content_item")
	case in.ToUser == "@all":
		return badField("touser")
	}
	for _, item := range m.ContentItem {
		if !between(item.Key, 1, 10) || !between(item.Value, 1, 30) {
			return badField("miniprogram_notice.content_item")
		}
	}
	return nil
}

func between(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	return n >= least && n <= most
}
