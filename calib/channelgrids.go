// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"slices"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// ChannelGrids gives every channel of a depthwise convolution's input a symmetric
// min-max grid of its own, the rival of channel-wise migration in the paper's Table
// VI. A grid of step S·r_i in channel i is one grid of step S behind a division by
// r_i, and the channel's filter, which has a step of its own, takes r_i in:
//
//	r_i = max |A_i| / max |A|
//
// So it is migration without a bound, freezes as such, and costs the integers a
// factor per channel of the requantization. It needs depthwise convolutions: the
// products of a filter that reads several channels would have different steps, and
// no accumulator adds these. A channel of zeros keeps r_i = 1.
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

// channelGrids returns r_i for channels of these largest magnitudes.
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
