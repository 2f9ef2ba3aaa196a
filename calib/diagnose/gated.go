// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
)

// A place is an operand of an operation that a quantized network rounds, or the rounded
// weights and bias of a convolution.
type place struct {
	op *efficientvit.Op
	// operand is the index into the operation's inputs, or ofWeights.
	operand int
	class   string // the class of the point, or "weights"
	// name is the operand's tensor, or for weights the operation. grid names the operand's
	// grid ([calib.Quantized.GridName]).
	name, grid string
}

const (
	ofWeights    = -1
	weightsClass = "weights"
)

// placesOf lists the places of q, in the order of the network.
func placesOf(q *calib.Quantized) []place {
	var all []place
	net := q.Network()
	for i := range net.Ops {
		op := &net.Ops[i]
		for _, p := range op.Points {
			if q.Rounds(op.Name, p.Operand) {
				all = append(all, place{op, p.Operand, p.Class.String(), op.Inputs[p.Operand], q.GridName(op, p.Operand)})
			}
		}
		if q.WeightGrids[op.Name] != nil {
			all = append(all, place{op, ofWeights, weightsClass, op.Name, op.Name})
		}
	}
	return all
}

// A gated network contains every place of q in both forms, exact and rounded, and takes
// with the pictures a mask of the rounded places. One graph, compiled once, is the exact
// network, the quantized one, and every network between them.
type gated struct {
	net    *efficientvit.Network
	places []place
	// logits returns the logits, tensors all tensors in the order of the network.
	logits, tensors forward.Compiled
	params          []any
	// held and made are the numbers of elements that a run of the logits or the tensors
	// graph holds in memory for each picture.
	held, made int
}

func newGated(q *calib.Quantized) (*gated, error) {
	g := &gated{net: q.Network(), places: placesOf(q)}
	b, err := forward.Backend()
	if err != nil {
		return nil, err
	}
	grids := map[string]func(x *Node) *Node{}
	for name, quantizer := range q.Quantizers() {
		if grids[name], err = calib.GraphOf(quantizer); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	gates := map[string]map[int]int{} // the places' numbers, by operation and operand
	for i, p := range g.places {
		if gates[p.op.Name] == nil {
			gates[p.op.Name] = map[int]int{}
		}
		gates[p.op.Name][p.operand] = i
	}
	var params []*tensors.Tensor
	exact, rounded := map[string]int{}, map[string]int{} // the tensors' indices in the parameters, by name
	for i := range g.net.Ops {
		op := &g.net.Ops[i]
		g.held = max(g.held, 6*efficientvit.Size(op.Shape)) // an estimate: a few of the largest tensors are held at once, in both forms
		g.made += efficientvit.Size(op.Shape)
		take := func(model *triovit.Folded, p efficientvit.Param) int {
			t := forward.Layout(op, p, model.Weights[p.Name])
			params = append(params, tensors.FromFlatDataAndDimensions(t.Data, t.Shape...))
			return len(params) - 1
		}
		for _, p := range op.Params {
			exact[p.Name] = take(q.Exact(), p)
			if q.WeightGrids[op.Name] != nil {
				rounded[p.Name] = take(q.Model, p)
			}
		}
	}
	if g.params, err = forward.Arguments(params); err != nil {
		return nil, err
	}
	build := func(in []*Node, result func(op *efficientvit.Op, y *Node) *Node) []*Node {
		gate := func(op string, operand int) *Node {
			at := gates[op][operand]
			return GreaterThan(Reshape(Slice(in[1], AxisElem(at))), ScalarZero(in[1].Graph(), in[1].DType()))
		}
		passed := map[string]*Node{} // a tensor passes through its grid once
		return forward.Build(g.net, in[:1], forward.Hooks{
			Param: func(op *efficientvit.Op, p efficientvit.Param) *Node {
				w := in[2+exact[p.Name]]
				if at, ok := rounded[p.Name]; ok {
					return Where(gate(op.Name, ofWeights), in[2+at], w)
				}
				return w
			},
			Operand: func(op *efficientvit.Op, i int, x *Node) *Node {
				if !q.Rounds(op.Name, i) {
					return x
				}
				name := q.GridName(op, i)
				if passed[name] == nil {
					passed[name] = grids[name](x)
				}
				return Where(gate(op.Name, i), passed[name], x)
			},
			Result: result,
		})
	}
	if g.logits.Exec, err = NewExec(b, func(in []*Node) []*Node { return build(in, nil) }); err != nil {
		return nil, err
	}
	g.tensors.Exec, err = NewExec(b, func(in []*Node) []*Node {
		var all []*Node
		build(in, func(_ *efficientvit.Op, y *Node) *Node {
			all = append(all, y)
			return y
		})
		return all
	})
	return g, err
}

// none returns the mask of the exact network, all that of the quantized one.
func (g *gated) none() []bool { return make([]bool, len(g.places)) }

func (g *gated) all() []bool { return inverse(g.none()) }

func inverse(mask []bool) []bool {
	other := make([]bool, len(mask))
	for i, on := range mask {
		other[i] = !on
	}
	return other
}

// run runs normalized pictures, [n, H, W, 3], with the places of the mask rounded.
func (g *gated) run(c *forward.Compiled, held int, pictures []float32, mask []bool) ([][]float32, error) {
	n := len(pictures) / efficientvit.Size(g.net.Input().Shape)
	open := make([]float32, len(mask))
	for i, on := range mask {
		if on {
			open[i] = 1
		}
	}
	x := tensors.FromFlatDataAndDimensions(pictures, append([]int{n}, g.net.Input().Shape...)...)
	defer x.FinalizeAll()
	gates := tensors.FromFlatDataAndDimensions(open, len(open))
	defer gates.FinalizeAll()
	results, err := c.Call(4*n*held, x, append([]any{gates}, g.params...)...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", g.net.Name, err)
	}
	return forward.Values[float32](results)
}

// every returns all tensors, in the order of the network.
func (g *gated) every(pictures []float32, mask []bool) ([][]float32, error) {
	return g.run(&g.tensors, g.held+g.made, pictures, mask)
}

// predict returns the logits, finite or not.
func (g *gated) predict(pictures []float32, mask []bool) ([]float32, error) {
	outputs, err := g.run(&g.logits, g.held, pictures, mask)
	if err != nil {
		return nil, err
	}
	return outputs[0], nil
}

// A masked network is a [triovit.Predictor].
type masked struct {
	*gated
	id   string
	mask []bool
}

func (m *masked) Network() *efficientvit.Network { return m.net }
func (m *masked) ID() string                     { return m.id }
func (m *masked) Platform() string               { return forward.Platform() }

func (m *masked) Predict(pictures []float32) ([]float32, error) {
	logits, err := m.predict(pictures, m.mask)
	if err != nil {
		return nil, err
	}
	if bad := triovit.NotFinite(m.net.Output(), logits); bad != nil {
		return nil, fmt.Errorf("%s: picture %d: %w", m.net.Name, bad.Picture+1, bad)
	}
	return logits, nil
}
