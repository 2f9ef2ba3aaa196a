// SPDX-License-Identifier: Apache-2.0

package integer

import "fmt"

// Requantize brings accumulators or codes to a grid (INTEGER.md, Requantization): through
// the [Affine] of their channel, then clamped. Channels have different factors where the
// filters have different steps, where channel-wise migration divides by r_i, and where
// filter-wise shifting subtracts c_i.
type Requantize struct {
	// Affine has one element, or one for each channel, the last axis.
	Affine []Affine `json:"-"`
	// Codes is the interval of the grid's codes, such as -128..127.
	Codes Interval `json:"codes"`
}

// Of returns the code of x, an integer of the given channel.
func (r *Requantize) Of(channel int, x int32) int32 {
	return r.Codes.clamp(r.Affine[channel%len(r.Affine)].Of(x))
}

// Infer implements [Operation].
func (r *Requantize) Infer(in []Tensor, limits Limits) (Tensor, error) {
	x := in[0]
	if err := checkCodes(r.Codes, MaxAccumulatorBits); err != nil {
		return Tensor{}, err
	}
	if len(r.Affine) != 1 && len(r.Affine) != x.Shape[2] {
		return Tensor{}, fmt.Errorf("%d factors for %d channels: one, or one for each, is allowed", len(r.Affine), x.Shape[2])
	}
	var y, sum Interval
	for i, a := range r.Affine {
		if err := a.check(limits.MultiplierBits); err != nil {
			return Tensor{}, fmt.Errorf("channel %d: %w", i, err)
		}
		p, q := r.Of(i, int32(x.Range.Lo)), r.Of(i, int32(x.Range.Hi))
		of := Interval{int64(min(p, q)), int64(max(p, q))}
		if i == 0 {
			y, sum = of, a.sum(x.Range)
		}
		y, sum = y.union(of), sum.union(a.sum(x.Range))
	}
	return Tensor{Shape: x.Shape, Range: y, Sum: sum}, nil
}

func (r *Requantize) run(y Value, in []Value) {
	for i, x := range in[0].Data {
		y.Data[i] = r.Of(i%y.Shape[2], x)
	}
}
