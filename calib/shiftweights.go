// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// ShiftWeights puts a share of each picked convolution's filters on powers of two, after
// the mixed schemes of M2-ViT (arXiv 2410.09113). A weight is then 0 or ±S·2^c, and its
// product is a shift. For weights of 8 bits c is 0 to 6, a code of 4 bits. These weights
// are also codes of a symmetric uniform grid of step S = max |w| / 2^6, and freeze as
// such. The filters with the least squared error relative to their own squares are chosen.
//
// Only M2-ViT's abstract and reviews were at hand. They name the two schemes, filter by
// filter, and the squared error as the criterion. The share is inferred. Sums of two
// powers and depthwise filters of fewer bits are left out.
type ShiftWeights struct {
	Where Selection
	// Share is the share of a convolution's filters, from 0, which changes nothing, to 1.
	Share float64
}

// String names the rule.
func (s ShiftWeights) String() string {
	return fmt.Sprintf("powers of two for %g %% of the filters of %s", 100*s.Share, s.Where)
}

// check returns an error for a share outside 0 to 1 and for affine weights.
func (s ShiftWeights) check(affine bool) error {
	switch {
	case !(s.Share >= 0 && s.Share <= 1):
		return fmt.Errorf("a share of %g of the filters on powers of two: 0 to 1 is allowed", s.Share)
	case s.Share > 0 && affine:
		return fmt.Errorf("filters on powers of two and affine weights: powers of two have no zero point")
	}
	_, err := s.Where.matcher()
	return err
}

// round replaces the uniform grids and values of the chosen filters of a convolution and
// returns the number of these filters.
func (s ShiftWeights) round(op *efficientvit.Op, exact, rounded *weights.Tensor, grids []grid.Uniform) int {
	if match, err := s.Where.matcher(); err != nil || !match(op) {
		return 0
	}
	type filter struct {
		o     int
		grid  grid.Uniform
		data  []float32
		error float64
	}
	var filters []filter
	per := len(exact.Data) / len(grids)
	for o, g := range grids {
		w := exact.Data[o*per : (o+1)*per]
		f := filter{o: o, grid: g}
		widest, squares, off := 0.0, 0.0, 0.0
		for _, v := range w {
			widest = max(widest, math.Abs(float64(v)))
		}
		// The uniform grid's step is the least that the bias allows.
		f.grid.Scale = max(g.Scale, float32(math.Ldexp(widest, -bitsBelow(g))))
		for _, v := range w {
			q := nearestPower(v, f.grid)
			f.data = append(f.data, q)
			squares += float64(v) * float64(v)
			off += float64(q-v) * float64(q-v)
		}
		if squares > 0 {
			f.error = off / squares
		}
		filters = append(filters, f)
	}
	slices.SortStableFunc(filters, func(a, b filter) int { return cmp.Compare(a.error, b.error) })
	n := int(s.Share * float64(len(filters)))
	for _, f := range filters[:n] {
		copy(rounded.Data[f.o*per:], f.data)
		grids[f.o] = f.grid
	}
	return n
}

// bitsBelow returns the largest c for which a signed grid has the codes ±2^c.
func bitsBelow(g grid.Uniform) int { return int(math.Log2(float64(g.Hi))) }

// nearestPower returns the nearest to v of 0 and ±S·2^c; of two equally near, the larger.
func nearestPower(v float32, g grid.Uniform) float32 {
	x := math.Abs(float64(v)) / float64(g.Scale)
	if x < 0.5 {
		return 0
	}
	c := 0
	for c < bitsBelow(g) && x >= math.Ldexp(1.5, c) {
		c++
	}
	return float32(math.Copysign(math.Ldexp(float64(g.Scale), c), float64(v)))
}
