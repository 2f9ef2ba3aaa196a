// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"math"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// identity reports whether an operand is a block's own input in the block's residual sum.
func identity(op *efficientvit.Op, index int) bool {
	return op.Kind == efficientvit.Add && op.Role == efficientvit.Residual && index == 0
}

// gridName returns the name of an operand's grid: the name of its tensor, with
// residualSuffix where residual sums have their own grids.
func gridName(op *efficientvit.Op, index int, residuals bool) string {
	if residuals && identity(op, index) {
		return op.Inputs[index] + residualSuffix
	}
	return op.Inputs[index]
}

// residualSuffix ends the name of a grid of a block's input in its residual sum.
const residualSuffix = ".residual"

// residual chooses the grids of blocks' inputs in residual sums, independently of the
// recipe's rule for activations. The grid is symmetric, and its step is the least power of
// two that clamps no observed value. Between two such grids a value is only shifted, and
// no multiplier rounds a factor.
type residual struct{}

// String names the rule.
func (residual) String() string { return "min-max, steps of powers of two" }

// Choose returns a [grid.Uniform].
func (residual) Choose(stats *TensorStats, point efficientvit.Point) (Quantizer, error) {
	lo, hi, err := stats.bounds()
	if err != nil {
		return nil, fmt.Errorf("a residual sum's grid: %w", err)
	}
	u := gridOf(lo, hi, point.Bits, true, false)
	fraction, exponent := math.Frexp(float64(u.Scale)) // the scale is fraction·2^exponent, with the fraction in [1/2, 1)
	if fraction == 0.5 {
		exponent--
	}
	u.Scale = float32(math.Ldexp(1, exponent))
	return u, nil
}
