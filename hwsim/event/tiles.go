// SPDX-License-Identifier: Apache-2.0

package event

import (
	"math/bits"
	"slices"

	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// A tiling is how all steps of a round are cut into tiles of about so many pixels:
// whole rows, or where bytes is not 0, rectangles whose inputs and outputs have no
// more than that. Heads are whole, or where cutHeads is set, of no more bytes either.
type tiling struct {
	pixels, bytes int64
	cutHeads      bool
}

// tilings lists what to try: whole rows, then rectangles, then rectangles with parts
// of heads, each the largest first. Of equals the first is taken. The list does not
// depend on the buffers, so that larger ones have at least the choice of smaller ones.
//
// One tile per step is the fastest where memory is free: the rest of a division
// by copies is lost once.
func (f *flow) tilings(list []*step) []tiling {
	pixels, most, least := int64(1), 1.0, float64(count.Limit)
	heads, token := 0.0, float64(count.Limit) // bytes of the largest tile of heads, and of the smallest token
	for _, s := range list {
		if len(s.engine) == 0 {
			continue
		}
		o, each := s.engine[0], f.bytes(s)
		units := f.Mul(int64(o.H), int64(o.W))
		size := units
		if o.Form == workload.Product {
			units = int64(o.Heads)
			size = f.Mul(units+1, longest(o))
			n, _, _ := s.tokens()
			heads, token = max(heads, each*float64(s.abreast())), min(token, each/float64(n))
		}
		pixels, most, least = max(pixels, size), max(most, float64(units)*each), min(least, each)
	}
	given := int64(f.r.Options.TilePixels)
	if given > 0 {
		pixels = given
	}
	all := []tiling{{pixels: pixels}}
	if f.r.Options.FreeMemory {
		return all
	}
	for size := int64(1 << 6); size < pixels && given == 0; size <<= 2 {
		all = slices.Insert(all, 1, tiling{pixels: size})
	}
	// Down to single pixels, and to single tokens.
	for _, size := range sizes(most, least) {
		all = append(all, tiling{pixels: pixels, bytes: size})
	}
	for _, size := range sizes(heads, token) {
		all = append(all, tiling{pixels: pixels, bytes: size, cutHeads: true})
	}
	return all
}

// sizes lists those from below the most to not above the least, each a quarter of the
// one before.
func sizes(most, least float64) []int64 {
	size := int64(2)
	for float64(4*size) < most {
		size *= 4
	}
	var list []int64
	for ; size > 0 && float64(4*size) > least; size /= 4 {
		list = append(list, size)
	}
	return list
}

// longest returns the rows of a matrix product's larger operand.
func longest(o *workload.Operation) int64 { return int64(max(o.Rows, o.Inner)) }

// tokens returns along what the heads of a step's products can be cut, and how: as
// the inner size of KᵀV, which sums over them, as the rows of what they are multiplied
// with, which are outputs of their own, or in the intra-layer pipeline both. Of an
// unnamed product it is the longer side.
func (s *step) tokens() (n int64, sums, outputs bool) {
	switch o := s.engine[0]; {
	case s.mapping == headPipeline:
		return int64(o.Inner), true, true
	case o.Inner > o.Rows:
		return int64(o.Inner), true, false
	default:
		return int64(o.Rows), false, true
	}
}

// abreast returns the heads that a tile has at least: one for each engine that works
// on heads of its own.
func (s *step) abreast() int64 {
	if s.mapping == halved {
		return min(2, int64(s.engine[0].Heads))
	}
	return 1
}

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
// from the left to the right. Where heads are cut, a band is a head or two, and its
// tiles are parts of the tokens.
type grid struct {
	height, width int64 // of the outputs, or heads and 1, or tokens and heads
	rows, columns int64 // of a tile
	halo          int64 // outputs around a tile whose inputs it needs, too
	// sums and outputs say of heads that are cut what their tokens are: summed over
	// in KᵀV, or outputs. In the intra-layer pipeline they are both, the outputs a
	// band behind.
	sums, outputs bool
}

// grid cuts a step. The sides of a rectangle are powers of two, which lanes and
// copies divide most often, and so are parts of heads.
func (f *flow) grid(s *step) grid {
	if s.mapping == auxiliaryOnly {
		return grid{height: 1, width: 1, rows: 1, columns: 1}
	}
	o, size, each := s.engine[0], f.tiling.pixels, f.bytes(s)
	fits := int64(count.Limit) // pixels or heads that the bytes allow
	if f.tiling.bytes > 0 {
		fits = max(1, int64(float64(f.tiling.bytes)/each))
	}
	if heads := int64(o.Heads); o.Form == workload.Product {
		abreast := s.abreast()
		if least := each * float64(abreast); f.tiling.cutHeads && least > float64(f.tiling.bytes) {
			n, sums, outputs := s.tokens()
			part := max(1, int64(float64(f.tiling.bytes)*float64(n)/least))
			part = min(n, 1<<(bits.Len64(uint64(part))-1))
			return grid{height: n, width: heads, rows: part, columns: abreast, sums: sums, outputs: outputs}
		}
		rows := max(1, min(size/longest(o), fits))
		if s.mapping == halved { // an even number, one half for each engine
			rows = 2 * max(1, rows/2)
		}
		return grid{height: heads, width: 1, rows: min(heads, rows), columns: 1}
	}
	height, columns := int64(o.H), int64(o.W)
	if f.tiling.bytes > 0 {
		places := bits.Len64(uint64(min(size, fits))) - 1
		size = 1 << places
		columns = min(columns, 1<<((places+1)/2))
	}
	return grid{height: height, width: int64(o.W), rows: min(height, max(1, size/columns)), columns: columns,
		halo: count.Up(int64(o.Kernel-1)/2, int64(o.Stride))}
}

// tiles returns how many there are, down those of a band, and bands how many of these.
func (g *grid) tiles() int64 { return g.down() * g.bands() }
func (g *grid) down() int64  { return count.Up(g.height, g.rows) }
func (g *grid) bands() int64 { return count.Up(g.width, g.columns) + g.lag() }

// lag returns by how many bands outputs are behind what they need.
func (g *grid) lag() int64 {
	if g.sums && g.outputs {
		return 1
	}
	return 0
}

// An area is rows and columns of outputs, or heads and 1, or a part of the tokens of
// some heads.
type area struct {
	rows, columns int64
	// sums says that a part adds to KᵀV of its heads, first and last that it is the
	// first and the last which does. outputs says that it makes outputs by itself: in
	// the intra-layer pipeline those of the head before. Whole heads have none of these.
	sums, first, last, outputs bool
}

// cut says whether the area is a part of heads.
func (a area) cut() bool { return a.sums || a.outputs }

// of returns an operation with no more tokens than the area has.
func (a area) of(o *workload.Operation, sums bool) *workload.Operation {
	if !a.cut() {
		return o
	}
	part := *o
	if sums {
		part.Inner = int(a.rows)
	} else {
		part.Rows = int(a.rows)
	}
	return &part
}

// partialSum is the bytes of an accumulator that waits for further tokens.
const partialSum = 4

// written returns what passes the output port for each of a product's outputs: the
// output, or a partial sum which the parts before left and which the next takes up.
func (a area) written() int64 {
	n := int64(1)
	if a.sums && !a.last {
		n = partialSum
	}
	if a.sums && !a.first {
		n += partialSum
	}
	return n
}

// A stretch is outputs of one channel, heads, or tokens of all heads: those between
// what is done before a tile and after it.
type stretch struct{ from, to int64 }

// of returns what a stretch has of so many bytes or elements of the whole.
func (s stretch) of(n, whole int64) int64 {
	return count.Share(n, s.to, whole) - count.Share(n, s.from, whole)
}

// loads are the bytes of a step's inputs by when its tiles need them: with what they
// take in, with their outputs, or from the first to the last outputs of a band.
type loads struct{ in, out, band int64 }

// A tile is a rectangle of a step's outputs, or a part of heads.
type tile struct {
	area
	in, out  stretch // what it takes in and what it makes: the same but for parts of heads
	band     int64
	loads    int64 // bytes of its inputs that the tiles above have not brought
	resident int64 // and of those that stay until its band ends
	ends     bool  // it is the last of its band
}

// tile returns one of the tiles of a step that loads so many bytes of inputs. The
// rows that a band's tiles have in common are loaded once, the columns that bands
// have in common for each of them.
func (g *grid) tile(n int64, l loads) tile {
	t := tile{area: g.area(n), in: g.stretch(n), band: n / g.down(), loads: g.brings(n, l.in), ends: n%g.down() == g.down()-1}
	t.out = t.in
	switch {
	case g.lag() > 0:
		t.out = stretch{}
		if behind := n - g.down(); behind >= 0 {
			t.out = g.stretch(behind)
			t.loads += g.brings(behind, l.out)
		}
	case g.sums: // outputs are there when the last tokens are in
		t.out = stretch{g.height * t.band * g.columns, g.height * t.band * g.columns}
		if t.ends {
			t.out.to = t.in.to
		}
	case g.outputs && n%g.down() == 0:
		t.resident = g.inBand(t.band, l.band)
	}
	return t
}

// corners returns where a tile begins and ends. The bands that lag behind have no
// columns.
func (g *grid) corners(n int64) (left, top, right, bottom int64) {
	left, top = n/g.down()*g.columns, n%g.down()*g.rows
	return left, top, max(left, min(left+g.columns, g.width)), min(top+g.rows, g.height)
}

func (g *grid) area(n int64) area {
	left, top, right, bottom := g.corners(n)
	a := area{rows: bottom - top, columns: right - left}
	if g.lag() > 0 {
		a.columns = g.columns
	}
	if a.sums = g.sums && left < g.width; a.sums {
		a.first, a.last = top == 0, bottom == g.height
	}
	a.outputs = g.outputs && n/g.down() >= g.lag()
	return a
}

// stretch returns what a tile takes in.
func (g *grid) stretch(n int64) stretch {
	left, top, right, bottom := g.corners(n)
	from := g.height*left + top*(right-left)
	return stretch{from, from + (bottom-top)*(right-left)}
}

// brings returns what a tile loads of so many bytes.
func (g *grid) brings(n, loads int64) int64 {
	_, top, _, bottom := g.corners(n)
	band := g.inBand(n/g.down(), loads)
	brings := count.Share(band, bottom+g.halo, g.height)
	if top > 0 {
		brings -= count.Share(band, top+g.halo, g.height)
	}
	return brings
}

// inBand returns what a band has of so many bytes of inputs.
func (g *grid) inBand(band, loads int64) int64 {
	left := band * g.columns
	return count.Share(loads, left+g.columns+g.halo, g.width) - count.Share(loads, max(0, left-g.halo), g.width)
}

// areas returns those of the tiles, each with how many have it.
func (g *grid) areas(m *count.Checked) map[area]int64 {
	areas := make(map[area]int64)
	for _, across := range distinct(g.bands()) {
		for _, down := range distinct(g.down()) {
			a := g.area(across.at*g.down() + down.at)
			areas[a] = m.Add(areas[a], m.Mul(across.times, down.times))
		}
	}
	return areas
}

type among struct{ at, times int64 }

// distinct returns the first of n, one for all between, and the last: no others differ.
func distinct(n int64) []among {
	list := []among{{0, 1}, {1, n - 2}, {n - 1, 1}}
	switch n {
	case 1:
		return list[:1]
	case 2:
		return slices.Delete(list, 1, 2)
	}
	return list
}

// overlap returns how many of the tiles below need inputs that a tile brought.
func (g *grid) overlap() int { return int(count.Up(2*g.halo, g.rows)) }

// window returns what the buffer holds at once of so many bytes of inputs: of the
// middle band, which has neighbours if any has, the rows down to the first that leave.
func (g *grid) window(loads int64) int64 {
	return count.Share(g.inBand((g.bands()-1)/2, loads), (int64(g.overlap())+1)*g.rows+g.halo, g.height)
}

// makes returns the first tile that makes outputs.
func (g *grid) makes() int64 {
	switch {
	case g.lag() > 0:
		return g.down()
	case g.sums:
		return g.down() - 1
	}
	return 0
}
