// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// OutlierScaling is the channel-wise scaling of Outlier Suppression+ (arXiv 2304.09145,
// Section 4). A channel of magnitude h_i beyond a threshold t is divided by
//
//	r_i = max(1, h_i / t)
//
// and the weights that read the channel are multiplied by r_i. The method's channel-wise
// shifting is filter-wise shifting ([Shifting]), which follows this transform in a recipe.
// So before a pointwise convolution, whose input can be shifted, h_i is half of the
// channel's range; before other convolutions it is the largest magnitude.
//
// The paper searches t by the layer's error on pictures. A transform has a profile and no
// pictures. So t is the multiple of a hundredth of the largest h_i with the least
// estimated error of the layer's sums. The estimate takes roundings as uniform and
// independent, each channel as spread evenly over ±h_i, and one width for weights and
// activations.
type OutlierScaling struct{ Where Selection }

// String names the transform.
func (t OutlierScaling) String() string { return "outlier scaling of " + t.Where.String() }

// Apply inserts a Scale by 1/r_i before every picked convolution and multiplies the
// weights that read channel i.
func (t OutlierScaling) Apply(m *triovit.Folded, p *Profile, only func(*efficientvit.Op) bool) (*triovit.Folded, *Profile, []Change, error) {
	return rescale(m, p, "outlier scaling", t.Where, only, func(op *efficientvit.Op, in *TensorStats, w *weights.Tensor) ([]float64, error) {
		h := in.magnitudes()
		if op.Kernel == 1 {
			for c := range h {
				h[c] = (float64(in.Max[c]) - float64(in.Min[c])) / 2
			}
		}
		return outlierFactors(op, h, w), nil
	})
}

// outlierFactors returns r_i at the threshold of the least error, the largest threshold of
// equals.
func outlierFactors(op *efficientvit.Op, h []float64, w *weights.Tensor) []float64 {
	const candidates = 100
	top := slices.Max(h)
	best, least := make([]float64, len(h)), math.Inf(1)
	for k := candidates; k > 0; k-- {
		r, t := make([]float64, len(h)), top*float64(k)/candidates
		for c := range r {
			r[c] = 1
			if h[c] > t {
				r[c] = h[c] / t
			}
		}
		if e := outlierError(op, h, r, t, w); e < least*(1-1e-9) {
			best, least = r, e
		}
	}
	return best
}

// outlierError is proportional to the squared rounding error of the sums of all filters:
// the error of activations within ±t after the division by r, and the error of the
// weights.
func outlierError(op *efficientvit.Op, h, r []float64, t float64, w *weights.Tensor) (sum float64) {
	per := len(w.Data) / w.Shape[0]
	for o := range w.Shape[0] {
		widest, power := 0.0, 0.0
		for i := o * per; i < (o+1)*per; i++ {
			c := channelOf(op, w, i)
			v, x := float64(w.Data[i])*r[c], h[c]/r[c]
			widest = max(widest, math.Abs(v))
			power += x * x / 3
			sum += t * t * v * v
		}
		sum += widest * widest * power
	}
	return sum
}
