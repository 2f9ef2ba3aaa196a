// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// FromModel lists the operations of an integer model for one picture. A model does not
// record the roles of the paper: here only the attention's products have a role, no
// operation has a block, and none is marked as the head's. Each convolution has the width
// of the model's weights. A model that [integer.Model.Infer] refuses is an error.
func FromModel(m *integer.Model) (*Workload, error) {
	tensors, err := m.Infer()
	if err != nil {
		return nil, fmt.Errorf("workload: %w", err)
	}
	made := make(map[string]int)
	nodes := make([]node, len(m.Ops))
	for i := range m.Ops {
		op := &m.Ops[i]
		made[op.Name] = i
		in := make([]integer.Tensor, len(op.Inputs))
		for j, name := range op.Inputs {
			in[j] = tensors[made[name]]
		}
		n := &nodes[i]
		*n = node{name: op.Name, inputs: op.Inputs, elements: int64(tensors[i].Elements())}
		for _, o := range n.of(op.Operation, tensors[i], in) {
			if o.Label == "" {
				o.Label = o.Unit.String()
				if o.Unit == Engines {
					o.Label = o.Form.String()
				}
			}
			n.ops = append(n.ops, o)
		}
	}
	for i := range nodes {
		for j := range nodes[i].ops {
			o := &nodes[i].ops[j]
			if o.Form == Product {
				o.Role = product(m, made, i)
				o.Label = o.Role.String()
			}
		}
	}
	return newGraph(nodes).workload(m.Name)
}

// of returns the accelerator's operations for an operation that makes y of its operands,
// and sets moves and single.
func (n *node) of(op integer.Operation, y integer.Tensor, in []integer.Tensor) []Operation {
	on := func(u Unit, name string, elements int64) Operation {
		return Operation{Name: name, Unit: u, Form: Elementwise, Elements: elements}
	}
	switch op := op.(type) {
	case *integer.Input:
		n.picture = true
	case *integer.Heads, *integer.MergeHeads, *integer.Concat:
		n.moves = true
	case *integer.Conv:
		channels, filters := in[0].Shape[2], y.Shape[2]
		o := Operation{Name: n.name, Unit: Engines, Form: Convolution, H: y.Shape[0], W: y.Shape[1],
			Cout: filters, Cin: channels / op.Groups, Groups: op.Groups, Kernel: op.Kernel, Stride: op.Stride, WeightBits: op.WeightBits}
		if op.Groups == channels && filters == channels && op.Groups > 1 {
			o.Form = Depthwise
		}
		return []Operation{o}
	case *integer.MatMul:
		o := Operation{Name: n.name, Unit: Engines, Form: Product, Heads: in[0].Shape[1], Rows: in[0].Shape[0], Inner: in[0].Shape[2], Cols: in[1].Shape[2]}
		if op.OverTokens {
			o.Rows, o.Inner = o.Inner, o.Rows
		}
		return []Operation{o}
	case *integer.Requantize:
		n.single = true
		return []Operation{on(Requantize, n.name, n.elements)}
	case *integer.Hardswish, *integer.ReLU:
		n.single = true
		return []Operation{on(Activation, n.name, n.elements)}
	case *integer.Add: // an addition multiplies like a requantization
		return []Operation{on(Adder, n.name, n.elements), on(Requantize, n.name+requantizeSuffix, n.elements)}
	case *integer.Divide:
		return []Operation{on(Shifter, n.name, n.elements), on(Requantize, n.name+requantizeSuffix, n.elements)}
	case *integer.Log2:
		return []Operation{on(Log2, n.name, n.elements)}
	case *integer.SumTokens:
		return []Operation{on(SumAdder, n.name, int64(in[0].Elements()))}
	case *integer.Pool:
		return []Operation{on(Pool, n.name, int64(in[0].Elements()))}
	case *integer.Upsample:
		return []Operation{on(Resizer, n.name, n.elements)}
	case *integer.LayerNorm:
		return []Operation{on(Host, n.name, n.elements)}
	}
	return nil
}

// product returns the role of a product of the attention: KᵀV, the divisors (a product by
// sums over tokens), or the dividends (a product by KᵀV).
func product(m *integer.Model, made map[string]int, i int) efficientvit.Role {
	op := &m.Ops[i]
	if op.Operation.(*integer.MatMul).OverTokens {
		return efficientvit.KTV
	}
	for at := op.Inputs[1]; ; at = m.Ops[made[at]].Inputs[0] {
		switch m.Ops[made[at]].Operation.(type) {
		case *integer.SumTokens:
			return efficientvit.Divisor
		case *integer.Requantize, *integer.ReLU:
		default:
			return efficientvit.Dividend
		}
	}
}
