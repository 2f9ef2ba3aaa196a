// SPDX-License-Identifier: Apache-2.0

// Package exercise checks the exercises of the notebooks, E0 to E10. A check takes
// the student's function, which works on slices and plain numbers, draws fresh
// inputs for it and returns a [Verdict]:
//
//	fmt.Println(exercise.E1(func(x, step float32, lo, hi int) int { return int(x / step) }))
//	// E1 not yet: the fraction of x/step is cut off: ...
//
// A wrong answer that is typical is recognised: where the student's function equals
// a known wrong formula on every input, the verdict is that formula's own sentence.
// Any other wrong answer gets an input and what the function made of it. A verdict
// never tells the right formula. A function that panics, or that has not ended after
// ten seconds, gets a sentence too.
//
// What is right is decided by this module: by package grid, by the integer
// executor, by the closed form and by the event-driven model. The inputs depend on
// the text in [SeedVariable], which a grader sets and keeps to itself, else on the
// clock.
package exercise
