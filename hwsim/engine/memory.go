// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/hwsim/schedule"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// A box is the part of a tensor between half-open ranges of its three axes.
type box [3]span

// A span is half-open.
type span struct{ from, to int }

func whole(shape [3]int) box { return box{{0, shape[0]}, {0, shape[1]}, {0, shape[2]}} }

// of returns a range of a schedule, clipped to n elements.
func of(r schedule.Range, n int) span {
	return span{max(0, int(r.From)), min(n, int(r.To))}
}

// A memory holds the tensors of one run, and records for every element whether it is made.
// It drops a tensor when all of its readers are complete.
type memory struct {
	*Executor
	watch   []func(op *integer.Op, y integer.Value)
	values  []integer.Value
	made    [][]bool // the elements that are made, nil for complete tensors
	summed  [][]int32
	missing []int // number of elements that are not made
	readers []int // number of readers that are not complete
}

func newMemory(e *Executor, picture []int32, watch []func(op *integer.Op, y integer.Value)) *memory {
	n := len(e.tensors)
	m := &memory{Executor: e, watch: watch, values: make([]integer.Value, n), made: make([][]bool, n),
		summed: make([][]int32, n), missing: make([]int, n), readers: make([]int, n)}
	for i := range e.tensors {
		t := &e.tensors[i]
		m.values[i].Shape, m.missing[i], m.readers[i] = t.shape, t.elements(), t.readers
	}
	m.values[0].Data = picture
	m.missing[0] = 0
	m.complete(0)
	return m
}

// open allocates a tensor at its first element.
func (m *memory) open(at int) {
	if m.values[at].Data == nil {
		n := m.tensors[at].elements()
		m.values[at].Data, m.made[at] = make([]int32, n), make([]bool, n)
	}
}

// complete records that the last element of a tensor is made.
func (m *memory) complete(at int) {
	t := &m.tensors[at]
	for _, w := range m.watch {
		w(t.Op, m.values[at])
	}
	m.made[at], m.summed[at] = nil, nil
	for _, in := range t.in {
		if m.readers[in]--; m.readers[in] == 0 {
			m.values[in].Data = nil
		}
	}
}

// set counts newly made elements of a tensor, and completes it with its last one.
func (m *memory) set(at, made int) {
	if m.missing[at] -= made; m.missing[at] == 0 {
		m.complete(at)
	}
}

// runs calls f once for each row and column of a box. i is the flat index of the first of
// the box's channels there.
func runs(shape [3]int, b box, f func(row, column, i int)) {
	for row := b[0].from; row < b[0].to; row++ {
		for column := b[1].from; column < b[1].to; column++ {
			f(row, column, (row*shape[1]+column)*shape[2]+b[2].from)
		}
	}
}

// need makes sure that a part of a tensor is made before it is read. The auxiliary units
// compute a part of their tensors here. A part that the engines have not made is an
// error.
func (m *memory) need(at int, b box) error {
	if m.missing[at] == 0 || b == (box{}) {
		return nil
	}
	t := &m.tensors[at]
	if t.engines() {
		return m.check(at, b)
	}
	m.open(at)
	n := b[2].to - b[2].from
	whole := true
	runs(t.shape, b, func(_, _, i int) { whole = whole && !slices.Contains(m.made[at][i:][:n], false) })
	if whole {
		return nil
	}
	for j, part := range t.reads(b, m.tensors) {
		if err := m.need(t.in[j], part); err != nil {
			return err
		}
	}
	made := 0
	compute := m.unit(at)
	runs(t.shape, b, func(row, column, i int) {
		there := m.made[at][i:][:n]
		fresh := 0
		for j, is := range there {
			if !is {
				there[j] = true
				fresh++
			}
		}
		if fresh > 0 {
			made += fresh
			compute(row, column, b[2], m.values[at].Data[i:][:n])
		}
	})
	m.set(at, made)
	return nil
}

// check returns an error for the first element of a part that the engines have not
// made.
func (m *memory) check(at int, b box) (err error) {
	t := &m.tensors[at]
	if m.made[at] == nil {
		return fmt.Errorf("%q is read before any of it is made", t.Name)
	}
	n := b[2].to - b[2].from
	runs(t.shape, b, func(row, column, i int) {
		for j, is := range m.made[at][i:][:n] {
			if !is && err == nil {
				err = fmt.Errorf("%q is read at (%d, %d, %d) before it is made there", t.Name, row, column, b[2].from+j)
			}
		}
	})
	return err
}
