// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// Learned holds the grids, weights and biases that a reconstruction changes in a quantized
// model. Tensors and convolutions that it does not name keep theirs.
type Learned struct {
	// Grids are grids of tensors, by the names of [Quantized.GridName].
	Grids map[string]grid.Uniform
	// Weights are values in the reference's layout, by the convolutions' names, and
	// Filters the grid of each filter of theirs. A weight is a value of its filter's
	// grid, except where Soft has the convolution: such a model predicts, and Freeze
	// refuses it.
	Weights map[string][]float32
	Filters map[string][]grid.Uniform
	Soft    map[string]bool
	// Biases are those of convolutions before they are rounded to the accumulators'
	// grid, as [Quantized.Bias] returns them.
	Biases map[string][]float32
}

// Exact returns the model behind the recipe's transforms and before its rounding: the
// reference for the errors of the quantized network.
func (q *Quantized) Exact() *triovit.Folded { return q.exact }

// Original returns the model before the recipe's transforms. [Quantized.Exact] computes
// the same function. The returned model must not be changed.
func (q *Quantized) Original() *triovit.Folded { return q.original }

// ExactBias reports whether the biases of shifted convolutions are those of exact weights
// ([Recipe].ExactBias).
func (q *Quantized) ExactBias() bool { return q.exactBias }

// Rounds reports whether an operand of an operation passes through a grid.
func (q *Quantized) Rounds(op string, index int) bool { return q.rounded[operand{op, index}] }

// Bias returns the exact bias of a convolution, nil where it has none. Without
// [Recipe].ExactBias it is the bias for an input from which filter-wise shifting has
// subtracted nothing.
func (q *Quantized) Bias(op *efficientvit.Op) []float32 {
	if !op.HasBias() {
		return nil
	}
	set := q.exact.Weights
	bias := &weights.Tensor{Data: slices.Clone(set[op.Params[1].Name].Data)}
	if c := q.offsets(op); c != nil && !q.exactBias {
		back := slices.Clone(c)
		for i := range back {
			back[i] = -back[i]
		}
		addShifted(bias, set[op.Params[0].Name], back)
	}
	return bias.Data
}

// With returns the quantized model with the learned grids, weights and biases. The lines
// of about describe how they were learned; they follow the recipe in the model's source.
// The error names a tensor or convolution for which the model has no grid, or whose weight
// is not on its grid.
func (q *Quantized) With(l Learned, about string) (*Quantized, error) {
	n := *q
	n.Model = q.Model.Clone()
	n.WeightGrids, n.quantizers, n.graphs = maps.Clone(q.WeightGrids), maps.Clone(q.quantizers), maps.Clone(q.graphs)
	n.Changes = slices.Clone(q.Changes)
	n.source.Recipe += about
	for tensor, g := range l.Grids {
		if _, uniform := q.quantizers[tensor].(grid.Uniform); !uniform {
			return nil, fmt.Errorf("a learned grid of %q, which is on no uniform grid", tensor)
		}
		if err := checkGrid(g); err != nil {
			return nil, fmt.Errorf("the learned grid of %q: %w", tensor, err)
		}
		n.quantizers[tensor] = g
		graph, err := GraphOf(g)
		if err != nil {
			return nil, err
		}
		n.graphs[tensor] = graph
		n.Changes = append(n.Changes, Change{tensor, fmt.Sprintf("learned: %s, the recipe's was %s", g, q.quantizers[tensor])})
	}
	for _, names := range [][]string{slices.Collect(maps.Keys(l.Weights)), slices.Collect(maps.Keys(l.Filters)), slices.Collect(maps.Keys(l.Biases))} {
		for _, name := range names {
			if _, ok := q.WeightGrids[name]; !ok {
				return nil, fmt.Errorf("weights or a bias learned of %q, whose weights are on no grid", name)
			}
		}
	}
	for i := range n.Model.Net.Ops {
		if op := &n.Model.Net.Ops[i]; n.WeightGrids[op.Name] != nil {
			if err := n.relearn(op, l); err != nil {
				return nil, fmt.Errorf("learned weights of %q: %w", op.Name, err)
			}
		}
	}
	var err error
	n.exec, err = forward.NewWithHooks(n.Model, n.id(), forward.Hooks{Operand: n.fake})
	return &n, err
}

// relearn puts learned weights of a convolution on their grids, and its bias on the grid
// of the accumulators, which also changes with the input's grid.
func (q *Quantized) relearn(op *efficientvit.Op, l Learned) error {
	if filters, ok := l.Filters[op.Name]; ok {
		if len(filters) != len(q.WeightGrids[op.Name]) {
			return fmt.Errorf("%d grids of %d filters", len(filters), len(q.WeightGrids[op.Name]))
		}
		q.WeightGrids[op.Name] = filters
	}
	grids, old := q.WeightGrids[op.Name], q.Model.Weights[op.Params[0].Name]
	rounded := old
	if values, ok := l.Weights[op.Name]; ok {
		if len(values) != len(old.Data) {
			return fmt.Errorf("%d values for %d weights", len(values), len(old.Data))
		}
		per := len(values) / len(grids)
		for i, v := range values {
			if g := grids[i/per]; !l.Soft[op.Name] && g.Fake(v) != v {
				return fmt.Errorf("the value %g of filter %d, which is on %s", v, i/per, g)
			}
		}
		rounded = &weights.Tensor{Shape: old.Shape, Data: slices.Clone(values)}
		q.Model.Weights[op.Params[0].Name] = rounded
	}
	bias := l.Biases[op.Name]
	if bias == nil {
		bias = q.Bias(op)
	}
	if bias == nil {
		return nil
	}
	if len(bias) != len(grids) {
		return fmt.Errorf("%d biases for %d filters", len(bias), len(grids))
	}
	q.widen(op, bias)
	rounded = q.Model.Weights[op.Params[0].Name]
	t := &weights.Tensor{Shape: []int{len(bias)}, Data: slices.Clone(bias)}
	if c := q.offsets(op); c != nil && !q.exactBias {
		addShifted(t, rounded, c)
	}
	q.roundBias(op, t)
	return nil
}

// widen enlarges the steps of filters with tiny weights until the bias takes at most
// maxBiasCode steps of the accumulator, as [Quantize] does. A finer grid of the input can
// make this necessary.
func (q *Quantized) widen(op *efficientvit.Op, bias []float32) {
	input, uniform := q.quantizers[op.Inputs[0]].(grid.Uniform)
	if !uniform {
		return
	}
	exact := q.exact.Weights[op.Params[0].Name]
	per := len(exact.Data) / len(bias)
	for o, b := range bias {
		least := math.Abs(float64(b)) / (float64(input.Scale) * maxBiasCode)
		if g := q.WeightGrids[op.Name][o]; float64(g.Scale) < least {
			g.Scale = float32(least)
			q.WeightGrids[op.Name] = slices.Clone(q.WeightGrids[op.Name])
			q.WeightGrids[op.Name][o] = g
			w := q.Model.Weights[op.Params[0].Name]
			w = &weights.Tensor{Shape: w.Shape, Data: slices.Clone(w.Data)}
			for i, v := range exact.Data[o*per:][:per] {
				w.Data[o*per+i] = g.Fake(v)
			}
			q.Model.Weights[op.Params[0].Name] = w
		}
	}
}
