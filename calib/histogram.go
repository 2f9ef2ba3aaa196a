// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// A Histogram counts float32 values in bins that need no range in advance: a
// bin holds all values that share the upper 16 bits of their float32 pattern
// (sign, exponent, seven bits of mantissa). A bin is at most 1/128 of its
// value wide, so a quantile is exact to 0.8 %, zero has a bin of its own, and
// histograms of different pictures add up bin by bin.
type Histogram struct {
	// Bins are the bins that hold anything, in rising order of value.
	Bins []Bin
}

// A Bin is one bin of a [Histogram].
type Bin struct {
	// Key is the upper half of the float32 pattern of the bin's values.
	Key uint16
	// Count is the number of values in the bin.
	Count int64
}

// Bounds returns the smallest and the largest value that falls into the bin.
func (b Bin) Bounds() (lo, hi float32) {
	near := math.Float32frombits(uint32(b.Key) << 16)
	far := math.Float32frombits(uint32(b.Key)<<16 | 0xffff)
	if near < 0 || b.Key == 0x8000 {
		return far, near
	}
	return near, far
}

// Center returns the middle of the bin; zero for the bin of zero.
func (b Bin) Center() float32 {
	if b.Key&0x7fff == 0 {
		return 0
	}
	lo, hi := b.Bounds()
	return lo + (hi-lo)/2
}

// check returns an error unless the bins rise, are not empty, and hold finite values.
func (h Histogram) check() error {
	for i, b := range h.Bins {
		if b.Count < 1 || b.Count > maxCount || b.Key&0x7f80 == 0x7f80 || i > 0 && compare(h.Bins[i-1], b) >= 0 {
			return fmt.Errorf("bin %d of %d in the histogram counts %d values with the upper bits %#04x: rising bins of 1 to %d finite values are allowed", i, len(h.Bins), b.Count, b.Key, int64(maxCount))
		}
	}
	return nil
}

// compare orders bins by value, -0 before +0.
func compare(a, b Bin) int {
	return cmp.Or(cmp.Compare(order(a.Key), order(b.Key)), cmp.Compare(b.Key, a.Key))
}

// order maps a bin's key to its rank by value.
func order(key uint16) int {
	if key&0x8000 != 0 {
		return -int(key & 0x7fff)
	}
	return int(key)
}

// Total returns the number of values counted.
func (h Histogram) Total() int64 {
	var n int64
	for _, b := range h.Bins {
		n += b.Count
	}
	return n
}

// Quantile returns the value below which the fraction q, from 0 to 1, of the
// values lies: the centre of the bin that holds it, NaN if the histogram is
// empty or q is outside 0..1.
func (h Histogram) Quantile(q float64) float32 {
	total := h.Total()
	if total == 0 || !(q >= 0 && q <= 1) {
		return float32(math.NaN())
	}
	rank := int64(math.Ceil(q * float64(total)))
	for _, b := range h.Bins {
		if rank -= b.Count; rank <= 0 {
			return b.Center()
		}
	}
	return h.Bins[len(h.Bins)-1].Center()
}

// counter collects a Histogram; its array is indexed by a value's key.
type counter [1 << 16]int64

func (c *counter) add(v float32) { c[math.Float32bits(v)>>16]++ }

func (c *counter) histogram() Histogram {
	var bins []Bin
	for key, n := range c {
		if n > 0 {
			bins = append(bins, Bin{Key: uint16(key), Count: n})
		}
	}
	slices.SortFunc(bins, compare)
	return Histogram{Bins: bins}
}

// Plus returns the counts of both histograms together.
func (h Histogram) Plus(o Histogram) Histogram {
	var sum counter
	for _, bins := range [][]Bin{h.Bins, o.Bins} {
		for _, b := range bins {
			sum[b.Key] += b.Count
		}
	}
	return sum.histogram()
}
