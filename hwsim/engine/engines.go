// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/schedule"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// compute does the multiplications of MAT and R-MAC in one piece of a task's work.
func (m *memory) compute(w schedule.Work) error {
	at := m.index[w.Op.Name]
	t := &m.tensors[at]
	reads := w.Reads()
	switch op := t.Operation.(type) {
	case *integer.Conv:
		x := m.tensors[t.in[0]].shape
		part := box{of(reads[0].Rows, x[0]), of(reads[0].Columns, x[1]), of(reads[0].Channels, x[2])}
		if err := m.need(t.in[0], part); err != nil {
			return err
		}
		return m.conv(at, op, box{of(w.Rows, t.shape[0]), of(w.Columns, t.shape[1]), of(w.Channels, t.shape[2])})
	case *integer.MatMul:
		return m.matmul(at, op, w, reads)
	}
	return fmt.Errorf("%q is no work of the engines", w.Op.Name)
}

// make marks a part of a tensor of the engines as made. A second make of an element is an
// error.
func (m *memory) make(at int, b box) (err error) {
	t := &m.tensors[at]
	made, n := 0, b[2].to-b[2].from
	runs(t.shape, b, func(row, column, i int) {
		there := m.made[at][i:][:n]
		for j, is := range there {
			if is && err == nil {
				err = fmt.Errorf("%q is made a second time at (%d, %d, %d)", t.Name, row, column, b[2].from+j)
			}
			there[j] = true
		}
		made += n
	})
	if err == nil {
		m.set(at, made)
	}
	return err
}

// conv computes a part of a convolution:
//
//	y[o] = Bias[o] + Σ W[o, i, ky, kx]·x[i, Stride·row + ky − k/2, Stride·column + kx − k/2]
func (m *memory) conv(at int, c *integer.Conv, b box) error {
	if m.made[at] == nil && m.missing[at] == 0 {
		return fmt.Errorf("%q is made a second time", m.tensors[at].Name)
	}
	m.open(at)
	t, x, y := &m.tensors[at], m.values[m.tensors[at].in[0]], m.values[at].Data
	channels, k := x.Shape[2], c.Kernel
	group, each := channels/c.Groups, len(c.Bias)/c.Groups
	border := c.Border(channels)
	window := make([][]int32, k*k) // the pixels under the kernel
	runs(t.shape, b, func(row, column, i int) {
		for ky := range k {
			for kx := range k {
				r, q := row*c.Stride+ky-k/2, column*c.Stride+kx-k/2
				window[ky*k+kx] = border
				if r >= 0 && r < x.Shape[0] && q >= 0 && q < x.Shape[1] {
					window[ky*k+kx] = x.Data[(r*x.Shape[1]+q)*channels:][:channels]
				}
			}
		}
		for o := b[2].from; o < b[2].to; o++ {
			sum, weights := c.Bias[o], c.Weights[o*group*k*k:][:group*k*k]
			first := o / each * group
			if k == 1 {
				sum += dot(window[0][first:][:group], weights)
			} else {
				for j, pixel := range window {
					for n, code := range pixel[first:][:group] {
						sum += code * int32(weights[n*k*k+j])
					}
				}
			}
			y[i+o-b[2].from] = sum
		}
	})
	return m.make(at, b)
}

// dot returns Σ x[i]·w[i].
func dot(x []int32, w []int8) (sum int32) {
	w = w[:len(x)]
	for i, v := range x {
		sum += v * int32(w[i])
	}
	return sum
}

// matmul adds a part of the terms to a part of a product's outputs. An output is made when
// all of its terms have been added.
func (m *memory) matmul(at int, op *integer.MatMul, w schedule.Work, reads []schedule.Operand) error {
	t := &m.tensors[at]
	x, y := m.tensors[t.in[0]].shape, m.tensors[t.in[1]].shape
	heads := of(w.Heads, x[1])
	left := box{of(reads[0].Rows, x[0]), heads, of(reads[0].Columns, x[2])}  // the box of Q, by tokens and channels
	right := box{heads, of(reads[1].Rows, y[1]), of(reads[1].Columns, y[2])} // the box of KᵀV, by rows and columns
	inner, out := left[2], box{left[0], heads, right[2]}
	if op.OverTokens {
		left = box{of(reads[0].Columns, x[0]), heads, of(reads[0].Rows, x[2])}  // the box of K, by tokens and channels
		right = box{of(reads[1].Rows, y[0]), heads, of(reads[1].Columns, y[2])} // the box of V, by tokens and channels
		inner, out = left[0], box{heads, left[2], right[2]}
	}
	for j, part := range []box{left, right} {
		if err := m.need(t.in[j], part); err != nil {
			return err
		}
	}
	if m.missing[at] == 0 {
		return fmt.Errorf("%q is made a second time", t.Name)
	}
	m.open(at)
	a, b, sums := m.values[t.in[0]].Data, m.values[t.in[1]].Data, m.values[at].Data
	n := out[2].to - out[2].from
	runs(t.shape, out, func(row, column, i int) {
		to := sums[i:][:n]
		for s := inner.from; s < inner.to; s++ {
			var v int32
			var from int
			if op.OverTokens { // the row is the head, and the column a channel of K
				v, from = a[(s*x[1]+row)*x[2]+column], (s*y[1]+row)*y[2]
			} else { // the row is the token, and the column the head
				v, from = a[(row*x[1]+column)*x[2]+s], (column*y[1]+s)*y[2]
			}
			for j, u := range b[from+out[2].from:][:n] {
				to[j] += v * u
			}
		}
	})
	return m.add(at, out, inner, int(w.Op.Inner))
}

// add counts the terms added to each output of a part of a product. An output is made when
// its count reaches all.
func (m *memory) add(at int, out box, terms span, all int) (err error) {
	if terms == (span{0, all}) && m.summed[at] == nil {
		return m.make(at, out)
	}
	t := &m.tensors[at]
	if m.summed[at] == nil {
		m.summed[at] = make([]int32, t.elements())
	}
	made, n := 0, out[2].to-out[2].from
	runs(t.shape, out, func(row, column, i int) {
		for j := i; j < i+n; j++ {
			m.summed[at][j] += int32(terms.to - terms.from)
			got := int(m.summed[at][j])
			if m.made[at][j] {
				got += all
			}
			switch {
			case got == all:
				m.made[at][j] = true
				made++
			case got > all && err == nil:
				err = fmt.Errorf("%q has %d terms at (%d, %d, %d), %d are all", t.Name, got, row, column, out[2].from+j-i, all)
			}
		}
	})
	if err == nil {
		m.set(at, made)
	}
	return err
}
