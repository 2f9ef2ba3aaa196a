// SPDX-License-Identifier: Apache-2.0

package hwsim

import (
	"math"
	"math/bits"
)

// checked computes with 63 bits and remembers when that was not enough, so that
// one question at the end replaces one per operation.
type checked struct{ over bool }

// limit leaves room for a sum of two.
const limit = math.MaxInt64 / 4

// mul multiplies factors that are not negative.
func (c *checked) mul(factors ...int64) int64 {
	p := uint64(1)
	for _, f := range factors {
		hi, lo := bits.Mul64(p, uint64(f))
		if hi != 0 || lo > limit {
			c.over = true
			return 0
		}
		p = lo
	}
	return int64(p)
}

// add adds two numbers that are not negative.
func (c *checked) add(a, b int64) int64 {
	if a > limit-b {
		c.over = true
		return 0
	}
	return a + b
}

// inc adds b to *a.
func (c *checked) inc(a *int64, b int64) { *a = c.add(*a, b) }

// share returns ⌊x·part/whole⌋ for 0 ≤ part ≤ whole: what of x has come by that
// part, all of it where the whole is nothing.
func share(x, part, whole int64) int64 {
	if part >= whole {
		return x
	}
	hi, lo := bits.Mul64(uint64(x), uint64(part))
	q, _ := bits.Div64(hi, lo, uint64(whole))
	return int64(q)
}

// up returns ⌈a/b⌉.
func up(a, b int64) int64 { return (a + b - 1) / b }
