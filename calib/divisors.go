// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"cmp"
	"fmt"
	"math"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// LogDomain is the released code's log2 quantizer. It takes the power of two nearest to
// the divisor in the log domain: the threshold between codes c and c+1 is √2·2^c.
type LogDomain struct {
	// Bits is the width of a code; 0 means 4.
	Bits int
	// Fixed takes the codes from Lo on, such as the released code's [-6, 9]. Otherwise the
	// 2^Bits codes end at the code of the largest divisor observed.
	Fixed bool
	Lo    int
	// Floor rounds the largest divisor's logarithm down to find the last code, as in Fig.
	// 4 of the paper, in place of rounding to nearest.
	Floor bool
}

// ReleasedCodes is the code range that the released code has as constants.
var ReleasedCodes = LogDomain{Bits: 4, Fixed: true, Lo: -6}

// String names the rule.
func (l LogDomain) String() string {
	if l.Fixed {
		return fmt.Sprintf("log2 of the log domain, %d bits, codes from %d", l.bits(), l.Lo)
	}
	if l.Floor {
		return fmt.Sprintf("log2 of the log domain, %d bits, calibrated codes to the floor of the largest", l.bits())
	}
	return fmt.Sprintf("log2 of the log domain, %d bits, calibrated codes", l.bits())
}

func (l LogDomain) bits() int {
	if l.Bits == 0 {
		return 4
	}
	return l.Bits
}

// Choose returns a [grid.Log2].
func (l LogDomain) Choose(stats *TensorStats, _ efficientvit.Point) (Quantizer, error) {
	if l.bits() < 1 || l.bits() > 6 {
		return nil, fmt.Errorf("log2 codes for %s of %d bits: 1 to 6 are allowed", stats.Name, l.bits())
	}
	n := 1 << l.bits()
	lo := l.Lo
	if !l.Fixed {
		_, largest, err := stats.bounds()
		if err != nil {
			return nil, err
		}
		lo = topCode(largest, l.Floor) - n + 1
	}
	return grid.Log2{Unit: 1, Lo: lo, Hi: lo + n - 1, Threshold: math.Sqrt2}, nil
}

// topCode returns the log2 code of x: the nearest code, or with floor the one below. It is
// 0 where x is not positive.
func topCode(x float64, floor bool) int {
	switch {
	case !(x > 0):
		return 0
	case floor:
		return int(math.Floor(math.Log2(x)))
	}
	return int(math.RoundToEven(math.Log2(x)))
}

// LeadingOne is the paper's hardware quantizer of divisors (Section III-D). The divisor is
// quantized to an unsigned integer of IntegerBits. With i the index of its leading one,
// the code is i+1 where the next lower bit is one too, and i otherwise: the threshold is
// 1.5·2^i. The 2^Bits largest codes are kept.
type LeadingOne struct {
	// IntegerBits is the width of the integer; 0 means 8, as in the paper.
	IntegerBits int
	// Bits is the width of a code; 0 means 4.
	Bits int
}

// String names the rule.
func (l LeadingOne) String() string {
	return fmt.Sprintf("leading one of %d-bit integers, %d bits", l.integerBits(), LogDomain{Bits: l.Bits}.bits())
}

func (l LeadingOne) integerBits() int { return cmp.Or(l.IntegerBits, 8) }

// Choose returns a [grid.Log2] over integers.
func (l LeadingOne) Choose(stats *TensorStats, _ efficientvit.Point) (Quantizer, error) {
	bits, wide := LogDomain{Bits: l.Bits}.bits(), l.integerBits()
	if wide < 2 || wide > 24 || bits < 1 || bits > 6 {
		return nil, fmt.Errorf("log2 codes for %s of %d bits from integers of %d: 1 to 6 and 2 to 24 are allowed", stats.Name, bits, wide)
	}
	_, largest, err := stats.bounds()
	if err != nil {
		return nil, err
	}
	limit := 1<<wide - 1
	unit := float32(largest / float64(limit))
	if !(unit > 0) {
		unit = 1
	}
	hi := wide // a divisor of 2^n − 1 is rounded up to 2^n
	return grid.Log2{Unit: unit, Lo: max(0, hi-(1<<bits)+1), Hi: hi, Threshold: 1.5, Integer: true, IntegerMax: limit}, nil
}

// DivisorLadder lists recipes that round only the divisors. They differ only in the
// divisors' grid, from the plain uniform grid to the hardware's.
var DivisorLadder = []Recipe{
	divisorsBy("uniform per MSA", "8 bits, one grid per MSA", MinMax{Bits: 8}).With("uniform per MSA", func(r *Recipe) { r.LayerDivisors = true }),
	divisorsBy("uniform per branch", "8 bits, one grid per branch", MinMax{Bits: 8}),
	divisorsBy("uniform without 0", "8 bits, one grid per MSA from its first step on", DivisorFloor{}).With("uniform without 0", func(r *Recipe) { r.LayerDivisors = true }),
	divisorsBy("log2, released codes", "4 bits, the released code's range", ReleasedCodes),
	divisorsBy("log2, calibrated", "4 bits, one calibrated range per branch", LogDomain{}),
	divisorsBy("leading one of 8 bits", "4 bits of an integer of 8, as Section III-D of the paper", LeadingOne{}),
	divisorsBy("leading one of 16 bits", "4 bits of an integer of 16", LeadingOne{IntegerBits: 16}),
}

// divisorsBy rounds the divisors alone.
func divisorsBy(name, about string, o Observer) Recipe {
	return Recipe{Name: name, About: "divisors alone: " + about, Divisors: o}
}
