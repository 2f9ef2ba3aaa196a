// SPDX-License-Identifier: Apache-2.0

package event

import (
	"fmt"
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/schedule"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// A Turn is a task with its time. Its work is Plan.Work(Tile, Task).
type Turn struct {
	// Step is the index of the task's step in [Run.Steps] and in the schedule.
	Step int
	Plan *schedule.Plan
	Tile schedule.Tile
	Task schedule.Task
	// Start is the cycle in which the engines begin the task, End the first cycle after
	// it.
	Start, End int64
}

// Trace runs a workload as [Simulate] does, and also returns the tasks of its first round
// in the engines' order. Doing the turns in this order computes the results of the first
// round. The last turn ends at the round's cycles less the drain, in which its last
// results are still being stored.
func Trace(w *workload.Workload, c arch.Config, o Options) (r *Run, turns []Turn, err error) {
	p, err := prepare(w, o)
	if err != nil {
		return nil, nil, err
	}
	if r, err = p.on(c); err != nil {
		return nil, nil, err
	}
	defer count.Catch(&err)
	m, err := p.machine(&c, p.firstPictures(&c), &p.options)
	if err != nil {
		return nil, nil, fmt.Errorf("simulate: workload %q: %w", w.Name, err)
	}
	m.turns = &turns
	again, err := m.round(r.Tiling, m.layout.grids[slices.Index(m.layout.tilings, r.Tiling)], math.MaxInt64)
	if err != nil {
		return nil, nil, fmt.Errorf("simulate: workload %q: %w", w.Name, err)
	}
	if again.end != r.RoundCycles || again.end-again.drain != turns[len(turns)-1].End {
		return nil, nil, fmt.Errorf("simulate: workload %q: its tasks end at cycle %d and their stores at %d, the run has %d cycles", w.Name, turns[len(turns)-1].End, again.end, r.RoundCycles)
	}
	return r, turns, nil
}
