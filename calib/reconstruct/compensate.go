// SPDX-License-Identifier: Apache-2.0

package reconstruct

import (
	"slices"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// leastFactor and mostFactor bound the factors of a compensation. With a factor beyond
// them the quantized output hardly correlates with the exact one.
const leastFactor, mostFactor = 0.5, 2

// last returns the filters of the convolution that makes the block's output, or the
// operand of the residual addition that does. It is nil without such a convolution or with
// several outputs.
func (b *block) last() *filters {
	outputs := b.net.Outputs()
	if len(outputs) != 1 {
		return nil
	}
	names := []string{outputs[0].Name}
	if outputs[0].Kind == efficientvit.Add {
		names = outputs[0].Inputs
	}
	for _, f := range slices.Backward(b.filters) {
		if slices.Contains(names, f.op.Name) && f.bias != nil && len(b.net.Consumers(f.op.Name)) <= 1 {
			return f
		}
	}
	return nil
}

// compensate fits a factor and an offset in each channel of the block's last convolution,
// by least squares over all pictures, so that the rounded output comes nearest to the
// exact one. The factor enters the steps of the filters, the offset the biases.
func (b *block) compensate(in samples, learned *calib.Learned) error {
	f := b.last()
	if f == nil {
		return nil
	}
	var sums [4][]float64
	for i := range sums {
		sums[i] = make([]float64, len(f.grids))
	}
	err := b.runs(in, in.n, func(out *outcome) {
		for i := range sums {
			for c, v := range out.sums[i] {
				sums[i][c] += float64(v)
			}
		}
	})
	if err != nil {
		return err
	}
	n := float64(in.n * efficientvit.Size(f.op.Shape) / len(f.grids))
	f.grids, f.bias = slices.Clone(f.grids), slices.Clone(f.bias)
	for c := range f.grids {
		x, y, xx, xy := sums[0][c]/n, sums[1][c]/n, sums[2][c]/n, sums[3][c]/n
		factor := 1.0
		if spread := xx - x*x; spread > 1e-12*max(xx, 1e-30) {
			factor = min(max((xy-x*y)/spread, leastFactor), mostFactor)
		}
		f.bias[c] = float32(factor*float64(f.bias[c]) + y - factor*x)
		f.grids[c].Scale = float32(factor * float64(f.grids[c].Scale))
	}
	f.rescale()
	learned.Filters[f.op.Name], learned.Biases[f.op.Name], learned.Weights[f.op.Name] = f.grids, f.bias, f.values()
	return nil
}
