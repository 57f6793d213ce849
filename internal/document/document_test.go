package document_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/signintech/gopdf"

	"github.com/xuegong/xuegong/internal/document"
	"github.com/xuegong/xuegong/internal/errs"
)

func issued() time.Time { return time.Date(2026, 10, 14, 15, 0, 0, 0, time.FixedZone("CST", 8*3600)) }

func certificate() document.Certificate {
	return document.Certificate{
		School: "示例大学", Title: "奖助贷证明", Number: "XG-2026-000123",
		Rows: [][2]string{{"姓名", "张晓雨"}, {"学号", "20240101"}, {"学院", "文学院 汉语言文学 2024 级"}},
		Body: []string{
			"兹证明张晓雨同学（学号20240101）系我校文学院2024级本科生，在校期间获得国家励志奖学金（2025—2026学年，人民币6000.00元）、示例大学二等奖学金（2025—2026学年）。",
			"特此证明。",
		},
		Issuer: "示例大学学生资助管理中心", IssuedAt: issued(), Code: "7K4M-2QXW-9TRB",
		VerifyURL: "https://xuegong.example.edu.cn/verify/7K4M2QXW9TRB", Note: "本证明由系统签发，以在线核验为准。扫描二维码或打开上面的网址可以核对真伪和是否有效。",
	}
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	var p document.Press
	b, err := p.Certificate(certificate())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(b, []byte("%PDF-1.7")) || !bytes.HasSuffix(b, []byte("%%EOF\n")) {
		t.Error("not a PDF")
	}
	if len(b) > 120<<10 {
		t.Errorf("%d KB for one page: the font is not a subset", len(b)>>10)
	}
}

func TestARareNameIsPrintedOrRefusedNeverLeftOut(t *testing.T) {
	t.Parallel()
	var p document.Press
	tests := []struct {
		name, missing string
	}{
		{"张晓雨", ""},
		{"喆堃昇彧赟", ""},    // outside GB2312
		{"䶮㛃", ""},       // Extension A, in the general standard list
		{"阿依努尔·买买提", ""}, // with the dot between
		{"𠮷田", "𠮷"},
		{"王😀", "😀"},
		{"\ue000", "\ue000"}, // private use
	}
	for _, test := range tests {
		missing, err := p.Missing(test.name)
		if err != nil {
			t.Fatal(err)
		}
		if string(missing) != test.missing {
			t.Errorf("%s: missing %q, want %q", test.name, string(missing), test.missing)
		}
		c := certificate()
		c.Rows[0][1] = test.name
		_, err = p.Certificate(c)
		if refused := errs.KindOf(err) == errs.Invalid; refused != (test.missing != "") || err != nil && !refused {
			t.Errorf("%s: Certificate = %v", test.name, err)
		}
	}
}

func TestAPageThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	c := certificate()
	c.Body = []string{strings.Repeat("在校期间表现良好，", 200)}
	if _, err := new(document.Press).Certificate(c); !errors.Is(err, document.ErrTooLong) {
		t.Errorf("Certificate = %v, want ErrTooLong", err)
	}
	for want, c := range map[bool]document.Certificate{false: c, true: certificate()} {
		if fits, err := new(document.Press).Fits(c); err != nil || fits != want {
			t.Errorf("Fits = %t %v, want %t", fits, err, want)
		}
	}
}

func TestAPageWithALotToSayIsSetCloser(t *testing.T) {
	t.Parallel()
	c := certificate()
	c.Rows = append(c.Rows, [2]string{"学院班级", strings.Repeat("马克思主义理论与思想政治教育研究学院", 3)})
	for _, lines := range []int{8, 12, 18} {
		c.Body = []string{strings.Repeat("某某集团校友捐赠新生入学励志奖学金、", lines*3/2)}
		if _, err := new(document.Press).Certificate(c); err != nil {
			t.Errorf("%d lines of awards: %v", lines, err)
		}
	}
}

func TestManyPrintAtOnce(t *testing.T) {
	t.Parallel()
	var p document.Press
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := p.Certificate(certificate()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestSign(t *testing.T) {
	t.Parallel()
	signed := signedPage(t)
	if err := verify(signed); err != nil {
		t.Fatalf("a page as signed: %v", err)
	}
	for _, change := range []struct{ name, from, to string }{
		{"a number in the page", "/MediaBox [ 0 0 595", "/MediaBox [ 0 0 594"},
		{"the time of signing", "/M (D:2026", "/M (D:2025"},
	} {
		changed := bytes.Replace(signed, []byte(change.from), []byte(change.to), 1)
		if bytes.Equal(changed, signed) {
			t.Fatalf("%s: nothing was changed", change.name)
		}
		if verify(changed) == nil {
			t.Errorf("%s was changed and the signature still holds", change.name)
		}
	}
	if verify(append(bytes.Clone(signed), "appended"...)) == nil {
		t.Error("something was appended and the signature still holds")
	}
	if _, err := document.Sign([]byte("%PDF-1.7\n"), newSigner(t), issued(), "x"); err == nil {
		t.Error("something that is no page of ours was signed")
	}
}

func newSigner(tb testing.TB) document.Signer {
	tb.Helper()
	s, err := document.NewKeySigner("示例大学学工服务", issued())
	if err != nil {
		tb.Fatal(err)
	}
	cert, key, err := s.Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	kept, err := document.ParseKeySigner(cert, key)
	if err != nil {
		tb.Fatal(err)
	}
	return kept
}

func signedPage(tb testing.TB) []byte {
	tb.Helper()
	b, err := new(document.Press).Certificate(certificate())
	if err != nil {
		tb.Fatal(err)
	}
	signed, err := document.Sign(b, newSigner(tb), issued(), "签发证明")
	if err != nil {
		tb.Fatal(err)
	}
	if !bytes.HasPrefix(signed, b) {
		tb.Error("a signature changes nothing that was there")
	}
	if file := os.Getenv("DOCUMENT_SAMPLE"); file != "" { // to look at it
		if err := os.WriteFile(file, signed, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return signed
}

var byteRange = regexp.MustCompile(`/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]`)

// verify does what a viewer does: read the byte ranges, take the signature from between
// them, and hold it against everything else.
func verify(pdf []byte) error {
	m := byteRange.FindSubmatch(pdf)
	if m == nil {
		return errors.New("no byte range")
	}
	var n [4]int
	for i := range n {
		n[i], _ = strconv.Atoi(string(m[i+1]))
	}
	if n[0] != 0 || n[2]+n[3] != len(pdf) || n[1] >= n[2] {
		return errors.New("the signature does not cover the whole file")
	}
	text := bytes.Trim(pdf[n[1]:n[2]], "<>")
	der := make([]byte, hex.DecodedLen(len(text)))
	if _, err := hex.Decode(der, text); err != nil {
		return err
	}
	p7, err := pkcs7.Parse(bytes.TrimRight(der, "\x00"))
	if err != nil {
		return err
	}
	p7.Content = append(bytes.Clone(pdf[:n[1]]), pdf[n[2]:]...)
	return p7.Verify()
}

// BenchmarkCertificate prints a signed page with QR; BenchmarkGopdf is the same words by
// gopdf alone with its font parsed once, the limit we hold ourselves against.
func BenchmarkCertificate(b *testing.B) {
	var p document.Press
	signer := newSigner(b)
	c := certificate()
	if _, err := p.Certificate(c); err != nil { // the font is unpacked once
		b.Fatal(err)
	}
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		page, err := p.Certificate(c)
		if err != nil {
			b.Fatal(err)
		}
		if page, err = document.Sign(page, signer, issued(), "签发证明"); err != nil {
			b.Fatal(err)
		}
		size = len(page)
	}
	b.ReportMetric(float64(size)/1024, "KB/page")
}

func BenchmarkGopdf(b *testing.B) {
	font := fontFile(b)
	var box gopdf.FontContainer
	if err := box.AddTTFFontData("f", font); err != nil {
		b.Fatal(err)
	}
	c := certificate()
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		p := gopdf.GoPdf{}
		p.Start(gopdf.Config{PageSize: *gopdf.PageSizeA4})
		p.AddPage()
		if err := p.AddTTFFontFromFontContainer("f", &box); err != nil {
			b.Fatal(err)
		}
		y := 72.0
		for _, t := range append([]string{c.School, c.Title, c.Number, c.Issuer, c.Code, c.VerifyURL, c.Note, "姓名学号学院20240101"}, c.Body...) {
			if err := p.SetFont("f", "", 14); err != nil {
				b.Fatal(err)
			}
			p.SetXY(72, y)
			if err := p.Cell(nil, t); err != nil {
				b.Fatal(err)
			}
			y += 28
		}
		page, err := p.GetBytesPdfReturnErr()
		if err != nil {
			b.Fatal(err)
		}
		size = len(page)
	}
	b.ReportMetric(float64(size)/1024, "KB/page")
}
