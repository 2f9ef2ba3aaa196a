// SPDX-License-Identifier: Apache-2.0

package exercise

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// E6 checks filter-wise shifting. The arguments of the student's function are the
// smallest and the largest value of each input channel, lo and hi [inputs], the weights
// of each filter before and after rounding, w and rounded [filters][inputs], and the
// biases b [filters]. The function returns the convolution of an MBConv whose input is
// shifted, "PW1", "DW" or "PW2", the constants c [inputs], and the new biases [filters].
func E6(shift func(lo, hi []float32, w, rounded [][]float32, b []float32) (where string, c, bias []float32)) Verdict {
	return timed("E6", limit, func() Verdict {
		r := source()
		check, where := e6(r), ""
		f := func(p pointwise) (s shifted) {
			where, s.c, s.bias = shift(slices.Clone(p.lo), slices.Clone(p.hi), cloned(p.w), cloned(p.rounded), slices.Clone(p.b))
			return s
		}
		v := check.of(f)
		switch strings.ToUpper(strings.TrimSpace(where)) {
		case "PW2":
			return v
		case "DW":
			return Verdict{"E6", false, shiftedDW(r)}
		case "PW1":
			return Verdict{"E6", false, "the input of PW1 lies on both sides of zero: shifting is for the one behind Hardswish."}
		}
		if where == "" && !v.Passed {
			return v // the answer may have panicked before it named a convolution
		}
		return Verdict{"E6", false, fmt.Sprintf("%q is no convolution of an MBConv: those are PW1, DW and PW2.", where)}
	})
}

// shiftedDW returns the sentence about an error at a corner of the map, which a shift of
// DW's input causes.
func shiftedDW(r *rand.Rand) string {
	c, corner := 1+r.Float32(), float32(0)
	for t, w := range normal(r, 9, 1) {
		if t/3 == 0 || t%3 == 0 { // the border has zeros, where the bias expects -c
			corner += c * w
		}
	}
	return fmt.Sprintf("DW pads its input, and the zeros of the border are not shifted: with a drawn filter and a shift by %.3g an output at the corner of the map is off by %.3g.", c, corner)
}

// A pointwise is an input of E6: a pointwise convolution and the ranges of its input.
type pointwise struct {
	lo, hi     []float32
	w, rounded [][]float32
	b          []float32
}

// A shifted is an answer to E6: the constants and the new biases.
type shifted struct{ c, bias []float32 }

func (s shifted) String() string { return fmt.Sprintf("c %.4g and biases %.4g", s.c, s.bias) }

func e6(r *rand.Rand) *check[pointwise, shifted] {
	var inputs []pointwise
	// With as many filters as channels, a function that mistakes rows for columns does not
	// panic.
	for _, filters := range []int{4, 4, 5, 5, 3, 6} {
		channels := 4 + len(inputs)/2%2
		p := pointwise{b: normal(r, filters, 1)}
		for range channels {
			lo := -0.375 * r.Float32() // the smallest value behind a Hardswish
			p.lo, p.hi = append(p.lo, lo), append(p.hi, 1+5*r.Float32())
		}
		for range filters {
			row, rounded := normal(r, channels, 1), make([]float32, channels)
			for i := range row {
				rounded[i] = float32(int(row[i]*4)) / 4
			}
			p.w, p.rounded = append(p.w, row), append(p.rounded, rounded)
		}
		inputs = append(inputs, p)
	}
	middle := func(p pointwise, i int) float32 { return (p.hi[i] + p.lo[i]) / 2 }
	// formula returns a wrong formula. constant gives the shift of channel i, and add gives
	// the number that channel i adds to the bias of filter j.
	formula := func(constant func(p pointwise, i int) float32, add func(p pointwise, s shifted, i, j int)) func(pointwise) shifted {
		return func(p pointwise) shifted {
			s := shifted{make([]float32, len(p.lo)), slices.Clone(p.b)}
			for i := range s.c {
				s.c[i] = constant(p, i)
			}
			for i := range s.c {
				for j := range s.bias {
					add(p, s, i, j)
				}
			}
			return s
		}
	}
	add := func(p pointwise, s shifted, i, j int) { s.bias[j] += s.c[i] * p.rounded[j][i] }
	return &check[pointwise, shifted]{
		exercise: "E6", inputs: inputs,
		right: pointwise.shiftedBy,
		same: func(a, b shifted) bool {
			all := func(x, y []float32) bool {
				return slices.EqualFunc(x, y, func(x, y float32) bool { return near(float64(x), float64(y), 10) })
			}
			return all(a.c, b.c) && all(a.bias, b.bias)
		},
		wrongs: []wrong[pointwise, shifted]{
			{"your constants are half of the width of a range, as Eq. 9 is printed. The released code centres: behind the shift a range must reach as far below zero as above.", []func(pointwise) shifted{
				formula(func(p pointwise, i int) float32 { return (p.hi[i] - p.lo[i]) / 2 }, add),
			}},
			{"the sign of the correction is wrong: the bias must give back what the shift takes away.", []func(pointwise) shifted{
				formula(middle, func(p pointwise, s shifted, i, j int) { s.bias[j] -= s.c[i] * p.rounded[j][i] }),
				formula(func(p pointwise, i int) float32 { return -middle(p, i) }, add),
			}},
			{"the correction sums over the filters in yours. The bias of one filter makes up for all channels that it reads.", []func(pointwise) shifted{
				formula(middle, func(p pointwise, s shifted, i, j int) { s.bias[j] += s.c[j] * p.rounded[j][i] }),
				formula(middle, func(p pointwise, s shifted, i, j int) { s.bias[i] += s.c[i] * p.rounded[j][i] }),
				formula(middle, func(p pointwise, s shifted, i, j int) { s.bias[j] += s.c[i] * p.rounded[i][j] }),
			}},
			{"the correction takes the weights before they are rounded, but the convolution multiplies by the rounded ones.", []func(pointwise) shifted{
				formula(middle, func(p pointwise, s shifted, i, j int) { s.bias[j] += s.c[i] * p.w[j][i] }),
			}},
		},
		show: func(p pointwise) string {
			return fmt.Sprintf("channels from %.3g to %.3g, %d filters and biases %.3g", p.lo, p.hi, len(p.w), p.b)
		},
	}
}

// shiftedBy says whether an answer is right: the shifted ranges are symmetric, and the
// rounded convolution of the shifted input has the outputs that it had before.
func (p pointwise) shiftedBy(s shifted) bool {
	if len(s.c) != len(p.lo) || len(s.bias) != len(p.b) {
		return false
	}
	for i, c := range s.c {
		if !near(float64(p.hi[i]-c), float64(c-p.lo[i]), 10) {
			return false
		}
	}
	for _, at := range []float32{0, 0.25, 1} {
		for j, w := range p.rounded {
			before, behind := float64(p.b[j]), float64(s.bias[j])
			for i := range w {
				x := p.lo[i] + at*(p.hi[i]-p.lo[i])
				before += float64(w[i]) * float64(x)
				behind += float64(w[i]) * float64(x-s.c[i])
			}
			if !near(before, behind, 10) {
				return false
			}
		}
	}
	return true
}
