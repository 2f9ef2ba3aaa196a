// SPDX-License-Identifier: Apache-2.0

package intgraph

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gotriovit/gotriovit/internal/platform"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// An Executor runs the graph of an integer model or of a cut. Several goroutines may
// use it at once.
type Executor struct {
	cut *integer.Cut
	// steps are the steps of the cut's operations.
	steps []step
	// params are the graph's arguments after its inputs.
	params []any
	// outputs computes the outputs of the cut, watched the result of each operation.
	outputs, watched forward.Compiled
	// held is about how many bytes a run holds at once; made is the bytes of all tensors.
	held, made int
}

// New returns the executor of a model, and the error of [integer.Model.Infer].
func New(m *integer.Model) (*Executor, error) {
	c, err := m.Cut(0, len(m.Ops))
	if err != nil {
		return nil, err
	}
	return NewCut(c)
}

// NewCut returns the executor of a part of a model.
func NewCut(c *integer.Cut) (*Executor, error) {
	b, err := forward.Backend()
	if err != nil {
		return nil, err
	}
	e := &Executor{cut: c}
	var params []*tensors.Tensor
	for i := range c.Ops {
		op := &c.Ops[i]
		in := make([]integer.Tensor, len(op.Inputs))
		for j, name := range op.Inputs {
			in[j] = c.Tensor(name)
		}
		y := c.Tensor(op.Name)
		s := stepOf(op.Operation, in, y, b.Name() == platform.XLA)
		e.steps = append(e.steps, s)
		params = append(params, s.params...)
		bytes := 4 * y.Elements()
		e.held, e.made = max(e.held, 8*bytes), e.made+bytes // an estimate: a few of the largest tensors are held at once, of int64
	}
	if e.params, err = forward.Arguments(params); err != nil {
		return nil, fmt.Errorf("integer model %s: %w", c.Name, err)
	}
	if e.outputs.Exec, err = graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
		all := e.build(in)
		outputs := make([]*graph.Node, len(c.Outputs))
		for i, name := range c.Outputs {
			outputs[i] = all[name]
		}
		return outputs
	}); err != nil {
		return nil, fmt.Errorf("integer model %s: %w", c.Name, err)
	}
	if e.watched.Exec, err = graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
		all := e.build(in)
		made := make([]*graph.Node, len(c.Ops))
		for i := range c.Ops {
			made[i] = all[c.Ops[i].Name]
		}
		return made
	}); err != nil {
		return nil, fmt.Errorf("integer model %s: %w", c.Name, err)
	}
	return e, nil
}

// build adds the cut to the graph of its inputs and the parameters, and returns
// every tensor by its name.
func (e *Executor) build(in []*graph.Node) map[string]*graph.Node {
	all := map[string]*graph.Node{}
	for i, name := range e.cut.Inputs {
		all[name] = in[i]
	}
	params := in[len(e.cut.Inputs):]
	for i, s := range e.steps {
		op := &e.cut.Ops[i]
		if s.build == nil {
			continue // the operation is the picture
		}
		operands := make([]*graph.Node, len(op.Inputs))
		for j, name := range op.Inputs {
			operands[j] = all[name]
		}
		n := len(s.params)
		y := s.build(operands, params[:n])
		params = params[n:]
		shape := e.cut.Tensor(op.Name).Shape
		y.AssertDims(shape[:]...)
		all[op.Name] = y
	}
	return all
}

// Run computes the logits of one picture as [integer.Model.Run] does. It is an error for
// the executor of a part of a model. With a watch it runs another graph, which returns
// every tensor.
func (e *Executor) Run(picture []int32, watch ...func(op *integer.Op, y integer.Value)) (integer.Value, error) {
	if !e.cut.Whole() {
		return integer.Value{}, fmt.Errorf("integer model %s: a part of a model has no logits: RunCut runs it", e.cut.Name)
	}
	input := e.cut.Ops[0].Operation.(*integer.Input)
	if err := input.Check(picture); err != nil {
		return integer.Value{}, fmt.Errorf("integer model %s: %w", e.cut.Name, err)
	}
	compiled, held := &e.outputs, e.held
	if len(watch) > 0 {
		compiled, held = &e.watched, e.held+e.made
	}
	values, err := e.run(compiled, held, []integer.Value{{Shape: input.Shape, Data: picture}})
	if err != nil {
		return integer.Value{}, err
	}
	if len(watch) > 0 {
		for i, data := range values {
			op := &e.cut.Ops[i]
			for _, w := range watch {
				w(op, integer.Value{Shape: e.cut.Tensor(op.Name).Shape, Data: data})
			}
		}
	}
	last := e.cut.Ops[len(e.cut.Ops)-1].Name
	return integer.Value{Shape: e.cut.Tensor(last).Shape, Data: values[len(values)-1]}, nil
}

// RunCut computes the outputs of a cut as [integer.Cut.Run] does.
func (e *Executor) RunCut(inputs ...integer.Value) ([]integer.Value, error) {
	if err := e.cut.Check(inputs); err != nil {
		return nil, err
	}
	values, err := e.run(&e.outputs, e.held, inputs)
	if err != nil {
		return nil, err
	}
	outputs := make([]integer.Value, len(values))
	for i, name := range e.cut.Outputs {
		outputs[i] = integer.Value{Shape: e.cut.Tensor(name).Shape, Data: values[i]}
	}
	return outputs, nil
}

// run runs one of the graphs on inputs that have passed Check.
func (e *Executor) run(compiled *forward.Compiled, held int, inputs []integer.Value) ([][]int32, error) {
	args := make([]any, 0, len(inputs)+len(e.params))
	for _, x := range inputs {
		t := tensors.FromFlatDataAndDimensions(x.Data, x.Shape[:]...)
		defer t.FinalizeAll()
		args = append(args, t)
	}
	results, err := compiled.Call(held, args[0].(*tensors.Tensor), append(args[1:], e.params...)...)
	if err != nil {
		return nil, fmt.Errorf("integer model %s: %w", e.cut.Name, err)
	}
	values, err := forward.Values[int32](results)
	if err != nil {
		return nil, fmt.Errorf("integer model %s: %w", e.cut.Name, err)
	}
	return values, nil
}
