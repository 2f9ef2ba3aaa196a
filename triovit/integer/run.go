// SPDX-License-Identifier: Apache-2.0

package integer

import "fmt"

// A Value is a tensor of integers. Its last axis varies fastest.
type Value struct {
	Shape [3]int
	Data  []int32
}

// Run is the reference executor: it computes the logits of one picture, given as the codes
// of the [Input], in plain loops. It calls each watch with every tensor as soon as the
// tensor is computed; a watch may keep the tensor.
func (m *Model) Run(picture []int32, watch ...func(op *Op, y Value)) (Value, error) {
	c, err := m.Cut(0, len(m.Ops))
	if err != nil {
		return Value{}, err
	}
	input := m.Input()
	if err := input.Check(picture); err != nil {
		return Value{}, fmt.Errorf("integer model %s: %w", m.Name, err)
	}
	return c.run([]Value{{input.Shape, picture}}, watch...)[0], nil
}

// Logits returns the real numbers of the integers of the model's last tensor, for one
// picture or several.
func (m *Model) Logits(integers []int32) []float32 {
	values := m.Ops[len(m.Ops)-1].Values
	numbers := make([]float32, len(integers))
	for i, q := range integers {
		numbers[i] = float32(values.Of(i, q))
	}
	return numbers
}

// Widest returns the width in bits of the widest integers of the model, by inference. The
// error is that of [Model.Infer].
func (m *Model) Widest() (bits int, err error) {
	tensors, err := m.Infer()
	for _, t := range tensors {
		bits = max(bits, t.Range.Bits())
	}
	return bits, err
}

// Elements returns the number of the tensor's integers.
func (t Tensor) Elements() int { return t.Shape[0] * t.Shape[1] * t.Shape[2] }

// Apply computes an operation as the reference executor does. Its operands lie in the
// intervals given to [Operation.Infer]; y is zero and has the inferred shape.
func Apply(op Operation, y Value, in []Value) { op.run(y, in) }
