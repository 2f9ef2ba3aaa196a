// SPDX-License-Identifier: Apache-2.0

package register

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// Convolution runs a convolution of codes x [H, W, C] on both engines in step: output
// channels across the lanes of MAT, then of R-MAC, input channels across the MACs of a
// lane. It returns the accumulators [H', W', Filters]. The error names the operand or size
// that does not fit.
func Convolution(c arch.Config, x integer.Value, conv *integer.Conv, watch ...Watch) (integer.Value, Trace, error) {
	fail := func(err error) (integer.Value, Trace, error) {
		return integer.Value{}, Trace{}, fmt.Errorf("register: convolution: %w", err)
	}
	in, err := operands(named{"input", x})
	if err != nil {
		return fail(err)
	}
	y, err := inferConvolution(in[0], conv)
	if err != nil {
		return fail(err)
	}
	m, err := newMachine(c, watch)
	if err != nil {
		return fail(err)
	}
	out := zeros(y.Shape)
	m.together(newLayer(bordered(x, conv), filtersOf(conv), conv.Stride, y.Shape, m.lanes(), into(out)))
	return out, m.trace, nil
}

// Depthwise runs a depthwise convolution of codes x [H, W, C] on R-MAC: output pixels of a
// row across the lanes, channels across the MACs of a lane, kernel positions in time. It
// returns the accumulators [H', W', C]. MAT is idle.
func Depthwise(c arch.Config, x integer.Value, conv *integer.Conv, watch ...Watch) (integer.Value, Trace, error) {
	fail := func(err error) (integer.Value, Trace, error) {
		return integer.Value{}, Trace{}, fmt.Errorf("register: depthwise convolution: %w", err)
	}
	in, err := operands(named{"input", x})
	if err != nil {
		return fail(err)
	}
	y, err := inferDepthwise(in[0], conv)
	if err != nil {
		return fail(err)
	}
	m, err := newMachine(c, watch)
	if err != nil {
		return fail(err)
	}
	out := zeros(y.Shape)
	dw := m.depthwise(bordered(x, conv), filtersOf(conv), conv.Stride, y.Shape, into(out))
	for dw.step() {
		m.clock()
	}
	return out, m.trace, nil
}

func zeros(shape [3]int) integer.Value {
	return integer.Value{Shape: shape, Data: make([]int32, shape[0]*shape[1]*shape[2])}
}

// bordered returns a map with the border of a convolution.
func bordered(x integer.Value, conv *integer.Conv) plane {
	return plane{x, conv.Border(x.Shape[2])}
}

// inferConvolution returns the description of a convolution's result. The codes of the
// border must fit the multipliers, too.
func inferConvolution(x integer.Tensor, conv *integer.Conv) (integer.Tensor, error) {
	y, err := infer(conv, x)
	if err == nil && conv.Kernel > 1 {
		border := span(conv.Border(x.Shape[2]))
		err = checkFactors(integer.Interval{Lo: min(x.Range.Lo, border.Lo), Hi: max(x.Range.Hi, border.Hi)})
	}
	return y, err
}

func inferDepthwise(x integer.Tensor, conv *integer.Conv) (integer.Tensor, error) {
	y, err := inferConvolution(x, conv)
	if channels := x.Shape[2]; err == nil && (conv.Groups != channels || len(conv.Bias) != channels) {
		err = fmt.Errorf("%d filters in %d groups: a depthwise convolution of %d channels has %d in as many", len(conv.Bias), conv.Groups, channels, channels)
	}
	return y, err
}
