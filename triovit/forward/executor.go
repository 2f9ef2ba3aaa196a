// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"fmt"
	"sync"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gotriovit/gotriovit/internal/platform"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// An Executor runs a model's graph. It may be used by
// several goroutines at once.
type Executor struct {
	model    *triovit.Model
	compiled Compiled
	id       string
	hash     string
	// held is how many elements a run holds at once for each picture, about.
	held int
	// weights are what the graph takes behind the pictures.
	weights []any
}

// New returns the executor of a model in floating point.
func New(model *triovit.Model) (*Executor, error) {
	return NewWithHooks(model, "float", Hooks{})
}

// NewWithHooks returns an executor whose graph passes through hooks. Its
// parameters are the model's unless hooks.Param says otherwise. The id names,
// beside the model, what the hooks do: results are cached under it.
func NewWithHooks(model *triovit.Model, id string, hooks Hooks) (*Executor, error) {
	return newExecutor(model, id, hooks, func(x *graph.Node, hooks Hooks) []*graph.Node {
		return []*graph.Node{Build(model.Net, x, hooks)}
	})
}

// NewWithOutputs returns an executor of a graph of one's own: build receives
// the input and hooks with the model's weights, and returns the outputs of Run.
func NewWithOutputs(model *triovit.Model, build func(x *graph.Node, hooks Hooks) []*graph.Node) (*Executor, error) {
	return newExecutor(model, "outputs of one's own", Hooks{}, build)
}

// NewTapped returns an executor whose Run returns the tensors that the
// operations in taps make, in the order of the network.
func NewTapped(model *triovit.Model, taps func(*triovit.Op) bool) (*Executor, error) {
	e, err := NewWithOutputs(model, func(x *graph.Node, hooks Hooks) []*graph.Node {
		var tapped []*graph.Node
		hooks.Result = func(op *triovit.Op, y *graph.Node) *graph.Node {
			if taps(op) {
				tapped = append(tapped, y)
			}
			return y
		}
		Build(model.Net, x, hooks)
		return tapped
	})
	if err != nil {
		return nil, err
	}
	for i := range model.Net.Ops {
		if op := &model.Net.Ops[i]; taps(op) {
			e.held += triovit.Size(op.Shape)
		}
	}
	return e, nil
}

// newExecutor makes an executor of the graph that build adds behind the hooks
// with the model's weights. The weights are constants for the Go backend, which
// packs constant matrices once, and parameters for XLA, which compiles a graph
// with constants ten times as long.
func newExecutor(model *triovit.Model, id string, hooks Hooks, build func(x *graph.Node, hooks Hooks) []*graph.Node) (*Executor, error) {
	e := &Executor{model: model, id: id, hash: model.Hash()}
	for i := range model.Net.Ops {
		e.held = max(e.held, 4*triovit.Size(model.Net.Ops[i].Shape)) // a few of the largest
	}
	b, err := Backend()
	if err != nil {
		return nil, err
	}
	var parameters []*tensors.Tensor
	position := map[string]int{}
	if hooks.Param == nil && b.Name() == platform.XLA {
		for i := range model.Net.Ops {
			op := &model.Net.Ops[i]
			for _, p := range op.Params {
				if t, ok := model.Weights[p.Name]; ok {
					parameters = append(parameters, constant(op, p, t))
					position[p.Name] = len(parameters) // behind the pictures
				}
			}
		}
	}
	if e.weights, err = Arguments(parameters); err != nil {
		return nil, fmt.Errorf("%s: %w", model.Net.Name, err)
	}
	e.compiled.Exec, err = graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
		hooks := hooks
		if hooks.Param == nil {
			hooks.Param = func(op *triovit.Op, p triovit.Param) *graph.Node {
				if at, ok := position[p.Name]; ok {
					return in[at]
				}
				t, ok := model.Weights[p.Name]
				if !ok {
					panic(fmt.Errorf("no weights for %s", p.Name))
				}
				return graph.ConstTensor(in[0].Graph(), constant(op, p, t))
			}
		}
		return build(in[0], hooks)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", model.Net.Name, err)
	}
	return e, nil
}

// constant is a parameter's value in the layout that the graph reads.
func constant(op *triovit.Op, p triovit.Param, t *weights.Tensor) *tensors.Tensor {
	t = Layout(op, p, t)
	return tensors.FromFlatDataAndDimensions(t.Data, t.Shape...)
}

// Network returns the network that runs.
func (e *Executor) Network() *triovit.Network { return e.model.Net }

// ID identifies the model, its form and what runs it for the cache of results.
func (e *Executor) ID() string { return e.hash + " " + Platform() + " " + e.id }

// Platform is that of the package, for reports.
func (e *Executor) Platform() string { return Platform() }

// Source says where the model's weights came from, for reports.
func (e *Executor) Source() string { return e.model.Source }

// Predict runs n pictures [n, H, W, 3] and returns the outputs, [n, ...].
func (e *Executor) Predict(pictures []float32) ([]float32, error) {
	outputs, err := e.Run(pictures)
	if err != nil {
		return nil, err
	}
	return outputs[0], nil
}

// Run runs n pictures [n, H, W, 3] and returns every output of the graph.
// The graph is compiled once for each n.
func (e *Executor) Run(pictures []float32) (outputs [][]float32, err error) {
	in := e.model.Net.Input().Shape
	size := triovit.Size(in)
	if len(pictures) == 0 || len(pictures)%size != 0 {
		return nil, fmt.Errorf("%s: %d values are no whole number of pictures of %d×%d×%d", e.model.Net.Name, len(pictures), in[0], in[1], in[2])
	}
	n := len(pictures) / size
	x := tensors.FromFlatDataAndDimensions(pictures, append([]int{n}, in...)...)
	defer x.MustFinalizeAll()
	results, err := e.compiled.Call(4*n*e.held, x, e.weights...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.model.Net.Name, err)
	}
	outputs = make([][]float32, len(results))
	for i, r := range results {
		if outputs[i], err = tensors.CopyFlatData[float32](r); err != nil {
			return nil, fmt.Errorf("%s: %w", e.model.Net.Name, err)
		}
		r.MustFinalizeAll()
	}
	return outputs, nil
}

// Arguments brings tensors that every run of a graph takes to the backend, and
// returns them for [Compiled.Call]. A tensor that the first runs bring there
// themselves is for a moment invalid to all but one of them: GoMLX 0.28.16 checks it
// without its lock.
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

// Call runs the graph, building it first where the shapes are new, and holds so many
// bytes while it runs. Whatever panics while the graph is built, GoMLX or a hook,
// becomes an error here.
//
// The first run of a shape runs alone: the Go backend chooses how it computes each
// node, and a second run that chooses meanwhile may take an operand away before it
// finds that it cannot compute so (compute 0.1.14, binary operations of integers).
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
	defer func() {
		switch r := recover().(type) {
		case nil:
		case error:
			err = r
		default:
			err = fmt.Errorf("%v", r)
		}
	}()
	return c.Exec.Call(append([]any{x}, args...)...)
}
