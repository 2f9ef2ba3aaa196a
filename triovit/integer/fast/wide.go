// SPDX-License-Identifier: Apache-2.0

package fast

import (
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/internal/kernel"
)

// chunk is about the number of elements of a wide sum that are computed at a time, so that
// their words stay in the nearest cache.
const chunk = 1024

// A wideSum is a sum that does not fit bytes: of words and bytes, or of bytes to words.
type wideSum struct {
	words, bytes, y *place // the operands and the result; words are bytes where both operands are
	kernels         *kernel.Set
	terms           kernel.WideSum
	narrow          []narrowed
}

// A narrowed is a requantization of a wide sum to bytes.
type narrowed struct {
	y     *place
	scale kernel.Scale
	codes kernel.Codes
}

// addWide plans a wide sum with the requantizations that read it. The second operand's
// bytes are taken as such where both operands are bytes.
func (p *planner) addWide(i int, op *integer.Add) bool {
	left, right := p.in(i, 0), p.in(i, 1)
	a := &wideSum{words: &p.places[left], bytes: &p.places[right], y: &p.places[i], kernels: p.kernels}
	first, second := op.Left, op.Right
	if !a.bytes.narrow {
		a.words, a.bytes, first, second = a.bytes, a.words, second, first
	}
	if !a.bytes.narrow || !a.words.whole() || !a.bytes.whole() || !a.y.whole() {
		return false
	}
	width := max(p.tensors[left].Range.Bits(), p.tensors[right].Range.Bits(), 9) // bits of a byte's number, with a sign
	var ok bool
	if a.terms, ok = wideTerms(op, first, second, a.bytes.offset, width, p.tensors[i].Sum); !ok {
		return false
	}
	does, made := []int{i}, []int{i}
	for _, r := range p.readers[i] {
		if n, ok := p.narrowed(r, i); ok {
			a.narrow = append(a.narrow, n)
			does, made = append(does, r), append(made, r)
		}
	}
	rows := max(1, chunk/a.y.channels)
	p.sizes.acc = max(p.sizes.acc, 2*rows*a.y.channels) // the accumulators hold the sum and its first operand
	p.does(does...)
	p.step(4*a.y.rows*a.y.channels, a.y.rows, []int{left, right}, made, func(s *state, w *scratch, from, to int) {
		for row := from; row < to; row += rows {
			a.sum(s, w, row, min(rows, to-row))
		}
	})
	return true
}

// wideTerms returns the kernels' form of a sum of words times first and bytes times second,
// and whether there is one: all numbers must fit their widths. Both operands have at most
// the given bits. The sums of the codes lie in an interval.
func wideTerms(op *integer.Add, first, second, offset int32, width int, sum integer.Interval) (kernel.WideSum, bool) {
	addend := op.Addend + 1<<op.Shift>>1 - int64(offset)*int64(second)
	for bits := 0; width+bits <= 32; bits++ {
		down := max(0, int(op.Shift)+bits-32)
		up := 32 + down - int(op.Shift) - bits
		left, right := int64(first)<<up, int64(second)<<up
		if left != int64(int32(left)) || right != int64(int32(right)) || up+bits+sum.Bits() > 64 || down > 31 {
			continue
		}
		return kernel.WideSum{Left: int32(left), Right: int32(right), Addend: addend << (up + bits),
			Bits: int32(bits), Shift: int32(down), Lo: int32(op.Codes.Lo), Hi: int32(op.Codes.Hi)}, true
	}
	return kernel.WideSum{}, false
}

// narrowed returns an operation as a requantization of a wide sum to bytes with one scale,
// and whether it is one.
func (p *planner) narrowed(r, sum int) (n narrowed, ok bool) {
	q, is := p.ops[r].Operation.(*integer.Requantize)
	y := &p.places[r]
	if !is || len(q.Affine) != 1 || !y.narrow || !y.whole() {
		return n, false
	}
	all, codes, ok := scales(q, accumulators{Interval: p.tensors[sum].Range}, y.offset, blocksOf(1, kernel.Lanes), 31)
	if !ok {
		return n, false
	}
	return narrowed{y, all[0], codes}, true
}

// sum computes rows of the sum and of the tensors requantized from it.
func (a *wideSum) sum(s *state, w *scratch, row, rows int) {
	n := rows * a.y.channels
	y := w.acc[:n]
	if !a.y.narrow {
		y = a.y.wordsFrom(s, row)[:n]
	}
	x := w.acc[n:][:n]
	if a.words.narrow {
		all := a.words.bytesFrom(s, row)
		a.kernels.BlendBytes(x, all, all, all, all, &[4]int32{1}, -a.words.offset)
	} else {
		x = a.words.wordsFrom(s, row)
	}
	a.kernels.AddWords(y, x, a.bytes.bytesFrom(s, row), &a.terms)
	if a.y.narrow {
		a.kernels.Narrow(a.y.bytesFrom(s, row)[:n], y, a.y.offset, a.terms.Lo, a.terms.Hi)
	}
	for at := range a.narrow {
		q := &a.narrow[at]
		to := q.y.bytesFrom(s, row)
		whole := n / kernel.Lanes
		if whole > 0 {
			a.kernels.Requantize(to, kernel.Lanes, whole, y, &q.scale, &q.codes, kernel.Lanes)
		}
		if rest := y[whole*kernel.Lanes:]; len(rest) > 0 {
			var last [kernel.Lanes]int32
			copy(last[:], rest)
			a.kernels.Requantize(to[whole*kernel.Lanes:], kernel.Lanes, 1, last[:], &q.scale, &q.codes, len(rest))
		}
	}
}
