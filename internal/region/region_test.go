package region_test

import (
	"testing"

	"github.com/xuegong/xuegong/internal/region"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"420111":     "420111",
		"湖北省武汉市洪山区":  "420111",
		"湖北 武汉 洪山区":  "420111",
		"湖北省-武汉市":    "420100",
		"湖北":         "420000",
		"湖北省洪山区":     "420111", // the city left out
		"北京市市辖区东城区":  "110101",
		"北京市东城区":     "110101",
		"湖北省仙桃市":     "429004",
		"内蒙古自治区":     "150000",
		"香港":         "810000",
		"广东省东莞市":     "441900",
		"新疆乌鲁木齐天山区":  "650102",
		" 河南省 郑州市 ":  "410100",
		"":           "",
		"火星":         "",
		"湖北省上海市":     "",
		"湖北省武汉市洪山区1": "",
		"420112345":  "",
	} {
		if got, ok := region.Parse(text); got != want || ok != (want != "") {
			t.Errorf("Parse(%q) = %q, %v; want %q", text, got, ok, want)
		}
	}
}

func TestEveryRegionIsFoundByItsNameAndItsCode(t *testing.T) {
	t.Parallel()
	seen := 0
	var walk func(code string, depth int)
	walk = func(code string, depth int) {
		for _, r := range region.Under(code) {
			seen++
			name := region.Name(r.Code)
			if got, ok := region.Parse(name); !ok || got != r.Code {
				t.Errorf("%s is %s, read back as %q", r.Code, name, got)
			}
			if path := region.Path(r.Code); len(path) != depth || path[depth-1] != r.Code {
				t.Errorf("path of %s is %v", r.Code, path)
			}
			walk(r.Code, depth+1)
		}
	}
	walk("", 1)
	if seen < 3200 || len(region.Under("")) != 34 {
		t.Errorf("%d regions of %d provinces", seen, len(region.Under("")))
	}
}

func TestAnUnknownCodeHasNoName(t *testing.T) {
	t.Parallel()
	if region.Name("999999") != "" || region.Path("42") != nil || len(region.Under("420111")) != 0 {
		t.Error("a code nobody has is known")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("湖北省武汉市洪山区")
	f.Add("北京 东城")
	f.Fuzz(func(t *testing.T, text string) {
		if code, ok := region.Parse(text); ok && region.Name(code) == "" {
			t.Errorf("Parse(%q) = %q, which has no name", text, code)
		}
	})
}
