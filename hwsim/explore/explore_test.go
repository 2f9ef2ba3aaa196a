// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/energy"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/shard"
)

func TestPareto(t *testing.T) {
	type pair [2]float64
	nan := math.NaN()
	tests := []struct {
		name        string
		items, want []pair
	}{
		{"none", nil, []pair{}},
		{"one", []pair{{1, 1}}, []pair{{1, 1}}},
		{"a corner beats all", []pair{{1, 2}, {2, 1}, {2, 2}}, []pair{{2, 2}}},
		{"neither beats the other", []pair{{1, 2}, {2, 1}}, []pair{{1, 2}, {2, 1}}},
		{"equal stay together", []pair{{1, 2}, {1, 2}, {1, 1}}, []pair{{1, 2}, {1, 2}}},
		{"NaN compares with nothing", []pair{{nan, 9}, {1, 1}}, []pair{{1, 1}}},
		{"infinite", []pair{{math.Inf(1), 0}, {1, 1}, {math.Inf(-1), 1}}, []pair{{math.Inf(1), 0}, {1, 1}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := Pareto(test.items, func(p pair) float64 { return p[0] }, func(p pair) float64 { return p[1] })
			if !cmp.Equal(got, test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

// TestParetoByDefinition: the front by its definition, with each item against all others.
func TestParetoByDefinition(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type triple [3]int
		items := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) triple {
			return triple{rapid.IntRange(0, 5).Draw(rt, "a"), rapid.IntRange(0, 5).Draw(rt, "b"), rapid.IntRange(0, 5).Draw(rt, "c")}
		}), 0, 60).Draw(rt, "items")
		want := []triple{}
		for _, item := range items {
			if !slices.ContainsFunc(items, func(o triple) bool {
				return o != item && o[0] >= item[0] && o[1] >= item[1] && o[2] >= item[2]
			}) {
				want = append(want, item)
			}
		}
		by := func(i int) func(triple) float64 { return func(t triple) float64 { return float64(t[i]) } }
		if got := Pareto(items, by(0), by(1), by(2)); !cmp.Equal(got, want) {
			rt.Errorf("%v, want %v", got, want)
		}
	})
}

// TestSweepAsLoops: a parallel survey equals loops over its axes in which each point is
// charged alone.
func TestSweepAsLoops(t *testing.T) {
	space := Space{
		Base:      arch.ZCU102(),
		Axes:      []Axis{Over("mat.macs", 4, 8, 12), Over("clock_mhz", 150.0, 200), Over("rmac.macs", 8, 16), Over("copies_share", "batch", arch.Pixels)},
		Limits:    Limits{DSPs: 1700},
		Workloads: []*workload.Workload{hwtest.Network(t, "b0-r224"), hwtest.Network(t, "b1-r224")},
		Model:     closed.Model(hwsim.Whole),
	}
	got, err := Sweep(context.Background(), space)
	if err != nil {
		t.Fatal(err)
	}
	want := &Survey{Model: "closed form, whole", Note: "memory and auxiliary units take no time", Base: space.Base, Fields: []string{"mat.macs", "clock_mhz", "rmac.macs", "copies_share"}}
	for _, w := range space.Workloads {
		for _, mat := range []int{4, 8, 12} {
			for i, clock := range []float64{150, 200} {
				for _, rmac := range []int{8, 16} {
					for j, share := range []arch.Share{arch.Batch, arch.Pixels} {
						want.Tried++
						c := arch.ZCU102()
						c.MAT.MACs, c.RMAC.MACs, c.ClockMHz, c.CopiesShare = mat, rmac, clock, share
						c = c.ScaledUnits(space.Base)
						if c.DSPs() > 1700 {
							want.OverLimit++
							continue
						}
						r, err := closed.Charge(w, c, hwsim.Whole)
						if err != nil { // 8 MACs in R-MAC's lanes, 12 in MAT's are beyond the limit
							t.Fatal(err)
						}
						want.Points = append(want.Points, Point{
							Estimate: hwsim.Estimate{Model: "closed form, whole", Workload: w.Name, Scope: hwsim.Whole, Config: c,
								Cycles: float64(r.Undivided) / 16, FPS: r.FPS(), GOPS: r.GOPS(), Joules: math.NaN(), GOPSPerW: math.NaN(),
								Pricing: hwsim.Pricing{Uncounted: "the closed form counts no memory accesses"}, Host: hosts(r)},
							Values: []any{mat, space.Axes[1].Values[i], rmac, space.Axes[3].Values[j]},
							DSPs:   c.DSPs(), BRAMs: c.BRAMs()})
					}
				}
			}
		}
	}
	want.Space, want.Shard = space.hash(), shard.Shard{Index: 1, Of: 1}
	if diff := cmp.Diff(want, got, sameSurvey); diff != "" {
		t.Errorf("loops and survey differ (-loops +survey):\n%s", diff)
	}
	if want := []string{"efficientvit-b0-r224", "efficientvit-b1-r224"}; !cmp.Equal(got.Workloads(), want) {
		t.Errorf("workloads %v, want %v", got.Workloads(), want)
	}
}

// hosts counts the operations of the host.
func hosts(r *closed.Result) int {
	n := 0
	for _, o := range r.Omitted {
		if o.Unit == workload.Host {
			n++
		}
	}
	return n
}

// TestSweepCountsRefusals: configurations that the closed form cannot express are
// counted, with a reason.
func TestSweepCountsRefusals(t *testing.T) {
	v, err := Sweep(context.Background(), Space{Base: arch.ZCU102(), Axes: []Axis{Over("rmac.macs", 2, 4, 8)},
		Workloads: []*workload.Workload{hwtest.Network(t, "b1-r224")}, Model: closed.Model(hwsim.Backbone)})
	if err != nil {
		t.Fatal(err)
	}
	if v.Tried != 3 || v.Refused != 2 || len(v.Points) != 1 || v.Refusal == nil || !strings.Contains(v.Refusal.Error(), "rmac.macs 2 is below") {
		t.Errorf("%d tried, %d refused, %d points, reason %v", v.Tried, v.Refused, len(v.Points), v.Refusal)
	}
	if s := v.String(); !strings.Contains(s, "2 refused") || !strings.Contains(s, "rmac.macs 2 is below") {
		t.Errorf("the page does not say what was refused:\n%s", s)
	}
}

func TestLimits(t *testing.T) {
	tests := []struct {
		name   string
		axis   Axis
		limits Limits
		within int
	}{
		{"no limit", Over("copies", 8, 16, 32), Limits{}, 3},
		{"DSPs, the bound itself", Over("copies", 8, 16, 32), Limits{DSPs: 1616}, 2},
		{"packing changes DSPs", Over("multiplications_per_dsp", 1, 2, 4), Limits{DSPs: 1616}, 2},
		// 1024 + 512 + 1024 + 8 KiB
		{"buffers", Over("buffers.divisor.kib", 8, 9), Limits{BufferKiB: 2568}, 1},
		// 256 + 128 + 256 + 2 blocks. 640 KiB behind a port of 1024 bytes take as many as 1024
		// KiB.
		{"block RAMs", Over("buffers.input.kib", 640, 1024, 1025), Limits{BRAMs: 642}, 2},
		{"bandwidth", Over("off_chip.mb_per_s", 4800, 19200, 19200.5), Limits{MBPerS: 19200}, 2},
	}
	w := hwtest.Network(t, "b0-r224")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := Sweep(context.Background(), Space{Base: arch.ZCU102(), Axes: []Axis{test.axis}, Limits: test.limits,
				Workloads: []*workload.Workload{w}, Model: closed.Model(hwsim.Backbone)})
			if err != nil {
				t.Fatal(err)
			}
			if len(v.Points) != test.within || v.OverLimit != len(test.axis.Values)-test.within {
				t.Errorf("%d points and %d beyond, want %d within", len(v.Points), v.OverLimit, test.within)
			}
		})
	}
}

func TestFront(t *testing.T) {
	v, err := Sweep(context.Background(), Space{Base: arch.ZCU102(),
		Axes:      []Axis{Over("copies", 16, 4), Over("multiplications_per_dsp", 1, 2)},
		Workloads: []*workload.Workload{hwtest.Network(t, "b1-r224"), hwtest.Network(t, "b2-r224")}, Model: closed.Model(hwsim.Backbone)})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range v.Workloads() {
		// One multiplication per DSP costs DSPs and gains nothing.
		var got []int
		for _, p := range v.front(name).Points {
			if p.Workload != name || p.Config.MultiplicationsPerDSP != 2 {
				t.Errorf("%s: %+v on the front", name, p)
			}
			got = append(got, p.DSPs)
		}
		if want := []int{404, 1616}; !cmp.Equal(got, want) {
			t.Errorf("%s: DSPs %v, want %v", name, got, want)
		}
	}
}

func TestFrontRefuses(t *testing.T) {
	v := &Survey{Points: []Point{{Workload: "a"}, {Workload: "b"}}}
	for _, test := range []struct {
		name      string
		workload  string
		objective Objective
		want      string
	}{
		{"another workload", "c", FPS, `explore: no points of workload "c": have those of ["a" "b"]`},
		{"no objective", "a", 9, "explore: no objective 9: have FPS, energy per picture, DSPs and BRAMs"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if f, err := v.Front(test.workload, test.objective); f != nil || err == nil || err.Error() != test.want {
				t.Errorf("%v, error %v, want %q", f, err, test.want)
			}
		})
	}
}

// TestReport: a survey lists the assumptions of its points, without the fields of the
// axes. Its JSON marks the points of the fronts on its page.
func TestReport(t *testing.T) {
	v, err := Sweep(context.Background(), Space{Base: arch.ZCU102(),
		Axes:      []Axis{Over("copies", 16, 4), Over("buffers.input.kib", 512, 1024)},
		Workloads: []*workload.Workload{hwtest.Network(t, "b1-r224")}, Model: closed.Model(hwsim.Backbone), Objectives: []Objective{FPS, BRAMs}})
	if err != nil {
		t.Fatal(err)
	}
	if s := v.String(); strings.Contains(s, "assumption: buffers.input.kib") || !strings.HasSuffix(s, v.Assumptions().String()) {
		t.Errorf("page without its assumptions:\n%s", s)
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Assumptions []arch.Assumption
		Objectives  []string
		Points      []struct {
			Values map[string]int
			Joules *float64
			Front  bool
		}
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Assumptions) != len(arch.ZCU102().Assumptions())-1 || !cmp.Equal(got.Objectives, []string{"FPS", "BRAMs"}) || len(got.Points) != 4 {
		t.Fatalf("%s", data)
	}
	for _, p := range got.Points {
		if p.Joules != nil || p.Front != (p.Values["copies"] == 16 && p.Values["buffers.input.kib"] == 512) {
			t.Errorf("%+v: the smallest buffer on most copies is the front, and no energy is known", p)
		}
	}
}

// TestJoint: the value of a configuration for several networks is that of the network
// that gains the least.
func TestJoint(t *testing.T) {
	config := func(copies int) arch.Config { c := arch.ZCU102(); c.Copies = copies; return c }
	point := func(w string, copies int, fps float64) Point {
		return Point{Estimate: hwsim.Estimate{Workload: w, Config: config(copies), FPS: fps}, DSPs: config(copies).DSPs()}
	}
	v := &Survey{Points: []Point{
		point("a", 16, 100), point("a", 8, 60), point("a", 32, 150), point("a", 4, 30),
		point("b", 16, 10), point("b", 8, 5), point("b", 32, 19), // 4 copies cannot run b
	}}
	got, err := v.Joint(config(16))
	if err != nil {
		t.Fatal(err)
	}
	want := []Joint{{config(16), 1616, 1, "a"}, {config(8), 808, 0.5, "b"}, {config(32), 3232, 1.5, "a"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, reference := range []arch.Config{config(4), config(64)} {
		if _, err := v.Joint(reference); err == nil || !strings.Contains(err.Error(), "needs all 2 of the survey's") {
			t.Errorf("error %v for %d copies", err, reference.Copies)
		}
	}
	if _, err := new(Survey).Joint(config(16)); err == nil {
		t.Error("a survey without points has a reference")
	}
}

func TestSweepRefuses(t *testing.T) {
	w := hwtest.Network(t, "b0-r224")
	thousand := make([]any, 1025)
	for i := range thousand {
		thousand[i] = i + 1
	}
	broken := arch.ZCU102()
	broken.Copies = 0
	tests := []struct {
		name   string
		change func(*Space)
		want   string
	}{
		{"base", func(s *Space) { s.Base = broken }, "copies: 0 must be"},
		{"field", func(s *Space) { s.Axes = []Axis{Over("lanes", 8)} }, `axis "lanes": configuration: no field "lanes"`},
		{"value", func(s *Space) { s.Axes = []Axis{Over("copies", 8, 0)} }, `axis "copies": configuration "Trio-ViT on ZCU102": copies: 0 must be`},
		{"no values", func(s *Space) { s.Axes = []Axis{Over("copies")} }, `axis "copies" has no values`},
		{"twice", func(s *Space) { s.Axes = []Axis{Over("copies", 8), Over("copies", 4)} }, `two axes over "copies"`},
		{"no workloads", func(s *Space) { s.Workloads = nil }, "no workloads"},
		{"same workload", func(s *Space) { s.Workloads = append(s.Workloads, w) }, `two workloads "efficientvit-b0-r224"`},
		{"model", func(s *Space) { s.Model = hwsim.Model{} }, "no model"},
		{"objective", func(s *Space) { s.Objectives = []Objective{DSPs, 9} }, "no objective 9"},
		{"scope", func(s *Space) { s.Model = closed.Model("all") }, `no scope "all"`},
		{"limit", func(s *Space) { s.Limits.DSPs = -1 }, "none may be below 0"},
		{"limit of block RAMs", func(s *Space) { s.Limits.BRAMs = -1 }, "none may be below 0"},
		{"limit NaN", func(s *Space) { s.Limits.MBPerS = math.NaN() }, "none may be below 0"},
		{"too large", func(s *Space) {
			s.Axes = []Axis{Over("copies", thousand...), Over("buffers.input.kib", thousand...)}
		}, "more than 1048576 points"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := Space{Base: arch.ZCU102(), Workloads: []*workload.Workload{w}, Model: closed.Model(hwsim.Backbone)}
			test.change(&s)
			if _, err := Sweep(context.Background(), s); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	enough := errors.New("enough")
	cancel(enough)
	v, err := Sweep(ctx, Space{Base: arch.ZCU102(), Workloads: []*workload.Workload{hwtest.Network(t, "b0-r224")}, Model: closed.Model(hwsim.Backbone)})
	if v != nil || !errors.Is(err, enough) {
		t.Errorf("%v, %v, want no survey and the context's cause", v, err)
	}
}

// ending is a context that ends after some number of calls.
type ending struct {
	context.Context
	left atomic.Int64
}

func (c *ending) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// TestCancelOnTheWay: a survey that is cancelled tries no further points.
func TestCancelOnTheWay(t *testing.T) {
	var copies []any
	for i := range 4096 {
		copies = append(copies, i+1)
	}
	ctx := &ending{Context: context.Background()}
	ctx.left.Store(3)
	v, err := Sweep(ctx, Space{Base: arch.ZCU102(), Axes: []Axis{Over("copies", copies...), Over("clock_mhz", 100, 200)},
		Workloads: []*workload.Workload{hwtest.Network(t, "b0-r224")}, Model: closed.Model(hwsim.Backbone)})
	if v != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v, want no survey and the context's error", v, err)
	}
	// Each worker asks once more. The end asks twice: whether the context has ended, and
	// why.
	if asked := 3 - ctx.left.Load(); asked > int64(3+runtime.GOMAXPROCS(0)+2) {
		t.Errorf("the context was asked %d times of %d points", asked, 2*4096)
	}
}

// TestEventDriven: an event-driven point is a simulation of its own, priced by the table.
func TestEventDriven(t *testing.T) {
	w := hwtest.Network(t, "b0-r224")
	table := everything()
	options := event.Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines, Batch: 2}
	v, err := Sweep(context.Background(), Space{Base: arch.ZCU102(), Axes: []Axis{Over("copies", 8, 16), Over("off_chip.mb_per_s", 600, 19200)},
		Workloads: []*workload.Workload{w}, Model: event.Model(options, table)})
	if err != nil {
		t.Fatal(err)
	}
	type measure struct{ Cycles, FPS, GOPS, Joules float64 }
	var got, want []measure
	for _, p := range v.Points {
		got = append(got, measure{p.Cycles, p.FPS, p.GOPS, p.Joules})
		r, err := event.Simulate(w, p.Config, options)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, measure{float64(r.Cycles) / 2, r.FPS(), r.GOPS(), table.Price(r.Counts()).Joules() / 2})
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) != 4 {
		t.Errorf("%d points (-simulated +survey):\n%s", len(got), diff)
	}
	if slow, fast := got[2], got[3]; slow.FPS >= fast.FPS || slow.Joules <= 0 {
		t.Errorf("16 copies on slow memory %+v, on fast memory %+v", slow, fast)
	}
}

// everything returns a table that prices every event at 1 pJ.
func everything() *energy.Table {
	t := &energy.Table{Name: "a table", Source: "this test", Multiply8: 1, Add32: 1, Auxiliary: 1,
		SRAM: []energy.SRAM{{KiB: 1 << 20, Byte: 1}}, DRAM: 1, Units: make(map[workload.Unit]float64)}
	for _, u := range workload.Units() {
		t.Units[u] = 1
	}
	return t
}

// TestUnknownEnergyIsNotRanked: points with an unknown energy are not ranked. They are
// counted, with the reason, and never have an energy of 0.
func TestUnknownEnergyIsNotRanked(t *testing.T) {
	w := hwtest.Network(t, "b0-r224")
	part := everything()
	part.SRAM[0].KiB = 1024 // the entry tells nothing of larger buffers
	options := event.Options{Scope: hwsim.Backbone}
	tests := []struct {
		name             string
		model            hwsim.Model
		rank, unrankable int
		why              string
	}{
		{"all known", event.Model(options, everything()), 2, 0, ""},
		{"one buffer is not in the table", event.Model(options, part), 1, 1, "a table has no entry for weight buffer byte"},
		{"no table", event.Model(options, nil), 0, 2, "there is no energy table"},
		{"closed form", closed.Model(hwsim.Backbone), 0, 2, "counts no memory accesses"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := Sweep(context.Background(), Space{Base: arch.ZCU102(), Axes: []Axis{Over("buffers.weight.kib", 512, 2048)},
				Workloads: []*workload.Workload{w}, Model: test.model})
			if err != nil {
				t.Fatal(err)
			}
			f := v.front(w.Name, Energy)
			if f.Unrankable != test.unrankable || len(f.Points) != test.rank || !strings.Contains(f.Why, test.why) {
				t.Errorf("%d on the front, %d cannot be ranked: %q", len(f.Points), f.Unrankable, f.Why)
			}
			if said := strings.Contains(f.String(), "cannot be ranked: "+f.Why); said != (test.unrankable > 0) {
				t.Errorf("the page is\n%s", f)
			}
			if v.front(w.Name).Unrankable != 0 {
				t.Error("FPS and DSPs are known of every point")
			}
		})
	}
}

// TestEnergyRanksBuffersOnly: points are not ranked by energy if no table prices their
// differences.
func TestEnergyRanksBuffersOnly(t *testing.T) {
	w := hwtest.Network(t, "b0-r224")
	for _, axis := range []Axis{Over("copies", 8, 16), Over("rmac.lanes", 4, 8), Over("off_chip.mb_per_s", 9600, 19200), Over("buffers.input.port_bytes", 512, 1024), Over("auxiliary.requantize", 8, 16), Over("clock_mhz", 100, 200)} {
		s := Space{Base: arch.ZCU102(), Axes: []Axis{axis}, Workloads: []*workload.Workload{w}, Model: event.Model(event.Options{Scope: hwsim.Backbone}, everything())}
		v, err := Sweep(context.Background(), s)
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("explore: axis %q: energy per picture cannot rank its points", axis.Field)
		if _, err := v.Front(w.Name, FPS, Energy); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("front: error %v, want %s", err, want)
		}
		s.Objectives = []Objective{FPS, Energy}
		if _, err := Sweep(context.Background(), s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("sweep: error %v, want %s", err, want)
		}
	}
	for _, field := range pricedFields {
		if !slices.Contains(arch.Fields(), field) {
			t.Errorf("no field %s", field)
		}
	}
}

// TestUnitsFollowTheLanes: the value on an axis of an auxiliary unit stays, with any
// number of lanes.
func TestUnitsFollowTheLanes(t *testing.T) {
	v, err := Sweep(context.Background(), Space{Base: arch.ZCU102(), Axes: []Axis{Over("auxiliary.add", 5, 6), Over("mat.lanes", 8, 16)},
		Workloads: []*workload.Workload{hwtest.Network(t, "b0-r224")}, Model: closed.Model(hwsim.Backbone)})
	if err != nil {
		t.Fatal(err)
	}
	var got [][2]int
	for _, p := range v.Points {
		got = append(got, [2]int{p.Config.Auxiliary.Add, p.Config.Auxiliary.Requantize})
	}
	if want := [][2]int{{5, 21}, {5, 32}, {6, 21}, {6, 32}}; !slices.Equal(got, want) {
		t.Errorf("adders and requantizers %v, want %v", got, want)
	}
	if !strings.Contains(v.String(), "auxiliary units are in proportion to the multipliers of a copy\n") {
		t.Errorf("the page does not say it:\n%s", v)
	}
}

// TestFrontObjectives: a front in three objectives contains the fronts in two of them.
func TestFrontObjectives(t *testing.T) {
	w := hwtest.Network(t, "b0-r224")
	v, err := Sweep(context.Background(), Space{Base: arch.ZCU102(), Axes: []Axis{Over("copies", 4, 8, 16), Over("clock_mhz", 100, 200), Over("buffers.input.kib", 64, 1024)},
		Workloads: []*workload.Workload{w}, Model: event.Model(event.Options{Scope: hwsim.Backbone}, everything())})
	if err != nil {
		t.Fatal(err)
	}
	three := v.front(w.Name, FPS, Energy, DSPs)
	scores := func(p *Point) [3]float64 { return [3]float64{FPS.score(p), Energy.score(p), DSPs.score(p)} }
	var within [][3]float64
	for i := range three.Points {
		within = append(within, scores(&three.Points[i]))
	}
	if !slices.IsSortedFunc(within, func(a, b [3]float64) int { return slices.Compare(a[:1], b[:1]) }) {
		t.Errorf("not ordered by FPS: %v", within)
	}
	brams := v.front(w.Name, BRAMs, FPS)
	for i := 1; i < len(brams.Points); i++ {
		if a, b := &brams.Points[i-1], &brams.Points[i]; a.BRAMs < b.BRAMs || a.FPS < b.FPS {
			t.Errorf("front in block RAMs: %v before %v", a.Values, b.Values)
		}
	}
	if len(brams.Points) == 0 || brams.Points[len(brams.Points)-1].Config.Buffers.Input.KiB != 64 {
		t.Errorf("the front in block RAMs does not end with the smallest buffer:\n%s", brams)
	}
	for _, two := range [][]Objective{{FPS, Energy}, {FPS, DSPs}, {DSPs, Energy}} {
		f := v.front(w.Name, two...)
		if len(f.Points) == 0 {
			t.Errorf("%v: no point", two)
		}
		for i := range f.Points {
			p := &f.Points[i]
			// Of the points that are equal in both objectives, only the best in the third is on
			// the larger front.
			if !slices.ContainsFunc(within, func(s [3]float64) bool {
				own := scores(p)
				return s[two[0]] == own[two[0]] && s[two[1]] == own[two[1]]
			}) {
				t.Errorf("%v: %v is not on the front in three", two, p.Values)
			}
		}
	}
}

// BenchmarkClosedForm and BenchmarkEventDriven report configurations per second
// on all processors.
func BenchmarkClosedForm(b *testing.B) {
	sizes := []any{4, 6, 8, 10, 12, 14, 16, 20}
	benchmark(b, closed.Model(hwsim.Backbone), Over("mat.lanes", sizes...), Over("rmac.lanes", sizes...),
		Over("copies", sizes...), Over("rmac.macs", 8, 12, 16, 24))
}

func BenchmarkEventDriven(b *testing.B) {
	benchmark(b, event.Model(event.Options{}, energy.Horowitz45nm()),
		Over("mat.lanes", 4, 8, 16), Over("copies", 8, 16, 32))
}

// BenchmarkEventDrivenRates: only rates vary, so the schedule and the prices are made
// once for all points.
func BenchmarkEventDrivenRates(b *testing.B) {
	benchmark(b, event.Model(event.Options{}, energy.Horowitz45nm()),
		Over("off_chip.mb_per_s", 2400, 4800, 19200), Over("buffers.weight.port_bytes", 64, 128, 256))
}

func benchmark(b *testing.B, m hwsim.Model, axes ...Axis) {
	s := Space{Base: arch.ZCU102(), Axes: axes, Workloads: []*workload.Workload{hwtest.Network(b, "b1-r224")}, Model: m}
	tried := 0
	for b.Loop() {
		v, err := Sweep(context.Background(), s)
		if err != nil {
			b.Fatal(err)
		}
		tried += len(v.Points)
	}
	b.ReportMetric(float64(tried)/b.Elapsed().Seconds(), "configurations/s")
}
