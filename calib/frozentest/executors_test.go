// SPDX-License-Identifier: Apache-2.0

package frozentest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/engine"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward/intgraph"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/fast"
	"github.com/gotriovit/gotriovit/triovit/integer/integertest"
)

// TestGraph: the GoMLX graph of every frozen network makes the reference's integers.
func TestGraph(t *testing.T) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			m, pictures := c.Open(t)
			integertest.Equal(t, func(m *integer.Model) (integertest.Run, error) {
				e, err := intgraph.New(m)
				if err != nil {
					return nil, err
				}
				return e.Run, nil
			}, m, pictures)
		})
	}
}

// TestEngines: the simulated accelerator's engines make the reference's integers of
// every frozen network, by the schedule that the event-driven model prices.
func TestEngines(t *testing.T) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			m, pictures := c.Open(t)
			integertest.Equal(t, engines, m, pictures)
		})
	}
}

// engines is the executor of the paper's accelerator.
func engines(m *integer.Model) (integertest.Run, error) {
	w, err := workload.FromModel(m)
	if err != nil {
		return nil, err
	}
	e, err := engine.New(m, w, arch.ZCU102(), event.Options{})
	if err != nil {
		return nil, err
	}
	return func(picture []int32, watch ...func(op *integer.Op, y integer.Value)) (integer.Value, error) {
		r, err := e.Run(picture, watch...)
		if err != nil {
			return integer.Value{}, err
		}
		return r.Logits, nil
	}, nil
}

// TestCycles: on the workload of the network that a model was frozen from, the engines
// make the reference's logits in the cycles that the event-driven model counts. The
// model's own workload has the same operations of the engines.
func TestCycles(t *testing.T) {
	for _, c := range []integertest.Case{
		prepared("built-in model", "", "", 1, 1),
		prepared("Seg-B0 on CamVid", "weights/efficientvit_seg_b0_cityscapes.pt", "camvid", 1, 1),
	} {
		t.Run(c.Name, func(t *testing.T) {
			m, pictures := c.Open(t)
			input := m.Input().Shape
			net, err := efficientvit.Describe(m.Name, efficientvit.InputSize(input[0], input[1]))
			if err != nil {
				t.Fatal(err)
			}
			w, err := workload.FromNetwork(net)
			if err != nil {
				t.Fatal(err)
			}
			run, err := event.Simulate(w, arch.ZCU102(), event.Options{Scope: hwsim.Whole})
			if err != nil {
				t.Fatal(err)
			}
			e, err := engine.New(m, w, arch.ZCU102(), event.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for picture := range pictures {
				got, err := e.Run(picture)
				if err != nil {
					t.Fatal(err)
				}
				want, err := m.Run(picture)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(got.Logits.Data, want.Data) {
					t.Error("the logits are not the reference's")
				}
				if got.Run.Cycles != run.Cycles {
					t.Errorf("%d cycles, the event-driven model counts %d", got.Run.Cycles, run.Cycles)
				}
				t.Logf("%d turns, %d cycles", got.Turns, got.Run.Cycles)
			}
			own, err := workload.FromModel(m)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(ofEngines(w), ofEngines(own)); diff != "" {
				t.Errorf("the operations of the engines, the network's - and the model's +:\n%s", diff)
			}
		})
	}
}

// ofEngines returns the operations of MAT and R-MAC without what only a network says of
// them.
func ofEngines(w *workload.Workload) (ops []workload.Operation) {
	for _, o := range w.Ops {
		if o.Unit == workload.Engines {
			if o.Form != workload.Product {
				o.Role = efficientvit.NoRole
			}
			o.Label, o.Block, o.Head = "", "", false
			ops = append(ops, o)
		}
	}
	return ops
}

// TestFast: the fast executor makes the reference's integers of every frozen network,
// and on every other set of kernels those of the built-in model.
func TestFast(t *testing.T) {
	executor := func(m *integer.Model) (integertest.Run, error) {
		e, err := fast.New(m)
		if err != nil {
			return nil, err
		}
		return e.Run, nil
	}
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			m, pictures := c.Open(t)
			integertest.Equal(t, executor, m, pictures)
		})
	}
	m, pictures := prepared("", "", "", 1, 3).Open(t)
	for _, kernels := range []string{"avx2", "portable"} {
		t.Run(kernels, func(t *testing.T) {
			t.Setenv("TRIOVIT_KERNEL", kernels)
			if _, err := fast.New(m); err != nil {
				t.Skip(err)
			}
			integertest.Equal(t, executor, m, pictures)
		})
	}
}
