package static_test

import (
	"math"
	"strconv"
)

// contrast of two colours as WCAG 2.2 defines it, 1 to 21; 0 if one is no colour.
func contrast(a, b string) float64 {
	la, lb := luminance(a), luminance(b)
	if la < 0 || lb < 0 {
		return 0
	}
	return (math.Max(la, lb) + 0.05) / (math.Min(la, lb) + 0.05)
}

func luminance(hex string) float64 {
	if len(hex) != 7 {
		return -1
	}
	n, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil {
		return -1
	}
	channel := func(v uint64) float64 {
		c := float64(v&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(n>>16) + 0.7152*channel(n>>8) + 0.0722*channel(n)
}
