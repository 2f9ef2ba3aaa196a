// SPDX-License-Identifier: Apache-2.0

package exercise_test

import (
	"math/bits"
	"slices"
	"testing"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/exercise"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// TestCalib: the grids that package calib chooses pass the checks. The checks cannot call
// calib themselves, since they link no tensor library.
func TestCalib(t *testing.T) {
	choose := func(o calib.Observer, lo, hi float32) calib.Quantizer {
		q, err := o.Choose(&calib.TensorStats{Name: "drawn", Min: []float32{lo}, Max: []float32{hi}}, efficientvit.Point{Signed: true})
		if err != nil {
			t.Error(err)
		}
		return q
	}
	for _, v := range []exercise.Verdict{
		exercise.E2(func(x []float32, hi int) float32 {
			return choose(calib.MinMax{Bits: 1 + bits.Len(uint(hi))}, slices.Min(x), slices.Max(x)).(grid.Uniform).Scale
		}),
		exercise.E7(func(divisor float32, _, hi int) int {
			return choose(calib.LogDomain{}, 0, float32(int(1)<<hi)).(grid.Log2).Code(divisor)
		}),
	} {
		if !v.Passed {
			t.Error(v)
		}
	}
}
