package wecom

import (
	"crypto/cipher"
	"encoding/base64"
)

// rawEncrypt encrypts bytes as they are, without head and receive id. The last byte is repeated
// to fill the blocks, so it is the padding as well.
func rawEncrypt(c *Codec, plain []byte) []byte {
	b := append([]byte{}, plain...)
	for len(b)%16 != 0 || len(b) < 32 {
		b = append(b, b[max(0, len(b)-1):]...)
		if len(b) == 0 {
			b = append(b, 0)
		}
	}
	cipher.NewCBCEncrypter(c.block, c.iv).CryptBlocks(b, b)
	return base64.StdEncoding.AppendEncode(nil, b)
}
