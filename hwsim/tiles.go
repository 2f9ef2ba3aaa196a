// SPDX-License-Identifier: Apache-2.0

package hwsim

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// A tiling is how all steps of a round are cut into tiles of about so many pixels:
// whole rows, or where bytes is not 0, rectangles whose inputs and outputs have no
// more than that.
type tiling struct{ pixels, bytes int64 }

// tilings lists what to try: whole rows, then rectangles, each the largest first.
// Of equals the first is taken. The list does not depend on the buffers, so that
// larger ones have at least the choice of smaller ones.
//
// One tile per step is the fastest where memory is free: the rest of a division
// by copies is lost once.
func (f *flow) tilings(list []*step) []tiling {
	pixels, most, least := int64(1), 1.0, float64(limit)
	for _, s := range list {
		if len(s.engine) == 0 {
			continue
		}
		o, each := s.engine[0], f.bytes(s)
		units := f.mul(int64(o.H), int64(o.W))
		size := units
		if o.Form == workload.Product {
			units = int64(o.Heads)
			size = f.mul(units+1, tokens(o))
		}
		pixels, most, least = max(pixels, size), max(most, float64(units)*each), min(least, each)
	}
	given := int64(f.r.Options.TilePixels)
	if given > 0 {
		pixels = given
	}
	all := []tiling{{pixels, 0}}
	if f.r.Options.FreeMemory {
		return all
	}
	for size := int64(1 << 6); size < pixels && given == 0; size <<= 2 {
		all = slices.Insert(all, 1, tiling{size, 0})
	}
	size := int64(2)
	for float64(4*size) < most {
		size *= 4
	}
	for ; size > 0 && float64(4*size) > least; size /= 4 { // until tiles are single pixels
		all = append(all, tiling{pixels, size})
	}
	return all
}

// tokens are the rows of a matrix product's larger operand.
func tokens(o *workload.Operation) int64 { return int64(max(o.Rows, o.Inner)) }

// bytes returns those of the inputs and outputs of one pixel or head of a step.
func (f *flow) bytes(s *step) float64 {
	n := 0.0
	for i, o := range s.engine {
		if o.Form == workload.Product {
			rows, inner, cols := float64(o.Rows), float64(o.Inner), float64(o.Cols)
			n += rows*inner + inner*cols + rows*cols
			continue
		}
		if i == 0 {
			n += float64(o.Cin) * float64(o.Groups) * float64(o.Stride) * float64(o.Stride)
		}
		n += float64(o.Cout)
	}
	return n * float64(f.pictures)
}

// A grid is the tiles of one step. They follow one another downwards, in bands
// from the left to the right.
type grid struct {
	height, width int64 // of the outputs, or heads and 1
	rows, columns int64 // of a tile
	halo          int64 // outputs around a tile whose inputs it needs, too
}

// grid cuts a step. The sides of a rectangle are powers of two, which lanes and
// copies divide most often.
func (f *flow) grid(s *step) grid {
	if s.mapping == auxiliaryOnly {
		return grid{1, 1, 1, 1, 0}
	}
	o, size := s.engine[0], f.tiling.pixels
	fits := int64(limit) // pixels or heads that the bytes allow
	if f.tiling.bytes > 0 {
		fits = max(1, int64(float64(f.tiling.bytes)/f.bytes(s)))
	}
	if heads := int64(o.Heads); o.Form == workload.Product {
		rows := max(1, min(size/tokens(o), fits))
		if s.mapping == halved { // an even number, one half for each engine
			rows = 2 * max(1, rows/2)
		}
		return grid{heads, 1, min(heads, rows), 1, 0}
	}
	height, columns := int64(o.H), int64(o.W)
	if f.tiling.bytes > 0 {
		places := bits.Len64(uint64(min(size, fits))) - 1
		size = 1 << places
		columns = min(columns, 1<<((places+1)/2))
	}
	return grid{height, int64(o.W), min(height, max(1, size/columns)), columns, up(int64(o.Kernel-1)/2, int64(o.Stride))}
}

// tiles returns how many there are, down those of a band.
func (g *grid) tiles() int64 { return g.down() * up(g.width, g.columns) }
func (g *grid) down() int64  { return up(g.height, g.rows) }

// An area is rows and columns of outputs, or heads and 1.
type area struct{ rows, columns int64 }

// A tile is a rectangle of a step's outputs.
type tile struct {
	area
	from, to int64 // outputs of one channel, or heads, that are done before and after it
	loads    int64 // bytes of its inputs that the tiles above have not brought
	ends     bool  // it is the last of its band
}

// tile returns one of the tiles of a step that loads so many bytes of inputs. The
// rows that a band's tiles have in common are loaded once, the columns that bands
// have in common for each of them.
func (g *grid) tile(n, loads int64) tile {
	left, top := n/g.down()*g.columns, n%g.down()*g.rows
	right, bottom := min(left+g.columns, g.width), min(top+g.rows, g.height)
	t := tile{area: area{bottom - top, right - left}, ends: bottom == g.height}
	t.from = g.height*left + top*t.columns
	t.to = t.from + t.rows*t.columns
	band := g.band(n, loads)
	t.loads = share(band, bottom+g.halo, g.height)
	if top > 0 {
		t.loads -= share(band, top+g.halo, g.height)
	}
	return t
}

// band returns what the band of a tile has of the step's inputs.
func (g *grid) band(n, loads int64) int64 {
	left := n / g.down() * g.columns
	return share(loads, left+g.columns+g.halo, g.width) - share(loads, max(0, left-g.halo), g.width)
}

// overlap returns how many of the tiles below need inputs that a tile brought.
func (g *grid) overlap() int { return int(up(2*g.halo, g.rows)) }

// A plan is the tiles of a step, and what does not depend on when they run.
type plan struct {
	*step
	grid
	shapes   map[area][]task // of the tiles of each area
	weights  []int64         // bytes of each piece
	resident bool            // whether they are loaded once, not for every tile
	all      Step            // of all tiles, but for times and stalls
}

func (f *flow) plan(s *step) (plan, error) {
	p := plan{step: s, grid: f.grid(s), shapes: make(map[area][]task)}
	tiles := p.tiles()
	if n := f.count(s); n > min(maxTileTasks, maxTasks/tiles) {
		return p, fmt.Errorf("%d tiles with %d tasks each: %w", tiles, n, errTasks)
	}
	// Refused at once, before the steps in front are run with these tiles.
	if t := p.tile(0, f.mul(s.loads, f.pictures)); s.tight && s.mapping != auxiliaryOnly && t.loads > kib(f.r.Config.Buffers.Input) {
		return p, f.inputTooSmall(s, t)
	}
	lead := s.lead()
	macs, paper := s.macs()
	p.all = Step{Name: lead.Name, Label: s.label(), Block: lead.Block, MACs: macs * f.pictures, PaperMACs: paper * f.pictures}
	for _, o := range s.ops {
		p.all.Ops = append(p.all.Ops, o.Name)
	}
	traffic := &p.all.Traffic
	for _, down := range pieces(p.height, p.rows) { // full ones, and those at the border
		for _, across := range pieces(p.width, p.columns) {
			a, times := area{down.size, across.size}, f.mul(down.times, across.times)
			p.shapes[a] = f.machine.tasks(s, a)
			for i := range p.shapes[a] {
				k := &p.shapes[a][i]
				f.inc(&p.all.Compute, f.mul(times, k.cycles))
				p.all.MAT.add(&k.mat, times, &f.checked)
				p.all.RMAC.add(&k.rmac, times, &f.checked)
				ports := Traffic{InputPort: k.demand[InputPort], WeightPort: k.demand[WeightPort], OutputPort: k.demand[OutputPort], DivisorPort: k.demand[DivisorPort]}
				traffic.add(&ports, times, &f.checked)
			}
			f.inc(&p.all.OneCopy, f.mul(times, f.single.cycles(s, a), f.pictures))
		}
	}
	if f.r.Options.FreeMemory {
		return p, nil
	}
	p.weights = f.machine.weightTiles(s)
	for _, b := range p.weights {
		f.inc(&traffic.WeightLoads, b)
	}
	if p.resident = tiles == 1 || traffic.WeightLoads <= f.weights.capacity; !p.resident {
		traffic.WeightLoads = f.mul(tiles, traffic.WeightLoads)
	}
	loads := f.mul(s.loads, f.pictures)
	traffic.InputLoads = f.mul(s.passingLoads, f.pictures)
	for n := int64(0); n < tiles; n += p.down() {
		f.inc(&traffic.InputLoads, p.band(n, loads))
	}
	traffic.Stores = f.mul(s.stores+s.passingStores, f.pictures)
	return p, nil
}

// count says how many tasks a tile of the step may have, or pieces of one.
func (f *flow) count(s *step) int64 {
	switch s.mapping {
	case convolution:
		return f.machine.rounds(s.last())
	case streamed:
		return f.machine.rounds(s.last()) + 1
	case headPipeline:
		return f.mul(int64(s.engine[0].Heads), f.machine.copies)
	}
	return 1
}

type extent struct{ size, times int64 }

// pieces cuts a length into pieces of one size and a rest.
func pieces(length, size int64) []extent {
	list := []extent{{size, length / size}}
	if rest := length % size; rest > 0 {
		list = append(list, extent{rest, 1})
	}
	return list
}

// size is that of a tile, in errors.
func (s *step) size(a area) string {
	if s.engine[0].Form == workload.Product {
		return fmt.Sprintf("%d heads", a.rows)
	}
	return fmt.Sprintf("%d×%d pixels", a.rows, a.columns)
}
