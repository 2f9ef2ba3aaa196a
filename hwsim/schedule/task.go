// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"slices"

	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// A Range is half-open.
type Range struct{ From, To int64 }

// Len returns the number of elements in a range.
func (r Range) Len() int64 { return r.To - r.From }

// first returns the range of the first n elements.
func first(n int) Range { return Range{0, int64(n)} }

// A Task is the work of all copies of the engines between two points at which they wait
// for one another.
type Task struct {
	// Channels are the output channels of the step's last convolution that the task
	// completes in its tile. Channels that copies complete at different times belong to
	// the task that ends the last of them.
	Channels Range
	// Depthwise reports that the task also does the depthwise convolution of a stream.
	Depthwise bool
	// From and To are the range of the step's pieces of weights (see [Engines.Weights])
	// that must be on the chip. The next task also uses the last Keep of them.
	From, To, Keep int
}

// Tasks returns the tasks of a tile of some area, in order. Where a depthwise convolution
// runs on R-MAC, it also returns the copies' parts of them.
func (e *Engines) Tasks(s *Step, a Area) ([]Task, []Part) {
	switch s.Mapping {
	case BothEngines: // each round of output channels is a task
		o := s.Last()
		list := make([]Task, e.Rounds(o))
		for i := range list {
			r := int64(i)
			list[i] = Task{Channels: e.Channels(o, r, r+1), From: i, To: i + 1}
		}
		return list, nil
	case DepthwiseOnly:
		return []Task{{Channels: first(s.Last().Cout), To: 1}}, e.Parts(s.Last(), nil, a)
	case Streamed:
		parts := e.Parts(s.Engine[0], s.Engine[1], a)
		return e.stream(s.Engine[1], parts), parts
	}
	return []Task{{}}, nil
}

// stream returns a first task until R-MAC has finished the depthwise convolution,
// then one per round of output channels that no copy has finished by then.
func (e *Engines) stream(pw *workload.Operation, parts []Part) []Task {
	rounds := e.Rounds(pw)
	most, fewest := begun(parts, rounds)
	if !rest(parts) {
		return []Task{{Channels: first(pw.Cout), Depthwise: true, To: int(rounds) + 1}}
	}
	list := []Task{{Channels: e.Channels(pw, 0, fewest), Depthwise: true, To: int(most) + 2, Keep: int(most-fewest) + 1}}
	for r := most; r < rounds; r++ {
		k := Task{Channels: e.Channels(pw, r, r+1), From: int(r) + 1, To: int(r) + 2}
		if r == most {
			k.Channels.From = e.Channels(pw, fewest, r).From
			k.From = k.To // the weights are loaded with the first task
		}
		list = append(list, k)
	}
	return list
}

// Weights returns the bytes of each piece of weights that a step loads: the depthwise
// weights as a whole, the others for as many output channels as the engines compute at the
// same time.
func (e *Engines) Weights(s *Step) []int64 {
	var pieces []int64
	for _, o := range s.Engine {
		switch {
		case o.Form == workload.Depthwise && s.Mapping != BothEngines:
			pieces = append(pieces, e.WeightBytes(o, int64(o.Cout)))
		case o.Form != workload.Product:
			for r := range e.Rounds(o) {
				pieces = append(pieces, e.WeightBytes(o, e.Channels(o, r, r+1).Len()))
			}
		}
	}
	return pieces
}

// On is a set of engines.
type On uint8

// The engines.
const (
	MAT  On = 1
	RMAC On = 2
)

// Work is a range of outputs of one operation that a task completes.
type Work struct {
	Op *workload.Operation
	// On are the engines that compute it.
	On On
	// Rows and Columns are those of a map's pixels, or of a product's outputs in each
	// head. Channels are a map's, Heads a product's.
	Rows, Columns, Channels, Heads Range
	// Inner are the terms that a product sums over. Where heads are cut along the tokens
	// of KᵀV they are a part of all terms, and the outputs are the sums over the parts.
	Inner Range
}

// An Operand is a range of a tensor that work reads: rows, columns and channels of a map
// in input pixels, which reach beyond the map where the kernel is padded, or rows and
// columns of a matrix in each head.
type Operand struct{ Rows, Columns, Channels, Heads Range }

// Reads returns the ranges that the work reads: of the map of a convolution, or of both
// operands of a product, [Rows, Inner] and [Inner, Columns] in each head.
func (w *Work) Reads() []Operand {
	o := w.Op
	if o.Form == workload.Product {
		return []Operand{{Heads: w.Heads, Rows: w.Rows, Columns: w.Inner}, {Heads: w.Heads, Rows: w.Inner, Columns: w.Columns}}
	}
	stride, kernel, pad := int64(o.Stride), int64(o.Kernel), int64(0)
	if o.Kernel%2 == 1 {
		pad = kernel / 2
	}
	along := func(r Range) Range { return Range{r.From*stride - pad, (r.To-1)*stride - pad + kernel} }
	// A group of output channels reads the input channels of the same group.
	in, out := int64(o.Cin), int64(o.Cout/o.Groups)
	return []Operand{{Rows: along(w.Rows), Columns: along(w.Columns),
		Channels: Range{w.Channels.From / out * in, ((w.Channels.To-1)/out + 1) * in}}}
}

// Work returns the engines' work in a task of a tile, in an order in which it can be
// computed.
func (p *Plan) Work(t Tile, k Task) []Work {
	left, top, right, bottom := p.corners(t.Index)
	down, across := Range{top, bottom}, Range{left, right}
	switch p.Mapping {
	case BothEngines:
		return []Work{{Op: p.Last(), On: MAT | RMAC, Rows: down, Columns: across, Channels: k.Channels}}
	case DepthwiseOnly:
		return []Work{{Op: p.Last(), On: RMAC, Rows: down, Columns: across, Channels: k.Channels}}
	case Streamed:
		var list []Work
		pw := Work{Op: p.Last(), On: MAT | RMAC, Rows: down, Columns: across, Channels: k.Channels}
		if k.Depthwise {
			dw := p.Engine[0]
			list = append(list, Work{Op: dw, On: RMAC, Rows: down, Columns: across, Channels: first(dw.Cout)})
		}
		if pw.Channels.Len() > 0 {
			list = append(list, pw)
		}
		return list
	case HalvedHeads:
		o := p.Last()
		w := Work{Op: o, Heads: down, Rows: first(o.Rows), Columns: first(o.Cols), Inner: first(o.Inner)}
		switch {
		case t.Sums:
			w.Heads, w.Inner = across, down
		case t.Outputs:
			w.Heads, w.Rows = across, down
		}
		mat, rmac := w, w
		mat.On, rmac.On = MAT, RMAC
		half := w.Heads.From + (w.Heads.Len()+1)/2
		mat.Heads.To, rmac.Heads.From = half, half
		return slices.DeleteFunc([]Work{mat, rmac}, func(w Work) bool { return w.Heads.Len() == 0 })
	case HeadPipeline:
		return p.headWork(t, down)
	}
	return nil
}

// headWork returns the work of the intra-layer pipeline: for whole heads, KᵀV of each
// before its divisors and dividends; for cut heads, outputs of the previous band and sums
// of the present band.
func (p *Plan) headWork(t Tile, down Range) []Work {
	ktvAt, dividendAt, divisorAt := p.Attention()
	ktv, dividend, divisor := p.Engine[ktvAt], p.Engine[dividendAt], p.Engine[divisorAt]
	sums := func(heads, tokens Range) Work {
		return Work{Op: ktv, On: RMAC, Heads: heads, Rows: first(ktv.Rows), Columns: first(ktv.Cols), Inner: tokens}
	}
	outputs := func(o *workload.Operation, heads, tokens Range) Work {
		return Work{Op: o, On: MAT | RMAC, Heads: heads, Rows: tokens, Columns: first(o.Cols), Inner: first(o.Inner)}
	}
	var list []Work
	if !t.Cut() {
		for h := down.From; h < down.To; h++ {
			head := Range{h, h + 1}
			list = append(list, sums(head, first(ktv.Inner)), outputs(divisor, head, first(divisor.Rows)), outputs(dividend, head, first(dividend.Rows)))
		}
		return list
	}
	band := func(n int64) Range { return Range{n * p.columns, min((n+1)*p.columns, p.width)} }
	if t.Outputs {
		before := band(t.Band - 1)
		list = append(list, outputs(divisor, before, down), outputs(dividend, before, down))
	}
	if t.Sums {
		list = append(list, sums(band(t.Band), down))
	}
	return list
}
