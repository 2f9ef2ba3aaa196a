// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// PowerOfTwoFactor is the power-of-two factor of FQ-ViT (arXiv 2111.13824, Section 3.2).
// The channels of a tensor share one step, up to a factor 2^α per channel with α from 0 to
// K, so that a shift brings a channel to its grid. FQ-ViT applies it to the inputs of
// LayerNorm. Here it precedes convolutions, whose weights are multiplied by the factor:
//
//	r_i = 2^−min(K, ⌊log2(max |A| / max |A_i|)⌋)
//
// FQ-ViT takes the α of the least squared error, clipping included. A profile has no
// histogram of each channel. So here α is chosen for the smallest range that holds the
// channel. A channel of zeros keeps r_i = 1.
type PowerOfTwoFactor struct {
	Where Selection
	// Octaves is K, 0 for FQ-ViT's 3.
	Octaves int
}

// String names the transform.
func (t PowerOfTwoFactor) String() string {
	return fmt.Sprintf("power-of-two factor of %s, %d octaves", t.Where, t.octaves())
}

func (t PowerOfTwoFactor) octaves() int { return cmp.Or(t.Octaves, 3) }

// Apply inserts a Scale by 1/r_i before every picked convolution and multiplies the
// weights that read channel i.
func (t PowerOfTwoFactor) Apply(m *triovit.Folded, p *Profile, only func(*efficientvit.Op) bool) (*triovit.Folded, *Profile, []Change, error) {
	if t.octaves() < 1 || t.octaves() > 30 {
		return nil, nil, nil, fmt.Errorf("power-of-two factor of %d octaves: 1 to 30 are allowed", t.octaves())
	}
	return rescale(m, p, "power-of-two factor", t.Where, only, func(_ *efficientvit.Op, in *TensorStats, _ *weights.Tensor) ([]float64, error) {
		return t.factors(in.magnitudes()), nil
	})
}

// factors returns r_i for channels with the given largest magnitudes.
func (t PowerOfTwoFactor) factors(magnitudes []float64) []float64 {
	r, top := make([]float64, len(magnitudes)), slices.Max(magnitudes)
	for i, a := range magnitudes {
		r[i] = 1
		if a > 0 {
			r[i] = math.Exp2(-min(float64(t.octaves()), math.Floor(math.Log2(top/a))))
		}
	}
	return r
}
