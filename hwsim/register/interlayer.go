// SPDX-License-Identifier: Apache-2.0

package register

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/arch"
)

// InterLayer runs a depthwise convolution of x [H, W, C] on R-MAC and streams
// its requantized outputs into the pointwise convolution behind it (Section V,
// the inter-layer pipeline): MAT takes every pixel whose channels are complete,
// output channels in tiles of as many as both engines have lanes, and R-MAC
// joins when the depthwise convolution ends. The filters are [C, Kernel, Kernel,
// 1] and [Cout, 1, 1, Cin], in C / Cin groups, the stride is the depthwise
// one's; the result is [⌈H/stride⌉, ⌈W/stride⌉, Cout].
func InterLayer(c arch.Config, x Map[int8], dw Filters, stride int, r Requantization, pw Filters, watch ...Watch) (Map[int32], Trace, error) {
	fail := func(err error) (Map[int32], Trace, error) {
		return Map[int32]{}, Trace{}, fmt.Errorf("register: inter-layer pipeline: %w", err)
	}
	if err := checkDepthwise(x, dw, stride); err != nil {
		return fail(err)
	}
	if err := r.check(dw.Cout); err != nil {
		return fail(err)
	}
	between := NewMap[int8](strided(x.H, stride), strided(x.W, stride), dw.Cout)
	if err := checkConvolution(between, pw, 1); err != nil {
		return fail(err)
	}
	if pw.Kernel != 1 {
		return fail(fmt.Errorf("kernel %d behind the depthwise convolution must be 1", pw.Kernel))
	}
	m, err := newMachine(c, watch)
	if err != nil {
		return fail(err)
	}
	y := NewMap[int32](between.H, between.W, pw.Cout)
	consumer := newLayer(between, pw, 1, m.lanes(), into(y))
	complete := make([]bool, between.H*between.W)
	consumer.arrived = func(pixel int) bool { return complete[pixel] }
	m.ahead(m.depthwise(x, dw, stride, func(pixel, channel int, sum int32) {
		between.Data[pixel*between.C+channel] = r.apply(channel, sum)
		complete[pixel] = channel == between.C-1
	}), consumer)
	return y, m.trace, nil
}
