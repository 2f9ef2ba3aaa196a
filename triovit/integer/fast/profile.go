// SPDX-License-Identifier: Apache-2.0

package fast

import (
	"context"
	"time"

	"github.com/gotriovit/gotriovit/triovit/integer"
)

// A Step is one unit of an executor's computation: an operation with the operations behind
// it that run in the cache.
type Step struct {
	// Op is the first operation of the step, Shape the shape of its tensor.
	Op    *integer.Op
	Shape [3]int
	// Operations is the number of operations in the step, MACs the number of its
	// multiply-accumulates.
	Operations int
	MACs       int64
	// Time is the shortest time of the step over all runs.
	Time time.Duration
}

// Kernels returns the name of the kernels that the executor runs.
func (e *Executor) Kernels() string { return e.kernels.Name }

// Profile runs a picture the given number of times and returns the steps, each with its
// shortest time. It checks the context before each run.
func (e *Executor) Profile(ctx context.Context, picture []int32, runs int) ([]Step, error) {
	steps := make([]Step, len(e.steps))
	for i, planned := range e.steps {
		s := &steps[i]
		if len(planned.ops) == 0 { // the step belongs to the previous step's operation
			*s = Step{Op: steps[i-1].Op, Shape: steps[i-1].Shape}
			continue
		}
		first := planned.ops[0]
		*s = Step{Op: &e.model.Ops[first], Shape: e.tensors[first].Shape, Operations: len(planned.ops)}
		for _, at := range planned.ops {
			s.MACs += e.macs(at)
		}
	}
	logits := make([]int32, e.tensors[len(e.tensors)-1].Elements())
	for run := range runs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := e.runSteps(logits, picture, func(s *state, i int) {
			begin := time.Now()
			s.do(&e.steps[i])
			if took := time.Since(begin); run == 0 || took < steps[i].Time {
				steps[i].Time = took
			}
		}); err != nil {
			return nil, err
		}
	}
	return steps, nil
}

// macs returns the number of an operation's multiply-accumulates.
func (e *Executor) macs(at int) int64 {
	op, y := &e.model.Ops[at], e.tensors[at]
	switch o := op.Operation.(type) {
	case *integer.Conv:
		return int64(y.Shape[0]*y.Shape[1]) * int64(len(o.Weights))
	case *integer.MatMul:
		for i := range e.model.Ops {
			if x := e.tensors[i].Shape; e.model.Ops[i].Name == op.Inputs[0] {
				if o.OverTokens {
					return int64(x[0]) * int64(y.Elements())
				}
				return int64(x[2]) * int64(y.Elements())
			}
		}
	}
	return 0
}
