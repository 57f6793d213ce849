package simulator

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
	"slices"
	"strings"
)

// padBlock is the padding block of the callback crypto: 32, not the 16 of AES.
const padBlock = 32

// crypto seals and opens callbacks: AES-256-CBC with the key's head as IV, 16 random bytes,
// a length, the message and the receive id, and a SHA-1 signature over the sorted parts.
type crypto struct {
	token     string
	block     cipher.Block
	iv        []byte
	receiveID string
}

func newCrypto(token, aesKey, receiveID string) (*crypto, error) {
	// 43 characters carry two spare bits that are usually set, so the decoder must not be strict.
	key, err := base64.StdEncoding.DecodeString(aesKey + "=")
	if err != nil {
		return nil, fmt.Errorf("AESKey: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("AESKey: %w", err)
	}
	return &crypto{token: token, block: block, iv: key[:aes.BlockSize], receiveID: receiveID}, nil
}

// encrypt seals msg for receiveID with the 16 bytes of salt.
func (c *crypto) encrypt(salt, msg []byte, receiveID string) string {
	pad := padBlock - (20+len(msg)+len(receiveID))%padBlock
	b := make([]byte, 0, 20+len(msg)+len(receiveID)+pad)
	b = append(b, salt[:16]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(msg)))
	b = append(b, msg...)
	b = append(b, receiveID...)
	b = append(b, bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(c.block, c.iv).CryptBlocks(b, b)
	return base64.StdEncoding.EncodeToString(b)
}

var (
	errCiphertext = errors.New("ciphertext is not valid")
	errReceiveID  = errors.New("receive id is not ours")
)

// decrypt opens what encrypt sealed and insists on the receive id.
func (c *crypto) decrypt(encrypted string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCiphertext, err)
	}
	if len(b) == 0 || len(b)%aes.BlockSize != 0 {
		return nil, errCiphertext
	}
	cipher.NewCBCDecrypter(c.block, c.iv).CryptBlocks(b, b)
	pad := int(b[len(b)-1])
	if pad < 1 || pad > padBlock || pad > len(b) {
		return nil, errCiphertext
	}
	b = b[:len(b)-pad]
	if len(b) < 20 {
		return nil, errCiphertext
	}
	n := int64(binary.BigEndian.Uint32(b[16:20]))
	if n > int64(len(b)-20) {
		return nil, errCiphertext
	}
	if string(b[20+n:]) != c.receiveID {
		return nil, errReceiveID
	}
	return b[20 : 20+n], nil
}

// sign is the signature over the parts and the token.
func (c *crypto) sign(timestamp, nonce, encrypted string) string {
	parts := []string{c.token, timestamp, nonce, encrypted}
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

func (c *crypto) signed(signature, timestamp, nonce, encrypted string) bool {
	return subtle.ConstantTimeCompare([]byte(signature), []byte(c.sign(timestamp, nonce, encrypted))) == 1
}

// salt returns 16 random bytes.
func salt() []byte {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	return b
}

// randomText returns n characters of 0-9A-Za-z-_, for tokens, codes and ids.
func randomText(n int) string {
	b := make([]byte, (n*3+3)/4)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)[:n]
}

// randomDigits returns n digits that do not start with 0.
func randomDigits(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	if b[0] == '0' {
		b[0] = '1'
	}
	return string(b)
}
