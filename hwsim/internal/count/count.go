// SPDX-License-Identifier: Apache-2.0

// Package count does arithmetic on numbers of cycles, bytes and elements that hostile
// sizes could drive beyond 63 bits. Its functions return no error: they panic, and [Catch]
// at the entrance of a package turns the panic into an error.
package count

import (
	"errors"
	"math"
	"math/bits"
)

// Limit is the largest result. It leaves room for a sum of two.
const Limit = math.MaxInt64 / 4

// ErrOverflow is the error of a result beyond [Limit].
var ErrOverflow = errors.New("more than 2^61 cycles, bytes or steps")

// overflow is the panic value of the functions.
type overflow struct{}

// Catch is deferred by a package's entry functions: it sets their error to [ErrOverflow]
// where a number was beyond [Limit].
func Catch(err *error) {
	switch r := recover(); r.(type) {
	case nil:
	case overflow:
		*err = ErrOverflow
	default:
		panic(r)
	}
}

// Overflow panics like a result beyond [Limit].
func Overflow() { panic(overflow{}) }

// Mul multiplies factors that are not negative.
func Mul(a, b int64, more ...int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi != 0 || lo > Limit {
		Overflow()
	}
	for _, f := range more {
		if hi, lo = bits.Mul64(lo, uint64(f)); hi != 0 || lo > Limit {
			Overflow()
		}
	}
	return int64(lo)
}

// Add adds two numbers that are not negative.
func Add(a, b int64) int64 {
	if a > Limit-b {
		Overflow()
	}
	return a + b
}

// Inc adds b to *a.
func Inc(a *int64, b int64) { *a = Add(*a, b) }

// Share returns ⌊x·part/whole⌋ for 0 ≤ part ≤ whole: the share of x in the first part of
// the whole. It is x where whole is 0.
func Share(x, part, whole int64) int64 {
	if part >= whole {
		return x
	}
	hi, lo := bits.Mul64(uint64(x), uint64(part))
	q, _ := bits.Div64(hi, lo, uint64(whole))
	return int64(q)
}

// Up returns ⌈a/b⌉.
func Up(a, b int64) int64 { return (a + b - 1) / b }
