// SPDX-License-Identifier: Apache-2.0

package register

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/arch"
)

// Convolution runs a convolution of x [H, W, C] on both engines in step: output
// channels across the lanes of MAT, then of R-MAC, input channels within a lane.
// The stride is 1 or 2; the result is [⌈H/stride⌉, ⌈W/stride⌉, Cout]. A
// convolution has C / w.Cin groups. The error names what does not fit.
func Convolution(c arch.Config, x Map[int8], w Filters, stride int, watch ...Watch) (Map[int32], Trace, error) {
	fail := func(err error) (Map[int32], Trace, error) {
		return Map[int32]{}, Trace{}, fmt.Errorf("register: convolution: %w", err)
	}
	if err := checkConvolution(x, w, stride); err != nil {
		return fail(err)
	}
	m, err := newMachine(c, watch)
	if err != nil {
		return fail(err)
	}
	y := NewMap[int32](strided(x.H, stride), strided(x.W, stride), w.Cout)
	m.together(newLayer(x, w, stride, m.lanes(), into(y)))
	return y, m.trace, nil
}

// Depthwise runs a depthwise convolution of x [H, W, C] on R-MAC: output pixels
// of a row across the lanes, channels within a lane, kernel positions in time.
// The filters are [C, Kernel, Kernel, 1] and the stride is 1 or 2; the result is
// [⌈H/stride⌉, ⌈W/stride⌉, C]. MAT is idle.
func Depthwise(c arch.Config, x Map[int8], w Filters, stride int, watch ...Watch) (Map[int32], Trace, error) {
	fail := func(err error) (Map[int32], Trace, error) {
		return Map[int32]{}, Trace{}, fmt.Errorf("register: depthwise convolution: %w", err)
	}
	if err := checkDepthwise(x, w, stride); err != nil {
		return fail(err)
	}
	m, err := newMachine(c, watch)
	if err != nil {
		return fail(err)
	}
	y := NewMap[int32](strided(x.H, stride), strided(x.W, stride), w.Cout)
	dw := m.depthwise(x, w, stride, into(y))
	for dw.step() {
		m.clock()
	}
	return y, m.trace, nil
}

func checkConvolution(x Map[int8], w Filters, stride int) error {
	if err := x.check("input"); err != nil {
		return err
	}
	if err := w.check(); err != nil {
		return err
	}
	if x.C%w.Cin != 0 || w.Cout%(x.C/w.Cin) != 0 {
		return fmt.Errorf("filters of %d input and %d output channels do not divide an input of %d channels into groups", w.Cin, w.Cout, x.C)
	}
	if stride != 1 && stride != 2 {
		return fmt.Errorf("stride %d must be 1 or 2", stride)
	}
	_, err := elements("output", "[H, W, C]", strided(x.H, stride), strided(x.W, stride), w.Cout)
	return err
}

func checkDepthwise(x Map[int8], w Filters, stride int) error {
	if err := checkConvolution(x, w, stride); err != nil {
		return err
	}
	if w.Cin != 1 || w.Cout != x.C {
		return fmt.Errorf("filters of %d input and %d output channels: a depthwise convolution of %d channels has 1 and %d", w.Cin, w.Cout, x.C, x.C)
	}
	return nil
}
