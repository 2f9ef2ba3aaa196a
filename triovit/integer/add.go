// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"fmt"
	"math"
)

// Add is the sum of two tensors on grids of their own, on a third grid
// (INTEGER.md, Residual sums):
//
//	x, y ↦ ⌊(x·Left + y·Right + Addend + 2^(Shift−1)) / 2^Shift⌋, clamped
//
// Both products have one shift, so that the sum is rounded once.
type Add struct {
	Left   int32    `json:"left"`
	Right  int32    `json:"right"`
	Shift  uint8    `json:"shift"`
	Addend int64    `json:"addend"`
	Codes  Interval `json:"codes"`
}

// NewAdd returns the integers for x, y ↦ left·x + right·y + offset, with signed
// mantissas of so many bits. The larger factor has all bits of its mantissa, and
// both are met to 2^(−Shift−1).
func NewAdd(left, right, offset float64, bits int, codes Interval) (*Add, error) {
	a, err := NewAffine(max(math.Abs(left), math.Abs(right)), offset, bits)
	if err != nil {
		return nil, err
	}
	shift := int(a.Shift)
	return &Add{int32(fixed(left, shift)), int32(fixed(right, shift)), a.Shift, a.Addend, codes}, nil
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
	left, right := Affine{a.Left, a.Shift, a.Addend}, Affine{a.Right, a.Shift, 0}
	for _, f := range []Affine{left, right} {
		if err := f.check(limits.MultiplierBits); err != nil {
			return Tensor{}, err
		}
	}
	sum := left.sum(x.Range) // with the rounding constant
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
