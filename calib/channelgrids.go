// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"slices"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// ChannelGrids gives every channel of a depthwise convolution's input its own symmetric
// min-max grid, the rival of channel-wise migration in the paper's Table VI. A grid of
// step S·r_i in channel i equals one grid of step S behind a division by r_i. The
// channel's filter, which has its own step, is multiplied by r_i:
//
//	r_i = max |A_i| / max |A|
//
// So ChannelGrids is migration without a bound on the factors. It freezes as migration
// does, and costs the integers one factor per channel in the requantization. It needs
// depthwise convolutions: in a filter that reads several channels the products would have
// different steps, and an accumulator cannot add them. A channel of zeros keeps r_i = 1.
type ChannelGrids struct{ Where Selection }

// String names the transform.
func (t ChannelGrids) String() string { return "channel-wise grids of " + t.Where.String() }

// Apply inserts a Scale by 1/r_i before every picked convolution and multiplies its
// filters. A convolution that is not depthwise is an error.
func (t ChannelGrids) Apply(m *triovit.Folded, p *Profile, only func(*efficientvit.Op) bool) (*triovit.Folded, *Profile, []Change, error) {
	return rescale(m, p, "channel-wise grids", t.Where, only, func(op *efficientvit.Op, in *TensorStats, _ *weights.Tensor) ([]float64, error) {
		return channelGrids(in.magnitudes()), depthwise(op)
	})
}

// channelGrids returns r_i for channels with the given largest magnitudes.
func channelGrids(magnitudes []float64) []float64 {
	r, top := make([]float64, len(magnitudes)), slices.Max(magnitudes)
	for i, a := range magnitudes {
		r[i] = 1
		if a > 0 {
			r[i] = a / top
		}
	}
	return r
}
