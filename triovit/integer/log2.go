// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/gotriovit/gotriovit/triovit/grid"
)

// Log2 maps each divisor to its code: the number of thresholds that the divisor has
// reached (INTEGER.md, Divisors). Code c stands for the divisor Unit·2^(Lo+c).
type Log2 struct {
	// Thresholds ascend; the first is at least 1.
	Thresholds []int32 `json:"-"`
	// Unit and Lo are for comparisons with floats; no executor reads them. Both are 0
	// where they are not known.
	Unit float64 `json:"unit"`
	Lo   int     `json:"lo"`
}

// NewLog2 returns the thresholds of a grid for divisors with the given step: the values
// between two codes of the grid, rounded up to whole steps. A threshold beyond 32 bits
// becomes the largest number, which no divisor reaches.
func NewLog2(g grid.Log2, step float64) (*Log2, error) {
	if g.Hi < g.Lo || g.Hi-g.Lo > maxThresholds || !(step > 0) || !(g.Unit > 0) {
		return nil, fmt.Errorf("log2 codes %d to %d in units of %g for divisors of a step of %g: 1 to %d codes and positive numbers are allowed", g.Lo, g.Hi, g.Unit, step, maxThresholds+1)
	}
	l := &Log2{Unit: float64(g.Unit), Lo: g.Lo}
	for c := g.Lo; c < g.Hi; c++ {
		at := math.Ceil(math.Ldexp(g.Threshold, c) * float64(g.Unit) / step)
		l.Thresholds = append(l.Thresholds, int32(min(max(at, 1), math.MaxInt32)))
	}
	return l, nil
}

// maxThresholds bounds the codes to six bits.
const maxThresholds = 63

// Of returns the code of a divisor.
func (l *Log2) Of(divisor int32) int32 {
	code := int32(0)
	for _, t := range l.Thresholds {
		if divisor >= t {
			code++
		}
	}
	return code
}

// LeadingOne is the paper's log2 module (Section III-D): with i the index of a divisor's
// leading one, it returns i+1 where the next lower bit is one too, and i otherwise. A
// divisor below 2 gives 0. It equals a [Log2] over a grid of integers, with the thresholds
// 1.5·2^i.
func LeadingOne(divisor int32) int32 {
	if divisor < 2 {
		return 0
	}
	i := bits.Len32(uint32(divisor)) - 1
	return int32(i + int(divisor>>(i-1)&1))
}

// Infer implements [Operation].
func (l *Log2) Infer(in []Tensor, _ Limits) (Tensor, error) {
	x := in[0]
	if len(l.Thresholds) > maxThresholds {
		return Tensor{}, fmt.Errorf("%d thresholds: at most %d are allowed", len(l.Thresholds), maxThresholds)
	}
	least := int32(1)
	for _, t := range l.Thresholds {
		if t < least {
			return Tensor{}, fmt.Errorf("a threshold of %d behind one of %d: thresholds ascend from 1", t, least)
		}
		least = t
	}
	first, last := math.Ldexp(l.Unit, l.Lo), math.Ldexp(l.Unit, l.Lo+len(l.Thresholds))
	if (l.Unit != 0 || l.Lo != 0) && !(first >= math.SmallestNonzeroFloat32 && first <= last && last <= math.MaxFloat32) {
		return Tensor{}, fmt.Errorf("%d codes from %d on in units of %g: powers of two times a positive unit that float32 has are allowed", len(l.Thresholds)+1, l.Lo, l.Unit)
	}
	if x.Range.Lo < 0 || x.Range.Hi >= math.MaxInt32 {
		return Tensor{}, fmt.Errorf("divisors in %v: 0 to 2^31 - 2 are allowed; none is negative where both factors are behind a ReLU", x.Range)
	}
	return Tensor{Shape: x.Shape, Range: Interval{int64(l.Of(int32(x.Range.Lo))), int64(l.Of(int32(x.Range.Hi)))}}, nil
}

func (l *Log2) run(y Value, in []Value) {
	for i, x := range in[0].Data {
		y.Data[i] = l.Of(x)
	}
}
