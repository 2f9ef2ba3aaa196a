// SPDX-License-Identifier: Apache-2.0

package event

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// tooSmall reports whether an error says that a buffer cannot hold a tile.
func tooSmall(err error) bool {
	var capacity *hwsim.CapacityError
	return errors.As(err, &capacity)
}

// TestDemandsLeadToRoom: the demand of a refusal is larger than its bound. A user who
// raises the bound to the demand a few times has buffers that are large enough.
func TestDemandsLeadToRoom(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, c, o := drawCase(rt)
		kib := rapid.IntRange(1, 32)
		buffers := map[string]*arch.Buffer{"buffers.input.kib": &c.Buffers.Input, "buffers.weight.kib": &c.Buffers.Weight,
			"buffers.output.kib": &c.Buffers.Output, "buffers.divisor.kib": &c.Buffers.Divisor}
		c.Buffers.Input.KiB, c.Buffers.Weight.KiB, c.Buffers.Output.KiB = kib.Draw(rt, "input"), kib.Draw(rt, "weights"), kib.Draw(rt, "output")
		for range 40 {
			_, err := Simulate(w, c, o)
			var capacity *hwsim.CapacityError
			if !errors.As(err, &capacity) {
				if err != nil {
					rt.Fatal(err)
				}
				return
			}
			b := buffers[capacity.Buffer]
			if b == nil || capacity.KiB != b.KiB || capacity.Demand <= b.Bytes() || capacity.Levers[0] != capacity.Buffer ||
				!slices.ContainsFunc(w.Ops, func(op workload.Operation) bool { return op.Name == capacity.Op }) {
				rt.Fatalf("%+v", capacity)
			}
			for _, lever := range capacity.Levers {
				if !slices.Contains(arch.Fields(), lever) {
					rt.Errorf("lever %q is no field of a configuration", lever)
				}
			}
			b.KiB = int(count.Up(capacity.Demand, 1024))
		}
		rt.Errorf("still too small: %+v", c.Buffers)
	})
}

// TestCapacityErrors: the fields of each kind of refusal, computed by hand.
func TestCapacityErrors(t *testing.T) {
	for _, test := range []struct {
		name   string
		ops    []workload.Operation
		change func(*arch.Config, *Options)
		want   hwsim.CapacityError
	}{
		// 16 output channels of 1024 weights each.
		{"weights", []workload.Operation{conv(8, 8, 1024, 16, 1)}, func(c *arch.Config, o *Options) { c.Buffers.Weight.KiB = 8 },
			hwsim.CapacityError{Op: "conv", Buffer: "buffers.weight.kib", KiB: 8, Demand: 16 << 10,
				Levers: []string{"buffers.weight.kib", "mat.lanes", "rmac.lanes"}, Why: "a task has weights of more than that"}},
		{"outputs", []workload.Operation{conv(4, 64, 8, 4096, 1)}, func(c *arch.Config, o *Options) { c.Buffers.Input.KiB, c.Buffers.Output.KiB = 1, 1 },
			hwsim.CapacityError{Op: "conv", Buffer: "buffers.output.kib", KiB: 1, Demand: 4096,
				Levers: []string{"buffers.output.kib"}, Why: "a tile of 1×1 pixels needs 4096 bytes"}},
		// 16 pictures at the same time. A pixel has 4096 channels in each of them.
		{"outputs of a batch", []workload.Operation{conv(4, 64, 8, 4096, 1)}, func(c *arch.Config, o *Options) {
			c.Buffers.Input.KiB, c.Buffers.Output.KiB, c.CopiesShare, o.Batch = 1, 1, arch.Batch, 16
		}, hwsim.CapacityError{Op: "conv", Buffer: "buffers.output.kib", KiB: 1, Demand: 16 * 4096,
			Levers: []string{"buffers.output.kib", "copies_share"}, Why: "a tile of 1×1 pixels needs 65536 bytes"}},
		{"divisors", attention(1, 64, 8), func(c *arch.Config, o *Options) {
			c.Copies, c.Buffers.Divisor.KiB, c.CopiesShare, c.Division, o.Batch = 1024, 1, arch.Batch, arch.DividerDivision, 1024
		}, hwsim.CapacityError{Op: "ktv", Buffer: "buffers.divisor.kib", KiB: 1, Demand: 4096,
			Levers: []string{"buffers.divisor.kib", "copies_share", "division"}, Why: "1024 pictures have divisors of 4 bytes each"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, o := arch.ZCU102(), Options{}
			test.change(&c, &o)
			_, err := Simulate(&workload.Workload{Name: "w", Ops: test.ops}, c, o)
			var got *hwsim.CapacityError
			if !errors.As(err, &got) || !slices.Equal(got.Levers, test.want.Levers) {
				t.Fatalf("%v (%+v), want %+v", err, got, test.want)
			}
			if got.Op != test.want.Op || got.Buffer != test.want.Buffer || got.KiB != test.want.KiB || got.Demand != test.want.Demand || got.Why != test.want.Why {
				t.Errorf("got  %+v\nwant %+v", *got, test.want)
			}
		})
	}
}
