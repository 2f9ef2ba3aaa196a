// SPDX-License-Identifier: Apache-2.0

package exercise

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// E3 checks a function that computes one output of each filter in real numbers. x are the
// codes of the input, of step stepX. w[j] are the codes of filter j, of step stepW[j].
func E3(dot func(x []int8, w [][]int8, stepX float32, stepW []float32) []float32) Verdict {
	return timed("E3", limit, func() Verdict {
		return e3(source()).of(func(l layer) []float32 {
			return dot(slices.Clone(l.x), cloned(l.w), l.stepX, slices.Clone(l.stepW))
		})
	})
}

// A layer is a pointwise convolution at one pixel, in codes with their steps.
type layer struct {
	x     []int8
	w     [][]int8
	stepX float32
	stepW []float32
}

// cloned copies rows, so that a student's function may write into its own copy.
func cloned[E any](rows [][]E) [][]E {
	all := make([][]E, len(rows))
	for i, row := range rows {
		all[i] = slices.Clone(row)
	}
	return all
}

func e3(r *rand.Rand) *check[layer, []float32] {
	var inputs []layer
	for range 6 {
		l := layer{stepX: 0.01 + r.Float32()}
		channels := 64 + r.IntN(64)
		for range channels {
			l.x = append(l.x, int8(40+r.IntN(88)))
		}
		for j := range 3 + r.IntN(3) {
			row := make([]int8, channels)
			for i := range row {
				row[i] = int8(r.IntN(255) - 127)
				if j == 1 { // the sum of this filter needs more than 16 bits
					row[i] = int8(40 + r.IntN(88))
				}
			}
			l.w = append(l.w, row)
			l.stepW = append(l.stepW, (1+r.Float32())*float32(math.Ldexp(0.001, 2*j)))
		}
		inputs = append(inputs, l)
	}
	// scaled multiplies the sum of a filter by the step of its output: of one filter, or of
	// each.
	scaled := func(sum func(x, w []int8) int, step func(l layer, j int) float32) func(layer) []float32 {
		return func(l layer) (y []float32) {
			for j := range l.w {
				y = append(y, float32(sum(l.x, l.w[j]))*l.stepX*step(l, j))
			}
			return y
		}
	}
	own := func(l layer, j int) float32 { return l.stepW[j] }
	return &check[layer, []float32]{
		exercise: "E3", inputs: inputs,
		right: func(l layer, y []float32) bool {
			want, err := l.run()
			return err == nil && sameAll(y, want)
		},
		same: sameAll,
		wrongs: []wrong[layer, []float32]{
			{"the sum has 16 bits in yours and wraps around: a few products of two 8-bit codes are more than that.", []func(layer) []float32{
				scaled(func(x, w []int8) int {
					var s int16
					for i := range x {
						s += int16(x[i]) * int16(w[i])
					}
					return int(s)
				}, own),
			}},
			{"the product has 8 bits in yours and wraps around: in Go the product of two int8 is an int8.", []func(layer) []float32{
				scaled(func(x, w []int8) int {
					s := 0
					for i := range x {
						s += int(x[i] * w[i])
					}
					return s
				}, own),
				scaled(func(x, w []int8) int {
					var s int8
					for i := range x {
						s += x[i] * w[i]
					}
					return int(s)
				}, own),
			}},
			{"every filter takes the step of filter 0 in yours, but each filter has a grid of its own.", []func(layer) []float32{
				scaled(sum, func(l layer, _ int) float32 { return l.stepW[0] }),
			}},
		},
		show: func(l layer) string {
			return fmt.Sprintf("%d codes x that begin with %d, %d filters and the steps %.3g and %.3g", len(l.x), l.x[:3], len(l.w), l.stepX, l.stepW)
		},
	}
}

// sum returns the sum of the products of x and w.
func sum(x, w []int8) int {
	s := 0
	for i := range x {
		s += int(x[i]) * int(w[i])
	}
	return s
}

// sameAll compares two slices of numbers element by element, by same32.
func sameAll(a, b []float32) bool { return slices.EqualFunc(a, b, same32) }

// run computes the layer by the integer executor, and multiplies its sums by their steps.
func (l layer) run() ([]float32, error) {
	m := &integer.Model{Name: "exercise", Limits: integer.Limits{MultiplierBits: integer.MultiplierPort, AccumulatorBits: integer.MaxAccumulatorBits}, Ops: []integer.Op{
		{Name: "x", Operation: &integer.Input{Shape: [3]int{1, 1, len(l.x)}, Grid: grid.Uniform{Scale: l.stepX, Lo: -128, Hi: 127}}},
		{Name: "y", Inputs: []string{"x"}, Operation: &integer.Conv{Kernel: 1, Stride: 1, Groups: 1, WeightBits: 8, Weights: slices.Concat(l.w...), Bias: make([]int32, len(l.w))}},
	}}
	codes := make([]int32, len(l.x))
	for i, q := range l.x {
		codes[i] = int32(q)
	}
	sums, err := m.Run(codes)
	if err != nil {
		return nil, err
	}
	y := make([]float32, len(l.w))
	for j, s := range sums.Data {
		y[j] = float32(s) * l.stepX * l.stepW[j]
	}
	return y, nil
}
