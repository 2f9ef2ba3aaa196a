// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"fmt"
	"math"
)

// Upsample is the reference's bicubic resize of codes [H, W, C] by an integer factor (a =
// -0.75, align_corners false, borders repeated; INTEGER.md, Resize). It sums four
// neighbours along the width, then along the height, with constants in units of 1/2048.
// One unit of the result is the operand's step divided by 2^(22−Drop).
type Upsample struct {
	// Factor is 2 or 4. Their constants are exact multiples of 1/2048.
	Factor int `json:"factor"`
	// Drop is the number of low bits of the sum that are cut off, so that the rest fits
	// the following multiplier.
	Drop uint8 `json:"drop"`
}

// NewUpsample returns the resize by a factor for the given codes. It drops the fewest bits
// for which the sum fits the given bits.
func NewUpsample(factor int, codes Interval, bits int) (*Upsample, error) {
	u := &Upsample{Factor: factor}
	phases, err := u.Bicubic()
	if err != nil {
		return nil, err
	}
	if excess := u.sum(phases, codes).Bits() - bits; excess > 0 {
		u.Drop = uint8(excess)
	}
	return u, nil
}

// Unit returns one unit of the result, as a fraction of the operand's step.
func (u *Upsample) Unit() float64 { return math.Ldexp(1, int(u.Drop)-2*resizeBits) }

// resizeBits is the number of fraction bits of the constants.
const resizeBits = 11

// Bicubic returns the constants of each of the factor's phases, in units of
// 1/2048; they sum to 2048. Output i of a side lies in phase i mod factor, and
// its first neighbour is the input [First] of it.
func (u *Upsample) Bicubic() ([][4]int32, error) {
	if u.Factor != 2 && u.Factor != 4 {
		return nil, fmt.Errorf("a resize by %d: 2 and 4 have constants of 12 bits that are exact", u.Factor)
	}
	d := int32(2 * u.Factor) // a distance is n/d
	unit := int32(1<<resizeBits) / (4 * d * d * d)
	near := func(n int32) int32 { return unit * (5*n*n*n - 9*n*n*d + 4*d*d*d) }              // the weight where n <= d
	far := func(n int32) int32 { return unit * (-3*n*n*n + 15*n*n*d - 24*n*d*d + 12*d*d*d) } // the weight where d <= n <= 2d
	phases := make([][4]int32, u.Factor)
	for i := range phases {
		n := (int32(2*i+1) + int32(u.Factor)) % d
		phases[i] = [4]int32{far(d + n), near(n), near(d - n), far(2*d - n)}
	}
	return phases, nil
}

// First returns the index of the first of the four neighbours of output i. The first and
// the last neighbour may lie up to two places outside of the side.
func (u *Upsample) First(i int) int { return (2*i+1+u.Factor)/(2*u.Factor) - 2 }

// sum returns the exact interval of the sums along both sides, before bits are
// dropped.
func (u *Upsample) sum(phases [][4]int32, x Interval) Interval {
	along := func(x Interval) Interval {
		var y Interval
		for i, constants := range phases {
			var r Interval
			for _, c := range constants {
				p := x.times(Interval{int64(c), int64(c)})
				r.Lo, r.Hi = r.Lo+p.Lo, r.Hi+p.Hi
			}
			if i == 0 {
				y = r
			}
			y = y.union(r)
		}
		return y
	}
	return along(along(x))
}

// Infer implements [Operation].
func (u *Upsample) Infer(in []Tensor, _ Limits) (Tensor, error) {
	x := in[0]
	phases, err := u.Bicubic()
	if err != nil {
		return Tensor{}, err
	}
	if u.Drop > 2*resizeBits {
		return Tensor{}, fmt.Errorf("%d bits dropped: 0 to %d are allowed", u.Drop, 2*resizeBits)
	}
	if err := x.operand(); err != nil {
		return Tensor{}, err
	}
	sum := u.sum(phases, x.Range)
	return Tensor{Shape: [3]int{x.Shape[0] * u.Factor, x.Shape[1] * u.Factor, x.Shape[2]}, Sum: sum,
		Range: Interval{sum.Lo >> u.Drop, sum.Hi >> u.Drop}}, nil
}

func (u *Upsample) run(y Value, in []Value) {
	x := in[0]
	phases, _ := u.Bicubic() // Infer has refused an operation without phases
	c, width := x.Shape[2], y.Shape[1]
	at := func(i, n int) int { return min(max(i, 0), n-1) }
	wide := make([]int32, x.Shape[0]*width*c) // the map after the horizontal pass, [H, W', C]
	for row := range x.Shape[0] {
		for column := range width {
			for k, weight := range phases[column%u.Factor] {
				from := x.Data[(row*x.Shape[1]+at(u.First(column)+k, x.Shape[1]))*c:][:c]
				for i, v := range from {
					wide[(row*width+column)*c+i] += weight * v
				}
			}
		}
	}
	for row := range y.Shape[0] {
		for i := range width * c {
			sum := int64(0)
			for k, weight := range phases[row%u.Factor] {
				sum += int64(weight) * int64(wide[at(u.First(row)+k, x.Shape[0])*width*c+i])
			}
			y.Data[row*width*c+i] = int32(sum >> u.Drop)
		}
	}
}
