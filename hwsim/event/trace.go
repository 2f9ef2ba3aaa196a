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

// A Turn is a task at its time. Its work is Plan.Work(Tile, Task).
type Turn struct {
	// Step is the index of the task's step in [Run.Steps] and in the schedule.
	Step int
	Plan *schedule.Plan
	Tile schedule.Tile
	Task schedule.Task
	// Start is the cycle in which the engines begin the task, End the first one
	// behind it.
	Start, End int64
}

// Trace runs a workload as [Simulate] does, and returns with the run the tasks of its
// first round, in the order in which the engines do them. An executor that does the
// work of one turn after the other computes the round's results in its cycles.
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
	_, err = m.round(r.Tiling, m.layout.grids[slices.Index(m.layout.tilings, r.Tiling)], math.MaxInt64)
	return r, turns, err
}
