// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/register"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// Steps are the cycles of a small workload by all three models, on one copy of the engines
// that never waits for memory or auxiliary units.
type Steps struct {
	Workload string
	Config   arch.Config
	// ClosedForm and EventDriven are the models' cycles. The registers take len(Cycles).
	ClosedForm, EventDriven int64
	Cycles                  register.Recording
	// Equal reports that the registers computed the integers of the reference executor.
	Equal bool
}

// NewSteps steps the registers through a convolution, a depthwise convolution, or one that
// streams into the pointwise convolution behind it, and runs both other models. The
// operands are small integers, the same in each call. Other workloads are an error.
func NewSteps(w *workload.Workload, c arch.Config) (*Steps, error) {
	c.Copies = 1
	s := &Steps{Workload: w.Name, Config: c}
	made, want, err := s.step(w.Ops)
	if err != nil {
		return nil, fmt.Errorf("trust: %s: %w", w.Name, err)
	}
	s.Equal = slices.Equal(made.Data, want.Data)
	charged, err := closed.Charge(w, c, hwsim.Backbone)
	if err != nil {
		return nil, err
	}
	run, err := event.Simulate(w, c, event.Options{FreeMemory: true, FreeAuxiliary: true})
	if err != nil {
		return nil, err
	}
	s.ClosedForm, s.EventDriven = charged.Undivided, run.Cycles
	return s, nil
}

// codes is the requantization between a depthwise convolution and the pointwise one.
var codes = integer.Requantize{Affine: []integer.Affine{{Mantissa: 1}}, Codes: integer.Interval{Lo: -128, Hi: 127}}

// step records the registers, and returns their integers and the reference executor's.
func (s *Steps) step(ops []workload.Operation) (made, want integer.Value, err error) {
	if n := len(ops); n == 0 || n > 2 || n == 2 && ops[0].Feeds == "" {
		return made, want, fmt.Errorf("%d operations: one convolution, or a depthwise one that streams into the next, is allowed", n)
	}
	var convs []*integer.Conv
	for _, o := range ops {
		if o.Form != workload.Convolution && o.Form != workload.Depthwise {
			return made, want, fmt.Errorf("%s is a %s: convolutions are allowed", o.Name, o.Form)
		}
		convs = append(convs, filters(o))
	}
	first := &ops[0]
	x := integer.Value{Shape: [3]int{first.H * first.Stride, first.W * first.Stride, first.Cin * first.Groups}}
	for i := range x.Shape[0] * x.Shape[1] * x.Shape[2] {
		x.Data = append(x.Data, int32(1+i*5%7)) // values from 1 to 7
	}
	switch {
	case len(ops) == 2:
		made, _, err = register.InterLayer(s.Config, x, convs[0], register.Units{&codes}, convs[1], s.Cycles.Watch)
	case first.Form == workload.Depthwise:
		made, _, err = register.Depthwise(s.Config, x, convs[0], s.Cycles.Watch)
	default:
		made, _, err = register.Convolution(s.Config, x, convs[0], s.Cycles.Watch)
	}
	if err != nil {
		return made, want, err
	}
	want = apply(convs[0], x, first)
	if len(ops) == 2 {
		between := integer.Value{Shape: want.Shape, Data: make([]int32, len(want.Data))}
		integer.Apply(&codes, between, []integer.Value{want})
		want = apply(convs[1], between, &ops[1])
	}
	return made, want, nil
}

// apply runs a convolution on the reference executor.
func apply(c *integer.Conv, x integer.Value, o *workload.Operation) integer.Value {
	y := integer.Value{Shape: [3]int{o.H, o.W, o.Cout}, Data: make([]int32, o.H*o.W*o.Cout)}
	integer.Apply(c, y, []integer.Value{x})
	return y
}

// filters are the weights of a convolution, from -2 to 2.
func filters(o workload.Operation) *integer.Conv {
	c := &integer.Conv{Kernel: o.Kernel, Stride: o.Stride, Groups: o.Groups, WeightBits: 8, Bias: make([]int32, o.Cout)}
	for i := range o.Cout * o.Cin * o.Kernel * o.Kernel {
		c.Weights = append(c.Weights, int8(i*3%5-2))
	}
	return c
}
