package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the zone must be there in an image made from scratch

	"github.com/caarlos0/env/v11"
)

// Secret is a value that prints as [redacted] wherever it is printed or logged.
type Secret string

func (Secret) String() string { return "[redacted]" }

// GoString keeps the value out of %#v.
func (Secret) GoString() string { return "[redacted]" }

// LogValue keeps the value out of the log.
func (Secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// MarshalText keeps the value out of JSON and every other text encoding.
func (Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Reveal returns the value itself, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// Config holds every setting of the process.
type Config struct {
	Listen          string `env:"XUEGONG_LISTEN" envDefault:"127.0.0.1:8080"`
	SimulatorListen string `env:"XUEGONG_SIMULATOR_LISTEN" envDefault:"127.0.0.1:8081"`
	PublicURL       string `env:"XUEGONG_PUBLIC_URL"` // what browsers and WeCom use, no trailing slash
	DatabaseURL     Secret `env:"DATABASE_URL"`
	RedisURL        Secret `env:"REDIS_URL"`

	CorpID    string `env:"WECOM_CORP_ID"`
	AgentID   int    `env:"WECOM_AGENT_ID"`
	AppSecret Secret `env:"WECOM_SECRET"`
	Token     Secret `env:"WECOM_TOKEN"`
	AESKey    Secret `env:"WECOM_AES_KEY"`
	APIURL    string `env:"WECOM_API_URL" envDefault:"https://qyapi.weixin.qq.com"`
	OAuthURL  string `env:"WECOM_OAUTH_URL" envDefault:"https://open.weixin.qq.com"`
	LoginURL  string `env:"WECOM_LOGIN_URL" envDefault:"https://login.work.weixin.qq.com"`
	VerifyTxt string `env:"WECOM_VERIFY_FILE_NAME"` // name of the WW_verify_*.txt served at the root, its content is the middle part

	Templates string `env:"XUEGONG_TEMPLATES"` // folder that lies over the embedded templates
	Timezone  string `env:"XUEGONG_TIMEZONE" envDefault:"Asia/Shanghai"`
	DataKey   Secret `env:"XUEGONG_DATA_KEY"` // base64 key or "id:key,…"; the first encrypts

	location *time.Location
}

// Location is the school's time zone.
func (c *Config) Location() *time.Location { return c.location }

// Load reads the environment. The error names every mistake, one a line.
func Load(environ []string) (*Config, error) {
	vars, fileErr := readFiles(toMap(environ))
	agentErr := checkAgent(vars)
	c := &Config{}
	parseErr := env.ParseWithOptions(c, env.Options{Environment: vars})
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	loc, zoneErr := time.LoadLocation(c.Timezone)
	if zoneErr != nil {
		zoneErr = fmt.Errorf("XUEGONG_TIMEZONE: %q is no time zone, for example Asia/Shanghai", c.Timezone)
	}
	c.location = loc
	return c, errors.Join(fileErr, agentErr, parseErr, zoneErr, c.checkForms())
}

// checkAgent says what is no agent id, and puts one that nobody has in its place: it is wrong,
// not missing.
func checkAgent(vars map[string]string) error {
	text := vars["WECOM_AGENT_ID"]
	if n, err := strconv.Atoi(text); text == "" || err == nil && n > 0 {
		return nil
	}
	vars["WECOM_AGENT_ID"] = "-1"
	return fmt.Errorf("WECOM_AGENT_ID: %q is not the number of an app, for example 1000002", text)
}

var (
	corpID = regexp.MustCompile(`^(ww|wx)[0-9a-fA-F]{16}$`)
	aesKey = regexp.MustCompile(`^[A-Za-z0-9]{43}$`)
	token  = regexp.MustCompile(`^[A-Za-z0-9]{1,32}$`)
	verify = regexp.MustCompile(`^WW_verify_[A-Za-z0-9]+\.txt$`)
)

// checkForms checks the form of what is set; whether it must be set is Require's question.
func (c *Config) checkForms() error {
	var errs []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	for name, addr := range map[string]string{"XUEGONG_LISTEN": c.Listen, "XUEGONG_SIMULATOR_LISTEN": c.SimulatorListen} {
		_, _, err := net.SplitHostPort(addr)
		bad(err == nil, "%s: %q is not host:port", name, addr)
	}
	for name, u := range map[string]string{"XUEGONG_PUBLIC_URL": c.PublicURL, "WECOM_API_URL": c.APIURL, "WECOM_OAUTH_URL": c.OAuthURL, "WECOM_LOGIN_URL": c.LoginURL} {
		p, err := url.Parse(u)
		bad(u == "" || err == nil && (p.Scheme == "http" || p.Scheme == "https") && p.Host != "", "%s: needs http(s)://host", name)
	}
	bad(c.DatabaseURL == "" || scheme(c.DatabaseURL, "postgres", "postgresql") || isDSN(c.DatabaseURL), "DATABASE_URL: needs postgres://… or host=… dbname=…")
	bad(c.RedisURL == "" || scheme(c.RedisURL, "redis", "rediss", "unix"), "REDIS_URL: needs redis://…")
	if c.Templates != "" {
		info, err := os.Stat(c.Templates)
		bad(err == nil && info.IsDir(), "XUEGONG_TEMPLATES: %q is no folder", c.Templates)
	}
	bad(c.CorpID == "" || corpID.MatchString(c.CorpID), "WECOM_CORP_ID: is ww and 16 hexadecimal digits")
	bad(c.AESKey == "" || aesKey.MatchString(c.AESKey.Reveal()), "WECOM_AES_KEY: has exactly 43 letters and digits")
	bad(c.Token == "" || token.MatchString(c.Token.Reveal()), "WECOM_TOKEN: has 1 to 32 letters and digits")
	bad(c.VerifyTxt == "" || verify.MatchString(c.VerifyTxt), "WECOM_VERIFY_FILE_NAME: is WW_verify_….txt")
	if c.DataKey != "" {
		_, err := ParseKeys(c.DataKey.Reveal())
		bad(err == nil, "XUEGONG_DATA_KEY: %v", err)
	}
	return errors.Join(errs...)
}

// scheme reports whether an address starts with one of the schemes.
func scheme(address Secret, schemes ...string) bool {
	name, _, found := strings.Cut(address.Reveal(), "://")
	return found && slices.Contains(schemes, name)
}

// isDSN reports whether an address is of the form host=… dbname=….
func isDSN(address Secret) bool {
	return !strings.Contains(address.Reveal(), "://") && strings.Contains(address.Reveal(), "=")
}

// Require reports every setting that serve cannot do without and that is not set.
func (c *Config) Require() error {
	var errs []error
	for _, s := range []struct {
		name string
		set  bool
	}{
		{"XUEGONG_PUBLIC_URL", c.PublicURL != ""},
		{"DATABASE_URL", c.DatabaseURL != ""},
		{"REDIS_URL", c.RedisURL != ""},
		{"WECOM_CORP_ID", c.CorpID != ""},
		{"WECOM_AGENT_ID", c.AgentID != 0},
		{"WECOM_SECRET", c.AppSecret != ""},
		{"WECOM_TOKEN", c.Token != ""},
		{"WECOM_AES_KEY", c.AESKey != ""},
		{"XUEGONG_DATA_KEY", c.DataKey != ""},
	} {
		if !s.set {
			errs = append(errs, fmt.Errorf("%s: not set", s.name))
		}
	}
	return errors.Join(errs...)
}

// Key is one data key: 32 bytes for AES-256-GCM under a short id.
type Key struct {
	ID    string
	Bytes []byte
}

// ParseKeys reads XUEGONG_DATA_KEY: one base64 key (id "1") or "id:key,id:key"; the first encrypts.
func ParseKeys(s string) ([]Key, error) {
	var keys []Key
	seen := map[string]bool{}
	for part := range strings.SplitSeq(s, ",") {
		id, b64, found := strings.Cut(strings.TrimSpace(part), ":")
		if !found {
			id, b64 = "1", id
		}
		b, err := base64.StdEncoding.DecodeString(b64)
		if err != nil || len(b) != 32 {
			return nil, fmt.Errorf("key %q is not 32 bytes in base64", id)
		}
		if seen[id] {
			return nil, fmt.Errorf("key id %q stands twice", id)
		}
		seen[id] = true
		keys = append(keys, Key{ID: id, Bytes: b})
	}
	return keys, nil
}

func toMap(environ []string) map[string]string {
	m := make(map[string]string, len(environ))
	for _, kv := range environ {
		if k, v, ok := strings.Cut(kv, "="); ok {
			m[k] = v
		}
	}
	return m
}

// readFiles replaces NAME_FILE by NAME with the file's content, for our own names.
func readFiles(vars map[string]string) (map[string]string, error) {
	var errs []error
	for k, path := range vars {
		name, ok := strings.CutSuffix(k, "_FILE")
		if !ok || !ours(name) || path == "" {
			continue
		}
		if vars[name] != "" {
			errs = append(errs, fmt.Errorf("%s and %s_FILE are both set", name, name))
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s_FILE: %w", name, err))
			continue
		}
		vars[name] = strings.TrimSpace(string(b))
	}
	return vars, errors.Join(errs...)
}

func ours(name string) bool {
	return strings.HasPrefix(name, "XUEGONG_") || strings.HasPrefix(name, "WECOM_") ||
		name == "DATABASE_URL" || name == "REDIS_URL"
}
