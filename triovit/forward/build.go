// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward/internal/window"
)

// Hooks change the graph of a network while [Build] adds it. All but Param may be nil.
type Hooks struct {
	// Param returns the node of a parameter in the layout of [Layout].
	Param func(op *efficientvit.Op, p efficientvit.Param) *Node
	// Operand returns the node that the operation reads in place of its operand x.
	Operand func(op *efficientvit.Op, operand int, x *Node) *Node
	// Result receives the operation's result, and returns it or a replacement.
	Result func(op *efficientvit.Op, y *Node) *Node
	// Compute may replace an operation, such as a training program's BatchNorm. It returns
	// nil to leave the operation to Build.
	Compute func(op *efficientvit.Op, in []*Node) *Node
}

// builders has one entry per kind; a test compares it with efficientvit.Kinds.
var builders = map[efficientvit.Kind]func(op *efficientvit.Op, in, params []*Node) *Node{
	efficientvit.Conv:      conv,
	efficientvit.BatchNorm: batchNorm,
	efficientvit.LayerNorm: layerNorm,
	efficientvit.Linear:    linear,
	efficientvit.Hardswish: func(_ *efficientvit.Op, in, _ []*Node) *Node { return activation.HardSwish(in[0]) },
	efficientvit.ReLU: func(_ *efficientvit.Op, in, _ []*Node) *Node {
		return Max(in[0], ScalarZero(in[0].Graph(), in[0].DType()))
	},
	efficientvit.Add:    func(_ *efficientvit.Op, in, _ []*Node) *Node { return Add(in[0], in[1]) },
	efficientvit.Concat: func(_ *efficientvit.Op, in, _ []*Node) *Node { return Concatenate(in, -1) },
	efficientvit.GlobalAvgPool: func(_ *efficientvit.Op, in, _ []*Node) *Node {
		return ReduceMean(in[0], 1, 2)
	},
	efficientvit.Upsample:   upsample,
	efficientvit.Heads:      heads,
	efficientvit.MergeHeads: mergeHeads,
	efficientvit.MatMul:     matMul,
	efficientvit.SumTokens:  sumTokens,
	efficientvit.Divide: func(op *efficientvit.Op, in, _ []*Node) *Node {
		return Div(in[0], AddScalar(in[1], op.Eps))
	},
	efficientvit.Scale: func(_ *efficientvit.Op, in, params []*Node) *Node {
		return Mul(in[0], window.PerChannel(params[0], in[0]))
	},
	efficientvit.Shift: func(_ *efficientvit.Op, in, params []*Node) *Node {
		return Sub(in[0], window.PerChannel(params[0], in[0]))
	},
}

// Build adds a network to the graph of its inputs, each [N, ...], in the order of
// [efficientvit.Network.Inputs]: the picture, [N, H, W, 3], or the inputs of a cut. It
// returns the nodes of the outputs, [N, ...], in the order of
// [efficientvit.Network.Outputs]. It panics on an input of the wrong shape and on a hook
// that returns a wrong node.
func Build(net *efficientvit.Network, inputs []*Node, hooks Hooks) []*Node {
	if want := len(net.Inputs()); len(inputs) != want {
		panic(fmt.Errorf("forward: %d nodes for the %d inputs of %s", len(inputs), want, net.Name))
	}
	made := make(map[string]*Node, len(net.Ops))
	for i := range net.Ops {
		op := &net.Ops[i]
		var y *Node
		if op.Kind == efficientvit.Input {
			y = inputs[i] // inputs come first
			y.AssertDims(append([]int{inputs[0].Shape().Dimensions[0]}, op.Shape...)...)
		} else {
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
	}
	var outputs []*Node
	for _, op := range net.Outputs() {
		outputs = append(outputs, made[op.Name])
	}
	return outputs
}

func compute(op *efficientvit.Op, in []*Node, hooks Hooks) *Node {
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
