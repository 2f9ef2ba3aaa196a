// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"math/bits"
	"slices"

	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// A Tiling is the size of tiles, one for all steps of a run.
type Tiling struct {
	// Pixels is about how many output pixels a tile has, in whole rows. Where Bytes
	// is not 0, tiles are rectangles whose inputs and outputs have at most so many
	// bytes, or heads that have no more.
	Pixels, Bytes int64
	// CutHeads says that a tile has a part of a head where the head has more than
	// Bytes.
	CutHeads bool
}

// Tilings lists what a search tries: whole rows, then rectangles, then rectangles
// with parts of heads, each the largest first. Of equals the first is taken. The
// list does not depend on the buffers, so that larger ones have at least the choice
// of smaller ones. If given is not 0, rows have about so many pixels.
//
// One tile per step is the fastest where memory is free: the rest of a division
// by copies is lost once.
func (s *Schedule) Tilings(given int64) []Tiling {
	pixels, most, least := int64(1), 1.0, float64(count.Limit)
	heads, token := 0.0, float64(count.Limit) // bytes of the largest tile of heads, and of the smallest token
	for i := range s.Steps {
		step := &s.Steps[i]
		if len(step.Engine) == 0 {
			continue
		}
		o, each := step.Engine[0], s.unitBytes(step)
		var units, size int64
		if o.Form == workload.Product {
			units = int64(o.Heads)
			size = count.Mul(units+1, longest(o))
			n, _, _ := step.tokens()
			heads, token = max(heads, each*float64(step.abreast())), min(token, each/float64(n))
		} else {
			units = count.Mul(int64(o.H), int64(o.W))
			size = units
		}
		pixels, most, least = max(pixels, size), max(most, float64(units)*each), min(least, each)
	}
	if given > 0 {
		pixels = given
	}
	all := []Tiling{{Pixels: pixels}}
	if s.freeMemory {
		return all
	}
	for size := int64(1 << 6); size < pixels && given == 0; size <<= 2 {
		all = slices.Insert(all, 1, Tiling{Pixels: size})
	}
	// Down to single pixels, and to single tokens.
	for _, size := range sizes(most, least) {
		all = append(all, Tiling{Pixels: pixels, Bytes: size})
	}
	for _, size := range sizes(heads, token) {
		all = append(all, Tiling{Pixels: pixels, Bytes: size, CutHeads: true})
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

// tokens returns along which side a step's heads can be cut, and how: sums where it
// is the inner size of KᵀV, which adds over the tokens; outputs where it is the rows
// of the product, which each have outputs of their own. The intra-layer pipeline has
// both. Of an unnamed product it is the longer side.
func (s *Step) tokens() (n int64, sums, outputs bool) {
	switch o := s.Engine[0]; {
	case s.Mapping == HeadPipeline:
		return int64(o.Inner), true, true
	case o.Inner > o.Rows:
		return int64(o.Inner), true, false
	default:
		return int64(o.Rows), false, true
	}
}

// abreast returns the heads that a tile has at least: one for each engine that works
// on heads of its own.
func (s *Step) abreast() int64 {
	if s.Mapping == HalvedHeads {
		return min(2, int64(s.Engine[0].Heads))
	}
	return 1
}

// unitBytes returns the bytes of the inputs and outputs of one pixel or head of a
// step, of all pictures that run at once.
func (s *Schedule) unitBytes(step *Step) float64 {
	n := 0.0
	for i, o := range step.Engine {
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
	return n * float64(s.Engines.Pictures)
}

// A Grid is the tiles of one step. They follow one another downwards, in bands
// from the left to the right. Where heads are cut, a band is a head or two, and its
// tiles are parts of the tokens.
type Grid struct {
	height, width int64 // of the outputs, or heads and 1, or tokens and heads
	rows, columns int64 // of a tile
	halo          int64 // outputs around a tile whose inputs it needs, too
	// sums and outputs say of cut heads what their tokens are: summed over in KᵀV,
	// or outputs. In the intra-layer pipeline they are both, the outputs a band
	// behind the sums.
	sums, outputs bool
}

// grid cuts a step. The sides of a rectangle are powers of two, which lanes and
// copies divide most often, and so are parts of heads.
func (s *Schedule) grid(step *Step, t Tiling) Grid {
	if step.Mapping == AuxiliaryOnly {
		return Grid{height: 1, width: 1, rows: 1, columns: 1}
	}
	o, size, each := step.Engine[0], t.Pixels, s.unitBytes(step)
	fits := int64(count.Limit) // pixels or heads that the bytes allow
	if t.Bytes > 0 {
		fits = max(1, int64(float64(t.Bytes)/each))
	}
	if heads := int64(o.Heads); o.Form == workload.Product {
		abreast := step.abreast()
		if least := each * float64(abreast); t.CutHeads && least > float64(t.Bytes) {
			n, sums, outputs := step.tokens()
			part := max(1, int64(float64(t.Bytes)*float64(n)/least))
			part = min(n, 1<<(bits.Len64(uint64(part))-1))
			return Grid{height: n, width: heads, rows: part, columns: abreast, sums: sums, outputs: outputs}
		}
		rows := max(1, min(size/longest(o), fits))
		if step.Mapping == HalvedHeads { // an even number, one half for each engine
			rows = 2 * max(1, rows/2)
		}
		return Grid{height: heads, width: 1, rows: min(heads, rows), columns: 1}
	}
	height, columns := int64(o.H), int64(o.W)
	if t.Bytes > 0 {
		places := bits.Len64(uint64(min(size, fits))) - 1
		size = 1 << places
		columns = min(columns, 1<<((places+1)/2))
	}
	return Grid{height: height, width: int64(o.W), rows: min(height, max(1, size/columns)), columns: columns,
		halo: count.Up(int64(o.Kernel-1)/2, int64(o.Stride))}
}

// Tiles returns how many tiles there are, Bands how many bands of them.
func (g *Grid) Tiles() int64 { return g.down() * g.Bands() }

// Bands returns how many bands of tiles there are.
func (g *Grid) Bands() int64 { return count.Up(g.width, g.columns) + g.lag() }

// down returns the tiles of a band.
func (g *Grid) down() int64 { return count.Up(g.height, g.rows) }

// lag returns by how many bands outputs are behind the sums that they need.
func (g *Grid) lag() int64 {
	if g.sums && g.outputs {
		return 1
	}
	return 0
}

// Sums says that heads are cut along tokens that KᵀV sums over. Outputs says that
// they are cut along tokens that have outputs of their own.
func (g *Grid) Sums() bool { return g.sums }

// Outputs is explained at [Grid.Sums].
func (g *Grid) Outputs() bool { return g.outputs }

// Heads returns the heads that are at work at once where heads are cut, and of how
// many.
func (g *Grid) Heads() (atWork, all int64) { return g.columns, g.width }

// Whole returns the units of work of the whole step: pixels, heads, or tokens of
// all heads. The stretches of all tiles add up to it.
func (g *Grid) Whole() int64 { return count.Mul(g.height, g.width) }

// An Area is the size of a tile: rows and columns of outputs, or heads and 1, or
// tokens and the heads that they are of.
type Area struct {
	Rows, Columns int64
	// Sums says that a part of heads adds to KᵀV of its heads; First and Last that
	// it is the first and the last of them that does. Outputs says that it makes
	// outputs of its tokens: in the intra-layer pipeline those of the band before.
	// Whole heads and pixels have none of these.
	Sums, First, Last, Outputs bool
}

// Cut says whether the area is a part of heads.
func (a Area) Cut() bool { return a.Sums || a.Outputs }

// A Stretch is the half-open range of work units that a tile completes: pixels,
// heads, or tokens of all heads.
type Stretch struct{ From, To int64 }

// Of returns how much of n, bytes or elements of the whole step, a stretch has.
func (s Stretch) Of(n, whole int64) int64 {
	return count.Share(n, s.To, whole) - count.Share(n, s.From, whole)
}

// Loads splits the bytes of a step's inputs by when they must be resident: with
// the tile that takes them in, with the tile that makes outputs of them, or for a
// whole band.
type Loads struct{ In, Out, Band int64 }

// A Tile is a rectangle of a step's outputs, some heads, or a part of heads.
type Tile struct {
	Area
	// Index counts the tiles of the step, Band is that of the tile.
	Index, Band int64
	// In is what the tile takes in and Out what it completes: the same but for
	// parts of heads.
	In, Out Stretch
	// Loads are the bytes of the tile's inputs that the tiles before have not
	// brought; Resident are bytes that the tile brings for all of its band.
	Loads, Resident int64
	// Ends says that the tile is the last of its band.
	Ends bool
}

// Tile returns a tile of the plan. The rows that a band's tiles have in common are
// loaded once, the columns that bands have in common for each of them.
func (p *Plan) Tile(n int64) Tile {
	g := &p.Grid
	t := Tile{Area: g.area(n), Index: n, Band: n / g.down(), In: g.stretch(n), Loads: g.brings(n, p.Inputs.In), Ends: n%g.down() == g.down()-1}
	t.Out = t.In
	switch {
	case g.lag() > 0:
		t.Out = Stretch{}
		if behind := n - g.down(); behind >= 0 {
			t.Out = g.stretch(behind)
			t.Loads += g.brings(behind, p.Inputs.Out)
		}
	case g.sums: // outputs are there when the last tokens are in
		t.Out = Stretch{g.height * t.Band * g.columns, g.height * t.Band * g.columns}
		if t.Ends {
			t.Out.To = t.In.To
		}
	case g.outputs && n%g.down() == 0:
		t.Resident = g.InBand(t.Band, p.Inputs.Band)
	}
	return t
}

// corners returns where a tile begins and ends. The bands that lag behind have no
// columns.
func (g *Grid) corners(n int64) (left, top, right, bottom int64) {
	left, top = n/g.down()*g.columns, n%g.down()*g.rows
	return left, top, max(left, min(left+g.columns, g.width)), min(top+g.rows, g.height)
}

func (g *Grid) area(n int64) Area {
	left, top, right, bottom := g.corners(n)
	a := Area{Rows: bottom - top, Columns: right - left}
	if g.lag() > 0 {
		a.Columns = g.columns
	}
	if a.Sums = g.sums && left < g.width; a.Sums {
		a.First, a.Last = top == 0, bottom == g.height
	}
	a.Outputs = g.outputs && n/g.down() >= g.lag()
	return a
}

// stretch returns what a tile takes in.
func (g *Grid) stretch(n int64) Stretch {
	left, top, right, bottom := g.corners(n)
	from := g.height*left + top*(right-left)
	return Stretch{from, from + (bottom-top)*(right-left)}
}

// brings returns how many of the bytes of a step's inputs a tile loads.
func (g *Grid) brings(n, loads int64) int64 {
	_, top, _, bottom := g.corners(n)
	band := g.InBand(n/g.down(), loads)
	brings := count.Share(band, bottom+g.halo, g.height)
	if top > 0 {
		brings -= count.Share(band, top+g.halo, g.height)
	}
	return brings
}

// InBand returns how many of the bytes of a step's inputs a band has.
func (g *Grid) InBand(band, loads int64) int64 {
	left := band * g.columns
	return count.Share(loads, left+g.columns+g.halo, g.width) - count.Share(loads, max(0, left-g.halo), g.width)
}

// Areas returns the areas of the tiles, each with how many tiles have it.
func (g *Grid) Areas() map[Area]int64 {
	areas := make(map[Area]int64)
	for _, across := range distinct(g.Bands()) {
		for _, down := range distinct(g.down()) {
			a := g.area(across.at*g.down() + down.at)
			areas[a] = count.Add(areas[a], count.Mul(across.times, down.times))
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

// Overlap returns how many of the tiles below need inputs that a tile brought.
func (g *Grid) Overlap() int { return int(count.Up(2*g.halo, g.rows)) }

// Window returns what the input buffer holds at once of so many bytes of inputs: of
// the middle band, which has neighbours if any has, the rows down to the first that
// leave.
func (g *Grid) Window(loads int64) int64 {
	return count.Share(g.InBand((g.Bands()-1)/2, loads), (int64(g.Overlap())+1)*g.rows+g.halo, g.height)
}

// FirstOutputs returns the first tile that completes outputs.
func (g *Grid) FirstOutputs() int64 {
	switch {
	case g.lag() > 0:
		return g.down()
	case g.sums:
		return g.down() - 1
	}
	return 0
}
