// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"fmt"
)

// MatMul multiplies the codes of each head into accumulators. With OverTokens it sums over
// the tokens, [T, heads, d] and [T, heads, e] to [heads, d, e]: KᵀV. Otherwise it sums
// over a head's channels, [T, heads, d] and [heads, d, e] to [T, heads, e]: the dividends
// Q·KᵀV and, with e = 1, the divisors Q·ΣK.
type MatMul struct {
	OverTokens bool `json:"over_tokens"`
}

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
