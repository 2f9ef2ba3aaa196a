// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"math"

	"github.com/gotriovit/gotriovit/triovit/grid"
)

// A View describes a grid's code, clamping and zeros for a value, beside the rounding
// itself.
type View struct {
	// Codes is the number of the grid's codes, 0 for a caller's own quantizer that does
	// not tell it.
	Codes int
	// Code returns the index of the value's code, from 0. Beyond reports that the value
	// lies more than half a step beyond the grid's ends, where it is clamped.
	Code   func(x float32) int
	Beyond func(x float32) bool
	// Zero reports that a divisor of this value becomes the integer 0.
	Zero func(x float32) bool
}

// ViewOf returns the view of a grid.
func ViewOf(q Quantizer) View {
	switch g := q.(type) {
	case grid.Uniform:
		return View{
			Codes: g.Hi - g.Lo + 1,
			Code:  func(x float32) int { return g.Code(x) - g.Lo },
			Beyond: func(x float32) bool {
				c := math.RoundToEven(float64(x/g.Scale)) + float64(g.Zero)
				return c < float64(g.Lo) || c > float64(g.Hi)
			},
			Zero: func(x float32) bool { return g.Code(x) == g.Zero },
		}
	case grid.Log2:
		whole := func(x float32) float32 {
			if v := x / g.Unit; g.Integer {
				return float32(math.RoundToEven(float64(v)))
			} else {
				return v
			}
		}
		return View{
			Codes: g.Hi - g.Lo + 1,
			Code:  func(x float32) int { return g.Code(x) - g.Lo },
			Beyond: func(x float32) bool {
				v := whole(x)
				return v < g.Boundary(g.Lo-1) || v >= g.Boundary(g.Hi) || g.Integer && v > float32(g.IntegerMax)
			},
			Zero: func(x float32) bool { return whole(x) == 0 },
		}
	}
	lo, hi := q.Fake(-math.MaxFloat32), q.Fake(math.MaxFloat32)
	return View{
		Code:   func(float32) int { return 0 },
		Beyond: func(x float32) bool { return x < lo || x > hi },
		Zero:   func(x float32) bool { return q.Fake(x) == 0 },
	}
}
