// SPDX-License-Identifier: Apache-2.0

package fast

import (
	"math"

	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/internal/kernel"
)

// An attention is one branch of a linear attention, from the map of q, k and v to the
// merged heads. A head's KᵀV and ΣK are packed as weights, and its queries are multiplied
// by them like the pixels of a convolution.
type attention struct {
	kernels       *kernel.Set
	x, y          *place
	heads, dim    int
	ktv           []kernel.Scale // the requantization of KᵀV
	ktvCodes      kernel.Codes
	sumK          *integer.Requantize
	blocks, steps int // numbers of blocks and of steps of the weights of KᵀV
	patch         kernel.Patch
	scales        []kernel.Scale
	quotient      kernel.Quotient
	zero          []int32 // the bias of products
	none          []byte  // a token of zeros
	reads         []int
	// sums are the operations up to KᵀV and ΣK, quotients the operations after them.
	sums, quotients []int
}

// fourTokens is the number of groups of four tokens that are summed at a time.
const fourTokens = 16

// attentions finds the branches of attentions that the kernels can compute. A branch that
// feeds a Concat makes its result in place.
func (p *planner) attentions() {
	p.branches = map[int]*attention{}
	for i := range p.ops {
		if _, ok := p.ops[i].Operation.(*integer.MergeHeads); ok {
			if a := p.branch(i); a != nil {
				p.branches[i] = a
				for _, at := range append(a.sums, a.quotients...) {
					p.done[at] = true
				}
			}
		}
	}
	for i := range p.ops {
		if _, ok := p.ops[i].Operation.(*integer.Concat); !ok || !p.places[i].narrow {
			continue
		}
		all := true
		for j := range p.ops[i].Inputs {
			x := p.in(i, j)
			all = all && p.branches[x] != nil && len(p.readers[x]) == 1 && p.places[x].offset == p.places[i].offset
		}
		first := 0
		for j := range p.ops[i].Inputs {
			x := &p.places[p.in(i, j)]
			if all {
				x.within, x.first = &p.places[i], first
			}
			first += x.channels
		}
	}
}

// A match follows a tensor back to the operations that made it.
type match struct {
	*planner
	covered []int
}

// only returns the operation of type T that makes the tensor at, with the operation's
// operands. The tensor must have the given number of readers. ok becomes false at the
// first tensor for which this does not hold.
func only[T integer.Operation](m *match, at, readers int, ok *bool) (op T, in []int) {
	if *ok {
		op, *ok = m.ops[at].Operation.(T)
		*ok = *ok && len(m.readers[at]) == readers
	}
	if !*ok {
		return op, []int{0, 0}
	}
	m.covered = append(m.covered, at)
	for j := range m.ops[at].Inputs {
		in = append(in, m.in(at, j))
	}
	return op, append(in, 0)
}

// branch returns the branch of the attention that ends with a MergeHeads. It is nil where
// the operations or the widths are not those that the kernels compute.
func (p *planner) branch(i int) *attention {
	m, ok := &match{planner: p}, true
	divide, in := only[*integer.Divide](m, p.in(i, 0), 1, &ok)
	dividend, code := in[0], in[1]
	log, in := only[*integer.Log2](m, code, 1, &ok)
	divisor := in[0]
	_, in = only[*integer.MatMul](m, divisor, 1, &ok)
	q, sumKCodes := in[0], in[1]
	narrowed, in := only[*integer.Requantize](m, dividend, 1, &ok)
	product := in[0]
	_, in = only[*integer.MatMul](m, product, 1, &ok)
	ok = ok && in[0] == q
	ktvCodes := in[1]
	ktv, in := only[*integer.Requantize](m, ktvCodes, 1, &ok)
	matrix := in[0]
	overTokens, in := only[*integer.MatMul](m, matrix, 1, &ok)
	k, v := in[0], in[1]
	sumK, in := only[*integer.Requantize](m, sumKCodes, 1, &ok)
	_, in = only[*integer.SumTokens](m, in[0], 1, &ok)
	ok = ok && in[0] == k
	_, in = only[*integer.ReLU](m, q, 2, &ok)
	hq, inQ := only[*integer.Heads](m, in[0], 1, &ok)
	_, in = only[*integer.ReLU](m, k, 2, &ok)
	hk, inK := only[*integer.Heads](m, in[0], 1, &ok)
	hv, inV := only[*integer.Heads](m, v, 1, &ok)
	x := inQ[0]
	if !ok || !overTokens.OverTokens || hq.Part != 0 || hk.Part != 1 || hv.Part != 2 || inK[0] != x || inV[0] != x ||
		*hk != (integer.Heads{Heads: hq.Heads, Dim: hq.Dim, Part: 1}) || *hv != (integer.Heads{Heads: hq.Heads, Dim: hq.Dim, Part: 2}) {
		return nil
	}
	a := &attention{kernels: p.kernels, x: &p.places[x], y: &p.places[i], heads: hq.Heads, dim: hq.Dim, sumK: sumK, reads: []int{x}}
	for _, at := range m.covered {
		switch at {
		case p.in(i, 0), dividend, code, product, divisor, q, p.in(q, 0):
			a.quotients = append(a.quotients, at)
		default:
			a.sums = append(a.sums, at)
		}
	}
	within := func(at int, lo, hi int64) bool {
		r := p.tensors[at].Range
		return lo <= r.Lo && r.Hi <= hi
	}
	if !a.x.narrow || a.x.offset != 128 || !a.y.narrow || !within(ktvCodes, math.MinInt8, math.MaxInt8) || !within(sumKCodes, 0, math.MaxUint8) {
		return nil
	}
	b := blocksOf(1, a.dim)
	a.blocks, a.steps = b.each, (a.dim+3)/4
	a.patch = kernel.Patch{Row: 4 * a.steps, Lines: 1, Steps: a.steps}
	var codes kernel.Codes
	if a.scales, codes, ok = scales(narrowed, accumulators{Interval: p.tensors[product].Range}, 0, b, 31); !ok {
		return nil
	}
	if a.ktv, a.ktvCodes, ok = scales(ktv, accumulators{Interval: p.tensors[matrix].Range}, 0, b, 31); !ok {
		return nil
	}
	a.quotient = kernel.Quotient{Codes: codes, Mantissa: divide.Mantissa, Shift: int32(divide.Shift), Offset: a.y.offset,
		Out: kernel.Codes{Lo: int32(divide.Codes.Lo) + a.y.offset, Hi: int32(divide.Codes.Hi) + a.y.offset}}
	n := len(log.Thresholds)
	largest := max(-p.tensors[dividend].Range.Lo, p.tensors[dividend].Range.Hi)
	if n > kernel.Lanes || int(divide.Shift)+n > 29 || largest*max(int64(divide.Mantissa), -int64(divide.Mantissa)) > 1<<30 {
		return nil
	}
	for t := range a.quotient.Thresholds {
		a.quotient.Thresholds[t] = math.MaxInt32
	}
	copy(a.quotient.Thresholds[:], log.Thresholds)
	a.zero = make([]int32, (a.blocks+1)*kernel.Lanes)
	a.none = make([]byte, 2*a.dim+kernel.Slack)
	for j := range a.none {
		a.none[j] = 128
	}
	return a
}

// weights returns the index at which a head's weights begin: those of KᵀV, then a block in
// which one channel is ΣK plus an offset and one has ones.
func (a *attention) weights(head int) int { return head * (a.blocks + 1) * a.steps * 4 * kernel.Lanes }

// attention plans a branch in two steps: the weights of each head, then the quotients
// of each token.
func (p *planner) attention(i int, a *attention) {
	b := a.blocks
	p.sizes.weights = max(p.sizes.weights, a.weights(a.heads))
	p.sizes.acc = max(p.sizes.acc, tileRows*(b+1)*kernel.Lanes, (b*b*kernel.Lanes+b+1)*kernel.Lanes)
	p.sizes.rows = max(p.sizes.rows, tileRows*4*a.steps+kernel.Slack, kernel.Lanes*kernel.Lanes)
	p.sizes.interleaved = max(p.sizes.interleaved, fourTokens*8*a.dim+2*kernel.Slack)
	tokens := a.x.rows
	work := tokens * a.heads * 4 * a.dim
	p.does(a.sums...)
	p.step(work, a.heads, a.reads, nil, func(s *state, w *scratch, from, to int) {
		for head := from; head < to; head++ {
			a.pack(s, w, head)
		}
	})
	tiles := (tokens + tileRows - 1) / tileRows
	p.does(i)
	p.does(a.quotients...)
	p.step(work, tiles, a.reads, []int{i}, func(s *state, w *scratch, from, to int) {
		for tile := from; tile < to; tile++ {
			a.tile(s, w, tile*tileRows, min(tileRows, tokens-tile*tileRows))
		}
	})
}

// pack sums a head's KᵀV and ΣK over the tokens, requantizes them, and packs them as
// weights.
func (a *attention) pack(s *state, w *scratch, head int) {
	b, d := a.blocks, a.dim
	kv := w.acc[:b*b*kernel.Lanes*kernel.Lanes]
	sum := w.acc[len(kv):][:b*kernel.Lanes]
	again := w.acc[len(kv)+len(sum):][:kernel.Lanes]
	clear(kv)
	clear(sum)
	for from := 0; from < a.x.rows; from += 4 * fourTokens {
		steps := (min(4*fourTokens, a.x.rows-from) + 3) / 4
		for step := range steps {
			var x [4][]byte
			for j := range x {
				x[j] = a.none
				if t := from + 4*step + j; t < a.x.rows {
					x[j] = a.x.bytesFrom(s, t)[(3*head+1)*d:]
				}
			}
			a.kernels.Interleave(w.interleaved[step*8*d:], x[0], x[1], x[2], x[3], 2*d)
		}
		a.kernels.Subtract(w.interleaved, 8*d, w.interleaved, 8*d, steps, 4*d, 128)
		for i := range b {
			for j := range b {
				to := sum[i*kernel.Lanes:]
				if j > 0 {
					to = again
				}
				a.kernels.Outer(kv[(i*b+j)*kernel.Lanes*kernel.Lanes:], to, w.interleaved[4*kernel.Lanes*i:], w.interleaved[4*d+4*kernel.Lanes*j:], 8*d, steps)
			}
		}
	}
	weights := s.weights[a.weights(head):a.weights(head+1)]
	clear(weights)
	at := func(block, i, channel int) int { return ((block*a.steps+i/4)*kernel.Lanes+channel)*4 + i%4 }
	for k := range b * b {
		first, block := k/b*kernel.Lanes, k%b
		rows, n := min(kernel.Lanes, d-first), min(kernel.Lanes, d-block*kernel.Lanes)
		codes := w.rows[:kernel.Lanes*kernel.Lanes]
		a.kernels.Requantize(codes, kernel.Lanes, rows, kv[k*kernel.Lanes*kernel.Lanes:], &a.ktv[block], &a.ktvCodes, n)
		for r := range rows {
			to := weights[at(block, first+r, 0):]
			for o, code := range codes[r*kernel.Lanes:][:n] {
				to[4*o] = int8(code)
			}
		}
	}
	for i := range d {
		weights[at(b, i, 0)] = int8(a.sumK.Of(0, sum[i]) - 128)
		weights[at(b, i, 1)] = 1
	}
}

// tile computes the quotients of some tokens.
func (a *attention) tile(s *state, w *scratch, row, rows int) {
	for head := range a.heads {
		q := a.x.bytesFrom(s, row)[3*head*a.dim:]
		a.kernels.Subtract(w.rows, 4*a.steps, q, a.x.stride, rows, a.dim, 128)
		a.kernels.Multiply(w.acc, w.rows, &a.patch, rows, s.weights[a.weights(head):], a.zero, a.blocks+1)
		divisors := w.acc[a.blocks*rows*kernel.Lanes:]
		for b := range a.blocks {
			first := b * kernel.Lanes
			a.kernels.Divide(a.y.bytesFrom(s, row)[head*a.dim+first:], a.y.stride, rows, w.acc[b*rows*kernel.Lanes:], divisors, &a.scales[b], &a.quotient, min(kernel.Lanes, a.dim-first))
		}
	}
}
