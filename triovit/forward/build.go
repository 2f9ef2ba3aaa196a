// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/forward/internal/window"
)

// Hooks are the seams of the walk. All but Param may be nil.
type Hooks struct {
	// Param returns the node of a parameter in the layout of [Layout].
	Param func(op *triovit.Op, p triovit.Param) *Node
	// Operand returns what the operation reads in place of its operand x.
	Operand func(op *triovit.Op, operand int, x *Node) *Node
	// Result sees, and may replace, what the operation made.
	Result func(op *triovit.Op, y *Node) *Node
	// Compute may take over an operation: a training program's BatchNorm, an
	// operation of one's own. It returns nil to leave it to Build.
	Compute func(op *triovit.Op, in []*Node) *Node
}

// builders has one entry per kind; a test holds it against triovit.Kinds.
var builders = map[triovit.Kind]func(op *triovit.Op, in, params []*Node) *Node{
	triovit.Conv:      conv,
	triovit.BatchNorm: batchNorm,
	triovit.LayerNorm: layerNorm,
	triovit.Linear:    linear,
	triovit.Hardswish: func(_ *triovit.Op, in, _ []*Node) *Node { return activation.HardSwish(in[0]) },
	triovit.ReLU:      func(_ *triovit.Op, in, _ []*Node) *Node { return Max(in[0], ScalarZero(in[0].Graph(), in[0].DType())) },
	triovit.Add:       func(_ *triovit.Op, in, _ []*Node) *Node { return Add(in[0], in[1]) },
	triovit.Concat:    func(_ *triovit.Op, in, _ []*Node) *Node { return Concatenate(in, -1) },
	triovit.GlobalAvgPool: func(_ *triovit.Op, in, _ []*Node) *Node {
		return ReduceMean(in[0], 1, 2)
	},
	triovit.Upsample:   upsample,
	triovit.Heads:      heads,
	triovit.MergeHeads: mergeHeads,
	triovit.MatMul:     matMul,
	triovit.SumTokens:  sumTokens,
	triovit.Divide: func(op *triovit.Op, in, _ []*Node) *Node {
		return Div(in[0], AddScalar(in[1], op.Eps))
	},
	triovit.Scale: func(_ *triovit.Op, in, params []*Node) *Node { return Mul(in[0], window.PerChannel(params[0], in[0])) },
	triovit.Shift: func(_ *triovit.Op, in, params []*Node) *Node { return Sub(in[0], window.PerChannel(params[0], in[0])) },
}

// Build adds the network to the graph of input, [N, H, W, 3], and returns the
// node of its output, [N, ...]. It panics where the input does not fit or a
// hook misbehaves.
func Build(net *triovit.Network, input *Node, hooks Hooks) *Node {
	want := append([]int{input.Shape().Dimensions[0]}, net.Input().Shape...)
	input.AssertDims(want...)
	made := make(map[string]*Node, len(net.Ops))
	var last *Node
	for i := range net.Ops {
		op := &net.Ops[i]
		y := input
		if op.Kind != triovit.Input {
			in := make([]*Node, len(op.Inputs))
			for j, name := range op.Inputs {
				in[j] = made[name]
				if hooks.Operand != nil {
					in[j] = hooks.Operand(op, j, in[j])
				}
			}
			y = compute(op, in, hooks)
		}
		if hooks.Result != nil {
			y = hooks.Result(op, y)
		}
		made[op.Name] = y
		last = y
	}
	return last
}

func compute(op *triovit.Op, in []*Node, hooks Hooks) *Node {
	if hooks.Compute != nil {
		if y := hooks.Compute(op, in); y != nil {
			return y
		}
	}
	build, ok := builders[op.Kind]
	if !ok {
		panic(fmt.Errorf("forward: no float graph for %s %q", op.Kind, op.Name))
	}
	params := make([]*Node, len(op.Params))
	for i, p := range op.Params {
		params[i] = hooks.Param(op, p)
	}
	y := build(op, in, params)
	y.AssertDims(append([]int{in[0].Shape().Dimensions[0]}, op.Shape...)...)
	return y
}
