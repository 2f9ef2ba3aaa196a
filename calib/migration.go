// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"math"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// Migration is channel-wise migration (paper Section III-B) of the inputs of depthwise
// convolutions: channel i is divided by a factor r_i, and the only filter that reads the
// channel is multiplied by r_i. Each filter is quantized on its own grid, so that this
// costs no accuracy, while the channels get similar ranges:
//
//	ref = max(quantile(A), mean_i(max A_i)),  r_i = clip(max A_i / ref, Min, Max)
//
// A are all values of the tensor, as in the released code. A channel whose maximum is zero
// keeps r_i = 1. A padded border stays zero.
type Migration struct {
	Where Selection
	// Quantile is the quantile of the whole tensor in ref; 0 means 0.99.
	Quantile float64
	// Min and Max bound the factors; 0 means 1/10 and 64.
	Min, Max float64
	// PowerOfTwo rounds the factors to powers of two from 2^0 to 2^5, a
	// variant that the released code has commented out: the division becomes a
	// shift.
	PowerOfTwo bool
	// Signed keeps the sign of a channel without positive values: its factor is −clip(|max
	// A_i| / ref, Min, Max), where the active code has Min. The released code contains
	// this variant commented out. The paper's figure of migrated ranges was made with it
	// (inferred: two channels in the figure have a positive minimum). A symmetric grid is
	// the same for the mirrored channel. An affine grid becomes narrower where few
	// channels are negative.
	Signed bool
}

// String names the transform.
func (t Migration) String() string {
	t = t.withDefaults()
	kind := fmt.Sprintf("factors clipped to %g..%g", t.Min, t.Max)
	if t.PowerOfTwo {
		kind = "factors of powers of two"
	}
	if t.Signed {
		kind += ", signed"
	}
	return fmt.Sprintf("channel-wise migration of %s, quantile %g, %s", t.Where, t.Quantile, kind)
}

func (t Migration) withDefaults() Migration {
	if t.Quantile == 0 {
		t.Quantile = 0.99
	}
	if t.Min == 0 {
		t.Min = 0.1
	}
	if t.Max == 0 {
		t.Max = 64
	}
	return t
}

// Apply inserts a Scale by 1/r_i before every picked convolution and
// multiplies its filters. A convolution that is not depthwise is an error:
// its filters read more than one channel.
func (t Migration) Apply(m *triovit.Folded, p *Profile, only func(*efficientvit.Op) bool) (*triovit.Folded, *Profile, []Change, error) {
	t = t.withDefaults()
	return rescale(m, p, "channel-wise migration", t.Where, only, func(op *efficientvit.Op, in *TensorStats, _ *weights.Tensor) ([]float64, error) {
		if err := depthwise(op); err != nil {
			return nil, err
		}
		if len(in.Hist.Bins) == 0 {
			return nil, fmt.Errorf("the profile has no histogram of %q, which a transform made", in.Name)
		}
		return t.factors(in), nil
	})
}

// factors returns r_i of every channel.
func (t Migration) factors(in *TensorStats) []float64 {
	mean := 0.0
	for _, m := range in.Max {
		mean += float64(m) / float64(len(in.Max))
	}
	ref := max(float64(in.Hist.Quantile(t.Quantile)), mean)
	r := make([]float64, len(in.Max))
	for i, m := range in.Max {
		r[i] = float64(m) / ref
		if t.Signed {
			r[i] = math.Abs(r[i])
		}
		switch {
		case !(ref > 0) || m == 0:
			r[i] = 1
		case t.PowerOfTwo:
			r[i] = math.Exp2(min(max(math.RoundToEven(math.Log2(max(r[i], 1))), 0), 5))
		default:
			r[i] = min(max(r[i], t.Min), t.Max)
		}
		if t.Signed && m < 0 {
			r[i] = -r[i]
		}
	}
	return r
}
