package understand

import (
	"cmp"
	"slices"
	"time"
)

// find returns the times wanted and excluded in t, the dates that do not exist and by how
// much a time is to be shifted, and marks their words as explained.
func (p timePhrases) find(sentence string, t text, free []bool, now time.Time) (wanted, excluded []Span, never []string, shift time.Duration) {
	y, m, d := now.Date()
	s := scanner{
		fixed: p, runes: t.runes, free: slices.Clone(free), now: now,
		today: time.Date(y, m, d, 0, 0, 0, 0, now.Location()),
	}
	var g grouper
	for _, k := range s.scan() {
		g.take(k)
	}
	for _, n := range s.never {
		never = append(never, sentence[t.from[n[0]]:t.to[n[1]-1]])
	}
	for _, n := range append(s.never, s.shifted...) {
		for i := n[0]; i < n[1]; i++ {
			free[i] = false
		}
	}
	for _, group := range g.groups {
		for i := range free {
			if i < len(t.runes) && group.explains(i) {
				free[i] = false
			}
		}
		spans := group.spans(s.today, now)
		for _, span := range spans[:min(len(spans), maxSpans)] {
			span.Start, span.End = t.from[group.from], t.to[group.to-1]
			span.Text = sentence[span.Start:span.End]
			if group.excluded {
				span.Busy = !group.excepted()
				excluded = append(excluded, span)
			} else {
				wanted = append(wanted, span)
			}
		}
	}
	return sortSpans(wanted), sortSpans(excluded), never, s.shift
}

// sortSpans puts spans in the order of the sentence; what was said twice is one.
func sortSpans(spans []Span) []Span {
	slices.SortStableFunc(spans, func(a, b Span) int {
		return cmp.Or(a.Start-b.Start, a.From.Compare(b.From))
	})
	once := spans[:0]
	for _, s := range spans {
		if !slices.ContainsFunc(once, func(o Span) bool {
			return o.From.Equal(s.From) && o.To.Equal(s.To) && o.Repeat == s.Repeat && o.Precision == s.Precision
		}) {
			once = append(once, s)
		}
	}
	return once
}

// group is days and slots that belong together: in 周三周四下午三点或四点 each day has
// each slot.
type group struct {
	days     []days
	slots    []slot
	from, to int     // runes
	covered  []token // the words explained
	soon     bool
	excluded bool
	linked   bool // joined to the group before it: an exclusion counts for both
	late     bool // the days came after the slots
}

// days is a day or a range of days, or what lies before or after it.
type days struct {
	day
	ranged bool // 周一到周三 begins with the coming Monday
	bound  kind // afterToken, beforeToken, else 0
}

// slot is a part of the day, a time in it, or a range of times.
type slot struct {
	part      *part
	clock     *clock
	untilPart *part
	until     *clock
	bound     kind // afterToken, beforeToken, aboutToken, else 0
}

// explains reports whether rune i needs no other meaning. 来不了 has one more: with a
// booking, 明天来不了了 gives it up.
func (g *group) explains(i int) bool {
	return slices.ContainsFunc(g.covered, func(k token) bool {
		return k.from <= i && i < k.to && (k.kind != excludeToken || !k.gaveUp)
	})
}

// excepted reports whether the group is what somebody leaves out: 除了周五.
func (g *group) excepted() bool {
	return slices.ContainsFunc(g.covered, func(k token) bool { return k.kind == exceptToken })
}

// What one sentence can ask for; nobody means more.
const (
	maxGroups = 12
	maxEach   = 8  // days, and slots, of a group
	maxSpans  = 64 // of a group
)

// grouper puts tokens together. Days come before parts, parts before hours; a day after
// an hour begins a new group.
type grouper struct {
	groups []*group
	cur    *group
	text   int    // runes of other text since the group's last token
	comma  bool   // since the group's last token
	join   *token // since the group's last token
	till   *token // since the group's last token
	except *token // 除了 without its group yet
	negate bool   // in the clause of an 除了
}

func (g *grouper) take(k token) {
	switch k.kind {
	case dayToken:
		g.day(k)
	case partToken:
		g.part(k)
	case clockToken:
		g.clock(k)
	case soonToken:
		g.groups = append(g.groups, &group{soon: true, from: k.from, to: k.to, covered: []token{k}})
		g.cur = nil
	case joinToken:
		g.join = &k
	case tillToken:
		g.till = &k
	case commaToken:
		g.comma, g.negate, g.except = true, false, nil
	case afterToken, beforeToken, aboutToken:
		g.bound(k)
	case exceptToken:
		g.cur, g.negate, g.except = nil, true, &k
	case excludeToken:
		g.exclude(k)
	case fineToken:
		g.fine(k)
	case textToken:
		g.text += k.to - k.from
		g.till = nil
	}
}

// begin starts a group at k.
func (g *grouper) begin(k token) {
	linked := g.cur != nil && !g.cur.excluded && !g.comma && g.text == 0
	g.cur = &group{from: k.from, to: k.from, excluded: g.negate, linked: linked}
	if g.except != nil {
		g.cur.from = g.except.from
		g.cur.covered = append(g.cur.covered, *g.except)
		g.except = nil
	}
	if len(g.groups) < maxGroups {
		g.groups = append(g.groups, g.cur)
	}
}

// extend adds k to the group, with the 到 or 或 that led to it.
func (g *grouper) extend(k token) {
	for _, c := range []*token{g.join, g.till} {
		if c != nil && g.text == 0 && c.from >= g.cur.to {
			g.cur.covered = append(g.cur.covered, *c)
		}
	}
	g.cur.covered = append(g.cur.covered, k)
	g.cur.to = max(g.cur.to, k.to)
	g.text, g.comma, g.join, g.till = 0, false, nil, nil
}

// open reports whether the group can take more.
func (g *grouper) open() bool {
	return g.cur != nil && (!g.cur.excluded || g.negate || g.except != nil) && len(g.cur.days) < maxEach && len(g.cur.slots) < maxEach
}

func (g *grouper) day(k token) {
	switch {
	case g.open() && g.repeats(k):
	case g.open() && g.till != nil && len(g.cur.days) > 0 && len(g.cur.slots) == 0:
		last := &g.cur.days[len(g.cur.days)-1]
		last.n, last.ranged = rangeDays(last.day, k.day), true
	case g.open() && len(g.cur.days) == 0:
		g.cur.late = true
		g.cur.days = append(g.cur.days, days{day: k.day})
	case g.open() && (len(g.cur.slots) == 0 || g.cur.late) && !g.comma:
		g.cur.days = append(g.cur.days, days{day: k.day})
	default:
		g.begin(k)
		g.cur.days = []days{{day: k.day}}
	}
	g.extend(k)
}

// repeats reports whether k is the weekday of the date right before it: 10月16日（周四）.
// A weekday that contradicts the date is another day: which one is meant is to be asked.
func (g *grouper) repeats(k token) bool {
	n := len(g.cur.days)
	if n == 0 || len(g.cur.slots) > 0 || g.text > 0 || g.join != nil || g.till != nil {
		return false
	}
	last := g.cur.days[n-1].day
	return k.day.roll == nextWeek && last.roll != nextWeek && last.n == 1 && last.start.Weekday() == k.day.start.Weekday()
}

// rangeDays returns the days from a to b inclusive. A weekday or day of the month that
// would lie before a is the next one.
func rangeDays(a, b day) int {
	end := b.start.AddDate(0, 0, b.n)
	for range 12 {
		if end.After(a.start) {
			break
		}
		switch b.roll {
		case nextWeek, everyWeek:
			end = end.AddDate(0, 0, 7)
		case nextMonth:
			end = end.AddDate(0, 1, 0)
		default:
			return a.n
		}
	}
	if b.roll == nextMonth { // the 16 of 10月14到16号 is in October
		for first := end.AddDate(0, -1, 0); first.After(a.start); first = end.AddDate(0, -1, 0) {
			end = first
		}
	}
	n := int(end.Sub(a.start).Round(24*time.Hour) / (24 * time.Hour))
	return min(max(n, a.n), 62)
}

func (g *grouper) part(k token) {
	if !g.open() {
		g.begin(k)
	} else if g.cur.late {
		last := len(g.cur.days) - 1
		d := g.cur.days[last]
		g.cur.days = g.cur.days[:last]
		g.begin(k)
		g.cur.days = []days{d}
	}
	if n := len(g.cur.slots); n > 0 && g.till != nil && g.cur.slots[n-1].clock != nil && g.cur.slots[n-1].until == nil {
		g.cur.slots[n-1].untilPart = &k.part
		till := g.till
		g.extend(k)
		g.till = till
		return
	}
	g.cur.slots = append(g.cur.slots, slot{part: &k.part})
	g.extend(k)
}

func (g *grouper) clock(k token) {
	if !g.open() {
		g.begin(k)
	}
	n := len(g.cur.slots)
	switch {
	case n > 0 && g.till != nil && g.cur.slots[n-1].clock != nil && g.cur.slots[n-1].until == nil:
		g.cur.slots[n-1].until = &k.clock
	case n > 0 && g.cur.slots[n-1].clock == nil:
		g.cur.slots[n-1].clock = &k.clock
	case n > 0:
		g.cur.slots = append(g.cur.slots, slot{part: g.cur.slots[n-1].part, clock: &k.clock})
	default:
		g.cur.slots = append(g.cur.slots, slot{clock: &k.clock})
	}
	g.extend(k)
}

// bound applies 以后, 以前, 左右 to what came last.
func (g *grouper) bound(k token) {
	if g.cur == nil {
		return
	}
	if n := len(g.cur.slots); n > 0 && !g.cur.late {
		g.cur.slots[n-1].bound = k.kind
	} else if len(g.cur.days) > 0 && k.kind != aboutToken {
		g.cur.days[len(g.cur.days)-1].bound = k.kind
	}
	g.extend(k)
}

// nearText is how much may stand between a time and what is said about it: 周五我们班有课.
const nearText = 6

// exclude turns the last group, and those joined to it, into what does not suit.
func (g *grouper) exclude(k token) {
	if g.cur == nil || g.text > nearText || g.comma {
		return
	}
	g.extend(k)
	for i := len(g.groups) - 1; i >= 0; i-- {
		g.groups[i].excluded = true
		if !g.groups[i].linked {
			break
		}
	}
	g.negate, g.except = false, nil
}

// fine explains 都行 after a time, so that it is not taken for 随便.
func (g *grouper) fine(k token) {
	if g.cur != nil && g.text <= nearText {
		g.cur.covered = append(g.cur.covered, k)
	}
}

// spans resolves the group.
func (g *group) spans(today, now time.Time) []Span {
	if g.soon {
		return []Span{{From: now, To: today.AddDate(0, 0, openDays), Precision: Soonest}}
	}
	if len(g.days) == 0 {
		return g.daily(today, now)
	}
	var spans []Span
	for _, d := range g.days {
		for _, day := range d.each(len(g.slots) > 0) {
			spans = append(spans, g.on(day, now)...)
		}
	}
	return spans
}

// each returns the day alone, or its single days when each has its own hours.
func (d days) each(single bool) []days {
	if !single || d.n == 1 || d.bound != 0 {
		return []days{d}
	}
	var each []days
	for i := range min(d.n, openDays) {
		one := d
		one.start, one.n = d.start.AddDate(0, 0, i), 1
		each = append(each, one)
	}
	return each
}

// on resolves the slots of one day, moving a bare weekday that is over to next week.
func (g *group) on(d days, now time.Time) []Span {
	slots := g.slots
	if len(slots) == 0 || d.bound != 0 {
		slots = []slot{{}}
	}
	spans := make([]Span, 0, len(slots))
	for _, s := range slots {
		span := d.span(s, now)
		if d.roll == nextWeek && (span.Past || d.ranged && !d.start.AddDate(0, 0, 1).After(now)) {
			next := d
			next.start = d.start.AddDate(0, 0, 7)
			span = next.span(s, now)
		}
		if d.roll == everyWeek || (d.roll == nextWeek && g.excluded) {
			span.Repeat = Weekly
		}
		span.Bare = d.roll == nextWeek
		spans = append(spans, span)
	}
	return spans
}

// daily resolves slots of any day: the next one ahead.
func (g *group) daily(today, now time.Time) []Span {
	spans := make([]Span, 0, len(g.slots))
	for _, s := range g.slots {
		span := days{day: day{start: today, n: 1}}.span(s, now)
		if span.Past {
			span = days{day: day{start: today.AddDate(0, 0, 1), n: 1}}.span(s, now)
		}
		span.Repeat = Daily
		spans = append(spans, span)
	}
	return spans
}

// span resolves one slot of one day.
func (d days) span(s slot, now time.Time) Span {
	end := d.start.AddDate(0, 0, d.n)
	span := Span{From: d.start, To: end, Precision: Day}
	if d.n > 1 {
		span.Precision = Days
	}
	switch {
	case d.bound == afterToken:
		span = Span{From: end, To: end.AddDate(0, 0, openDays), Precision: Days}
	case d.bound == beforeToken:
		span = Span{From: now, To: d.start, Precision: Days}
		if !span.From.Before(span.To) {
			span.From = d.start.AddDate(0, 0, -1)
		}
	case s.clock != nil:
		from, to, precision := s.minutes()
		span = Span{From: minuteOf(d.start, from), To: minuteOf(d.start, to), Precision: precision}
	case s.part != nil:
		span = Span{From: minuteOf(d.start, s.part.from), To: minuteOf(d.start, s.part.to), Precision: PartOfDay}
		switch s.bound {
		case afterToken:
			span.From, span.To = span.To, end
		case beforeToken:
			span.From, span.To = d.start, span.From
		}
	}
	span.Past = !span.To.After(now)
	if span.Precision == Instant {
		span.Past = span.From.Before(now.Truncate(time.Minute))
	}
	return span
}

// minutes resolves a clock to minutes from midnight.
func (s slot) minutes() (from, to int, precision Precision) {
	from = s.clock.minutes(s.part)
	switch {
	case s.until != nil:
		p := s.part
		if s.untilPart != nil {
			p = s.untilPart
		}
		if to = s.until.minutes(p); to <= from && !s.until.asWritten {
			to += 12 * 60
		}
		if to <= from {
			to += 24 * 60
		}
		return from, min(to, 36*60), Hours
	case s.clock.many > 0:
		return from, from + 60*s.clock.many, Hours
	}
	switch s.bound {
	case afterToken:
		return from, max(24*60, from+1), Hours
	case beforeToken:
		start := 0
		if s.part != nil && s.part.from < from {
			start = s.part.from
		}
		return start, max(from, start+1), Hours
	case aboutToken:
		return max(0, from-30), from + 31, Hours
	}
	return from, from + 1, Instant
}

// minutes applies the part of the day, or the rule for hours without one.
func (c clock) minutes(p *part) int {
	h := c.hour
	switch {
	case c.asWritten:
	case p == nil && h <= 7:
		h += 12
	case p == nil:
	case p.noon && h <= 3, p.late && h < 12:
		h += 12
	case h == 12 && p.midnight && p.late:
		h = 24
	case h == 12 && p.midnight:
		h = 0
	}
	return h*60 + c.minute
}

// minuteOf returns the wall time m minutes into the day that starts at midnight.
func minuteOf(midnight time.Time, m int) time.Time {
	y, mo, d := midnight.Date()
	return time.Date(y, mo, d, 0, m, 0, 0, midnight.Location())
}
