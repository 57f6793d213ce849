package simulator

import (
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"strconv"
	"testing"
)

type vectors struct {
	Vectors []struct {
		Name         string
		Token        string
		Key          string `json:"encoding_aes_key"`
		ReceiveID    string `json:"receive_id"`
		Timestamp    string
		Nonce        string
		Random       string `json:"random_hex"`
		Msg          string `json:"msg_utf8"`
		Encrypt      string
		MsgSignature string `json:"msg_signature"`
	}
	JSAPI []struct {
		Name      string
		Ticket    string `json:"jsapi_ticket"`
		Nonce     string `json:"noncestr"`
		Timestamp int64
		URL       string
		Signature string
	}
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Vectors) == 0 || len(v.JSAPI) == 0 {
		t.Fatal("no vectors")
	}
	return v
}

func TestCryptoVectors(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors(t).Vectors {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			c, err := newCrypto(v.Token, v.Key, v.ReceiveID)
			if err != nil {
				t.Fatal(err)
			}
			random, err := hex.DecodeString(v.Random)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.encrypt(random, []byte(v.Msg), v.ReceiveID); got != v.Encrypt {
				t.Errorf("encrypt = %s, want %s", got, v.Encrypt)
			}
			if got := c.sign(v.Timestamp, v.Nonce, v.Encrypt); got != v.MsgSignature {
				t.Errorf("sign = %s, want %s", got, v.MsgSignature)
			}
			got, err := c.decrypt(v.Encrypt)
			if err != nil || string(got) != v.Msg {
				t.Errorf("decrypt = %q, %v, want %q", got, err, v.Msg)
			}
		})
	}
}

func TestCryptoRefuses(t *testing.T) {
	t.Parallel()
	c, err := newCrypto("QDG6eK", testKey, "wx5823bf96d3bd56c7")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, encrypted string
		want            error
	}{
		{"another_company", "7ho9XWI/HTOA1L6oduAxXx4SUtPUN6eZjJkidYlm9WELIlI+8RnO7oZxWVQUlkE+pfb2ZLwxIXH4W3g2ZF3Fbg==", errReceiveID},
		{"not_base64", "***", errCiphertext},
		{"half_a_block", "AAAA", errCiphertext},
		{"nothing", "", errCiphertext},
		{"no_padding", "7ho9XWI/HTOA1L6oduAxXw==", errCiphertext},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := c.decrypt(tt.encrypted); !errors.Is(err, tt.want) {
				t.Errorf("decrypt: %v, want %v", err, tt.want)
			}
		})
	}
	if c.signed("477715d11cdb4164915debcba66cb864d751f3e6", "1409659814", "1372623149", "x") {
		t.Error("a signature of another timestamp was accepted")
	}
}

func TestSignJSVector(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors(t).JSAPI {
		got := signJS(v.Ticket, v.Nonce, strconv.FormatInt(v.Timestamp, 10), v.URL+"#part")
		if got != v.Signature {
			t.Errorf("%s: %s, want %s", v.Name, got, v.Signature)
		}
	}
}

// Whatever arrives, decrypt returns an error or what encrypt would seal; it never panics.
func FuzzDecrypt(f *testing.F) {
	f.Add("P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==")
	f.Add("AAAAAAAAAAAAAAAAAAAAAA==")
	c, err := newCrypto("QDG6eK", testKey, "wx5823bf96d3bd56c7")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, encrypted string) {
		msg, err := c.decrypt(encrypted)
		if err != nil {
			return
		}
		again, err := c.decrypt(c.encrypt(salt(), msg, "wx5823bf96d3bd56c7"))
		if err != nil || string(again) != string(msg) {
			t.Errorf("round trip of %q: %q, %v", msg, again, err)
		}
	})
}

// Any text survives a CDATA section.
func FuzzCDATA(f *testing.F) {
	f.Add("a]]>b")
	f.Add("<xml>]]]]>>")
	f.Fuzz(func(t *testing.T, text string) {
		var v struct{ Content string }
		err := xml.Unmarshal([]byte("<xml>"+cdata("Content", text)+"</xml>"), &v)
		if err != nil {
			t.Skip("characters XML does not know")
		}
		if want := normalLines(text); v.Content != want {
			t.Errorf("got %q, want %q", v.Content, want)
		}
	})
}
