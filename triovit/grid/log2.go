// SPDX-License-Identifier: Apache-2.0

package grid

import (
	"fmt"
	"math"
)

// Log2 is a grid of powers of two: Unit·2^c for the codes c from Lo to Hi. From
// Threshold·2^c on (in units) a value takes code c+1 instead of c. A division by a value
// of the grid is a shift (paper Section III-D). Threshold is √2 for the nearest power in
// the log domain and 1.5 for the leading one and its next lower bit.
type Log2 struct {
	Unit      float32
	Lo, Hi    int
	Threshold float64
	// Integer rounds x/Unit to an integer first, half to even, and clamps it to at most
	// IntegerMax, like the divisor in hardware.
	Integer    bool
	IntegerMax int
}

// Code returns the code that stands for x. NaN has no code.
func (l Log2) Code(x float32) int {
	v := x / l.Unit
	if l.Integer {
		v = min(float32(math.RoundToEven(float64(v))), float32(l.IntegerMax))
	}
	c := l.Lo
	for c < l.Hi && v >= l.Boundary(c) {
		c++
	}
	return c
}

// Boundary returns the smallest multiple of Unit whose code is c+1.
func (l Log2) Boundary(c int) float32 { return float32(math.Ldexp(l.Threshold, c)) }

// Value returns the value that the code c stands for, Unit·2^c.
func (l Log2) Value(c int) float32 { return float32(math.Ldexp(float64(l.Unit), c)) }

// Fake returns the value that stands for x, Value(Code(x)), and NaN where x is NaN
// or infinite: a grid must not hide that a network overflows.
func (l Log2) Fake(x float32) float32 { return l.Value(l.Code(x)) + (x - x) }

// String returns the codes and the variant.
func (l Log2) String() string {
	s := fmt.Sprintf("log2 codes %d..%d unit %g threshold %g", l.Lo, l.Hi, l.Unit, l.Threshold)
	if l.Integer {
		s += fmt.Sprintf(" of integers to %d", l.IntegerMax)
	}
	return s
}
