// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// FromNetwork lists the operations of a network for one picture. Errors are an invalid
// network, a cut with several inputs or outputs, and an operation of an unknown kind,
// which the error names.
func FromNetwork(net *efficientvit.Network) (*Workload, error) {
	if err := net.Validate(); err != nil {
		return nil, fmt.Errorf("workload: %w", err)
	}
	if in, out := len(net.Inputs()), len(net.Outputs()); in != 1 || out != 1 {
		return nil, fmt.Errorf("workload: network %q has %d inputs and %d outputs: one of each is allowed", net.Name, in, out)
	}
	r := reader{net: net, makers: make(map[string]*efficientvit.Op), readers: make(map[string][]*efficientvit.Op)}
	for i := range net.Ops {
		op := &net.Ops[i]
		r.makers[op.Name] = op
		for _, in := range op.Inputs {
			r.readers[in] = append(r.readers[in], op)
		}
	}
	var nodes []node
	head := false
	for i := range net.Ops {
		op := &net.Ops[i]
		ops, err := r.operations(op)
		if err != nil {
			return nil, fmt.Errorf("workload %s: %s %q: %w", net.Name, op.Kind, op.Name, err)
		}
		ops = append(ops, r.requantization(op)...)
		for i := range ops {
			ops[i].Role, ops[i].Label, ops[i].Block, ops[i].Head = op.Role, op.Role.String(), op.Block, head
		}
		n := node{name: op.Name, inputs: op.Inputs, elements: int64(efficientvit.Size(op.Shape)), picture: op.Kind == efficientvit.Input, ops: ops}
		n.moves, n.single = moves(op.Kind), single(op.Kind)
		nodes = append(nodes, n)
		if n := len(net.Stages); n > 0 && op.Name == net.Stages[n-1] {
			head = true
		}
	}
	return newGraph(nodes).workload(net.Name)
}

// A reader finds the maker and the readers of each tensor of a network.
type reader struct {
	net     *efficientvit.Network
	makers  map[string]*efficientvit.Op
	readers map[string][]*efficientvit.Op
}

// operations returns the accelerator's operations for one operation of a network, possibly
// none.
func (r *reader) operations(op *efficientvit.Op) ([]Operation, error) {
	in := func(i int) []int { return r.makers[op.Inputs[i]].Shape }
	on := func(u Unit, name string, elements int) []Operation {
		return []Operation{{Name: name, Unit: u, Form: Elementwise, Elements: int64(elements)}}
	}
	size := efficientvit.Size(op.Shape)
	switch op.Kind {
	case efficientvit.Conv:
		weight := op.Params[0].Shape
		o := Operation{Name: op.Name, Unit: Engines, Form: Convolution, H: op.Shape[0], W: op.Shape[1],
			Cout: weight[0], Cin: weight[1], Groups: op.Groups, Kernel: op.Kernel, Stride: op.Stride}
		if op.Depthwise() {
			o.Form = Depthwise
		}
		return []Operation{o}, nil
	case efficientvit.Linear:
		return []Operation{linear(op.Name, 1, in(0)[0], op.Shape[0])}, nil
	case efficientvit.MatMul:
		x, y := in(0), in(1)
		o := Operation{Name: op.Name, Unit: Engines, Form: Product, Heads: x[1], Rows: x[0], Inner: x[2], Cols: y[2]}
		if op.OverTokens {
			o.Rows, o.Inner = x[2], x[0]
		}
		return []Operation{o}, nil
	case efficientvit.SumTokens:
		return on(SumAdder, op.Name, efficientvit.Size(in(0))), nil
	case efficientvit.Divide:
		return append(on(Log2, op.Name+".log2", efficientvit.Size(in(1))), on(Shifter, op.Name, size)...), nil
	case efficientvit.Hardswish, efficientvit.ReLU:
		return on(Activation, op.Name, size), nil
	case efficientvit.Add:
		return on(Adder, op.Name, size), nil
	case efficientvit.Upsample:
		return on(Resizer, op.Name, size), nil
	case efficientvit.GlobalAvgPool:
		return on(Pool, op.Name, efficientvit.Size(in(0))), nil
	case efficientvit.LayerNorm:
		return on(Host, op.Name, size), nil
	case efficientvit.Shift:
		// It is subtracted where R-MAC's outputs are requantized (Section V), but counted
		// as an addition of its own.
		return on(Adder, op.Name, size), nil
	case efficientvit.BatchNorm, efficientvit.Scale:
		return nil, nil // the constant is multiplied into the following requantization
	case efficientvit.Input, efficientvit.Concat, efficientvit.Heads, efficientvit.MergeHeads:
		return nil, nil // the operation only changes addresses
	}
	return nil, fmt.Errorf("the kind has no place on the accelerator")
}

// requantizeSuffix ends the name of the requantization of an operation's tensor.
const requantizeSuffix = ".requantize"

// requantization returns the requantization of the operation's tensor where any of its
// readers has a quantization point. There is only one, because all readers share the
// tensor's grid. Divisors are rounded by the log2 module instead, the picture by the host.
func (r *reader) requantization(op *efficientvit.Op) []Operation {
	if op.Kind == efficientvit.Input {
		return nil
	}
	for _, reader := range r.readers[op.Name] {
		for _, p := range reader.Points {
			if reader.Inputs[p.Operand] == op.Name && p.Class != efficientvit.DivisorOperand {
				return []Operation{{Name: op.Name + requantizeSuffix, Unit: Requantize, Form: Elementwise, Elements: int64(efficientvit.Size(op.Shape))}}
			}
		}
	}
	return nil
}

// moves reports whether a kind has no arithmetic of its own: it changes addresses, or is a
// factor that the requantization applies.
func moves(k efficientvit.Kind) bool {
	switch k {
	case efficientvit.BatchNorm, efficientvit.Scale, efficientvit.Concat, efficientvit.Heads, efficientvit.MergeHeads:
		return true
	}
	return false
}

// single reports whether a kind works on single elements.
func single(k efficientvit.Kind) bool {
	switch k {
	case efficientvit.BatchNorm, efficientvit.Hardswish, efficientvit.ReLU, efficientvit.Scale, efficientvit.Shift:
		return true
	}
	return false
}

// linear is a fully connected layer on each of some tokens.
func linear(name string, tokens, in, out int) Operation {
	return Operation{Name: name, Unit: Engines, Form: Convolution, H: 1, W: tokens, Cin: in, Cout: out, Groups: 1, Kernel: 1, Stride: 1}
}
