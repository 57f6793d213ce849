package form

import "time"

// Longest is how many characters a text may have.
func (f Field) Longest() int { return f.maxLength() }

// Most is how many choices, photos, files or rows there may be.
func (f Field) Most() int {
	if f.Kind == Rows {
		return f.maxRows()
	}
	return f.count(f.Max, maxCount(f.Kind))
}

// Days are the first and the last day that can be chosen, "" without a bound.
func (f Field) Days(now time.Time) (first, last string) {
	first, _ = bound(f.Min, now)
	last, _ = bound(f.Max, now)
	return first, last
}
