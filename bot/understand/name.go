package understand

import (
	"slices"
	"strings"
)

// titles follow a surname or given name. Longer ones first.
func titles() []string {
	return []string{"咨询老师", "咨询师", "辅导员", "老师", "教授", "主任", "医生", "书记", "导员"}
}

// isCompoundSurname knows the surnames of two characters; every other has one.
func isCompoundSurname(s string) bool {
	switch s {
	case "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "宇文", "长孙",
		"司徒", "司空", "夏侯", "单于", "南宫", "西门", "端木", "闻人", "轩辕", "钟离", "百里", "呼延", "拓跋":
		return true
	}
	return false
}

// directory finds names in a sentence.
type directory struct {
	entries []entry
	titles  [][]glyph
}

// entry is one person or place with every way to write it.
type entry struct {
	id       string
	full     [][]glyph // name and aliases
	surname  []glyph   // only of a Chinese personal name
	givenTwo []glyph   // given name of two characters, else nil
}

func newDirectory(f folder, names []Name) directory {
	var d directory
	for _, n := range names {
		e := entry{id: n.ID}
		for _, s := range append([]string{n.Name}, n.Aliases...) {
			if g := glyphs(f.words(s)); len(g) >= 2 {
				e.full = append(e.full, g)
			}
		}
		name := f.words(n.Name)
		if 2 <= len(name) && len(name) <= 4 && isHan(name[0]) {
			cut := 1
			if len(name) > 2 && isCompoundSurname(string(name[:2])) {
				cut = 2
			}
			e.surname = glyphs(name[:cut])
			if len(name)-cut == 2 {
				e.givenTwo = glyphs(name[cut:])
			}
		}
		d.entries = append(d.entries, e)
	}
	for _, t := range titles() {
		d.titles = append(d.titles, glyphs([]rune(t)))
	}
	return d
}

// findPlaces returns the places named, in the order of the vocabulary. A place as
// written wins over one that only sounds alike.
func (d directory) findPlaces(g []glyph) []string {
	var ids []string
	best := float32(differs)
	for _, e := range d.entries {
		cost, _, _, ok := e.find(g)
		switch {
		case !ok || (best == 0 && cost > 0):
		case cost == 0 && best > 0:
			ids, best = []string{e.id}, 0
		default:
			ids, best = append(ids, e.id), min(best, cost)
		}
	}
	return ids
}

// findPeople returns who is named and who is turned down, each once, and marks their
// names as explained; the title stays, since 约老师 is still to be understood.
func (d directory) findPeople(g []glyph, free []bool) (wanted, refused []string) {
	take := func(ids []string, from, to int) {
		into := &wanted
		if d.refused(g, from) {
			into = &refused
		}
		for _, id := range ids {
			if !slices.Contains(*into, id) {
				*into = append(*into, id)
			}
		}
		for i := from; i < to; i++ {
			free[i] = false
		}
	}
	d.fullNames(g, take)
	d.titled(g, free, take)
	return wanted, refused
}

// fullNames takes every name as written; only without any, the ones that sound alike.
func (d directory) fullNames(g []glyph, take func([]string, int, int)) {
	type hit struct {
		id       string
		from, to int
	}
	var exact, alike []hit
	for _, e := range d.entries {
		cost, from, to, ok := e.find(g)
		switch {
		case ok && cost == 0:
			exact = append(exact, hit{e.id, from, to})
		case ok && len(g[from:to]) >= 3, ok && d.titleAt(g, to) > 0:
			alike = append(alike, hit{e.id, from, to})
		}
	}
	if len(exact) > 0 {
		alike = exact
	}
	slices.SortStableFunc(alike, func(a, b hit) int { return a.from - b.from })
	for _, h := range alike {
		take([]string{h.id}, h.from, h.to)
	}
}

// titled takes the names before a title: surname, else given name.
func (d directory) titled(g []glyph, free []bool, take func([]string, int, int)) {
	for i := range g {
		if d.titleAt(g, i) == 0 {
			continue
		}
		for _, n := range []int{2, 1} { // 欧阳老师 before 阳老师
			if i < n || !free[i-1] {
				continue
			}
			if ids := d.called(g[i-n : i]); len(ids) > 0 {
				take(ids, i-n, i)
				break
			}
		}
	}
}

// surnames that are common, without those that end a word a title may follow: 奖学金老师.
const surnames = "王李张刘陈杨黄赵吴徐孙马朱胡郭林罗郑梁宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋杜叶魏苏吕丁卢姚沈钟姜崔谭陆范汪廖韦贾夏付邹熊孟秦邱侯江尹薛闫龙黎陶贺毛郝顾龚邵覃武戴严莫孔汤"

// findStrangers returns who is called by a surname and a title and is nobody known.
func (d directory) findStrangers(g []glyph, free []bool) []string {
	var names []string
	if len(d.entries) == 0 {
		return nil
	}
	for i := 1; i < len(g); i++ {
		n := d.titleAt(g, i)
		if n == 0 || !free[i-1] || len(d.called(g[i-1:i])) > 0 {
			continue
		}
		from := i - 1
		if i >= 2 && isCompoundSurname(written(g[i-2:i])) {
			from = i - 2
		} else if !strings.ContainsRune(surnames, g[from].r) {
			continue
		}
		names = append(names, written(g[from:i+n]))
	}
	return names
}

func written(g []glyph) string {
	r := make([]rune, len(g))
	for i := range g {
		r[i] = g[i].r
	}
	return string(r)
}

// othersDo reports whether what is said beside a refused name takes everybody else: 都行.
func othersDo(rest []glyph) bool {
	said := written(rest)
	return slices.ContainsFunc([]string{"都行", "都可以", "都好", "都能", "都成", "都中", "都ok", "都没问题", "无所谓"}, func(w string) bool { return strings.Contains(said, w) })
}

// titleAt returns the length of the title at g[i:].
func (d directory) titleAt(g []glyph, i int) int {
	for _, t := range d.titles {
		if i+len(t) <= len(g) && slices.EqualFunc(g[i:i+len(t)], t, func(a, b glyph) bool { return a.r == b.r }) {
			return len(t)
		}
	}
	return 0
}

// called returns who has this surname or given name; as written, else as it sounds.
func (d directory) called(name []glyph) []string {
	var exact, alike []string
	for _, e := range d.entries {
		for _, own := range [][]glyph{e.surname, e.givenTwo} {
			cost, ok := sameSound(name, own)
			if !ok || len(own) == 0 {
				continue
			}
			if cost == 0 {
				exact = append(exact, e.id)
			} else {
				alike = append(alike, e.id)
			}
			break
		}
	}
	if len(exact) > 0 {
		return exact
	}
	if len(name) == 1 && strings.ContainsRune(beforeTitles, name[0].r) {
		return nil
	}
	return alike
}

// beforeTitles are characters that stand before 老师 and are nobody's surname, however they
// sound: 谢谢老师 does not ask for 叶老师, nor 约老师 for 岳老师.
const beforeTitles = "谢诉烦问好找约想的个位和跟对给有是让请换要哪这那见选去到了吧呢啊在当做看把叫等求又再还没被比为从向"

// find returns the closest place of one of the entry's names in g.
func (e entry) find(g []glyph) (cost float32, from, to int, ok bool) {
	for _, name := range e.full {
		for i := 0; i+len(name) <= len(g); i++ {
			c, same := sameSound(g[i:i+len(name)], name)
			if same && (!ok || c < cost) {
				cost, from, to, ok = c, i, i+len(name), true
			}
		}
	}
	return cost, from, to, ok
}

// refused reports whether the name at g[i] is turned down: right before it, or with the
// name before it (不要苏老师和顾老师).
func (d directory) refused(g []glyph, i int) bool {
	if refusedBefore(g, i) {
		return true
	}
	if i == 0 || !strings.ContainsRune("和跟与及或", g[i-1].r) {
		return false
	}
	before := i - 1
	for _, t := range d.titles {
		if n := before - len(t); n >= 0 && d.titleAt(g, n) == len(t) {
			before = n
			break
		}
	}
	for _, name := range []int{1, 2, 3} {
		if from := before - name; from >= 0 && d.refused(g, from) {
			return true
		}
	}
	return false
}

// refusedBefore reports whether a refusal stands right before g[i].
func refusedBefore(g []glyph, i int) bool {
	before := make([]rune, 0, 4)
	for _, x := range g[max(0, i-3):i] {
		before = append(before, x.r)
	}
	for _, r := range [...]string{"不要", "不想要", "不想找", "不想约", "除了", "不是", "不约", "换掉"} {
		if strings.HasSuffix(string(before), r) {
			return true
		}
	}
	return false
}
