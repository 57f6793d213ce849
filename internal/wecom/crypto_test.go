package wecom

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/silenceper/wechat/v2/util"
)

// The made-up callback settings of these tests.
const (
	testToken = "testToken2024"
	testKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	testCorp  = "ww0123456789abcdef"
)

func testCodec(tb testing.TB) *Codec {
	tb.Helper()
	c, err := NewCodec(testToken, testKey, testCorp)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// envelope wraps an encrypted text as WeCom posts it.
func envelope(corp string, encrypted []byte) []byte {
	return fmt.Appendf(nil, "<xml><ToUserName><![CDATA[%s]]></ToUserName><Encrypt><![CDATA[%s]]></Encrypt><AgentID><![CDATA[1000002]]></AgentID></xml>", corp, encrypted)
}

type vector struct {
	Name         string
	Kind         string
	Token        string
	Key          string `json:"encoding_aes_key"`
	ReceiveID    string `json:"receive_id"`
	Timestamp    string
	Nonce        string
	Msg          string `json:"msg_utf8"`
	Encrypt      string
	Signature    string `json:"msg_signature"`
	Query        string `json:"query_string"`
	Body         string `json:"post_body"`
	ExpectedBody string `json:"expected_http_body"`
	ResponseBody string `json:"response_body"`
}

// vectors reads the published test data; see its own description for the sources.
func vectors(t *testing.T) (all struct {
	Vectors  []vector
	Negative []struct {
		Name, Base, Token, Timestamp, Nonce, Encrypt, Echostr string
		Key                                                   string `json:"encoding_aes_key"`
		Signature                                             string `json:"msg_signature"`
		Computed                                              string `json:"computed_signature"`
	}
	JSAPI []struct {
		Ticket    string `json:"jsapi_ticket"`
		NonceStr  string
		Timestamp int64
		URL       string
		Signature string
	}
},
) {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestVectorsOpen(t *testing.T) {
	t.Parallel()
	all := vectors(t).Vectors
	if len(all) != 9 {
		t.Fatalf("%d vectors, want 9", len(all))
	}
	for _, v := range all {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			c, err := NewCodec(v.Token, v.Key, v.ReceiveID)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Signature(v.Timestamp, v.Nonce, []byte(v.Encrypt)); got != v.Signature {
				t.Errorf("Signature = %s, want %s", got, v.Signature)
			}
			got, err := c.Verify(v.Signature, v.Timestamp, v.Nonce, v.Encrypt)
			if err != nil || string(got) != v.Msg {
				t.Errorf("Verify = %q, %v, want %q", got, err, v.Msg)
			}
			for _, body := range []string{v.Body, v.ResponseBody, string(envelope(v.ReceiveID, []byte(v.Encrypt)))} {
				if body == "" {
					continue
				}
				got, err := c.Open(v.Signature, v.Timestamp, v.Nonce, []byte(body))
				if err != nil || string(got) != v.Msg {
					t.Errorf("Open = %q, %v, want %q", got, err, v.Msg)
				}
			}
			if v.Query == "" {
				return
			}
			q, err := url.ParseQuery(v.Query)
			if err != nil {
				t.Fatal(err)
			}
			got, err = c.Verify(q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce"), q.Get("echostr"))
			if err != nil || string(got) != v.ExpectedBody {
				t.Errorf("Verify(query) = %q, %v, want %q", got, err, v.ExpectedBody)
			}
		})
	}
}

func TestVectorsRefused(t *testing.T) {
	t.Parallel()
	all := vectors(t)
	bases := map[string]vector{}
	for _, v := range all.Vectors {
		bases[v.Name] = v
	}
	for _, n := range all.Negative {
		t.Run(n.Name, func(t *testing.T) {
			t.Parallel()
			v, want := bases[n.Base], ErrSignature
			switch n.Name {
			case "bad_signature":
				v.Timestamp = "1409659814"
			case "plus_decoded_as_space":
				v.Encrypt = n.Echostr
			case "wrong_receive_id":
				v = vector{Token: n.Token, Key: n.Key, ReceiveID: "wx5823bf96d3bd56c7", Timestamp: n.Timestamp, Nonce: n.Nonce, Encrypt: n.Encrypt, Signature: n.Signature}
				want = ErrReceiveID
			default:
				t.Fatal("a new vector needs a line here")
			}
			c, err := NewCodec(v.Token, v.Key, v.ReceiveID)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Signature(v.Timestamp, v.Nonce, []byte(v.Encrypt)); n.Computed != "" && got != n.Computed {
				t.Errorf("Signature = %s, want %s", got, n.Computed)
			}
			if got, err := c.Verify(v.Signature, v.Timestamp, v.Nonce, v.Encrypt); !errors.Is(err, want) || got != nil {
				t.Errorf("Verify = %q, %v, want %v", got, err, want)
			}
		})
	}
}

func TestNewCodecRefusesBadSettings(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, token, key, corp string }{
		{"no_token", "", testKey, testCorp},
		{"no_corp", testToken, testKey, ""},
		{"key_too_short", testToken, testKey[1:], testCorp},
		{"key_too_long", testToken, testKey + "A", testCorp},
		{"key_not_base64", testToken, "!" + testKey[1:], testCorp},
		{"line_break_in_key", testToken, testKey[:42] + "\n", testCorp},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := NewCodec(tt.token, tt.key, tt.corp); err == nil {
				t.Error("accepted")
			} else if strings.Contains(err.Error(), testKey[1:40]) {
				t.Errorf("the key is in the error: %v", err)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	c := testCodec(t)
	encrypted := c.encrypt([]byte("<xml></xml>"))
	sig := c.Signature("1", "2", encrypted)
	sealed := func(plain string) (string, []byte) { // encrypts bytes as they are, without length and padding
		b := []byte(plain)
		enc := rawEncrypt(c, b)
		return c.Signature("1", "2", enc), envelope(testCorp, enc)
	}
	filler := strings.Repeat("r", 16)
	tests := []struct {
		name string
		sig  string
		body []byte
		want error
	}{
		{"no_signature", "", envelope(testCorp, encrypted), ErrSignature},
		{"upper_case_signature", strings.ToUpper(sig), envelope(testCorp, encrypted), ErrSignature},
		{"signature_with_a_tail", sig + "0", envelope(testCorp, encrypted), ErrSignature},
		{"no_body", sig, nil, ErrMalformed},
		{"no_encrypt", sig, []byte("<xml><ToUserName>x</ToUserName></xml>"), ErrMalformed},
		{"empty_encrypt", sig, envelope(testCorp, nil), ErrMalformed},
		{"json_body", sig, []byte(`{"encrypt":"x"}`), ErrMalformed},
		{"signed_but_not_base64", c.Signature("1", "2", []byte("%%%")), envelope(testCorp, []byte("%%%")), ErrMalformed},
		{"signed_but_too_short", c.Signature("1", "2", []byte("QUFB")), envelope(testCorp, []byte("QUFB")), ErrMalformed},
	}
	for name, plain := range map[string]string{
		"padding_zero":             filler + "\x00\x00\x00\x0b" + "<xml></xml>" + strings.Repeat("\x00", 33),
		"padding_33":               filler + "\x00\x00\x00\x0b" + "<xml></xml>" + strings.Repeat("!", 33),
		"padding_eats_the_head":    strings.Repeat("\x20", 32),
		"length_beyond_the_end":    filler + "\x00\x00\x00\xff" + "<xml></xml>" + strings.Repeat("\x01", 1),
		"length_beyond_all_bounds": filler + "\xff\xff\xff\xff" + "<xml></xml>" + strings.Repeat("\x01", 1),
	} {
		s, b := sealed(plain)
		tests = append(tests, struct {
			name string
			sig  string
			body []byte
			want error
		}{name, s, b, ErrMalformed})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := c.Open(tt.sig, "1", "2", tt.body); !errors.Is(err, tt.want) {
				t.Errorf("Open = %q, %v, want %v", got, err, tt.want)
			}
		})
	}
}

func TestSealIsWhatTheSDKOpens(t *testing.T) {
	t.Parallel()
	c := testCodec(t)
	for n := range 70 { // every padding, twice
		plain := strings.Repeat("学", n)
		var e struct{ Encrypt, MsgSignature, TimeStamp, Nonce string }
		if err := xml.Unmarshal(c.Seal([]byte(plain), "1700000001", "nonce42"), &e); err != nil {
			t.Fatal(err)
		}
		if want := util.Signature(testToken, e.TimeStamp, e.Nonce, e.Encrypt); e.MsgSignature != want {
			t.Fatalf("signature = %s, want %s", e.MsgSignature, want)
		}
		_, got, err := util.DecryptMsg(testCorp, e.Encrypt, testKey)
		if err != nil || string(got) != plain {
			t.Fatalf("SDK reads %q, %v, want %q", got, err, plain)
		}
	}
}

func TestOpenReadsWhatTheSDKSeals(t *testing.T) {
	t.Parallel()
	c := testCodec(t)
	for n := range 70 {
		plain := strings.Repeat("x", n)
		encrypted, err := util.EncryptMsg([]byte(util.RandomStr(16)), []byte(plain), testCorp, testKey)
		if err != nil {
			t.Fatal(err)
		}
		for _, timestamp := range []string{"1", "zzz", "A"} { // the encrypted text sorts first, last, between
			sig := util.Signature(testToken, timestamp, "nonce", string(encrypted))
			got, err := c.Open(sig, timestamp, "nonce", envelope(testCorp, encrypted))
			if err != nil || string(got) != plain {
				t.Fatalf("Open = %q, %v, want %q", got, err, plain)
			}
		}
	}
}

func TestOpenBelongsToTheCaller(t *testing.T) {
	t.Parallel()
	c := testCodec(t)
	open := func(plain string) []byte {
		enc := c.encrypt([]byte(plain))
		got, err := c.Open(c.Signature("1", "2", enc), "1", "2", envelope(testCorp, enc))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := open("the first message")
	_ = open("another message!!")
	if string(first) != "the first message" {
		t.Errorf("a later Open changed it to %q", first)
	}
	//nolint:gocritic // whether this writes behind first is what is tested
	if grown := append(first, "!"...); string(grown) != "the first message!" || cap(first) != len(first) {
		t.Errorf("appending reaches into the receive id: cap %d, len %d", cap(first), len(first))
	}
}

func FuzzOpen(f *testing.F) {
	c, err := NewCodec(testToken, testKey, testCorp)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("<xml><Encrypt><![CDATA[QUFB]]></Encrypt></xml>"), []byte("0123456789abcdef\x00\x00\x00\x01a"+testCorp))
	f.Add([]byte("<xml><Encrypt>QUFB</Encrypt></xml>"), []byte{})
	f.Fuzz(func(t *testing.T, body, inside []byte) {
		// bytes from anyone
		if _, err := c.Open("0000000000000000000000000000000000000000", "1", "2", body); err == nil {
			t.Fatal("a body without a valid signature was opened")
		}
		// bytes of whoever has the key, but means harm
		enc := rawEncrypt(c, inside)
		plain, err := c.Open(c.Signature("1", "2", enc), "1", "2", envelope(testCorp, enc))
		if err == nil && len(plain) > len(inside) {
			t.Fatalf("%d bytes out of %d", len(plain), len(inside))
		}
	})
}
