// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/gotriovit/gotriovit/triovit/integer"

// reads returns the parts of the operands from which a part of the tensor is computed.
// Where tokens are pixels, they are whole rows of the map.
func (t *tensor) reads(b box, tensors []tensor) []box {
	shape := func(j int) [3]int { return tensors[t.in[j]].shape }
	switch op := t.Operation.(type) {
	case *integer.Requantize, *integer.Hardswish, *integer.ReLU, *integer.Log2:
		return []box{b}
	case *integer.Add:
		return []box{b, b}
	case *integer.Divide:
		return []box{b, {b[0], b[1], {0, 1}}}
	case *integer.LayerNorm:
		return []box{{b[0], b[1], {0, shape(0)[2]}}}
	case *integer.Pool:
		return []box{{{0, shape(0)[0]}, {0, shape(0)[1]}, b[2]}}
	case *integer.SumTokens:
		return []box{{{0, shape(0)[0]}, b[0], b[1]}}
	case *integer.Heads:
		x := shape(0)
		return []box{{{b[0].from / x[1], (b[0].to-1)/x[1] + 1}, {0, x[1]}, {3 * op.Dim * b[1].from, 3 * op.Dim * b[1].to}}}
	case *integer.MergeHeads:
		x := shape(0)
		return []box{{{b[0].from*op.W + b[1].from, (b[0].to-1)*op.W + b[1].to}, {b[2].from / x[2], (b[2].to-1)/x[2] + 1}, {0, x[2]}}}
	case *integer.Upsample:
		x := shape(0)
		along := func(s span, n int) span {
			return span{min(max(op.First(s.from), 0), n-1), max(1, min(op.First(s.to-1)+4, n))}
		}
		return []box{{along(b[0], x[0]), along(b[1], x[1]), b[2]}}
	case *integer.Concat:
		var parts []box
		first := 0
		for j := range t.in {
			n := shape(j)[2]
			part := box{b[0], b[1], {max(0, b[2].from-first), min(n, b[2].to-first)}}
			if part[2].from >= part[2].to {
				part = box{}
			}
			parts, first = append(parts, part), first+n
		}
		return parts
	}
	return nil
}

// unit returns the function of a tensor's auxiliary unit: it computes the elements at one
// position along the first two axes, in a range of the last axis, from operands that are
// made.
func (m *memory) unit(at int) func(row, column int, channels span, y []int32) {
	t := &m.tensors[at]
	x := m.values[t.in[0]]
	// of returns the range's elements of an operand at the same position.
	of := func(x integer.Value, row, column int, channels span) []int32 {
		return x.Data[(row*x.Shape[1]+column)*x.Shape[2]:][channels.from:channels.to]
	}
	each := func(f func(channel int, x int32) int32) func(row, column int, channels span, y []int32) {
		return func(row, column int, channels span, y []int32) {
			for i, v := range of(x, row, column, channels) {
				y[i] = f(channels.from+i, v)
			}
		}
	}
	switch op := t.Operation.(type) {
	case *integer.Requantize:
		return each(op.Of)
	case *integer.Hardswish:
		return each(func(_ int, x int32) int32 { return op.Of(x) })
	case *integer.ReLU:
		return each(func(_ int, x int32) int32 { return max(x, 0) })
	case *integer.Log2:
		return each(func(_ int, x int32) int32 { return op.Of(x) })
	case *integer.Add:
		right := m.values[t.in[1]]
		return func(row, column int, channels span, y []int32) {
			b := of(right, row, column, channels)
			for i, a := range of(x, row, column, channels) {
				y[i] = op.Of(a, b[i])
			}
		}
	case *integer.Divide:
		codes := m.values[t.in[1]]
		return func(row, column int, channels span, y []int32) {
			code := codes.Data[row*codes.Shape[1]+column]
			for i, v := range of(x, row, column, channels) {
				y[i] = op.Of(v, code)
			}
		}
	case *integer.LayerNorm:
		return func(row, column int, channels span, y []int32) {
			vector := of(x, row, column, span{0, x.Shape[2]})
			norm := op.Of(vector)
			for i, v := range vector[channels.from:channels.to] {
				y[i] = norm.Of(v)
			}
		}
	case *integer.Pool:
		return func(_, _ int, channels span, y []int32) {
			clear(y)
			for row := range x.Shape[0] {
				for column := range x.Shape[1] {
					add(y, of(x, row, column, channels))
				}
			}
		}
	case *integer.SumTokens: // the element is of one channel of a head
		return func(head, channel int, _ span, y []int32) {
			clear(y)
			for token := range x.Shape[0] {
				add(y, of(x, token, head, span{channel, channel + 1}))
			}
		}
	case *integer.Heads:
		return func(token, head int, channels span, y []int32) {
			first := (3*head + op.Part) * op.Dim
			copy(y, of(x, token/x.Shape[1], token%x.Shape[1], span{first + channels.from, first + channels.to}))
		}
	case *integer.MergeHeads:
		return func(row, column int, channels span, y []int32) {
			copy(y, x.Data[(row*op.W+column)*t.shape[2]:][channels.from:channels.to])
		}
	case *integer.Concat:
		return func(row, column int, channels span, y []int32) {
			first := 0
			for _, in := range t.in {
				x := m.values[in]
				n := x.Shape[2]
				if from, to := max(0, channels.from-first), min(n, channels.to-first); from < to {
					copy(y[first+from-channels.from:], of(x, row, column, span{from, to}))
				}
				first += n
			}
		}
	case *integer.Upsample:
		phases, _ := op.Bicubic() // Infer has refused factors without constants
		inside := func(i, n int) int { return min(max(i, 0), n-1) }
		return func(row, column int, channels span, y []int32) {
			sums := make([]int64, len(y))
			for ky, down := range phases[row%op.Factor] {
				for kx, across := range phases[column%op.Factor] {
					pixel := of(x, inside(op.First(row)+ky, x.Shape[0]), inside(op.First(column)+kx, x.Shape[1]), channels)
					for i, v := range pixel {
						sums[i] += int64(down) * int64(across) * int64(v)
					}
				}
			}
			for i, sum := range sums {
				y[i] = int32(sum >> op.Drop)
			}
		}
	}
	return nil
}

// add adds x to y, element by element.
func add(y, x []int32) {
	for i, v := range x {
		y[i] += v
	}
}
