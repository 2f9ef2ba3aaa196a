// SPDX-License-Identifier: Apache-2.0

package exercise

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// E0 checks a function that adds up 8-bit codes. The exercise shows how a check works.
func E0(sum func(codes []int8) int) Verdict {
	return timed("E0", limit, func() Verdict {
		return e0(source()).of(func(codes []int8) int { return sum(slices.Clone(codes)) })
	})
}

func e0(r *rand.Rand) *check[[]int8, int] {
	inputs := [][]int8{{}}
	for n := range 6 {
		codes := []int8{100, int8(28 + r.IntN(100))} // the sum of the codes is no int8
		for range n {
			codes = append(codes, int8(1+r.IntN(127)))
		}
		inputs = append(inputs, codes)
	}
	// added returns a function that sums give(i, codes[i]) over the elements i ≥ from.
	added := func(from int, give func(i int, x int8) int) func([]int8) int {
		return func(codes []int8) int {
			s := 0
			for i := from; i < len(codes); i++ {
				s += give(i, codes[i])
			}
			return s
		}
	}
	value := func(_ int, x int8) int { return int(x) }
	return &check[[]int8, int]{
		exercise: "E0", inputs: inputs,
		right: func(codes []int8, s int) bool { return s == added(0, value)(codes) },
		same:  func(a, b int) bool { return a == b },
		wrongs: []wrong[[]int8, int]{
			{"the sum has 8 bits in yours and wraps around: in Go the sum of two int8 is an int8. Convert each code by int(x).", []func([]int8) int{
				func(codes []int8) int {
					var s int8
					for _, x := range codes {
						s += x
					}
					return int(s)
				},
			}},
			{"you add up the indices: range gives the index first and the element second.", []func([]int8) int{
				added(0, func(i int, _ int8) int { return i }),
			}},
			{"the first element is left out: indices begin at 0.", []func([]int8) int{added(1, value)}},
		},
		show: func(codes []int8) string { return fmt.Sprint("codes ", codes) },
	}
}
