package wecom

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
)

// Why a callback was refused. All of them mean: answer 4xx and keep nothing.
var (
	ErrSignature = errors.New("wecom: signature does not match")
	ErrReceiveID = errors.New("wecom: message is for another receiver")
	ErrMalformed = errors.New("wecom: message is malformed")
)

const (
	keyLength  = 43 // characters of an EncodingAESKey
	padBlock   = 32 // WeCom pads to 32 bytes, although an AES block has 16
	headLength = 20 // 16 random bytes and the length of the message
)

// Codec verifies, opens and seals callbacks of one app. Safe for concurrent use.
type Codec struct {
	token, receiveID string
	block            cipher.Block
	iv               []byte
	scratch          sync.Pool // of *scratch
}

// scratch is what one callback needs and the next can use again.
type scratch struct {
	signed    []byte         // the four sorted parts, then their hash is taken
	computed  [40]byte       // signature in hex
	given     [40]byte       // signature as received
	decrypter resettableMode // key schedule included, which is what makes it worth keeping
}

// resettableMode is what crypto/cipher's CBC modes are for AES; crypto/tls relies on the same.
type resettableMode interface {
	cipher.BlockMode
	SetIV([]byte)
}

// NewCodec returns the codec for an app's callback settings: Token,
// EncodingAESKey (43 characters) and the receive id, which is the corp id.
func NewCodec(token, aesKey, receiveID string) (*Codec, error) {
	if token == "" || receiveID == "" {
		return nil, errors.New("wecom: callback token and receive id must be set")
	}
	// The last character carries two bits too many, so the decoder must not be a strict one.
	key, err := base64.StdEncoding.DecodeString(aesKey + "=")
	if err != nil || len(aesKey) != keyLength || len(key) != 32 {
		return nil, errors.New("wecom: EncodingAESKey is not 43 base64 characters")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("wecom: use EncodingAESKey: %w", err)
	}
	c := &Codec{token: token, receiveID: receiveID, block: block, iv: key[:aes.BlockSize]}
	c.scratch.New = func() any {
		s := &scratch{}
		s.decrypter, _ = cipher.NewCBCDecrypter(block, c.iv).(resettableMode)
		return s
	}
	return c, nil
}

// Verify checks a URL verification (GET) and returns the plaintext to answer, byte for byte.
// The four values are the query's, URL-decoded exactly once.
func (c *Codec) Verify(sig, timestamp, nonce, echostr string) ([]byte, error) {
	return c.open(sig, timestamp, nonce, []byte(echostr))
}

// Open checks a delivered envelope (POST) and returns the message's XML, which belongs to the
// caller. Whether timestamp is recent enough is the caller's question.
func (c *Codec) Open(sig, timestamp, nonce string, body []byte) ([]byte, error) {
	encrypted, err := encryptedText(body)
	if err != nil {
		return nil, err
	}
	return c.open(sig, timestamp, nonce, encrypted)
}

func (c *Codec) open(sig, timestamp, nonce string, encrypted []byte) ([]byte, error) {
	s := c.scratch.Get().(*scratch)
	defer c.scratch.Put(s)
	if !c.signedBy(s, sig, timestamp, nonce, encrypted) {
		return nil, ErrSignature
	}
	plain := make([]byte, base64.StdEncoding.DecodedLen(len(encrypted)))
	n, err := base64.StdEncoding.Decode(plain, encrypted)
	if err != nil || n < padBlock || n%aes.BlockSize != 0 {
		return nil, fmt.Errorf("%w: ciphertext", ErrMalformed)
	}
	plain = plain[:n]
	c.decrypt(s, plain)
	return c.unwrap(plain)
}

func (c *Codec) decrypt(s *scratch, b []byte) {
	if s.decrypter == nil { // another crypto module than Go's own
		cipher.NewCBCDecrypter(c.block, c.iv).CryptBlocks(b, b)
		return
	}
	s.decrypter.SetIV(c.iv)
	s.decrypter.CryptBlocks(b, b)
}

// unwrap takes padding, random bytes, length and receive id off a decrypted message.
func (c *Codec) unwrap(plain []byte) ([]byte, error) {
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > padBlock || pad > len(plain)-headLength {
		return nil, fmt.Errorf("%w: padding", ErrMalformed)
	}
	plain = plain[:len(plain)-pad]
	length := uint64(binary.BigEndian.Uint32(plain[headLength-4:]))
	rest := plain[headLength:]
	if length > uint64(len(rest)) {
		return nil, fmt.Errorf("%w: length", ErrMalformed)
	}
	if string(rest[length:]) != c.receiveID {
		return nil, ErrReceiveID
	}
	return rest[:length:length], nil
}

// Seal encrypts a passive reply and returns its envelope. Timestamp and nonce are the
// caller's choice; those of the request are fine.
func (c *Codec) Seal(plaintext []byte, timestamp, nonce string) []byte {
	encrypted := c.encrypt(plaintext)
	sig := c.Signature(timestamp, nonce, encrypted)
	var b bytes.Buffer
	b.Grow(len(encrypted) + 200)
	b.WriteString("<xml><Encrypt><![CDATA[")
	b.Write(encrypted)
	b.WriteString("]]></Encrypt><MsgSignature><![CDATA[")
	b.WriteString(sig)
	b.WriteString("]]></MsgSignature><TimeStamp>")
	b.WriteString(timestamp)
	b.WriteString("</TimeStamp><Nonce><![CDATA[")
	b.WriteString(nonce)
	b.WriteString("]]></Nonce></xml>")
	return b.Bytes()
}

// encrypt returns the base64 text that stands in an envelope's Encrypt.
func (c *Codec) encrypt(plaintext []byte) []byte {
	n := headLength + len(plaintext) + len(c.receiveID)
	pad := padBlock - n%padBlock
	b := make([]byte, headLength, n+pad)
	_, _ = rand.Read(b[:headLength-4]) // never fails: it ends the program instead
	binary.BigEndian.PutUint32(b[headLength-4:], uint32(len(plaintext)))
	b = append(b, plaintext...)
	b = append(b, c.receiveID...)
	b = append(b, bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(c.block, c.iv).CryptBlocks(b, b)
	return base64.StdEncoding.AppendEncode(nil, b)
}

// Signature returns msg_signature for an encrypted text (Encrypt or echostr).
func (c *Codec) Signature(timestamp, nonce string, encrypted []byte) string {
	s := c.scratch.Get().(*scratch)
	defer c.scratch.Put(s)
	c.sign(s, timestamp, nonce, encrypted)
	return string(s.computed[:])
}

// signedBy compares in constant time.
func (c *Codec) signedBy(s *scratch, sig, timestamp, nonce string, encrypted []byte) bool {
	c.sign(s, timestamp, nonce, encrypted)
	return copy(s.given[:], sig) == len(sig) && len(sig) == len(s.given) &&
		subtle.ConstantTimeCompare(s.given[:], s.computed[:]) == 1
}

// sign computes hex(sha1(token, timestamp, nonce, encrypted sorted by bytes and joined)).
// The long encrypted text is compared with the three short ones, never copied to sort.
func (c *Codec) sign(s *scratch, timestamp, nonce string, encrypted []byte) {
	short := [3]string{c.token, timestamp, nonce}
	if short[1] < short[0] {
		short[0], short[1] = short[1], short[0]
	}
	if short[2] < short[1] {
		short[1], short[2] = short[2], short[1]
	}
	if short[1] < short[0] {
		short[0], short[1] = short[1], short[0]
	}
	s.signed = s.signed[:0]
	placed := false
	for _, part := range short {
		if !placed && string(encrypted) < part { // compiles to a comparison without a copy
			s.signed, placed = append(s.signed, encrypted...), true
		}
		s.signed = append(s.signed, part...)
	}
	if !placed {
		s.signed = append(s.signed, encrypted...)
	}
	sum := sha1.Sum(s.signed)
	hex.Encode(s.computed[:], sum[:])
}
