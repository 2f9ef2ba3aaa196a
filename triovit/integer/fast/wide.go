// SPDX-License-Identifier: Apache-2.0

package fast

import (
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/internal/kernel"
)

// chunk is about the number of elements of a wide sum that are computed at a time, so that
// their words stay in the nearest cache.
const chunk = 1024

// A wideSum is a sum of integers that do not all fit bytes.
type wideSum struct {
	*integer.Add
	x, z, y *place
	kernels *kernel.Set
	narrow  []narrowed
}

// A narrowed is a requantization of a wide sum to bytes.
type narrowed struct {
	y     *place
	scale kernel.Scale
	codes kernel.Codes
}

// addWide plans a sum of words and bytes with the requantizations that read it.
func (p *planner) addWide(i int, op *integer.Add) bool {
	left, right := p.in(i, 0), p.in(i, 1)
	a := &wideSum{Add: op, x: &p.places[left], z: &p.places[right], y: &p.places[i], kernels: p.kernels}
	if !a.x.whole() || !a.z.whole() || !a.y.whole() {
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
	p.sizes.acc = max(p.sizes.acc, 3*rows*a.y.channels)
	p.does(does...)
	p.step(4*a.y.rows*a.y.channels, a.y.rows, []int{left, right}, made, func(s *state, w *scratch, from, to int) {
		for row := from; row < to; row += rows {
			a.sum(s, w, row, min(rows, to-row))
		}
	})
	return true
}

// narrowed returns an operation as a requantization of a wide sum to bytes with one scale,
// and whether it is one.
func (p *planner) narrowed(r, sum int) (n narrowed, ok bool) {
	q, is := p.ops[r].Operation.(*integer.Requantize)
	y := &p.places[r]
	if !is || len(q.Affine) != 1 || !y.narrow || !y.whole() {
		return n, false
	}
	all, codes, ok := scales(q, p.tensors[sum].Range, y.offset, blocksOf(1, kernel.Lanes), 31)
	if !ok {
		return n, false
	}
	return narrowed{y, all[0], codes}, true
}

// sum computes rows of the sum and of the tensors requantized from it.
func (a *wideSum) sum(s *state, w *scratch, row, rows int) {
	n := rows * a.y.channels
	x, z := a.x.words(s, w.acc[:n], row), a.z.words(s, w.acc[n:][:n], row)
	y := w.acc[2*n:][:n]
	if !a.y.narrow {
		y = a.y.wordsFrom(s, row)[:n]
	}
	for i, v := range x {
		y[i] = a.Of(v, z[i])
	}
	if a.y.narrow {
		to := a.y.bytesFrom(s, row)
		for i, v := range y {
			to[i] = byte(v + a.y.offset)
		}
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

// words returns the integers from the given row on, as many as room can hold. Integers
// stored as bytes are written into room.
func (p *place) words(s *state, room []int32, row int) []int32 {
	if !p.narrow {
		return p.wordsFrom(s, row)[:len(room)]
	}
	for i, b := range p.bytesFrom(s, row)[:len(room)] {
		room[i] = int32(b) - p.offset
	}
	return room
}
