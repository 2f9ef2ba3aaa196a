// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/grid"
	"pgregory.net/rapid"
)

// TestLog2ByHand: the released code's rule for divisors of a step of 1/4, four
// codes from 2^-1: from one code to the next at 4·√2·2^c, rounded up.
func TestLog2ByHand(t *testing.T) {
	l, err := NewLog2(grid.Log2{Unit: 1, Lo: -1, Hi: 2, Threshold: math.Sqrt2}, 0.25)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int32{3, 6, 12}; !slices.Equal(l.Thresholds, want) {
		t.Fatalf("thresholds %v, want %v", l.Thresholds, want)
	}
	for divisor, want := range map[int32]int32{0: 0, 2: 0, 3: 1, 5: 1, 6: 2, 11: 2, 12: 3, math.MaxInt32 - 1: 3} {
		if got := l.Of(divisor); got != want {
			t.Errorf("%d takes code %d, want %d", divisor, got, want)
		}
	}
}

// TestLog2IsTheGrid: the thresholds make the codes of the grid, on the leading one
// of every integer and, in the log domain, on divisors that float32 holds apart
// from a threshold.
func TestLog2IsTheGrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int32Range(0, 1<<24).Draw(t, "divisor")
		bits := rapid.IntRange(2, 24).Draw(t, "bits")
		unit := float32(math.Ldexp(rapid.Float64Range(1, 2).Draw(t, "unit"), rapid.IntRange(-20, 0).Draw(t, "exponent")))
		hi := rapid.IntRange(3, 24).Draw(t, "hi")
		integers := grid.Log2{Unit: 1, Lo: max(0, bits-15), Hi: bits, Threshold: 1.5, Integer: true, IntegerMax: 1<<bits - 1}
		l, err := NewLog2(integers, 1)
		if err != nil {
			t.Fatal(err)
		}
		m := min(n, int32(integers.IntegerMax))
		if got, want := int(l.Of(m))+l.Lo, integers.Code(float32(m)); got != want {
			t.Errorf("%s: %d takes code %d, want %d", integers, m, got, want)
		}
		if got, want := int(l.Of(m))+l.Lo, max(int(LeadingOne(m)), l.Lo); got != want {
			t.Errorf("%s: %d takes code %d, its leading one says %d", integers, m, got, want)
		}
		domain := grid.Log2{Unit: 1, Lo: hi - 15, Hi: hi, Threshold: math.Sqrt2}
		if l, err = NewLog2(domain, float64(unit)); err != nil {
			t.Fatal(err)
		}
		at := math.Log2(float64(n)*float64(unit)) - 0.5
		if math.Abs(at-math.Round(at)) < 1e-6 {
			return // the value is on a threshold but for float32's last digit
		}
		if got, want := int(l.Of(n))+l.Lo, domain.Code(float32(n)*unit); got != want {
			t.Errorf("%s: %d steps of %g take code %d, want %d", domain, n, unit, got, want)
		}
	})
}

// TestLeadingOneOfThePaper is the worked example of Section III-D and its
// neighbours.
func TestLeadingOneOfThePaper(t *testing.T) {
	for n, want := range map[int32]int32{0b0110_0011: 7, 0b0101_1111: 6, 0b0100_0000: 6, 3: 2, 2: 1, 1: 0, 0: 0, 255: 8} {
		if got := LeadingOne(n); got != want {
			t.Errorf("%d takes %d, want %d", n, got, want)
		}
	}
}

// TestDivideByHand: a factor of 3/2 and the divisors 2^c.
func TestDivideByHand(t *testing.T) {
	d, err := NewDivide(1.5, 8, Interval{-128, 127})
	if err != nil {
		t.Fatal(err)
	}
	if *d != (Divide{Mantissa: 96, Shift: 6, Codes: Interval{-128, 127}}) {
		t.Fatalf("%+v", d)
	}
	for _, c := range []struct {
		name           string
		x, code, wants int32
	}{
		{"by 1", 10, 0, 15}, {"by 2, a half upwards", 5, 1, 4}, {"by 4", 10, 2, 4}, {"below zero, a half upwards", -5, 1, -4},
		{"by 2^15", 10000, 15, 0}, {"clamped", 100, 0, 127}, {"clamped below", -100, 0, -128},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := d.Of(c.x, c.code); got != c.wants {
				t.Errorf("%d by 2^%d is %d, want %d", c.x, c.code, got, c.wants)
			}
		})
	}
}

// TestDivideIsExact: the quotient is rounded once, as the exact rational is, for
// all that Infer lets pass, and lies in the inferred interval.
func TestDivideIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &Divide{Mantissa: rapid.Int32().Draw(t, "mantissa"), Shift: uint8(rapid.IntRange(0, maxShift).Draw(t, "shift")), Codes: Interval{-1 << 15, 1<<15 - 1}}
		x := rapid.Int32().Draw(t, "dividend")
		code := rapid.Int32Range(0, int32(min(63, maxQuotientShift-int(d.Shift)))).Draw(t, "code")
		shape := [3]int{1, 1, 1}
		out, err := d.Infer([]Tensor{{Shape: shape, Range: Interval{int64(min(x, 0)), int64(max(x, 0))}}, {Shape: shape, Range: Interval{0, int64(code)}}}, Limits{MultiplierBits: 32})
		if err != nil {
			t.Fatal(err)
		}
		want := nearest(new(big.Int).Mul(big.NewInt(int64(x)), big.NewInt(int64(d.Mantissa))), uint(d.Shift)+uint(code))
		clamped := min(max(want.Int64(), -1<<15), 1<<15-1)
		if got := int64(d.Of(x, code)); got != clamped || !out.Range.Contains(got) {
			t.Errorf("%+v of %d and %d is %d, want %d in %v", d, x, code, got, clamped, out.Range)
		}
	})
}

// TestAttentionByHand: two tokens of one head of two channels, from qkv to the
// quotient, with the dividend shifted at full width and rounded to a code first.
func TestAttentionByHand(t *testing.T) {
	codes := Interval{-128, 127}
	qkv := Value{[3]int{1, 2, 6}, []int32{
		3, -1, 2, 4, 5, -6, // q, k, v of the first token
		1, 2, -3, 1, 7, 8, // q, k, v of the second token
	}}
	part := func(i int) Value { return execute(t, &Heads{Heads: 1, Dim: 2, Part: i}, Limits{}, codes, qkv) }
	relu := func(x Value) Value { return execute(t, &ReLU{}, Limits{}, codes, x) }
	expect := func(name string, got Value, shape [3]int, want ...int32) {
		t.Helper()
		if got.Shape != shape || !slices.Equal(got.Data, want) {
			t.Fatalf("%s is %v %v, want %v %v", name, got.Shape, got.Data, shape, want)
		}
	}
	q, k, v := relu(part(0)), relu(part(1)), part(2)
	expect("ReLU(Q)", q, [3]int{2, 1, 2}, 3, 0, 1, 2)
	expect("ReLU(K)", k, [3]int{2, 1, 2}, 2, 4, 0, 1)
	expect("V", v, [3]int{2, 1, 2}, 5, -6, 7, 8)
	ktv := execute(t, &MatMul{OverTokens: true}, Limits{}, codes, k, v)
	expect("KᵀV", ktv, [3]int{1, 2, 2}, 10, -12, 27, -16)
	sumK := execute(t, &SumTokens{}, Limits{}, codes, k)
	expect("ΣK", sumK, [3]int{1, 2, 1}, 2, 5)
	dividend := execute(t, &MatMul{}, Limits{}, codes, q, ktv)
	expect("Q·KᵀV", dividend, [3]int{2, 1, 2}, 30, -36, 64, -44)
	divisor := execute(t, &MatMul{}, Limits{}, Interval{0, 127}, q, sumK)
	expect("Q·ΣK", divisor, [3]int{2, 1, 1}, 6, 12)
	code := execute(t, &Log2{Thresholds: []int32{2, 3, 6, 12}}, Limits{}, Interval{0, 1000}, divisor)
	expect("log2 codes", code, [3]int{2, 1, 1}, 3, 4)

	divide := &Divide{Mantissa: 1, Codes: codes}
	limits := Limits{MultiplierBits: 18}
	full := executeIn(t, divide, limits, []Interval{{-1 << 20, 1 << 20}, {0, 4}}, dividend, code)
	expect("quotient at full width", full, [3]int{2, 1, 2}, 4, -4, 4, -3) // 30/8, -36/8, 64/16, -44/16
	rounded := execute(t, &Requantize{Affine: []Affine{{Mantissa: 1, Shift: 3}}, Codes: codes}, limits, Interval{-1 << 20, 1 << 20}, dividend)
	expect("dividend rounded first", rounded, [3]int{2, 1, 2}, 4, -4, 8, -5)
	divide.Mantissa = 8
	first := executeIn(t, divide, limits, []Interval{codes, {0, 4}}, rounded, code)
	expect("its quotient", first, [3]int{2, 1, 2}, 4, -4, 4, -2) // -5·8/16 is a half, upwards
	merged := execute(t, &MergeHeads{H: 1, W: 2}, Limits{}, codes, full)
	expect("heads merged", merged, [3]int{1, 2, 2}, 4, -4, 4, -3)
}
