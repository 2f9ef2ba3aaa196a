// SPDX-License-Identifier: Apache-2.0

package exercise_test

import (
	"fmt"
	"math"

	"github.com/gotriovit/gotriovit/exercise"
)

// A student's first two attempts at a function from a value to its code.
func ExampleE1() {
	fmt.Println(exercise.E1(func(x, step float32, lo, hi int) int {
		return int(math.RoundToEven(float64(x / step)))
	}))
	fmt.Println(exercise.E1(func(x, step float32, lo, hi int) int {
		return min(max(int(math.RoundToEven(float64(x/step))), lo), hi)
	}))
	// Output:
	// E1 not yet: nothing is clamped: a value beyond the largest code gets a code that the grid does not have.
	// E1 passed: right on 63 fresh inputs.
}
