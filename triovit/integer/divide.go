// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"fmt"
)

// Divide divides dividends [T, heads, d] by powers of two, given by codes [T, heads, 1]
// (INTEGER.md, Division):
//
//	x, c ↦ ⌊(x·Mantissa + 2^(Shift+c−1)) / 2^(Shift+c)⌋, clamped
//
// The dividend is an accumulator, shifted at full width, or the 8-bit code of a preceding
// [Requantize], as the operations of the [Model] have it.
type Divide struct {
	Mantissa int32    `json:"mantissa"`
	Shift    uint8    `json:"shift"`
	Codes    Interval `json:"codes"`
}

// NewDivide returns the integers for a division by 2^c and a multiplication by a real
// factor: the dividend's step divided by the quotient's and by the divisor of code 0. The
// mantissa has the given bits.
func NewDivide(factor float64, bits int, codes Interval) (*Divide, error) {
	a, err := NewAffine(factor, 0, bits)
	if err != nil {
		return nil, err
	}
	return &Divide{a.Mantissa, a.Shift, codes}, nil
}

// Of returns the code of the quotient of a dividend and the divisor with the given code.
func (d *Divide) Of(dividend, code int32) int32 {
	return d.Codes.clamp(round(int64(dividend)*int64(d.Mantissa), d.Shift+uint8(code)))
}

// Infer implements [Operation].
func (d *Divide) Infer(in []Tensor, limits Limits) (Tensor, error) {
	x, code := in[0], in[1]
	if code.Shape != [3]int{x.Shape[0], x.Shape[1], 1} {
		return Tensor{}, fmt.Errorf("divides %v by %v", x.Shape, code.Shape)
	}
	if err := checkCodes(d.Codes, codeBits); err != nil {
		return Tensor{}, err
	}
	a := Affine{Mantissa: d.Mantissa, Shift: d.Shift}
	if err := a.check(limits.MultiplierBits); err != nil {
		return Tensor{}, err
	}
	if code.Range.Lo < 0 || int64(d.Shift)+code.Range.Hi > maxQuotientShift {
		return Tensor{}, fmt.Errorf("a shift of %d and codes in %v: together 0 to %d are allowed", d.Shift, code.Range, maxQuotientShift)
	}
	a.Shift += uint8(code.Range.Hi)
	y := Tensor{Shape: x.Shape, Sum: a.sum(x.Range)}
	for i, dividend := range []int64{x.Range.Lo, x.Range.Hi} {
		for j, c := range []int64{code.Range.Lo, code.Range.Hi} {
			q := int64(d.Of(int32(dividend), int32(c)))
			if i == 0 && j == 0 {
				y.Range = Interval{q, q}
			}
			y.Range = y.Range.union(Interval{q, q})
		}
	}
	return y, nil
}

// maxQuotientShift keeps a quotient's sum within 64 bits.
const maxQuotientShift = 62

func (d *Divide) run(y Value, in []Value) {
	for i, x := range in[0].Data {
		y.Data[i] = d.Of(x, in[1].Data[i/y.Shape[2]])
	}
}
