// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"cmp"
	"fmt"
	"math"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// SmoothQuant is the migration of SmoothQuant (arXiv 2211.10438, Eq. 4). A channel of a
// convolution's input is divided, and the weights that read it are multiplied, by
//
//	r_i = max |A_i|^Strength / max |W_i|^(1−Strength)
//
// so that weights and activations share the rounding error. SmoothQuant folds the division
// into the LayerNorm before a linear layer. EfficientViT has no LayerNorm there, so that
// the requantization behind Hardswish takes the division. Where every reader of a residual
// sum divides it first, the sum has no grid of its own, and [Freeze] refuses it. A channel
// of zeros, in activations or weights, keeps r_i = 1.
type SmoothQuant struct {
	Where Selection
	// Strength is the paper's α, more than 0 and at most 1; 0 means 0.5.
	Strength float64
}

// String names the transform.
func (t SmoothQuant) String() string {
	return fmt.Sprintf("SmoothQuant of %s, strength %g", t.Where, t.strength())
}

func (t SmoothQuant) strength() float64 { return cmp.Or(t.Strength, 0.5) }

// Apply inserts a Scale by 1/r_i before every picked convolution and multiplies the
// weights that read channel i.
func (t SmoothQuant) Apply(m *triovit.Folded, p *Profile, only func(*efficientvit.Op) bool) (*triovit.Folded, *Profile, []Change, error) {
	if s := t.strength(); !(s > 0 && s <= 1) {
		return nil, nil, nil, fmt.Errorf("SmoothQuant of strength %g: more than 0 and at most 1 is allowed", s)
	}
	return rescale(m, p, "SmoothQuant", t.Where, only, func(op *efficientvit.Op, in *TensorStats, w *weights.Tensor) ([]float64, error) {
		return t.factors(op, in.magnitudes(), w), nil
	})
}

// factors returns r_i for channels with the given largest magnitudes.
func (t SmoothQuant) factors(op *efficientvit.Op, magnitudes []float64, w *weights.Tensor) []float64 {
	r := make([]float64, len(magnitudes)) // the largest magnitudes of the weights at first
	for i, v := range w.Data {
		c := channelOf(op, w, i)
		r[c] = max(r[c], math.Abs(float64(v)))
	}
	for c, a := range magnitudes {
		if a > 0 && r[c] > 0 {
			r[c] = math.Pow(a, t.strength()) / math.Pow(r[c], 1-t.strength())
		} else {
			r[c] = 1
		}
	}
	return r
}
