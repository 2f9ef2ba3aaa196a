// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"context"
	"fmt"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// ChannelNoise is the rounding noise of each channel of the input of an MBConv's PW1, DW or
// PW2. All channels are rounded to one symmetric min-max grid.
type ChannelNoise struct {
	// Block is the MBConv, and Role the role of the convolution that reads the input.
	Block string
	Role  efficientvit.Role
	// Bits is the width of the codes. Pictures is the number of pictures that gave Signal
	// and Noise.
	Bits, Pictures int
	// Min and Max are each channel's range in the profile, from which the grid follows.
	Min, Max []float32
	Grid     grid.Uniform
	// Signal is the sum of each channel's squared values, Noise that of its squared
	// rounding errors.
	Signal, Noise []float64
}

// SQNR returns the ratio of a channel's signal to its rounding noise.
func (n *ChannelNoise) SQNR(channel int) Decibels { return ratio(n.Signal[channel], n.Noise[channel]) }

// Steps returns a channel's range in steps of the grid.
func (n *ChannelNoise) Steps(channel int) float64 {
	return (float64(n.Max[channel]) - float64(n.Min[channel])) / float64(n.Grid.Scale)
}

// add adds the energies of the values of a tensor, [..., C].
func (n *ChannelNoise) add(values []float32) {
	for i, v := range values {
		c := i % len(n.Signal)
		n.Signal[c] += float64(v) * float64(v)
		n.Noise[c] += square(n.Grid.Fake(v), v)
	}
}

// channelPictures is the number of pictures that Channels runs.
const channelPictures = 4

// Channels measures the channels of the inputs of each MBConv's PW1, DW and PW2, in the
// order of the network. It runs the folded network in floating point on four of the
// pictures, evenly spread, and rounds those inputs to the given bits. The grids follow from
// the profile's ranges. No rounded value reaches another operation.
func Channels(ctx context.Context, model *triovit.Folded, p *calib.Profile, pictures dataset.Dataset, bits int) ([]ChannelNoise, error) {
	all, err := channels(ctx, model, p, pictures, bits)
	if err != nil {
		return nil, fmt.Errorf("noise of the channels of %s on %s: %w", model.Net.Name, pictures.Name(), err)
	}
	return all, nil
}

func channels(ctx context.Context, model *triovit.Folded, p *calib.Profile, pictures dataset.Dataset, bits int) ([]ChannelNoise, error) {
	if err := dataset.NotEmpty(pictures); err != nil {
		return nil, err
	}
	some, err := dataset.Spread(pictures, channelPictures)
	if err != nil {
		return nil, err
	}
	var all []ChannelNoise
	readers := map[string][]int{} // by the tensor's name: indices into all of the inputs that it is
	for _, block := range model.Net.BlocksWith(efficientvit.DW) {
		pw1, dw, pw2, err := p.MBConv(model.Net, block)
		if err != nil {
			return nil, err
		}
		for _, input := range []struct {
			role  efficientvit.Role
			stats *calib.TensorStats
		}{{efficientvit.PW1, pw1}, {efficientvit.DW, dw}, {efficientvit.PW2, pw2}} {
			if input.stats == nil {
				return nil, fmt.Errorf("block %s has no PW1, DW and PW2", block)
			}
			q, err := calib.MinMax{Bits: bits}.Choose(input.stats, efficientvit.Point{Signed: true})
			if err != nil {
				return nil, err
			}
			readers[input.stats.Name] = append(readers[input.stats.Name], len(all))
			all = append(all, ChannelNoise{Block: block, Role: input.role, Bits: bits, Pictures: some.Len(), Min: input.stats.Min, Max: input.stats.Max,
				Grid: q.(grid.Uniform), Signal: make([]float64, len(input.stats.Min)), Noise: make([]float64, len(input.stats.Min))})
		}
	}
	runner, err := forward.NewTapped(model.Model, func(op *efficientvit.Op) bool { return readers[op.Name] != nil })
	if err != nil {
		return nil, err
	}
	pixels, _, err := triovit.LoadBatch(ctx, model.Net, some, 0, some.Len())
	if err != nil {
		return nil, err
	}
	tensors, err := runner.Run(pixels)
	if err != nil {
		return nil, err
	}
	for i := range model.Net.Ops {
		if reads := readers[model.Net.Ops[i].Name]; reads != nil {
			for _, k := range reads {
				all[k].add(tensors[0])
			}
			tensors = tensors[1:]
		}
	}
	return all, nil
}
