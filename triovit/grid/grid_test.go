// SPDX-License-Identifier: Apache-2.0

package grid

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestUniformByHand: a symmetric grid of 3 bits and an affine one.
func TestUniformByHand(t *testing.T) {
	symmetric := Uniform{Scale: 0.5, Lo: -4, Hi: 3}
	affine := Uniform{Scale: 0.25, Zero: 3, Lo: 0, Hi: 7}
	for _, c := range []struct {
		name  string
		grid  Uniform
		x     float32
		code  int
		value float32
	}{
		{"zero", symmetric, 0, 0, 0},
		{"between", symmetric, 0.7, 1, 0.5},
		{"half to even, down", symmetric, 0.25, 0, 0},
		{"half to even, up", symmetric, 0.75, 2, 1},
		{"above", symmetric, 9, 3, 1.5},
		{"below", symmetric, -9, -4, -2},
		{"zero point", affine, 0, 3, 0},
		{"affine", affine, -0.5, 1, -0.5},
		{"affine, above", affine, 1.1, 7, 1},
		{"affine, below", affine, -1, 0, -0.75},
	} {
		t.Run(c.name, func(t *testing.T) {
			if q := c.grid.Code(c.x); q != c.code || c.grid.Value(q) != c.value || c.grid.Fake(c.x) != c.value {
				t.Errorf("%g takes code %d of value %g, want %d of %g", c.x, q, c.grid.Value(q), c.code, c.value)
			}
		})
	}
}

// TestLog2ByHand: the worked example of Section III-D with its neighbours at
// the threshold, and the nearest power in the log domain.
func TestLog2ByHand(t *testing.T) {
	leading := Log2{Unit: 1, Hi: 8, Threshold: 1.5, Integer: true, IntegerMax: 255}
	nearest := Log2{Unit: 2, Lo: -2, Hi: 1, Threshold: math.Sqrt2}
	for _, c := range []struct {
		name  string
		grid  Log2
		x     float32
		code  int
		value float32
	}{
		{"the paper's", leading, 0b0110_0011, 7, 128},
		{"below the threshold", leading, 0b0101_1111, 6, 64},
		{"at the threshold", leading, 0b0110_0000, 7, 128},
		{"an integer first", leading, 2.6, 2, 4},
		{"no leading one", leading, 0, 0, 1},
		{"the largest integer", leading, 1000, 8, 256},
		{"below all", nearest, 0, -2, 0.5},
		{"above √2/2 units", nearest, 1.42, 0, 2},
		{"below √2/2 units", nearest, 1.41, -1, 1},
		{"above all", nearest, 100, 1, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			if q := c.grid.Code(c.x); q != c.code || c.grid.Value(q) != c.value || c.grid.Fake(c.x) != c.value {
				t.Errorf("%g takes code %d of value %g, want %d of %g", c.x, q, c.grid.Value(q), c.code, c.value)
			}
		})
	}
}

// TestFakeHidesNothing: what is not finite becomes NaN on every grid.
func TestFakeHidesNothing(t *testing.T) {
	for _, g := range []interface{ Fake(float32) float32 }{Uniform{Scale: 1, Hi: 255}, Log2{Unit: 1, Hi: 3, Threshold: 1.5}, Log2{Unit: 1, Hi: 3, Threshold: 1.5, Integer: true, IntegerMax: 255}} {
		for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			if y := g.Fake(float32(x)); y == y {
				t.Errorf("%s: %g becomes %g", g, x, y)
			}
		}
	}
}

// TestCodesAndValues: a code's value takes that code, and Fake is the nearest
// value of a uniform grid where x is within its range.
func TestCodesAndValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.IntRange(2, 16).Draw(t, "bits")
		lo := -rapid.IntRange(0, 1<<bits-1).Draw(t, "-lo")
		u := Uniform{Scale: rapid.Float32Range(1e-6, 1e3).Draw(t, "scale"), Lo: lo, Hi: lo + 1<<bits - 1,
			Zero: rapid.IntRange(lo, lo+1<<bits-1).Draw(t, "zero")}
		q := rapid.IntRange(u.Lo, u.Hi).Draw(t, "code")
		if got := u.Code(u.Value(q)); got != q {
			t.Errorf("%s: code %d has value %g, which takes code %d", u, q, u.Value(q), got)
		}
		x := rapid.Float32Range(u.Value(u.Lo), u.Value(u.Hi)).Draw(t, "x")
		if off := math.Abs(float64(u.Fake(x) - x)); off > 0.51*float64(u.Scale) {
			t.Errorf("%s: %g becomes %g", u, x, u.Fake(x))
		}
		l := Log2{Unit: rapid.SampledFrom([]float32{0.125, 1, 3}).Draw(t, "unit"), Lo: -6, Hi: 9,
			Threshold: rapid.SampledFrom([]float64{1.5, math.Sqrt2}).Draw(t, "threshold")}
		c := rapid.IntRange(l.Lo, l.Hi).Draw(t, "log2 code")
		if got := l.Code(l.Value(c)); got != c {
			t.Errorf("%s: code %d has value %g, which takes code %d", l, c, l.Value(c), got)
		}
	})
}
