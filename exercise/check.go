// SPDX-License-Identifier: Apache-2.0

package exercise

import (
	"fmt"
	"slices"
)

// A check compares a student's function from inputs I to outputs O with the right answers
// and with known wrong formulas.
type check[I, O any] struct {
	exercise string
	inputs   []I
	// right says whether an output is right for an input.
	right func(I, O) bool
	// same says whether two outputs are equal up to rounding.
	same   func(a, b O) bool
	wrongs []wrong[I, O]
	// show describes an input in a sentence for the student.
	show func(I) string
}

// A wrong is a typical wrong formula, in its variants, with the sentence for it.
type wrong[I, O any] struct {
	says     string
	formulas []func(I) O
}

// An answer is the result of a function for one input: an output, or the text of a panic.
type answer[O any] struct {
	output   O
	panicked string
}

// attempt calls a function, and turns its panic into text.
func attempt[O any](f func() O) (a answer[O]) {
	defer func() {
		if r := recover(); r != nil {
			a.panicked = fmt.Sprint(r)
		}
	}()
	return answer[O]{output: f()}
}

// of returns the verdict on a student's function.
func (c *check[I, O]) of(f func(I) O) Verdict {
	answers := c.all(f)
	first := -1
	for i, a := range answers {
		if first < 0 && (a.panicked != "" || !c.right(c.inputs[i], a.output)) {
			first = i
		}
	}
	switch {
	case first < 0:
		return Verdict{c.exercise, true, fmt.Sprintf("right on %d fresh inputs.", len(c.inputs))}
	case c.known(answers) != "":
		return Verdict{c.exercise, false, c.known(answers)}
	case answers[first].panicked != "":
		return Verdict{c.exercise, false, fmt.Sprintf("your function panics for %s: %s.", c.show(c.inputs[first]), answers[first].panicked)}
	}
	return Verdict{c.exercise, false, fmt.Sprintf("for %s your function returns %v, which is wrong.", c.show(c.inputs[first]), answers[first].output)}
}

// all returns the answer of a function for each input.
func (c *check[I, O]) all(f func(I) O) []answer[O] {
	answers := make([]answer[O], len(c.inputs))
	for i, in := range c.inputs {
		answers[i] = attempt(func() O { return f(in) })
	}
	return answers
}

// known returns the sentence of the wrong formula that gives all of the answers, or "".
func (c *check[I, O]) known(answers []answer[O]) string {
	for _, w := range c.wrongs {
		for _, formula := range w.formulas {
			if c.gives(formula, answers) {
				return w.says
			}
		}
	}
	return ""
}

// gives says whether a formula gives all of the answers, panics included.
func (c *check[I, O]) gives(formula func(I) O, answers []answer[O]) bool {
	return slices.EqualFunc(c.all(formula), answers, func(a, b answer[O]) bool {
		return (a.panicked != "") == (b.panicked != "") && (a.panicked != "" || c.same(a.output, b.output))
	})
}

// near says whether two numbers are equal up to the rounding of float32. size is the size
// of the numbers that were added up.
func near(a, b, size float64) bool {
	return a-b <= 1e-5*size && b-a <= 1e-5*size // NaN is near no number
}
