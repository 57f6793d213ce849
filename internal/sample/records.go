package sample

import (
	"fmt"
	"strconv"

	"github.com/xuegong/xuegong/internal/sheet"
)

// records is what the school has on record of a student.
type records struct {
	tier, awards, aid, loan, honours string // of this school year
	lastTier                         string // of the one before
	home, bank                       string // "" is not known
}

// recordsOf gives the students records as varied as those of a school: tiers of this year,
// of another kind and only of last year, and some of whom nothing is known.
func recordsOf(i int) records {
	if i == 1 {
		return records{
			tier: "困难", lastTier: "特困", awards: "国家励志奖学金、国家助学金", aid: "冬季送温暖补助", honours: "校级三好学生、优秀志愿者",
			home: "湖北省恩施土家族苗族自治州利川市", bank: "0423",
		}
	}
	r := records{home: homeOf(i), bank: fmt.Sprintf("%04d", i*37%10000)}
	switch {
	case i%11 == 0:
		r.tier, r.lastTier, r.awards, r.aid = "特困", "特困", "国家助学金", "伙食补助"
	case i%7 == 0:
		r.tier, r.awards = "困难", "国家助学金"
	case i%13 == 0:
		r.tier, r.lastTier = "一般困难", "困难"
	case i%17 == 3:
		r.lastTier = "困难"
	}
	if i%9 == 0 {
		r.awards, r.honours = "校级一等奖学金", "校级三好学生"
	}
	if i%8 == 2 {
		r.honours = "优秀学生干部"
	}
	if i%17 == 0 {
		r.loan = "国家助学贷款"
	}
	if i%12 == 5 {
		r.bank = ""
	}
	return r
}

// homeOf spreads the students over the country; of one in ten the home is not known.
func homeOf(i int) string {
	if i%10 == 9 {
		return ""
	}
	homes := []string{
		"湖北省武汉市洪山区", "湖北省黄冈市麻城市", "河南省信阳市固始县", "湖南省岳阳市平江县", "安徽省六安市金寨县", "江西省赣州市兴国县",
		"四川省凉山彝族自治州西昌市", "贵州省毕节市织金县", "甘肃省定西市临洮县", "新疆维吾尔自治区喀什地区莎车县", "浙江省杭州市余杭区", "上海市浦东新区",
	}
	return homes[i%len(homes)]
}

// lastYear is the list of tiers the school recognised the year before.
func lastYear(year int) sheet.Table {
	t := sheet.Table{Header: []string{"学号/工号", "困难等级", "年份"}}
	for _, p := range people() {
		if p.number != "" && p.has.lastTier != "" {
			t.Rows = append(t.Rows, sheet.Row{Number: len(t.Rows) + 2, Cells: []string{p.number, p.has.lastTier, strconv.Itoa(year - 1)}})
		}
	}
	return t
}
