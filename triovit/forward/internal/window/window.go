// SPDX-License-Identifier: Apache-2.0

// Package window makes convolutions of slices, for the graphs of floats and of
// integers alike.
package window

import (
	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gotriovit/gotriovit/internal/platform"
)

// A Window moves over a picture in strides: a square kernel, padded with Kernel/2
// zeros on every side, and the size of the result.
type Window struct{ Kernel, Stride, H, W int }

// PerChannel reshapes a vector [C] so that it broadcasts against x, [..., C].
func PerChannel(v, x *Node) *Node {
	dims := make([]int, x.Rank())
	for i := range dims {
		dims[i] = 1
	}
	dims[len(dims)-1] = v.Shape().Size()
	return Reshape(v, dims...)
}

// Weigh multiplies x, [N, H, W, C] or [N, H, W, 1], by a row of w, [rows, C].
func Weigh(x, w *Node, row int) *Node {
	return Mul(x, PerChannel(Slice(w, AxisElem(row)), x))
}

// Sum adds nodes of one shape, of which there is at least one.
func Sum(all []*Node) *Node {
	total := all[0]
	for _, x := range all[1:] {
		total = Add(total, x)
	}
	return total
}

// Pad adds the border of zeros to x, [N, H, W, C]; behind the last rows and columns
// so many that the padded sides are whole numbers of strides.
func (v Window) Pad(x *Node) *Node {
	dims, k, s := x.Shape().Dimensions, v.Kernel, v.Stride
	axis := func(in, out int) compute.PadAxis {
		total := max((out-1)*s+k, in+k/2)
		total = (total + s - 1) / s * s
		return compute.PadAxis{Start: k / 2, End: total - in - k/2}
	}
	return Pad(x, ScalarZero(x.Graph(), x.DType()), compute.PadAxis{}, axis(dims[1], v.H), axis(dims[2], v.W), compute.PadAxis{})
}

// Depthwise adds the k·k shifted pictures of a padded x, each times its weight per
// channel; w is [k·k, C]. With a stride of one the columns are shifted
// first and each weighted sum of them is shifted by rows as a whole, which takes
// 2·k copies of the picture in place of k·k.
func (v Window) Depthwise(x, w *Node) *Node {
	k := v.Kernel
	if v.Stride > 1 {
		var all []*Node
		for i, tap := range v.Taps(x) {
			all = append(all, Weigh(tap, w, i))
		}
		return Sum(all)
	}
	columns, rows := make([]*Node, k), make([]*Node, k)
	for dx := range k {
		columns[dx] = Cut(x, []int{2}, []int{dx}, []int{v.W})
	}
	for dy := range k {
		weighed := make([]*Node, k)
		for dx := range k {
			weighed[dx] = Weigh(columns[dx], w, dy*k+dx)
		}
		rows[dy] = Cut(Sum(weighed), []int{1}, []int{dy}, []int{v.H})
	}
	return Sum(rows)
}

// Cut is a slice along some axes. For the Go backend it is taken by
// GatherSlices, which copies rows where Slice copies elements; XLA fuses a Slice
// with what reads it.
func Cut(x *Node, axes, start, sizes []int) *Node {
	if x.Graph().Backend().Name() == platform.XLA {
		ranges := make([]SliceAxisSpec, x.Rank())
		for i := range ranges {
			ranges[i] = AxisRange()
		}
		for i, axis := range axes {
			ranges[axis] = AxisRange(start[i], start[i]+sizes[i])
		}
		return Slice(x, ranges...)
	}
	at := make([]int32, len(start))
	for i, v := range start {
		at[i] = int32(v)
	}
	y := GatherSlices(x, axes, Const(x.Graph(), [][]int32{at}), sizes, true)
	return Reshape(y, y.Shape().Dimensions[1:]...)
}

// Taps returns the k·k shifted pictures [N, H', W', C] that a kernel sees of a
// padded x, in row-major order of its positions. A stride separates the rows
// and columns that one tap takes from the others by a reshape, so that cuts stay
// dense.
func (v Window) Taps(x *Node) []*Node {
	n, h, w, c := x.Shape().Dimensions[0], v.H, v.W, x.Shape().Dimensions[3]
	k, s := v.Kernel, v.Stride
	if s > 1 {
		p := x.Shape().Dimensions
		x = Reshape(x, n, p[1]/s, s, p[2]/s, s, c)
	}
	var all []*Node
	for dy := range k {
		for dx := range k {
			if s == 1 {
				all = append(all, Cut(x, []int{1, 2}, []int{dy, dx}, []int{h, w}))
				continue
			}
			tap := Cut(x, []int{1, 2, 3, 4}, []int{dy / s, dy % s, dx / s, dx % s}, []int{h, 1, w, 1})
			all = append(all, Reshape(tap, n, h, w, c))
		}
	}
	return all
}
