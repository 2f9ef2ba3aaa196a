// SPDX-License-Identifier: Apache-2.0

package exercise

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"time"
)

// A Verdict is the result of a check.
type Verdict struct {
	// Exercise is the exercise's number, "E0" to "E10".
	Exercise string
	Passed   bool
	// Says is one sentence for the student.
	Says string
}

// String is the verdict on one line: "E1 passed: ..." or "E1 not yet: ...".
// scripts/lesson.py reads this line.
func (v Verdict) String() string {
	word := "not yet"
	if v.Passed {
		word = "passed"
	}
	return fmt.Sprintf("%s %s: %s", v.Exercise, word, v.Says)
}

// SeedVariable is the environment variable whose text seeds the inputs of every check. If
// it is empty or not set, the clock seeds them.
const SeedVariable = "TRIOVIT_EXERCISE_SEED"

// source returns the random number generator of one check.
func source() *rand.Rand {
	text := os.Getenv(SeedVariable)
	if text == "" {
		text = time.Now().String()
	}
	return rand.New(rand.NewChaCha8(sha256.Sum256([]byte(text))))
}

// limit is the time that all calls of a student's function may take together.
const limit = 10 * time.Second

// timed returns the verdict of a check. If the check has not ended within a time, timed
// returns a verdict that says so, and the check runs on until the program ends.
func timed(exercise string, within time.Duration, check func() Verdict) Verdict {
	done := make(chan Verdict, 1)
	go func() { done <- check() }()
	select {
	case v := <-done:
		return v
	case <-time.After(within):
		return Verdict{exercise, false, fmt.Sprintf("your function has not ended after %v: which of its loops never ends?", within)}
	}
}
