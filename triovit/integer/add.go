// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"fmt"
	"math"
	"math/bits"
)

// Add is the sum of two tensors on different grids, on a third grid (INTEGER.md, Residual
// sums):
//
//	x, y ↦ ⌊(x·Left + y·Right + Addend + 2^(Shift−1)) / 2^Shift⌋, clamped
//
// Both products have one shift, so that the sum is rounded once. A multiplier holds the
// bits of Left and of Right without their trailing zeros, which are a shift of the operand
// before the multiplication.
type Add struct {
	Left   int32    `json:"left"`
	Right  int32    `json:"right"`
	Shift  uint8    `json:"shift"`
	Addend int64    `json:"addend"`
	Codes  Interval `json:"codes"`
}

// NewAdd returns the integers for x, y ↦ left·x + right·y + offset, with signed mantissas
// of the given bits. width is the wider operand's, in bits. Shift is chosen for the
// mantissa of the larger factor. An operand of more than 8 bits multiplies a factor's
// error by 2^(width−8). So Shift grows by width−8 places, but at most by 23−bits. A
// factor's error is at most 2^(−Shift−1), or half a unit of its own mantissa's last place,
// whichever is coarser.
func NewAdd(left, right, offset float64, bits, width int, codes Interval) (*Add, error) {
	a, err := NewAffine(max(math.Abs(left), math.Abs(right)), offset, bits)
	if err != nil {
		return nil, err
	}
	shift := min(int(a.Shift)+max(min(width-8, 31-8-bits), 0), maxShift)
	for shift > int(a.Shift) && math.Abs(math.Ldexp(offset, shift)) >= 1<<(SumPort-3) {
		shift--
	}
	return &Add{mantissa(left, shift, bits), mantissa(right, shift, bits), uint8(shift), fixed(offset, shift), codes}, nil
}

// mantissa returns factor·2^shift, rounded to an integer of at most the given bits, sign
// included, followed by zeros.
func mantissa(factor float64, shift, bits int) int32 {
	zeros := 0
	for m := fixed(math.Abs(factor), shift); m>>zeros >= 1<<(bits-1); zeros++ {
	}
	m := fixed(factor, shift-zeros)
	if max(m, -m) == 1<<(bits-1) { // the factor was rounded up to the next power of two
		zeros, m = zeros+1, fixed(factor, shift-zeros-1)
	}
	return int32(m << zeros)
}

// without returns a mantissa without its trailing zeros.
func without(mantissa int32) int32 {
	return mantissa >> min(bits.TrailingZeros32(uint32(mantissa)), 31)
}

// Of returns the code of the sum.
func (a *Add) Of(x, y int32) int32 {
	return a.Codes.clamp(round(int64(x)*int64(a.Left)+int64(y)*int64(a.Right)+a.Addend, a.Shift))
}

// Infer implements [Operation].
func (a *Add) Infer(in []Tensor, limits Limits) (Tensor, error) {
	x, y := in[0], in[1]
	if x.Shape != y.Shape {
		return Tensor{}, fmt.Errorf("adds %v and %v", x.Shape, y.Shape)
	}
	for _, t := range in {
		if err := t.operand(); err != nil {
			return Tensor{}, err
		}
	}
	if err := checkCodes(a.Codes, codeBits); err != nil {
		return Tensor{}, err
	}
	for _, f := range []Affine{{without(a.Left), a.Shift, a.Addend}, {without(a.Right), a.Shift, 0}} {
		if err := f.check(limits.MultiplierBits); err != nil {
			return Tensor{}, err
		}
	}
	sum := Affine{a.Left, a.Shift, a.Addend}.sum(x.Range) // the sum includes the rounding constant
	p := y.Range.times(Interval{int64(a.Right), int64(a.Right)})
	sum = Interval{sum.Lo + p.Lo, sum.Hi + p.Hi}
	return Tensor{Shape: x.Shape, Sum: sum,
		Range: Interval{int64(a.Codes.clamp(sum.Lo >> a.Shift)), int64(a.Codes.clamp(sum.Hi >> a.Shift))}}, nil
}

func (a *Add) run(y Value, in []Value) {
	for i := range y.Data {
		y.Data[i] = a.Of(in[0].Data[i], in[1].Data[i])
	}
}
