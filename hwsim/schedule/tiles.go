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
	// Pixels is about the number of output pixels in a tile of whole rows. Where Bytes is
	// not 0, tiles are instead rectangles or sets of heads whose inputs and outputs take
	// at most Bytes.
	Pixels, Bytes int64
	// CutHeads gives a tile a part of a head where the head takes more than Bytes.
	CutHeads bool
}

// Tilings lists the tilings that a search tries: whole rows, then rectangles, then
// rectangles with parts of heads, each from the largest to the smallest. Of equally fast
// tilings the first is taken. The list does not depend on the buffers, so that larger
// buffers have every choice of smaller ones. If given is not 0, rows have about that
// number of pixels.
//
// One tile per step is the fastest where memory is free: the remainder of a division by
// copies is lost only once.
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

// sizes lists sizes, each a quarter of the previous one, from the largest below most down
// to the first that is at most least.
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

// tokens returns the number of tokens along which a step's heads can be cut. sums is true
// where they are the inner size of KᵀV, which adds over the tokens. outputs is true where
// they are the rows of the product, which have separate outputs. The intra-layer pipeline
// has both. For an unnamed product the longer side is taken.
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

// abreast returns the least number of heads in a tile: one for each engine that works on
// its own heads.
func (s *Step) abreast() int64 {
	if s.Mapping == HalvedHeads {
		return min(2, int64(s.Engine[0].Heads))
	}
	return 1
}

// unitBytes returns the bytes of the inputs and outputs of one pixel or head of a step,
// for all pictures that run at the same time.
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

// A Grid is the tiles of one step. They are ordered downwards within a band, and bands
// from left to right. Where heads are cut, a band is one head or two, and its tiles are
// parts of the tokens.
type Grid struct {
	height, width int64 // size of the outputs, or heads and 1, or tokens and heads
	rows, columns int64 // size of a tile
	halo          int64 // outputs around a tile whose inputs the tile also needs
	// sums is true if KᵀV sums over the tokens of cut heads, outputs if each token has
	// outputs. In the intra-layer pipeline both are true, and the outputs are one band
	// behind the sums.
	sums, outputs bool
}

// grid cuts a step. The sides of a rectangle and the parts of heads are powers of two,
// which lanes and copies divide most often.
func (s *Schedule) grid(step *Step, t Tiling) Grid {
	if step.Mapping == AuxiliaryOnly {
		return Grid{height: 1, width: 1, rows: 1, columns: 1}
	}
	o, size, each := step.Engine[0], t.Pixels, s.unitBytes(step)
	fits := int64(count.Limit) // number of pixels or heads within the bytes
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
		if step.Mapping == HalvedHeads { // the number is even, one half for each engine
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

// Tiles returns the number of tiles.
func (g *Grid) Tiles() int64 { return g.down() * g.Bands() }

// Bands returns how many bands of tiles there are.
func (g *Grid) Bands() int64 { return count.Up(g.width, g.columns) + g.lag() }

// down returns the tiles of a band.
func (g *Grid) down() int64 { return count.Up(g.height, g.rows) }

// lag returns the number of bands by which outputs are behind the sums that they need.
func (g *Grid) lag() int64 {
	if g.sums && g.outputs {
		return 1
	}
	return 0
}

// Sums reports that heads are cut along tokens that KᵀV sums over.
func (g *Grid) Sums() bool { return g.sums }

// Outputs reports that heads are cut along tokens that have separate outputs.
func (g *Grid) Outputs() bool { return g.outputs }

// Heads returns, where heads are cut, the number of heads in work at the same time, and of
// all heads.
func (g *Grid) Heads() (atWork, all int64) { return g.columns, g.width }

// Whole returns the units of work of the whole step: pixels, heads, or tokens of all
// heads. It is the sum over the stretches of all tiles.
func (g *Grid) Whole() int64 { return count.Mul(g.height, g.width) }

// An Area is the size of a tile: rows and columns of outputs, or heads and 1, or tokens
// and their heads.
type Area struct {
	Rows, Columns int64
	// Sums reports that a part of heads adds to KᵀV of its heads; First and Last mark the
	// first and the last of these parts. Outputs reports that it makes outputs of its
	// tokens: in the intra-layer pipeline those of the previous band. For whole heads and
	// pixels all are false.
	Sums, First, Last, Outputs bool
}

// Cut reports whether the area is a part of heads.
func (a Area) Cut() bool { return a.Sums || a.Outputs }

// A Stretch is the half-open range of work units that a tile completes: pixels,
// heads, or tokens of all heads.
type Stretch struct{ From, To int64 }

// Of returns the share of the stretch in n, bytes or elements of the whole step. whole is
// the step's units of work.
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
	// Index is the number of the tile in the step, Band the number of its band, both from
	// 0.
	Index, Band int64
	// In is the stretch that the tile takes in, Out the stretch that it completes. They
	// differ only for parts of heads.
	In, Out Stretch
	// Loads are the bytes of the tile's inputs that no earlier tile has loaded. Resident
	// are bytes that the tile loads for its whole band.
	Loads, Resident int64
	// Ends marks the last tile of a band.
	Ends bool
}

// Tile returns a tile of the plan. Input rows that tiles of a band share are loaded once.
// Input columns that bands share are loaded for each band.
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
	case g.sums: // outputs are complete with the last tokens
		t.Out = Stretch{g.height * t.Band * g.columns, g.height * t.Band * g.columns}
		if t.Ends {
			t.Out.To = t.In.To
		}
	case g.outputs && n%g.down() == 0:
		t.Resident = g.InBand(t.Band, p.Inputs.Band)
	}
	return t
}

// corners returns the begin and the end of a tile in both directions. Bands that only
// complete outputs have no columns.
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

// stretch returns the stretch that a tile takes in.
func (g *Grid) stretch(n int64) Stretch {
	left, top, right, bottom := g.corners(n)
	from := g.height*left + top*(right-left)
	return Stretch{from, from + (bottom-top)*(right-left)}
}

// brings returns the bytes that tile n loads, of loads bytes of the step's inputs.
func (g *Grid) brings(n, loads int64) int64 {
	_, top, _, bottom := g.corners(n)
	band := g.InBand(n/g.down(), loads)
	brings := count.Share(band, bottom+g.halo, g.height)
	if top > 0 {
		brings -= count.Share(band, top+g.halo, g.height)
	}
	return brings
}

// InBand returns the bytes that belong to a band, of loads bytes of a step's inputs.
func (g *Grid) InBand(band, loads int64) int64 {
	left := band * g.columns
	return count.Share(loads, left+g.columns+g.halo, g.width) - count.Share(loads, max(0, left-g.halo), g.width)
}

// Areas returns the areas of the tiles, each with the number of its tiles.
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

// distinct returns the different places among n tiles or bands, each with the number of
// those alike: the first, one between, and the last. All between the first and the last
// are alike.
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

// Overlap returns the number of tiles below a tile that need some of its inputs.
func (g *Grid) Overlap() int { return int(count.Up(2*g.halo, g.rows)) }

// Window returns the largest number of bytes that the input buffer holds at the same
// time, of loads bytes of a step's inputs. It is reached in the middle band, since that
// band has neighbours if any band has. It has the band's rows from the first to those
// that the tiles need before the first rows leave.
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
