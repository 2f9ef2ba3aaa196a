// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// quantizeFilters returns the weights on a grid per filter (first axis) of the
// given width, with the step of each filter: symmetric min-max as in the
// paper, or affine as in the released code.
func quantizeFilters(w *weights.Tensor, bits int, affine bool) (*weights.Tensor, []float32) {
	q := weights.New(w.Shape...)
	steps := make([]float32, w.Shape[0])
	per := len(w.Data) / len(steps)
	for o := range steps {
		filter := w.Data[o*per : (o+1)*per]
		lo, hi := 0.0, 0.0
		for _, v := range filter {
			lo, hi = min(lo, float64(v)), max(hi, float64(v))
		}
		grid := spread(lo, hi, bits, true, affine)
		for i, v := range filter {
			q.Data[o*per+i] = grid.Fake(v)
		}
		steps[o] = grid.Scale
	}
	return q, steps
}
