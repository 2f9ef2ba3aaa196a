// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gotriovit/gotriovit/internal/platform"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward/internal/window"
)

// conv chooses the form of a convolution.
func conv(op *efficientvit.Op, in, params []*Node) *Node {
	var y *Node
	switch {
	case op.Depthwise():
		w := windowOf(op)
		y = w.Depthwise(w.Pad(in[0]), params[0])
	case op.Groups > 1:
		y = grouped(op, in[0], params[0])
	default:
		y = dense(op, in[0], params[0])
	}
	if len(params) > 1 {
		y = Add(y, window.PerChannel(params[1], y))
	}
	return y
}

func windowOf(op *efficientvit.Op) window.Window {
	return window.Window{Kernel: op.Kernel, Stride: op.Stride, H: op.Shape[0], W: op.Shape[1]}
}

// dense is a convolution over all channels: patches [N·H·W, k·k·I] times weights [k·k·I,
// O]. For XLA the few columns of a stem are multiplied one by one: XLA fuses them into one
// loop and copies no patches.
func dense(op *efficientvit.Op, x, w *Node) *Node {
	if op.Kernel > 1 || op.Stride > 1 {
		v := windowOf(op)
		patches := v.Taps(v.Pad(x))
		if x.Graph().Backend().Name() == platform.XLA {
			var all []*Node
			for _, tap := range patches {
				for i := range x.Shape().Dimensions[3] {
					all = append(all, window.Weigh(window.Cut(tap, []int{3}, []int{i}, []int{1}), w, len(all)))
				}
			}
			return window.Sum(all)
		}
		x = Concatenate(patches, -1)
	}
	n := x.Shape().Dimensions[0]
	rows := Reshape(x, -1, x.Shape().Dimensions[3])
	return Reshape(Dot(rows, w).Product(), n, op.Shape[0], op.Shape[1], op.Shape[2])
}

// grouped is a 1×1 convolution in groups; w is [groups, i, o] (see Layout).
func grouped(op *efficientvit.Op, x, w *Node) *Node {
	dims := x.Shape().Dimensions
	groups, i := w.Shape().Dimensions[0], w.Shape().Dimensions[1]
	rows := Reshape(x, -1, groups, i)
	return Reshape(Einsum("rgi,gio->rgo", rows, w), dims[0], op.Shape[0], op.Shape[1], op.Shape[2])
}

func linear(_ *efficientvit.Op, in, params []*Node) *Node {
	y := Dot(in[0], params[0]).Product()
	if len(params) > 1 {
		y = Add(y, window.PerChannel(params[1], y))
	}
	return y
}

// batchNorm normalizes by the stored statistics.
func batchNorm(op *efficientvit.Op, in, params []*Node) *Node {
	gain := Div(params[0], Sqrt(AddScalar(params[3], op.Eps)))
	offset := Sub(params[1], Mul(params[2], gain))
	return Add(Mul(in[0], window.PerChannel(gain, in[0])), window.PerChannel(offset, in[0]))
}

func layerNorm(op *efficientvit.Op, in, params []*Node) *Node {
	x := in[0]
	centered := Sub(x, ReduceAndKeep(x, ReduceMean, -1))
	variance := ReduceAndKeep(Mul(centered, centered), ReduceMean, -1)
	y := Div(centered, Sqrt(AddScalar(variance, op.Eps)))
	return Add(Mul(y, window.PerChannel(params[0], y)), window.PerChannel(params[1], y))
}

// heads takes q, k or v: [N, H, W, heads·3·d] to [N, H·W, heads, d].
func heads(op *efficientvit.Op, in, _ []*Node) *Node {
	t, h, d := op.Shape[0], op.Shape[1], op.Shape[2]
	n := in[0].Shape().Dimensions[0]
	x := Reshape(in[0], n, t, h, 3, d)
	return Reshape(window.Cut(x, []int{3}, []int{op.Part}, []int{1}), n, t, h, d)
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
