// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"math"
	"math/bits"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// A view says what a grid makes of a value beside its rounding.
type view struct {
	codes int // 0 where the grid is of one's own and tells none
	// code counts from 0. Beyond says that the value lies more than half a step beyond
	// the grid's ends, where it is clamped.
	code   func(x float32) int
	beyond func(x float32) bool
	// zero says that a divisor of this value becomes the integer 0.
	zero func(x float32) bool
}

func viewOf(q calib.Quantizer) view {
	switch g := q.(type) {
	case grid.Uniform:
		return view{
			codes: g.Hi - g.Lo + 1,
			code:  func(x float32) int { return g.Code(x) - g.Lo },
			beyond: func(x float32) bool {
				c := math.RoundToEven(float64(x/g.Scale)) + float64(g.Zero)
				return c < float64(g.Lo) || c > float64(g.Hi)
			},
			zero: func(x float32) bool { return g.Code(x) == g.Zero },
		}
	case grid.Log2:
		whole := func(x float32) float32 {
			if v := x / g.Unit; g.Integer {
				return float32(math.RoundToEven(float64(v)))
			} else {
				return v
			}
		}
		return view{
			codes: g.Hi - g.Lo + 1,
			code:  func(x float32) int { return g.Code(x) - g.Lo },
			beyond: func(x float32) bool {
				v := whole(x)
				return v < g.Boundary(g.Lo-1) || v >= g.Boundary(g.Hi) || g.Integer && v > float32(g.IntegerMax)
			},
			zero: func(x float32) bool { return whole(x) == 0 },
		}
	}
	lo, hi := q.Fake(-math.MaxFloat32), q.Fake(math.MaxFloat32)
	return view{
		code:   func(float32) int { return 0 },
		beyond: func(x float32) bool { return x < lo || x > hi },
		zero:   func(x float32) bool { return q.Fake(x) == 0 },
	}
}

// A tally sums what one tensor loses, over pictures.
type tally struct {
	Values    int64
	Min, Max  float32 // of the exact network
	Signal    float64 // Σx²
	Isolated  float64 // Σ(Q(x)-x)²
	All       float64 // Σ(Q(x̂)-x)² of the quantized network's x̂
	Beyond    int64   // of x̂, as the others below
	Zeros     int64
	NotFinite int64
	Used      []uint64 // a bit for each code
}

// add counts a tensor of the exact and of the quantized network, and what the grid
// makes of both.
func (t *tally) add(q calib.Quantizer, divisor bool, exact, rounded []float32) {
	v := viewOf(q)
	t.sight(exact)
	if t.Used == nil {
		t.Used = make([]uint64, (v.codes+63)/64)
	}
	for i, x := range exact {
		t.Isolated += square(q.Fake(x), x)
		y := rounded[i]
		t.All += square(q.Fake(y), x)
		if y-y != 0 {
			t.NotFinite++
			continue
		}
		if v.beyond(y) {
			t.Beyond++
		}
		if divisor && v.zero(y) {
			t.Zeros++
		}
		if v.codes > 0 {
			c := v.code(y)
			t.Used[c/64] |= 1 << (c % 64)
		}
	}
}

// addOutputs counts what a convolution makes in both networks.
func (t *tally) addOutputs(exact, rounded []float32) {
	t.sight(exact)
	for i, x := range exact {
		t.All += square(rounded[i], x)
		if rounded[i]-rounded[i] != 0 {
			t.NotFinite++
		}
	}
}

// sight counts the exact values.
func (t *tally) sight(exact []float32) {
	for _, x := range exact {
		if t.Values == 0 {
			t.Min, t.Max = x, x
		}
		t.Values++
		t.Min, t.Max = min(t.Min, x), max(t.Max, x)
		t.Signal += float64(x) * float64(x)
	}
}

// plus adds what was counted on other pictures.
func (t *tally) plus(o *tally) {
	if t.Values == 0 {
		t.Min, t.Max = o.Min, o.Max
		t.Used = make([]uint64, len(o.Used))
	}
	t.Values += o.Values
	t.Min, t.Max = min(t.Min, o.Min), max(t.Max, o.Max)
	t.Signal, t.Isolated, t.All = t.Signal+o.Signal, t.Isolated+o.Isolated, t.All+o.All
	t.Beyond, t.Zeros, t.NotFinite = t.Beyond+o.Beyond, t.Zeros+o.Zeros, t.NotFinite+o.NotFinite
	for i, w := range o.Used {
		t.Used[i] |= w
	}
}

// used returns how many codes occur.
func (t *tally) used() int {
	n := 0
	for _, w := range t.Used {
		n += bits.OnesCount64(w)
	}
	return n
}

func square(x, y float32) float64 {
	d := float64(x) - float64(y)
	return d * d
}
