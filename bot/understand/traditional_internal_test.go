package understand

import (
	"testing"
	"unicode/utf8"
)

func TestTraditionalPairsUp(t *testing.T) {
	t.Parallel()
	if a, b := utf8.RuneCountInString(traditional), utf8.RuneCountInString(simplified); a != b {
		t.Fatalf("%d traditional characters, %d simplified", a, b)
	}
	for from, to := range simpler() {
		if _, again := simpler()[to]; from == to || again {
			t.Errorf("%c to %c is not a simplification", from, to)
		}
	}
}
