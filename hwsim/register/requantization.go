// SPDX-License-Identifier: Apache-2.0

package register

import (
	"fmt"
	"math"
)

// A Requantization turns accumulators into operands of 8 bits: the channel's
// offset is subtracted (filter-wise shifting, Section III-C of the paper), the
// difference divided by 2^Shift, rounded half to even, and clamped.
type Requantization struct {
	// Offset has one value per channel, or none, which stands for zeros.
	Offset []int32
	Shift  int
}

func (r Requantization) apply(channel int, sum int32) int8 {
	v := int64(sum)
	if r.Offset != nil {
		v -= int64(r.Offset[channel])
	}
	return int8(min(max(shiftRight(v, r.Shift), math.MinInt8), math.MaxInt8))
}

// shiftRight returns v / 2^n, rounded half to even.
func shiftRight(v int64, n int) int64 {
	if n == 0 {
		return v
	}
	// Just below a half is added, and the last step where the quotient is odd.
	return (v + 1<<(n-1) - 1 + v>>n&1) >> n
}

func (r Requantization) check(channels int) error {
	if r.Shift < 0 || r.Shift > 31 {
		return fmt.Errorf("requantization: shift %d must be 0 to 31", r.Shift)
	}
	if r.Offset != nil && len(r.Offset) != channels {
		return fmt.Errorf("requantization: %d offsets for %d channels", len(r.Offset), channels)
	}
	return nil
}
