// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// An Executor holds an integer model and the turns of a configuration's engines that
// compute it. It does not change. Several goroutines may run pictures at once.
type Executor struct {
	model   *integer.Model
	tensors []tensor
	index   map[string]int // indices of the tensors, by name
	run     *event.Run
	turns   []event.Turn
	ends    [][]int // the tensors that are complete at the end of each step
}

// A tensor describes one operation and the tensor that it makes.
type tensor struct {
	*integer.Op
	shape   [3]int
	in      []int // indices of the tensors that are the operands
	readers int   // number of operands of later operations that are this tensor
	step    int   // the step at whose end the tensor is complete, -1 for the picture
}

// elements returns how many integers the tensor has.
func (t *tensor) elements() int { return t.shape[0] * t.shape[1] * t.shape[2] }

// New prepares a model to run on a configuration. The workload is either that of the
// network from which the model was frozen, before its transforms ([workload.FromNetwork]),
// or the model's own ([workload.FromModel]). Logits need the whole network: an empty scope
// means [hwsim.Whole] here, and the batch is one picture. The widths of weights are the
// model's.
//
// The error is that of [integer.Model.Infer] or of [event.Simulate], or names a difference
// between the model and the workload: an operation of the engines, or the elements of an
// auxiliary unit. The numbers of requantizations may differ: the workload of a network has
// those of its quantization points, the workload of a model has the model's own.
func New(m *integer.Model, w *workload.Workload, c arch.Config, o event.Options) (*Executor, error) {
	shapes, err := m.Infer()
	if err != nil {
		return nil, err
	}
	fail := func(format string, args ...any) (*Executor, error) {
		return nil, fmt.Errorf("integer model %s on the accelerator: "+format, append([]any{m.Name}, args...)...)
	}
	switch {
	case o.Scope == "":
		o.Scope = hwsim.Whole
	case o.Scope != hwsim.Whole:
		return fail("the scope %q has no logits: %q is allowed", o.Scope, hwsim.Whole)
	}
	if o.Batch > 1 {
		return fail("a batch of %d: one picture is allowed", o.Batch)
	}
	if o.WeightBits != 0 || len(o.WeightBitsOf) > 0 {
		return fail("the options have a width of weights: the model has its own")
	}
	e := &Executor{model: m, tensors: make([]tensor, len(m.Ops)), index: make(map[string]int, len(m.Ops))}
	ops := make(map[string]*workload.Operation, len(w.Ops))
	for i := range w.Ops {
		ops[w.Ops[i].Name] = &w.Ops[i]
	}
	o.WeightBitsOf = make(map[string]int)
	for i := range m.Ops {
		if conv, ok := m.Ops[i].Operation.(*integer.Conv); ok && ops[m.Ops[i].Name] != nil {
			o.WeightBitsOf[m.Ops[i].Name] = conv.WeightBits
		}
	}
	if e.run, e.turns, err = event.Trace(w, c, o); err != nil {
		return nil, err
	}
	steps := make(map[string]int)
	e.ends = make([][]int, len(e.run.Steps))
	for i := range e.run.Steps {
		for _, name := range e.run.Steps[i].Ops {
			steps[name] = i
		}
	}
	for i := range m.Ops {
		t := &e.tensors[i]
		*t = tensor{Op: &m.Ops[i], shape: shapes[i].Shape}
		for _, name := range t.Inputs {
			in := e.index[name]
			t.in = append(t.in, in)
			t.step = max(t.step, e.tensors[in].step)
			e.tensors[in].readers++
		}
		e.index[t.Name] = i
		if i == 0 {
			t.step = -1
			continue
		}
		if t.engines() {
			if err := t.is(ops[t.Name], e.tensors); err != nil {
				return fail("%q: %w", t.Name, err)
			}
			t.step = steps[t.Name]
		}
		e.ends[t.step] = append(e.ends[t.step], i)
	}
	own, err := workload.FromModel(m)
	if err != nil {
		return nil, err
	}
	for _, unit := range workload.Units() {
		if got, want := elements(w, unit), elements(own, unit); unit != workload.Engines && unit != workload.Requantize && got != want {
			return fail("the workload %q has %d elements for the unit %q, the model %d", w.Name, got, unit, want)
		}
	}
	for i := range w.Ops {
		o := &w.Ops[i]
		if at, ok := e.index[o.Name]; o.Unit == workload.Engines && !(ok && e.tensors[at].engines()) {
			return fail("the workload %q has a %s %q, the model has none", w.Name, o.Form, o.Name)
		}
	}
	return e, nil
}

// elements returns the number of elements of a unit in a workload.
func elements(w *workload.Workload, unit workload.Unit) (n int64) {
	for i := range w.Ops {
		if o := &w.Ops[i]; o.Unit == unit {
			n += o.Outputs()
		}
	}
	return n
}

// engines reports whether MAT and R-MAC compute the tensor.
func (t *tensor) engines() bool {
	switch t.Operation.(type) {
	case *integer.Conv, *integer.MatMul:
		return true
	}
	return false
}

// is returns an error where an operation of the model differs from the workload's
// operation of that name.
func (t *tensor) is(o *workload.Operation, tensors []tensor) error {
	if o == nil {
		return fmt.Errorf("the workload has no such operation")
	}
	type sizes struct{ H, W, Cout, Cin, Groups, Kernel, Stride, Heads, Rows, Inner, Cols int }
	x := tensors[t.in[0]].shape
	var want sizes
	switch op := t.Operation.(type) {
	case *integer.Conv:
		want = sizes{H: t.shape[0], W: t.shape[1], Cout: t.shape[2], Cin: x[2] / op.Groups, Groups: op.Groups, Kernel: op.Kernel, Stride: op.Stride}
	case *integer.MatMul:
		want = sizes{Heads: x[1], Rows: x[0], Inner: x[2], Cols: tensors[t.in[1]].shape[2]}
		if op.OverTokens {
			want.Rows, want.Inner = want.Inner, want.Rows
		}
	}
	if got := (sizes{o.H, o.W, o.Cout, o.Cin, o.Groups, o.Kernel, o.Stride, o.Heads, o.Rows, o.Inner, o.Cols}); got != want {
		return fmt.Errorf("the workload has the sizes %+v, the model %+v", got, want)
	}
	return nil
}

// A Result is the outcome of a run of one picture.
type Result struct {
	// Logits are the integers of the model's last operation, [H, W, classes].
	Logits integer.Value
	// Run is the event-driven model's result for the same turns.
	Run *event.Run
	// Turns is the number of tasks that the engines did, Work the number of pieces of
	// operations in them.
	Turns, Work int
	// Cycles is the end of the last turn: Run's cycles less its Drain, in which the last
	// results are still being stored.
	Cycles int64
}

// Run computes the logits of one picture, given as the codes of the model's input, turn by
// turn. It calls each watch with every tensor as soon as all of it is made; a watch may
// keep it.
func (e *Executor) Run(picture []int32, watch ...func(op *integer.Op, y integer.Value)) (*Result, error) {
	if err := e.model.Input().Check(picture); err != nil {
		return nil, fmt.Errorf("integer model %s: %w", e.model.Name, err)
	}
	m := newMemory(e, picture, watch)
	result := &Result{Run: e.run, Turns: len(e.turns)}
	for i := range e.turns {
		turn := &e.turns[i]
		for _, work := range turn.Plan.Work(turn.Tile, turn.Task) {
			result.Work++
			if err := m.compute(work); err != nil {
				return nil, fmt.Errorf("integer model %s, step %q, cycle %d: %w", e.model.Name, e.run.Steps[turn.Step].Name, turn.Start, err)
			}
		}
		result.Cycles = turn.End
		if i+1 < len(e.turns) && e.turns[i+1].Step == turn.Step {
			continue
		}
		for _, at := range e.ends[turn.Step] {
			if err := m.need(at, whole(e.tensors[at].shape)); err != nil {
				return nil, fmt.Errorf("integer model %s, end of step %q: %w", e.model.Name, e.run.Steps[turn.Step].Name, err)
			}
		}
	}
	result.Logits = m.values[len(m.values)-1]
	return result, nil
}
