// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// Percentile spans the grid over all values except the farthest at each end (McKinstry et
// al., arXiv 1809.04191). NVIDIA's study of integer quantization recommends 99.99 for
// activations (arXiv 2004.09602).
type Percentile struct {
	// Percent of the values lie below the upper end, and as many above the lower end; 0
	// means 99.99.
	Percent float64
	// Affine is as in [MinMax].
	Affine bool
}

// String names the rule.
func (p Percentile) String() string {
	return affinely(fmt.Sprintf("percentile %g", p.percent()), p.Affine)
}

func (p Percentile) percent() float64 {
	if p.Percent == 0 {
		return 99.99
	}
	return p.Percent
}

// Choose returns a grid.Uniform. An end is exact to the width of a histogram's bin, 0.8 %,
// and never beyond the range observed.
func (p Percentile) Choose(stats *TensorStats, point efficientvit.Point) (Quantizer, error) {
	if percent := p.percent(); !(percent > 50 && percent <= 100) {
		return nil, fmt.Errorf("percentile %g: above 50 and up to 100 is allowed", percent)
	}
	lo, hi, err := stats.distribution(point)
	if err != nil {
		return nil, err
	}
	q := p.percent() / 100
	if q < 1 {
		lo, hi = max(lo, float64(stats.Hist.Quantile(1-q))), min(hi, float64(stats.Hist.Quantile(q)))
	}
	return gridOf(lo, hi, point.Bits, point.Signed, p.Affine), nil
}
