// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// LogSqrt2 puts divisors on powers of √2, as RepQ-ViT (arXiv 2212.08254, Section 3.3) does
// for the outputs of softmax. Codes are half an octave apart, and rounding is to the
// nearest in the log domain. The 2^Bits codes end at the code nearest to the largest
// divisor observed. So they reach down half as many octaves as those of [LogDomain]. A
// division by an odd power needs a shift and a product with √2/2, which the integer
// arithmetic lacks: [Freeze] refuses it.
type LogSqrt2 struct {
	// Bits is the width of a code; 0 means 4.
	Bits int
}

func (l LogSqrt2) bits() int { return LogDomain{Bits: l.Bits}.bits() }

// String names the rule.
func (l LogSqrt2) String() string {
	return fmt.Sprintf("log √2 of the log domain, %d bits, calibrated codes", l.bits())
}

// Choose returns a [HalfOctaves].
func (l LogSqrt2) Choose(stats *TensorStats, _ efficientvit.Point) (Quantizer, error) {
	if l.bits() < 1 || l.bits() > 6 {
		return nil, fmt.Errorf("log √2 codes for %s of %d bits: 1 to 6 are allowed", stats.Name, l.bits())
	}
	_, largest, err := stats.bounds()
	if err != nil {
		return nil, err
	}
	hi := topCode(largest*largest, false) // log √2 of x equals log2 of x²
	return HalfOctaves{Lo: hi - 1<<l.bits() + 1, Hi: hi}, nil
}

// HalfOctaves is a grid of powers of √2: 2^(c/2) for the codes c from Lo to Hi.
type HalfOctaves struct{ Lo, Hi int }

// String lists the first and the last code.
func (h HalfOctaves) String() string { return fmt.Sprintf("log √2 codes %d..%d", h.Lo, h.Hi) }

// value returns the number that the code c stands for, boundary the least number with code
// c+1.
func (h HalfOctaves) value(c int) float32    { return float32(math.Exp2(float64(c) / 2)) }
func (h HalfOctaves) boundary(c int) float32 { return float32(math.Exp2(float64(c)/2 + 0.25)) }

// Fake returns the value that stands for x, NaN where x is NaN or infinite.
func (h HalfOctaves) Fake(x float32) float32 {
	c := h.Lo
	for c < h.Hi && x >= h.boundary(c) {
		c++
	}
	return h.value(c) + (x - x)
}

// Graph returns the node whose elements are Fake of x's elements.
func (h HalfOctaves) Graph(x *Node) *Node {
	g := x.Graph()
	value := func(c int) *Node { return BroadcastToShape(Scalar(g, x.DType(), h.value(c)), x.Shape()) }
	y := value(h.Lo)
	for c := h.Lo; c < h.Hi; c++ {
		y = Where(GreaterOrEqual(x, Scalar(g, x.DType(), h.boundary(c))), value(c+1), y)
	}
	return keepNotFinite(x, y)
}
