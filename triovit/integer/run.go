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

// Logits returns the real numbers that the integers of the model's last tensor stand for,
// those of one picture or of several.
func (m *Model) Logits(integers []int32) []float32 {
	values := m.Ops[len(m.Ops)-1].Values
	numbers := make([]float32, len(integers))
	for i, q := range integers {
		numbers[i] = float32(values.Of(i, q))
	}
	return numbers
}

// Widest returns the bits of the widest integers that the model provably makes. The error
// is that of its inference.
func (m *Model) Widest() (bits int, err error) {
	tensors, err := m.Infer()
	for _, t := range tensors {
		bits = max(bits, t.Range.Bits())
	}
	return bits, err
}

// Elements returns how many integers the tensor has.
func (t Tensor) Elements() int { return t.Shape[0] * t.Shape[1] * t.Shape[2] }

// Apply computes an operation as the reference executor does. Its operands are in what
// [Operation.Infer] was told; y is zero and has the shape that it inferred.
func Apply(op Operation, y Value, in []Value) { op.run(y, in) }
