package document

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"time"

	"github.com/digitorus/pkcs7"
)

// Signer makes a detached PKCS #7 signature in DER over content. A school with a
// licensed seal brings its own.
type Signer interface {
	Sign(content []byte) ([]byte, error)
}

// KeySigner signs with a key of ours and its certificate.
type KeySigner struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// signedFor is how long a self-made certificate is valid: as long as a graduate may
// want to show a paper.
const signedFor = 30

// NewKeySigner makes an ECDSA P-256 key and a self-signed certificate for the name,
// valid from now for 30 years. Keep what Marshal returns sealed.
func NewKeySigner(name string, now time.Time) (*KeySigner, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.AddDate(signedFor, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make signing certificate: %w", err)
	}
	return newKeySigner(der, key)
}

func newKeySigner(der []byte, key *ecdsa.PrivateKey) (*KeySigner, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read signing certificate: %w", err)
	}
	return &KeySigner{cert: cert, key: key}, nil
}

// Marshal returns the certificate in DER and the private key in PKCS #8.
func (s *KeySigner) Marshal() (cert, key []byte, err error) {
	if key, err = x509.MarshalPKCS8PrivateKey(s.key); err != nil {
		return nil, nil, fmt.Errorf("write signing key: %w", err)
	}
	return s.cert.Raw, key, nil
}

// ParseKeySigner reads what Marshal returned.
func ParseKeySigner(cert, key []byte) (*KeySigner, error) {
	k, err := x509.ParsePKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w", err)
	}
	ec, ok := k.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("read signing key: not ECDSA")
	}
	return newKeySigner(cert, ec)
}

// Sign implements Signer.
func (s *KeySigner) Sign(content []byte) ([]byte, error) {
	sd, err := pkcs7.NewSignedData(content)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := sd.AddSigner(s.cert, s.key, pkcs7.SignerInfoConfig{}); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	sd.Detach()
	der, err := sd.Finish()
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return der, nil
}

// room is how many bytes of DER the file reserves for the signature.
const room = 4096

var (
	startxref = regexp.MustCompile(`startxref\s+(\d+)\s+%%EOF\s*$`)
	sizeEntry = regexp.MustCompile(`/Size (\d+)`)
	pageStart = regexp.MustCompile(`(?m)^(\d+) 0 obj\n<<\n  /Type /Page\n`)
	annots    = regexp.MustCompile(`/Annots \[([^\]]*)\]`)
)

// Sign adds a signature to a page that Press printed, as an incremental update (PDF
// 32000-1, 12.8): nothing before it is changed, and it covers the whole file but
// itself. at is the time the file names; reason is read in a viewer's signature panel.
func Sign(pdf []byte, s Signer, at time.Time, reason string) ([]byte, error) {
	u, err := newUpdate(pdf)
	if err != nil {
		return nil, err
	}
	contents, ranges := u.write(at, reason)
	gap := [4]int{0, contents, contents + 2*room + 2, len(u.out) - contents - 2*room - 2}
	copy(u.out[ranges:], fmt.Sprintf("[%010d %010d %010d %010d]", gap[0], gap[1], gap[2], gap[3]))
	der, err := s.Sign(bytes.Join([][]byte{u.out[:gap[1]], u.out[gap[2]:]}, nil))
	if err != nil {
		return nil, err
	}
	if len(der) > room {
		return nil, fmt.Errorf("sign: the signature has %d bytes, %d fit", len(der), room)
	}
	hex.Encode(u.out[contents+1:], der)
	return u.out, nil
}

// update is an incremental update under way.
type update struct {
	out     []byte
	prev    int    // where the last cross-reference table begins
	next    int    // the first free object number
	page    int    // number of the page object
	body    []byte // of the page object, between its brackets
	offsets map[int]int
}

func newUpdate(pdf []byte) (*update, error) {
	u := &update{out: bytes.Clone(pdf), offsets: map[int]int{}}
	start, size, page := startxref.FindSubmatch(pdf), sizeEntry.FindSubmatch(pdf), pageStart.FindSubmatchIndex(pdf)
	if start == nil || size == nil || page == nil {
		return nil, errors.New("sign: not a page of this package")
	}
	u.prev, _ = strconv.Atoi(string(start[1]))
	u.next, _ = strconv.Atoi(string(size[1]))
	u.page, _ = strconv.Atoi(string(pdf[page[2]:page[3]]))
	open := page[3] + len(" 0 obj\n<<\n")
	end := bytes.Index(pdf[open:], []byte(">>\nendobj"))
	if end < 0 {
		return nil, errors.New("sign: not a page of this package")
	}
	u.body = pdf[open : open+end]
	return u, nil
}

// write appends the objects of the signature and returns where its hex string and its
// byte ranges are to be put.
func (u *update) write(at time.Time, reason string) (contents, ranges int) {
	field, sig := u.next, u.next+1
	u.object(1, fmt.Sprintf("<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [%d 0 R] /SigFlags 3 >> >>", field))
	u.object(u.page, "<<\n"+u.withAnnotation(field)+">>")
	u.object(field, fmt.Sprintf("<< /Type /Annot /Subtype /Widget /FT /Sig /T (Signature) /F 132 /Rect [0 0 0 0] /P %d 0 R /V %d 0 R >>", u.page, sig))

	u.offsets[sig] = len(u.out)
	u.add(fmt.Sprintf("%d 0 obj\n<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached /M (D:%s) /Reason <FEFF%s>\n/ByteRange ",
		sig, at.UTC().Format("20060102150405Z"), utf16Hex(reason)))
	ranges = len(u.out)
	u.add("[" + string(bytes.Repeat([]byte(" "), 43)) + "]\n/Contents ")
	contents = len(u.out)
	u.add("<" + string(bytes.Repeat([]byte("0"), 2*room)) + ">\n>>\nendobj\n")

	table := len(u.out)
	u.add("xref\n")
	for _, n := range []int{1, u.page, field, sig} {
		u.add(fmt.Sprintf("%d 1\n%010d 00000 n \n", n, u.offsets[n]))
	}
	u.add(fmt.Sprintf("trailer\n<< /Size %d /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n", sig+1, u.prev, table))
	return contents, ranges
}

// withAnnotation is the page with the signature's widget among its annotations.
func (u *update) withAnnotation(field int) string {
	widget := fmt.Sprintf("%d 0 R", field)
	if loc := annots.FindSubmatchIndex(u.body); loc != nil {
		return string(u.body[:loc[3]]) + " " + widget + string(u.body[loc[3]:])
	}
	return string(u.body) + "  /Annots [" + widget + "]\n"
}

func (u *update) object(n int, body string) {
	u.offsets[n] = len(u.out)
	u.add(fmt.Sprintf("%d 0 obj\n%s\nendobj\n", n, body))
}

func (u *update) add(s string) { u.out = append(u.out, s...) }

// utf16Hex is a text string of PDF after its byte order mark.
func utf16Hex(s string) string {
	var b bytes.Buffer
	for _, r := range s {
		if r > 0xFFFF {
			r -= 0x10000
			fmt.Fprintf(&b, "%04X%04X", 0xD800+(r>>10), 0xDC00+(r&0x3FF))
			continue
		}
		fmt.Fprintf(&b, "%04X", r)
	}
	return b.String()
}
