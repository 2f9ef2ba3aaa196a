// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/x448/float16"

	"github.com/gotriovit/gotriovit/internal/adam"
	"github.com/gotriovit/gotriovit/triovit/dataset/scenes"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

var optimizer = adam.Adam{Beta1: 0.9, Beta2: 0.99, Eps: 1e-8}

const (
	maxNorm     = 2.0   // largest norm of the whole gradient, to which a longer one is cut
	statsKept   = 0.98  // share of the running statistics that a step keeps
	averageKept = 0.999 // share of the averaged network that a late step keeps
)

// trainer holds the graph of one step and the state between steps.
type trainer struct {
	recipe              recipe
	trained, statistics []parameter
	exec                *Exec
	step                int
	seconds             float64 // the time that the steps took
	// state is the trained parameters, their first moments, their second moments,
	// the running statistics, and the averages of the trained parameters and of
	// the running statistics, in the graph's layout.
	state []*tensors.Tensor
}

func newTrainer(net *efficientvit.Network, r recipe, set weights.Set) (*trainer, error) {
	t := &trainer{recipe: r, step: int(set[stepName].Data[0]), seconds: float64(set[secondsName].Data[0])}
	t.trained, t.statistics = parameters(net)
	t.put(set)
	backend, err := forward.Backend()
	if err != nil {
		return nil, err
	}
	t.exec, err = NewExec(backend, func(in []*Node) []*Node { return t.graph(net, in) })
	return t, err
}

// each calls f for every tensor of the state, in the state's order, with the tensor's
// name.
func (t *trainer) each(f func(p parameter, name string)) {
	for _, suffix := range []string{"", firstMoment, secondMoment} {
		for _, p := range t.trained {
			f(p, p.Name+suffix)
		}
	}
	for _, p := range t.statistics {
		f(p, p.Name)
	}
	for _, p := range slices.Concat(t.trained, t.statistics) {
		f(p, p.Name+average)
	}
}

// set returns the state in the layout of the reference implementation.
func (t *trainer) set() (weights.Set, error) {
	set := weights.Set{
		stepName:    {Shape: []int{1}, Data: []float32{float32(t.step)}},
		secondsName: {Shape: []int{1}, Data: []float32{float32(t.seconds)}},
	}
	i := 0
	var failed error
	t.each(func(p parameter, name string) {
		data, err := tensors.CopyFlatData[float32](t.state[i])
		if err != nil {
			failed = fmt.Errorf("%s: %w", name, err)
		} else {
			set[name] = p.fromLayout(&weights.Tensor{Data: data})
		}
		i++
	})
	return set, failed
}

// rate is the learning rate of a step. In each phase it rises linearly, then falls along
// half a cosine.
func (r recipe) rate(step int) float64 {
	p, step := r.phase(step)
	if step < p.WarmUp {
		return p.Rate * float64(step+1) / float64(p.WarmUp)
	}
	done := float64(step-p.WarmUp) / float64(max(p.Steps-p.WarmUp, 1))
	return p.Rate * 0.5 * (1 + math.Cos(math.Pi*done))
}

// shrink is the fraction by which the weight decay of a step reduces the parameters that
// decay in its phase. It is AdamW's learning rate times decay in the first DecaySteps of
// the phase, and 0 afterwards.
func (r recipe) shrink(step int) float64 {
	if p, within := r.phase(step); within < p.DecaySteps {
		return r.rate(step) * p.Decay
	}
	return 0
}

// decays reports whether parameters of a role decay in the phase.
func (p phase) decays(role efficientvit.Role) bool {
	return p.Decaying == nil || slices.Contains(p.Decaying, role)
}

// restart replaces the state by that at the beginning of a phase.
func (t *trainer) restart() error {
	set, err := t.set()
	if err != nil {
		return err
	}
	for _, p := range slices.Concat(t.trained, t.statistics) {
		w := weights.New(p.Shape...)
		for i, v := range set[p.Name+average].Data {
			w.Data[i] = float16.Fromfloat32(v).Float32()
		}
		set[p.Name], set[p.Name+average] = w, w
		if !p.Statistic {
			set[p.Name+firstMoment], set[p.Name+secondMoment] = weights.New(p.Shape...), weights.New(p.Shape...)
		}
	}
	for _, old := range t.state {
		old.MustFinalizeAll()
	}
	t.put(set)
	return nil
}

// put sets the state to a set in the layout of the reference implementation.
func (t *trainer) put(set weights.Set) {
	t.state = nil
	t.each(func(p parameter, name string) {
		w := p.layoutOf(set[name])
		t.state = append(t.state, tensors.FromFlatDataAndDimensions(w.Data, w.Shape...))
	})
}

// learn takes one step and returns its loss.
func (t *trainer) learn(b batch) (float32, error) {
	r := t.recipe
	p, within := r.phase(t.step)
	if within == 0 && t.step > 0 {
		if err := t.restart(); err != nil {
			return 0, err
		}
	}
	share, shrink := float32(r.shrink(t.step)), make([]float32, len(t.trained))
	for i, w := range t.trained {
		if p.decays(w.op.Role) {
			shrink[i] = share
		}
	}
	args := []any{
		float32(r.rate(t.step)), shrink, float32(within + 1),
		tensors.FromFlatDataAndDimensions(b.pictures, r.Batch, r.Height, r.Width, 3),
		tensors.FromFlatDataAndDimensions(b.targets, r.Batch, r.Height/lossStride, r.Width/lossStride, scenes.NumClasses),
	}
	for _, s := range t.state {
		args = append(args, s)
	}
	out, err := t.exec.Call(args...)
	if err != nil {
		return 0, err
	}
	for _, old := range t.state {
		old.MustFinalizeAll()
	}
	loss := tensors.ToScalar[float32](out[0])
	t.state = out[1:]
	t.step++
	return loss, nil
}

// graph builds one step: loss, gradient, AdamW, running statistics and averages. Its
// inputs are the learning rate, the fraction by which each parameter decays, the number of
// the step in its phase, the pictures, the targets and the state. Its outputs are the loss
// and the new state.
func (t *trainer) graph(net *efficientvit.Network, in []*Node) []*Node {
	rate, count, pictures, targets := in[0], in[2], in[3], in[4]
	state, n := in[5:], len(t.trained)
	var shrink []*Node
	for i := range n {
		shrink = append(shrink, Reshape(Slice(in[1], AxisElem(i))))
	}
	params, moments1, moments2 := state[:n], state[n:2*n], state[2*n:3*n]
	stats, averages := state[3*n:3*n+len(t.statistics)], state[3*n+len(t.statistics):]

	byName := map[string]*Node{}
	for i, p := range t.trained {
		byName[p.Name] = params[i]
	}
	for i, p := range t.statistics {
		byName[p.Name] = stats[i]
	}
	logits := forward.Build(net, []*Node{pictures}, forward.Hooks{
		Param: func(_ *efficientvit.Op, p efficientvit.Param) *Node { return byName[p.Name] },
		Compute: func(op *efficientvit.Op, in []*Node) *Node {
			if op.Kind != efficientvit.BatchNorm {
				return nil
			}
			return batchNorm(op, in[0], byName)
		},
	})[0]
	loss := crossEntropy(logits, targets)
	grads := Gradient(loss, params...)

	// If the gradient is longer than maxNorm, one factor scales the whole gradient to it.
	var squares *Node
	for _, g := range grads {
		s := ReduceAllSum(Mul(g, g))
		if squares == nil {
			squares = s
		} else {
			squares = Add(squares, s)
		}
	}
	norm := Sqrt(AddScalar(squares, 1e-12))
	cut := Min(Div(Scalar(loss.Graph(), loss.DType(), maxNorm), norm), ScalarOne(loss.Graph(), loss.DType()))
	for i := range grads {
		grads[i] = Mul(grads[i], cut)
	}
	// Where every parameter decays, gains and offsets of normalization do too, as in
	// torch.optim.AdamW.
	next := optimizer.Step(rate, count, shrink, adam.State{Params: params, Moments1: moments1, Moments2: moments2}, grads)
	var newStats []*Node
	for _, p := range t.statistics {
		newStats = append(newStats, byName[p.Name])
	}
	// An average of early steps would remember the initial weights. So the first steps keep
	// less of it: (1 + n) / (10 + n) after n steps.
	kept := Min(Scalar(loss.Graph(), loss.DType(), averageKept), Div(AddScalar(count, 1), AddScalar(count, 10)))
	var newAverages []*Node
	for i, now := range slices.Concat(next.Params, newStats) {
		newAverages = append(newAverages, Add(now, Mul(kept, Sub(averages[i], now))))
	}
	return append([]*Node{loss}, slices.Concat(next.Nodes(), newStats, newAverages)...)
}

// batchNorm normalizes by the statistics of the batch. It replaces the running statistics
// in params by their update.
func batchNorm(op *efficientvit.Op, x *Node, params map[string]*Node) *Node {
	gain, offset := params[op.Params[0].Name], params[op.Params[1].Name]
	mean := ReduceMean(x, 0, 1, 2)
	centred := Sub(x, Reshape(mean, 1, 1, 1, -1))
	variance := ReduceMean(Mul(centred, centred), 0, 1, 2)
	for i, now := range []*Node{mean, variance} {
		name := op.Params[2+i].Name
		params[name] = StopGradient(Add(MulScalar(params[name], statsKept), MulScalar(now, 1-statsKept)))
	}
	scale := Div(gain, Sqrt(AddScalar(variance, op.Eps)))
	return Add(Mul(centred, Reshape(scale, 1, 1, 1, -1)), Reshape(offset, 1, 1, 1, -1))
}

// crossEntropy compares logits [N, H, W, classes], stretched to the targets' size, with
// the share of each class there. Pixels without a class do not count.
func crossEntropy(logits, targets *Node) *Node {
	g := logits.Graph()
	factor := targets.Shape().Dimensions[1] / logits.Shape().Dimensions[1]
	across := Const(g, stretch(logits.Shape().Dimensions[2], factor))
	down := Const(g, stretch(logits.Shape().Dimensions[1], factor))
	logits = Einsum("nhwc,wv->nhvc", logits, across)
	logits = Einsum("nhwc,hv->nvwc", logits, down)
	return Neg(Div(ReduceAllSum(Mul(targets, LogSoftmax(logits, -1))), ReduceAllSum(targets)))
}

// stretch returns the matrix [n][n·factor] of linear interpolation, with align_corners
// false and repeated borders.
func stretch(n, factor int) [][]float32 {
	m := make([][]float32, n)
	for i := range m {
		m[i] = make([]float32, n*factor)
	}
	for out := range n * factor {
		at := (float64(out)+0.5)/float64(factor) - 0.5
		i := int(math.Floor(at))
		t := float32(at - float64(i))
		m[max(i, 0)][out] += 1 - t
		m[min(i+1, n-1)][out] += t
	}
	return m
}
