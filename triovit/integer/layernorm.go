// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"fmt"
	"math"
	"math/bits"
)

// LayerNorm normalizes codes over the channels (INTEGER.md, LayerNorm). One unit of the
// result is 2^-16 of a standard deviation, for any step of the operand. The [Affine] of
// the following [Requantize] holds the gain and the offset of each channel.
type LayerNorm struct {
	// Epsilon is added to C² times the variance of the codes. It is C²·eps/S² for C
	// channels of step S, at least 1.
	Epsilon int64 `json:"epsilon"`
}

// Widths inside of LayerNorm. A root and a reciprocal have 17 bits, so that the
// reciprocal fits the multiplier's port.
const (
	maxChannels = 1 << 12
	maxEpsilon  = 1 << 54
	rootBits    = 17
	// NormBits is the number of fraction bits of a normalized element.
	NormBits = 16
)

// NewLayerNorm returns the integers for a vector of the given number of channels and step.
// eps is added to the variance of its values.
func NewLayerNorm(channels int, step, eps float64) (*LayerNorm, error) {
	e := math.RoundToEven(float64(channels) * float64(channels) * eps / (step * step))
	if !(e <= maxEpsilon) {
		return nil, fmt.Errorf("an eps of %g beside a step of %g over %d channels: %g is more than 2^54", eps, step, channels, e)
	}
	return &LayerNorm{Epsilon: max(1, int64(e))}, nil
}

// A Norm normalizes the elements x of one vector:
//
//	x ↦ ⌊((C·x − Sum)·Reciprocal + 2^(Shift−1)) / 2^Shift⌋
type Norm struct {
	Channels, Sum int64
	Reciprocal    int64
	Shift         uint8
}

// Of returns the norm of a vector of C codes. With the sums s = Σx and q = Σx², C² times
// the variance of the codes is exactly v = C·q − s²; Epsilon is added to v. An even shift
// brings v to 33 or 34 bits and cuts off lower bits. Its root r = ⌊√v⌋ has 17 bits, and so
// has the reciprocal ⌊(2^33 − 1)/r⌋.
func (l *LayerNorm) Of(x []int32) Norm {
	var s, q int64
	for _, v := range x {
		s += int64(v)
		q += int64(v) * int64(v)
	}
	c := int64(len(x))
	v := uint64(c*q - s*s + l.Epsilon)
	up := (2*rootBits - bits.Len64(v)) &^ 1 // the exponent is even, and may be negative
	if up >= 0 {
		v <<= up
	} else {
		v >>= -up
	}
	return Norm{Channels: c, Sum: s, Reciprocal: (1<<(2*rootBits-1) - 1) / int64(Sqrt(v)),
		Shift: uint8(2*rootBits - 1 - NormBits - up/2)}
}

// Of returns the normalized element for x.
func (n Norm) Of(x int32) int32 {
	return int32(round((n.Channels*int64(x)-n.Sum)*n.Reciprocal, n.Shift))
}

// Sqrt returns ⌊√v⌋, one bit per step.
func Sqrt(v uint64) uint64 {
	root := uint64(0)
	for bit := uint64(1) << 31; bit > 0; bit >>= 1 {
		if r := root | bit; r*r <= v {
			root = r
		}
	}
	return root
}

// Infer implements [Operation]. An element is at most √(C−1) standard deviations from the
// mean.
func (l *LayerNorm) Infer(in []Tensor, _ Limits) (Tensor, error) {
	x := in[0]
	if l.Epsilon < 1 || l.Epsilon > maxEpsilon || x.Shape[2] > maxChannels {
		return Tensor{}, fmt.Errorf("an epsilon of %d over %d channels: 1 to 2^54 and at most %d are allowed", l.Epsilon, x.Shape[2], maxChannels)
	}
	if err := x.operand(); err != nil {
		return Tensor{}, err
	}
	c := int64(x.Shape[2])
	far := (int64(Sqrt(uint64(c))) + 1) << NormBits
	d := c*(x.Range.Hi-x.Range.Lo)<<rootBits + 1<<28 // bound of |C·x − Sum| times the reciprocal, with the rounding constant
	return Tensor{Shape: x.Shape, Range: Interval{-far, far}, Sum: Interval{-d, d}}, nil
}

func (l *LayerNorm) run(y Value, in []Value) {
	c := y.Shape[2]
	for at := 0; at < len(y.Data); at += c {
		x := in[0].Data[at:][:c]
		norm := l.Of(x)
		for i, v := range x {
			y.Data[at+i] = norm.Of(v)
		}
	}
}
