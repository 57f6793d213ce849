package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"

	"github.com/xuegong/xuegong/internal/config"
)

// Keyring seals bytes with AES-256-GCM. What it seals begins with one byte for the
// length of the key's id, the id, and the nonce; where it belongs (table/column/row)
// is associated data, so that a sealed value copied to another row does not open.
type Keyring struct {
	first string
	ids   []string
	aeads map[string]cipher.AEAD
	mac   []byte
}

// NewKeyring returns a keyring that seals with the first key and opens with any.
func NewKeyring(keys []config.Key) (*Keyring, error) {
	if len(keys) == 0 {
		return nil, errors.New("no data key")
	}
	k := &Keyring{first: keys[0].ID, aeads: map[string]cipher.AEAD{}}
	for _, key := range keys {
		k.ids = append(k.ids, key.ID)
		block, err := aes.NewCipher(key.Bytes)
		if err != nil {
			return nil, fmt.Errorf("data key %s: %w", key.ID, err)
		}
		if k.aeads[key.ID], err = cipher.NewGCM(block); err != nil {
			return nil, fmt.Errorf("data key %s: %w", key.ID, err)
		}
	}
	// The MAC key must outlive a change of the sealing key, so it hangs on the oldest.
	oldest := keys[len(keys)-1]
	h := hmac.New(sha256.New, oldest.Bytes)
	h.Write([]byte("xuegong mac"))
	k.mac = h.Sum(nil)
	return k, nil
}

// Seal encrypts plain for the place, for example "booking/wish/<public id>".
func (k *Keyring) Seal(place string, plain []byte) []byte {
	aead := k.aeads[k.first]
	out := make([]byte, 0, 1+len(k.first)+aead.NonceSize()+len(plain)+aead.Overhead())
	out = append(out, byte(len(k.first)))
	out = append(out, k.first...)
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails since Go 1.24
	out = append(out, nonce...)
	return aead.Seal(out, nonce, plain, []byte(place))
}

// Unseal decrypts what Seal made for the same place.
func (k *Keyring) Unseal(place string, sealed []byte) ([]byte, error) {
	if len(sealed) < 1 || len(sealed) < 1+int(sealed[0]) {
		return nil, errors.New("sealed value is too short")
	}
	id, rest := string(sealed[1:1+int(sealed[0])]), sealed[1+int(sealed[0]):]
	aead, ok := k.aeads[id]
	if !ok {
		return nil, fmt.Errorf("sealed with key %q, which is not in XUEGONG_DATA_KEY", id)
	}
	if len(rest) < aead.NonceSize() {
		return nil, errors.New("sealed value is too short")
	}
	plain, err := aead.Open(nil, rest[:aead.NonceSize()], rest[aead.NonceSize():], []byte(place))
	if err != nil {
		return nil, fmt.Errorf("unseal %s: %w", strings.SplitN(place, "/", 2)[0], err)
	}
	return plain, nil
}

// MAC returns a keyed hash, for searching sealed values and for audit rows.
func (k *Keyring) MAC(parts ...string) []byte {
	h := hmac.New(sha256.New, k.mac)
	for _, p := range parts {
		fmt.Fprintf(h, "%d:", len(p))
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

// Keys returns the keyring of the database.
func (tx *Tx) Keys() *Keyring { return tx.db.keys }

// Keys returns the keyring of the database.
func (db *DB) Keys() *Keyring { return db.keys }

// publicAlphabet is Crockford's: no letter is taken for a digit.
const publicAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// NewPublicID returns a random 128-bit id of 26 characters, safe in URLs, card keys and task ids.
func NewPublicID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return base32.NewEncoding(publicAlphabet).WithPadding(base32.NoPadding).EncodeToString(b)
}
