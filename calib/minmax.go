// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"math"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// MinBits and MaxBits bound the widths of uniform grids.
const (
	MinBits = 2
	MaxBits = 16
)

func checkBits(what string, bits int) error {
	if bits < MinBits || bits > MaxBits {
		return fmt.Errorf("%s of %d bits: %d to %d are allowed", what, bits, MinBits, MaxBits)
	}
	return nil
}

// MinMax spans the grid over the smallest and largest value observed: the paper's setting.
// Its grid is symmetric around zero for a signed point and starts at zero for an unsigned
// point.
type MinMax struct {
	// Bits is the width; 0 means the point's own width.
	Bits int
	// Affine places the grid between minimum and maximum with a zero point, as
	// the released code does, instead of symmetrically.
	Affine bool
	// Symmetric makes the grid symmetric around zero even for an unsigned point, the
	// paper's default for every activation (Section III-A). Half of an unsigned point's
	// codes are then unused.
	Symmetric bool
}

// String names the rule.
func (m MinMax) String() string {
	kind := "min-max"
	switch {
	case m.Affine:
		kind = "min-max, affine"
	case m.Symmetric:
		kind = "min-max, symmetric everywhere"
	}
	if m.Bits == 0 {
		return kind
	}
	return fmt.Sprintf("%s, uniform in %d bits", kind, m.Bits)
}

// Choose returns a [grid.Uniform].
func (m MinMax) Choose(stats *TensorStats, point efficientvit.Point) (Quantizer, error) {
	bits := m.Bits
	if bits == 0 {
		bits = point.Bits
	}
	if err := checkBits("a grid for "+stats.Name, bits); err != nil {
		return nil, err
	}
	lo, hi, err := stats.bounds()
	if err != nil {
		return nil, err
	}
	return gridOf(lo, hi, bits, point.Signed || m.Symmetric, m.Affine), nil
}

// gridOf returns the grid of a range. A tensor that is zero throughout gets a
// step of one: every value is exact.
func gridOf(lo, hi float64, bits int, signed, affine bool) grid.Uniform {
	levels := 1<<bits - 1
	u := grid.Uniform{Hi: levels}
	switch {
	case affine:
		lo, hi = min(lo, 0), max(hi, 0) // padding is zero, and has to stay exact
		u.Scale = float32((hi - lo) / float64(levels))
		if u.Scale > 0 {
			u.Zero = int(math.RoundToEven(-lo / float64(u.Scale)))
		}
	case signed:
		u.Lo, u.Hi = -(levels+1)/2, levels/2
		u.Scale = float32(max(-lo, hi) / float64(u.Hi))
	default:
		u.Scale = float32(hi / float64(levels))
	}
	if !(u.Scale > 0) {
		u.Scale = 1
	}
	return u
}
