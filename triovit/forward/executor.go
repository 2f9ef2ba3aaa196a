// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"

	backends "github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gotriovit/gotriovit/internal/platform"
	"github.com/gotriovit/gotriovit/triovit"
)

// An Executor runs a model's graph. It may be used by
// several goroutines at once.
type Executor struct {
	model *triovit.Model
	exec  *graph.Exec
	id    string
	hash  string
}

// Backend returns the backend that everything runs on: GoMLX's Go backend.
func Backend() backends.Backend { return gobackend.GetBackend() }

// New returns the executor of a model in floating point.
func New(model *triovit.Model) (*Executor, error) {
	return NewWithHooks(model, "float", Hooks{})
}

// NewWithHooks returns an executor whose graph passes through hooks. Its
// parameters are the model's, as constants, unless hooks.Param says
// otherwise. The id names, beside the model, what the hooks do: results are
// cached under it.
func NewWithHooks(model *triovit.Model, id string, hooks Hooks) (*Executor, error) {
	e := &Executor{model: model, id: id, hash: model.Hash()}
	err := e.compile(func(x *graph.Node) []*graph.Node {
		return []*graph.Node{Build(model.Net, x, withWeights(x.Graph(), model, hooks))}
	})
	return e, err
}

// NewWithOutputs returns an executor of a graph of one's own: build receives
// the input and hooks with the model's weights, and returns the outputs of Run.
func NewWithOutputs(model *triovit.Model, build func(x *graph.Node, hooks Hooks) []*graph.Node) (*Executor, error) {
	e := &Executor{model: model, id: "outputs of one's own", hash: model.Hash()}
	err := e.compile(func(x *graph.Node) []*graph.Node { return build(x, withWeights(x.Graph(), model, Hooks{})) })
	return e, err
}

// NewTapped returns an executor whose Run returns the tensors that the
// operations in taps make, in the order of the network.
func NewTapped(model *triovit.Model, taps func(*triovit.Op) bool) (*Executor, error) {
	return NewWithOutputs(model, func(x *graph.Node, hooks Hooks) []*graph.Node {
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
}

func (e *Executor) compile(build func(x *graph.Node) []*graph.Node) error {
	platform.WarnWithoutSIMD()
	exec, err := graph.NewExec(Backend(), build)
	if err != nil {
		return fmt.Errorf("%s: %w", e.model.Net.Name, err)
	}
	e.exec = exec
	return nil
}

// withWeights makes the model's weights the graph's constants.
func withWeights(g *graph.Graph, model *triovit.Model, hooks Hooks) Hooks {
	if hooks.Param == nil {
		hooks.Param = func(op *triovit.Op, p triovit.Param) *graph.Node {
			t, ok := model.Weights[p.Name]
			if !ok {
				panic(fmt.Errorf("no weights for %s", p.Name))
			}
			t = Layout(op, p, t)
			return graph.ConstTensor(g, tensors.FromFlatDataAndDimensions(t.Data, t.Shape...))
		}
	}
	return hooks
}

// Network returns the network that runs.
func (e *Executor) Network() *triovit.Network { return e.model.Net }

// ID identifies the model, its form and what runs it for the cache of results.
func (e *Executor) ID() string { return e.hash + " " + Platform() + " " + e.id }

// Platform is that of the package, for reports.
func (e *Executor) Platform() string { return Platform() }

// graphVersion changes when the graph of the same network computes something
// else than before, other than in the last digits.
const graphVersion = 1

// Platform names what computes: this package's graph, the backend, its version
// and its vector instructions. Results of two platforms may differ in the last
// digits and are never mixed.
func Platform() string { return named() }

var named = sync.OnceValue(func() string {
	name := fmt.Sprintf("graph %d, %s %s", graphVersion, Backend().Name(), runtime.GOARCH)
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return name
	}
	for _, s := range info.Settings {
		if s.Key == "GOEXPERIMENT" {
			name += " " + s.Value
		}
	}
	for _, m := range info.Deps {
		if m.Path == "github.com/gomlx/gomlx" || m.Path == "github.com/gomlx/compute" {
			name += " " + m.Version
		}
	}
	return name
})

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
	results, err := e.call(tensors.FromFlatDataAndDimensions(pictures, append([]int{n}, in...)...))
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

// call runs the graph, building it first where the batch is new. Whatever
// panics while it is built, GoMLX or a hook, becomes an error here.
func (e *Executor) call(x *tensors.Tensor) (results []*tensors.Tensor, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case error:
			err = r
		default:
			err = fmt.Errorf("%v", r)
		}
	}()
	return e.exec.Call(x)
}
