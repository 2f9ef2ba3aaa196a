// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"fmt"
	"slices"
)

// A Cut is a range of a model's operations that can be run alone.
type Cut struct {
	// Name is the model's, with the range where the cut is not all of it.
	Name string
	// Ops are the operations, those of the model itself.
	Ops []Op
	// Inputs are the tensors that the operations read and do not make, and the picture's
	// codes where the [Input] is among the operations. Outputs are the tensors that later
	// operations read, and the logits; where there are none, the last operation's tensor.
	// Both are in the order of the model.
	Inputs, Outputs []string

	whole   bool
	tensors map[string]Tensor
}

// Whole reports whether the cut has all of the model's operations.
func (c *Cut) Whole() bool { return c.whole }

// Cut returns the operations Ops[from:to] of a model that [Model.Infer] accepts.
func (m *Model) Cut(from, to int) (*Cut, error) {
	tensors, err := m.Infer()
	if err != nil {
		return nil, err
	}
	if from < 0 || from >= to || to > len(m.Ops) {
		return nil, fmt.Errorf("integer model %s: a cut of the operations %d to %d: at least one of the %d is taken", m.Name, from, to, len(m.Ops))
	}
	c := &Cut{Name: m.Name, Ops: m.Ops[from:to], whole: to-from == len(m.Ops), tensors: map[string]Tensor{}}
	if !c.whole {
		c.Name = fmt.Sprintf("%s[%d:%d]", m.Name, from, to)
	}
	inside, behind := readBy(m.Ops[from:to]), readBy(m.Ops[to:])
	behind[m.Ops[len(m.Ops)-1].Name] = true
	for i, op := range m.Ops[:to] {
		c.tensors[op.Name] = tensors[i]
		if i == 0 && from == 0 || i < from && inside[op.Name] {
			c.Inputs = append(c.Inputs, op.Name)
		}
		if i >= from && behind[op.Name] {
			c.Outputs = append(c.Outputs, op.Name)
		}
	}
	if len(c.Outputs) == 0 {
		c.Outputs = []string{m.Ops[to-1].Name}
	}
	return c, nil
}

// readBy returns the tensors that some operations read.
func readBy(ops []Op) map[string]bool {
	read := map[string]bool{}
	for i := range ops {
		for _, name := range ops[i].Inputs {
			read[name] = true
		}
	}
	return read
}

// endsOf returns for each operation the tensors that are not needed after it: those of
// which it is the last reader, and its own where none reads it.
func endsOf(ops []Op) [][]string {
	last := map[string]int{}
	for i := range ops {
		last[ops[i].Name] = i
		for _, name := range ops[i].Inputs {
			last[name] = i
		}
	}
	ends := make([][]string, len(ops))
	for name, i := range last {
		ends[i] = append(ends[i], name)
	}
	return ends
}

// Tensor describes a tensor that the cut reads or makes.
func (c *Cut) Tensor(name string) Tensor { return c.tensors[name] }

// Check returns an error for invalid inputs of a run: their number, a shape, or an integer
// outside of its tensor's interval. Every executor refuses such inputs.
func (c *Cut) Check(inputs []Value) error {
	if len(inputs) != len(c.Inputs) {
		return fmt.Errorf("integer model %s: %d tensors for %d inputs", c.Name, len(inputs), len(c.Inputs))
	}
	for i, x := range inputs {
		t := c.tensors[c.Inputs[i]]
		if x.Shape != t.Shape || len(x.Data) != t.Elements() {
			return fmt.Errorf("integer model %s: %d integers of shape %v for %q, which has %v", c.Name, len(x.Data), x.Shape, c.Inputs[i], t.Shape)
		}
		for j, q := range x.Data {
			if !t.Range.Contains(int64(q)) {
				return fmt.Errorf("integer model %s: integer %d of %q is %d, it has %v", c.Name, j, c.Inputs[i], q, t.Range)
			}
		}
	}
	return nil
}

// Run computes the outputs of a cut from its inputs as [Model.Run] computes the
// logits of a picture.
func (c *Cut) Run(inputs ...Value) ([]Value, error) {
	if err := c.Check(inputs); err != nil {
		return nil, err
	}
	return c.run(inputs), nil
}

// run is Run for inputs that have passed Check.
func (c *Cut) run(inputs []Value, watch ...func(op *Op, y Value)) []Value {
	ends := endsOf(c.Ops)
	made := map[string]Value{}
	for i, name := range c.Inputs {
		made[name] = inputs[i]
	}
	for i := range c.Ops {
		op := &c.Ops[i]
		y, given := made[op.Name]
		if !given {
			t := c.tensors[op.Name]
			y = Value{t.Shape, make([]int32, t.Elements())}
			in := make([]Value, len(op.Inputs))
			for j, name := range op.Inputs {
				in[j] = made[name]
			}
			op.run(y, in)
			made[op.Name] = y
		}
		for _, name := range ends[i] {
			if !slices.Contains(c.Outputs, name) {
				delete(made, name)
			}
		}
		for _, w := range watch {
			w(op, y)
		}
	}
	outputs := make([]Value, len(c.Outputs))
	for i, name := range c.Outputs {
		outputs[i] = made[name]
	}
	return outputs
}
