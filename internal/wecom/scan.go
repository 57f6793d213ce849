package wecom

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	cdataOpen  = "<![CDATA["
	cdataClose = "]]>"
)

// scanner reads the children of <xml> one after the other, as long as they are flat and written
// the way WeCom writes them: no attributes, no entities, no comments, CDATA or bare text alone.
// Whatever else is there ends the scan with plain == false, and encoding/xml reads it all again.
type scanner struct {
	rest  string
	plain bool
}

func newScanner(s string) scanner {
	const root = "<xml>"
	s = strings.TrimLeft(s, " \t\n")
	if !strings.HasPrefix(s, root) {
		return scanner{}
	}
	return scanner{rest: s[len(root):], plain: true}
}

// next returns the next child, or ok == false at </xml> and at anything that is not plain.
func (s *scanner) next() (name, value string, ok bool) {
	tag, ok := s.tag()
	if !ok {
		return "", "", false
	}
	if tag == "/xml" {
		return "", "", false
	}
	if value, ok = s.value(); !ok || !s.closes(tag) || !isName(tag) {
		s.plain = false
		return "", "", false
	}
	return tag, value, true
}

func (s *scanner) tag() (string, bool) {
	rest := s.rest
	for len(rest) > 0 && (rest[0] == '\n' || rest[0] == ' ' || rest[0] == '\t') {
		rest = rest[1:]
	}
	end := strings.IndexByte(rest, '>')
	if end < 1 || rest[0] != '<' {
		s.plain = false
		return "", false
	}
	s.rest = rest[end+1:]
	return rest[1:end], true
}

func (s *scanner) value() (string, bool) {
	if strings.HasPrefix(s.rest, cdataOpen) {
		end := strings.Index(s.rest, cdataClose)
		if end < 0 {
			return "", false
		}
		v := s.rest[len(cdataOpen):end]
		s.rest = s.rest[end+len(cdataClose):]
		return v, true
	}
	end := strings.IndexByte(s.rest, '<')
	if end < 0 || strings.IndexByte(s.rest[:end], '&') >= 0 {
		return "", false
	}
	v := s.rest[:end]
	s.rest = s.rest[end:]
	return v, true
}

// closes steps over the end tag of name.
func (s *scanner) closes(name string) bool {
	n := len(name) + 3
	if len(s.rest) < n || s.rest[:2] != "</" || s.rest[2:n-1] != name || s.rest[n-1] != '>' {
		return false
	}
	s.rest = s.rest[n:]
	return true
}

// isName admits the names WeCom uses; attributes, prefixes and comments are none.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		digit := '0' <= c && c <= '9'
		if !letter && (!digit || i == 0) {
			return false
		}
	}
	return s != ""
}

// encryptedText finds the Encrypt element of an envelope, whatever the order of its elements.
func encryptedText(body []byte) ([]byte, error) {
	if v, ok := scanEncrypted(body); ok {
		return v, nil
	}
	var envelope struct {
		XMLName xml.Name `xml:"xml"`
		Encrypt []byte   `xml:"Encrypt"`
	}
	err := xml.Unmarshal(body, &envelope)
	encrypted := bytes.TrimSpace(envelope.Encrypt)
	if err != nil || len(encrypted) == 0 {
		return nil, fmt.Errorf("%w: envelope", ErrMalformed)
	}
	return encrypted, nil
}

// scanEncrypted looks for the element as WeCom writes it. If something else in the body should
// look like it, the signature, which covers this text only, decides.
func scanEncrypted(body []byte) ([]byte, bool) {
	_, rest, found := bytes.Cut(body, []byte("<Encrypt>"+cdataOpen))
	if !found {
		return nil, false
	}
	v, _, found := bytes.Cut(rest, []byte(cdataClose+"</Encrypt>"))
	return v, found && len(v) > 0
}

// legible returns the text without what XML and PostgreSQL refuse: control characters and broken
// UTF-8, which people do paste into a chat; and with \n alone as line end, as XML wants it.
func legible(plaintext []byte) string {
	if isLegible(plaintext) {
		return string(plaintext)
	}
	s := strings.ToValidUTF8(string(plaintext), "\uFFFD")
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\uFFFE", "", "\uFFFF", "").Replace(s)
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

// isLegible is asked for every callback, so it looks at eight bytes at a time and only looks
// closer where one of them might be a control character.
func isLegible(b []byte) bool {
	const spaces, highBits = 0x2020202020202020, 0x8080808080808080
	rest := b
	for len(rest) >= 8 {
		x := binary.LittleEndian.Uint64(rest)
		if (x-spaces)&^x&highBits != 0 && hasControl(rest[:8]) {
			return false
		}
		rest = rest[8:]
	}
	// U+FFFE and U+FFFF begin like this; XML has neither.
	return !hasControl(rest) && !bytes.Contains(b, []byte("\xEF\xBF")) && utf8.Valid(b)
}

func hasControl(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\t' {
			return true
		}
	}
	return false
}
