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

// An Executor runs an integer model's graph. Several goroutines may use it at once.
type Executor struct {
	model   *integer.Model
	tensors []integer.Tensor
	steps   []step
	// params are what the graph takes behind the picture.
	params []any
	// logits computes the last tensor, watched all of them.
	logits, watched forward.Compiled
	// held is how many bytes a run holds, about; made is what all tensors take.
	held, made int
}

// New returns the executor of a model, and the error of [integer.Model.Infer].
func New(m *integer.Model) (*Executor, error) {
	b, err := forward.Backend()
	if err != nil {
		return nil, err
	}
	e := &Executor{model: m}
	if e.tensors, err = m.Infer(); err != nil {
		return nil, err
	}
	var params []*tensors.Tensor
	at := map[string]int{}
	for i := range m.Ops {
		op := &m.Ops[i]
		at[op.Name] = i
		in := make([]integer.Tensor, len(op.Inputs))
		for j, name := range op.Inputs {
			in[j] = e.tensors[at[name]]
		}
		s := stepOf(op.Operation, in, e.tensors[i], b.Name() == platform.XLA)
		for _, name := range op.Inputs {
			s.inputs = append(s.inputs, at[name])
		}
		e.steps = append(e.steps, s)
		params = append(params, s.params...)
		bytes := 4 * e.tensors[i].Elements()
		e.held, e.made = max(e.held, 8*bytes), e.made+bytes // a few of the largest, of int64
	}
	if e.params, err = forward.Arguments(params); err != nil {
		return nil, fmt.Errorf("integer model %s: %w", m.Name, err)
	}
	if e.logits.Exec, err = graph.NewExec(b, func(in []*graph.Node) *graph.Node {
		all := e.build(in)
		return all[len(all)-1]
	}); err != nil {
		return nil, fmt.Errorf("integer model %s: %w", m.Name, err)
	}
	if e.watched.Exec, err = graph.NewExec(b, e.build); err != nil {
		return nil, fmt.Errorf("integer model %s: %w", m.Name, err)
	}
	return e, nil
}

// build adds the model to the graph of a picture and the parameters, and returns
// every tensor.
func (e *Executor) build(in []*graph.Node) []*graph.Node {
	picture, params := in[0], in[1:]
	all := []*graph.Node{picture}
	for i, s := range e.steps[1:] {
		operands := make([]*graph.Node, len(s.inputs))
		for j, at := range s.inputs {
			operands[j] = all[at]
		}
		n := len(s.params)
		y := s.build(operands, params[:n])
		params = params[n:]
		shape := e.tensors[i+1].Shape
		y.AssertDims(shape[:]...)
		all = append(all, y)
	}
	return all
}

// Run computes the logits of one picture as [integer.Model.Run] does. With a watch
// another graph runs, which returns every tensor.
func (e *Executor) Run(picture []int32, watch ...func(op *integer.Op, y integer.Value)) (integer.Value, error) {
	fail := func(err error) (integer.Value, error) {
		return integer.Value{}, fmt.Errorf("integer model %s: %w", e.model.Name, err)
	}
	input := e.model.Input()
	if err := input.Check(picture); err != nil {
		return fail(err)
	}
	compiled, held, first := &e.logits, e.held, len(e.tensors)-1
	if len(watch) > 0 {
		compiled, held, first = &e.watched, e.held+e.made, 0
	}
	x := tensors.FromFlatDataAndDimensions(picture, input.Shape[:]...)
	defer x.FinalizeAll()
	results, err := compiled.Call(held, x, e.params...)
	if err != nil {
		return fail(err)
	}
	values, err := forward.Values[int32](results)
	if err != nil {
		return fail(err)
	}
	var y integer.Value
	for i, data := range values {
		y = integer.Value{Shape: e.tensors[first+i].Shape, Data: data}
		for _, w := range watch {
			w(&e.model.Ops[first+i], y)
		}
	}
	return y, nil
}
