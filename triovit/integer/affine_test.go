// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestAffineByHand: rounding at halves, the addend, and factors as integers.
func TestAffineByHand(t *testing.T) {
	for _, c := range []struct {
		name string
		a    Affine
		x    int32
		want int64
	}{
		{"a third up", Affine{Mantissa: 1, Shift: 2}, 3, 1},
		{"a half, upwards", Affine{Mantissa: 1, Shift: 1}, 3, 2},
		{"a half below zero, upwards too", Affine{Mantissa: 1, Shift: 1}, -3, -1},
		{"less than a half", Affine{Mantissa: 1, Shift: 2}, 5, 1},
		{"no shift", Affine{Mantissa: -3}, 5, -15},
		{"an addend of a quarter", Affine{Mantissa: 1, Shift: 2, Addend: 1}, 1, 1},
		{"an addend of minus a zero point", Affine{Mantissa: 1, Shift: 2, Addend: -3 << 2}, 8, -1},
		{"the largest sum", Affine{Mantissa: math.MinInt32, Shift: maxShift, Addend: maxAddend}, math.MinInt32, 1<<16 + 1<<14},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.a.Of(c.x); got != c.want {
				t.Errorf("%+v of %d is %d, want %d", c.a, c.x, got, c.want)
			}
		})
	}
}

// TestNewAffineByHand: mantissas and shifts of a multiplier of 18 bits.
func TestNewAffineByHand(t *testing.T) {
	for _, c := range []struct {
		name           string
		factor, offset float64
		want           Affine
	}{
		{"a power of two", 0.25, 0, Affine{Mantissa: 1 << 16, Shift: 18}},
		{"a third", 1.0 / 3, 0, Affine{Mantissa: 87381, Shift: 18}},
		{"negative", -1.0 / 3, 0, Affine{Mantissa: -87381, Shift: 18}},
		{"rounded up to a power of two", 1 - 1e-9, 0, Affine{Mantissa: 1 << 16, Shift: 16}},
		{"the largest", 1<<17 - 1, 0, Affine{Mantissa: 1<<17 - 1}},
		{"with an offset", 0.5, -2.5, Affine{Mantissa: 1 << 16, Shift: 17, Addend: -5 << 16}},
		{"zero", 0, 3, Affine{Addend: 3}},
		{"too small for the shift", math.Ldexp(3, -46), 0, Affine{Mantissa: 3, Shift: maxShift}},
		{"nothing", math.Ldexp(1, -48), 0, Affine{Shift: maxShift}},
		{"an offset that takes the sum", math.Ldexp(1, -20), 1 << 15, Affine{Mantissa: 1 << 9, Shift: 29, Addend: 1 << 44}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := NewAffine(c.factor, c.offset, 18); err != nil || got != c.want {
				t.Errorf("%g·x + %g is %+v (%v), want %+v", c.factor, c.offset, got, err, c.want)
			}
		})
	}
	for _, c := range []struct {
		name           string
		factor, offset float64
		bits           int
		want           string
	}{
		{"a factor too large", 1 << 17, 0, 18, "a factor of 131072: less than 2^17"},
		{"no number", math.NaN(), 0, 18, "a factor of NaN"},
		{"infinite", math.Inf(-1), 0, 18, "a factor of +Inf"},
		{"an offset too large", 1, 1 << 45, 18, "an offset of 3.5184372088832e+13: less than 2^45"},
		{"an offset that is no number", 1, math.NaN(), 18, "an offset of NaN"},
		{"too wide", 1, 0, 33, "a multiplier of 33 bits: 2 to 32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := NewAffine(c.factor, c.offset, c.bits); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// affines draws what an Affine may hold, its ends among them.
func affines(t *rapid.T) Affine {
	return Affine{Mantissa: rapid.Int32().Draw(t, "mantissa"), Shift: uint8(rapid.IntRange(0, maxShift).Draw(t, "shift")),
		Addend: rapid.Int64Range(-maxAddend, maxAddend).Draw(t, "addend")}
}

// nearest returns the integer nearest to n/2^shift, halves upwards, computed
// without bounds: ⌊(2n + 2^shift) / 2^(shift+1)⌋.
func nearest(n *big.Int, shift uint) *big.Int {
	n = new(big.Int).Lsh(n, 1)
	n.Add(n, new(big.Int).Lsh(big.NewInt(1), shift))
	return n.Rsh(n, shift+1)
}

// TestAffineIsExact: the result is the exact rational's rounding, whatever fits
// the fields, so that no sum leaves 64 bits.
func TestAffineIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, x := affines(t), rapid.Int32().Draw(t, "x")
		n := new(big.Int).Mul(big.NewInt(int64(x)), big.NewInt(int64(a.Mantissa)))
		want := nearest(n.Add(n, big.NewInt(a.Addend)), uint(a.Shift))
		if got := a.Of(x); want.Cmp(big.NewInt(got)) != 0 {
			t.Errorf("%+v of %d is %d, want %s", a, x, got, want)
		}
	})
}

// TestNewAffineIsNear: the factor is met to half a unit of the mantissa's last
// place, the offset to half a unit of the sum, and all fits the ports.
func TestNewAffineIsNear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.SampledFrom([]int{8, 18, 32}).Draw(t, "bits")
		factor := math.Ldexp(rapid.Float64Range(-1, 1).Draw(t, "fraction"), rapid.IntRange(-60, bits-2).Draw(t, "exponent"))
		offset := math.Ldexp(rapid.Float64Range(-1, 1).Draw(t, "offset"), rapid.IntRange(-20, 40).Draw(t, "offset's exponent"))
		a, err := NewAffine(factor, offset, bits)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.check(bits); err != nil {
			t.Fatal(err)
		}
		half := math.Ldexp(0.5, -int(a.Shift))
		if off := math.Abs(a.Factor() - factor); off > half {
			t.Errorf("%+v has a factor of %g, want %g", a, a.Factor(), factor)
		}
		if off := math.Abs(a.Offset() - offset); off > half {
			t.Errorf("%+v has an offset of %g, want %g", a, a.Offset(), offset)
		}
		full := a.Shift < maxShift && math.Abs(offset) < math.Ldexp(1, SumPort-4-int(a.Shift))
		if full && math.Abs(a.Factor()-factor) > math.Ldexp(math.Abs(factor), 1-bits) {
			t.Errorf("%+v has a factor of %g, want %g to a part in 2^%d", a, a.Factor(), factor, bits-1)
		}
		if bits == MultiplierPort {
			port := Interval{-1 << (OperandPort - 1), 1<<(OperandPort-1) - 1}
			if sum := a.sum(port); sum.Bits() > SumPort {
				t.Errorf("%+v of %v takes a sum of %v", a, port, sum)
			}
		}
	})
}

// TestRequantizeByHand: channels have factors of their own, codes are clamped.
func TestRequantizeByHand(t *testing.T) {
	r := &Requantize{Codes: Interval{-8, 7}, Affine: []Affine{{Mantissa: 1, Shift: 1}, {Mantissa: -2, Addend: 5}}}
	for _, c := range []struct {
		name    string
		channel int
		x, want int32
	}{
		{"the first channel", 0, 5, 3}, {"the second", 1, 5, -5}, {"the first of the next pixel", 2, 5, 3},
		{"above", 0, 1000, 7}, {"below", 1, 1000, -8},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := r.Of(c.channel, c.x); got != c.want {
				t.Errorf("%d in channel %d is %d, want %d", c.x, c.channel, got, c.want)
			}
		})
	}
}

// TestRequantizeIsMonotone, its interval is that of its codes, and that of its sum is
// what the sums at both ends say.
func TestRequantizeIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := affines(t)
		x, y := rapid.Int32().Draw(t, "x"), rapid.Int32().Draw(t, "y")
		r := &Requantize{Affine: []Affine{a}, Codes: Interval{-128, 127}}
		out, err := r.Infer([]Tensor{{Shape: [3]int{1, 1, 2}, Range: Interval{int64(min(x, y)), int64(max(x, y))}}}, Limits{MultiplierBits: 32})
		if err != nil {
			t.Fatal(err)
		}
		p, q := r.Of(0, min(x, y)), r.Of(0, max(x, y))
		if a.Mantissa < 0 {
			p, q = q, p
		}
		if p > q || out.Range != (Interval{int64(p), int64(q)}) {
			t.Errorf("%+v takes %d and %d to %d and %d, inferred %v", a, x, y, p, q, out.Range)
		}
		half := int64(1) << a.Shift >> 1
		u, v := int64(x)*int64(a.Mantissa)+a.Addend+half, int64(y)*int64(a.Mantissa)+a.Addend+half
		if want := (Interval{min(u, v), max(u, v)}); out.Sum != want {
			t.Errorf("%+v of %d and %d: a sum of %v, want %v", a, x, y, out.Sum, want)
		}
	})
}

// TestAddByHand: two grids meet on a third, rounded once.
func TestAddByHand(t *testing.T) {
	// Steps of 1/2 and 1/4 on a grid of steps of 1, moved by -1/4.
	a, err := NewAdd(0.5, 0.25, -0.25, 18, 8, Interval{-128, 127})
	if err != nil {
		t.Fatal(err)
	}
	if *a != (Add{Left: 1 << 16, Right: 1 << 15, Shift: 17, Addend: -1 << 15, Codes: Interval{-128, 127}}) {
		t.Fatalf("%+v", a)
	}
	for _, c := range []struct {
		name       string
		x, y, want int32
	}{
		{"to a quarter", 1, 0, 0}, {"two halves make one", 1, 2, 1}, {"a half, upwards", 1, 1, 1},
		{"a half below zero", -1, 0, -1}, {"minus a half, upwards", 0, -1, 0}, {"above", 127, 127, 95}, {"clamped", 300, 127, 127},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := a.Of(c.x, c.y); got != c.want {
				t.Errorf("%d and %d make %d, want %d", c.x, c.y, got, c.want)
			}
		})
	}
}

// TestAddIsExact: the sum is rounded once, as the exact rational is, and the
// factors are met.
func TestAddIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		left := math.Ldexp(rapid.Float64Range(0.5, 1).Draw(t, "left"), rapid.IntRange(-8, 4).Draw(t, "left's exponent"))
		right := math.Ldexp(rapid.Float64Range(0.5, 1).Draw(t, "right"), rapid.IntRange(-8, 4).Draw(t, "right's exponent"))
		width := rapid.IntRange(4, 16).Draw(t, "width")
		a, err := NewAdd(left, right, 0, 18, width, Interval{-1 << 15, 1<<15 - 1})
		if err != nil {
			t.Fatal(err)
		}
		x, y := rapid.Int32Range(-1<<(width-1), 1<<(width-1)-1).Draw(t, "x"), rapid.Int32Range(-128, 127).Draw(t, "y")
		got := a.Of(x, y)
		sum := big.NewInt(int64(x)*int64(a.Left) + int64(y)*int64(a.Right))
		if want := min(max(nearest(sum, uint(a.Shift)).Int64(), -1<<15), 1<<15-1); want != int64(got) {
			t.Errorf("%+v of %d and %d is %d, want %d", a, x, y, got, want)
		}
		point := func(v int32) Tensor { return Tensor{Shape: [3]int{1, 1, 1}, Range: Interval{int64(v), int64(v)}} }
		if out, err := a.Infer([]Tensor{point(x), point(y)}, Limits{MultiplierBits: 18}); err != nil || out.Range != (Interval{int64(got), int64(got)}) {
			t.Errorf("%+v of %d and %d is %d, inferred %v (%v)", a, x, y, got, out.Range, err)
		}
		// A factor is met to half a place of the shift, or to 17 bits of its own.
		off := func(factor float64, v int32) float64 {
			return math.Abs(float64(v)) * max(math.Ldexp(0.5, -int(a.Shift)), factor*math.Ldexp(1, -17))
		}
		exact := min(max(left*float64(x)+right*float64(y), -1<<15), 1<<15-1)
		if got := math.Abs(float64(got) - exact); got > 0.5+off(left, x)+off(right, y) {
			t.Errorf("%g·%d + %g·%d is off by %g", left, x, right, y, got)
		}
	})
}
