// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// TestBits: the widths of two's complement.
func TestBits(t *testing.T) {
	for _, c := range []struct {
		r    Interval
		want int
	}{
		{Interval{0, 0}, 1}, {Interval{-1, 0}, 1}, {Interval{-1, 1}, 2}, {Interval{-128, 127}, 8}, {Interval{0, 255}, 9},
		{Interval{-129, 0}, 9}, {Interval{math.MinInt32, math.MaxInt32}, 32}, {Interval{math.MinInt64, 0}, 64},
	} {
		if got := c.r.Bits(); got != c.want {
			t.Errorf("%d..%d takes %d bits, want %d", c.r.Lo, c.r.Hi, got, c.want)
		}
	}
}

// TestFilterSumIsExact: both ends are reached, each by codes at the ends of
// their interval, and nothing leaves them.
func TestFilterSumIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		filter := rapid.SliceOfN(rapid.Int8(), 1, 8).Draw(t, "filter")
		bias := rapid.Int32().Draw(t, "bias")
		lo := rapid.Int64Range(-1<<15, 1<<15-1).Draw(t, "lo")
		x := Interval{lo, rapid.Int64Range(lo, 1<<15-1).Draw(t, "hi")}
		var least, most *big.Int
		for corner := range 1 << len(filter) {
			sum := big.NewInt(int64(bias))
			for i, w := range filter {
				code := x.Lo
				if corner>>i&1 == 1 {
					code = x.Hi
				}
				sum.Add(sum, new(big.Int).Mul(big.NewInt(int64(w)), big.NewInt(code)))
			}
			if corner == 0 || sum.Cmp(least) < 0 {
				least = sum
			}
			if corner == 0 || sum.Cmp(most) > 0 {
				most = sum
			}
		}
		if got := FilterSum(filter, bias, x); least.Cmp(big.NewInt(got.Lo)) != 0 || most.Cmp(big.NewInt(got.Hi)) != 0 {
			t.Errorf("inferred %v, the corners reach %s..%s", got, least, most)
		}
	})
}

// TestProductSum: a head of 16 channels of ReLU(Q) and KᵀV, and of ΣK.
func TestProductSum(t *testing.T) {
	q := Interval{0, 127}
	for _, c := range []struct {
		name    string
		n       int
		x, want Interval
	}{
		{"dividend", 16, Interval{-128, 127}, Interval{-16 * 127 * 128, 16 * 127 * 127}},
		{"divisor", 16, Interval{0, 255}, Interval{0, 16 * 127 * 255}},
		{"KᵀV over the tokens of a picture of 1024×2048", 8192, Interval{-128, 127}, Interval{-8192 * 127 * 128, 8192 * 127 * 127}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ProductSum(c.n, q, c.x); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
