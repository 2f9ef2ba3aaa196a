// SPDX-License-Identifier: Apache-2.0

package reconstruct

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// An outcome holds a block's outputs for some pictures.
type outcome struct {
	// exact and rounded are the outputs, in the network's order: of the exact block on
	// exact inputs, and of the rounded block on the outputs of the quantized blocks
	// before.
	exact, rounded [][]float32
	// error is the energy of the rounded outputs' error, as a share of the exact outputs'
	// energy.
	error float64
	// sums are sums over each channel of x, y, x² and xy: x is the last convolution's
	// output, and y the output that would make the block exact. There are none where no
	// convolution makes the block's output.
	sums [][]float32
}

// batchSize returns how many of n pictures a block runs at once: as many as in an
// iteration, or somewhat fewer where that number divides n, so that one graph serves all
// batches.
func batchSize(n, batch int) int {
	for size := min(n, batch); size >= (batch+1)/2; size-- {
		if n%size == 0 {
			return size
		}
	}
	return min(n, batch)
}

// runs runs the block on the first n pictures, batch by batch, both exact and with the
// present roundings, and calls see with each outcome. One graph serves all runs of a
// block: roundings and steps are its arguments.
func (b *block) runs(in samples, n int, see func(*outcome)) error {
	if b.exec == nil {
		backend, err := forward.Backend()
		if err != nil {
			return err
		}
		if b.exec, err = NewExec(backend, b.outcome); err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
	}
	constants := b.constants()
	for first, size := 0, batchSize(in.n, b.options.Batch); first < n; first += size {
		pick := make([]int, min(size, n-first))
		for i := range pick {
			pick[i] = first + i
		}
		call := b.inputs(in, pick)
		fresh := len(call)
		for _, t := range constants {
			call = append(call, t)
		}
		out, err := b.exec.Call(call...)
		if err != nil {
			return err
		}
		for _, t := range call[:fresh] {
			t.(*tensors.Tensor).FinalizeAll()
		}
		values, err := forward.Values[float32](out)
		if err != nil {
			return err
		}
		outputs := len(b.net.Outputs())
		see(&outcome{values[:outputs], values[outputs : 2*outputs], float64(values[2*outputs][0]), values[2*outputs+1:]})
	}
	for _, t := range constants[len(b.params):] { // the block's parameters are kept
		t.FinalizeAll()
	}
	return nil
}

// outcome is the graph that runs compiles.
func (b *block) outcome(in []*Node) []*Node {
	inputs := len(b.net.Inputs())
	a := b.args(in[2*inputs:])
	var made *Node // the last convolution's output
	last := b.last()
	outputs := b.rounded(in[inputs:2*inputs], a, a.up, a.scales, nil, func(op *efficientvit.Op, y *Node) {
		if last != nil && op.Name == last.op.Name {
			made = y
		}
	})
	exact := b.exact(in[:inputs], a)
	all := append(append(exact[:len(exact):len(exact)], outputs...), relative(outputs, exact))
	if made == nil {
		return all
	}
	x, y := made, Add(Sub(exact[0], outputs[0]), made)
	axes := make([]int, x.Rank()-1)
	for i := range axes {
		axes[i] = i
	}
	for _, product := range []*Node{x, y, Mul(x, x), Mul(x, y)} {
		all = append(all, ReduceSum(product, axes...))
	}
	return all
}

// inputs returns the inputs of some pictures, exact ones first.
func (b *block) inputs(in samples, pick []int) (call []any) {
	for _, all := range [][][]float32{in.exact, in.noisy} {
		for i, op := range b.net.Inputs() {
			call = append(call, batchOf(all[i], in.n, pick, op.Shape))
		}
	}
	return call
}

// constants returns the tensors for the nodes that [block.args] reads, in the same order.
func (b *block) constants() (list []*tensors.Tensor) {
	for _, p := range b.params {
		list = append(list, p.value)
	}
	for _, f := range b.filters {
		up := f.now()
		for _, data := range [][]float32{f.steps.Data, f.floor.Data, up.Data} {
			list = append(list, tensors.FromFlatDataAndDimensions(data, up.Shape...))
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

// args are the nodes of the arguments of a block's graphs, apart from pictures and state.
type args struct {
	params map[string]*Node // the exact parameters, by name
	steps  map[string]*Node // the step of each weight, by convolution
	floor  map[string]*Node
	bias   map[string]*Node
	up     []*Node          // the learned parts of the codes, by filters
	scales map[string]*Node // the steps of the tensors whose step is learned, as scalars
}

func (b *block) args(in []*Node) args {
	a := args{params: map[string]*Node{}, steps: map[string]*Node{}, floor: map[string]*Node{}, bias: map[string]*Node{}, scales: map[string]*Node{}}
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
		a.up = append(a.up, take())
		if f.bias != nil {
			a.bias[f.op.Name] = take()
		}
	}
	for _, tensor := range b.steps {
		a.scales[tensor] = take()
	}
	return a
}
