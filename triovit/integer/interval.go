// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"fmt"
	"math/bits"
)

// An Interval holds the integers from Lo to Hi, both included.
type Interval struct {
	Lo int64 `json:"lo"`
	Hi int64 `json:"hi"`
}

// Bits returns the width of two's complement numbers that hold the interval: 8 for
// -128..127, 9 for 0..255.
func (r Interval) Bits() int {
	return 1 + max(bits.Len64(uint64(max(r.Hi, ^r.Hi))), bits.Len64(uint64(max(r.Lo, ^r.Lo))))
}

// Contains says whether v lies in the interval.
func (r Interval) Contains(v int64) bool { return r.Lo <= v && v <= r.Hi }

// String returns the interval and its width.
func (r Interval) String() string { return fmt.Sprintf("%d..%d (%d bits)", r.Lo, r.Hi, r.Bits()) }

// clamp returns the element of the interval that is nearest to v.
func (r Interval) clamp(v int64) int32 { return int32(min(max(v, r.Lo), r.Hi)) }

// union returns the smallest interval that contains both.
func (r Interval) union(s Interval) Interval { return Interval{min(r.Lo, s.Lo), max(r.Hi, s.Hi)} }

// times returns the interval of the products of two elements, one of each interval.
func (r Interval) times(s Interval) Interval {
	a, b, c, d := r.Lo*s.Lo, r.Lo*s.Hi, r.Hi*s.Lo, r.Hi*s.Hi
	return Interval{min(a, b, c, d), max(a, b, c, d)}
}

// scaled returns the interval of the sums of n elements.
func (r Interval) scaled(n int) Interval { return Interval{int64(n) * r.Lo, int64(n) * r.Hi} }

// FilterSum returns the exact interval of a filter's accumulator, bias +
// Σ w·x, where each x takes any code of its interval (INTEGER.md, Widths).
func FilterSum(filter []int8, bias int32, x Interval) Interval {
	r := Interval{int64(bias), int64(bias)}
	for _, w := range filter {
		p := x.times(Interval{int64(w), int64(w)})
		r.Lo, r.Hi = r.Lo+p.Lo, r.Hi+p.Hi
	}
	return r
}

// ProductSum returns the exact interval of Σ x·y over n pairs, where each x and
// each y takes any code of its interval.
func ProductSum(n int, x, y Interval) Interval { return x.times(y).scaled(n) }
