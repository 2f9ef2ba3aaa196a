// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// TestLayerNormByHand: of 1, 2, 3, 6 the sum is 12 and the sum of squares 50, so
// that C² times the variance is 4·50 − 12² = 56; Epsilon is 8. 64·2^26 has 33 bits,
// its root is 2^16, the reciprocal 2^17 − 1, and the shift 17 − 13 = 4: the elements
// are (4x − 12)/8 = -1, -1/2, 0, 3/2 standard deviations.
func TestLayerNormByHand(t *testing.T) {
	l := &LayerNorm{Epsilon: 8}
	x := []int32{1, 2, 3, 6}
	norm := l.Of(x)
	if want := (Norm{Channels: 4, Sum: 12, Reciprocal: 1<<17 - 1, Shift: 4}); norm != want {
		t.Fatalf("%+v, want %+v", norm, want)
	}
	for i, want := range []int32{-65535, -32768, 0, 98303} { // 8·(2^17−1)/16 = 65535.5, halves upwards
		if got := norm.Of(x[i]); got != want {
			t.Errorf("%d becomes %d, want %d", x[i], got, want)
		}
	}
}

// TestSqrt: ⌊√v⌋ of every 64-bit number.
func TestSqrt(t *testing.T) {
	for _, c := range []struct{ v, want uint64 }{{0, 0}, {1, 1}, {3, 1}, {4, 2}, {1 << 32, 1 << 16}, {1<<32 - 1, 1<<16 - 1}, {math.MaxUint64, math.MaxUint32}} {
		if got := Sqrt(c.v); got != c.want {
			t.Errorf("√%d is %d, want %d", c.v, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		r := uint64(rapid.Uint32Max(1<<32-2).Draw(t, "root"))
		v := rapid.Uint64Range(r*r, (r+1)*(r+1)-1).Draw(t, "v")
		if got := Sqrt(v); got != r {
			t.Errorf("√%d is %d, want %d", v, got, r)
		}
	})
}

// TestLayerNormIsNear: an element is met to a part in 2^15 and 2^-17 of a standard
// deviation, and stays in the inferred interval, whatever the vector.
func TestLayerNormIsNear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{1, 2, 3, 16, 63, 64, 65, 255, 1280, 4095, 4096}).Draw(t, "channels")
		spread := rapid.Int32Range(0, 1<<15-1).Draw(t, "spread")
		at := rapid.Int32Range(-1<<15, 1<<15-1-spread).Draw(t, "lowest")
		x := make([]int32, n)
		few := rapid.SliceOfN(rapid.Int32Range(at, at+spread), 1, 16).Draw(t, "x")
		for i := range x {
			x[i] = few[min(i, len(few)-1)] // a few elements far from all the others
		}
		l := &LayerNorm{Epsilon: rapid.SampledFrom([]int64{1, 100, 1 << 30, maxEpsilon}).Draw(t, "epsilon")}
		codes := Interval{-1 << 15, 1<<15 - 1}
		y := execute(t, l, Limits{}, codes, Value{[3]int{1, 1, n}, x})
		// Exactly: C times the mean is the sum, and C³ times the variance is the sum
		// of the squares of C·x − sum.
		c, sum := int64(n), int64(0)
		for _, v := range x {
			sum += int64(v)
		}
		variance := new(big.Int)
		for _, v := range x {
			d := big.NewInt(c*int64(v) - sum)
			variance.Add(variance, d.Mul(d, d))
		}
		variance.Div(variance, big.NewInt(c))
		deviation, _ := variance.Add(variance, big.NewInt(l.Epsilon)).Float64()
		for i, v := range x {
			want := float64(c*int64(v)-sum) / math.Sqrt(deviation)
			if got := math.Ldexp(float64(y.Data[i]), -NormBits); math.Abs(got-want) > math.Ldexp(math.Abs(want), -15)+math.Ldexp(1.001, -17) {
				t.Fatalf("%d of %d channels: %d becomes %g, want %g", i, n, v, got, want)
			}
		}
	})
}

// TestNewLayerNorm: eps in units of the codes, never 0.
func TestNewLayerNorm(t *testing.T) {
	for _, c := range []struct {
		channels  int
		step, eps float64
		want      int64
	}{{1280, 1.0 / 1024, 1e-5, 17179869}, {4, 1, 1e-5, 1}, {1280, 1, 0, 1}} {
		if l, err := NewLayerNorm(c.channels, c.step, c.eps); err != nil || l.Epsilon != c.want {
			t.Errorf("%d channels of a step of %g: %+v (%v), want %d", c.channels, c.step, l, err, c.want)
		}
	}
	if _, err := NewLayerNorm(1280, 1e-9, 1e-5); err == nil {
		t.Error("a step of next to nothing: no error")
	}
}
