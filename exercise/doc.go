// SPDX-License-Identifier: Apache-2.0

// Package exercise checks the exercises of the notebooks, E0 to E10. A check takes
// the student's function, which works on slices and plain numbers, draws fresh
// inputs for it and returns a [Verdict]:
//
//	fmt.Println(exercise.E1(func(x, step float32, lo, hi int) int { return int(x / step) }))
//	// E1 not yet: the fraction of x/step is cut off: ...
//
// A typical wrong answer is recognised: where the student's function equals a known wrong
// formula on every input, the verdict is the sentence for that formula. Any other wrong
// answer gets an input and the function's result for it. A verdict never contains the
// right formula. A function that panics, or that has not ended after ten seconds, gets a
// sentence too.
//
// The right answers come from this module: from package grid, the integer executor, the
// closed form and the event-driven model. The inputs depend on the text in the variable
// that [SeedVariable] names, which a grader sets and keeps secret, or else on the clock.
package exercise
