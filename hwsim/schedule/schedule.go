// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"cmp"
	"fmt"
	"iter"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// Options choose what is scheduled. The zero value schedules one picture through the
// backbone, with both pipelines and 8-bit weights.
type Options struct {
	Scope     hwsim.Scope
	Pipelines hwsim.Pipelines
	// Pictures is the number of pictures that run at the same time, 0 means 1: more than
	// one only where copies share a batch.
	Pictures int64
	// WeightBits is the width of the weights of operations without their own width, from 1
	// to 8; 0 means 8. WeightBitsOf overrides both, by operation.
	WeightBits   int
	WeightBitsOf map[string]int
	// FreeMemory makes the buffers unlimited, so that each step is one tile and no
	// tensor leaves the chip.
	FreeMemory bool
}

// A Schedule holds the steps of a workload, and the engines that decide the tasks of their
// tiles. It does not change. Several goroutines may share it.
type Schedule struct {
	Steps []Step
	// Host are the operations of the scope for which the accelerator has no unit.
	Host       []hwsim.Omission
	Engines    Engines
	freeMemory bool
}

// New schedules a valid workload on a valid configuration. An error reports that no
// operation of the scope runs on the accelerator, or that the workload is too large to
// count.
func New(w *workload.Workload, c arch.Config, o Options) (s *Schedule, err error) {
	defer count.Catch(&err)
	o.Scope, o.Pictures, o.WeightBits = cmp.Or(o.Scope, hwsim.Backbone), max(1, o.Pictures), cmp.Or(o.WeightBits, 8)
	s = &Schedule{freeMemory: o.FreeMemory, Engines: Engines{MAT: c.MAT, RMAC: c.RMAC, Depthwise: c.Depthwise, Share: c.CopiesShare, Copies: int64(c.Copies),
		Pictures: o.Pictures, MultiplierBits: int64(c.MultiplierBits), WeightBits: o.WeightBits, WeightBitsOf: o.WeightBitsOf}}
	s.Steps, s.Host = cut(w, c.Depthwise, o.Scope, o.Pipelines)
	if len(s.Steps) == 0 {
		return nil, fmt.Errorf("no operation of the %s runs on the accelerator", o.Scope)
	}
	if !o.FreeMemory {
		place(s.Steps, tensors(w, s.Steps), c.Buffers.Capacity()/o.Pictures)
	}
	return s, nil
}

// A Plan is a step cut into tiles.
type Plan struct {
	*Step
	Grid
	// Inputs are the bytes that the step loads, for all pictures that run at the same
	// time. Stored are the bytes of its outputs that it stores.
	Inputs Loads
	Stored int64
	engine *Engines
}

// Plan cuts a step of the schedule into tiles.
func (s *Schedule) Plan(step *Step, t Tiling) Plan { return s.PlanOn(step, s.Grid(step, t)) }

// Grid returns the tiles of a step. Several tilings may have the same grid.
func (s *Schedule) Grid(step *Step, t Tiling) Grid { return s.grid(step, t) }

// PlanOn returns the plan of a step on one of its grids.
func (s *Schedule) PlanOn(step *Step, g Grid) Plan {
	p := Plan{Step: step, Grid: g, Stored: count.Mul(step.Stores, s.Engines.Pictures), engine: &s.Engines}
	p.Inputs = p.divide(count.Mul(step.Loads, s.Engines.Pictures))
	return p
}

// divide splits the bytes of a step's inputs where heads are cut, in proportion to the
// sizes of the operands. K and V are loaded with the tokens that KᵀV sums over, Q with the
// outputs. A KᵀV that another step made stays for all outputs of its heads.
func (p *Plan) divide(bytes int64) Loads {
	l := Loads{In: bytes}
	o := p.Engine
	switch {
	case p.lag() > 0:
		q := count.Mul(2, int64(o[1].Rows), int64(o[1].Inner)) // elements that divisors and dividends read
		kv := count.Mul(int64(o[0].Inner), int64(o[0].Rows)+int64(o[0].Cols))
		l.Out = count.Share(l.In, q, count.Add(q, kv))
	case p.outputs:
		l.Band = count.Share(l.In, int64(o[0].Cols), int64(o[0].Rows)+int64(o[0].Cols))
	}
	l.In -= l.Out + l.Band
	return l
}

// All returns the tiles in their order.
func (p *Plan) All() iter.Seq[Tile] {
	return func(yield func(Tile) bool) {
		for n := range p.Tiles() {
			if !yield(p.Tile(n)) {
				return
			}
		}
	}
}

// Tasks returns the tasks of a tile of some area, in their order.
func (p *Plan) Tasks(a Area) []Task {
	tasks, _ := p.engine.Tasks(p.Step, a)
	return tasks
}
