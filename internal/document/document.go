package document

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/signintech/gopdf"

	"github.com/xuegong/xuegong/internal/errs"
)

//go:embed font/NotoSansSC-subset.ttf.gz
var packedFont []byte

// Certificate is one page. Every text is printed as it is; empty parts are left out.
type Certificate struct {
	School    string      // at the top
	Title     string      // 在读证明
	Number    string      // of the certificate, under the title
	Rows      [][2]string // label and value, in a table above the text
	Body      []string    // paragraphs
	Issuer    string      // who certifies
	IssuedAt  time.Time   // its day is printed, in its own location
	Code      string      // verification code, read aloud or typed by a stranger
	VerifyURL string      // where a stranger checks it; the QR leads there
	Note      string      // last line, for example that the online check counts
}

// Press prints certificates; its zero value is ready and may be used by many at once.
type Press struct {
	once  sync.Once
	err   error
	font  gopdf.FontContainer
	glyph gopdf.SubsetFontObj // what the font has and how wide it is; only read
}

const family = "body"

// load unpacks and parses the font, once.
func (p *Press) load() error {
	p.once.Do(func() {
		z, err := gzip.NewReader(bytes.NewReader(packedFont))
		if err != nil {
			p.err = fmt.Errorf("unpack font: %w", err)
			return
		}
		data, err := io.ReadAll(z)
		if err != nil {
			p.err = fmt.Errorf("unpack font: %w", err)
			return
		}
		if err := p.font.AddTTFFontData(family, data); err != nil {
			p.err = fmt.Errorf("parse font: %w", err)
			return
		}
		if err := p.glyph.SetTTFData(data); err != nil {
			p.err = fmt.Errorf("parse font: %w", err)
		}
	})
	return p.err
}

// Missing returns the characters of the texts that the font does not have, each once:
// a certificate that needs one of them is not issued (performance.md section 5).
func (p *Press) Missing(texts ...string) ([]rune, error) {
	if err := p.load(); err != nil {
		return nil, err
	}
	var missing []rune
	for _, t := range texts {
		for _, r := range t {
			if !p.has(r) && !slices.Contains(missing, r) {
				missing = append(missing, r)
			}
		}
	}
	return missing, nil
}

func (p *Press) has(r rune) bool {
	i, err := p.glyph.CharCodeToGlyphIndex(r)
	return err == nil && i != 0
}

// width is how wide a text is at a size, in points.
func (p *Press) width(size float64) measure {
	return func(s string) float64 {
		var w uint
		for _, r := range s {
			if i, err := p.glyph.CharCodeToGlyphIndex(r); err == nil {
				w += p.glyph.GlyphIndexToPdfWidth(i)
			}
		}
		return float64(w) * size / 1000
	}
}

// The page, in points from its upper left corner.
const (
	pageWidth, pageHeight = 595.28, 841.89
	margin                = 72.0
	textWidth             = pageWidth - 2*margin
	smallSize             = 9.0
	qrSide                = 84.0
	footTop               = pageHeight - margin - qrSide - 8
	bodyTop               = margin + 8 + 44 + 48 + 18 + 32 // below a head with a number
)

// ErrTooLong is returned for a certificate that does not fit on its page in the smallest
// setting either.
var ErrTooLong = errs.New(errs.Invalid, "证明的内容超过一页，请缩短后再开。")

// Certificate prints the page. It refuses a text with characters the font does not
// have, naming them, and one that does not fit (ErrTooLong).
func (p *Press) Certificate(c Certificate) ([]byte, error) {
	return p.Certificates(c.Title, []Certificate{c})
}

// Certificates prints a page for each into one document of the title, for a printer; each
// is judged as by Certificate.
func (p *Press) Certificates(title string, list []Certificate) ([]byte, error) {
	if err := p.load(); err != nil {
		return nil, err
	}
	s := &leaf{press: p}
	s.pdf.Start(gopdf.Config{PageSize: *gopdf.PageSizeA4})
	for i, c := range list {
		missing, err := p.Missing(c.texts()...)
		if err != nil {
			return nil, err
		}
		if len(missing) > 0 {
			return nil, errs.New(errs.Invalid, "有打印不出来的字：“"+string(missing)+"”。请由老师手工开具，不要用别的字代替。")
		}
		s.pdf.AddPage()
		if i == 0 {
			s.pdf.SetInfo(gopdf.PdfInfo{Title: title, Author: c.School, Subject: c.Number, CreationDate: c.IssuedAt})
			s.try(s.pdf.AddTTFFontFromFontContainer(family, &p.font))
		}
		s.head(c)
		s.body(c)
		s.foot(c)
		if s.err != nil {
			return nil, s.err
		}
	}
	b, err := s.pdf.GetBytesPdfReturnErr()
	if err != nil {
		return nil, fmt.Errorf("write pdf: %w", err)
	}
	return b, nil
}

func (c Certificate) texts() []string {
	texts := append([]string{c.School, c.Title, c.Number, c.Issuer, c.Code, c.VerifyURL, c.Note}, c.Body...)
	for _, r := range c.Rows {
		texts = append(texts, r[0], r[1])
	}
	return texts
}

// leaf is a page being printed. Its first error ends the work and is returned once.
type leaf struct {
	press *Press
	pdf   gopdf.GoPdf
	y     float64 // where the next line begins
	err   error
}

func (s *leaf) try(err error) {
	if s.err == nil && err != nil {
		s.err = fmt.Errorf("print: %w", err)
	}
}

// text prints one line with its top at y.
func (s *leaf) text(size, x, y float64, t string) {
	if t == "" || s.err != nil {
		return
	}
	s.try(s.pdf.SetFont(family, "", size))
	s.pdf.SetXY(x, y)
	s.try(s.pdf.Cell(nil, t))
}

// centred prints a line in the middle, its characters spread a little when space is.
func (s *leaf) centred(size, y float64, t string, space float64) {
	m := s.press.width(size)
	runes := []rune(t)
	x := (pageWidth - m(t) - space*float64(max(0, len(runes)-1))) / 2
	if space == 0 {
		s.text(size, x, y, t)
		return
	}
	for _, r := range runes {
		s.text(size, x, y, string(r))
		x += m(string(r)) + space
	}
}

func (s *leaf) head(c Certificate) {
	s.y = margin + 8
	s.pdf.SetTextColor(0x40, 0x40, 0x40)
	s.centred(13, s.y, c.School, 0)
	s.pdf.SetTextColor(0x19, 0x19, 0x19)
	s.y += 44
	size, space := 28.0, 10.0
	if s.press.width(size)(c.Title)+space*float64(len([]rune(c.Title))) > textWidth {
		size, space = 20, 0
	}
	s.centred(size, s.y, c.Title, space)
	s.y += 48
	if c.Number != "" {
		s.pdf.SetTextColor(0x59, 0x59, 0x59)
		s.centred(10, s.y, "编号 "+c.Number, 0)
		s.pdf.SetTextColor(0x19, 0x19, 0x19)
		s.y += 18
	}
	s.pdf.SetLineWidth(0.6)
	s.pdf.SetStrokeColor(0xBF, 0xBF, 0xBF)
	s.pdf.Line(margin, s.y+6, pageWidth-margin, s.y+6)
	s.y += 32
}

// setting is how large the words of a page are and how far apart, in points.
type setting struct {
	row, rowLine   float64 // the table
	body, bodyLine float64 // the paragraphs and who certifies
	gap            float64 // above who certifies
}

// settings are tried from the first until one holds what the page has to say: a college
// with a long name, or many awards, is no reason to refuse a certificate.
func settings() []setting {
	return []setting{{12, 22, 14, 28, 36}, {11, 18, 12, 22, 24}, {10, 15, 10.5, 17, 16}}
}

// placed is a line at its place.
type placed struct {
	size, x, y float64
	text       string
	label      bool // printed paler
}

// body prints the table and the paragraphs, each indented by two characters.
func (s *leaf) body(c Certificate) {
	lines, fits := s.press.fit(c, s.y)
	if !fits && s.err == nil {
		s.err = ErrTooLong
	}
	s.printAll(lines)
}

// Fits tells whether the page holds all that the certificate says.
func (p *Press) Fits(c Certificate) (bool, error) {
	if err := p.load(); err != nil {
		return false, err
	}
	_, fits := p.fit(c, bodyTop)
	return fits, nil
}

// fit lays the body below y in the first setting that leaves room for the foot.
func (p *Press) fit(c Certificate, y float64) (lines []placed, fits bool) {
	for _, set := range settings() {
		lines, end := p.lay(c, set, y)
		if end <= footTop-12 {
			return lines, true
		}
	}
	return nil, false
}

// lay finds the place of every line below y, and where they end.
func (p *Press) lay(c Certificate, set setting, top float64) (lines []placed, y float64) {
	const label = 96.0
	y = top
	for _, r := range c.Rows {
		lines = append(lines, placed{set.row, margin, y, r[0], true})
		for _, l := range wrap(r[1], textWidth-label, p.width(set.row)) {
			lines = append(lines, placed{set.row, margin + label, y, l, false})
			y += set.rowLine
		}
	}
	if len(c.Rows) > 0 {
		y += 14
	}
	m := p.width(set.body)
	for _, paragraph := range c.Body {
		for _, l := range wrap("　　"+strings.TrimSpace(paragraph), textWidth, m) {
			lines = append(lines, placed{set.body, margin, y, l, false})
			y += set.bodyLine
		}
	}
	y += set.gap
	for _, t := range []string{c.Issuer, c.IssuedAt.Format("2006年1月2日")} {
		if t != "" {
			lines = append(lines, placed{set.body, pageWidth - margin - m(t), y, t, false})
			y += set.bodyLine
		}
	}
	return lines, y
}

func (s *leaf) printAll(lines []placed) {
	for _, l := range lines {
		if l.label {
			s.pdf.SetTextColor(0x59, 0x59, 0x59)
		}
		s.text(l.size, l.x, l.y, l.text)
		if l.label {
			s.pdf.SetTextColor(0x19, 0x19, 0x19)
		}
	}
}

// foot prints how a stranger checks the page.
func (s *leaf) foot(c Certificate) {
	x, y := margin, footTop
	if c.VerifyURL != "" {
		s.square(c.VerifyURL, margin, footTop)
		s.pdf.AddExternalLink(c.VerifyURL, margin, footTop, qrSide, qrSide)
		x += qrSide + 16
		y += 8
	}
	width := pageWidth - margin - x
	s.pdf.SetTextColor(0x19, 0x19, 0x19)
	if c.Code != "" {
		s.text(12, x, y, "核验码 "+c.Code)
		y += 22
	}
	s.pdf.SetTextColor(0x59, 0x59, 0x59)
	for _, t := range []string{c.VerifyURL, c.Note} {
		if t == "" {
			continue
		}
		for _, l := range wrap(t, width, s.press.width(smallSize)) {
			s.text(smallSize, x, y, l)
			y += 15
		}
	}
}

// square prints a QR code as filled rectangles, one for each run of dark modules.
func (s *leaf) square(content string, x, y float64) {
	code, err := qr.Encode(content, qr.M, qr.Auto)
	if err != nil {
		s.try(fmt.Errorf("qr code: %w", err))
		return
	}
	n := code.Bounds().Dx()
	side := qrSide / float64(n)
	s.pdf.SetFillColor(0, 0, 0)
	dark := func(i, j int) bool { r, _, _, _ := code.At(i, j).RGBA(); return r == 0 }
	for j := range n {
		for i := 0; i < n; i++ {
			from := i
			for i < n && dark(i, j) {
				i++
			}
			if i > from {
				// A hair wider and higher than its modules, so that no viewer shows a seam.
				s.pdf.RectFromUpperLeftWithStyle(x+float64(from)*side, y+float64(j)*side, float64(i-from)*side+0.02, side+0.02, "F")
			}
		}
	}
}
