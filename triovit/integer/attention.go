// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/gotriovit/gotriovit/triovit/grid"
)

// Heads takes q, k or v of every head: codes [H, W, Heads·3·Dim] to
// [H·W, Heads, Dim] (INTEGER.md, Attention). A head's channels lie q, k, v.
type Heads struct {
	Heads, Dim int
	// Part is 0 for q, 1 for k, 2 for v.
	Part int
}

// Infer implements [Operation].
func (h *Heads) Infer(in []Tensor, _ Limits) (Tensor, error) {
	x := in[0]
	if h.Heads < 1 || h.Dim < 1 || h.Part < 0 || h.Part > 2 || x.Shape[2]%3 != 0 || !splits(x.Shape[2]/3, h.Heads, h.Dim) {
		return Tensor{}, fmt.Errorf("part %d of %d heads of %d does not split %v", h.Part, h.Heads, h.Dim, x.Shape)
	}
	return Tensor{Shape: [3]int{x.Shape[0] * x.Shape[1], h.Heads, h.Dim}, Range: x.Range}, nil
}

// splits says whether n is a times b, which are positive; their product could leave
// 64 bits.
func splits(n, a, b int) bool { return n%a == 0 && n/a == b }

func (h *Heads) run(y Value, in []Value) {
	data := y.Data
	for at := h.Part * h.Dim; len(data) > 0; at += 3 * h.Dim {
		data = data[copy(data, in[0].Data[at:][:h.Dim]):]
	}
}

// MergeHeads joins the heads again: [H·W, heads, d] to [H, W, heads·d]. The
// elements keep their order.
type MergeHeads struct{ H, W int }

// Infer implements [Operation].
func (m *MergeHeads) Infer(in []Tensor, _ Limits) (Tensor, error) {
	x := in[0]
	if m.H < 1 || m.W < 1 || !splits(x.Shape[0], m.H, m.W) {
		return Tensor{}, fmt.Errorf("a map of %d×%d does not hold the tokens of %v", m.H, m.W, x.Shape)
	}
	return Tensor{Shape: [3]int{m.H, m.W, x.Shape[1] * x.Shape[2]}, Range: x.Range}, nil
}

func (m *MergeHeads) run(y Value, in []Value) { copy(y.Data, in[0].Data) }

// ReLU sets negative codes to 0. Its operand's grid has code 0 for the value 0.
type ReLU struct{}

// Infer implements [Operation].
func (*ReLU) Infer(in []Tensor, _ Limits) (Tensor, error) {
	x := in[0]
	return Tensor{Shape: x.Shape, Range: Interval{max(x.Range.Lo, 0), max(x.Range.Hi, 0)}}, nil
}

func (*ReLU) run(y Value, in []Value) {
	for i, x := range in[0].Data {
		y.Data[i] = max(x, 0)
	}
}

// MatMul multiplies the codes of each head into accumulators. OverTokens, it
// sums over the tokens, [T, heads, d] and [T, heads, e] to [heads, d, e]: KᵀV.
// Otherwise it sums over a head's channels, [T, heads, d] and [heads, d, e] to
// [T, heads, e]: the dividends Q·KᵀV and, with e = 1, the divisors Q·ΣK.
type MatMul struct{ OverTokens bool }

// Infer implements [Operation].
func (m *MatMul) Infer(in []Tensor, _ Limits) (Tensor, error) {
	x, y := in[0], in[1]
	for _, t := range in {
		if err := t.operand(); err != nil {
			return Tensor{}, err
		}
	}
	var out Tensor
	summed := x.Shape[2]
	switch {
	case m.OverTokens && x.Shape[0] == y.Shape[0] && x.Shape[1] == y.Shape[1]:
		out.Shape, summed = [3]int{x.Shape[1], x.Shape[2], y.Shape[2]}, x.Shape[0]
	case !m.OverTokens && x.Shape[1] == y.Shape[0] && x.Shape[2] == y.Shape[1]:
		out.Shape = [3]int{x.Shape[0], x.Shape[1], y.Shape[2]}
	default:
		return Tensor{}, fmt.Errorf("multiplies %v and %v", x.Shape, y.Shape)
	}
	out.Range = ProductSum(summed, x.Range, y.Range)
	out.Sum = out.Range
	return out, nil
}

func (m *MatMul) run(y Value, in []Value) {
	a, b := in[0], in[1]
	tokens, heads, d, e := a.Shape[0], a.Shape[1], a.Shape[2], b.Shape[2]
	for t := range tokens {
		for h := range heads {
			token := (t*heads + h) * e
			for i, v := range a.Data[(t*heads+h)*d:][:d] {
				row := (h*d + i) * e
				from, to := row, token
				if m.OverTokens {
					from, to = token, row
				}
				for j, w := range b.Data[from:][:e] {
					y.Data[to+j] += v * w
				}
			}
		}
	}
}

// SumTokens adds codes over the tokens: [T, heads, d] to [heads, d, 1].
type SumTokens struct{}

// Infer implements [Operation].
func (*SumTokens) Infer(in []Tensor, _ Limits) (Tensor, error) {
	x := in[0]
	if err := x.operand(); err != nil {
		return Tensor{}, err
	}
	r := x.Range.scaled(x.Shape[0])
	return Tensor{Shape: [3]int{x.Shape[1], x.Shape[2], 1}, Range: r, Sum: r}, nil
}

func (*SumTokens) run(y Value, in []Value) {
	for i, v := range in[0].Data {
		y.Data[i%len(y.Data)] += v
	}
}

// Log2 gives each divisor its code, 0 to the number of thresholds (INTEGER.md,
// Divisors): how many thresholds the divisor has reached. Code c stands for the
// divisor Unit·2^(Lo+c).
type Log2 struct {
	// Thresholds ascend; the first is at least 1.
	Thresholds []int32
	// Unit and Lo are for those who compare with floats; no executor reads them.
	Unit float64
	Lo   int
}

// NewLog2 returns the thresholds of a grid for divisors of a step: where the
// grid goes from one code to the next, rounded up to a whole number of steps. A
// threshold beyond 32 bits is the largest number, which no divisor takes.
func NewLog2(g grid.Log2, step float64) (*Log2, error) {
	if g.Hi < g.Lo || g.Hi-g.Lo > maxThresholds || !(step > 0) || !(g.Unit > 0) {
		return nil, fmt.Errorf("log2 codes %d to %d in units of %g for divisors of a step of %g: 1 to %d codes and positive numbers are allowed", g.Lo, g.Hi, g.Unit, step, maxThresholds+1)
	}
	l := &Log2{Unit: float64(g.Unit), Lo: g.Lo}
	for c := g.Lo; c < g.Hi; c++ {
		at := math.Ceil(math.Ldexp(g.Threshold, c) * float64(g.Unit) / step)
		l.Thresholds = append(l.Thresholds, int32(min(max(at, 1), math.MaxInt32)))
	}
	return l, nil
}

// maxThresholds bounds the codes to six bits.
const maxThresholds = 63

// Of returns the code of a divisor.
func (l *Log2) Of(divisor int32) int32 {
	code := int32(0)
	for _, t := range l.Thresholds {
		if divisor >= t {
			code++
		}
	}
	return code
}

// LeadingOne is the paper's log2 module (Section III-D): the index i of the
// leading one of a divisor, or i+1 where the next lower bit is one too. A divisor
// below 2 takes 0. It equals the thresholds 1.5·2^i, which a [Log2] over a grid of
// integers has.
func LeadingOne(divisor int32) int32 {
	if divisor < 2 {
		return 0
	}
	i := bits.Len32(uint32(divisor)) - 1
	return int32(i + int(divisor>>(i-1)&1))
}

// Infer implements [Operation].
func (l *Log2) Infer(in []Tensor, _ Limits) (Tensor, error) {
	x := in[0]
	if len(l.Thresholds) > maxThresholds {
		return Tensor{}, fmt.Errorf("%d thresholds: at most %d are allowed", len(l.Thresholds), maxThresholds)
	}
	least := int32(1)
	for _, t := range l.Thresholds {
		if t < least {
			return Tensor{}, fmt.Errorf("a threshold of %d behind one of %d: thresholds ascend from 1", t, least)
		}
		least = t
	}
	if x.Range.Lo < 0 || x.Range.Hi >= math.MaxInt32 {
		return Tensor{}, fmt.Errorf("divisors in %v: 0 to 2^31 - 2 are allowed; none is negative where both factors are behind a ReLU", x.Range)
	}
	return Tensor{Shape: x.Shape, Range: Interval{int64(l.Of(int32(x.Range.Lo))), int64(l.Of(int32(x.Range.Hi)))}}, nil
}

func (l *Log2) run(y Value, in []Value) {
	for i, x := range in[0].Data {
		y.Data[i] = l.Of(x)
	}
}

// Divide divides dividends [T, heads, d] by powers of two, whose codes are
// [T, heads, 1] (INTEGER.md, Division):
//
//	x, c ↦ ⌊(x·Mantissa + 2^(Shift+c−1)) / 2^(Shift+c)⌋, clamped
//
// The dividend is an accumulator, shifted at full width, or the 8-bit code that a
// [Requantize] before it has made: the operations of a [Model] say which.
type Divide struct {
	Mantissa int32
	Shift    uint8
	Codes    Interval
}

// NewDivide returns the integers for dividing by 2^c beside a real factor: the
// dividend's step divided by the quotient's and by the divisor that code 0 stands
// for. The mantissa has so many bits.
func NewDivide(factor float64, bits int, codes Interval) (*Divide, error) {
	a, err := NewAffine(factor, 0, bits)
	if err != nil {
		return nil, err
	}
	return &Divide{a.Mantissa, a.Shift, codes}, nil
}

// Of returns the code of the quotient of a dividend and the divisor of a code.
func (d *Divide) Of(dividend, code int32) int32 {
	return d.Codes.clamp(round(int64(dividend)*int64(d.Mantissa), d.Shift+uint8(code)))
}

// Infer implements [Operation].
func (d *Divide) Infer(in []Tensor, limits Limits) (Tensor, error) {
	x, code := in[0], in[1]
	if code.Shape != [3]int{x.Shape[0], x.Shape[1], 1} {
		return Tensor{}, fmt.Errorf("divides %v by %v", x.Shape, code.Shape)
	}
	if err := checkCodes(d.Codes, codeBits); err != nil {
		return Tensor{}, err
	}
	a := Affine{Mantissa: d.Mantissa, Shift: d.Shift}
	if err := a.check(limits.MultiplierBits); err != nil {
		return Tensor{}, err
	}
	if code.Range.Lo < 0 || int64(d.Shift)+code.Range.Hi > maxQuotientShift {
		return Tensor{}, fmt.Errorf("a shift of %d and codes in %v: together 0 to %d are allowed", d.Shift, code.Range, maxQuotientShift)
	}
	a.Shift += uint8(code.Range.Hi)
	y := Tensor{Shape: x.Shape, Sum: a.sum(x.Range)}
	for i, dividend := range []int64{x.Range.Lo, x.Range.Hi} {
		for j, c := range []int64{code.Range.Lo, code.Range.Hi} {
			q := int64(d.Of(int32(dividend), int32(c)))
			if i == 0 && j == 0 {
				y.Range = Interval{q, q}
			}
			y.Range = y.Range.union(Interval{q, q})
		}
	}
	return y, nil
}

// maxQuotientShift keeps a quotient's sum within 64 bits.
const maxQuotientShift = 62

func (d *Divide) run(y Value, in []Value) {
	for i, x := range in[0].Data {
		y.Data[i] = d.Of(x, in[1].Data[i/y.Shape[2]])
	}
}
