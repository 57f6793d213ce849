package config_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuegong/xuegong/internal/config"
)

func TestLoadReportsEveryMistakeAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Load([]string{
		"XUEGONG_LISTEN=8080", "WECOM_CORP_ID=abc", "WECOM_AGENT_ID=seven",
		"XUEGONG_TIMEZONE=Asia/Nowhere", "XUEGONG_DATA_KEY=short", "WECOM_TOKEN_FILE=/nonexistent",
		"WECOM_AES_KEY=hush-hush", "DATABASE_URL=mysql://hush-hush", "REDIS_URL=hush-hush", "XUEGONG_TEMPLATES=/nonexistent",
	})
	if err == nil {
		t.Fatal("want mistakes")
	}
	for _, want := range []string{"XUEGONG_LISTEN", "WECOM_CORP_ID", `WECOM_AGENT_ID: "seven"`, "XUEGONG_TIMEZONE", "XUEGONG_DATA_KEY", "WECOM_TOKEN_FILE", "WECOM_AES_KEY", "DATABASE_URL", "REDIS_URL", "XUEGONG_TEMPLATES"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the report does not name %s:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "hush-hush") {
		t.Error("the report shows a secret")
	}
}

func TestRequireNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	c, err := config.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	err = c.Require()
	for _, want := range []string{"DATABASE_URL", "REDIS_URL", "WECOM_SECRET", "XUEGONG_DATA_KEY"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Require does not name %s: %v", want, err)
		}
	}
}

func TestSecretsNeverPrint(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("hush-hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load([]string{"WECOM_SECRET_FILE=" + file})
	if err != nil {
		t.Fatal(err)
	}
	if c.AppSecret.Reveal() != "hush-hush" {
		t.Fatalf("Reveal = %q", c.AppSecret.Reveal())
	}
	j, _ := json.Marshal(c)
	for _, s := range []string{fmt.Sprintf("%v %+v %#v %s", c, c, c, c.AppSecret), string(j)} {
		if strings.Contains(s, "hush-hush") {
			t.Errorf("printed a secret: %s", s)
		}
	}
}

func TestParseKeys(t *testing.T) {
	t.Parallel()
	k := base64.StdEncoding.EncodeToString(make([]byte, 32))
	for _, tt := range []struct {
		name, in string
		n        int
		ok       bool
	}{
		{"one_key", k, 1, true},
		{"two_keys", "b:" + k + ",a:" + k, 2, true},
		{"same_id_twice", "a:" + k + ",a:" + k, 0, false},
		{"too_short", "YWJj", 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			keys, err := config.ParseKeys(tt.in)
			if (err == nil) != tt.ok || len(keys) != tt.n {
				t.Errorf("ParseKeys = %d keys, %v", len(keys), err)
			}
		})
	}
}
