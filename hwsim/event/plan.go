// SPDX-License-Identifier: Apache-2.0

package event

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// A plan is the tiles of a step, and what does not depend on when they run.
type plan struct {
	*step
	grid
	loads    loads
	stores   int64
	whole    int64 // what the stretches of all tiles add up to
	room     room
	shapes   map[area][]task // of the tiles of each area
	weights  []int64         // bytes of each piece
	resident bool            // whether they are loaded once, not for every tile
	all      Step            // of all tiles, but for times and stalls
}

// room is the bytes of the input and of the output buffer that are left for tiles.
type room struct{ in, out int64 }

func (f *flow) plan(s *step) (plan, error) {
	p := plan{step: s, grid: f.grid(s), shapes: make(map[area][]task)}
	tiles := p.tiles()
	if n := f.count(&p); n > min(maxTileTasks, maxTasks/tiles) {
		return p, fmt.Errorf("%d tiles with %d tasks each: %w", tiles, n, errTasks)
	}
	p.loads, p.stores, p.whole = f.loads(&p), f.Mul(s.stores, f.pictures), f.Mul(p.height, p.width)
	p.room = f.room(&p)
	// Refused at once, before the steps in front are run with these tiles.
	first, made := p.tile(0, p.loads), p.tile(p.makes(), p.loads)
	switch {
	case max(p.window(p.loads.in), first.loads, made.loads) > p.room.in:
		return p, f.inputTooSmall(&p, first)
	case f.made(&p, made) > p.room.out:
		return p, f.outputTooSmall(&p, made)
	}
	lead := s.lead()
	macs, paper := s.macs()
	p.all = Step{Name: lead.Name, Label: s.label(), Block: lead.Block, MACs: macs * f.pictures, PaperMACs: paper * f.pictures}
	for _, o := range s.ops {
		p.all.Ops = append(p.all.Ops, o.Name)
	}
	traffic := &p.all.Traffic
	for a, times := range p.areas(&f.Checked) {
		p.shapes[a] = f.machine.tasks(s, a)
		for i := range p.shapes[a] {
			k := &p.shapes[a][i]
			f.Inc(&p.all.Compute, f.Mul(times, k.cycles))
			p.all.MAT.add(&k.mat, times, &f.Checked)
			p.all.RMAC.add(&k.rmac, times, &f.Checked)
			ports := Traffic{InputPort: k.demand[InputPort], WeightPort: k.demand[WeightPort], OutputPort: k.demand[OutputPort], DivisorPort: k.demand[DivisorPort]}
			traffic.add(&ports, times, &f.Checked)
		}
		f.Inc(&p.all.OneCopy, f.Mul(times, f.single.cycles(s, a), f.pictures))
	}
	if f.r.Options.FreeMemory {
		return p, nil
	}
	p.weights = f.machine.weightTiles(s)
	for _, b := range p.weights {
		f.Inc(&traffic.WeightLoads, b)
	}
	if p.resident = tiles == 1 || traffic.WeightLoads <= f.weights.capacity; !p.resident {
		traffic.WeightLoads = f.Mul(tiles, traffic.WeightLoads)
	}
	traffic.InputLoads = f.Add(f.Mul(s.passingLoads, f.pictures), f.Add(p.loads.out, p.loads.band))
	for band := range p.bands() {
		f.Inc(&traffic.InputLoads, p.inBand(band, p.loads.in))
	}
	traffic.Stores = f.Mul(s.stores+s.passingStores, f.pictures)
	return p, nil
}

// loads divides the inputs of a step where heads are cut, as the operands are: K and V
// come with the tokens that KᵀV sums over and Q with its outputs; KᵀV, where another
// step made it, stays for all outputs of its heads.
func (f *flow) loads(p *plan) loads {
	l := loads{in: f.Mul(p.step.loads, f.pictures)}
	o := p.engine
	switch {
	case p.lag() > 0:
		q := f.Mul(2, int64(o[1].Rows), int64(o[1].Inner)) // for divisors and dividends
		kv := f.Mul(int64(o[0].Inner), int64(o[0].Rows)+int64(o[0].Cols))
		l.out = count.Share(l.in, q, f.Add(q, kv))
	case p.outputs:
		l.band = count.Share(l.in, int64(o[0].Cols), int64(o[0].Rows)+int64(o[0].Cols))
	}
	l.in -= l.out + l.band
	return l
}

// room returns what the buffers have for the tiles of a step. Where heads are cut, the
// input buffer keeps the second operand of those at work, and the output buffer their
// partial sums; in the intra-layer pipeline also KᵀV of the head before.
func (f *flow) room(p *plan) room {
	if !p.tight || p.mapping == auxiliaryOnly { // single elements need no window
		return room{count.Limit, count.Limit}
	}
	b := &f.r.Config.Buffers
	r := room{kib(b.Input), kib(b.Output)}
	r.in -= count.Up(f.Mul(p.loads.band, p.columns), p.width)
	if p.sums {
		each := int64(partialSum)
		if p.outputs {
			each++
		}
		r.out -= f.Mul(each, p.columns, int64(p.engine[0].Rows), int64(p.engine[0].Cols), f.pictures)
	}
	return r
}

// made returns the bytes that a tile leaves in the output buffer.
func (f *flow) made(p *plan, t tile) int64 {
	bytes := t.out.of(p.stores, p.whole)
	if p.mapping == streamed && p.tight { // what R-MAC leaves for MAT
		bytes = f.Add(bytes, f.Mul(t.rows, t.columns, int64(p.engine[0].Cout), f.pictures))
	}
	return bytes
}

func (f *flow) inputTooSmall(p *plan, t tile) error {
	return fmt.Errorf("buffers.input.kib %d is too small: a tile of %s needs more", f.r.Config.Buffers.Input.KiB, p.size(t.area))
}

func (f *flow) outputTooSmall(p *plan, t tile) error {
	b := f.r.Config.Buffers.Output
	return fmt.Errorf("buffers.output.kib %d is too small: a tile of %s needs %d bytes", b.KiB, p.size(t.area), f.Add(f.made(p, t), kib(b)-p.room.out))
}

// count says how many tasks a tile of the step may have, or pieces of one.
func (f *flow) count(p *plan) int64 {
	switch p.mapping {
	case convolution:
		return f.machine.rounds(p.last())
	case streamed:
		return f.machine.rounds(p.last()) + 1
	case headPipeline:
		if p.sums {
			return f.machine.copies
		}
		return f.Mul(int64(p.engine[0].Heads), f.machine.copies)
	}
	return 1
}

// size is that of a tile, in errors.
func (s *step) size(a area) string {
	switch {
	case a.cut():
		return fmt.Sprintf("%d of the tokens of %d heads", a.rows, a.columns)
	case s.engine[0].Form == workload.Product:
		return fmt.Sprintf("%d heads", a.rows)
	}
	return fmt.Sprintf("%d×%d pixels", a.rows, a.columns)
}
