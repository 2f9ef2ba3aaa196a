// SPDX-License-Identifier: Apache-2.0

// Package exercise checks the exercises of the notebooks, E0 to E10. A check takes
// the student's function, which works on slices and plain numbers, draws fresh
// inputs for it and returns a [Verdict]:
//
//	fmt.Println(exercise.E1(func(x, step float32, lo, hi int) int { return int(x / step) }))
//	// E1 not yet: the fraction of x/step is cut off: ...
//
// A typical wrong answer is recognised: where the student's function equals a known wrong
// formula on every input, the verdict is the sentence for that formula. The verdict on
// any other wrong answer shows an input and the function's result for it. A verdict never
// contains the right formula. A function that panics gets a sentence too, and so does a
// function that has not ended after ten seconds.
//
// The right answers come from package grid, the integer executor, the closed form and the
// event-driven model. The inputs depend on the text in the environment variable that
// [SeedVariable] names, which a grader sets and keeps secret. If it is not set, they
// depend on the clock.
package exercise
