// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestHardswishByHand: steps of 3/4, so that 3 is 4 and 6 is 8.
func TestHardswishByHand(t *testing.T) {
	h := &Hardswish{Three: 4, Six: 8}
	cut := &Hardswish{Three: 4, Six: 8, Drop: 1}
	for _, c := range []struct {
		name        string
		x, want     int32
		afterAShift int32
	}{
		{"zero", 0, 0, 0}, {"one", 1, 5, 2}, {"the lowest", -2, -4, -2}, {"its neighbour", -1, -3, -2}, {"-3", -4, 0, 0},
		{"below -3", -9, 0, 0}, {"3", 4, 32, 16}, {"above 3", 10, 80, 40},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := h.Of(c.x); got != c.want {
				t.Errorf("%d becomes %d, want %d", c.x, got, c.want)
			}
			if got := cut.Of(c.x); got != c.afterAShift {
				t.Errorf("%d becomes %d without the lowest bit, want %d", c.x, got, c.afterAShift)
			}
		})
	}
}

// TestHardswishIntervalIsExact: no code leaves it, and both ends are reached.
func TestHardswishIntervalIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		three := rapid.Int32Range(1, 60).Draw(t, "three")
		h := &Hardswish{Three: three, Six: 2*three + rapid.Int32Range(-1, 1).Draw(t, "six"), Drop: uint8(rapid.IntRange(0, 4).Draw(t, "drop"))}
		lo := rapid.Int64Range(-100, 100).Draw(t, "lo")
		x := Interval{lo, rapid.Int64Range(lo, 100).Draw(t, "hi")}
		want := Interval{math.MaxInt64, math.MinInt64}
		for v := x.Lo; v <= x.Hi; v++ {
			p := int64(h.Of(int32(v)))
			want = want.union(Interval{p, p})
		}
		if got := h.interval(x); got != want {
			t.Errorf("%+v of %v: inferred %v, want %v", h, x, got, want)
		}
	})
}

// TestHardswishIsExact: with the requantization behind it the code is the
// rational's, x·clamp(x + 3, 0, 6)/6 of the value that the pre-activation's code
// stands for, to the half of a step that rounding takes and what the constants of
// finite width add; and the product fits the operand's port of a DSP slice.
func TestHardswishIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		codes := Interval{-1 << 15, 1<<15 - 1}
		step := math.Ldexp(rapid.Float64Range(1, 2).Draw(t, "step"), rapid.IntRange(-20, -6).Draw(t, "exponent"))
		h, err := NewHardswish(step, codes, OperandPort)
		if err != nil {
			t.Fatal(err)
		}
		product := h.interval(codes)
		if product.Bits() > OperandPort {
			t.Fatalf("%+v makes %v", h, product)
		}
		out := hardswish(step*32767) / 127 // step of a grid that just holds the largest value
		a, err := NewAffine(math.Ldexp(step*step, int(h.Drop))/6/out, 0, MultiplierPort)
		if err != nil {
			t.Fatal(err)
		}
		q := rapid.Int32Range(-1<<15, 1<<15-1).Draw(t, "x")
		got := a.Of(h.Of(q))

		// In rationals: the product with its low bits cut, times the mantissa.
		gate := min(max(int64(q)+int64(h.Three), 0), int64(h.Six))
		p := new(big.Int).Mul(big.NewInt(int64(q)), big.NewInt(gate))
		p.Rsh(p, uint(h.Drop))
		if want := nearest(p.Mul(p, big.NewInt(int64(a.Mantissa))), uint(a.Shift)); want.Int64() != got {
			t.Fatalf("%+v, %+v of %d is %d, want %s", h, a, q, got, want)
		}
		// Three and Six are off by half a step at most: x/6 times that.
		x := step * float64(q)
		within := 0.5 + math.Abs(x)*step/12/out + 127*math.Ldexp(1, -17) + 127*math.Ldexp(1, -22)
		if off := math.Abs(float64(got) - hardswish(x)/out); off > within {
			t.Errorf("step %g, code %d: %d, want %g to %g", step, q, got, hardswish(x)/out, within)
		}
	})
}

func hardswish(x float64) float64 { return x * min(max(x+3, 0), 6) / 6 }

// TestNewHardswishRefuses a step of which 3 is no useful number.
func TestNewHardswishRefuses(t *testing.T) {
	for _, step := range []float64{7, 1e-10, 0, -1, math.NaN()} {
		if _, err := NewHardswish(step, Interval{-1 << 15, 1<<15 - 1}, 32); err == nil || !strings.HasPrefix(err.Error(), "a pre-activation's step of ") {
			t.Errorf("step %g: error %v", step, err)
		}
	}
}
