// SPDX-License-Identifier: Apache-2.0

package intgraph

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gotriovit/gotriovit/triovit/forward/internal/window"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// kernel returns the fastest type in which sums of products of x and y are exact. most is
// an upper bound of the sum of the products' magnitudes. XLA multiplies bytes into sums of
// 32 bits several times as fast as float32. The Go backend multiplies float32 twenty times
// as fast as integers of any width.
func kernel(x, y integer.Interval, most int64, xla bool) dtypes.DType {
	bytes := integer.Interval{Lo: math.MinInt8, Hi: math.MaxInt8}
	switch {
	case xla && within(x, bytes) && within(y, bytes):
		return dtypes.Int8
	case most <= 1<<24:
		return dtypes.Float32
	}
	return dtypes.Int32
}

func within(x, y integer.Interval) bool { return y.Contains(x.Lo) && y.Contains(x.Hi) }

func magnitude(x integer.Interval) int64 { return max(-x.Lo, x.Hi) }

// product sums x·y of int32 over a pair of axes in the type of a kernel. The result's axes
// are those of the batch, then the others of x, then those of y.
func product(x, y *Node, summed [2]int, batch [][2]int, as dtypes.DType) *Node {
	sums := as
	if as == dtypes.Int8 {
		sums = dtypes.Int32
	}
	// The builder's Einsum forgets the type of the sums (GoMLX 0.28.16).
	dot := Dot(ConvertDType(x, as), ConvertDType(y, as)).WithOutputDType(sums)
	return narrow(dot.EinsumAxes([][2]int{summed}, batch))
}

// blocks multiplies x, [rows, n, i], by y, [n, i, o], to [rows, n, o].
func blocks(x, y *Node, as dtypes.DType) *Node {
	return Transpose(product(x, y, [2]int{2, 1}, [][2]int{{1, 0}}, as), 0, 1)
}

// conv is a convolution: depthwise as a sum of shifted pictures, others as products
// of patches and weights [groups, k·k·group, each]. Its parameters are the weights,
// the biases, and the codes of the border where they are not 0.
func conv(op *integer.Conv, in, y integer.Tensor, xla bool) step {
	k, channels, filters := op.Kernel, in.Shape[2], len(op.Bias)
	group, each := channels/op.Groups, filters/op.Groups
	codes := in.Range
	for _, pad := range append([]int32{0}, op.Pad...) {
		codes.Lo, codes.Hi = min(codes.Lo, int64(pad)), max(codes.Hi, int64(pad))
	}
	weights, most := make([]int32, len(op.Weights)), int64(0)
	for f := range filters {
		sum := int64(0)
		for i := range group {
			for tap := range k * k {
				w := int32(op.Weights[(f*group+i)*k*k+tap])
				weights[((f/each*k*k+tap)*group+i)*each+f%each] = w
				sum += int64(max(w, -w))
			}
		}
		most = max(most, sum*magnitude(codes))
	}
	as := kernel(codes, integer.Interval{}, most, xla)
	v := window.Window{Kernel: k, Stride: op.Stride, H: y.Shape[0], W: y.Shape[1]}
	s := step{params: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(weights, op.Groups, k*k*group, each), vector(op.Bias)}}
	if len(op.Pad) > 0 {
		s.params = append(s.params, vector(op.Pad))
	}
	s.build = func(in, params []*Node) *Node {
		x, w := padded(v, InsertAxes(in[0], 0), params[2:]), params[0]
		var sums *Node
		switch {
		case group == 1 && each == 1:
			sums = v.Depthwise(x, Transpose(Reshape(w, channels, k*k), 0, 1))
		case op.Groups > 1:
			sums = blocks(patches(v, ConvertDType(x, as), op.Groups), w, as)
		default:
			x = patches(v, ConvertDType(x, as), 1)
			sums = product(Reshape(x, -1, k*k*group), Reshape(w, k*k*group, each), [2]int{1, 0}, nil, as)
		}
		sums = Reshape(sums, y.Shape[:]...)
		return Add(sums, window.PerChannel(params[1], sums))
	}
	return s
}

// padded adds the border, of the codes of a parameter where there is one.
func padded(v window.Window, x *Node, border []*Node) *Node {
	switch {
	case v.Kernel == 1 && v.Stride == 1:
		return x
	case len(border) == 0:
		return v.Pad(x)
	}
	codes := window.PerChannel(border[0], x)
	return Add(v.Pad(Sub(x, codes)), codes)
}

// patches returns what the kernel sees of a padded x at each position of the result,
// [positions, groups, k·k·group].
func patches(v window.Window, x *Node, groups int) *Node {
	taps := []*Node{x}
	if v.Kernel > 1 || v.Stride > 1 {
		taps = v.Taps(x)
	}
	for i, tap := range taps {
		taps[i] = Reshape(tap, v.H*v.W, groups, -1)
	}
	return Concatenate(taps, -1)
}
