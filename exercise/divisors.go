// SPDX-License-Identifier: Apache-2.0

package exercise

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gotriovit/gotriovit/triovit/grid"
)

// E7 checks a function that returns the log2 code, from lo to hi, of a divisor of the
// attention. The code is the exponent of the power of two that is nearest in the log
// domain.
func E7(code func(divisor float32, lo, hi int) int) Verdict {
	return timed("E7", limit, func() Verdict {
		return e7(source()).of(func(d divisor) int { return code(d.x, d.Lo, d.Hi) })
	})
}

// A divisor is an input of E7: a number, and the log2 grid on which its code is wanted.
type divisor struct {
	x float32
	grid.Log2
}

func e7(r *rand.Rand) *check[divisor, int] {
	var inputs []divisor
	largest := float32(0)
	for _, hi := range []int{12 + r.IntN(2), 16 + r.IntN(2)} {
		g := grid.Log2{Unit: 1, Lo: hi - 15, Hi: hi, Threshold: math.Sqrt2}
		inputs = append(inputs, divisor{0, g})
		for c := g.Lo - 2; c <= g.Hi; c++ {
			// Values near √2 and 1.5 are left out: there the rounding of a logarithm would decide.
			for _, part := range []float64{1.02, 1.3, 1.43, 1.52, 1.8} {
				x := float32(math.Ldexp(part+0.05*r.Float64(), c))
				if part == 1.43 {
					x = float32(math.Ldexp(part+0.04*r.Float64(), c))
				}
				inputs = append(inputs, divisor{x, g})
				largest = max(largest, x)
			}
		}
	}
	within := func(lo, hi int, c float64) int { return int(min(max(c, float64(lo)), float64(hi))) }
	log2 := func(d divisor) float64 { return math.Log2(float64(d.x)) }
	return &check[divisor, int]{
		exercise: "E7", inputs: inputs,
		right: func(d divisor, c int) bool { return c == d.Code(d.x) },
		same:  func(a, b int) bool { return a == b },
		wrongs: []wrong[divisor, int]{
			{"the logarithm is cut off, not rounded: nearly twice a power of two takes that power still.", []func(divisor) int{
				func(d divisor) int { return within(d.Lo, d.Hi, math.Floor(log2(d))) },
			}},
			{"yours goes up from 1.5 times a power of two on. That is the rule of the text, for the leading one of an integer; the paper's figure is nearest in the log domain.", []func(divisor) int{
				func(d divisor) int {
					g := d.Log2
					g.Threshold = 1.5
					return g.Code(d.x)
				},
			}},
			{fmt.Sprintf("your codes end at 9, as those of the released code, which stands for %d. These divisors reach %.0f.", 1<<9, largest), []func(divisor) int{
				func(d divisor) int { return within(min(d.Lo, 9), 9, math.Round(log2(d))) },
				func(d divisor) int { return within(-6, 9, math.Round(log2(d))) },
				func(d divisor) int { return min(d.Code(d.x), 9) },
			}},
			{"a divisor of 0 takes code 0 in yours, which stands for a divisor of 1. It must take the code of the smallest divisor that there is.", []func(divisor) int{
				func(d divisor) int {
					if d.x == 0 {
						return 0
					}
					return d.Code(d.x)
				},
			}},
		},
		show: func(d divisor) string { return fmt.Sprintf("a divisor of %.6g and codes %d to %d", d.x, d.Lo, d.Hi) },
	}
}
