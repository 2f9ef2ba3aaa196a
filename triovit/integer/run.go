// SPDX-License-Identifier: Apache-2.0

package integer

import "fmt"

// A Value is a tensor of integers, its last axis the fastest.
type Value struct {
	Shape [3]int
	Data  []int32
}

// Run is the reference executor: it computes the logits of one picture, given as
// the codes of the [Input], in plain loops. Each watch sees every tensor as soon
// as it is made and may keep it.
func (m *Model) Run(picture []int32, watch ...func(op *Op, y Value)) (Value, error) {
	tensors, err := m.Infer()
	if err != nil {
		return Value{}, err
	}
	if err := m.Input().Check(picture); err != nil {
		return Value{}, fmt.Errorf("integer model %s: %w", m.Name, err)
	}
	last := map[string]int{} // reader of a tensor
	for i := range m.Ops {
		for _, name := range m.Ops[i].Inputs {
			last[name] = i
		}
	}
	made := map[string]Value{}
	var y Value
	for i := range m.Ops {
		op := &m.Ops[i]
		y = Value{tensors[i].Shape, picture}
		if i > 0 {
			y.Data = make([]int32, tensors[i].Elements())
		}
		in := make([]Value, len(op.Inputs))
		for j, name := range op.Inputs {
			in[j] = made[name]
		}
		op.run(y, in)
		made[op.Name] = y
		for _, name := range op.Inputs {
			if last[name] == i {
				delete(made, name)
			}
		}
		for _, w := range watch {
			w(op, y)
		}
	}
	return y, nil
}

// Elements returns how many integers the tensor has.
func (t Tensor) Elements() int { return t.Shape[0] * t.Shape[1] * t.Shape[2] }

// Apply computes an operation as the reference executor does. Its operands are in what
// [Operation.Infer] was told; y is zero and has the shape that it inferred.
func Apply(op Operation, y Value, in []Value) { op.run(y, in) }
