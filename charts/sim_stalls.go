// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/charts/internal/plot"
	"github.com/gotriovit/gotriovit/hwsim/event"
)

// stallsData are the cycles of a run by what the multipliers do in them: they work, they
// wait for a named cause, or they have no operation.
type stallsData struct {
	// Workload was run on Config with these Options.
	Workload, Config, Options string
	// FPS are the pictures per second.
	FPS float64
	// Causes are the uses of the cycles. The first one is the multipliers' work.
	Causes []stallsCause
	// Blocks are in the order of the network. A block has cycles for each cause.
	Blocks []cyclesBlock
	// Brief says that the panel of the blocks is left out.
	Brief bool
}

// stallsCause is one use of cycles.
type stallsCause struct {
	Name string
	// Note says in a few words what a multiplier without work lacks.
	Note string
	// Cycles are counted in one picture, on average over the multipliers.
	Cycles float64
}

// busyCause is the use of cycles in which multipliers are busy.
const busyCause = "busy"

// busyMeans is the one meaning of busy in the figures of the accelerator.
const busyMeans = "Busy: the multiply-accumulates that are done, as a part of what all multipliers could do."

// causeNotes name what a multiplier lacks, by the term of its cycles.
var causeNotes = map[event.Term]string{
	event.Work: "multiply-accumulates", event.LaneRounding: "no output for the lane", event.MACRounding: "no input for the MAC",
	event.NoWork: "no operation for the engine",
}

// stallNotes name what a multiplier waits for in the most frequent stalls.
var stallNotes = map[event.Stall]string{
	event.Imbalance: "another copy has more", event.Stream: "R-MAC's pixels are to come", event.Channels: "too few channels for both engines",
}

// Stalls draws the use of the multipliers' cycles in an event-driven run, in total and in
// each block.
func Stalls(r *event.Run) (*Figure, error) { return newStalls(r).Figure() }

// Busy draws the total of [Stalls] alone, for comparing configurations.
func Busy(r *event.Run) (*Figure, error) {
	d := newStalls(r)
	d.Brief = true
	return d.Figure()
}

// newStalls sums what the multipliers do in the steps of a run.
func newStalls(r *event.Run) stallsData {
	d := stallsData{Workload: r.Workload, Config: r.Config.Name, Options: r.Options.String(), FPS: r.FPS()}
	total := r.Spending()
	var order []event.Term // work first, then the other terms that occur, by falling cycles
	for t, n := range total {
		if event.Term(t) != event.Work && n != 0 {
			order = append(order, event.Term(t))
		}
	}
	slices.SortStableFunc(order, func(a, b event.Term) int { return cmp.Compare(total[b], total[a]) })
	order = append([]event.Term{event.Work}, order...)
	cycles := func(spent *event.Spending) []float64 {
		var list []float64
		for _, t := range order {
			list = append(list, float64(spent[t])/float64(r.Options.Batch))
		}
		return list
	}
	for k, c := range cycles(&total) {
		t := order[k]
		cause := stallsCause{Name: t.String(), Note: cmp.Or(causeNotes[t], "waiting"), Cycles: c}
		if t == event.Work {
			cause.Name = busyCause
		}
		for stall, note := range stallNotes {
			if t.String() == stall.String() {
				cause.Note = note
			}
		}
		d.Causes = append(d.Causes, cause)
	}
	place := make(map[string]int)
	add := func(name string, cycles []float64) {
		i, ok := place[name]
		if !ok {
			i = len(d.Blocks)
			place[name] = i
			d.Blocks = append(d.Blocks, cyclesBlock{name, make([]float64, len(order))})
		}
		for k, c := range cycles {
			d.Blocks[i].Cycles[k] += c
		}
	}
	rest := total // the cycles that belong to no step are left over: the stores of the last outputs
	for i := range r.Steps {
		s := &r.Steps[i]
		spent := s.Spending(&r.Config)
		for t := range rest {
			rest[t] -= spent[t]
		}
		add(plot.BlockName(cmp.Or(s.Block, s.Label, s.Name)), cycles(&spent))
	}
	if r.Drain > 0 {
		add("last outputs", cycles(&rest))
	}
	return d
}

// finding tells the share of cycles in which the multipliers work, and the cause that takes
// most of the other cycles.
func (d stallsData) finding(total float64) string {
	var busy, worst stallsCause
	for _, c := range d.Causes {
		switch {
		case c.Name == busyCause:
			busy = c
		case c.Cycles > worst.Cycles:
			worst = c
		}
	}
	share := func(c stallsCause) string { return plot.Percent(c.Cycles / max(total, 1)) }
	if worst.Name == "" {
		return fmt.Sprintf("Always busy in %s cycles", plot.Count(int(total+0.5)))
	}
	return fmt.Sprintf("Busy in %s of %s cycles; the most of the rest is %s, %s",
		share(busy), plot.Count(int(total+0.5)), worst.Name, share(worst))
}

// Figure draws (a) what the cycles of all multipliers go to, and (b) the cycles of each
// block, divided likewise. The table has one row per block and cause.
func (d stallsData) Figure() (*Figure, error) {
	b := breakdown{
		brief: d.Brief, subtitle: fmt.Sprintf("%s on %s: %s FPS by the event-driven model, %s.\n%s", plot.ShortName(d.Workload), d.Config, plot.Number(d.FPS), d.Options, busyMeans),
		of: "cause", blocks: d.Blocks,
		partsTitle:  "(a) by cause",
		blocksTitle: "(b) by block, in the order of the network and the colours of (a)",
	}
	for _, c := range d.Causes {
		b.parts = append(b.parts, breakdownPart{name: c.Name, cycles: c.Cycles, color: causeColor(c.Name), note: c.Note})
	}
	if err := b.check("stalls of " + d.Workload); err != nil {
		return nil, err
	}
	b.title = d.finding(b.total())
	return b.figure()
}
