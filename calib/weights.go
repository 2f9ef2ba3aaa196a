// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"math"

	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// maxBiasCode bounds a bias on the accumulator's grid, so that a 32-bit
// accumulator keeps room for the sum of products.
const maxBiasCode = 1 << 30

// quantizeFilters puts the weights on a grid per filter (first axis) of the
// given width: symmetric min-max as in the paper, or affine as in the released
// code. The step of filter o is at least least[o].
func quantizeFilters(w *weights.Tensor, bits int, affine bool, least []float64) (*weights.Tensor, []grid.Uniform) {
	q := weights.New(w.Shape...)
	grids := make([]grid.Uniform, w.Shape[0])
	per := len(w.Data) / len(grids)
	for o := range grids {
		filter := w.Data[o*per : (o+1)*per]
		lo, hi := 0.0, 0.0
		for _, v := range filter {
			lo, hi = min(lo, float64(v)), max(hi, float64(v))
		}
		u := gridOf(lo, hi, bits, true, affine)
		if lo == hi || float64(u.Scale) < least[o] {
			// The filter's weights are next to nothing: the bias decides the step.
			u.Scale = float32(least[o])
			if !(u.Scale > 0) {
				u.Scale = 1
			}
			if affine {
				u.Zero = int(math.RoundToEven(-lo / float64(u.Scale)))
			}
		}
		for i, v := range filter {
			q.Data[o*per+i] = u.Fake(v)
		}
		grids[o] = u
	}
	return q, grids
}
