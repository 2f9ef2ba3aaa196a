// SPDX-License-Identifier: Apache-2.0

package efficientvit

import (
	"errors"
	"fmt"
	"slices"
)

// A Kind is the computation of an operation. There are few kinds, so that a reader of a
// [Network] can handle all of them or refuse one by name.
type Kind uint8

// The kinds of operations, with their inputs and the order of their Params.
// [Network.Hash] depends on the number of a kind, so a new kind must be added after the
// last.
const (
	// Input is the normalized picture, [H, W, 3], or an input of a cut.
	Input Kind = iota + 1
	// Conv is a convolution with zero padding of Kernel/2. It is pointwise if Kernel is
	// 1, and depthwise if Groups is the number of channels. Params: weight [O,
	// I/Groups, Kernel, Kernel], then the bias [O] if there is one.
	Conv
	// BatchNorm is normalization by stored statistics. Params: weight, bias,
	// running mean, running variance, each [C].
	BatchNorm
	// LayerNorm normalizes over the channels. Params: weight and bias, [C].
	LayerNorm
	// Linear is a fully connected layer on [C]. Params: weight [O, C], then
	// the bias [O] if there is one.
	Linear
	// Hardswish is x·min(max(x+3, 0), 6)/6.
	Hardswish
	// ReLU is max(x, 0).
	ReLU
	// Add is the sum of two tensors of one shape.
	Add
	// Concat joins its inputs along the channels.
	Concat
	// GlobalAvgPool is the mean over height and width, [H, W, C] to [C].
	GlobalAvgPool
	// Upsample is the reference's bicubic resize (a = -0.75, align_corners false, not
	// antialiased) by an integer Factor: [H, W, C] to [Factor·H, Factor·W, C].
	Upsample
	// Heads selects q, k or v of every head: [H, W, heads·3·d] to [H·W, heads, d]. The
	// channels of a head are in the order q, k, v.
	Heads
	// MergeHeads joins the heads: [H·W, heads, d] to [H, W, heads·d]. H and W are taken
	// from its Shape.
	MergeHeads
	// MatMul multiplies per head. With OverTokens: [T, heads, d] and [T, heads, e] to
	// [heads, d, e]; otherwise [T, heads, d] and [heads, d, e] to [T, heads, e].
	MatMul
	// SumTokens adds over the tokens: [T, heads, d] to [heads, d, 1].
	SumTokens
	// Divide is dividend / (divisor + Eps): [T, heads, d] by [T, heads, 1].
	Divide
	// Scale multiplies each channel by a constant. Params: factor [C].
	Scale
	// Shift subtracts a constant from each channel. Params: offset [C].
	Shift

	kindEnd
)

var kindNames = [...]string{
	Input: "Input", Conv: "Conv", BatchNorm: "BatchNorm", LayerNorm: "LayerNorm",
	Linear: "Linear", Hardswish: "Hardswish", ReLU: "ReLU", Add: "Add",
	Concat: "Concat", GlobalAvgPool: "GlobalAvgPool", Upsample: "Upsample",
	Heads: "Heads", MergeHeads: "MergeHeads", MatMul: "MatMul",
	SumTokens: "SumTokens", Divide: "Divide", Scale: "Scale", Shift: "Shift",
}

// String returns the kind's name.
func (k Kind) String() string {
	if k == 0 || k >= kindEnd {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// Kinds returns every kind. Tests use it to check that a reader handles all of them.
func Kinds() []Kind {
	var kinds []Kind
	for k := Input; k < kindEnd; k++ {
		kinds = append(kinds, k)
	}
	return kinds
}

// Depthwise reports whether a Conv has one filter per channel.
func (op *Op) Depthwise() bool {
	return op.Kind == Conv && op.Groups > 1 && op.Params[0].Shape[1] == 1 && op.Groups == op.Params[0].Shape[0]
}

// HasBias reports whether a Conv or Linear adds a bias.
func (op *Op) HasBias() bool { return (op.Kind == Conv || op.Kind == Linear) && len(op.Params) == 2 }

// biased checks that the parameters are a weight and optionally a bias of n values.
func (op *Op) biased(n int) error {
	switch {
	case len(op.Params) > 2:
		return fmt.Errorf("takes a weight and a bias, not %d parameters", len(op.Params))
	case len(op.Params) == 2 && !slices.Equal(op.Params[1].Shape, []int{n}):
		return fmt.Errorf("bias %v does not fit %d outputs", op.Params[1].Shape, n)
	}
	return nil
}

// infer returns the shape of the operation's result for inputs of these shapes.
func (op *Op) infer(in [][]int) ([]int, error) {
	arity := 1
	switch op.Kind {
	case Add, MatMul, Divide:
		arity = 2
	case Concat:
		arity = max(1, len(in))
	}
	if len(in) != arity {
		return nil, fmt.Errorf("takes %d inputs, not %d", arity, len(in))
	}
	x := in[0]
	if len(x) == 0 {
		return nil, errors.New("takes a tensor with axes, not one number")
	}
	rank := func(n int) error {
		if len(x) != n {
			return fmt.Errorf("takes a tensor of rank %d, not %v", n, x)
		}
		return nil
	}
	perChannel := func(params int) error {
		if len(op.Params) != params {
			return fmt.Errorf("takes %d parameters, not %d", params, len(op.Params))
		}
		for _, p := range op.Params {
			if want := x[len(x)-1:]; !slices.Equal(p.Shape, want) {
				return fmt.Errorf("parameter %q has shape %v, not %v", p.Name, p.Shape, want)
			}
		}
		return nil
	}
	switch op.Kind {
	case Conv:
		if err := rank(3); err != nil {
			return nil, err
		}
		if op.Kernel < 1 || op.Stride < 1 || op.Groups < 1 || len(op.Params) < 1 || len(op.Params[0].Shape) != 4 {
			return nil, fmt.Errorf("kernel %d, stride %d, groups %d and a weight of rank 4 must be given", op.Kernel, op.Stride, op.Groups)
		}
		out := op.Params[0].Shape[0]
		want := []int{out, x[2] / op.Groups, op.Kernel, op.Kernel}
		if x[2]%op.Groups != 0 || out%op.Groups != 0 || !slices.Equal(op.Params[0].Shape, want) {
			return nil, fmt.Errorf("weight %v does not fit %d channels in %d groups", op.Params[0].Shape, x[2], op.Groups)
		}
		if err := op.biased(out); err != nil {
			return nil, err
		}
		side := func(n int) int { return (n+2*(op.Kernel/2)-op.Kernel)/op.Stride + 1 }
		return []int{side(x[0]), side(x[1]), out}, nil
	case Linear:
		if err := rank(1); err != nil {
			return nil, err
		}
		if len(op.Params) < 1 || len(op.Params[0].Shape) != 2 || op.Params[0].Shape[1] != x[0] {
			return nil, fmt.Errorf("weight does not fit %d channels", x[0])
		}
		if err := op.biased(op.Params[0].Shape[0]); err != nil {
			return nil, err
		}
		return op.Params[0].Shape[:1], nil
	case BatchNorm:
		return x, perChannel(4)
	case LayerNorm:
		return x, perChannel(2)
	case Scale, Shift:
		return x, perChannel(1)
	case Hardswish, ReLU:
		return x, nil
	case Add:
		if !slices.Equal(x, in[1]) {
			return nil, fmt.Errorf("adds %v and %v", x, in[1])
		}
		return x, nil
	case Concat:
		sum := 0
		for _, s := range in {
			if len(s) != len(x) || !slices.Equal(s[:len(s)-1], x[:len(x)-1]) {
				return nil, fmt.Errorf("joins %v and %v", x, s)
			}
			sum += s[len(s)-1]
		}
		return append(slices.Clone(x[:len(x)-1]), sum), nil
	case GlobalAvgPool:
		return x[len(x)-1:], rank(3)
	case Upsample:
		if err := rank(3); err != nil {
			return nil, err
		}
		if op.Factor < 1 || op.Factor > maxElements/(x[0]*x[1]) {
			return nil, fmt.Errorf("a factor of %d: it must be at least 1 and keep %d × %d within %d positions", op.Factor, x[0], x[1], maxElements)
		}
		return []int{x[0] * op.Factor, x[1] * op.Factor, x[2]}, nil
	case Heads:
		if err := rank(3); err != nil {
			return nil, err
		}
		if len(op.Shape) != 3 || op.Part < 0 || op.Part > 2 || op.Shape[1]*op.Shape[2]*3 != x[2] {
			return nil, fmt.Errorf("part %d of %v does not split %v", op.Part, op.Shape, x)
		}
		return []int{x[0] * x[1], op.Shape[1], op.Shape[2]}, nil
	case MergeHeads:
		if err := rank(3); err != nil {
			return nil, err
		}
		if len(op.Shape) != 3 || op.Shape[0]*op.Shape[1] != x[0] {
			return nil, fmt.Errorf("%v does not hold %d tokens", op.Shape, x[0])
		}
		return []int{op.Shape[0], op.Shape[1], x[1] * x[2]}, nil
	case MatMul:
		y := in[1]
		switch {
		case len(x) != 3 || len(y) != 3:
		case op.OverTokens && x[0] == y[0] && x[1] == y[1]:
			return []int{x[1], x[2], y[2]}, nil
		case !op.OverTokens && x[1] == y[0] && x[2] == y[1]:
			return []int{x[0], x[1], y[2]}, nil
		}
		return nil, fmt.Errorf("multiplies %v and %v", x, y)
	case SumTokens:
		if err := rank(3); err != nil {
			return nil, err
		}
		return []int{x[1], x[2], 1}, nil
	case Divide:
		if y := in[1]; len(x) != 3 || !slices.Equal(y, []int{x[0], x[1], 1}) {
			return nil, fmt.Errorf("divides %v by %v", x, y)
		}
		return x, nil
	}
	return nil, errors.New("the kind has no shape rule")
}
