// SPDX-License-Identifier: Apache-2.0

package reconstruct

import (
	"math"
	"slices"

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

// A block is a part of the network during its reconstruction.
type block struct {
	name    string
	net     *efficientvit.Network
	whole   *efficientvit.Network
	q       *calib.Quantized
	options Options
	pass    pass
	filters []*filters // the filters of each convolution whose weights are rounded, in order
	steps   []string   // the tensors whose steps are learned
	grids   map[string]calib.Quantizer
	params  []parameter // the exact block's parameters
	exec    *Exec       // the graph that the method runs executes
}

// filters are the weights of one convolution.
type filters struct {
	op    *efficientvit.Op
	grids []grid.Uniform
	// steps is the step of each weight, and floor the code below it, in the graph's
	// layout. up is the learned part, from 0 (down) to 1 (up); after the last learning
	// step it is 0 or 1.
	steps, floor, up *weights.Tensor
	bias             []float32 // the bias by [calib.Quantized.Bias]
	soft             bool      // the elements of up may stay between 0 and 1
}

type parameter struct {
	name  string
	value *tensors.Tensor
}

// newBlock prepares a range of the network's operations for a pass, with everything
// learned so far. done are the tensors whose steps the pass has learned already.
func newBlock(q *calib.Quantized, whole *efficientvit.Network, r efficientvit.Range, p pass, learned *calib.Learned, done map[string]bool, o Options) (*block, error) {
	net, err := whole.Cut(r.From, r.To)
	if err != nil {
		return nil, err
	}
	b := &block{name: r.Name, net: net, whole: whole, q: q, options: o, pass: p, grids: q.Quantizers()}
	exact := q.Exact().Weights
	for tensor, g := range learned.Grids {
		b.grids[tensor] = g
	}
	concerned := false
	for i := range net.Ops {
		op := &net.Ops[i]
		for _, point := range op.Points {
			tensor := q.GridName(op, point.Operand)
			shared := tensor == op.Inputs[point.Operand] // a residual grid's step stays a power of two
			_, uniform := b.grids[tensor].(grid.Uniform)
			concerned = concerned || q.Rounds(op.Name, point.Operand) && p.where(point.Class)
			if b.rounds(op, point.Operand) && uniform && p.scale && shared && !done[tensor] && !slices.Contains(b.steps, tensor) && !(o.Quirks.FixedProducts && product(op, point)) {
				b.steps = append(b.steps, tensor)
			}
		}
		for _, p := range op.Params {
			t := forward.Layout(op, p, exact[p.Name])
			b.params = append(b.params, parameter{p.Name, tensors.FromFlatDataAndDimensions(t.Data, t.Shape...)})
		}
		if grids := q.WeightGrids[op.Name]; grids != nil && op.Kind != efficientvit.Input {
			f := newFilters(op, exact[op.Params[0].Name], grids, q.Bias(op))
			f.soft = slices.Contains(o.Quirks.Soft, op.Role)
			switch w := learned.Weights[op.Name]; {
			case w != nil:
				f.start(w)
			case o.Quirks.Unmigrated && whole.Op(op.Inputs[0]).Kind == efficientvit.Scale:
				f.remain(q.Original().Weights[op.Params[0].Name].Data)
			}
			b.filters = append(b.filters, f)
		}
	}
	if !concerned {
		b.steps, b.pass.round = nil, false
	}
	for _, tensor := range b.steps {
		done[tensor] = true
	}
	return b, nil
}

// product reports whether a point rounds KᵀV, the sum of K or a dividend.
func product(op *efficientvit.Op, p efficientvit.Point) bool {
	return p.Class == efficientvit.AttentionOperand && slices.Contains([]efficientvit.Role{efficientvit.Dividend, efficientvit.Divisor, efficientvit.Attention}, op.Role)
}

// rounds reports whether an operand passes through its grid in the block's pass. KᵀV, the
// sum of K, dividends and divisors are sums over tokens, and a crop has fewer tokens than
// a picture. So on crops they are not rounded, and keep the recipe's grids, which are
// those of whole pictures.
func (b *block) rounds(op *efficientvit.Op, operand int) bool {
	return b.q.Rounds(op.Name, operand) && slices.ContainsFunc(op.Points, func(p efficientvit.Point) bool {
		overTokens := p.Class == efficientvit.DivisorOperand || product(op, p)
		return p.Operand == operand && b.pass.rounds(p.Class) && !(b.options.Crop > 0 && overTokens)
	})
}

// learns reports whether the pass learns roundings or steps of the block.
func (b *block) learns() bool { return b.pass.round && len(b.filters) > 0 || len(b.steps) > 0 }

func newFilters(op *efficientvit.Op, w *weights.Tensor, grids []grid.Uniform, bias []float32) *filters {
	f := &filters{op: op, grids: grids, bias: bias}
	steps, floor := weights.New(w.Shape...), weights.New(w.Shape...)
	for i, v := range w.Data {
		g := f.grid(i, len(w.Data))
		// At the upper end there is no code to round up to.
		floor.Data[i] = float32(min(max(math.Floor(float64(v)/float64(g.Scale)), float64(g.Lo-g.Zero)), float64(g.Hi-g.Zero-1)))
		steps.Data[i] = g.Scale
	}
	p := op.Params[0]
	f.steps, f.floor = forward.Layout(op, p, steps), forward.Layout(op, p, floor)
	f.start(w.Data)
	return f
}

// grid returns the grid of the weight at an index among n, in the reference's layout.
func (f *filters) grid(i, n int) grid.Uniform { return f.grids[i*len(f.grids)/n] }

// start initializes the learned part with the distances of the weights, in the reference's
// layout, from the codes below them.
func (f *filters) start(w []float32) {
	p := f.op.Params[0]
	floor := forward.FromLayout(f.op, p, f.floor)
	f.set(w, func(i int, code float64) float64 { return code - float64(floor.Data[i]) })
}

// remain initializes the learned part with the distances of other weights from the codes
// below these.
func (f *filters) remain(w []float32) {
	f.set(w, func(_ int, code float64) float64 { return code - math.Floor(code) })
}

func (f *filters) set(w []float32, part func(i int, code float64) float64) {
	p := f.op.Params[0]
	up := weights.New(p.Shape...)
	for i, v := range w {
		up.Data[i] = float32(min(max(part(i, float64(v)/float64(f.grid(i, len(w)).Scale)), 0), 1))
	}
	f.up = forward.Layout(f.op, p, up)
}

// now returns the learned part for the block's next run: hard, unless the filters are
// soft.
func (f *filters) now() *weights.Tensor {
	if f.soft {
		return f.up
	}
	return hard(f.up)
}

// values returns the weights, in the reference's layout.
func (f *filters) values() []float32 {
	p := f.op.Params[0]
	floor, up := forward.FromLayout(f.op, p, f.floor), forward.FromLayout(f.op, p, f.now())
	w := make([]float32, len(up.Data))
	for i := range w {
		w[i] = f.grid(i, len(w)).Scale * (floor.Data[i] + up.Data[i])
	}
	return w
}

// rescale recomputes the steps of the weights from the grids.
func (f *filters) rescale() {
	steps := weights.New(f.op.Params[0].Shape...)
	for i := range steps.Data {
		steps.Data[i] = f.grid(i, len(steps.Data)).Scale
	}
	f.steps = forward.Layout(f.op, f.op.Params[0], steps)
}

// logit returns the argument at which the rectified sigmoid is h. Values of h at 0 or 1
// are moved slightly inwards, where the sigmoid has a slope.
func logit(h float32) float32 {
	s := (min(max(float64(h), 0.01), 0.99) - below) / stretched
	return float32(math.Log(s / (1 - s)))
}

// rectified returns the rectified sigmoid of v.
func rectified(v *Node) *Node {
	return ClipScalar(AddScalar(MulScalar(Sigmoid(v), stretched), below), 0, 1)
}

// straight rounds x, and passes gradients through unchanged (a straight-through
// estimator).
func straight(x *Node) *Node { return Add(x, StopGradient(Sub(Round(x), x))) }

// exact adds the exact block to the graph.
func (b *block) exact(inputs []*Node, a args) []*Node {
	return forward.Build(b.net, inputs, forward.Hooks{Param: func(_ *efficientvit.Op, p efficientvit.Param) *Node { return a.params[p.Name] }})
}

// rounded adds the block with rounded weights and activations to the graph. up has the
// learned part of each convolution's codes, and scales the step of each tensor whose step
// is learned. keep returns ones for the elements of an activation that stay exact, or nil.
// see is called with each result.
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
			if !b.rounds(op, i) {
				return x
			}
			name := b.q.GridName(op, i)
			if memo[name] == nil {
				memo[name] = b.through(name, op.Inputs[i], x, scales[name], keep)
			}
			return memo[name]
		},
		Result: func(op *efficientvit.Op, y *Node) *Node {
			if see != nil {
				see(op, y)
			}
			return y
		},
	})
}

// through passes a tensor through the named grid. For a tensor that filter-wise shifting
// has moved it adds the offsets again behind the grid, where the convolution's bias does
// not contain them.
func (b *block) through(name, tensor string, x, scale *Node, keep func(x *Node) *Node) *Node {
	y := x
	switch g := b.grids[name].(type) {
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
	if made := b.whole.Op(tensor); made.Kind == efficientvit.Shift && !b.q.ExactBias() {
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
