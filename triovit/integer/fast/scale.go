// SPDX-License-Identifier: Apache-2.0

package fast

import (
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/internal/kernel"
)

// accumulators are the integers that a step brings to its endings: those of an operation
// less a constant for each channel. Without constants they are the operation's.
type accumulators struct {
	integer.Interval
	constants []int32
}

// constant returns the constant of a channel.
func (a accumulators) constant(channel int) int64 {
	if a.constants == nil {
		return 0
	}
	return int64(a.constants[channel%len(a.constants)])
}

// scales returns the kernels' form of a requantization of accumulators, and whether there
// is one: the interval of its codes plus the offset, and the scale of each block. The
// blocks assign channels to lanes. The operand is shifted to the left by at most the given
// bits.
func scales(r *integer.Requantize, x accumulators, offset int32, b blocks, left int) ([]kernel.Scale, kernel.Codes, bool) {
	codes := kernel.Codes{Lo: int32(r.Codes.Lo), Hi: int32(r.Codes.Hi)}
	if offset != 0 {
		codes.Lo, codes.Hi = codes.Lo+offset, codes.Hi+offset
	}
	for ; codes.Left <= int32(left) && x.Bits()+int(codes.Left) <= 32; codes.Left++ {
		all := make([]kernel.Scale, b.groups*b.each)
		ok := true
		for at := range all {
			for o := range kernel.Lanes {
				channel := b.channel(at, o)
				if channel < 0 || !ok {
					continue
				}
				ok = scale(&all[at], o, r.Affine[channel%len(r.Affine)], x.constant(channel), int(codes.Left), offset)
			}
		}
		if ok {
			return all, codes, true
		}
	}
	return nil, codes, false
}

// scale sets a lane of a scale, and reports whether it can: for x of at most 32 bits after
// its shift to the left, to which the requantization adds the constant, all numbers of
//
//	⌊(x·2^left·Mantissa·2^up + (constant·Mantissa + Addend + 2^(Shift−1) + offset·2^Shift)·2^(left+up)) / 2^32⌋ >> down
//
// must fit their widths, where Shift is 32 + down − left − up.
func scale(s *kernel.Scale, o int, a integer.Affine, constant int64, left int, offset int32) bool {
	shift := int(a.Shift)
	down := max(0, shift+left-32)
	up := 32 + down - shift - left
	if down > 31 || up > 31 || int64(max(offset, -offset)) > 1<<61>>shift {
		return false
	}
	mantissa := int64(a.Mantissa) << up
	addend := constant*int64(a.Mantissa) + a.Addend + 1<<shift>>1 + int64(offset)<<shift
	bound := int64(1) << 61 >> (left + up)
	if mantissa != int64(int32(mantissa)) || addend < -bound || addend > bound {
		return false
	}
	s.Mantissa[o], s.Shift[o], s.Addend[kernel.Place(o)] = int32(mantissa), int32(down), addend<<(left+up)
	return true
}

// blocks divide the channels of a tensor into blocks of lanes. No block has channels of
// two groups.
type blocks struct {
	groups, each int // number of groups, and of blocks of a group
	channels     int // number of channels of a group
	fold         int // number of rows of a tensor whose channels lie side by side
}

func blocksOf(groups, channels int) blocks {
	return blocks{groups, (channels + kernel.Lanes - 1) / kernel.Lanes, channels, 1}
}

// channel returns the channel of a block's lane, -1 for a lane without one.
func (b blocks) channel(block, lane int) int {
	at := block%b.each*kernel.Lanes + lane
	if at >= b.channels {
		return -1
	}
	return block/b.each*b.channels + at
}

// lanes returns the number of channels in a block.
func (b blocks) lanes(block int) int {
	return min(kernel.Lanes, b.channels-block%b.each*kernel.Lanes)
}

// An ending is the chain of operations applied to a convolution's accumulators before they
// leave the cache. Its scales have one element for each block.
type ending struct {
	y      *place
	blocks blocks
	codes  kernel.Codes
	gate   kernel.Gate
	scales []kernel.Scale
	gated  [][2]kernel.Scale
	// estimates are of gated and gate. An element is nil where there is none.
	estimates []*kernel.Estimate
	// other is the other operand of the residual sum y, nil where y is not a sum.
	other *place
	sum   kernel.Sum
	raw   bool // y holds the accumulators
}

// apply computes rows of a block's channels of y from accumulators [rows][Lanes].
func (e *ending) apply(k *kernel.Set, s *state, acc []int32, block, row, rows int) {
	channel, n := e.blocks.channel(block, 0), e.blocks.lanes(block)
	switch {
	case e.gated != nil && e.y.narrow:
		k.Hardswish(e.y.bytesFrom(s, row)[channel:], e.y.stride, rows, acc, &e.gated[block], &e.gate, e.estimates[block], n)
	case e.gated != nil:
		k.HardswishWords(e.y.wordsFrom(s, row)[channel:], e.y.channels, rows, acc, &e.gated[block], &e.gate, n)
	case e.raw:
		y := e.y.wordsFrom(s, row)[channel:]
		for r := range rows {
			copy(y[r*e.y.channels:][:n], acc[r*kernel.Lanes:])
		}
	case e.y.narrow:
		k.Requantize(e.y.bytesFrom(s, row)[channel:], e.y.stride, rows, acc, &e.scales[block], &e.codes, n)
	default:
		k.Widen(e.y.wordsFrom(s, row)[channel:], e.y.channels, rows, acc, &e.scales[block], &e.codes, n)
	}
}

// finish adds the other operand to rows of y, in n channels beginning with the given one.
func (e *ending) finish(k *kernel.Set, s *state, row, rows, channel, n int) {
	if e.other == nil {
		return
	}
	y := e.y.bytesFrom(s, row)[channel:]
	k.Add(y, e.y.stride, y, e.y.stride, e.other.bytesFrom(s, row)[channel:], e.other.stride, rows, n, &e.sum)
}

// endings plans the endings of an operation's accumulators, which are in blocks: the
// requantizations that read them, with Hardswish, further requantizations and residual
// sums. It returns the tensors that are made and the further tensors that are read. Where
// the accumulators have no reader, or one that the kernels cannot compute as an ending,
// they are kept.
func (p *planner) endings(i int, b blocks) (all []*ending, made, reads []int) {
	all, made, reads, _ = p.endingsOf(i, b, accumulators{Interval: p.tensors[i].Range})
	return all, made, reads
}

// endingsOf is endings for a step that can make any one of several accumulators. It takes
// the first that the kernels can bring to all readers, and also returns its index. If they
// can bring none, it keeps the first accumulators, which must be the operation's own.
func (p *planner) endingsOf(i int, b blocks, choices ...accumulators) (all []*ending, made, reads []int, choice int) {
	var own, covered []int
	if !p.done[i] {
		own = []int{i}
	}
	for choice, x := range choices {
		if all, made, reads, covered = p.chains(i, b, x); all != nil {
			p.does(append(own, covered...)...)
			return all, made, reads, choice
		}
	}
	p.places[i].narrow = false
	p.does(own...)
	return []*ending{{y: p.folded(i, b.fold), blocks: b, raw: true}}, []int{i}, nil, 0
}

// chains plans the endings of all readers of an operation's accumulators. It returns nil if
// there is no reader, or one that the kernels cannot compute; otherwise also the tensors
// that are made, the further tensors that are read, and the operations that are computed.
func (p *planner) chains(i int, b blocks, x accumulators) (all []*ending, made, reads, covered []int) {
	for _, r := range p.readers[i] {
		q, is := p.ops[r].Operation.(*integer.Requantize)
		if !is {
			return nil, nil, nil, nil
		}
		covered = append(covered, r)
		if gated, outs, between := p.gated(r, q, x, b); gated != nil {
			all, made, covered = append(all, gated...), append(made, outs...), append(covered, between...)
			continue
		}
		e := &ending{y: p.folded(r, b.fold), blocks: b}
		var ok bool
		if e.scales, e.codes, ok = scales(q, x, e.y.shift(), b, 31); !ok {
			return nil, nil, nil, nil
		}
		if a, other := p.residual(r); a >= 0 {
			if sum, fits := p.sum(a, p.ops[a].Operation.(*integer.Add)); fits {
				if p.in(a, 1) == r { // the kernel's left operand already has its codes in y
					sum.Left, sum.Right = sum.Right, sum.Left
				}
				e.y, e.other, e.sum = p.folded(a, b.fold), p.folded(other, b.fold), sum
				covered, reads, r = append(covered, a), append(reads, other), a
			}
		}
		all, made = append(all, e), append(made, r)
	}
	return all, made, reads, covered
}

// folded returns the place of a tensor of which n rows are taken as one.
func (p *planner) folded(at, n int) *place {
	x := &p.places[at]
	if n == 1 {
		return x
	}
	v := *x
	v.rows, v.channels, v.stride, v.within = x.rows/n, x.channels*n, x.channels*n, x
	p.views = append(p.views, &v)
	return &v
}

// shift returns the offset of a tensor's bytes, 0 for words.
func (p *place) shift() int32 {
	if p.narrow {
		return p.offset
	}
	return 0
}

// residual returns the sum that is the only reader of a requantization's codes, and the
// sum's other operand, which an earlier step has made; -1 without such a sum.
func (p *planner) residual(r int) (add, other int) {
	if len(p.readers[r]) != 1 || !p.places[r].narrow {
		return -1, 0
	}
	a := p.readers[r][0]
	if _, ok := p.ops[a].Operation.(*integer.Add); !ok {
		return -1, 0
	}
	other = p.in(a, 0)
	if other == r {
		other = p.in(a, 1)
	}
	if other == r || !p.computed(other) {
		return -1, 0
	}
	return a, other
}

// gated plans a requantization to pre-activations that only Hardswish reads, with every
// requantization of the Hardswish. It returns nil where the operations differ or the
// kernels cannot compute them; otherwise also the tensors that are made, and the
// operations that are computed.
func (p *planner) gated(r int, q *integer.Requantize, x accumulators, b blocks) (all []*ending, made, covered []int) {
	first, codes, ok := scales(q, x, 0, b, 31)
	if !ok {
		return nil, nil, nil
	}
	for _, h := range p.readers[r] {
		op, is := p.ops[h].Operation.(*integer.Hardswish)
		if !is || len(p.readers[h]) == 0 {
			return nil, nil, nil
		}
		for _, out := range p.readers[h] {
			last, is := p.ops[out].Operation.(*integer.Requantize)
			if !is {
				return nil, nil, nil
			}
			e := &ending{y: p.folded(out, b.fold), blocks: b, gate: kernel.Gate{Codes: codes, Drop: int32(op.Drop), Three: op.Three, Six: op.Six}}
			var second []kernel.Scale
			if second, e.gate.Out, ok = scales(last, accumulators{Interval: p.tensors[h].Range}, e.y.shift(), b, 0); !ok {
				return nil, nil, nil
			}
			for i := range first {
				pair := [2]kernel.Scale{first[i], second[i]}
				e.gated, e.estimates = append(e.gated, pair), append(e.estimates, kernel.NewEstimate(&pair, &e.gate, b.lanes(i)))
			}
			all, made, covered = append(all, e), append(made, out), append(covered, out)
		}
		covered = append(covered, h)
	}
	return all, made, covered
}
