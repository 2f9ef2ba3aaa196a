// SPDX-License-Identifier: Apache-2.0

package event

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// TestSpendingByHand: 16×16 pixels, 8 input and 24 output channels, in two rounds. With
// 8 + 8 lanes in each copy the second round has 8 channels, all on MAT. With 12 + 8 lanes
// it has 4 channels for MAT's 12 lanes, and takes as long.
func TestSpendingByHand(t *testing.T) {
	w := &workload.Workload{Name: "w", Ops: []workload.Operation{conv(16, 16, 8, 24, 1)}}
	c := arch.ZCU102()
	from := simulate(t, w, c, ideal(hwsim.BothPipelines))
	c.MAT.Lanes = 12
	to := simulate(t, w, c, ideal(hwsim.BothPipelines))
	// On 2048 multipliers 16·16·8·24 MACs take 24 cycles. R-MAC, half of the multipliers,
	// has no work for 16 cycles.
	before := Spending{Work: 24}
	before[termOf(Channels)] = 8
	// On 2560 multipliers they take 19.2 cycles. 8 of MAT's 12 lanes have no channel for 16
	// cycles, which is 6.4 cycles of all multipliers. R-MAC has no channel in the same
	// time, another 6.4.
	after := Spending{Work: 19, LaneRounding: 6}
	after[termOf(Channels)] = 7
	if got := from.Spending(); got != before {
		t.Errorf("8 lanes: %s, want %s", &got, &before)
	}
	if got := to.Spending(); got != after {
		t.Errorf("12 lanes: %s, want %s", &got, &after)
	}
	d, err := Diff(from, to)
	if err != nil {
		t.Fatal(err)
	}
	if want := "rounding of lanes +6, work -5, channels -1"; d.Cycles != 0 || d.Terms.String() != want {
		t.Errorf("%+d cycles, %s, want %s", d.Cycles, &d.Terms, want)
	}
}

// TestDifferenceTables: the terms and the steps are tables, whose JSON has numbers. Two
// equal runs differ in nothing.
func TestDifferenceTables(t *testing.T) {
	w := &workload.Workload{Name: "w", Ops: []workload.Operation{conv(16, 16, 8, 24, 1)}}
	c := arch.ZCU102()
	from := simulate(t, w, c, ideal(hwsim.BothPipelines))
	c.Copies = 8
	to := simulate(t, w, c, ideal(hwsim.BothPipelines))
	d, err := Diff(from, to)
	if err != nil {
		t.Fatal(err)
	}
	page := d.Tables()
	if len(page) != 2 || page.String() != d.String() {
		t.Fatalf("%d tables:\n%s", len(page), d)
	}
	for i, want := range []string{
		"because of,cycles\nwork,24\nchannels,8\n",
		"step,cycles before,cycles now,difference,because of\n" + w.Ops[0].Name + ",32,64,32,\"work +24, channels +8\"\n",
	} {
		if got, err := page[i].CSV(); err != nil || string(got) != want {
			t.Errorf("table %d is %q (%v), want %q", i, got, err, want)
		}
	}
	if want := "64 cycles, +32 against 32 on "; !strings.HasPrefix(page[0].Title, want) {
		t.Errorf("the title is %q, want %q", page[0].Title, want)
	}
	same, err := Diff(from, from)
	if err != nil {
		t.Fatal(err)
	}
	if page := same.Tables(); len(page) != 1 || len(page[0].Rows) != 0 || !strings.HasPrefix(page.String(), "32 cycles, +0 against 32 on ") {
		t.Errorf("a run differs from itself:\n%s", page)
	}
}

// TestDifferencesAddUp: for any two runs of one workload, the terms and the steps of the
// difference add up to it. With more lanes each multiplier has less work, so a run can
// only take longer by other terms. Without memory and units all other terms are rounding.
func TestDifferencesAddUp(t *testing.T) {
	rounding := []Term{LaneRounding, MACRounding, NoWork, termOf(Imbalance), termOf(Stream), termOf(Partner), termOf(Channels)}
	rapid.Check(t, func(rt *rapid.T) {
		w, c, o := drawCase(rt)
		o.FreeMemory, o.FreeAuxiliary = rapid.Bool().Draw(rt, "free memory"), rapid.Bool().Draw(rt, "free units")
		from, err := Simulate(w, c, o)
		if tooSmall(err) {
			rt.Skip(err)
		}
		if err != nil {
			rt.Fatal(err)
		}
		lanes := rapid.IntRange(0, 20)
		c.MAT.Lanes += lanes.Draw(rt, "more of MAT")
		c.RMAC.Lanes += lanes.Draw(rt, "more of R-MAC")
		if rapid.Bool().Draw(rt, "other pipelines") {
			o.Pipelines ^= hwsim.NoPipelines
		}
		to, err := Simulate(w, c, o)
		if tooSmall(err) {
			rt.Skip(err)
		}
		if err != nil {
			rt.Fatal(err)
		}
		d, err := Diff(from, to)
		if err != nil {
			rt.Fatal(err)
		}
		var steps int64
		for i := range d.Steps {
			s := &d.Steps[i]
			if s.Terms.Cycles() != s.To-s.From {
				rt.Errorf("%s: terms of %d cycles, from %d to %d", s.Ops, s.Terms.Cycles(), s.From, s.To)
			}
			steps += s.To - s.From
		}
		if d.Cycles != to.Cycles-from.Cycles || steps != d.Cycles || d.Terms.Cycles() != d.Cycles {
			rt.Errorf("%d cycles to %d: steps of %d, terms of %d", from.Cycles, to.Cycles, steps, d.Terms.Cycles())
		}
		for _, r := range []*Run{from, to} {
			spent := r.Spending()
			if spent.Cycles() != r.Cycles || slices.Min(spent[:]) < 0 {
				rt.Errorf("%d cycles are spent on %s", r.Cycles, &spent)
			}
		}
		if from.Options.Pipelines == to.Options.Pipelines && d.Terms[Work] > 0 { // with other pipelines steps are not the same, and round apart
			rt.Errorf("more work on more multipliers: %s", &d.Terms)
		}
		if !o.FreeMemory || !o.FreeAuxiliary {
			return
		}
		for term, n := range d.Terms {
			if n != 0 && Term(term) != Work && Term(term) != termOf(PipelineFill) && !slices.Contains(rounding, Term(term)) {
				rt.Errorf("without memory and units: %s %+d", Term(term), n)
			}
		}
	})
}

// TestMoreLanesAreExplained: all small operations on all small engines. If one more lane
// costs cycles, a single term explains all of them. It is neither work, which follows
// from the multiply-accumulates alone, nor idleness. Without memory and units it is
// rounding; with them it can also be a wait.
func TestMoreLanesAreExplained(t *testing.T) {
	pairs := func(yield func(...workload.Operation)) {
		for side := 1; side <= 6; side++ {
			for channels := 4; channels <= 12; channels += 4 {
				for out := 1; out <= 18; out++ {
					yield(pair(side, side, channels, out, 3)...)
				}
			}
		}
	}
	heads := func(yield func(...workload.Operation)) {
		for n := 1; n <= 3; n++ {
			for tokens := 1; tokens <= 12; tokens++ {
				for dim := 1; dim <= 8; dim++ {
					yield(attention(n, tokens, dim)...)
				}
			}
		}
	}
	convolutions := func(yield func(...workload.Operation)) {
		pairs(func(ops ...workload.Operation) { ops[1].Behind = ""; yield(ops[1]) })
	}
	rounding := []Term{LaneRounding, MACRounding, termOf(Imbalance), termOf(Stream), termOf(Channels)}
	waits := []Term{termOf(WeightLoad), termOf(InputLoad), termOf(OutputStore), termOf(InputPort), termOf(WeightPort), termOf(OutputPort), termOf(DivisorPort)}
	memory := Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines}
	for _, space := range []struct {
		name    string
		ops     func(yield func(...workload.Operation))
		copies  []int
		o       Options
		explain []Term
	}{
		{"streams", pairs, []int{1, 3}, ideal(hwsim.BothPipelines), rounding},
		{"heads", heads, []int{1, 3}, ideal(hwsim.BothPipelines), rounding},
		{"streams and memory", pairs, []int{1}, memory, slices.Concat(rounding, waits)},
		{"convolutions and memory", convolutions, []int{1}, memory, slices.Concat(rounding, waits)},
	} {
		t.Run(space.name, func(t *testing.T) {
			slower := 0
			compare := func(w *workload.Workload, c, more arch.Config) {
				from, to := simulate(t, w, c, space.o), simulate(t, w, more, space.o)
				if to.Cycles <= from.Cycles {
					return
				}
				slower++
				d, err := Diff(from, to)
				if err != nil {
					t.Fatal(err)
				}
				most := Term(slices.Index(d.Terms[:], slices.Max(d.Terms[:])))
				work := w.MACs()/int64(more.Multipliers()) - w.MACs()/int64(c.Multipliers())
				if d.Terms.Cycles() != d.Cycles || d.Terms[Work] != work || d.Terms[most] < d.Cycles || !slices.Contains(space.explain, most) {
					t.Errorf("%+v from %v to %v: %+d cycles, work %+d: %s", w.Ops[0], c.MAT, more.MAT, d.Cycles, work, &d.Terms)
				}
			}
			space.ops(func(ops ...workload.Operation) {
				w := &workload.Workload{Name: "w", Ops: ops}
				for _, copies := range space.copies {
					for lanes := 1; lanes <= 6; lanes++ {
						engine := arch.Engine{Lanes: lanes, MACs: 4}
						c := hwtest.Engines(engine, engine)
						c.Copies = copies
						onMAT, onRMAC := c, c
						onMAT.MAT.Lanes++
						onRMAC.RMAC.Lanes++
						compare(w, c, onMAT)
						compare(w, c, onRMAC)
					}
				}
			})
			if slower == 0 {
				t.Error("none is slower, so that nothing is explained")
			}
			t.Logf("%d are slower", slower)
		})
	}
}

func TestCompareErrors(t *testing.T) {
	c := arch.ZCU102()
	run := func(batch int, ops ...workload.Operation) *Run {
		o := ideal(hwsim.NoPipelines)
		o.Batch = batch
		return simulate(t, &workload.Workload{Name: "w", Ops: ops}, c, o)
	}
	one, two := run(1, conv(4, 4, 4, 4, 1)), run(1, pair(4, 4, 4, 4, 3)...)
	for name, other := range map[string]*Run{
		"compare: batches of 1 and 2":                run(2, conv(4, 4, 4, 4, 1)),
		"compare: w and w have different operations": two,
	} {
		if _, err := Diff(one, other); err == nil || err.Error() != name {
			t.Errorf("got  %v\nwant %s", err, name)
		}
	}
}
