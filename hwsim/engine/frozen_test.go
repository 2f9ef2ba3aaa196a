// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/calib/frozentest"
	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/engine"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/integertest"
)

// TestFrozen: the simulated engines compute the reference's integers of every frozen
// network, with the schedule that the event-driven model prices.
func TestFrozen(t *testing.T) {
	for _, c := range frozentest.Cases() {
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

// TestFrozenCycles: on the workload of the network from which a model was frozen, the
// engines compute the reference's logits in the cycles that the event-driven model
// counts. The model's own workload has the same operations of the engines.
func TestFrozenCycles(t *testing.T) {
	for _, c := range frozentest.Cases() {
		if c.Name != "built-in model" && c.Name != "Seg-B0 on CamVid" {
			continue
		}
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
			for picture := range pictures { // only the first picture is run
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
				if got.Run.Cycles != run.Cycles || got.Cycles != run.Cycles-run.Drain {
					t.Errorf("the turns end at cycle %d of %d, the event-driven model counts %d with %d for its last stores", got.Cycles, got.Run.Cycles, run.Cycles, run.Drain)
				}
				t.Logf("%d turns, %d cycles", got.Turns, got.Run.Cycles)
				break
			}
			own, err := workload.FromModel(m)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range own.Ops {
				if o.Form != workload.Convolution && o.Form != workload.Depthwise {
					continue
				}
				at := slices.IndexFunc(m.Ops, func(op integer.Op) bool { return op.Name == o.Name })
				if want := m.Ops[at].Operation.(*integer.Conv).WeightBits; o.WeightBits != want {
					t.Errorf("%s has weights of %d bits in the workload, %d in the model", o.Name, o.WeightBits, want)
				}
			}
			if diff := cmp.Diff(ofEngines(w), ofEngines(own)); diff != "" {
				t.Errorf("the operations of the engines, the network's - and the model's +:\n%s", diff)
			}
		})
	}
}

// ofEngines returns the operations of MAT and R-MAC without the fields that only the
// workload of a network has.
func ofEngines(w *workload.Workload) (ops []workload.Operation) {
	for _, o := range w.Ops {
		if o.Unit == workload.Engines {
			if o.Form != workload.Product {
				o.Role = efficientvit.NoRole
			}
			o.Label, o.Block, o.Head, o.WeightBits = "", "", false, 0
			ops = append(ops, o)
		}
	}
	return ops
}
