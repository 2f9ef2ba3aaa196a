// SPDX-License-Identifier: Apache-2.0

package reconstruct

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/adam"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// The rectified sigmoid of AdaRound reaches 0 and 1 at finite arguments.
const stretched, below = 1.2, -0.1

var optimizer = adam.Adam{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}

// A block is a part of the network while it is reconstructed.
type block struct {
	name    string
	net     *efficientvit.Network
	whole   *efficientvit.Network
	q       *calib.Quantized
	options Options
	filters []*filters // of the convolutions whose weights are rounded, in order
	steps   []string   // the tensors whose steps are learned
	grids   map[string]calib.Quantizer
	params  []parameter // what the exact block computes with
}

// filters are the weights of one convolution.
type filters struct {
	op    *efficientvit.Op
	grids []grid.Uniform
	// steps is the step of each weight, and floor the code below it, in the graph's
	// layout; up is its learned part between 0 and 1, hard in the end.
	steps, floor, up *weights.Tensor
	bias             []float32 // as if nothing was subtracted from the input
}

type parameter struct {
	name  string
	value *tensors.Tensor
}

// newBlock prepares a range of the network's operations. Steps of tensors in done are
// learned already, by a block before.
func newBlock(q *calib.Quantized, whole *efficientvit.Network, r efficientvit.Range, learned *calib.Learned, o Options) (*block, error) {
	net, err := whole.Cut(r.From, r.To)
	if err != nil {
		return nil, err
	}
	b := &block{name: r.Name, net: net, whole: whole, q: q, options: o, grids: q.Quantizers()}
	exact := q.Exact().Weights
	for tensor, g := range learned.Grids {
		b.grids[tensor] = g
	}
	seen := map[string]bool{}
	for i := range net.Ops {
		op := &net.Ops[i]
		for j, tensor := range op.Inputs {
			_, uniform := b.grids[tensor].(grid.Uniform)
			_, before := learned.Grids[tensor]
			if q.Rounds(op.Name, j) && uniform && !before && !seen[tensor] && !o.KeepSteps {
				b.steps = append(b.steps, tensor)
				seen[tensor] = true
			}
		}
		for _, p := range op.Params {
			t := forward.Layout(op, p, exact[p.Name])
			b.params = append(b.params, parameter{p.Name, tensors.FromFlatDataAndDimensions(t.Data, t.Shape...)})
		}
		if grids := q.WeightGrids[op.Name]; grids != nil && op.Kind != efficientvit.Input {
			b.filters = append(b.filters, newFilters(op, exact[op.Params[0].Name], grids, q.Bias(op)))
		}
	}
	return b, nil
}

func newFilters(op *efficientvit.Op, w *weights.Tensor, grids []grid.Uniform, bias []float32) *filters {
	f := &filters{op: op, grids: grids, bias: bias}
	steps, floor, up := weights.New(w.Shape...), weights.New(w.Shape...), weights.New(w.Shape...)
	per := len(w.Data) / len(grids)
	for i, v := range w.Data {
		g := grids[i/per]
		code := float64(v) / float64(g.Scale)
		// At the upper end there is no code to round up to.
		at := min(max(math.Floor(code), float64(g.Lo-g.Zero)), float64(g.Hi-g.Zero-1))
		steps.Data[i], floor.Data[i], up.Data[i] = g.Scale, float32(at), float32(min(max(code-at, 0), 1))
	}
	p := op.Params[0]
	f.steps, f.floor, f.up = forward.Layout(op, p, steps), forward.Layout(op, p, floor), forward.Layout(op, p, up)
	return f
}

// rescale takes the steps of the grids anew.
func (f *filters) rescale() {
	steps := weights.New(f.op.Params[0].Shape...)
	per := len(steps.Data) / len(f.grids)
	for i := range steps.Data {
		steps.Data[i] = f.grids[i/per].Scale
	}
	f.steps = forward.Layout(f.op, f.op.Params[0], steps)
}

// codes returns the hard codes, in the reference's layout.
func (f *filters) codes() []int8 {
	p := f.op.Params[0]
	floor, up := forward.FromLayout(f.op, p, f.floor), forward.FromLayout(f.op, p, f.up)
	codes := make([]int8, len(floor.Data))
	per := len(codes) / len(f.grids)
	for i := range codes {
		code := floor.Data[i]
		if up.Data[i] >= 0.5 {
			code++
		}
		codes[i] = int8(int(code) + f.grids[i/per].Zero)
	}
	return codes
}

// logit is the argument at which the rectified sigmoid is h. The ends are held a little
// off, where it has a slope.
func logit(h float32) float32 {
	s := (min(max(float64(h), 0.01), 0.99) - below) / stretched
	return float32(math.Log(s / (1 - s)))
}

// rectified returns the rectified sigmoid of v.
func rectified(v *Node) *Node {
	return ClipScalar(AddScalar(MulScalar(Sigmoid(v), stretched), below), 0, 1)
}

// straight rounds, and passes gradients as if it did not.
func straight(x *Node) *Node { return Add(x, StopGradient(Sub(Round(x), x))) }

// args are the nodes of what a block's graphs take beside pictures and state.
type args struct {
	params map[string]*Node // exact
	steps  map[string]*Node // of each weight, by convolution
	floor  map[string]*Node
	bias   map[string]*Node
	scales map[string]*Node // scalars: the steps of the learned tensors before they move
}

// constants returns what [block.args] reads, in the same order.
func (b *block) constants() (list []*tensors.Tensor) {
	for _, p := range b.params {
		list = append(list, p.value)
	}
	for _, f := range b.filters {
		for _, t := range []*weights.Tensor{f.steps, f.floor} {
			list = append(list, tensors.FromFlatDataAndDimensions(t.Data, t.Shape...))
		}
		if f.bias != nil {
			list = append(list, tensors.FromFlatDataAndDimensions(f.bias, len(f.bias)))
		}
	}
	for _, tensor := range b.steps {
		list = append(list, tensors.FromScalar(b.grids[tensor].(grid.Uniform).Scale))
	}
	return list
}

func (b *block) args(in []*Node) args {
	a := args{map[string]*Node{}, map[string]*Node{}, map[string]*Node{}, map[string]*Node{}, map[string]*Node{}}
	take := func() *Node {
		x := in[0]
		in = in[1:]
		return x
	}
	for _, p := range b.params {
		a.params[p.name] = take()
	}
	for _, f := range b.filters {
		a.steps[f.op.Name], a.floor[f.op.Name] = take(), take()
		if f.bias != nil {
			a.bias[f.op.Name] = take()
		}
	}
	for _, tensor := range b.steps {
		a.scales[tensor] = take()
	}
	return a
}

// exact adds the exact block.
func (b *block) exact(inputs []*Node, a args) []*Node {
	return forward.Build(b.net, inputs, forward.Hooks{Param: func(_ *efficientvit.Op, p efficientvit.Param) *Node { return a.params[p.Name] }})
}

// rounded adds the block with rounded weights and activations. Up has the learned part
// of each convolution's codes, scales the step of each tensor that learns one; keep
// returns the elements of an activation that stay exact as ones, or nil. Each result is
// shown to see.
func (b *block) rounded(inputs []*Node, a args, up []*Node, scales map[string]*Node, keep func(x *Node) *Node, see func(op *efficientvit.Op, y *Node)) []*Node {
	ups := map[string]*Node{}
	for i, f := range b.filters {
		ups[f.op.Name] = up[i]
	}
	memo := map[string]*Node{} // a tensor passes through its grid once
	return forward.Build(b.net, inputs, forward.Hooks{
		Param: func(op *efficientvit.Op, p efficientvit.Param) *Node {
			h, rounded := ups[op.Name]
			switch {
			case !rounded:
				return a.params[p.Name]
			case p.Name == op.Params[0].Name:
				return Mul(a.steps[op.Name], Add(a.floor[op.Name], h))
			}
			return a.bias[op.Name]
		},
		Operand: func(op *efficientvit.Op, i int, x *Node) *Node {
			if !b.q.Rounds(op.Name, i) {
				return x
			}
			tensor := op.Inputs[i]
			if memo[tensor] == nil {
				memo[tensor] = b.pass(tensor, x, scales[tensor], keep)
			}
			return memo[tensor]
		},
		Result: func(op *efficientvit.Op, y *Node) *Node {
			if see != nil {
				see(op, y)
			}
			return y
		},
	})
}

// pass brings a tensor through its grid. To what filter-wise shifting has moved, its
// offsets are added again behind the grid: the convolution's bias knows of none.
func (b *block) pass(tensor string, x, scale *Node, keep func(x *Node) *Node) *Node {
	y := x
	switch g := b.grids[tensor].(type) {
	case grid.Uniform:
		if scale == nil {
			scale = Scalar(x.Graph(), x.DType(), float64(g.Scale))
		}
		y = Mul(straight(ClipScalar(Div(x, scale), float64(g.Lo-g.Zero), float64(g.Hi-g.Zero))), scale)
		if keep != nil {
			if k := keep(x); k != nil {
				y = Add(y, Mul(k, Sub(x, y)))
			}
		}
	default:
		fake, err := calib.GraphOf(g)
		if err != nil {
			panic(err)
		}
		y = Add(x, StopGradient(Sub(fake(x), x)))
	}
	if made := b.whole.Op(tensor); made.Kind == efficientvit.Shift {
		c := b.q.Exact().Weights[made.Params[0].Name].Data
		shape := make([]int, x.Rank())
		for i := range shape {
			shape[i] = 1
		}
		shape[len(shape)-1] = len(c)
		y = Add(y, Reshape(Const(x.Graph(), c), shape...))
	}
	return y
}
