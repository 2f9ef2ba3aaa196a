// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/hwsim/event"
)

// stallsData is what the engines do in each cycle: work, wait for a named cause,
// or have nothing to do.
type stallsData struct {
	// Workload was run on Config with these Options.
	Workload, Config, Options string
	// FPS are the pictures per second.
	FPS float64
	// Causes are what cycles go to, the cycles in which the engines are busy
	// first.
	Causes []stallsCause
	// Blocks are in the order of the network, with a value per cause.
	Blocks []cyclesBlock
}

// stallsCause is one use of cycles.
type stallsCause struct {
	Name string
	// Cycles are those of an average engine in one picture.
	Cycles float64
	// MAT and RMAC are the parts of each engine's cycles, from 0 to 1.
	MAT, RMAC float64
}

// The uses of cycles that are no stalls.
const (
	busyCause = "busy"
	idleCause = "idle"
)

// Stalls draws what the engines of an event-driven run do in each cycle.
func Stalls(r *event.Run) (*Figure, error) {
	d := stallsData{Workload: r.Workload, Config: r.Config.Name, Options: r.Options.String(), FPS: r.FPS()}
	names, total := []string{busyCause, idleCause}, uses(&r.MAT, &r.RMAC)
	for _, s := range event.Stalls() {
		names = append(names, s.String())
	}
	var order []int // busy, the stalls that occur, the longest first, idle
	for i := range names {
		if i > 1 && total[i] > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(total[b], total[a]) })
	order = append([]int{0}, order...)
	if total[1] > 0 {
		order = append(order, 1)
	}
	cycles := func(uses []int64) []float64 {
		var list []float64
		for _, i := range order {
			list = append(list, float64(uses[i])/float64(2*r.Config.Copies*r.Options.Batch))
		}
		return list
	}
	mat, rmac, mean := uses(&r.MAT), uses(&r.RMAC), cycles(total)
	for k, i := range order {
		d.Causes = append(d.Causes, stallsCause{
			Name: names[i], Cycles: mean[k],
			MAT: float64(mat[i]) / float64(r.MAT.Total()), RMAC: float64(rmac[i]) / float64(r.RMAC.Total()),
		})
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
	for i := range r.Steps {
		s := &r.Steps[i]
		add(blockName(cmp.Or(s.Block, s.Label, s.Name)), cycles(uses(&s.MAT, &s.RMAC)))
	}
	if r.Drain > 0 {
		drain := make([]int64, len(names))
		drain[slices.Index(names, event.OutputStore.String())] = 2 * int64(r.Config.Copies) * r.Drain
		add("last outputs", cycles(drain))
	}
	return d.Figure()
}

// uses adds accounts: busy, idle, and every stall.
func uses(accounts ...*event.Account) []int64 {
	sums := make([]int64, 2+len(event.Stalls()))
	for _, a := range accounts {
		sums[0] += a.Busy
		sums[1] += a.Idle
		for i, c := range a.Stalls {
			sums[2+i] += c
		}
	}
	return sums
}

// finding says how long the engines work and what keeps them from it most.
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
	share := func(c stallsCause) string { return percent(c.Cycles / max(total, 1)) }
	if worst.Name == "" {
		return fmt.Sprintf("The engines are always busy in %s cycles", count(int(total+0.5)))
	}
	return fmt.Sprintf("The engines are busy in %s of the %s cycles; the most of the rest is %s, %s",
		share(busy), count(int(total+0.5)), worst.Name, share(worst))
}

// Figure draws (a) what the cycles of both engines go to, and (b) the cycles of
// each block, divided likewise. The table has one row per block and cause.
func (d stallsData) Figure() (*Figure, error) {
	b := breakdown{
		subtitle: fmt.Sprintf("%s on %s: %s FPS by the event-driven model, %s.\nCycles are those of an average engine.", d.Workload, d.Config, number(d.FPS), d.Options),
		of:       "cause", blocks: d.Blocks,
		partsTitle:  "(a) by cause, and its part in the cycles of each engine",
		blocksTitle: "(b) by block, in the order of the network and the colours of (a)",
	}
	for i, c := range d.Causes {
		p := breakdownPart{name: c.Name, cycles: c.Cycles, color: partColor(i), note: fmt.Sprintf("MAT %s, R-MAC %s", percent(c.MAT), percent(c.RMAC))}
		if c.Name == idleCause {
			p.color = shade
		}
		b.parts = append(b.parts, p)
	}
	if err := b.check("stalls of " + d.Workload); err != nil {
		return nil, err
	}
	b.title = d.finding(b.total())
	return b.figure()
}
