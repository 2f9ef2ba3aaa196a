// SPDX-License-Identifier: Apache-2.0

package intgraph

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gotriovit/gotriovit/triovit/forward/internal/window"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// A step is an operation in a graph: its parameters, and the function that builds its node
// from them and from its operands. The picture's step has no build.
type step struct {
	params []*tensors.Tensor
	build  func(in, params []*Node) *Node
}

// stepOf returns the step of an operation that makes y of in. The nodes of the operands
// and of the result have the shapes of their tensors.
func stepOf(op integer.Operation, in []integer.Tensor, y integer.Tensor, xla bool) step {
	shape := y.Shape
	switch op := op.(type) {
	case *integer.Input:
		return step{} // the operation is the picture
	case *integer.Requantize:
		return requantize(op)
	case *integer.Conv:
		return conv(op, in[0], y, xla)
	case *integer.Hardswish:
		return simple(func(in []*Node) *Node {
			x := wide(in[0])
			gate := clamp(Add(x, constant(x, int64(op.Three))), integer.Interval{Hi: int64(op.Six)})
			return narrow(shifted(Mul(x, gate), constant(x, int64(op.Drop))))
		})
	case *integer.Add:
		return simple(func(in []*Node) *Node {
			x, y := wide(in[0]), wide(in[1])
			sum := Add(Mul(x, constant(x, int64(op.Left))), Mul(y, constant(y, int64(op.Right))))
			sum = Add(sum, constant(x, op.Addend+half(op.Shift)))
			return narrow(clamp(shifted(sum, constant(x, int64(op.Shift))), op.Codes))
		})
	case *integer.Concat:
		return simple(func(in []*Node) *Node { return Concatenate(in, -1) })
	case *integer.Pool:
		return simple(func(in []*Node) *Node { return Reshape(ReduceSum(in[0], 0, 1), shape[:]...) })
	case *integer.Upsample:
		return upsample(op)
	case *integer.LayerNorm:
		return simple(func(in []*Node) *Node { return normalized(in[0], op.Epsilon) })
	case *integer.Heads:
		return simple(func(in []*Node) *Node {
			x := Reshape(in[0], shape[0], op.Heads, 3, op.Dim)
			return Reshape(window.Cut(x, []int{2}, []int{op.Part}, []int{1}), shape[:]...)
		})
	case *integer.MergeHeads:
		return simple(func(in []*Node) *Node { return Reshape(in[0], shape[:]...) })
	case *integer.ReLU:
		return simple(func(in []*Node) *Node { return Max(in[0], ScalarZero(in[0].Graph(), dtypes.Int32)) })
	case *integer.MatMul:
		summed := in[0].Shape[2]
		if op.OverTokens {
			summed = in[0].Shape[0]
		}
		as := kernel(in[0].Range, in[1].Range, int64(summed)*magnitude(in[0].Range)*magnitude(in[1].Range), xla)
		return simple(func(in []*Node) *Node {
			if op.OverTokens {
				return product(in[0], in[1], [2]int{0, 0}, [][2]int{{1, 1}}, as)
			}
			return blocks(in[0], in[1], as)
		})
	case *integer.SumTokens:
		return simple(func(in []*Node) *Node { return InsertAxes(ReduceSum(in[0], 0), -1) })
	case *integer.Log2:
		return log2(op)
	case *integer.Divide:
		return simple(func(in []*Node) *Node {
			x, code := wide(in[0]), wide(in[1])
			shift := Add(code, constant(x, int64(op.Shift)))
			one := constant(x, 1)
			half := shifted(BitwiseShiftLeft(OnesLike(shift), shift), one)
			return narrow(clamp(shifted(Add(Mul(x, constant(x, int64(op.Mantissa))), half), shift), op.Codes))
		})
	}
	panic(fmt.Errorf("intgraph: no graph for %T", op))
}

// simple is a step without parameters.
func simple(build func(in []*Node) *Node) step {
	return step{build: func(in, _ []*Node) *Node { return build(in) }}
}

// constant is a scalar of int64 for the graph of x.
func constant(x *Node, v int64) *Node { return Const(x.Graph(), v) }

func wide(x *Node) *Node { return ConvertDType(x, dtypes.Int64) }

func narrow(x *Node) *Node { return ConvertDType(x, dtypes.Int32) }

// clamp and shifted work on int64.
func clamp(x *Node, to integer.Interval) *Node {
	return Max(Min(x, constant(x, to.Hi)), constant(x, to.Lo))
}

func shifted(x, by *Node) *Node { return BitwiseShiftRightArithmetic(x, by) }

// half is the constant that rounds half up before a shift.
func half(shift uint8) int64 { return int64(1) << shift >> 1 }

func vector[T int32 | int64](values []T) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(values, len(values))
}

func requantize(op *integer.Requantize) step {
	var mantissas, addends, shifts []int64
	for _, a := range op.Affine {
		mantissas = append(mantissas, int64(a.Mantissa))
		addends = append(addends, a.Addend+half(a.Shift))
		shifts = append(shifts, int64(a.Shift))
	}
	return step{params: []*tensors.Tensor{vector(mantissas), vector(addends), vector(shifts)}, build: func(in, params []*Node) *Node {
		x := wide(in[0])
		of := func(i int) *Node { return window.PerChannel(params[i], x) }
		return narrow(clamp(shifted(Add(Mul(x, of(0)), of(1)), of(2)), op.Codes))
	}}
}

// log2 counts the thresholds that each divisor has reached.
func log2(op *integer.Log2) step {
	if len(op.Thresholds) == 0 {
		return simple(func(in []*Node) *Node { return ZerosLike(in[0]) })
	}
	return step{params: []*tensors.Tensor{vector(op.Thresholds)}, build: func(in, params []*Node) *Node {
		x := InsertAxes(in[0], -1)
		reached := GreaterOrEqual(x, window.PerChannel(params[0], x))
		return ReduceSum(narrow(reached), -1)
	}}
}

// normalized is the LayerNorm of the last axis, in the steps of INTEGER.md.
func normalized(x *Node, epsilon int64) *Node {
	x = wide(x)
	c := constant(x, int64(x.Shape().Dimensions[x.Rank()-1]))
	zero, one := constant(x, 0), constant(x, 1)
	s, q := ReduceAndKeep(x, ReduceSum, -1), ReduceAndKeep(Mul(x, x), ReduceSum, -1)
	v := Add(Sub(Mul(c, q), Mul(s, s)), constant(x, epsilon))
	up := shifted(Sub(Clz(v), constant(x, 64-34)), one) // the shift in pairs of bits
	v = BitwiseShiftLeft(v, Max(Mul(constant(x, 2), up), zero))
	v = shifted(v, Max(Mul(constant(x, -2), up), zero))
	root := ZerosLike(v)
	for bit := int64(1) << 16; bit > 0; bit >>= 1 {
		r := Add(root, constant(x, bit))
		root = Where(GreaterOrEqual(v, Mul(r, r)), r, root)
	}
	reciprocal := Div(constant(x, 1<<33-1), root)
	shift := Sub(constant(x, 17), up)
	y := Mul(Sub(Mul(c, x), s), reciprocal)
	return narrow(shifted(Add(y, BitwiseShiftLeft(OnesLike(shift), Sub(shift, one))), shift))
}

// upsample weighs four neighbours along the width, then along the height. Each phase
// is a weighted sum of cuts of the side, whose ends are repeated twice.
func upsample(op *integer.Upsample) step {
	along := func(x *Node, axis int) *Node {
		phases, _ := op.Bicubic() // Infer has refused an operation without phases
		n := x.Shape().Dimensions[axis]
		first, last := window.Cut(x, []int{axis}, []int{0}, []int{1}), window.Cut(x, []int{axis}, []int{n - 1}, []int{1})
		x = Concatenate([]*Node{first, first, x, last, last}, axis)
		var rows []*Node
		for phase, constants := range phases {
			var all []*Node
			for k, weight := range constants {
				tap := window.Cut(x, []int{axis}, []int{op.First(phase) + 2 + k}, []int{n})
				all = append(all, Mul(tap, constant(x, int64(weight))))
			}
			rows = append(rows, window.Sum(all))
		}
		y := Stack(rows, axis+1)
		dims := x.Shape().Clone().Dimensions
		dims[axis] = n * op.Factor
		return Reshape(y, dims...)
	}
	return simple(func(in []*Node) *Node {
		y := along(along(wide(in[0]), 1), 0)
		return narrow(shifted(y, constant(y, int64(op.Drop))))
	})
}
