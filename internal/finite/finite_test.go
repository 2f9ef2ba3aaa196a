// SPDX-License-Identifier: Apache-2.0

package finite

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestFirst compares First with its definition for values of any bits.
func TestFirst(t *testing.T) {
	for _, bits := range []uint32{0x7fc00000, 0x7f800001, 0xffffffff, 0x7f800000, 0xff800000} {
		if got := First([]float32{0, math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, math.Float32frombits(bits)}); got != 4 {
			t.Errorf("%#x behind four finite values is found at %d", bits, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		var values []float32
		for _, bits := range rapid.SliceOf(rapid.Uint32()).Draw(t, "bits") {
			values = append(values, math.Float32frombits(bits))
		}
		want := slices.IndexFunc(values, func(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) })
		if got := First(values); got != want {
			t.Errorf("the first of %v is at %d, want %d", values, got, want)
		}
	})
}
