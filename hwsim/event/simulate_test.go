// SPDX-License-Identifier: Apache-2.0

package event

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// ideal has neither memory nor auxiliary units, like the closed form.
func ideal(p hwsim.Pipelines) Options {
	return Options{Scope: hwsim.Backbone, Pipelines: p, FreeMemory: true, FreeAuxiliary: true}
}

func simulate(t rapid.TB, w *workload.Workload, c arch.Config, o Options) *Run {
	t.Helper()
	r, err := Simulate(w, c, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func closedForm(t rapid.TB, w *workload.Workload, c arch.Config) *closed.Result {
	t.Helper()
	r, err := closed.Charge(w, c, hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// drawWorkload draws a few operations with different names, and elementwise operations
// behind them.
func drawWorkload(t *rapid.T) *workload.Workload {
	w := &workload.Workload{Name: "drawn"}
	for i := range rapid.IntRange(1, 4).Draw(t, "operations") {
		var ops []workload.Operation
		if rapid.IntRange(0, 3).Draw(t, "attention") == 0 {
			ops = attention(rapid.IntRange(1, 5).Draw(t, "heads"), rapid.IntRange(1, 4000).Draw(t, "tokens"), rapid.IntRange(1, 70).Draw(t, "dim"))
		} else {
			ops = drawOps(t)
		}
		for j := range ops {
			o := &ops[j]
			for _, name := range []*string{&o.Name, &o.Feeds, &o.Behind} {
				if *name != "" {
					*name = fmt.Sprint(*name, " ", i)
				}
			}
			w.Ops = append(w.Ops, *o)
		}
		if rapid.Bool().Draw(t, "elementwise") {
			unit := rapid.SampledFrom(workload.Units()[1:]).Draw(t, "unit")
			w.Ops = append(w.Ops, workload.Operation{Name: fmt.Sprint("element ", i), Label: "element", Unit: unit,
				Form: workload.Elementwise, Elements: rapid.Int64Range(1, 1<<20).Draw(t, "elements")})
		}
	}
	return w
}

// drawMachine draws engines, memory, units and the dimension that copies share.
func drawMachine(t *rapid.T) arch.Config {
	c := drawEngines(t)
	c.RMAC.MACs = rapid.IntRange(1, 60).Draw(t, "any R-MAC MACs")
	c.CopiesShare = rapid.SampledFrom(arch.Shares()).Draw(t, "share")
	kib, port := rapid.IntRange(4, 2048), rapid.IntRange(1, 4096)
	for _, b := range []*arch.Buffer{&c.Buffers.Input, &c.Buffers.Weight, &c.Buffers.Output, &c.Buffers.Divisor} {
		*b = arch.Buffer{KiB: kib.Draw(t, "KiB"), PortBytes: port.Draw(t, "port")}
	}
	c.Buffers.Divisor.KiB = rapid.IntRange(1, 16).Draw(t, "divisor KiB")
	c.OffChip = arch.OffChip{MBPerS: rapid.Float64Range(1, 1e5).Draw(t, "MB/s"), LatencyCycles: rapid.IntRange(0, 1000).Draw(t, "latency")}
	rate := rapid.IntRange(1, 200)
	c.Auxiliary = arch.Auxiliary{SumK: rate.Draw(t, "SumK"), Log2: rate.Draw(t, "log2"), Shifter: rate.Draw(t, "shifter"),
		Dividers: rate.Draw(t, "dividers"), DividerInterval: rapid.IntRange(1, 32).Draw(t, "interval"), DividerLatency: rapid.IntRange(0, 32).Draw(t, "divider latency"),
		Requantize: rate.Draw(t, "requantize"), Activation: rate.Draw(t, "activation"), Add: rate.Draw(t, "add"),
		Resize: rate.Draw(t, "resize"), Pool: rate.Draw(t, "pool"), MultiplierBits: 18, AccumulatorBits: 27}
	c.PipelineDepth = rapid.IntRange(0, 16).Draw(t, "pipeline depth")
	c.Depthwise = rapid.SampledFrom([]arch.Depthwise{arch.Reconfigured, arch.ChannelParallel, arch.Windowed}).Draw(t, "depthwise convolutions")
	c.Division = rapid.SampledFrom([]arch.Division{arch.Log2Division, arch.DividerDivision}).Draw(t, "division")
	c.MultiplierBits = rapid.IntRange(1, 8).Draw(t, "multiplier bits")
	return c
}

func drawOptions(t *rapid.T) Options {
	return Options{
		Scope:      rapid.SampledFrom([]hwsim.Scope{hwsim.Backbone, hwsim.Whole}).Draw(t, "scope"),
		Pipelines:  rapid.SampledFrom([]hwsim.Pipelines{hwsim.NoPipelines, hwsim.InterLayerPipeline, hwsim.IntraLayerPipeline, hwsim.BothPipelines}).Draw(t, "pipelines"),
		Batch:      rapid.IntRange(0, 40).Draw(t, "batch"),
		WeightBits: rapid.IntRange(0, 8).Draw(t, "weight bits"),
		TilePixels: rapid.SampledFrom([]int{0, 0, 0, 1, 100, 5000}).Draw(t, "tile"),
	}
}

// drawCase draws a case for two kinds of tests: a network, a few operations, or heads
// that are mostly larger than the buffers.
func drawCase(t *rapid.T) (*workload.Workload, arch.Config, Options) {
	c, o := drawMachine(t), drawOptions(t)
	switch rapid.SampledFrom([]string{"network", "few operations", "heads"}).Draw(t, "kind") {
	case "few operations":
		return drawWorkload(t), c, o
	case "heads":
		kib := rapid.IntRange(4, 128)
		c.Buffers.Input.KiB, c.Buffers.Output.KiB = kib.Draw(t, "input KiB"), kib.Draw(t, "output KiB")
		return withTensors(rapid.IntRange(1, 5).Draw(t, "heads"), rapid.IntRange(1, 4000).Draw(t, "tokens"), rapid.IntRange(1, 64).Draw(t, "dim")), c, o
	}
	name := rapid.SampledFrom([]string{"b0-r224", "b1-r224", "seg-b0-cityscapes"}).Draw(t, "network")
	side := rapid.IntRange(1, 6)
	w := hwtest.Network(t, name, efficientvit.InputSize(32*side.Draw(t, "height"), 32*side.Draw(t, "width")))
	return w, c, o
}

// TestOneCopyIsTheClosedForm: one copy without memory and units takes the closed form's
// cycles, for each dimension that copies can share.
func TestOneCopyIsTheClosedForm(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c, w := drawEngines(rt), &workload.Workload{Name: "drawn", Ops: drawOps(rt)}
		c.Copies, c.CopiesShare = 1, rapid.SampledFrom(arch.Shares()).Draw(rt, "share")
		r, want := simulate(rt, w, c, ideal(hwsim.InterLayerPipeline)), closedForm(rt, w, c)
		if len(r.Steps) != 1 || r.Steps[0].Name != want.Ops[0].Name || r.Cycles != want.Undivided || r.Steps[0].Compute != want.Ops[0].Cycles {
			rt.Errorf("%d cycles, steps %+v, the closed form %+v", r.Cycles, r.Steps, want.Ops)
		}
	})
}

// Without a depthwise mode, a pair is two convolutions one after the other.
func TestChannelParallelIsTheClosedForm(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c, w := drawEngines(rt), &workload.Workload{Name: "drawn", Ops: drawOps(rt)}
		c.Copies, c.Depthwise = 1, arch.ChannelParallel
		r, want := simulate(rt, w, c, ideal(hwsim.BothPipelines)), closedForm(rt, w, c)
		if len(r.Steps) != len(w.Ops) || r.Cycles != want.Undivided || r.Cycles != want.Ops[0].Cycles {
			rt.Errorf("%d cycles in %d steps, the closed form %+v", r.Cycles, len(r.Steps), want.Ops)
		}
		if r.MACs != w.MACs() || r.MAT.MACs+r.RMAC.MACs != r.MACs || w.Ops[0].Form == workload.Depthwise && want.Ops[0].Rule != closed.BothEngines {
			rt.Errorf("%d MACs, on MAT %d, on R-MAC %d; rule %s", r.MACs, r.MAT.MACs, r.RMAC.MACs, want.Ops[0].Rule)
		}
	})
}

// TestMultiplierBits: multipliers of fewer bits take several turns. A product of two
// 8-bit codes takes as many turns as a product with a weight. So a whole network takes
// its cycles times the number of turns.
func TestMultiplierBits(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c, w, o := drawEngines(rt), &workload.Workload{Name: "drawn", Ops: drawOps(rt)}, ideal(hwsim.NoPipelines)
		eight := simulate(rt, w, c, o)
		c.MultiplierBits = rapid.IntRange(1, 8).Draw(rt, "multiplier bits")
		o.WeightBits = rapid.IntRange(1, 8).Draw(rt, "weight bits")
		turns := int64((o.WeightBits + c.MultiplierBits - 1) / c.MultiplierBits)
		if w.Ops[0].Form == workload.Product {
			turns = int64((8 + c.MultiplierBits - 1) / c.MultiplierBits)
		}
		r := simulate(rt, w, c, o)
		if r.Cycles != turns*eight.Cycles || r.MACs != eight.MACs {
			rt.Errorf("%d cycles and %d MACs, want %d times %d and %d", r.Cycles, r.MACs, turns, eight.Cycles, eight.MACs)
		}
	})
}

// TestNetworksAgainstTheClosedForm: for whole networks the two models differ where the
// closed form is known to be too short. It charges a third of the aggregation's pointwise
// convolution, and no divisors.
func TestNetworksAgainstTheClosedForm(t *testing.T) {
	for _, name := range efficientvit.VariantNames() {
		t.Run(name, func(t *testing.T) {
			w := network(t, name)
			c := arch.ZCU102()
			c.Copies = 1
			r := simulate(t, w, c, ideal(hwsim.InterLayerPipeline))
			full := *w // without the role the model does not know that a third counts
			full.Ops = slices.Clone(w.Ops)
			for i := range full.Ops {
				if o := &full.Ops[i]; o.Role == efficientvit.AggPW {
					o.Role = efficientvit.NoRole
				}
			}
			want := make(map[string]int64)
			for _, o := range closedForm(t, &full, c).Ops {
				want[o.Name] = o.Cycles
			}
			divisors := 0
			for i := range r.Steps {
				s := &r.Steps[i]
				cycles, ok := want[s.Name]
				if !ok && s.Label == efficientvit.Divisor.String() {
					divisors++
					continue
				}
				if !ok || s.Cycles != cycles {
					t.Errorf("%s: %d cycles, the closed form %d", s.Name, s.Cycles, cycles)
				}
			}
			if len(r.Steps) != len(want)+divisors || divisors == 0 {
				t.Errorf("%d steps, %d divisors, the closed form has %d", len(r.Steps), divisors, len(want))
			}
		})
	}
}

// TestCopiesDifferByTheImbalance: several copies take the closed form's cycles and the
// imbalance. In a stream each copy has a set-up of its own; there the imbalance is that
// of the accounts.
func TestCopiesDifferByTheImbalance(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c, w := drawEngines(rt), &workload.Workload{Name: "drawn", Ops: drawOps(rt)}
		c.CopiesShare = rapid.SampledFrom([]arch.Share{arch.Pixels, arch.Channels}).Draw(rt, "share")
		r, want := simulate(rt, w, c, ideal(hwsim.InterLayerPipeline)), closedForm(rt, w, c)
		s := &r.Steps[0]
		if int64(c.Copies)*s.Cycles-s.Imbalance(r.Config.Copies) != want.Undivided {
			rt.Errorf("%d copies: %d cycles and an imbalance of %d, the closed form %d", c.Copies, s.Cycles, s.Imbalance(r.Config.Copies), want.Undivided)
		}
		waits := s.RMAC.Stalls[Imbalance]
		switch form := w.Ops[0].Form; {
		case len(w.Ops) > 1 || form == workload.Product && c.MAT != c.RMAC:
		case waits != s.Imbalance(r.Config.Copies):
			rt.Errorf("R-MAC waits %d cycles for other copies, the imbalance is %d", waits, s.Imbalance(r.Config.Copies))
		}
		if waits < 0 || s.MAT.Stalls[Imbalance] < 0 {
			rt.Errorf("negative waits: %d, %d", waits, s.MAT.Stalls[Imbalance])
		}
	})
}

// TestImbalanceByHand: the imbalance of maps that do not divide by sixteen copies.
func TestImbalanceByHand(t *testing.T) {
	tests := []struct {
		name    string
		ops     []workload.Operation
		share   arch.Share
		cycles  int64 // cycles of sixteen copies
		copying int64 // imbalance in cycles of all copies
	}{
		// 196 pixels: the busiest copy has 13. 2 groups of channels take 16 steps each.
		{"14×14", []workload.Operation{conv(14, 14, 128, 32, 1)}, arch.Pixels, 13 * 32, (13*16 - 196) * 32},
		{"7×7", []workload.Operation{conv(7, 7, 128, 32, 1)}, arch.Pixels, 4 * 32, (4*16 - 49) * 32},
		// Only two copies have channels.
		{"two groups", []workload.Operation{conv(7, 7, 128, 32, 1)}, arch.Channels, 49 * 16, 14 * 49 * 16},
		// 28 sets of 8 pixels: the busiest copy has 2. There are 2 sets of channels.
		{"depthwise", []workload.Operation{depthwise(14, 14, 16, 3)}, arch.Pixels, 2 * 2 * 9, (32 - 28) * 18},
		{"channels of a depthwise", []workload.Operation{depthwise(14, 14, 16, 3)}, arch.Channels, 28 * 9, 14 * 28 * 9},
		// 4 heads of 16 rows per engine: a copy has 4 rows, of 2·2 steps each.
		{"product", []workload.Operation{product(8, 16, 16, 16)}, arch.Pixels, 4 * 4, 0},
		{"product of 49 rows", []workload.Operation{product(8, 49, 16, 16)}, arch.Pixels, 13 * 4, (13*16 - 196) * 4},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := arch.ZCU102()
			c.CopiesShare = test.share
			r := simulate(t, &workload.Workload{Name: test.name, Ops: test.ops}, c, ideal(hwsim.BothPipelines))
			if got := r.Steps[0].Imbalance(c.Copies); r.Cycles != test.cycles || got != test.copying || r.RMAC.Stalls[Imbalance] != test.copying {
				t.Errorf("%d cycles, an imbalance of %d, of which R-MAC waits %d, want %d and %d", r.Cycles, got, r.RMAC.Stalls[Imbalance], test.cycles, test.copying)
			}
		})
	}
}

// TestInvariants: every cycle of every copy is in one account, and every
// multiply-accumulate is on one engine.
func TestInvariants(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, c, o := drawCase(rt)
		r, err := Simulate(w, c, o)
		if tooSmall(err) {
			rt.Skip(err)
		}
		if err != nil {
			rt.Fatal(err)
		}
		copies, batch := int64(c.Copies), int64(max(1, o.Batch))
		for name, a := range map[string]*Account{"MAT": &r.MAT, "R-MAC": &r.RMAC} {
			if a.Total() != copies*r.Cycles {
				rt.Errorf("%s: %d cycles accounted for, %d copies ran %d", name, a.Total(), copies, r.Cycles)
			}
			for s, n := range a.Stalls {
				if n < 0 {
					rt.Errorf("%s: %d cycles of stall %q", name, n, Stall(s))
				}
			}
			if a.Busy < 0 || a.Idle < 0 {
				rt.Errorf("%s: busy %d, idle %d", name, a.Busy, a.Idle)
			}
			e := c.MAT
			if name != "MAT" {
				e = c.RMAC
			}
			if a.Lanes > a.Busy*int64(e.Lanes) || a.MACs > a.Lanes*int64(e.MACs) {
				rt.Errorf("%s: busy %d cycles, its lanes %d, %d MACs", name, a.Busy, a.Lanes, a.MACs)
			}
		}
		if r.MAT.MACs > r.MAT.Busy*int64(c.MAT.Multipliers()) || r.RMAC.MACs > r.RMAC.Busy*int64(c.RMAC.Multipliers()) {
			rt.Errorf("more multiply-accumulates than multipliers: %d in %d cycles, %d in %d", r.MAT.MACs, r.MAT.Busy, r.RMAC.MACs, r.RMAC.Busy)
		}
		cycles := r.Drain
		var macs int64
		for i := range r.Steps {
			s := &r.Steps[i]
			cycles += s.Cycles
			macs += s.MACs
			if s.MAT.Total() != copies*s.Cycles || s.RMAC.Total() != copies*s.Cycles || s.Compute > s.Cycles {
				rt.Errorf("%s: %d cycles, %d of them compute; %d and %d accounted for", s.Name, s.Cycles, s.Compute, s.MAT.Total(), s.RMAC.Total())
			}
		}
		if cycles != r.Cycles || macs != r.MACs {
			rt.Errorf("steps of %d cycles and %d MACs, the run has %d and %d", cycles, macs, r.Cycles, r.MACs)
		}
		var want, sums int64
		elements := make(map[workload.Unit]int64)
		for i := range w.Ops {
			op := &w.Ops[i]
			if op.Head && o.Scope == hwsim.Backbone {
				continue
			}
			want += batch * op.MACs()
			if op.Unit == workload.SumAdder {
				sums += batch * op.MACs()
			}
			unit := op.Unit
			if c.Division == arch.DividerDivision {
				if unit == workload.Log2 {
					continue // no unit rounds divisors
				}
				if unit == workload.Shifter {
					unit = workload.Divider
				}
			}
			if unit != workload.Engines && unit != workload.Host {
				elements[unit] += batch * op.Elements
			}
		}
		if r.MACs != want || r.MAT.MACs+r.RMAC.MACs+sums != want {
			rt.Errorf("%d MACs, on MAT %d, on R-MAC %d, sums %d, the workload has %d", r.MACs, r.MAT.MACs, r.RMAC.MACs, sums, want)
		}
		if diff := gocmp.Diff(elements, r.Elements); diff != "" {
			rt.Errorf("elements of the units (-want +got)\n%s", diff)
		}
	})
}

// TestMoreIsNotSlower: more bandwidth, wider ports, larger buffers, faster units and a
// smaller latency never cost a cycle.
func TestMoreIsNotSlower(t *testing.T) {
	more := map[string]func(c *arch.Config, by int){
		"off-chip bandwidth": func(c *arch.Config, by int) { c.OffChip.MBPerS *= 1 + float64(by)/100 },
		"latency":            func(c *arch.Config, by int) { c.OffChip.LatencyCycles /= 1 + by },
		"input buffer":       func(c *arch.Config, by int) { c.Buffers.Input.KiB += by },
		"weight buffer":      func(c *arch.Config, by int) { c.Buffers.Weight.KiB += by },
		"output buffer":      func(c *arch.Config, by int) { c.Buffers.Output.KiB += by },
		"input port":         func(c *arch.Config, by int) { c.Buffers.Input.PortBytes += by },
		"weight port":        func(c *arch.Config, by int) { c.Buffers.Weight.PortBytes += by },
		"output port":        func(c *arch.Config, by int) { c.Buffers.Output.PortBytes += by },
		"divisor buffer":     func(c *arch.Config, by int) { c.Buffers.Divisor.KiB += by },
		"divisor port":       func(c *arch.Config, by int) { c.Buffers.Divisor.PortBytes += by },
		"sum over K":         func(c *arch.Config, by int) { c.Auxiliary.SumK += by },
		"log2":               func(c *arch.Config, by int) { c.Auxiliary.Log2 += by },
		"shifter":            func(c *arch.Config, by int) { c.Auxiliary.Shifter += by },
		"requantization":     func(c *arch.Config, by int) { c.Auxiliary.Requantize += by },
		"activation":         func(c *arch.Config, by int) { c.Auxiliary.Activation += by },
		"adder":              func(c *arch.Config, by int) { c.Auxiliary.Add += by },
		"resizer":            func(c *arch.Config, by int) { c.Auxiliary.Resize += by },
		"pooling adder":      func(c *arch.Config, by int) { c.Auxiliary.Pool += by },
		"dividers":           func(c *arch.Config, by int) { c.Auxiliary.Dividers += by },
		"divider interval":   func(c *arch.Config, by int) { c.Auxiliary.DividerInterval = max(1, c.Auxiliary.DividerInterval-by) },
		"divider latency":    func(c *arch.Config, by int) { c.Auxiliary.DividerLatency /= 1 + by },
	}
	rapid.Check(t, func(rt *rapid.T) {
		w, c, o := drawCase(rt)
		before, err := Simulate(w, c, o)
		if tooSmall(err) {
			rt.Skip(err)
		}
		if err != nil {
			rt.Fatal(err)
		}
		// Eight of the fields. They are sorted first, so that a failure can be repeated.
		for _, what := range rapid.Permutation(slices.Sorted(maps.Keys(more))).Draw(rt, "what")[:8] {
			larger := c
			more[what](&larger, rapid.IntRange(1, 300).Draw(rt, what))
			if after := simulate(rt, w, larger, o); after.Cycles > before.Cycles {
				rt.Errorf("more %s: %d cycles, before %d", what, after.Cycles, before.Cycles)
			}
		}
		for what, change := range map[string]func(*Options){
			"memory":          func(o *Options) { o.FreeMemory = true },
			"auxiliary units": func(o *Options) { o.FreeAuxiliary = true },
		} {
			free := o
			change(&free)
			if free.FreeMemory && (o.Pipelines.InterLayer() || before.Tiling.CutHeads || c.Copies > 1) {
				continue // each step is one tile, of which a pipeline or several copies may take a few cycles more than of many
			}
			if after := simulate(rt, w, c, free); after.Cycles > before.Cycles {
				rt.Errorf("free %s: %d cycles, before %d", what, after.Cycles, before.Cycles)
			}
		}
	})
}

// TestEventsConserveBytes replays the events. The off-chip memory does one transfer at a
// time, and each engine one operation. The bytes that enter a buffer leave it, and it never
// holds more than its size. The run counts the same bytes.
func TestEventsConserveBytes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, c, o := drawCase(rt)
		o.Events, o.Batch = true, 1
		r, err := Simulate(w, c, o)
		if tooSmall(err) {
			rt.Skip(err)
		}
		if err != nil {
			rt.Fatal(err)
		}
		type change struct {
			at, bytes int64
		}
		changes := make(map[BufferName][]change)
		var got Traffic
		var mat, rmac, channel, busy int64 // the cycles until which each is taken
		for _, e := range r.Events {
			if e.End < e.Start || e.Bytes < 0 || e.End > r.Cycles {
				rt.Fatalf("%+v in a run of %d cycles", e, r.Cycles)
			}
			switch e.Kind {
			case ComputeEvent:
				if e.MAT != "" && e.Start < mat || e.RMAC != "" && e.Start < rmac {
					rt.Errorf("%+v begins before MAT is free at %d or R-MAC at %d", e, mat, rmac)
				}
				if e.MAT != "" {
					mat = e.End
				}
				if e.RMAC != "" {
					rmac = e.End
				}
				continue
			case freeEvent:
				changes[e.Buffer] = append(changes[e.Buffer], change{e.Start, -e.Bytes})
				continue
			case LoadEvent:
				if e.Buffer == WeightBuffer {
					got.WeightLoads += e.Bytes
				} else {
					got.InputLoads += e.Bytes
				}
				changes[e.Buffer] = append(changes[e.Buffer], change{e.Start, e.Bytes})
			case StoreEvent:
				got.Stores += e.Bytes
			}
			if e.Bytes == 0 {
				rt.Errorf("%+v is a transfer of nothing, which has nothing to wait for", e)
			}
			if e.Start < channel {
				rt.Errorf("%+v begins before %d, when the off-chip memory is free", e, channel)
			}
			channel = e.End
			busy += e.End - e.Start
			if took := float64(e.End - e.Start); took < float64(e.Bytes)*c.ClockMHz/c.OffChip.MBPerS {
				rt.Errorf("%+v is faster than %g MB/s at %g MHz", e, c.OffChip.MBPerS, c.ClockMHz)
			}
		}
		want := Traffic{WeightLoads: r.Traffic.WeightLoads, InputLoads: r.Traffic.InputLoads, Stores: r.Traffic.Stores}
		if end := max(mat, rmac); r.RoundCycles-r.Drain != end {
			rt.Errorf("tasks end at %d, the engines at %d", end, r.RoundCycles-r.Drain)
		}
		if got != want || busy != r.OffChipBusy {
			rt.Errorf("events of %+v, the run counts %+v; busy %d and %d", got, want, busy, r.OffChipBusy)
		}
		for b, list := range changes {
			if b == noBuffer {
				continue
			}
			// Bytes that are freed at a cycle make room in the same cycle.
			slices.SortStableFunc(list, func(a, b change) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.bytes, b.bytes)) })
			var level int64
			for _, ch := range list {
				level += ch.bytes
				if level < 0 || b == WeightBuffer && level > c.Buffers.Weight.Bytes() {
					rt.Fatalf("%s holds %d bytes at cycle %d", b, level, ch.at)
				}
			}
			if level != 0 {
				rt.Errorf("%s ends with %d bytes", b, level)
			}
		}
	})
}

// TestRefusedOnlyBelowAPixel: a map is refused only if the buffers cannot hold the
// channels of one pixel with the inputs around it that its kernel needs.
func TestRefusedOnlyBelowAPixel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		side, channels := rapid.IntRange(1, 24), rapid.IntRange(1, 2000)
		height, width, kernel := side.Draw(rt, "height"), side.Draw(rt, "width"), rapid.SampledFrom([]int{1, 3, 5}).Draw(rt, "kernel")
		in, out := channels.Draw(rt, "channels in"), channels.Draw(rt, "channels out")
		stride := rapid.IntRange(1, 2).Draw(rt, "stride")
		var ops []workload.Operation
		switch rapid.SampledFrom([]string{"conv", "depthwise", "pair"}).Draw(rt, "form") {
		case "conv":
			ops = []workload.Operation{conv(height, width, in, out, kernel)}
		case "depthwise":
			out = in
			ops = []workload.Operation{depthwise(height, width, in, kernel)}
		default:
			ops = pair(height, width, in, out, kernel)
		}
		ops[0].Stride = stride
		first, last := ops[0].Name, ops[len(ops)-1].Name
		inputs := int64(height) * int64(width) * int64(in) * int64(stride*stride)
		w := &workload.Workload{Name: "w", Ops: ops, Tensors: []workload.Tensor{
			{Elements: inputs, Readers: []workload.Reading{{Op: first, Elements: inputs}}}, {Maker: last, Elements: int64(height) * int64(width) * int64(out)}}}
		if len(ops) > 1 {
			between := ops[0].Outputs()
			w.Tensors = append(w.Tensors, workload.Tensor{Maker: first, Elements: between, Readers: []workload.Reading{{Op: last, Elements: between}}})
		}
		c := arch.ZCU102()
		c.CopiesShare = rapid.SampledFrom(arch.Shares()).Draw(rt, "share")
		c.Buffers.Weight.KiB = 1 << 16
		c.Buffers.Input.KiB, c.Buffers.Output.KiB = rapid.IntRange(1, 512).Draw(rt, "input KiB"), rapid.IntRange(1, 512).Draw(rt, "output KiB")
		o := Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines, Batch: rapid.IntRange(1, 16).Draw(rt, "batch"), FreeAuxiliary: true}
		r, err := Simulate(w, c, o)
		if err == nil {
			if r.Traffic.InputLoads < int64(o.Batch)*inputs || r.Traffic.Stores != int64(o.Batch)*int64(height)*int64(width)*int64(out) {
				rt.Errorf("traffic of %+v, inputs %d", r.Traffic, inputs)
			}
			return
		}
		pictures := 1
		if c.CopiesShare == arch.Batch {
			pictures = o.Batch
		}
		// The first pixel of a band loads the rows below it. They leave together when the
		// pixels that need the last of these rows are done.
		halo := (kernel/2 + stride - 1) / stride
		window := (2*halo+1)*(3*halo+1)*in*stride*stride*pictures + 3*halo + 1
		made := out
		if len(ops) > 1 {
			made += in
		}
		if !tooSmall(err) || window <= c.Buffers.Input.KiB<<10 && made*pictures <= c.Buffers.Output.KiB<<10 {
			rt.Errorf("a pixel needs %d and %d bytes: %v", window, made*pictures, err)
		}
	})
}

// TestHeadsRefusedOnlyBelowAToken: heads are refused only if the buffers cannot hold one
// token of each head at work beside KᵀV. The output buffer holds the partial sums of KᵀV.
func TestHeadsRefusedOnlyBelowAToken(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		heads, tokens := rapid.IntRange(1, 4).Draw(rt, "heads"), rapid.IntRange(64, 4000).Draw(rt, "tokens")
		dim := rapid.IntRange(1, 64).Draw(rt, "dim")
		w := withTensors(heads, tokens, dim)
		c := arch.ZCU102()
		c.CopiesShare = rapid.SampledFrom(arch.Shares()).Draw(rt, "share")
		in, out := rapid.IntRange(1, 64).Draw(rt, "input KiB"), rapid.IntRange(1, 64).Draw(rt, "output KiB")
		c.Buffers.Input.KiB, c.Buffers.Output.KiB = in, out
		o := Options{Scope: hwsim.Backbone, Pipelines: rapid.SampledFrom([]hwsim.Pipelines{hwsim.NoPipelines, hwsim.BothPipelines}).Draw(rt, "pipelines"),
			Batch: rapid.IntRange(1, 16).Draw(rt, "batch"), FreeAuxiliary: true}
		pictures := 1
		if c.CopiesShare == arch.Batch {
			pictures = o.Batch
		}
		needsIn, needsOut := 4*dim, 5*dim*dim+dim+1 // inputs of K, V and twice Q; outputs, and KᵀV of two heads
		if o.Pipelines == hwsim.NoPipelines {
			needsIn, needsOut = 2*max(2*dim, dim*dim+dim), 2*5*dim*dim // inputs of K and V, or of KᵀV and Q; sums and results
		}
		fits := needsIn*pictures+2 <= in<<10 && needsOut*pictures+2 <= out<<10
		r, err := Simulate(w, c, o)
		switch {
		case err == nil:
			if r.MACs != int64(o.Batch)*w.MACs() {
				rt.Errorf("%d MACs of %d", r.MACs, w.MACs())
			}
		case !tooSmall(err) || fits:
			rt.Errorf("a token needs %d and %d bytes: %v", needsIn*pictures, needsOut*pictures, err)
		}
	})
}

// TestCutHeadsRun: sixteen pictures of 1024×2048 share buffers that cannot hold one head
// of each.
func TestCutHeadsRun(t *testing.T) {
	names := []string{"seg-b0-cityscapes", "seg-b3-cityscapes"}
	if testing.Short() { // the other network takes seconds
		names = names[:1]
	}
	for _, name := range names {
		for _, p := range []hwsim.Pipelines{hwsim.NoPipelines, hwsim.BothPipelines} {
			t.Run(name+", "+p.String(), func(t *testing.T) {
				w, c := network(t, name), arch.ZCU102()
				c.CopiesShare = arch.Batch
				r := simulate(t, w, c, Options{Scope: hwsim.Whole, Pipelines: p, Batch: 16})
				if !r.Tiling.CutHeads || r.MACs != 16*w.MACs() || r.MAT.Total() != 16*r.Cycles || r.RMAC.Total() != 16*r.Cycles {
					t.Errorf("heads are cut: %t; %d MACs of %d; accounts of %d and %d in %d cycles", r.Tiling.CutHeads, r.MACs, 16*w.MACs(), r.MAT.Total(), r.RMAC.Total(), r.Cycles)
				}
			})
		}
	}
}

// TestLargeMapsRun: the networks run in buffers that are smaller than a row of a map, or
// than such rows of sixteen pictures, and at 1024×2048 with any pipelines.
func TestLargeMapsRun(t *testing.T) {
	for name, change := range map[string]func(*arch.Config, *Options){
		"64 KiB":           func(c *arch.Config, o *Options) { c.Buffers.Input.KiB, c.Buffers.Output.KiB = 64, 64 },
		"sixteen pictures": func(c *arch.Config, o *Options) { c.CopiesShare, o.Batch = arch.Batch, 16 },
		"sixteen, no stream": func(c *arch.Config, o *Options) {
			c.CopiesShare, o.Batch, o.Pipelines = arch.Batch, 16, hwsim.NoPipelines
		},
	} {
		t.Run(name, func(t *testing.T) {
			if r := paperRun(t, change); r.Tiling.Bytes == 0 || r.MACs != int64(r.Options.Batch)*paperRun(t, nil).MACs {
				t.Errorf("whole rows, or %d MACs", r.MACs)
			}
		})
	}
	for p := hwsim.BothPipelines; p <= hwsim.NoPipelines; p++ {
		t.Run(p.String(), func(t *testing.T) {
			w := network(t, "seg-b3-cityscapes")
			r := simulate(t, w, arch.ZCU102(), Options{Scope: hwsim.Whole, Pipelines: p})
			if r.MACs != w.MACs() || r.MAT.Total() != 16*r.Cycles || r.RMAC.Total() != 16*r.Cycles {
				t.Errorf("%d MACs of %d; accounts of %d and %d in %d cycles", r.MACs, w.MACs(), r.MAT.Total(), r.RMAC.Total(), r.Cycles)
			}
		})
	}
}
