package region

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

//go:embed regions.txt
var list string

// Region is one province, city or county.
type Region struct {
	Code string // six digits: 420000 a province, 420100 a city, 420111 a county
	Name string // its own: 洪山区
}

type table struct {
	names map[string]string   // own name by code
	under map[string][]Region // children by code, provinces by ""
}

// regions reads the list when it is first asked for.
//
//nolint:gochecknoglobals // the embedded list read once; nothing changes it
var regions = sync.OnceValue(func() table {
	t := table{names: map[string]string{}, under: map[string][]Region{}}
	for line := range strings.Lines(list) {
		code, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		t.names[code] = name
	}
	for line := range strings.Lines(list) {
		code := line[:6]
		up := t.parent(code)
		t.under[up] = append(t.under[up], Region{Code: code, Name: t.names[code]})
	}
	return t
})

// parent is the nearest region above that the list has; a county of 北京市 has no city.
func (t table) parent(code string) string {
	city, province := code[:4]+"00", code[:2]+"0000"
	switch {
	case code == province:
		return ""
	case code != city && t.names[city] != "":
		return city
	default:
		return province
	}
}

// Under returns the regions one step below, in the order of their codes; Under("") is the
// provinces. A region without any below it is as near as one can say.
func Under(code string) []Region { return slices.Clone(regions().under[code]) }

// Path returns the codes from the province down to the region, nil if there is none.
func Path(code string) []string {
	t := regions()
	if t.names[code] == "" {
		return nil
	}
	if up := t.parent(code); up != "" {
		return append(Path(up), code)
	}
	return []string{code}
}

// Name returns the whole name, 湖北省武汉市洪山区, or "" for a code nobody has.
func Name(code string) string {
	var b strings.Builder
	for _, c := range Path(code) {
		b.WriteString(regions().names[c])
	}
	return b.String()
}

// Parse reads what people write: a code, or names from the province down with anything
// or nothing between them, each with or without its last word: 湖北 武汉 洪山区. It
// returns false when no region, or more than one, is meant.
func Parse(text string) (code string, ok bool) {
	text = strings.TrimSpace(text)
	if regions().names[text] != "" {
		return text, true
	}
	rest := strings.NewReplacer(" ", "", "　", "", "-", "", "/", "", "·", "", "，", "", ",", "", "市辖区", "").Replace(text)
	for rest != "" {
		next, after, found := step(code, rest)
		if !found {
			return "", false
		}
		code, rest = next, after
	}
	return code, code != ""
}

// step finds the child of code whose name rest begins with; the longest name wins. Where
// a city was left out the counties below it are looked at too.
func step(code, rest string) (next, after string, found bool) {
	best, twice := 0, false
	try := func(r Region) {
		for _, n := range []string{r.Name, short(r.Name)} {
			if n == "" || !strings.HasPrefix(rest, n) || len(n) < best {
				continue
			}
			twice = len(n) == best && next != r.Code
			best, next = len(n), r.Code
			return
		}
	}
	for _, r := range regions().under[code] {
		try(r)
	}
	if best == 0 && code != "" {
		for _, city := range regions().under[code] {
			for _, r := range regions().under[city.Code] {
				try(r)
			}
		}
	}
	return next, rest[best:], best > 0 && !twice
}

// short is the name without the word for its kind: 湖北, 武汉, 恩施; "" if nothing is left
// that names a place.
func short(name string) string {
	for _, kind := range []string{
		"壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "特别行政区", "土家族苗族自治州", "自治州", "自治县", "地区", "省", "市", "区", "县",
	} {
		if s, ok := strings.CutSuffix(name, kind); ok && len([]rune(s)) >= 2 {
			return s
		}
	}
	return ""
}
