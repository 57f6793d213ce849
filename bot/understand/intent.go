package understand

import (
	"cmp"
	"slices"
	"strings"
)

// When an intent is certain, worth offering, and too close to another to choose.
const (
	certain   = 0.75
	offered   = 0.6
	partly    = 0.5 // the same for a sentence that is part of a phrase: 证明
	tooClose  = 0.1
	asWritten = 0.95 // hardly anything is misheard
	swallow   = 0.15 // how much worse a longer match may be and still replace one inside it
)

// What it costs when a sentence is not the phrase; differ has the rest.
const (
	missing    = 0.9
	extraFirst = 0.35
	extraNext  = 0.1
	swapped    = 0.4
)

// acts are verbs that decide what is wanted: 取消心理咨询 does not ask for 心理咨询.
// A phrase without the sentence's act loses actMissing.
func acts() []string {
	return []string{"取消 撤回 撤销 退订 不去了 不来了 不约了 不参加", "改期 改时间 改到 改成 换时间 换到 更改 修改", "查询 查看 查一下 进度"}
}

const actMissing = 0.35

// intents is an index from neighbouring sounds to the phrases that contain them.
type intents struct {
	names   []string
	aside   []bool // by intent
	phrases []phrase
	index   map[uint64][]uint16
	acts    [][]string
}

type phrase struct {
	intent  int
	glyphs  []glyph
	weights []float32 // of its characters, 1 on average
	acts    uint8
}

// Small words say little of what is wanted: 能不能帮我退学 shares four characters with
// 能不能约 and nothing else.
const (
	smallWords   = "我你您的了吗呢吧呀啊请帮给想要能可以会个一下这那"
	linkingWords = "有没不是在怎么什样"
)

// weightOf is how much a character says, at most 1.
func weightOf(r rune) float32 {
	switch {
	case strings.ContainsRune(smallWords, r):
		return 0.3
	case strings.ContainsRune(linkingWords, r):
		return 0.6
	default:
		return 1
	}
}

// weights returns what each character of a phrase says, 1 on average.
func weights(g []glyph) []float32 {
	list, sum := make([]float32, len(g)), float32(0)
	for i := range g {
		list[i] = weightOf(g[i].r)
		sum += list[i]
	}
	for i := range list {
		list[i] *= float32(len(g)) / sum
	}
	return list
}

func newIntents(f folder, list []Intent) intents {
	in := intents{index: map[uint64][]uint16{}}
	for _, a := range acts() {
		in.acts = append(in.acts, strings.Fields(a))
	}
	for _, i := range list {
		in.names, in.aside = append(in.names, i.Name), append(in.aside, i.Aside)
		for _, p := range i.Phrases {
			w := f.words(p)
			if len(w) < 2 {
				continue
			}
			g := glyphs(w)
			n := uint16(len(in.phrases))
			in.phrases = append(in.phrases, phrase{len(in.names) - 1, g, weights(g), in.actsOf(g)})
			pairs(g, func(key uint64) {
				if l := in.index[key]; len(l) == 0 || l[len(l)-1] != n {
					in.index[key] = append(l, n)
				}
			})
		}
	}
	return in
}

// pairs yields each two neighbours, and each two with one between, by sound.
func pairs(g []glyph, yield func(uint64)) {
	for i := range g {
		for j := i + 1; j <= i+2 && j < len(g); j++ {
			for a := range g[i].n {
				for b := range g[j].n {
					yield(uint64(g[i].loose[a])<<32 | uint64(g[j].loose[b]))
				}
			}
		}
	}
}

// hit is a phrase found in g[from:to].
type hit struct {
	phrase   int
	score    float64
	from, to int
}

// said tells whether the sentence is the phrase, word for word: 我要开困难证明 is near to
// 我要开证明 and does not mean it.
func (h hit) said(g []glyph) bool { return h.score >= asWritten && h.to-h.from == len(g) }

// littleElse is how many characters beside its phrase a sentence may have that says
// nothing but an intent.
const littleElse = 3

// match returns the intent of g and whether g says little else, or the alternatives to
// ask about.
func (in intents) match(g []glyph) (intent string, score float64, whole bool, alternatives []string) {
	best := in.withoutAsides(in.bestByIntent(unswallowed(in.hits(g))))
	if len(best) == 0 {
		return "", 0, false, nil
	}
	score = best[0].score
	if score >= certain && (len(best) == 1 || score-best[1].score >= tooClose || in.asideOf(best[0]) || best[0].said(g) && !best[1].said(g)) {
		whole = len(g)-(best[0].to-best[0].from) <= littleElse
		return in.names[in.phrases[best[0].phrase].intent], score, whole, nil
	}
	for _, h := range best[:min(3, len(best))] {
		if (h.score >= offered || h.score >= partly && h.to-h.from == len(g)) && score-h.score < 2*tooClose {
			alternatives = append(alternatives, in.names[in.phrases[h.phrase].intent])
		}
	}
	return "", score, false, alternatives
}

// hits aligns every phrase that shares a pair of sounds with g.
func (in intents) hits(g []glyph) []hit {
	seen := make([]bool, len(in.phrases))
	act := in.actsOf(g)
	var hits []hit
	var a aligner
	pairs(g, func(key uint64) {
		for _, n := range in.index[key] {
			if seen[n] {
				continue
			}
			seen[n] = true
			p := &in.phrases[n]
			cost, from, to := a.align(p, g)
			score := 1 - float64(cost)/float64(len(p.glyphs))
			if act&^p.acts != 0 {
				score -= actMissing
			}
			if score >= partly-swallow {
				hits = append(hits, hit{int(n), score, from, to})
			}
		}
	})
	return hits
}

// unswallowed drops what lies inside a longer match of almost the same quality: in
// 困难认定证明 nobody asks for 证明.
func unswallowed(hits []hit) []hit {
	kept := make([]hit, 0, len(hits))
	for _, h := range hits {
		if !slices.ContainsFunc(hits, func(o hit) bool {
			return o.from <= h.from && h.to <= o.to && o.to-o.from > h.to-h.from && o.score >= max(offered, h.score-swallow)
		}) {
			kept = append(kept, h)
		}
	}
	return kept
}

// bestByIntent keeps the best hit of each intent, best first.
func (in intents) bestByIntent(hits []hit) []hit {
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(b.score, a.score), a.phrase-b.phrase)
	})
	best := hits[:0]
	for _, h := range hits {
		if !slices.ContainsFunc(best, func(b hit) bool {
			return in.phrases[b.phrase].intent == in.phrases[h.phrase].intent
		}) {
			best = append(best, h)
		}
	}
	return best
}

// withoutAsides drops what is said beside something as certain: 睡不好，我想预约.
func (in intents) withoutAsides(best []hit) []hit {
	if !slices.ContainsFunc(best, func(h hit) bool { return h.score >= max(certain, best[0].score-tooClose) && !in.asideOf(h) }) {
		return best
	}
	return slices.DeleteFunc(best, in.asideOf)
}

// asideOf reports whether the hit is no wish: of two feelings either will do.
func (in intents) asideOf(h hit) bool { return in.aside[in.phrases[h.phrase].intent] }

// actsOf returns the acts in g, one bit each.
func (in intents) actsOf(g []glyph) uint8 {
	var bits uint8
	for i := range g {
		for n, words := range in.acts {
			for _, w := range words {
				if glyphPrefix(g[i:], w) {
					bits |= 1 << n
				}
			}
		}
	}
	return bits
}

func glyphPrefix(g []glyph, word string) bool {
	i := 0
	for _, r := range word {
		if i >= len(g) || g[i].r != r {
			return false
		}
		i++
	}
	return true
}

// aligner finds a phrase inside a sentence at the least cost. Its rows are reused.
type aligner struct{ rows [3]row }

// row holds, for one prefix of the phrase and each end in the sentence, the least
// cost when the last step used the phrase (on) or skipped an extra rune (off).
type row struct{ on, off []path }

type path struct {
	cost float32
	from int
}

func (a *aligner) align(p *phrase, g []glyph) (cost float32, from, to int) {
	for i := range a.rows {
		if cap(a.rows[i].on) <= len(g) {
			a.rows[i] = row{make([]path, len(g)+1), make([]path, len(g)+1)}
		}
	}
	far, phrase := path{cost: 1 << 10}, p.glyphs
	first := &a.rows[0]
	for j := range len(g) + 1 {
		first.on[j], first.off[j] = path{0, j}, far
	}
	for i := range phrase {
		above, now := &a.rows[i%3], &a.rows[(i+1)%3]
		weight := p.weights[i]
		now.on[0], now.off[0] = above.on[0].plus(weight*missing), far
		for j := 1; j <= len(g); j++ {
			best := cheaper(above.on[j-1], above.off[j-1]).plus(weight * differ(&phrase[i], &g[j-1]))
			best = cheaper(best, above.on[j].plus(weight*missing))
			if i > 0 && j > 1 && phrase[i].r == g[j-2].r && phrase[i-1].r == g[j-1].r {
				best = cheaper(best, a.rows[(i+2)%3].on[j-2].plus(swapped))
			}
			now.on[j] = best
			now.off[j] = cheaper(now.on[j-1].plus(extraFirst), now.off[j-1].plus(extraNext))
		}
	}
	last := a.rows[len(phrase)%3].on[:len(g)+1]
	end := 0
	for j := range last {
		if last[j].cost < last[end].cost {
			end = j
		}
	}
	return last[end].cost, last[end].from, end
}

func (p path) plus(cost float32) path { return path{p.cost + cost, p.from} }

func cheaper(a, b path) path {
	if b.cost < a.cost {
		return b
	}
	return a
}
