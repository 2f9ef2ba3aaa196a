// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"cmp"
	"fmt"
	"math"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// DivisorFloor is a uniform grid for divisors with a least value: smaller divisors are
// raised to it, and none becomes the integer 0. Qualcomm ships EfficientViT-B2 with such a
// floor (ai-hub-models, _shared/efficientvit/litemla_patch.py): 90, chosen by a sweep over
// 1, 8, 30 and 90 on the device, with activations of 16 bits. The floor is in units of the
// float divisor, so that another network needs another floor. A uniform divisor needs a
// divider: [Freeze] refuses it.
type DivisorFloor struct {
	// Floor is the least divisor; 0 means the grid's first step.
	Floor float64
	// Bits is the width; 0 means 8.
	Bits int
}

// String names the rule.
func (d DivisorFloor) String() string {
	return fmt.Sprintf("uniform in %d bits, at least %g", d.bits(), d.Floor)
}

func (d DivisorFloor) bits() int { return cmp.Or(d.Bits, 8) }

// Choose returns an unsigned [grid.Uniform] whose codes begin at the code nearest to the
// floor, or at 1. It spans the largest divisor observed, or the floor plus one step where
// that is larger.
func (d DivisorFloor) Choose(stats *TensorStats, _ efficientvit.Point) (Quantizer, error) {
	if err := checkBits("a grid for "+stats.Name, d.bits()); err != nil {
		return nil, err
	}
	if !(d.Floor >= 0 && d.Floor <= math.MaxFloat32/2) {
		return nil, fmt.Errorf("a floor of %g for %s: 0 or a positive number is allowed", d.Floor, stats.Name)
	}
	_, largest, err := stats.bounds()
	if err != nil {
		return nil, err
	}
	u := gridOf(0, max(largest, 0), d.bits(), false, false)
	if beyond := float32(d.Floor / float64(u.Hi-1)); u.Scale < beyond || largest <= 0 && beyond > 0 {
		u.Scale = beyond
	}
	u.Lo = max(1, grid.Uniform{Scale: u.Scale, Hi: u.Hi - 1}.Code(float32(d.Floor)))
	return u, nil
}
