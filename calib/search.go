// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"cmp"
	"fmt"
	"math"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// LpSearch tries ever smaller ranges within the range observed and keeps the grid with the
// smallest mean of |x − x̂|^P. Clipping a few far values can make the steps of all other
// values finer.
//
// The candidates are those of the released code's "mse" setting: the range times 1.00,
// 0.99 and so on; of equals the widest wins. The mean is taken over the tensor's
// histogram. At the end of the range a bin is about as wide as a step of eight bits. So
// values are taken as spread evenly over a bin, and the mean over a bin is an integral in
// closed form.
type LpSearch struct {
	// P is the exponent of the error: 2 for the smallest mean square, 0 for the released
	// code's 2.4.
	P float64
	// Candidates is the number of ranges tried, each smaller by 1 % of the widest. 0 means
	// 80, down to 0.21, as in the released code.
	Candidates int
	// Affine is as in [MinMax]; the released code's grids are affine.
	Affine bool
}

// L24 is the released code's scale search on the paper's symmetric grids. OMSE is the
// search for the smallest mean square error over the whole range (Choukroun et al., arXiv
// 1902.06822).
var (
	L24  = LpSearch{}
	OMSE = LpSearch{P: 2, Candidates: 100}
)

// String names the rule: "OMSE", "L2.4 search", "affine L2.4 search".
func (l LpSearch) String() string {
	name := fmt.Sprintf("L%g search", l.exponent())
	switch {
	case l.exponent() == OMSE.P && l.candidates() == OMSE.Candidates:
		name = "OMSE"
	case l.candidates() != L24.candidates():
		name += fmt.Sprintf(" of %d", l.candidates())
	}
	return affinely(name, l.Affine)
}

func (l LpSearch) exponent() float64 { return cmp.Or(l.P, 2.4) }

func (l LpSearch) candidates() int { return cmp.Or(l.Candidates, 80) }

// Choose returns a [grid.Uniform].
func (l LpSearch) Choose(stats *TensorStats, point efficientvit.Point) (Quantizer, error) {
	if n, p := l.candidates(), l.exponent(); !(p >= 1 && p <= 8) || n < 1 || n > 100 {
		return nil, fmt.Errorf("search over %d ranges with exponent %g: 1 to 100 and 1 to 8 are allowed", n, p)
	}
	lo, hi, err := stats.distribution(point)
	if err != nil {
		return nil, err
	}
	candidate := func(i int) grid.Uniform {
		keep := 1 - float64(i)/100
		return gridOf(lo*keep, hi*keep, point.Bits, point.Signed, l.Affine)
	}
	// Values that round to zero on the finest grid do so on all grids, with the same
	// error.
	finest := float64(candidate(l.candidates() - 1).Scale)
	var bins []Bin
	for _, b := range stats.Hist.Bins {
		if near, far := b.Bounds(); max(-near, far) > float32(finest/2) {
			bins = append(bins, b)
		}
	}
	best, least := candidate(0), math.Inf(1)
	for i := range l.candidates() {
		if e := l.error(bins, candidate(i), lo, hi); e < least {
			best, least = candidate(i), e
		}
	}
	return best, nil
}

// error returns the sum of |x − x̂|^P over bins of values from lo to hi.
func (l LpSearch) error(bins []Bin, u grid.Uniform, lo, hi float64) float64 {
	step, p := float64(u.Scale), l.exponent()
	e := gridError{p: p, lo: float64(u.Lo - u.Zero), hi: float64(u.Hi - u.Zero), half: math.Pow(0.5, p+1)}
	sum := 0.0
	for _, b := range bins {
		near, far := b.within(lo, hi)
		near, far = near/step, far/step
		if width := far - near; width > 1e-9 {
			sum += float64(b.Count) * (e.integral(far) - e.integral(near)) / width
		} else { // all values of the bin are equal, and lie at an end of the range
			sum += float64(b.Count) * math.Pow(math.Abs(near-e.rounded(near)), p)
		}
	}
	return sum * math.Pow(step, p)
}

// gridError integrates the error of a grid with steps of one and codes from lo to hi. half
// is the integral over half a step, 0.5^(p+1).
type gridError struct{ p, lo, hi, half float64 }

// rounded returns the code of x.
func (e gridError) rounded(x float64) float64 { return math.RoundToEven(min(max(x, e.lo), e.hi)) }

// integral returns ∫ |t − t̂|^p dt from 0 to x. Each whole step adds two halves. The
// remainder lies within the current step, or beyond the last code.
func (e gridError) integral(x float64) float64 {
	code, q := e.rounded(x), e.p+1
	way := x - code
	return (2*code*e.half + math.Copysign(math.Pow(math.Abs(way), q), way)) / q
}
