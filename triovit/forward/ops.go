// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"math"

	backend "github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gotriovit/gotriovit/internal/platform"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// perChannel reshapes a vector [C] so that it broadcasts against x, [..., C].
func perChannel(v, x *Node) *Node {
	dims := make([]int, x.Rank())
	for i := range dims {
		dims[i] = 1
	}
	dims[len(dims)-1] = v.Shape().Size()
	return Reshape(v, dims...)
}

// conv is the one place where a convolution's form is chosen.
func conv(op *efficientvit.Op, in, params []*Node) *Node {
	var y *Node
	switch {
	case op.Depthwise():
		y = depthwise(op, in[0], params[0])
	case op.Groups > 1:
		y = grouped(op, in[0], params[0])
	default:
		y = dense(op, in[0], params[0])
	}
	if len(params) > 1 {
		y = Add(y, perChannel(params[1], y))
	}
	return y
}

// dense is a convolution over all channels: patches [N·H·W, k·k·I] times
// weights [k·k·I, O]. For XLA a stem's few columns are weighed one by one: it
// makes one loop of them and copies no patches.
func dense(op *efficientvit.Op, x, w *Node) *Node {
	if op.Kernel > 1 || op.Stride > 1 {
		patches := taps(op, x)
		if x.Graph().Backend().Name() == platform.XLA {
			var all []*Node
			for _, tap := range patches {
				for i := range x.Shape().Dimensions[3] {
					all = append(all, weigh(cut(tap, []int{3}, []int{i}, []int{1}), w, len(all)))
				}
			}
			return sum(all)
		}
		x = Concatenate(patches, -1)
	}
	n := x.Shape().Dimensions[0]
	rows := Reshape(x, -1, x.Shape().Dimensions[3])
	return Reshape(Dot(rows, w).Product(), n, op.Shape[0], op.Shape[1], op.Shape[2])
}

// depthwise adds the k·k shifted pictures, each times its weight per channel;
// w is [k·k, C]. With a stride of one the columns are shifted first and each
// weighted sum of them is shifted by rows as a whole, which takes 2·k copies of
// the picture in place of k·k.
func depthwise(op *efficientvit.Op, x, w *Node) *Node {
	k := op.Kernel
	if op.Stride > 1 {
		var all []*Node
		for i, tap := range taps(op, x) {
			all = append(all, weigh(tap, w, i))
		}
		return sum(all)
	}
	x = pad(op, x)
	columns, rows := make([]*Node, k), make([]*Node, k)
	for dx := range k {
		columns[dx] = cut(x, []int{2}, []int{dx}, []int{op.Shape[1]})
	}
	for dy := range k {
		weighed := make([]*Node, k)
		for dx := range k {
			weighed[dx] = weigh(columns[dx], w, dy*k+dx)
		}
		rows[dy] = cut(sum(weighed), []int{1}, []int{dy}, []int{op.Shape[0]})
	}
	return sum(rows)
}

// weigh multiplies x, [N, H, W, C] or [N, H, W, 1], by a row of w, [rows, C].
func weigh(x, w *Node, row int) *Node {
	return Mul(x, perChannel(Slice(w, AxisElem(row)), x))
}

func sum(all []*Node) *Node {
	total := all[0]
	for _, x := range all[1:] {
		total = Add(total, x)
	}
	return total
}

// cut is a slice along some axes. For the Go backend it is taken by
// GatherSlices, which copies rows where Slice copies elements; XLA fuses a Slice
// with what reads it.
func cut(x *Node, axes, start, sizes []int) *Node {
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

// pad adds the border of zeros of a convolution; behind the last rows and
// columns so many that the padded sides are whole numbers of strides.
func pad(op *efficientvit.Op, x *Node) *Node {
	dims, k, s := x.Shape().Dimensions, op.Kernel, op.Stride
	axis := func(in, out int) backend.PadAxis {
		total := (out-1)*s + k
		total = (total + s - 1) / s * s
		return backend.PadAxis{Start: k / 2, End: total - in - k/2}
	}
	return Pad(x, ScalarZero(x.Graph(), x.DType()), backend.PadAxis{}, axis(dims[1], op.Shape[0]), axis(dims[2], op.Shape[1]), backend.PadAxis{})
}

// taps returns the k·k shifted pictures [N, H', W', C] that a kernel sees, in
// row-major order of its positions. A stride separates the rows and columns
// that one tap takes from the others by a reshape, so that cuts stay dense.
func taps(op *efficientvit.Op, x *Node) []*Node {
	n, h, w, c := x.Shape().Dimensions[0], op.Shape[0], op.Shape[1], x.Shape().Dimensions[3]
	k, s := op.Kernel, op.Stride
	x = pad(op, x)
	if s > 1 {
		p := x.Shape().Dimensions
		x = Reshape(x, n, p[1]/s, s, p[2]/s, s, c)
	}
	var all []*Node
	for dy := range k {
		for dx := range k {
			if s == 1 {
				all = append(all, cut(x, []int{1, 2}, []int{dy, dx}, []int{h, w}))
				continue
			}
			tap := cut(x, []int{1, 2, 3, 4}, []int{dy / s, dy % s, dx / s, dx % s}, []int{h, 1, w, 1})
			all = append(all, Reshape(tap, n, h, w, c))
		}
	}
	return all
}

// grouped is a 1×1 convolution in groups; w is [blocks, i, o], each block the
// weights of some neighbouring groups (see Layout).
func grouped(op *efficientvit.Op, x, w *Node) *Node {
	dims := x.Shape().Dimensions
	blocks, i := w.Shape().Dimensions[0], w.Shape().Dimensions[1]
	rows := Reshape(x, -1, blocks, i)
	return Reshape(Einsum("rbi,bio->rbo", rows, w), dims[0], op.Shape[0], op.Shape[1], op.Shape[2])
}

func linear(_ *efficientvit.Op, in, params []*Node) *Node {
	y := Dot(in[0], params[0]).Product()
	if len(params) > 1 {
		y = Add(y, perChannel(params[1], y))
	}
	return y
}

// batchNorm normalizes by the stored statistics.
func batchNorm(op *efficientvit.Op, in, params []*Node) *Node {
	gain := Div(params[0], Sqrt(AddScalar(params[3], op.Eps)))
	offset := Sub(params[1], Mul(params[2], gain))
	return Add(Mul(in[0], perChannel(gain, in[0])), perChannel(offset, in[0]))
}

func layerNorm(op *efficientvit.Op, in, params []*Node) *Node {
	x := in[0]
	centered := Sub(x, ReduceAndKeep(x, ReduceMean, -1))
	variance := ReduceAndKeep(Mul(centered, centered), ReduceMean, -1)
	y := Div(centered, Sqrt(AddScalar(variance, op.Eps)))
	return Add(Mul(y, perChannel(params[0], y)), perChannel(params[1], y))
}

// heads takes q, k or v: [N, H, W, heads·3·d] to [N, H·W, heads, d].
func heads(op *efficientvit.Op, in, _ []*Node) *Node {
	t, h, d := op.Shape[0], op.Shape[1], op.Shape[2]
	n := in[0].Shape().Dimensions[0]
	x := Reshape(in[0], n, t, h, 3, d)
	return Reshape(cut(x, []int{3}, []int{op.Part}, []int{1}), n, t, h, d)
}

func mergeHeads(op *efficientvit.Op, in, _ []*Node) *Node {
	return Reshape(in[0], in[0].Shape().Dimensions[0], op.Shape[0], op.Shape[1], op.Shape[2])
}

func matMul(op *efficientvit.Op, in, _ []*Node) *Node {
	if op.OverTokens {
		return Einsum("nthd,nthe->nhde", in[0], in[1])
	}
	return Einsum("nthd,nhde->nthe", in[0], in[1])
}

func sumTokens(_ *efficientvit.Op, in, _ []*Node) *Node {
	return InsertAxes(ReduceSum(in[0], 1), -1)
}

// upsample is PyTorch's bicubic resize by an integer factor as two products
// with constant matrices, along the width and along the height.
func upsample(op *efficientvit.Op, in, _ []*Node) *Node {
	x := in[0]
	g, dims := x.Graph(), x.Shape().Dimensions
	along := func(n int) *Node { return Const(g, bicubic(n, op.Factor)) }
	x = Einsum("nhwc,wv->nhvc", x, along(dims[2]))
	return Einsum("nhwc,hv->nvwc", x, along(dims[1]))
}

// bicubic returns the [n][n·factor] matrix of a one-dimensional cubic
// convolution with a = -0.75, align_corners false and repeated borders.
func bicubic(n, factor int) [][]float32 {
	const a = -0.75
	kernel := func(x float64) float64 {
		switch x = math.Abs(x); {
		case x <= 1:
			return ((a+2)*x-(a+3))*x*x + 1
		case x < 2:
			return ((a*x-5*a)*x+8*a)*x - 4*a
		}
		return 0
	}
	m := make([][]float32, n)
	for i := range m {
		m[i] = make([]float32, n*factor)
	}
	for out := range n * factor {
		at := (float64(out)+0.5)/float64(factor) - 0.5
		first := int(math.Floor(at)) - 1
		for i := first; i < first+4; i++ {
			m[min(max(i, 0), n-1)][out] += float32(kernel(at - float64(i)))
		}
	}
	return m
}
