// SPDX-License-Identifier: Apache-2.0

package drawing

import (
	"math"
	"testing"
)

func TestMeasure(t *testing.T) {
	for _, test := range []struct {
		text, font string
		want       float64
	}{
		{"", "12px sans-serif", 0},
		{"il", "10px sans-serif", 5.8},
		{"0m", "10px sans-serif", 16.5},
		{"0m", "bold 20px sans-serif", 36.3},
		{"0m", "", 19.8},
	} {
		if got := Measure(test.text, test.font); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%q in %q is %v wide, want %v", test.text, test.font, got, test.want)
		}
	}
}
