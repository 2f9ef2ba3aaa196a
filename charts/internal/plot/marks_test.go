// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestCaptionsFit: the panel is as wide as its captions let it.
func TestCaptionsFit(t *testing.T) {
	short, long := "1", strings.Repeat("x", 50)
	room := 500 - 24 - TextWidth(long, 12, false)
	for name, test := range map[string]struct {
		captions []Point
		want     float64
	}{
		"long behind the longest bar": {[]Point{{long, []any{10.0, 0}}, {short, []any{5.0, 1}}}, room},
		"long behind half a bar":      {[]Point{{short, []any{10.0, 0}}, {long, []any{2.5, 1}}}, 4 * room},
		"no bars":                     {[]Point{{long, []any{0.0, 0}}}, 500 - 24},
	} {
		t.Run(name, func(t *testing.T) {
			if got := CaptionedWidth(500, test.captions); math.Abs(got-test.want) > 1e-9 {
				t.Errorf("%v pixels, want %v", got, test.want)
			}
		})
	}
}

func TestDecadesHoldTheirValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOf(rapid.Float64Range(1e-6, 1e12)).Draw(t, "values")
		a := Decades("x", append(values, math.NaN(), 0))
		if !(a.Lo > 0 && a.Lo*10 <= a.Hi*(1+1e-9)) {
			t.Fatalf("axis from %v to %v, want a decade at least", a.Lo, a.Hi)
		}
		for _, v := range values {
			if v < a.Lo || v > a.Hi {
				t.Fatalf("%v is outside of %v to %v", v, a.Lo, a.Hi)
			}
		}
	})
}
