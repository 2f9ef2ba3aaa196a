// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/engine"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/integertest"
)

// setups are configurations with different schedules: one tile a step, tiles of few
// pixels, steps without pipelines, copies that share each dimension, and buffers so small
// that heads are cut.
var setups = []struct {
	name    string
	config  func(c *arch.Config)
	options event.Options
}{
	{"the paper's", func(*arch.Config) {}, event.Options{}},
	{"free memory", func(*arch.Config) {}, event.Options{FreeMemory: true, FreeAuxiliary: true}},
	{"tiles of 2 pixels", func(*arch.Config) {}, event.Options{TilePixels: 2}},
	{"no pipelines, tiles of 3 pixels", func(*arch.Config) {}, event.Options{Pipelines: hwsim.NoPipelines, TilePixels: 3}},
	{"channel-parallel", func(c *arch.Config) { c.Depthwise = arch.ChannelParallel }, event.Options{TilePixels: 5}},
	{"two lanes, copies share channels", func(c *arch.Config) {
		c.MAT.Lanes, c.RMAC.Lanes, c.Copies, c.CopiesShare = 1, 1, 2, arch.Channels
	}, event.Options{TilePixels: 4}},
	{"three copies share pixels", func(c *arch.Config) { c.Copies, c.CopiesShare = 3, arch.Pixels }, event.Options{TilePixels: 4}},
}

// driven returns the model with a convolution of one filter behind its input, so that a
// schedule has at least one operation of the engines.
func driven(m *integer.Model) *integer.Model {
	d := *m
	filter := integer.Op{Name: "driver", Inputs: []string{m.Ops[0].Name}, Operation: &integer.Conv{Kernel: 1, Stride: 1, Groups: 1, WeightBits: 8,
		Weights: make([]int8, m.Input().Shape[2]), Bias: []int32{0}}}
	d.Ops = slices.Concat(m.Ops[:1], []integer.Op{filter}, m.Ops[1:])
	return &d
}

// TestConformance: with every schedule the engines compute the reference's integers.
func TestConformance(t *testing.T) {
	for _, s := range setups {
		t.Run(s.name, func(t *testing.T) {
			integertest.Test(t, func(m *integer.Model) (integertest.Run, error) {
				if err := m.Validate(); err != nil {
					return nil, err
				}
				d := driven(m)
				w, err := workload.FromModel(d)
				if err != nil {
					return nil, err
				}
				c := arch.ZCU102()
				s.config(&c)
				e, err := engine.New(d, w, c, s.options)
				if err != nil {
					return nil, err
				}
				return func(picture []int32, watch ...func(op *integer.Op, y integer.Value)) (integer.Value, error) {
					r, err := e.Run(picture, hidden("driver", watch)...)
					if err != nil {
						return integer.Value{}, err
					}
					return r.Logits, nil
				}, nil
			})
		})
	}
}

// hidden returns watches that do not see the tensor of the given name.
func hidden(name string, watch []func(op *integer.Op, y integer.Value)) []func(op *integer.Op, y integer.Value) {
	var list []func(op *integer.Op, y integer.Value)
	for _, w := range watch {
		list = append(list, func(op *integer.Op, y integer.Value) {
			if op.Name != name {
				w(op, y)
			}
		})
	}
	return list
}

// mbconv is a small model: a stem, a depthwise and a pointwise convolution.
func mbconv() *integer.Model {
	codes := integer.Interval{Lo: -128, Hi: 127}
	requantize := func(in string) integer.Op {
		return integer.Op{Name: in + ".codes", Inputs: []string{in}, Operation: &integer.Requantize{Affine: []integer.Affine{{Mantissa: 1 << 16, Shift: 20}}, Codes: codes}}
	}
	conv := func(name, in string, kernel, groups, each, filters int) integer.Op {
		c := &integer.Conv{Kernel: kernel, Stride: 1, Groups: groups, WeightBits: 8, Bias: make([]int32, filters)}
		for i := range filters * each * kernel * kernel {
			c.Weights = append(c.Weights, int8(i*37%255-127))
		}
		return integer.Op{Name: name, Inputs: []string{in}, Operation: c}
	}
	m := &integer.Model{Name: "mbconv", Limits: integer.Limits{MultiplierBits: 18, AccumulatorBits: 32}}
	m.Ops = []integer.Op{
		{Name: "input", Operation: &integer.Input{Shape: [3]int{9, 7, 3}, Grid: grid.Uniform{Scale: 1, Lo: -128, Hi: 127}}},
		conv("pw1", "input", 1, 1, 3, 8), requantize("pw1"),
		conv("dw", "pw1.codes", 3, 8, 1, 8), requantize("dw"),
		conv("pw2", "dw.codes", 1, 1, 8, 40),
	}
	return m
}

func picture(m *integer.Model) []int32 {
	x := make([]int32, m.Input().Shape[0]*m.Input().Shape[1]*m.Input().Shape[2])
	for i := range x {
		x[i] = int32(i*53%255 - 127)
	}
	return x
}

// TestCycles: the executed turns are those that the event-driven model counted. They
// follow one another, and the last ends when the run ends.
func TestCycles(t *testing.T) {
	m := mbconv()
	w, err := workload.FromModel(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range setups {
		t.Run(s.name, func(t *testing.T) {
			c := arch.ZCU102()
			s.config(&c)
			e, err := engine.New(m, w, c, s.options)
			if err != nil {
				t.Fatal(err)
			}
			got, err := e.Run(picture(m))
			if err != nil {
				t.Fatal(err)
			}
			o := s.options
			o.Scope, o.Events = hwsim.Whole, true
			want, err := event.Simulate(w, c, o)
			if err != nil {
				t.Fatal(err)
			}
			if got.Cycles != want.Cycles-want.Drain {
				t.Errorf("the last turn ends at cycle %d, the run at %d with %d for its stores", got.Cycles, want.Cycles, want.Drain)
			}
			if got.Run.Cycles != want.Cycles || got.Run.Tiling != want.Tiling {
				t.Errorf("%d cycles with tiles of %+v, the event-driven model has %d with %+v", got.Run.Cycles, got.Run.Tiling, want.Cycles, want.Tiling)
			}
			computed := 0
			for _, e := range want.Events {
				if e.Kind == event.ComputeEvent {
					computed++
				}
			}
			if got.Turns != computed {
				t.Errorf("%d turns, the event-driven model has %d tasks", got.Turns, computed)
			}
		})
	}
}

// TestRefusals: the error for a workload of another model names the difference.
func TestRefusals(t *testing.T) {
	workloadOf := func(t *testing.T, m *integer.Model) *workload.Workload {
		t.Helper()
		w, err := workload.FromModel(m)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	m := mbconv()
	other := mbconv()
	other.Ops[0].Operation.(*integer.Input).Shape[0] = 8
	short := mbconv()
	short.Ops = short.Ops[:5]
	for _, c := range []struct {
		name     string
		workload *integer.Model
		options  event.Options
		want     string
	}{
		{"another size", other, event.Options{}, `"pw1": the workload has the sizes {H:8`},
		{"an operation less", short, event.Options{}, `"pw2": the workload has no such operation`},
		{"the backbone", m, event.Options{Scope: hwsim.Backbone}, `the scope "backbone" has no logits`},
		{"a batch", m, event.Options{Batch: 2}, "a batch of 2: one picture is allowed"},
		{"a width of weights", m, event.Options{WeightBits: 4}, "the model has its own"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := engine.New(m, workloadOf(t, c.workload), arch.ZCU102(), c.options); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, it should say %s", err, c.want)
			}
		})
	}
	t.Run("more additions", func(t *testing.T) {
		w := workloadOf(t, m)
		w.Ops = append(w.Ops, workload.Operation{Name: "sum", Unit: workload.Adder, Form: workload.Elementwise, Elements: 7})
		if _, err := engine.New(m, w, arch.ZCU102(), event.Options{}); err == nil || !strings.Contains(err.Error(), `7 elements for the unit "adder", the model 0`) {
			t.Errorf("the error is %v", err)
		}
	})
	t.Run("an operation more", func(t *testing.T) {
		w := workloadOf(t, m)
		if _, err := engine.New(short, w, arch.ZCU102(), event.Options{}); err == nil || !strings.Contains(err.Error(), `has a convolution "pw2", the model has none`) {
			t.Errorf("the error is %v", err)
		}
	})
}
