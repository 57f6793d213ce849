package page

import (
	"crypto/subtle"
	"encoding/hex"
	"strings"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/inbox"
	"github.com/xuegong/xuegong/internal/store"
)

// ErrRepeat is what Act returns for a form that was acted on before: show its result.
var ErrRepeat = inbox.ErrRepeat

// ErrStaleForm is what a person reads whose form was not made by us for them.
var ErrStaleForm = errs.New(errs.Conflict, "这一页打开得太久了，刷新一下再提交。")

// newOnce returns a one-time token for a form: a random number and our word that it was
// made for this actor, so that another site cannot fill the form in.
func newOnce(keys *store.Keyring, actor string) string {
	nonce := store.NewPublicID()
	return nonce + "." + onceMAC(keys, actor, nonce)
}

func onceMAC(keys *store.Keyring, actor, nonce string) string {
	return hex.EncodeToString(keys.MAC("once", actor, nonce)[:16])
}

// readOnce returns the inbox key of a token.
func readOnce(keys *store.Keyring, actor, token string) ([]byte, error) {
	nonce, mac, _ := strings.Cut(token, ".")
	if subtle.ConstantTimeCompare([]byte(mac), []byte(onceMAC(keys, actor, nonce))) != 1 {
		return nil, ErrStaleForm
	}
	return onceKey(actor, "form", nonce), nil
}

// onceKey keeps the keys of persons, and of forms and API calls, apart.
func onceKey(actor, kind, value string) []byte {
	return inbox.KeyOf([]byte(kind + "\x00" + actor + "\x00" + value))
}
