// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gotriovit/gotriovit/internal/finite"
)

// A Quantizer maps a tensor onto the values that integers can express. It is
// pure data with two equal forms: of one value, and of a graph.
type Quantizer interface {
	// String tells the grid in words; two quantizers that differ have
	// different strings, because results are cached under them.
	String() string
	// Fake returns the value that stands for x, NaN where x is NaN or infinite: a
	// grid must not hide that a network overflows.
	Fake(x float32) float32
	// Graph returns the node whose elements are Fake of x's elements.
	Graph(x *Node) *Node
}

// checkGrid returns an error for a grid whose ends are not finite or not in order,
// such as one with a step of zero, and for divisors of which one is zero.
func checkGrid(q Quantizer) error {
	lo, hi := q.Fake(-math.MaxFloat32), q.Fake(math.MaxFloat32)
	ok := finite.First([]float32{lo, hi}) < 0
	switch q.(type) {
	case Uniform:
		ok = ok && lo < hi
	case Log2:
		ok = ok && lo > 0
	}
	if !ok {
		return fmt.Errorf("%s reaches from %g to %g, which is no grid", q, lo, hi)
	}
	return nil
}

// Uniform is a grid of equal steps: x ≈ Scale·(q − Zero) for the integers q
// from Lo to Hi (paper Eq. 5; Zero is 0 on a symmetric grid).
type Uniform struct {
	Scale  float32
	Zero   int
	Lo, Hi int
}

// Code returns the integer that stands for x: x/Scale rounded half to even,
// plus Zero, clamped to Lo..Hi.
func (u Uniform) Code(x float32) int {
	q := math.RoundToEven(float64(x/u.Scale)) + float64(u.Zero)
	return int(min(max(q, float64(u.Lo)), float64(u.Hi)))
}

// Fake returns Scale·(Code(x) − Zero).
func (u Uniform) Fake(x float32) float32 {
	return float32(u.Code(x)-u.Zero)*u.Scale + (x - x)
}

// Graph returns Fake of every element.
func (u Uniform) Graph(x *Node) *Node {
	q := Round(DivScalar(x, u.Scale))
	return keepNotFinite(x, MulScalar(ClipScalar(q, float64(u.Lo-u.Zero), float64(u.Hi-u.Zero)), u.Scale))
}

// String tells the range and the step.
func (u Uniform) String() string {
	return fmt.Sprintf("uniform %d..%d zero %d step %g", u.Lo, u.Hi, u.Zero, u.Scale)
}

// Log2 is a grid of powers of two: Unit·2^c for the codes c from Lo to Hi. A
// value takes code c+1 instead of c from Threshold·2^c on, so that dividing by
// it becomes a shift (paper Section III-D; facts of both variants in
// [LogDomain] and [LeadingOne]).
type Log2 struct {
	Unit      float32
	Lo, Hi    int
	Threshold float64
	// Integer says that x/Unit is first rounded to an integer, half to even,
	// and clamped to at most IntegerMax: the divisor as hardware holds it.
	Integer    bool
	IntegerMax int
}

// Code returns the code that stands for x.
func (l Log2) Code(x float32) int {
	v := x / l.Unit
	if l.Integer {
		v = min(float32(math.RoundToEven(float64(v))), float32(l.IntegerMax))
	}
	c := l.Lo
	for c < l.Hi && v >= l.threshold(c) {
		c++
	}
	return c
}

// threshold is the smallest multiple of Unit that takes code c+1.
func (l Log2) threshold(c int) float32 { return float32(math.Ldexp(l.Threshold, c)) }

// Fake returns Unit·2^Code(x).
func (l Log2) Fake(x float32) float32 {
	return float32(math.Ldexp(float64(l.Unit), l.Code(x))) + (x - x)
}

// Graph returns Fake of every element. It adds the steps between neighbouring
// powers of two wherever x has reached their threshold: no logarithm, whose
// rounding would not be that of the hardware.
func (l Log2) Graph(x *Node) *Node {
	g := x.Graph()
	v := DivScalar(x, l.Unit)
	if l.Integer {
		v = MinScalar(Round(v), float64(l.IntegerMax))
	}
	y := BroadcastToShape(Scalar(g, x.DType(), math.Ldexp(float64(l.Unit), l.Lo)), x.Shape())
	for c := l.Lo; c < l.Hi; c++ {
		reached := ConvertDType(GreaterOrEqual(v, Scalar(g, x.DType(), l.threshold(c))), x.DType())
		y = Add(y, MulScalar(reached, math.Ldexp(float64(l.Unit), c)))
	}
	return keepNotFinite(x, y)
}

// keepNotFinite returns y with NaN wherever x is NaN or infinite. Clipping makes
// infinities finite, and NaN too: which of its operands a maximum takes there
// depends on the backend.
func keepNotFinite(x, y *Node) *Node { return Add(y, Sub(x, x)) }

// String tells the codes and the variant.
func (l Log2) String() string {
	s := fmt.Sprintf("log2 codes %d..%d unit %g threshold %g", l.Lo, l.Hi, l.Unit, l.Threshold)
	if l.Integer {
		s += fmt.Sprintf(" of integers to %d", l.IntegerMax)
	}
	return s
}
