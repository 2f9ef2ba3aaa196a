// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute-onnx/support/protos"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// A layout is the order of an integer tensor's three axes in an ONNX tensor, whose
// first axis is the batch.
type layout [3]int

var (
	asIs    = layout{0, 1, 2}
	planes  = layout{2, 0, 1} // [H, W, C] as [N, C, H, W]
	heads   = layout{1, 2, 0} // [T, heads, d] as [N, heads, d, T]
	tokens  = layout{1, 0, 2} // [T, heads, d] as [N, heads, T, d]
	product = layout{0, 2, 1} // [heads, d, e] as [N, heads, e, d]
)

// axis returns the axis of the ONNX tensor that corresponds to an axis of the integer
// tensor.
func (l layout) axis(of int) int64 { return int64(1 + slices.Index(l[:], of)) }

// channels is the axis of an integer tensor that counts its channels.
const channels = 2

// An element is the type of a tensor's elements: float for real numbers, double for
// integers up to 2^53, or a type of codes.
type element = protos.TensorProto_DataType

const (
	float  = protos.TensorProto_FLOAT
	double = protos.TensorProto_DOUBLE
)

// A tensor is the ONNX tensor that stands for an integer tensor.
type tensor struct {
	name   string
	layout layout
	as     element
	// steps and zero relate the integers q of the tensor to real numbers, steps·(q - zero).
	// The real numbers are the elements of a float tensor, or the result of DequantizeLinear
	// for codes. There is one step, or one for each channel. Codes have one.
	steps []float64
	zero  int64
}

// A graph is an ONNX graph that is being built.
type graph struct {
	*protos.GraphProto
	cut  *integer.Cut
	op   string // name of the operation for which nodes are made
	made map[string]tensor
	used map[string]bool    // the names that are taken
	read map[reading]tensor // tensors that are made once and read by several operations
}

// A reading is a tensor in a layout, with elements of a type: a key of graph.read.
type reading struct {
	tensor string
	layout layout
	as     element
}

// unique returns a name for a node or an initializer of the operation.
func (g *graph) unique(kind string) string {
	name := g.op + "/" + kind
	for i := 1; g.used[name]; i++ {
		name = fmt.Sprintf("%s/%s_%d", g.op, kind, i)
	}
	g.used[name] = true
	return name
}

// node adds a node, and returns the name of its output.
func (g *graph) node(kind string, inputs []string, attributes ...*protos.AttributeProto) string {
	name := g.unique(kind)
	g.Node = append(g.Node, &protos.NodeProto{Name: name, OpType: kind, Input: inputs, Output: []string{name}, Attribute: attributes})
	return name
}

func integerAttribute(name string, v int64) *protos.AttributeProto {
	return &protos.AttributeProto{Name: name, Type: protos.AttributeProto_INT, I: v}
}

func integersAttribute(name string, v ...int64) *protos.AttributeProto {
	return &protos.AttributeProto{Name: name, Type: protos.AttributeProto_INTS, Ints: v}
}

func floatAttribute(name string, v float64) *protos.AttributeProto {
	return &protos.AttributeProto{Name: name, Type: protos.AttributeProto_FLOAT, F: float32(v)}
}

func textAttribute(name, v string) *protos.AttributeProto {
	return &protos.AttributeProto{Name: name, Type: protos.AttributeProto_STRING, S: []byte(v)}
}

// constant adds an initializer, and returns its name.
func constant[T int8 | int32 | int64 | float64](g *graph, name string, as element, values []T, dims ...int64) string {
	data := make([]byte, 0, 8*len(values))
	for _, v := range values {
		switch as {
		case protos.TensorProto_INT8, protos.TensorProto_UINT8:
			data = append(data, byte(int64(v)))
		case protos.TensorProto_INT16, protos.TensorProto_UINT16:
			data = binary.LittleEndian.AppendUint16(data, uint16(int64(v)))
		case protos.TensorProto_INT32:
			data = binary.LittleEndian.AppendUint32(data, uint32(int64(v)))
		case protos.TensorProto_INT64:
			data = binary.LittleEndian.AppendUint64(data, uint64(int64(v)))
		case float:
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(v)))
		case double:
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(float64(v)))
		}
	}
	name = g.unique(name)
	g.Initializer = append(g.Initializer, &protos.TensorProto{Name: name, DataType: int32(as), Dims: dims, RawData: data})
	return name
}

// list adds a constant list of int64, as shapes and axes are given.
func (g *graph) list(name string, values ...int64) string {
	return constant(g, name, protos.TensorProto_INT64, values, int64(len(values)))
}

// scalar adds a constant number.
func (g *graph) scalar(name string, as element, v float64) string {
	return constant(g, name, as, []float64{v})
}

// channelwise adds a constant for x: one number for all channels, or one for each.
func (g *graph) channelwise(name string, x tensor, values []float64) string {
	if len(values) == 1 {
		return g.scalar(name, x.as, values[0])
	}
	dims := []int64{1, 1, 1}
	dims[x.layout.axis(channels)-1] = int64(len(values))
	return constant(g, name, x.as, values, dims...)
}

// in returns a tensor in a layout, and adds a Transpose if it needs one.
func (g *graph) in(name string, l layout) tensor {
	x := g.made[name]
	if x.layout == l {
		return x
	}
	return g.once(reading{name, l, x.as}, func() tensor {
		permutation := []int64{0}
		for _, axis := range l {
			permutation = append(permutation, x.layout.axis(axis))
		}
		x.name, x.layout = g.node("Transpose", []string{x.name}, integersAttribute("perm", permutation...)), l
		return x
	})
}

// once returns the tensor that a reading has already, or makes it.
func (g *graph) once(r reading, make func() tensor) tensor {
	x, ok := g.read[r]
	if !ok {
		x = make()
		g.read[r] = x
	}
	return x
}

// real returns a tensor in a layout as real numbers of float.
func (g *graph) real(name string, l layout) tensor {
	x := g.in(name, l)
	switch x.as {
	case float:
		return x
	case double:
		return g.once(reading{name, l, float}, func() tensor { return g.cast(x, float) })
	}
	return g.once(reading{name, l, float}, func() tensor {
		x.name, x.as = g.node("DequantizeLinear", []string{x.name, g.scalar("step", float, x.steps[0]), constant(g, "zero", x.as, []int64{x.zero})}), float
		return x
	})
}

// even returns real with one step and a zero of 0, for operations that multiply tensors.
func (g *graph) even(name string, l layout) tensor {
	x := g.real(name, l)
	if len(x.steps) == 1 && x.zero == 0 {
		return x
	}
	return g.cast(g.integers(name, l), float)
}

// integers returns a tensor in a layout as integers of double.
func (g *graph) integers(name string, l layout) tensor {
	x := g.in(name, l)
	if x.as == double {
		return x
	}
	return g.once(reading{name, l, double}, func() tensor { return g.whole(g.real(name, l)) })
}

// whole returns the integers that real numbers stand for. It rounds the errors of float
// away.
func (g *graph) whole(x tensor) tensor {
	factors := make([]float64, len(x.steps))
	for i, s := range x.steps {
		factors[i] = 1 / s
	}
	y := g.with("Mul", g.cast(x, double), factors...)
	y.name = g.node("Round", []string{y.name})
	return g.with("Add", y, float64(x.zero))
}

// cast returns a tensor with elements of another type. The result has step 1.
func (g *graph) cast(x tensor, as element) tensor {
	return tensor{g.node("Cast", []string{x.name}, integerAttribute("to", int64(as))), x.layout, as, []float64{1}, 0}
}

// with returns the result of a Mul, an Add or a Sub of x and a constant: one number for
// all channels, or one for each. It leaves out a multiplication by 1 and an addition of
// 0.
func (g *graph) with(kind string, x tensor, values ...float64) tensor {
	neutral := map[string]float64{"Mul": 1}[kind]
	if slices.ContainsFunc(values, func(v float64) bool { return v != neutral }) {
		x.name = g.node(kind, []string{x.name, g.channelwise(map[string]string{"Mul": "factor", "Add": "addend", "Sub": "border"}[kind], x, values)})
	}
	return x
}

// floor returns the largest integers that are not above x.
func (g *graph) floor(x tensor) tensor {
	x.name = g.node("Floor", []string{x.name})
	return x
}

// clip returns x limited to the range from lowest to highest.
func (g *graph) clip(x tensor, lowest, highest float64) tensor {
	x.name = g.node("Clip", []string{x.name, g.scalar("lowest", x.as, lowest), g.scalar("highest", x.as, highest)})
	return x
}

// typeOf returns the smallest type of codes that holds an interval, and the interval of
// that type. It returns double if QuantizeLinear has no such type.
func typeOf(codes integer.Interval) (element, integer.Interval) {
	for _, t := range []struct {
		as element
		integer.Interval
	}{
		{protos.TensorProto_INT8, integer.Interval{Lo: math.MinInt8, Hi: math.MaxInt8}},
		{protos.TensorProto_UINT8, integer.Interval{Hi: math.MaxUint8}},
		{protos.TensorProto_INT16, integer.Interval{Lo: math.MinInt16, Hi: math.MaxInt16}},
		{protos.TensorProto_UINT16, integer.Interval{Hi: math.MaxUint16}},
	} {
		if t.Contains(codes.Lo) && t.Contains(codes.Hi) {
			return t.as, t.Interval
		}
	}
	return double, integer.Interval{Lo: math.MinInt32, Hi: math.MaxInt32}
}

// quantized returns the codes of real numbers on a grid, of at most 16 bits.
func (g *graph) quantized(x tensor, codes integer.Interval, step float64, zero int64) tensor {
	as, all := typeOf(codes)
	if codes != all {
		x = g.clip(x, step*float64(codes.Lo-zero), step*float64(codes.Hi-zero))
	}
	return g.coded(x, as, step, zero)
}

// coded returns the codes, of an element type, of real numbers on a grid.
func (g *graph) coded(x tensor, as element, step float64, zero int64) tensor {
	return tensor{g.node("QuantizeLinear", []string{x.name, g.scalar("step", float, step), constant(g, "zero", as, []int64{zero})}), x.layout, as, []float64{step}, zero}
}

// rounded returns the floors of numbers of double, as codes. A caller that adds 1/2
// before gets the nearest codes. QuantizeLinear gets the real number of the code itself,
// so that it rounds nothing. Codes of more than 16 bits stay double. They are clamped if
// the operation's integers can reach an end of the codes.
func (g *graph) rounded(x tensor, codes integer.Interval, values integer.Values) tensor {
	x = g.floor(x)
	if as, _ := typeOf(codes); as == double {
		if y := g.cut.Tensor(g.op).Range; codes.Lo < y.Lo && y.Hi < codes.Hi {
			return x
		}
		return g.clip(x, float64(codes.Lo), float64(codes.Hi))
	}
	step, zero := gridOf(values, codes)
	x = g.with("Mul", g.with("Add", x, -float64(zero)), step)
	return g.quantized(g.cast(x, float), codes, step, zero)
}

// gridOf returns the step and the zero point of an operation's codes. It returns 1 and 0
// if the operation's values do not give them.
func gridOf(v integer.Values, codes integer.Interval) (step float64, zero int64) {
	if len(v.Steps) != 1 || !(v.Steps[0] > 0) {
		return 1, 0
	}
	if len(v.Offsets) == 1 {
		if z := int64(math.RoundToEven(-v.Offsets[0] / v.Steps[0])); codes.Contains(z) {
			zero = z
		}
	}
	return v.Steps[0], zero
}
