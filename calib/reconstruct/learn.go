// SPDX-License-Identifier: Apache-2.0

package reconstruct

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/gotriovit/gotriovit/internal/adam"
	"github.com/gotriovit/gotriovit/internal/finite"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// found holds the learned weights and steps of one block. It is cached, so that its fields
// are exported.
type found struct {
	Weights map[string][]float32 // the learned weights in the reference's layout
	Scales  map[string]float32
	Loss    []float64
	// Before and After are the errors of the outputs with the recipe's roundings and with
	// the learned ones: summed squares, relative to those of the exact outputs.
	Before, After float64
	Rounding      [Bins]int
	Flipped       int
	// Took is the time of the learning.
	Took time.Duration
}

// Bins is the number of bins from 0 to 1 in a histogram of roundings.
const Bins = 20

// samples are a block's input tensors for all pictures: exact, and as computed by the
// quantized blocks before.
type samples struct {
	n            int
	exact, noisy [][]float32 // the values of each input of the block
}

// batchOf copies the elements of some pictures of an input.
func batchOf(all []float32, n int, pick []int, shape []int) *tensors.Tensor {
	size := len(all) / n
	values := make([]float32, 0, len(pick)*size)
	for _, i := range pick {
		values = append(values, all[i*size:][:size]...)
	}
	return tensors.FromFlatDataAndDimensions(values, append([]int{len(pick)}, shape...)...)
}

// schedule holds the numbers that change from iteration to iteration.
type schedule struct{ roundRate, stepRate, beta, regularizer float64 }

// at returns the schedule of one of a pass's iterations. The regularizer begins after a
// fifth of them, and its exponent falls from 20 to 2.
func (o Options) at(iteration, iterations int) schedule {
	done := float64(iteration) / float64(iterations)
	s := schedule{roundRate: o.RoundRate, stepRate: o.StepRate * 0.5 * (1 + math.Cos(math.Pi*done)), beta: 20}
	if warm := 0.2; done >= warm {
		s.regularizer = o.Regularizer
		s.beta = 20 - 18*(done-warm)/(1-warm)
	}
	return s
}

// learn runs all iterations of a block.
func (b *block) learn(ctx context.Context, in samples, seed uint64, tick func(n int)) (*found, error) {
	begun := time.Now()
	backend, err := forward.Backend()
	if err != nil {
		return nil, err
	}
	inputs, constants := len(b.net.Inputs()), b.constants()
	const scalars = 6
	exec, err := NewExec(backend, func(in []*Node) []*Node {
		given, rest := in[:scalars+1], in[scalars+1:]
		return b.iteration(given[:scalars], given[scalars], rest[:inputs], rest[inputs:2*inputs],
			b.args(rest[2*inputs:][:len(constants)]), rest[2*inputs+len(constants):])
	})
	if err != nil {
		return nil, err
	}
	state := b.state()
	result := &found{Scales: map[string]float32{}, Weights: map[string][]float32{}}
	if result.Before, err = b.error(in); err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	order := rng.Perm(in.n)
	size := min(b.options.Batch, in.n)
	var sum float64
	every := max(1, b.pass.iterations/50)
	for iteration := range b.pass.iterations {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if len(order) < size {
			order = append(order, rng.Perm(in.n)...)
		}
		pick := order[:size]
		order = order[size:]
		s := b.options.at(iteration, b.pass.iterations)
		random, err := RNGStateFromSeed(int64(rng.Uint64() >> 1))
		if err != nil {
			return nil, err
		}
		call := []any{float32(s.roundRate), float32(s.stepRate), float32(iteration + 1), float32(s.beta), float32(s.regularizer), float32(max(result.Before, 1e-12)), random}
		call = append(call, b.inputs(in, pick)...)
		fresh := len(call)
		for _, t := range constants {
			call = append(call, t)
		}
		for _, t := range state {
			call = append(call, t)
		}
		out, err := exec.Call(call...)
		if err != nil {
			return nil, err
		}
		for _, t := range append(call[scalars:fresh:fresh], anys(state)...) {
			t.(*tensors.Tensor).FinalizeAll()
		}
		sum += float64(tensors.ToScalar[float32](out[0]))
		state = out[1:]
		if (iteration+1)%every == 0 {
			result.Loss = append(result.Loss, sum/float64(every))
			sum = 0
		}
		tick(1)
	}
	exec.Finalize()
	err = b.harden(state, in, result)
	result.Took = time.Since(begun)
	return result, err
}

func anys(list []*tensors.Tensor) []any {
	all := make([]any, len(list))
	for i, t := range list {
		all[i] = t
	}
	return all
}

// state returns the tensors that Adam updates, before the first iteration: the arguments of the
// rectified sigmoids, the logarithms of the steps' factors, and the moments of both.
func (b *block) state() (list []*tensors.Tensor) {
	zeros := func(t *weights.Tensor) *tensors.Tensor {
		return tensors.FromFlatDataAndDimensions(make([]float32, len(t.Data)), t.Shape...)
	}
	for part := range 3 { // part 0 is the values, 1 the first moments, 2 the second moments
		for _, f := range b.rounding() {
			if part > 0 {
				list = append(list, zeros(f.up))
				continue
			}
			v := make([]float32, len(f.up.Data))
			for i, h := range f.up.Data {
				v[i] = logit(h)
			}
			list = append(list, tensors.FromFlatDataAndDimensions(v, f.up.Shape...))
		}
	}
	for range 3 * len(b.steps) {
		list = append(list, tensors.FromScalar(float32(0)))
	}
	return list
}

// iteration is the graph of one iteration. Its outputs are the error and the new state.
func (b *block) iteration(scalars []*Node, random *Node, exact, noisy []*Node, a args, state []*Node) []*Node {
	roundRate, stepRate, count, beta, regularizer, before := scalars[0], scalars[1], scalars[2], scalars[3], scalars[4], scalars[5]
	n := 3 * len(b.rounding())
	rounding, steps := adam.StateOf(state[:n]), adam.StateOf(state[n:])
	targets := b.exact(exact, a)
	drop := b.options.Keep > 0
	keep := func(x *Node) *Node {
		if !drop {
			return nil
		}
		var u *Node
		random, u = RandomUniform(random, x.Shape())
		return ConvertDType(LessThan(u, Scalar(x.Graph(), x.DType(), b.options.Keep)), x.DType())
	}
	inputs := make([]*Node, len(noisy))
	for i, x := range noisy {
		inputs[i] = x
		if k := keep(x); k != nil {
			inputs[i] = Add(x, Mul(k, Sub(exact[i], x)))
		}
	}
	up := a.up
	var term *Node // the sum Σ 1 − |2h − 1|^β
	weighed := 0
	if b.pass.round {
		up = nil
		for i, v := range rounding.Params {
			h := rectified(v)
			up = append(up, h)
			if b.filters[i].soft {
				continue
			}
			off := Abs(AddScalar(MulScalar(h, 2), -1))
			open := ReduceAllSum(OneMinus(Pow(MaxScalar(off, 1e-6), beta)))
			if term == nil {
				term = open
			} else {
				term = Add(term, open)
			}
			weighed += v.Shape().Size()
		}
	}
	scales := map[string]*Node{}
	for i, tensor := range b.steps {
		scales[tensor] = Mul(a.scales[tensor], Exp(steps.Params[i]))
	}
	outputs := b.rounded(inputs, a, up, scales, keep, nil)
	var loss *Node
	if b.options.Quirks.Summed {
		loss, weighed = summed(outputs, targets, b.pass.power), 1
	} else {
		loss = Div(relative(outputs, targets), before)
	}
	total := loss
	if term != nil {
		total = Add(loss, Mul(MulScalar(term, 1/float64(weighed)), regularizer))
	}
	grads := Gradient(total, append(slices.Clone(rounding.Params), steps.Params...)...)
	of := len(rounding.Params)
	rounding = optimizer.Step(roundRate, count, nil, rounding, grads[:of])
	steps = optimizer.Step(stepRate, count, nil, steps, grads[of:])
	return append([]*Node{loss}, append(rounding.Nodes(), steps.Nodes()...)...)
}

// rounding returns the filters whose roundings the pass learns.
func (b *block) rounding() []*filters {
	if !b.pass.round {
		return nil
	}
	return b.filters
}

// summed returns the mean, over pictures and pixels, of the sum over channels of the
// outputs' errors to a power.
func summed(outputs, targets []*Node, power float64) *Node {
	var sum *Node
	for i, y := range outputs {
		shape := y.Shape()
		e := ReduceAllSum(Pow(AddScalar(Abs(Sub(y, targets[i])), 1e-12), Scalar(y.Graph(), y.DType(), power)))
		e = MulScalar(e, float64(shape.Dim(-1))/float64(shape.Size()))
		if sum == nil {
			sum = e
		} else {
			sum = Add(sum, e)
		}
	}
	return sum
}

// relative returns the sum over outputs of the squared error divided by the squares of the
// target.
func relative(outputs, targets []*Node) *Node {
	var sum *Node
	for i, y := range outputs {
		d := Sub(y, targets[i])
		r := Div(ReduceAllSum(Mul(d, d)), AddScalar(ReduceAllSum(Mul(targets[i], targets[i])), 1e-20))
		if sum == nil {
			sum = r
		} else {
			sum = Add(sum, r)
		}
	}
	return sum
}

// hard rounds the learned parts: 0 below one half, 1 from one half on.
func hard(up *weights.Tensor) *weights.Tensor {
	h := weights.New(up.Shape...)
	for i, v := range up.Data {
		if v >= 0.5 {
			h.Data[i] = 1
		}
	}
	return h
}

// harden reads the state and rounds the learned parts.
func (b *block) harden(state []*tensors.Tensor, in samples, result *found) error {
	for i, f := range b.rounding() {
		v, err := tensors.CopyFlatData[float32](state[i])
		if err != nil {
			return err
		}
		if finite.First(v) >= 0 {
			return fmt.Errorf("the roundings of %s are not finite: smaller rates may help", f.op.Name)
		}
		near := hard(f.up)
		f.up = &weights.Tensor{Shape: f.up.Shape, Data: make([]float32, len(v))}
		for j, x := range v {
			h := min(max(stretched/(1+math.Exp(-float64(x)))+below, 0), 1)
			f.up.Data[j] = float32(h)
			result.Rounding[min(int(h*Bins), Bins-1)]++
			if (h >= 0.5) != (near.Data[j] == 1) {
				result.Flipped++
			}
		}
	}
	for i, tensor := range b.steps {
		theta, err := tensors.CopyFlatData[float32](state[3*len(b.rounding())+i])
		if err != nil {
			return err
		}
		if finite.First(theta) >= 0 {
			return fmt.Errorf("the step of %s is not finite: smaller rates may help", tensor)
		}
		g := b.grids[tensor].(grid.Uniform)
		g.Scale = float32(float64(g.Scale) * math.Exp(float64(theta[0])))
		b.grids[tensor], result.Scales[tensor] = g, g.Scale
	}
	for _, f := range b.filters {
		result.Weights[f.op.Name] = f.values()
	}
	var err error
	result.After, err = b.error(in)
	return err
}

// error returns the error of the outputs over a few whole batches.
func (b *block) error(in samples) (float64, error) {
	size := batchSize(in.n, b.options.Batch)
	batches := min(in.n/size, 8)
	sum := 0.0
	err := b.runs(in, batches*size, func(out *outcome) { sum += out.error })
	return sum / float64(batches), err
}
