// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// EMA spans the grid over exponential moving averages of each picture's minimum and
// maximum, in the order of the calibration set (Jacob et al., arXiv 1712.05877; PyTorch's
// MovingAverageMinMaxObserver with batches of one). A range that occurs in few pictures
// has little weight.
type EMA struct {
	// Weight of a further picture; 0 means 0.01, as in PyTorch.
	Weight float64
	// Affine is as in [MinMax].
	Affine bool
}

// String names the rule.
func (e EMA) String() string {
	name := "EMA"
	if e.weight() != (EMA{}).weight() {
		name += fmt.Sprintf(" %g", e.weight())
	}
	return affinely(name, e.Affine)
}

func (e EMA) weight() float64 {
	if e.Weight == 0 {
		return 0.01
	}
	return e.Weight
}

// Choose returns a grid.Uniform.
func (e EMA) Choose(stats *TensorStats, point efficientvit.Point) (Quantizer, error) {
	w := e.weight()
	if !(w > 0 && w <= 1) {
		return nil, fmt.Errorf("a moving average with weight %g: above 0 and up to 1 is allowed", w)
	}
	if _, _, err := stats.distribution(point); err != nil {
		return nil, err
	}
	if len(stats.Ranges) == 0 {
		return nil, fmt.Errorf("the profile has no ranges of single pictures of %q: observe the model again", stats.Name)
	}
	lo, hi := float64(stats.Ranges[0].Min), float64(stats.Ranges[0].Max)
	for _, r := range stats.Ranges[1:] {
		lo += w * (float64(r.Min) - lo)
		hi += w * (float64(r.Max) - hi)
	}
	return gridOf(lo, hi, point.Bits, point.Signed, e.Affine), nil
}
