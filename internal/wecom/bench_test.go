package wecom

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"strconv"
	"testing"

	"github.com/silenceper/wechat/v2/util"
)

type sample struct {
	sig, timestamp, nonce string
	body                  []byte
}

// samples are text messages of about 0.4 kB, all different.
func samples(c *Codec) []sample {
	all := make([]sample, 512)
	for i := range all {
		m := fmt.Sprintf("<xml><ToUserName><![CDATA[%s]]></ToUserName><FromUserName><![CDATA[student%06d]]></FromUserName><CreateTime>%d</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[报名 第%d场 心理健康讲座，我想预约周三下午的咨询]]></Content><MsgId>%d</MsgId><AgentID>1000002</AgentID></xml>",
			testCorp, i, 1700000000+i, i, 7000000000000+i)
		enc := c.encrypt([]byte(m))
		s := &all[i]
		s.timestamp, s.nonce = strconv.Itoa(1700000000+i), strconv.Itoa(1500000000+i*7)
		s.sig = c.Signature(s.timestamp, s.nonce, enc)
		s.body = envelope(testCorp, enc)
	}
	return all
}

// floor is the least a receiver can do: SHA-1, base64, AES, and no look at the message.
// Everything that can be kept is kept, and the plaintext is not handed out.
type floor struct {
	block cipher.Block
	iv    []byte
	plain []byte
	sha   []byte
	sig   [40]byte
}

func newFloor(b *testing.B) *floor {
	key, err := base64.StdEncoding.DecodeString(testKey + "=")
	if err != nil {
		b.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		b.Fatal(err)
	}
	return &floor{block: block, iv: key[:16], plain: make([]byte, 4096)}
}

func (f *floor) open(s *sample) bool {
	i := bytes.Index(s.body, []byte("<Encrypt><![CDATA[")) + 18
	enc := s.body[i : i+bytes.IndexByte(s.body[i:], ']')]
	f.sha = append(f.sha[:0], s.nonce...) // the parts happen to sort like this
	f.sha = append(f.sha, s.timestamp...)
	f.sha = append(append(f.sha, enc...), testToken...)
	sum := sha1.Sum(f.sha)
	hex.Encode(f.sig[:], sum[:])
	_ = subtle.ConstantTimeCompare(f.sig[:], []byte(s.sig))
	n, err := base64.StdEncoding.Decode(f.plain, enc)
	if err != nil {
		return false
	}
	cipher.NewCBCDecrypter(f.block, f.iv).CryptBlocks(f.plain[:n], f.plain[:n])
	return int(binary.BigEndian.Uint32(f.plain[16:20])) < n
}

// BenchmarkOpenDecode measures what a callback costs before it is kept: verify, decrypt, decode.
// floor is the cryptography alone, with everything kept between calls that can be kept.
func BenchmarkOpenDecode(b *testing.B) {
	c := testCodec(b)
	all := samples(c)
	b.Run("floor", func(b *testing.B) {
		f := newFloor(b)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if !f.open(&all[i%len(all)]) {
				b.Fatal("not opened")
			}
		}
	})
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			s := &all[i%len(all)]
			if _, err := c.Open(s.sig, s.timestamp, s.nonce, s.body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open_decode", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			s := &all[i%len(all)]
			plain, err := c.Open(s.sig, s.timestamp, s.nonce, s.body)
			if err != nil {
				b.Fatal(err)
			}
			if m, err := Decode(plain); err != nil || !m.Known {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkPeers is the same message received with the SDK's functions and encoding/xml.
func BenchmarkPeers(b *testing.B) {
	all := samples(testCodec(b))
	b.Run("silenceper_util", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			s := &all[i%len(all)]
			var e struct{ ToUserName, Encrypt, AgentID string }
			if err := xml.Unmarshal(s.body, &e); err != nil {
				b.Fatal(err)
			}
			if util.Signature(testToken, s.timestamp, s.nonce, e.Encrypt) != s.sig {
				b.Fatal("signature")
			}
			_, plain, err := util.DecryptMsg(testCorp, e.Encrypt, testKey)
			if err != nil {
				b.Fatal(err)
			}
			var m struct {
				ToUserName, FromUserName, MsgType, Content, Event, EventKey string
				CreateTime, AgentID                                         int64
				MsgID                                                       uint64 `xml:"MsgId"`
			}
			if err := xml.Unmarshal(plain, &m); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDecodeCardEvent(b *testing.B) {
	text := []byte(event("template_card_event", "<EventKey>ok</EventKey><TaskId>t</TaskId><ResponseCode>rc</ResponseCode><SelectedItems><SelectedItem><QuestionKey>q1</QuestionKey><OptionIds><OptionId>a</OptionId></OptionIds></SelectedItem></SelectedItems>"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(text); err != nil {
			b.Fatal(err)
		}
	}
}
