// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"fmt"
	"math"
)

// The ports of a DSP slice (DSP48E2 of the paper's ZCU102): it multiplies a
// signed operand of 27 bits by one of 18 bits and adds a constant to the
// product in a sum of 48 bits.
const (
	OperandPort    = 27
	MultiplierPort = 18
	SumPort        = 48
)

// Bounds of the fields of an [Affine]. Within them no executor's sum exceeds 64 bits for
// any operand of 32 bits.
const (
	// MaxMultiplierBits is the largest width of a mantissa, sign included.
	MaxMultiplierBits = 32
	maxAddend         = 1 << 60
)

// maxShift is the largest shift for which the rounding constant fits the sum.
const maxShift = SumPort - 2

// An Affine brings integers from one grid to another (INTEGER.md, Requantization):
//
//	x ↦ ⌊(x·Mantissa + Addend + 2^(Shift−1)) / 2^Shift⌋
//
// It is the nearest integer to (x·Mantissa + Addend)/2^Shift, halves upwards; the last
// summand is 0 where Shift is 0. A DSP slice adds one constant, Addend + 2^(Shift−1), so
// that rounding, filter-wise shifting and a zero point need no further adder.
type Affine struct {
	Mantissa int32
	Shift    uint8
	Addend   int64
}

// NewAffine returns the integers for x ↦ factor·x + offset, with a signed mantissa of the
// given bits. The error of the factor is at most half a unit of the mantissa's last place,
// a relative error of at most 2^(1−bits). The error of the offset is at most half a unit
// of the sum, 2^(−Shift−1). In two cases the mantissa is shorter, and the error of the
// factor is at most 2^(−Shift−1): a factor so small that the shift would exceed 46, and an
// offset that would need more than 46 bits of the sum. A factor whose mantissa needs more
// bits is an error.
func NewAffine(factor, offset float64, bits int) (Affine, error) {
	if bits < 2 || bits > MaxMultiplierBits {
		return Affine{}, fmt.Errorf("a multiplier of %d bits: 2 to %d are allowed", bits, MaxMultiplierBits)
	}
	shift, err := shiftFor(math.Abs(factor), bits)
	if err != nil {
		return Affine{}, err
	}
	if math.IsNaN(offset) || math.Abs(offset) >= 1<<(SumPort-3) {
		return Affine{}, fmt.Errorf("an offset of %g: less than 2^%d is allowed", offset, SumPort-3)
	}
	for shift > 0 && math.Abs(math.Ldexp(offset, shift)) >= 1<<(SumPort-3) {
		shift--
	}
	return Affine{Mantissa: int32(fixed(factor, shift)), Shift: uint8(shift), Addend: fixed(offset, shift)}, nil
}

// shiftFor returns the largest shift for which a factor's mantissa has at most the given
// bits.
func shiftFor(factor float64, bits int) (int, error) {
	if math.IsNaN(factor) || math.Abs(factor) >= math.Ldexp(1, bits-1)-0.5 {
		return 0, fmt.Errorf("a factor of %g: less than 2^%d is allowed for a multiplier of %d bits", factor, bits-1, bits)
	}
	_, exponent := math.Frexp(factor)
	shift := bits - 1 - exponent
	if factor == 0 {
		shift = 0
	}
	if fixed(factor, shift) == 1<<(bits-1) { // the factor was rounded up to the next power of two
		shift--
	}
	return min(shift, maxShift), nil
}

// fixed returns v·2^shift, rounded half to even.
func fixed(v float64, shift int) int64 { return int64(math.RoundToEven(math.Ldexp(v, shift))) }

// Of returns the integer for x.
func (a Affine) Of(x int32) int64 { return round(int64(x)*int64(a.Mantissa)+a.Addend, a.Shift) }

// Factor returns the real factor that the mantissa and the shift make.
func (a Affine) Factor() float64 { return math.Ldexp(float64(a.Mantissa), -int(a.Shift)) }

// Offset returns the real offset that the addend makes.
func (a Affine) Offset() float64 { return math.Ldexp(float64(a.Addend), -int(a.Shift)) }

// round returns sum/2^shift, to the nearest integer, halves upwards.
func round(sum int64, shift uint8) int64 {
	if shift == 0 {
		return sum
	}
	return (sum + 1<<(shift-1)) >> shift
}

// sum returns the interval of the sum before the shift, the rounding constant included.
func (a Affine) sum(x Interval) Interval {
	p := x.times(Interval{int64(a.Mantissa), int64(a.Mantissa)})
	half := int64(1) << a.Shift >> 1
	return Interval{p.Lo + a.Addend + half, p.Hi + a.Addend + half}
}

func (a Affine) check(bits int) error {
	if m := (Interval{int64(a.Mantissa), int64(a.Mantissa)}); m.Bits() > bits {
		return fmt.Errorf("a mantissa of %d needs %d bits, %d are allowed", a.Mantissa, m.Bits(), bits)
	}
	if a.Shift > maxShift || a.Addend < -maxAddend || a.Addend > maxAddend {
		return fmt.Errorf("a shift of %d and an addend of %d: 0 to %d and ±2^60 are allowed", a.Shift, a.Addend, maxShift)
	}
	return nil
}
