// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"pgregory.net/rapid"
)

// grids draws quantizers of every kind.
func grids(t *rapid.T) Quantizer {
	stats := &TensorStats{Name: "x", Min: []float32{-float32(rapid.Float64Range(0, 1e3).Draw(t, "-min"))},
		Max: []float32{float32(rapid.Float64Range(1e-3, 1e5).Draw(t, "max"))}}
	point := efficientvit.Point{Bits: rapid.IntRange(MinBits, MaxBits).Draw(t, "bits"), Signed: rapid.Bool().Draw(t, "signed")}
	observers := []Observer{MinMax{}, MinMax{Affine: true}, LogDomain{}, ReleasedCodes, LogDomain{Bits: 3}, LogDomain{Floor: true},
		LeadingOne{IntegerBits: 8}, LeadingOne{IntegerBits: 20}, LogSqrt2{}, LogSqrt2{Bits: 6}, DivisorFloor{Floor: 90}}
	q, err := rapid.SampledFrom(observers).Draw(t, "rule").Choose(stats, point)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// TestQuantizerLaws: every grid is idempotent, monotone, bounded, keeps zero
// or takes its floor (uniform) or a power of two (log2), and its graph computes the same as its
// scalar form.
func TestQuantizerLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := grids(t)
		xs := rapid.SliceOfN(rapid.Float32Range(-2e5, 2e5), 2, 40).Draw(t, "x")
		slices.Sort(xs)
		ys := make([]float32, len(xs))
		for i, x := range xs {
			ys[i] = q.Fake(x)
			if again := q.Fake(ys[i]); again != ys[i] {
				t.Errorf("%s: %g becomes %g, then %g", q, x, ys[i], again)
			}
			if i > 0 && ys[i] < ys[i-1] {
				t.Errorf("%s: %g and %g become %g and %g", q, xs[i-1], x, ys[i-1], ys[i])
			}
		}
		switch q := q.(type) {
		case grid.Uniform:
			if want := max(0, q.Value(q.Lo)); q.Fake(0) != want {
				t.Errorf("%s: zero becomes %g, want %g", q, q.Fake(0), want)
			}
		case grid.Log2:
			if f, _ := math.Frexp(float64(ys[0] / q.Unit)); f != 0.5 {
				t.Errorf("%s: %g is no power of two", q, ys[0])
			}
		}
		if got := runGraph(t, q, xs); !slices.Equal(got, ys) {
			t.Errorf("%s: the graph makes\n%v of\n%v, want\n%v", q, got, xs, ys)
		}
	})
}

func runGraph(t interface{ Fatal(...any) }, q Quantizer, xs []float32) []float32 {
	backend, err := forward.Backend()
	if err != nil {
		t.Fatal(err)
	}
	form, err := GraphOf(q)
	if err != nil {
		t.Fatal(err)
	}
	y, err := graph.CallOnce(backend, form, tensors.FromFlatDataAndDimensions(xs, len(xs)))
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](y)
}

// TestLeadingOneOfThePaper is the worked example of Section III-D, and its
// neighbours at the threshold.
func TestLeadingOneOfThePaper(t *testing.T) {
	q, err := LeadingOne{IntegerBits: 8}.Choose(&TensorStats{Name: "divisor", Min: []float32{0}, Max: []float32{255}}, efficientvit.Point{})
	if err != nil {
		t.Fatal(err)
	}
	for x, code := range map[float32]int{0b0110_0011: 7, 0b0101_1111: 6, 0b0110_0000: 7, 0b0100_0000: 6, 3: 2, 2: 1, 1: 0, 0: 0, 255: 8} {
		if got := q.(grid.Log2).Code(x); got != code {
			t.Errorf("%g takes code %d, want %d", x, got, code)
		}
	}
}

// TestLogDomain is the released code's rule, computed as it computes it.
func TestLogDomain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(1e-4, 1e4).Draw(t, "x")
		y := math.Floor(math.Log2(x))
		if x/math.Exp2(y) > math.Exp2(y+1)/x {
			y++
		}
		want := min(max(int(y), -6), 9)
		q, err := ReleasedCodes.Choose(&TensorStats{Name: "divisor", Max: []float32{1e4}}, efficientvit.Point{})
		if err != nil {
			t.Fatal(err)
		}
		if near := math.Abs(x/math.Exp2(y)/math.Sqrt2 - 1); near < 1e-6 || math.Abs(x/math.Exp2(y)*math.Sqrt2-1) < 1e-6 {
			return // float32 and float64 may fall on different sides
		}
		if got := q.(grid.Log2).Code(float32(x)); got != want {
			t.Errorf("%g takes code %d, want %d", x, got, want)
		}
	})
}

// TestTopCode: the 16 codes end at the nearest code of the largest divisor, or, as
// the paper's Fig. 4 shows for 1,599, at the code below.
func TestTopCode(t *testing.T) {
	for _, c := range []struct {
		rule    LogDomain
		largest float32
		lo, hi  int
	}{
		{LogDomain{}, 1599, -4, 11}, {LogDomain{Floor: true}, 1599, -5, 10}, {LogDomain{Floor: true}, 1024, -5, 10},
		{LogDomain{}, 1400, -5, 10}, {LogDomain{Floor: true}, 0, -15, 0},
	} {
		q, err := c.rule.Choose(&TensorStats{Name: "divisor", Min: []float32{0}, Max: []float32{c.largest}}, efficientvit.Point{})
		if err != nil {
			t.Fatal(err)
		}
		if g := q.(grid.Log2); g.Lo != c.lo || g.Hi != c.hi {
			t.Errorf("%s of %g: codes %d..%d, want %d..%d", c.rule, c.largest, g.Lo, g.Hi, c.lo, c.hi)
		}
	}
}

// TestHistogram: the centre of a bin is within 1/128 of every value in it, and
// quantiles and sums follow.
func TestHistogram(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(rapid.Float32Range(-1e6, 1e6), 1, 200).Draw(t, "x")
		var c counter
		for _, x := range xs {
			c.add(x)
		}
		h := c.histogram()
		if h.Total() != int64(len(xs)) {
			t.Fatalf("%d values counted of %d", h.Total(), len(xs))
		}
		if two := h.Plus(h); two.Total() != 2*h.Total() || two.Quantile(0.5) != h.Quantile(0.5) {
			t.Error("a histogram and itself do not add up")
		}
		slices.Sort(xs)
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		want := xs[max(int(math.Ceil(q*float64(len(xs))))-1, 0)]
		if got := h.Quantile(q); math.Abs(float64(got-want)) > math.Abs(float64(want))/128+1e-38 {
			t.Errorf("quantile %g is %g, want %g", q, got, want)
		}
	})
}
