// SPDX-License-Identifier: Apache-2.0

package exercise

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gotriovit/gotriovit/triovit/grid"
)

// E1 checks a function that returns the code of a value x on a symmetric uniform grid.
// The grid has one step, and codes from lo to hi.
func E1(code func(x, step float32, lo, hi int) int) Verdict {
	return timed("E1", limit, func() Verdict {
		return e1(source()).of(func(v value) int { return code(v.x, v.Scale, v.Lo, v.Hi) })
	})
}

// A value is an input of E1: a number, and the grid on which its code is wanted.
type value struct {
	x float32
	grid.Uniform
}

func e1(r *rand.Rand) *check[value, int] {
	var inputs []value
	for _, codes := range [][2]int{{-128, 127}, {-8, 7}, {0, 255}} {
		u := grid.Uniform{Scale: float32(math.Ldexp(1, -1-r.IntN(6))), Lo: codes[0], Hi: codes[1]}
		at := func(steps float64) { inputs = append(inputs, value{float32(steps) * u.Scale, u}) }
		for half := -4.5; half < 5; half++ { // values halfway between two codes, exact because the step is a power of two
			at(half)
		}
		at(200)
		at(300 + float64(r.IntN(100)))
		at(-150 - float64(r.IntN(100)))
		for range 8 {
			at(float64(u.Lo) + r.Float64()*float64(u.Hi-u.Lo))
		}
	}
	within := func(v value, q float64) int { return int(min(max(q, float64(v.Lo)), float64(v.Hi))) }
	steps := func(v value) float64 { return float64(v.x / v.Scale) }
	beyond := int8(math.MaxInt8)
	beyond += 73 // the code is 200, which as an int8 is -56
	return &check[value, int]{
		exercise: "E1", inputs: inputs,
		right: func(v value, q int) bool { return q == v.Code(v.x) },
		same:  func(a, b int) bool { return a == b },
		wrongs: []wrong[value, int]{
			{"the fraction of x/step is cut off: 0.9 steps must not become code 0.", []func(value) int{
				func(v value) int { return within(v, math.Trunc(steps(v))) },
				func(v value) int { return within(v, math.Floor(steps(v))) },
			}},
			{"ties go away from zero in yours: 2.5 steps become 3 and -2.5 become -3. This grid breaks ties otherwise, so that they are as often lowered as raised.", []func(value) int{
				func(v value) int { return within(v, math.Round(steps(v))) },
			}},
			{"ties always go up in yours: 2.5 steps become 3 and -2.5 become -2. This grid breaks ties otherwise, so that they are as often lowered as raised.", []func(value) int{
				func(v value) int { return within(v, math.Floor(steps(v)+0.5)) },
			}},
			{"nothing is clamped: a value beyond the largest code gets a code that the grid does not have.", []func(value) int{
				func(v value) int { return int(math.RoundToEven(steps(v))) },
			}},
			{fmt.Sprintf("nothing is clamped, and the conversion to 8 bits wraps around: 200 steps become %d.", beyond), []func(value) int{
				func(v value) int { return int(int8(int(math.RoundToEven(steps(v))))) },
				func(v value) int { return int(uint8(int(math.RoundToEven(steps(v))))) },
			}},
			{"x is multiplied by the step. A code counts how many steps fit into x.", []func(value) int{
				func(v value) int { return within(v, math.RoundToEven(float64(v.x*v.Scale))) },
			}},
		},
		show: func(v value) string { return fmt.Sprintf("x %g, step %g, codes %d to %d", v.x, v.Scale, v.Lo, v.Hi) },
	}
}

// E2 checks a function that returns the step of the symmetric grid for the values x of a
// tensor. The grid has codes from -hi to hi.
func E2(step func(x []float32, hi int) float32) Verdict {
	return timed("E2", limit, func() Verdict {
		r := source()
		f := func(t tensor) float32 { return step(slices.Clone(t.x), t.hi) }
		v := e2(r).of(f)
		if zeros := e2Zeros(r).of(f); v.Passed && !zeros.Passed {
			return zeros
		}
		return v
	})
}

// A tensor is an input of E2: the values, and the largest code hi of the grid.
type tensor struct {
	x  []float32
	hi int
}

func (t tensor) String() string { return fmt.Sprintf("x %.4g, hi %d", t.x, t.hi) }

// ends returns the smallest value, the largest value, and the largest absolute value.
func (t tensor) ends() (lo, hi, most float32) {
	lo, hi = slices.Min(t.x), slices.Max(t.x)
	return lo, hi, max(-lo, hi)
}

// same32 says whether two numbers are equal up to the rounding of float32, or both NaN.
func same32(a, b float32) bool {
	return near(float64(a), float64(b), math.Abs(float64(b))) || math.IsNaN(float64(a)) && math.IsNaN(float64(b))
}

func e2(r *rand.Rand) *check[tensor, float32] {
	var inputs []tensor
	for i := range 12 {
		t := tensor{hi: []int{127, 31, 7}[i%3]}
		for range 4 {
			t.x = append(t.x, 2*r.Float32()-1)
		}
		// One end, negative or positive, is far out. A value of the other sign follows it.
		t.x = append(t.x, 2+r.Float32(), -4-r.Float32())
		if i%2 == 1 {
			for k := range t.x {
				t.x[k] = -t.x[k]
			}
		}
		r.Shuffle(len(t.x), func(a, b int) { t.x[a], t.x[b] = t.x[b], t.x[a] })
		inputs = append(inputs, t)
	}
	return &check[tensor, float32]{
		exercise: "E2", inputs: inputs,
		// The largest absolute value of the tensor has the last code.
		right: func(t tensor, step float32) bool {
			_, _, most := t.ends()
			return same32(grid.Uniform{Scale: step, Lo: -t.hi, Hi: t.hi}.Value(t.hi), most)
		},
		same: same32,
		wrongs: []wrong[tensor, float32]{
			{"the largest value decides in yours, also where a negative one lies further from zero: that one is clamped.", []func(tensor) float32{
				func(t tensor) float32 { _, hi, _ := t.ends(); return hi / float32(t.hi) },
			}},
			{"you divide by one step too many: the largest value takes a code before the last, which is never used.", []func(tensor) float32{
				func(t tensor) float32 { _, _, most := t.ends(); return most / float32(t.hi+1) },
			}},
			{"you spread the codes from the smallest to the largest value. That wants a zero point, which a symmetric grid does not have: what lies further out on one side is clamped.", []func(tensor) float32{
				func(t tensor) float32 { lo, hi, _ := t.ends(); return (hi - lo) / float32(2*t.hi+1) },
				func(t tensor) float32 { lo, hi, _ := t.ends(); return (hi - lo) / float32(2*t.hi) },
			}},
		},
		show: tensor.String,
	}
}

// e2Zeros checks the step of a tensor whose values are all zero.
func e2Zeros(r *rand.Rand) *check[tensor, float32] {
	zeros := tensor{make([]float32, 2+r.IntN(4)), 127}
	return &check[tensor, float32]{
		exercise: "E2", inputs: []tensor{zeros},
		right: func(t tensor, step float32) bool {
			return step > 0 && grid.Uniform{Scale: step, Lo: -t.hi, Hi: t.hi}.Fake(0) == 0
		},
		same: same32,
		wrongs: []wrong[tensor, float32]{
			{"a tensor of zeros gets the step 0 from you, and a zero divided by it is NaN: it needs a step that can be divided by.", []func(tensor) float32{
				func(tensor) float32 { return 0 },
			}},
		},
		show: tensor.String,
	}
}
