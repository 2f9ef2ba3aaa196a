// SPDX-License-Identifier: Apache-2.0

package fast

import (
	"cmp"
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/internal/kernel"
)

const (
	maxOperands = 64 // largest number of operands of a Concat
	// minPart is the least work of a part of a step, in vector elements of one byte: about
	// ten microseconds.
	minPart = 40_000
	// line is the number of a buffer's elements in a line of the cache.
	line = 64
)

// A planner plans the steps of an executor.
type planner struct {
	*Executor
	ops     []integer.Op
	index   map[string]int // indices of the tensors, by name
	readers [][]int        // the operations that read each tensor
	done    []bool         // operations that a step computes
	pending []int          // operations of the step that is planned next
	// branches are the branches of attentions, by the MergeHeads that end them.
	branches map[int]*attention
	extra    []*place // places of words between the steps of one operation
	views    []*place // places of which several rows are taken as one
	cores    int
	least    int // least work of a part
}

func (e *Executor) plan(cores, part int) {
	p := &planner{Executor: e, ops: e.model.Ops, index: map[string]int{}, cores: cores, least: part}
	n := len(p.ops)
	p.readers, p.done = make([][]int, n), make([]bool, n)
	for i := range p.ops {
		e.places = append(e.places, placeOf(e.tensors[i]))
		p.index[p.ops[i].Name] = i
		for j := range p.ops[i].Inputs {
			x := p.in(i, j)
			p.readers[x] = append(p.readers[x], i)
		}
	}
	last := &e.places[n-1]
	last.narrow, last.logits = false, true
	p.attentions()
	for i := range p.ops {
		if !p.done[i] {
			p.op(i)
		}
	}
	p.allocate()
}

// in returns the index of the tensor that is operand j of operation i.
func (p *planner) in(i, j int) int { return p.index[p.ops[i].Inputs[j]] }

// op plans the step that begins with an operation.
func (p *planner) op(i int) {
	switch op := p.ops[i].Operation.(type) {
	case *integer.Input:
		p.input(op)
		return
	case *integer.Conv:
		if p.conv(i, op) {
			return
		}
	case *integer.Add:
		if p.add(i, op) || p.addWide(i, op) {
			return
		}
	case *integer.Concat:
		if p.concat(i) {
			return
		}
	case *integer.Upsample:
		if p.upsample(i, op) {
			return
		}
	case *integer.Pool:
		if p.pool(i) {
			return
		}
	case *integer.MergeHeads:
		if a := p.branches[i]; a != nil {
			p.attention(i, a)
			return
		}
	}
	p.reference(i)
}

// does records that the next step computes the given operations.
func (p *planner) does(ops ...int) {
	for _, at := range ops {
		p.done[at] = true
	}
	p.pending = append(p.pending, ops...)
}

// step appends a step. work is its approximate work, in vector elements of one byte; the
// step can be divided into at most the given number of units. It reads the given operands
// and makes the given tensors.
func (p *planner) step(work, units int, reads, makes []int, run func(s *state, w *scratch, from, to int)) {
	parts := max(1, min(units, 4*p.cores, work/max(1, p.least)))
	if p.cores == 1 {
		parts = 1
	}
	at := len(p.steps)
	p.steps = append(p.steps, planned{ops: p.pending, parts: parts, made: makes, run: func(s *state, w *scratch, part int) {
		first := func(part int) int { return int(int64(part) * int64(units) / int64(parts)) }
		run(s, w, first(part), first(part+1))
	}})
	p.pending = nil
	for _, x := range reads {
		p.places[x].root().to = at
	}
	for _, y := range makes {
		for _, place := range []*place{&p.places[y], p.places[y].root()} {
			if place.from < 0 {
				place.from = at
			}
			place.to = at
		}
	}
}

// root returns the place that has the buffer.
func (p *place) root() *place {
	if p.within != nil {
		return p.within
	}
	return p
}

// computed reports whether a planned step makes a tensor.
func (p *planner) computed(x int) bool { return p.places[x].from >= 0 }

func (p *planner) input(op *integer.Input) {
	y := &p.places[0]
	n := y.rows * y.channels
	lo, hi := int32(op.Grid.Lo), int32(op.Grid.Hi)
	p.does(0)
	p.step(n, n, nil, []int{0}, func(s *state, _ *scratch, from, to int) {
		picture := s.picture[from:to]
		inside := true
		if y.narrow {
			inside = p.kernels.Narrow(s.bytes[y.base+from:][:to-from], picture, y.offset, lo, hi)
		} else {
			for i, v := range picture {
				inside = inside && lo <= v && v <= hi
				y.wordsFrom(s, 0)[from+i] = v
			}
		}
		if !inside {
			s.refused.Store(true)
		}
	})
}

// reference plans an operation as computed by the reference's functions.
func (p *planner) reference(i int) {
	op := &p.ops[i]
	y := &p.places[i]
	var reads []int
	var in []*place
	size := y.rows * y.channels
	for j := range op.Inputs {
		x := p.in(i, j)
		reads, in = append(reads, x), append(in, &p.places[x])
		size += p.tensors[x].Elements()
	}
	p.sizes.operand = max(p.sizes.operand, size)
	shape := p.tensors[i].Shape
	shapes := make([][3]int, len(in))
	for j, x := range reads {
		shapes[j] = p.tensors[x].Shape
	}
	p.does(i)
	p.step(size, 1, reads, []int{i}, func(s *state, _ *scratch, _, _ int) {
		room := s.operand
		take := func(shape [3]int) integer.Value {
			n := shape[0] * shape[1] * shape[2]
			v := integer.Value{Shape: shape, Data: room[:n]}
			room = room[n:]
			return v
		}
		values := s.values[:len(in)]
		for j, x := range in {
			values[j] = take(shapes[j])
			x.read(s, values[j].Data)
		}
		made := take(shape)
		clear(made.Data)
		integer.Apply(op.Operation, made, values)
		y.write(s, made.Data)
	})
}

// add plans a sum of bytes.
func (p *planner) add(i int, op *integer.Add) bool {
	left, right, y := p.in(i, 0), p.in(i, 1), &p.places[i]
	x, z := &p.places[left], &p.places[right]
	sum, ok := p.sum(i, op)
	if !ok {
		return false
	}
	p.does(i)
	p.step(y.rows*y.channels/4, y.rows, []int{left, right}, []int{i}, func(s *state, _ *scratch, from, to int) {
		p.kernels.Add(y.bytesFrom(s, from), y.stride, x.bytesFrom(s, from), x.stride, z.bytesFrom(s, from), z.stride, to-from, y.channels, &sum)
	})
	return true
}

// sum returns the parameters of a sum of bytes, and whether they fit a [kernel.Sum].
func (p *planner) sum(i int, op *integer.Add) (kernel.Sum, bool) {
	x, z, y := &p.places[p.in(i, 0)], &p.places[p.in(i, 1)], &p.places[i]
	if !x.narrow || !z.narrow || !y.narrow || p.tensors[i].Sum.Bits() > 32 || op.Shift > 31 {
		return kernel.Sum{}, false
	}
	addend := op.Addend + 1<<op.Shift>>1 - int64(x.offset)*int64(op.Left) - int64(z.offset)*int64(op.Right)
	addend += int64(y.offset) << op.Shift
	// The sum of the codes fits 32 bits, and the sum of their bytes must fit, too.
	// Intermediate sums may wrap around.
	if s := p.tensors[i].Sum; (integer.Interval{Lo: s.Lo + int64(y.offset)<<op.Shift, Hi: s.Hi + int64(y.offset)<<op.Shift}).Bits() > 32 {
		return kernel.Sum{}, false
	}
	return kernel.Sum{Left: op.Left, Right: op.Right, Addend: int32(addend), Shift: int32(op.Shift),
		Lo: int32(op.Codes.Lo) + y.offset, Hi: int32(op.Codes.Hi) + y.offset}, true
}

// concat plans a concatenation of bytes. An operand is made in place where a step can do
// so, and copied otherwise.
func (p *planner) concat(i int) bool {
	y := &p.places[i]
	if !y.narrow {
		return false
	}
	var reads []int
	for j := range p.ops[i].Inputs {
		x := p.in(i, j)
		if !p.places[x].narrow {
			return false
		}
		reads = append(reads, x)
	}
	work := y.rows * y.channels
	if p.places[reads[0]].within == y {
		work = 0
	}
	p.does(i)
	p.step(work, y.rows, reads, []int{i}, func(s *state, _ *scratch, from, to int) {
		first := 0
		for _, at := range reads {
			x := &p.places[at]
			if x.within == nil {
				for r := from; r < to; r++ {
					to := y.bytesFrom(s, r)[first:][:x.channels]
					for c, b := range x.bytesFrom(s, r)[:x.channels] {
						to[c] = byte(int32(b) - x.offset + y.offset)
					}
				}
			}
			first += x.channels
		}
	})
	return true
}

// allocate assigns elements to every place. Places that are not needed at the same time
// may share elements.
func (p *planner) allocate() {
	var bytes []*place
	words := p.extra
	for i := range p.places {
		x := &p.places[i]
		if x.from < 0 || x.within != nil || x.logits {
			continue
		}
		if x.narrow {
			bytes = append(bytes, x)
		} else {
			words = append(words, x)
		}
	}
	p.sizes.bytes = pack(bytes)
	p.sizes.words = pack(words)
	for i := range p.places {
		if x := &p.places[i]; x.within != nil {
			x.base, x.stride = x.within.base+x.first, x.within.stride
		}
	}
	for _, v := range p.views {
		v.base = v.within.base
	}
}

// pack places buffers, the largest first. Each takes the first gap among the buffers that
// are needed at the same time. pack returns the total number of elements, the largest int
// where it is more.
func pack(all []*place) (size int) {
	of := func(x *place) int { return (x.rows*x.channels + kernel.Slack + line - 1) / line * line }
	slices.SortStableFunc(all, func(a, b *place) int { return cmp.Compare(of(b), of(a)) })
	var placed []*place // the placed tensors, by their base
	for _, x := range all {
		x.base = 0
		for _, other := range placed {
			if x.from > other.to || x.to < other.from {
				continue
			}
			if of(x) <= other.base-x.base {
				break
			}
			x.base = max(x.base, other.base+of(other))
		}
		at, _ := slices.BinarySearchFunc(placed, x, func(a, b *place) int { return cmp.Compare(a.base, b.base) })
		placed = slices.Insert(placed, at, x)
		if of(x) > math.MaxInt-x.base {
			return math.MaxInt
		}
		size = max(size, x.base+of(x))
	}
	return size
}
