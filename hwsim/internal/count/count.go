// SPDX-License-Identifier: Apache-2.0

// Package count computes with numbers of cycles, bytes and elements that hostile
// sizes could drive beyond 63 bits.
package count

import (
	"math"
	"math/bits"
)

// Checked multiplies and adds with 63 bits and remembers when that was not
// enough, so that one question at the end replaces one per operation.
type Checked struct {
	// Over says that a result was beyond [Limit]; all results since are of no use.
	Over bool
}

// Limit is the largest result. It leaves room for a sum of two.
const Limit = math.MaxInt64 / 4

// Mul multiplies factors that are not negative.
func (c *Checked) Mul(factors ...int64) int64 {
	p := uint64(1)
	for _, f := range factors {
		hi, lo := bits.Mul64(p, uint64(f))
		if hi != 0 || lo > Limit {
			c.Over = true
			return 0
		}
		p = lo
	}
	return int64(p)
}

// Add adds two numbers that are not negative.
func (c *Checked) Add(a, b int64) int64 {
	if a > Limit-b {
		c.Over = true
		return 0
	}
	return a + b
}

// Inc adds b to *a.
func (c *Checked) Inc(a *int64, b int64) { *a = c.Add(*a, b) }

// Share returns ⌊x·part/whole⌋ for 0 ≤ part ≤ whole: how much of x the first part
// of the whole has, all of it where the whole is nothing.
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
