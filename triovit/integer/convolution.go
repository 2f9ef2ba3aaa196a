// SPDX-License-Identifier: Apache-2.0

package integer

import "fmt"

// Conv is a convolution of codes [H, W, C] into accumulators [H', W', Filters]
// (INTEGER.md, Convolutions): pointwise where Kernel is 1, depthwise where
// Groups is the number of channels, a linear layer on [1, 1, C].
type Conv struct {
	// Kernel is the side of the square kernel, padded by Kernel/2 on every side; Stride
	// and Groups are the usual ones.
	Kernel int `json:"kernel"`
	Stride int `json:"stride"`
	Groups int `json:"groups"`
	// Weights are [Filters, C/Groups, Kernel, Kernel].
	Weights []int8 `json:"-"`
	// WeightBits is the width that holds all weights, 2 to 8.
	WeightBits int `json:"weight_bits"`
	// Bias has one element for each filter, in units of its accumulator.
	Bias []int32 `json:"-"`
	// Pad is the code of the border, which stands for the value 0. It is empty for code 0,
	// or has one element for all channels, or one for each.
	Pad []int32 `json:"-"`
}

// Infer implements [Operation].
func (c *Conv) Infer(in []Tensor, _ Limits) (Tensor, error) {
	x, filters := in[0], len(c.Bias)
	if c.Kernel < 1 || c.Kernel > maxSide || c.Kernel%2 == 0 || c.Stride < 1 || c.Stride > maxSide || c.Groups < 1 {
		return Tensor{}, fmt.Errorf("kernel %d, stride %d and groups %d: an odd kernel and positive numbers are allowed", c.Kernel, c.Stride, c.Groups)
	}
	channels := x.Shape[2]
	if channels%c.Groups != 0 || filters == 0 || filters%c.Groups != 0 || len(c.Weights)%filters != 0 ||
		!splits(len(c.Weights)/filters, channels/c.Groups, c.Kernel*c.Kernel) {
		return Tensor{}, fmt.Errorf("%d weights do not fit %d filters of %d×%d over %d channels in %d groups", len(c.Weights), filters, c.Kernel, c.Kernel, channels, c.Groups)
	}
	if err := x.operand(); err != nil {
		return Tensor{}, err
	}
	if c.WeightBits < 2 || c.WeightBits > 8 {
		return Tensor{}, fmt.Errorf("weights of %d bits: 2 to 8 are allowed", c.WeightBits)
	}
	for _, w := range c.Weights {
		if low := -1 << (c.WeightBits - 1); int(w) < low || int(w) > ^low {
			return Tensor{}, fmt.Errorf("a weight of %d does not fit %d bits", w, c.WeightBits)
		}
	}
	if len(c.Pad) > 1 && len(c.Pad) != channels {
		return Tensor{}, fmt.Errorf("%d codes of the border for %d channels: none, one, or one for each, is allowed", len(c.Pad), channels)
	}
	codes := x.Range
	if c.Kernel > 1 {
		for _, pad := range c.Border(max(1, len(c.Pad))) {
			codes = codes.union(Interval{int64(pad), int64(pad)})
		}
	}
	if codes.Bits() > codeBits {
		return Tensor{}, fmt.Errorf("codes of the border and the operand take %v, %d bits are allowed", codes, codeBits)
	}
	y := Tensor{Shape: [3]int{strided(x.Shape[0], c.Stride), strided(x.Shape[1], c.Stride), filters}}
	per := len(c.Weights) / filters
	for f, bias := range c.Bias {
		r := FilterSum(c.Weights[f*per:][:per], bias, codes)
		if f == 0 {
			y.Range = r
		}
		y.Range = y.Range.union(r)
	}
	y.Sum = y.Range
	return y, nil
}

// strided returns the number of outputs along a side: one at every stride-th position.
func strided(side, stride int) int { return (side + stride - 1) / stride }

// Border returns the code of the border for each of the given number of channels.
func (c *Conv) Border(channels int) []int32 {
	border := make([]int32, channels)
	for i := range border {
		if len(c.Pad) > 0 {
			border[i] = c.Pad[i%len(c.Pad)]
		}
	}
	return border
}

func (c *Conv) run(y Value, in []Value) {
	x, filters := in[0], len(c.Bias)
	channels := x.Shape[2]
	group, each := channels/c.Groups, filters/c.Groups
	border := c.Border(channels)
	pixel := func(row, column int) []int32 {
		if row < 0 || row >= x.Shape[0] || column < 0 || column >= x.Shape[1] {
			return border
		}
		return x.Data[(row*x.Shape[1]+column)*channels:][:channels]
	}
	k := c.Kernel
	sums := y.Data
	for row := range y.Shape[0] {
		for column := range y.Shape[1] {
			copy(sums, c.Bias)
			for ky := range k {
				for kx := range k {
					codes := pixel(row*c.Stride+ky-k/2, column*c.Stride+kx-k/2)
					for f := range filters {
						weights := c.Weights[f*group*k*k+ky*k+kx:]
						for i, code := range codes[f/each*group:][:group] {
							sums[f] += code * int32(weights[i*k*k])
						}
					}
				}
			}
			sums = sums[filters:]
		}
	}
}

// Concat joins its operands along the channels.
type Concat struct{}

// Infer implements [Operation].
func (*Concat) Infer(in []Tensor, _ Limits) (Tensor, error) {
	y := in[0]
	for _, x := range in[1:] {
		if x.Shape[0] != y.Shape[0] || x.Shape[1] != y.Shape[1] {
			return Tensor{}, fmt.Errorf("joins %v and %v", in[0].Shape, x.Shape)
		}
		if y.Shape[2] += x.Shape[2]; y.Shape[2] > maxElements {
			return Tensor{}, fmt.Errorf("joins %d channels and more: at most %d are allowed", y.Shape[2], maxElements)
		}
		y.Range = y.Range.union(x.Range)
	}
	return Tensor{Shape: y.Shape, Range: y.Range}, nil
}

func (*Concat) run(y Value, in []Value) {
	data := y.Data
	for p := range y.Shape[0] * y.Shape[1] {
		for _, x := range in {
			c := x.Shape[2]
			data = data[copy(data, x.Data[p*c:][:c]):]
		}
	}
}
