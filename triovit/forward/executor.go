// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gotriovit/gotriovit/internal/platform"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// An Executor runs a model's network as a [triovit.Predictor]. Several goroutines may use
// it at once. Later changes to the model do not change the executor.
type Executor struct {
	*Runner
	model *frozen
	hooks Hooks
	id    string
	// diagnosis is locked by the run that searches for a tensor that is not finite: such a
	// run keeps every tensor of a picture in memory.
	diagnosis sync.Mutex
}

// New returns the executor of a model in floating point. Unusable weights
// ([triovit.Model.CheckValues]) are an error.
func New(model *triovit.Folded) (*Executor, error) {
	return newExecutor(model, "float", Hooks{})
}

// NewWithHooks returns an executor whose graph is changed by hooks. Its parameters are the
// model's unless hooks.Param returns others. The id names the effect of the hooks, beside
// the model: results are cached under it. Hooks with different effects must have different
// ids.
func NewWithHooks(model *triovit.Folded, id string, hooks Hooks) (*Executor, error) {
	return newExecutor(model, "hooks "+id, hooks)
}

func newExecutor(model *triovit.Folded, id string, hooks Hooks) (*Executor, error) {
	if in, out := len(model.Net.Inputs()), len(model.Net.Outputs()); in != 1 || out != 1 {
		return nil, fmt.Errorf("%s has %d inputs and %d outputs: a predictor has one of each, NewRunner takes any number", model.Net.Name, in, out)
	}
	f, err := freeze(model.Model, hooks)
	if err != nil {
		return nil, err
	}
	r, err := newRunner(f, hooks, wholeOf(f))
	if err != nil {
		return nil, err
	}
	return &Executor{Runner: r, model: f, hooks: hooks, id: model.Hash() + " " + Platform() + " " + id}, nil
}

// ID identifies the model, its form and its platform for the cache of results.
func (e *Executor) ID() string { return e.id }

// Platform returns the package's [Platform], for reports.
func (e *Executor) Platform() string { return Platform() }

// Source returns the origin of the model's weights, for reports.
func (e *Executor) Source() string { return e.model.source }

// Predict runs n pictures [n, H, W, 3] and returns the outputs, [n, ...]. Where an output
// is not finite it returns a [*triovit.NotFiniteError].
func (e *Executor) Predict(pictures []float32) ([]float32, error) {
	outputs, err := e.Run(pictures)
	if err != nil {
		return nil, err
	}
	if bad := triovit.NotFinite(e.net.Outputs()[0], outputs[0]); bad != nil {
		n := len(pictures) / efficientvit.Size(e.net.Input().Shape)
		return nil, fmt.Errorf("%s: picture %d of %d: %w", e.net.Name, bad.Picture+1, n, e.diagnose(pictures, bad))
	}
	return outputs[0], nil
}

// diagnose runs the picture whose outputs are not finite once more and returns the first
// tensor in the order of the network that is not finite. Where that run fails, or rounds
// differently and stays finite, it returns the error of the output.
func (e *Executor) diagnose(pictures []float32, output *triovit.NotFiniteError) *triovit.NotFiniteError {
	e.diagnosis.Lock()
	defer e.diagnosis.Unlock()
	tapped, err := newTapped(e.model, e.hooks, func(*efficientvit.Op) bool { return true })
	if err != nil {
		return output
	}
	size := efficientvit.Size(e.net.Input().Shape)
	tensors, err := tapped.Run(pictures[output.Picture*size : (output.Picture+1)*size])
	if err != nil {
		return output
	}
	for i, values := range tensors {
		if bad := triovit.NotFinite(&e.net.Ops[i], values); bad != nil {
			bad.Picture = output.Picture
			return bad
		}
	}
	return output
}

// A Runner runs a graph on a model's weights and returns the graph's outputs. Several
// goroutines may use it at once. It is no [triovit.Predictor]: its graph has no id under
// which results could be cached.
type Runner struct {
	net      *efficientvit.Network
	inputs   []*efficientvit.Op
	compiled Compiled
	// held is about how many elements a run holds in memory at once for each picture.
	held int
	// weights are the graph's arguments after its inputs.
	weights []any
}

// NewRunner returns a runner of a model, whole or cut ([triovit.Model.Cut]), whose graph
// is changed by hooks. Run takes the network's inputs and returns its outputs.
func NewRunner(model *triovit.Model, hooks Hooks) (*Runner, error) {
	f, err := freeze(model, hooks)
	if err != nil {
		return nil, err
	}
	return newRunner(f, hooks, wholeOf(f))
}

// wholeOf is the graph of the whole model.
func wholeOf(f *frozen) walk {
	return func(inputs []*graph.Node, hooks Hooks) []*graph.Node { return Build(f.net, inputs, hooks) }
}

// A walk adds a graph to its inputs and returns the outputs. The hooks hold the model's
// weights.
type walk = func(inputs []*graph.Node, hooks Hooks) []*graph.Node

// NewWithOutputs returns a runner of the caller's graph: build receives the inputs and
// hooks with the model's weights, and returns the outputs of Run.
func NewWithOutputs(model *triovit.Model, build func(inputs []*graph.Node, hooks Hooks) []*graph.Node) (*Runner, error) {
	f, err := freeze(model, Hooks{})
	if err != nil {
		return nil, err
	}
	return newRunner(f, Hooks{}, build)
}

// NewTapped returns a runner whose Run returns the results of the operations in taps, in
// the order of the network.
func NewTapped(model *triovit.Model, taps func(*efficientvit.Op) bool) (*Runner, error) {
	f, err := freeze(model, Hooks{})
	if err != nil {
		return nil, err
	}
	tapped := map[string]bool{}
	for i := range model.Net.Ops {
		op := &model.Net.Ops[i]
		tapped[op.Name] = taps(op)
	}
	return newTapped(f, Hooks{}, func(op *efficientvit.Op) bool { return tapped[op.Name] })
}

func newTapped(f *frozen, hooks Hooks, taps func(*efficientvit.Op) bool) (*Runner, error) {
	r, err := newRunner(f, hooks, func(inputs []*graph.Node, hooks Hooks) []*graph.Node {
		var tapped []*graph.Node
		result := hooks.Result
		hooks.Result = func(op *efficientvit.Op, y *graph.Node) *graph.Node {
			if result != nil {
				y = result(op, y)
			}
			if taps(op) {
				tapped = append(tapped, y)
			}
			return y
		}
		Build(f.net, inputs, hooks)
		return tapped
	})
	if err != nil {
		return nil, err
	}
	for i := range f.net.Ops {
		if op := &f.net.Ops[i]; taps(op) {
			r.held += efficientvit.Size(op.Shape)
		}
	}
	return r, nil
}

// A frozen is the copy of a model from which its graphs are built. A graph is built when a
// batch of a new size comes, long after the model got its hash.
type frozen struct {
	net    *efficientvit.Network
	source string
	// params are the weights in the layout that the graph reads.
	params map[string]*tensors.Tensor
}

// freeze copies a model. It leaves out the weights where the hooks supply others.
func freeze(model *triovit.Model, hooks Hooks) (*frozen, error) {
	f := &frozen{net: model.Net.Clone(), source: model.Source, params: map[string]*tensors.Tensor{}}
	if hooks.Param != nil {
		return f, nil
	}
	if err := model.CheckValues(); err != nil {
		return nil, err
	}
	for i := range f.net.Ops {
		op := &f.net.Ops[i]
		for _, p := range op.Params {
			t, ok := model.Weights[p.Name]
			if !ok {
				continue
			}
			var err error
			if f.params[p.Name], err = constant(op, p, t); err != nil {
				return nil, fmt.Errorf("%s: %w", f.net.Name, err)
			}
		}
	}
	return f, nil
}

// constant is a parameter's value in the layout that the graph reads.
func constant(op *efficientvit.Op, p efficientvit.Param, t *weights.Tensor) (_ *tensors.Tensor, err error) {
	if !slices.Equal(t.Shape, p.Shape) {
		return nil, fmt.Errorf("parameter %s has shape %v, the network takes %v", p.Name, t.Shape, p.Shape)
	}
	defer caught(&err)
	t = Layout(op, p, t)
	return tensors.FromFlatDataAndDimensions(t.Data, t.Shape...), nil
}

// caught, deferred, turns a panic into an error.
func caught(err *error) {
	switch r := recover().(type) {
	case nil:
	case error:
		*err = r
	default:
		*err = fmt.Errorf("%v", r)
	}
}

// newRunner makes a runner of the graph that build adds, with the model's weights added to
// the hooks. The weights are constants on the Go backend, which packs constant matrices
// once, and parameters on XLA, which takes ten times as long to compile a graph with
// constants.
func newRunner(f *frozen, hooks Hooks, build walk) (*Runner, error) {
	r := &Runner{net: f.net, inputs: f.net.Inputs()}
	for i := range f.net.Ops {
		r.held = max(r.held, 4*efficientvit.Size(f.net.Ops[i].Shape)) // an estimate: a few of the largest tensors are held at once
	}
	b, err := Backend()
	if err != nil {
		return nil, err
	}
	var parameters []*tensors.Tensor
	position := map[string]int{}
	for i := range f.net.Ops {
		for _, p := range f.net.Ops[i].Params {
			if t, ok := f.params[p.Name]; ok && b.Name() == platform.XLA {
				position[p.Name] = len(r.inputs) + len(parameters)
				parameters = append(parameters, t)
			}
		}
	}
	if r.weights, err = Arguments(parameters); err != nil {
		return nil, fmt.Errorf("%s: %w", f.net.Name, err)
	}
	r.compiled.Exec, err = graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
		hooks := hooks
		if hooks.Param == nil {
			hooks.Param = func(op *efficientvit.Op, p efficientvit.Param) *graph.Node {
				if at, ok := position[p.Name]; ok {
					return in[at]
				}
				t, ok := f.params[p.Name]
				if !ok {
					panic(fmt.Errorf("no weights for %s", p.Name))
				}
				return graph.ConstTensor(in[0].Graph(), t)
			}
		}
		return build(in[:len(r.inputs)], hooks)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.net.Name, err)
	}
	return r, nil
}

// Network returns a copy of the network. The runner keeps its own: it builds graphs for
// other numbers of pictures long after the executor got its ID.
func (r *Runner) Network() *efficientvit.Network { return r.net.Clone() }

// Run runs n pictures [n, H, W, 3], or the n tensors of each input of a cut, and
// returns every output of the graph, [n, ...]. The graph is compiled once for each n.
func (r *Runner) Run(inputs ...[]float32) (outputs [][]float32, err error) {
	n, err := r.pictures(inputs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.net.Name, err)
	}
	args := make([]any, 0, len(inputs)+len(r.weights))
	for i, values := range inputs {
		x := tensors.FromFlatDataAndDimensions(values, append([]int{n}, r.inputs[i].Shape...)...)
		defer x.FinalizeAll()
		args = append(args, x)
	}
	results, err := r.compiled.Call(4*n*r.held, args[0].(*tensors.Tensor), append(args[1:], r.weights...)...)
	if err == nil {
		outputs, err = Values[float32](results)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.net.Name, err)
	}
	return outputs, nil
}

// pictures returns the number of pictures in the inputs.
func (r *Runner) pictures(inputs [][]float32) (n int, err error) {
	if len(inputs) != len(r.inputs) {
		return 0, fmt.Errorf("%d tensors for %d inputs", len(inputs), len(r.inputs))
	}
	for i, op := range r.inputs {
		size, values := efficientvit.Size(op.Shape), len(inputs[i])
		if values == 0 || values%size != 0 {
			return 0, fmt.Errorf("%d values are no whole number of pictures of %s in %s", values, strings.Join(strings.Fields(strings.Trim(fmt.Sprint(op.Shape), "[]")), "×"), op.Name)
		}
		if i > 0 && values/size != n {
			return 0, fmt.Errorf("%d pictures in %s, %d in %s", values/size, op.Name, n, r.inputs[0].Name)
		}
		n = values / size
	}
	return n, nil
}

// Values copies the results of a run and frees their memory. A tensor of another type is
// an error, and its memory is freed too.
func Values[T float32 | int32](results []*tensors.Tensor) (values [][]T, err error) {
	values = make([][]T, len(results))
	for i, t := range results {
		if err == nil {
			values[i], err = tensors.CopyFlatData[T](t)
		}
		err = cmp.Or(err, t.FinalizeAll())
	}
	if err != nil {
		return nil, err
	}
	return values, nil
}

// Arguments transfers tensors that every run of a graph takes to the backend, and returns
// them for [Compiled.Call]. Without it concurrent first runs would transfer them, and a
// tensor is invalid for a moment to all runs but one: GoMLX 0.28.16 checks it without its
// lock.
func Arguments(shared []*tensors.Tensor) ([]any, error) {
	b, err := Backend()
	if err != nil {
		return nil, err
	}
	args := make([]any, len(shared))
	for i, t := range shared {
		if err := t.MaterializeOnDevice(b, true, 0); err != nil {
			return nil, err
		}
		args[i] = t
	}
	return args, nil
}

// A Compiled is a graph that several goroutines may call at once.
type Compiled struct {
	Exec *graph.Exec
	// first has a *sync.Once for each shape of the first argument.
	first sync.Map
}

// Call runs the graph, and builds it first for new shapes. The run is taken to hold the
// given bytes of memory. A panic of GoMLX or of a hook while the graph is built is
// returned as an error.
//
// The first run of a shape runs alone. The Go backend chooses during this run how to
// compute each node. A second run that chooses at the same time may take an operand away
// before it finds that it cannot use it (compute 0.1.14, binary operations of integers).
func (c *Compiled) Call(held int, x *tensors.Tensor, args ...any) (results []*tensors.Tensor, err error) {
	first, _ := c.first.LoadOrStore(x.Shape().String(), new(sync.Once))
	alone := false
	first.(*sync.Once).Do(func() {
		alone = true
		results, err = c.call(held, x, args)
	})
	if alone {
		return results, err
	}
	return c.call(held, x, args)
}

func (c *Compiled) call(held int, x *tensors.Tensor, args []any) (results []*tensors.Tensor, err error) {
	if b, err := Backend(); err == nil && b.Name() != platform.XLA { // XLA's tensors lie elsewhere
		defer keepMargin(held)()
	}
	defer caught(&err)
	return c.Exec.Call(append([]any{x}, args...)...)
}
