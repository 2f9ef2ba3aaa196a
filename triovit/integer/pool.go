// SPDX-License-Identifier: Apache-2.0

package integer

// Pool sums the codes [H, W, C] of each channel to [1, 1, C] (INTEGER.md,
// Average pooling). The division by H·W is part of the factor of the
// [Requantize] behind it.
type Pool struct{}

// Infer implements [Operation].
func (*Pool) Infer(in []Tensor, _ Limits) (Tensor, error) {
	x := in[0]
	if err := x.operand(); err != nil {
		return Tensor{}, err
	}
	r := x.Range.scaled(x.Shape[0] * x.Shape[1])
	return Tensor{Shape: [3]int{1, 1, x.Shape[2]}, Range: r, Sum: r}, nil
}

func (*Pool) run(y Value, in []Value) {
	for i, v := range in[0].Data {
		y.Data[i%len(y.Data)] += v
	}
}
