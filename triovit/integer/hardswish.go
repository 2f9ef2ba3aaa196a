// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"fmt"
	"math"
)

// Hardswish is the product x·clamp(x + 3, 0, 6) of a pre-activation (INTEGER.md,
// Hardswish):
//
//	x ↦ ⌊x·min(max(x + Three, 0), Six) / 2^Drop⌋
//
// With S the step of x, one unit of the result is S²·2^Drop/6: the following [Requantize]
// has the division by six in its factor.
type Hardswish struct {
	// Three and Six are 3/S and 6/S.
	Three int32 `json:"three"`
	Six   int32 `json:"six"`
	// Drop is the number of low bits of the product that are cut off, so that the rest
	// fits the following multiplier.
	Drop uint8 `json:"drop"`
}

// NewHardswish returns the integers for pre-activations with the given step and codes. It
// drops the fewest bits for which the product fits the given bits.
func NewHardswish(step float64, codes Interval, bits int) (*Hardswish, error) {
	three := math.RoundToEven(3 / step)
	if !(three >= 1 && three <= maxThree) {
		return nil, fmt.Errorf("a pre-activation's step of %g: 3 is %g of them, 1 to %d are allowed", step, three, maxThree)
	}
	h := &Hardswish{Three: int32(three), Six: int32(math.RoundToEven(6 / step))}
	for h.interval(codes).Bits() > bits {
		h.Drop++
	}
	return h, nil
}

// maxThree bounds Three, so that no product leaves 64 bits.
const maxThree = 1<<30 - 1

// Of returns the product for x.
func (h *Hardswish) Of(x int32) int32 { return int32(h.product(int64(x))) }

func (h *Hardswish) product(x int64) int64 {
	return x * min(max(x+int64(h.Three), 0), int64(h.Six)) >> h.Drop
}

// interval returns the exact interval of the product. It is 0 below −Three, falls until x
// = −Three/2 (for odd Three, the two integers beside it give the same least value), then
// rises.
func (h *Hardswish) interval(x Interval) Interval {
	y := Interval{h.product(x.Lo), h.product(x.Lo)}
	three := int64(h.Three)
	for _, at := range []int64{x.Hi, -three, -three / 2} {
		p := h.product(min(max(at, x.Lo), x.Hi))
		y = y.union(Interval{p, p})
	}
	return y
}

// Infer implements [Operation].
func (h *Hardswish) Infer(in []Tensor, _ Limits) (Tensor, error) {
	x := in[0]
	if off := int64(h.Six) - 2*int64(h.Three); h.Three < 1 || h.Three > maxThree || off < -1 || off > 1 || h.Drop > 31 {
		return Tensor{}, fmt.Errorf("3 and 6 as codes of %d and %d, %d bits dropped: 1 to %d, its double within one, and 0 to 31 are allowed", h.Three, h.Six, h.Drop, maxThree)
	}
	if err := x.operand(); err != nil {
		return Tensor{}, err
	}
	return Tensor{Shape: x.Shape, Range: h.interval(x.Range)}, nil
}

func (h *Hardswish) run(y Value, in []Value) {
	for i, x := range in[0].Data {
		y.Data[i] = h.Of(x)
	}
}
