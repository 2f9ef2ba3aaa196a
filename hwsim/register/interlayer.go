// SPDX-License-Identifier: Apache-2.0

package register

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// InterLayer runs a depthwise convolution of codes x [H, W, C] on R-MAC and streams its
// outputs through the units into the pointwise convolution behind it (Section V, the
// inter-layer pipeline). MAT takes every pixel whose channels are complete, with output
// channels in tiles of as many as both engines have lanes. R-MAC joins when the depthwise
// convolution ends. It returns the pointwise convolution's accumulators [H', W', Filters].
func InterLayer(c arch.Config, x integer.Value, dw *integer.Conv, units Units, pw *integer.Conv, watch ...Watch) (integer.Value, Trace, error) {
	fail := func(err error) (integer.Value, Trace, error) {
		return integer.Value{}, Trace{}, fmt.Errorf("register: inter-layer pipeline: %w", err)
	}
	in, err := operands(named{"input", x})
	if err != nil {
		return fail(err)
	}
	t, err := inferDepthwise(in[0], dw)
	if err != nil {
		return fail(err)
	}
	if t, err = units.factors(t); err != nil {
		return fail(fmt.Errorf("behind the depthwise convolution: %w", err))
	}
	y, err := inferConvolution(t, pw)
	if err != nil {
		return fail(fmt.Errorf("pointwise convolution: %w", err))
	}
	if pw.Kernel != 1 || pw.Stride != 1 {
		return fail(fmt.Errorf("kernel %d and stride %d behind the depthwise convolution: both must be 1", pw.Kernel, pw.Stride))
	}
	m, err := newMachine(c, watch)
	if err != nil {
		return fail(err)
	}
	between, out := zeros(t.Shape), zeros(y.Shape)
	consumer := newLayer(plane{Value: between}, filtersOf(pw), 1, y.Shape, m.lanes(), into(out))
	complete := make([]bool, t.Shape[0]*t.Shape[1])
	consumer.arrived = func(pixel int) bool { return complete[pixel] }
	channels := t.Shape[2]
	m.ahead(m.depthwise(bordered(x, dw), filtersOf(dw), dw.Stride, t.Shape, func(pixel, channel int, sum int32) {
		between.Data[pixel*channels+channel] = units.of(channel, sum)
		complete[pixel] = channel == channels-1
	}), consumer)
	return out, m.trace, nil
}
