// SPDX-License-Identifier: Apache-2.0

package event

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/schedule"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// The limits of a step's tasks.
const (
	maxTasks     = 1 << 20 // largest number of tasks of all tiles of a step
	maxTileTasks = 1 << 16 // largest number of tasks of one tile, which are in memory at the same time
)

var errTasks = fmt.Errorf("at most %d tasks, of a tile %d, are allowed: take more pixels to a tile or larger engines", maxTasks, maxTileTasks)

// A plan is a step on a grid with the prices of its tiles. It contains no times.
type plan struct {
	schedule.Plan
	room     room
	prices   map[schedule.Area]*price
	weights  []int64 // bytes of each piece
	resident bool    // weights are loaded once per step, not for every tile
	units    []unitWork
	whole    int64 // work units of the step, summed over the stretches of all tiles
	fills    int64 // number of tasks of the engines, each of which fills their pipelines
	all      Step  // the step's entry in a run, without times and stalls
	err      error // the reason why the step cannot run on this grid
}

// room is the bytes of the input and output buffers that are available for tiles.
type room struct{ in, out int64 }

// unitWork is the number of a picture's elements that an auxiliary unit processes in a
// step.
type unitWork struct {
	unit     Stall
	elements int64
}

// plan returns the plan of a step on a grid, made once for all tilings with this grid.
func (m *machine) plan(i int, g schedule.Grid) *plan {
	p, ok := m.plans[planKey{i, g}]
	if !ok {
		p = m.newPlan(i, g)
		m.plans[planKey{i, g}] = p
	}
	return p
}

func (m *machine) newPlan(i int, g schedule.Grid) *plan {
	s := &m.schedule.Steps[i]
	p := &plan{Plan: m.schedule.PlanOn(s, g), prices: make(map[schedule.Area]*price), units: m.layout.units[i]}
	tiles := p.Tiles()
	if n := m.tasks(p); n > min(maxTileTasks, maxTasks/tiles) {
		p.err = fmt.Errorf("operation %q: %d tiles with %d tasks each: %w", s.Lead().Name, tiles, n, errTasks)
		return p
	}
	p.whole = p.Whole()
	p.room = m.roomFor(p)
	// Refuse a step at once, before earlier steps run with these tiles.
	first, made := p.Tile(0), p.Tile(p.FirstOutputs())
	if demand := max(p.Window(p.Inputs.In), first.Loads, made.Loads); demand > p.room.in {
		p.err = m.inputTooSmall(p, first, demand)
		return p
	}
	if m.made(p, made) > p.room.out {
		p.err = m.outputTooSmall(p, made, m.made(p, made))
		return p
	}
	p.all = m.layout.steps[i]
	p.all.MACs *= m.pictures
	p.all.PaperMACs *= m.pictures
	traffic := &p.all.Traffic
	for a, times := range p.Areas() {
		price := m.prices.of(m.layout.alike[i], s, a)
		p.prices[a] = price
		count.Inc(&p.all.Compute, count.Mul(times, price.compute))
		for i := range price.tasks {
			if price.tasks[i].works() {
				count.Inc(&p.fills, times)
			}
		}
		p.all.MAT.add(&price.mat, times)
		p.all.RMAC.add(&price.rmac, times)
		b := &price.ports
		traffic.add(&Traffic{InputPort: *b.at(InputPort), WeightPort: *b.at(WeightPort), OutputPort: *b.at(OutputPort), DivisorPort: *b.at(DivisorPort)}, times)
		count.Inc(&p.all.OneCopy, count.Mul(times, price.oneCopy, m.pictures))
	}
	if m.options.FreeMemory {
		return p
	}
	p.weights = m.schedule.Engines.Weights(s)
	for _, b := range p.weights {
		count.Inc(&traffic.WeightLoads, b)
	}
	if p.resident = tiles == 1 || traffic.WeightLoads <= m.config.Buffers.Weight.Bytes(); !p.resident {
		traffic.WeightLoads = count.Mul(tiles, traffic.WeightLoads)
	}
	traffic.InputLoads = count.Add(count.Mul(s.PassingLoads, m.pictures), count.Add(p.Inputs.Out, p.Inputs.Band))
	for band := range p.Bands() {
		count.Inc(&traffic.InputLoads, p.InBand(band, p.Inputs.In))
	}
	traffic.Stores = count.Mul(s.Stores+s.PassingStores, m.pictures)
	return p
}

// roomFor returns the room in the buffers for the tiles of a step. Where heads are cut,
// the input buffer also holds the second operand of the current heads, and the output
// buffer their partial sums; in the intra-layer pipeline also KᵀV of the previous head.
func (m *machine) roomFor(p *plan) room {
	if !p.Tight || p.Mapping == schedule.AuxiliaryOnly { // elementwise operations need no window
		return room{count.Limit, count.Limit}
	}
	b := &m.config.Buffers
	r := room{b.Input.Bytes(), b.Output.Bytes()}
	atWork, heads := p.Heads()
	r.in -= count.Up(count.Mul(p.Inputs.Band, atWork), heads)
	if p.Sums() {
		each := int64(partialSum)
		if p.Outputs() {
			each++
		}
		r.out -= count.Mul(each, atWork, int64(p.Engine[0].Rows), int64(p.Engine[0].Cols), m.pictures)
	}
	return r
}

// made returns the bytes of a tile's outputs in the output buffer.
func (m *machine) made(p *plan, t schedule.Tile) int64 {
	bytes := t.Out.Of(p.Stored, p.whole)
	if p.Mapping == schedule.Streamed && p.Tight { // the outputs of R-MAC, which MAT reads
		bytes = count.Add(bytes, count.Mul(t.Rows, t.Columns, int64(p.Engine[0].Cout), m.pictures))
	}
	return bytes
}

// tasks returns an upper bound of the number of tasks, or of pieces of one, in a tile.
func (m *machine) tasks(p *plan) int64 {
	switch p.Mapping {
	case schedule.BothEngines:
		return m.schedule.Engines.Rounds(p.Last())
	case schedule.Streamed:
		return m.schedule.Engines.Rounds(p.Last()) + 1
	case schedule.HeadPipeline:
		if p.Sums() {
			return m.schedule.Engines.Copies
		}
		return count.Mul(int64(p.Engine[0].Heads), m.schedule.Engines.Copies)
	}
	return 1
}

func (m *machine) inputTooSmall(p *plan, t schedule.Tile, demand int64) error {
	b := m.config.Buffers.Input
	return m.tooSmall(p, "buffers.input.kib", b.KiB, demand+b.Bytes()-p.room.in,
		fmt.Sprintf("a tile of %s needs more", areaText(p.Step, t.Area)))
}

func (m *machine) outputTooSmall(p *plan, t schedule.Tile, demand int64) error {
	b := m.config.Buffers.Output
	return m.tooSmall(p, "buffers.output.kib", b.KiB, demand+b.Bytes()-p.room.out,
		fmt.Sprintf("a tile of %s needs %d bytes", areaText(p.Step, t.Area), m.made(p, t)+b.Bytes()-p.room.out))
}

func (m *machine) weightsTooSmall(p *plan, demand int64) error {
	err := m.tooSmall(p, "buffers.weight.kib", m.config.Buffers.Weight.KiB, demand, "a task has weights of more than that")
	err.Levers = append(err.Levers, "mat.lanes", "rmac.lanes")
	if m.config.CopiesShare == arch.Channels {
		err.Levers = append(err.Levers, "copies")
	}
	return err
}

func (m *machine) divisorsTooSmall(p *plan) error {
	err := m.tooSmall(p, "buffers.divisor.kib", m.config.Buffers.Divisor.KiB, m.pictures*int64(m.config.DivisorBytes()),
		fmt.Sprintf("%d pictures have divisors of %d bytes each", m.pictures, m.config.DivisorBytes()))
	if m.config.Division == arch.DividerDivision {
		err.Levers = append(err.Levers, "division")
	}
	return err
}

// tooSmall returns the error for a buffer that is too small. Fewer pictures at the same
// time need less of any buffer.
func (m *machine) tooSmall(p *plan, field string, kib int, demand int64, why string) *hwsim.CapacityError {
	err := &hwsim.CapacityError{Op: p.Lead().Name, Buffer: field, KiB: kib, Demand: demand, Why: why, Levers: []string{field}}
	if m.pictures > 1 {
		err.Levers = append(err.Levers, "copies_share")
	}
	return err
}

// areaText describes the size of a tile in errors.
func areaText(s *schedule.Step, a schedule.Area) string {
	switch {
	case a.Cut():
		return fmt.Sprintf("%d of the tokens of %d heads", a.Rows, a.Columns)
	case s.Engine[0].Form == workload.Product:
		return fmt.Sprintf("%d heads", a.Rows)
	}
	return fmt.Sprintf("%d×%d pixels", a.Rows, a.Columns)
}
