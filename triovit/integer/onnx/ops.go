// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute-onnx/support/protos"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// add adds the nodes of an operation whose operands have nodes already. It returns the
// tensor of the result.
func (g *graph) add(op *integer.Op) tensor {
	in := func(i int) string { return op.Inputs[i] }
	made := g.made[in(0)].layout
	switch o := op.Operation.(type) {
	case *integer.Requantize:
		var factors, addends []float64
		for _, a := range o.Affine {
			factors, addends = append(factors, a.Factor()), append(addends, a.Offset()+half(a.Shift))
		}
		x := g.with("Mul", g.integers(in(0), made), factors...)
		return g.rounded(g.with("Add", x, addends...), o.Codes, op.Values)
	case *integer.Conv:
		return g.conv(op, o)
	case *integer.Hardswish:
		x := g.integers(in(0), made)
		gate := g.clip(g.with("Add", x, float64(o.Three)), 0, float64(o.Six))
		x.name = g.node("Mul", []string{x.name, gate.name})
		return g.floor(g.with("Mul", x, shifted(1, o.Drop)))
	case *integer.Add:
		x := g.with("Mul", g.integers(in(0), made), shifted(int64(o.Left), o.Shift))
		y := g.with("Mul", g.integers(in(1), made), shifted(int64(o.Right), o.Shift))
		x.name = g.node("Add", []string{x.name, y.name})
		return g.rounded(g.with("Add", x, shifted(o.Addend, o.Shift)+half(o.Shift)), o.Codes, op.Values)
	case *integer.Concat:
		return g.concat(op)
	case *integer.Pool:
		return g.total(g.even(in(0), planes), planes.axis(0), planes.axis(1))
	case *integer.Upsample:
		x := g.even(in(0), planes)
		f := float64(o.Factor)
		step := x.steps[0]
		x.name = g.node("Resize", []string{x.name, "", constant(g, "scales", float, []float64{1, 1, f, f}, 4)},
			textAttribute("mode", "cubic"), floatAttribute("cubic_coeff_a", -0.75), textAttribute("coordinate_transformation_mode", "half_pixel"))
		return g.floor(g.with("Mul", g.cast(x, double), 1/(step*o.Unit())))
	case *integer.LayerNorm:
		x := g.even(in(0), asIs)
		n := g.cut.Tensor(op.Name).Shape[channels]
		step := x.steps[0] / float64(n)
		x.name = g.node("LayerNormalization", []string{x.name, constant(g, "ones", float, slices.Repeat([]float64{1}, n), int64(n))},
			integerAttribute("axis", -1), floatAttribute("epsilon", step*step*float64(o.Epsilon)))
		return g.floor(g.with("Add", g.with("Mul", g.cast(x, double), 1<<integer.NormBits), 0.5))
	case *integer.Heads:
		x := g.alike(in(0), planes)
		x.name = g.node("Reshape", []string{x.name, g.list("shape", 0, int64(o.Heads), int64(3*o.Dim), -1)})
		x.name = g.node("Slice", []string{x.name, g.list("from", int64(o.Part*o.Dim)), g.list("to", int64((o.Part+1)*o.Dim)), g.list("axes", heads.axis(channels))})
		x.layout = heads
		return x
	case *integer.MergeHeads:
		x := g.alike(in(0), heads)
		x.name, x.layout = g.node("Reshape", []string{x.name, g.list("shape", 0, -1, int64(o.H), int64(o.W))}), planes
		return x
	case *integer.ReLU:
		return g.relu(in(0))
	case *integer.MatMul:
		x, y, l := tensor{}, tensor{}, heads
		if o.OverTokens { // the transposed product y·xᵀ is made
			x, y, l = g.even(in(1), heads), g.even(in(0), tokens), product
		} else {
			x, y = g.even(in(1), product), g.even(in(0), heads)
		}
		return tensor{g.node("MatMul", []string{x.name, y.name}), l, float, []float64{x.steps[0] * y.steps[0]}, 0}
	case *integer.SumTokens:
		x := g.total(g.even(in(0), tokens), tokens.axis(0))
		x.layout = product
		return x
	case *integer.Log2:
		return g.log2(g.integers(in(0), made), o)
	case *integer.Divide:
		x := g.with("Mul", g.integers(in(0), made), shifted(int64(o.Mantissa), o.Shift))
		power := g.node("Pow", []string{g.scalar("two", double, 2), g.integers(in(1), made).name})
		x.name = g.node("Div", []string{x.name, power})
		return g.rounded(g.with("Add", x, 0.5), o.Codes, op.Values)
	}
	panic(fmt.Errorf("onnx: no nodes for %T", op.Operation))
}

// relu returns the larger of a tensor's integers and 0, of the type that the tensor has.
func (g *graph) relu(name string) tensor {
	made := g.made[name]
	if made.as == double {
		made.name = g.node("Relu", []string{made.name})
		return made
	}
	x := g.even(name, made.layout)
	x.name = g.node("Relu", []string{x.name})
	if made.as == float {
		return x
	}
	return g.coded(x, made.as, x.steps[0], 0)
}

// total returns the sums of x over axes. The lengths of these axes become 1.
func (g *graph) total(x tensor, axes ...int64) tensor {
	x.name = g.node("ReduceSum", []string{x.name, g.list("axes", axes...)})
	return x
}

// alike returns a tensor in a layout: codes as they are, or float numbers of one step.
func (g *graph) alike(name string, l layout) tensor {
	if g.made[name].as == float {
		return g.even(name, l)
	}
	return g.in(name, l)
}

// shifted returns v/2^shift.
func shifted(v int64, shift uint8) float64 { return math.Ldexp(float64(v), -int(shift)) }

// half is the addend before a floor that makes the floor round to the nearest number. It
// is 0 for a shift of 0 bits, since integers need no rounding.
func half(shift uint8) float64 {
	if shift == 0 {
		return 0
	}
	return 0.5
}

// realBits is the width, in bits, of the sums that float computes to less than half a
// unit. The products that are summed are rounded, so float needs four bits more than the
// sum.
const realBits = 21

// conv adds a convolution of int8 weights, with a step for each filter, and an int32
// bias. Where the sums have more than realBits, mostly because of a large bias, an Add of
// double adds the bias.
func (g *graph) conv(op *integer.Op, o *integer.Conv) tensor {
	x := g.real(op.Inputs[0], planes)
	if len(x.steps) > 1 {
		x = g.even(op.Inputs[0], planes)
	}
	y := g.cut.Tensor(op.Name)
	step, filters, from := x.steps[0], len(o.Bias), g.cut.Tensor(op.Inputs[0]).Shape[channels]
	// ONNX pads with real zeros. border has the code of each channel that becomes a real
	// zero.
	border := slices.Repeat([]int32{int32(x.zero)}, from)
	if o.Kernel > 1 {
		border = o.Border(from)
	}
	moved := make([]float64, from)
	for i, b := range border {
		moved[i] = step * float64(int64(b)-x.zero)
	}
	x = g.with("Sub", x, moved...)

	bias, steps, weightSteps := make([]float64, filters), make([]float64, filters), make([]float64, filters)
	size, window := len(o.Weights)/filters, o.Kernel*o.Kernel
	for f := range filters {
		sum, first := int64(o.Bias[f]), f/(filters/o.Groups)*(from/o.Groups)
		for i, w := range o.Weights[f*size:][:size] {
			sum += int64(w) * int64(border[first+i/window])
		}
		bias[f], steps[f] = float64(sum), step
		if s := op.Values.Steps; len(s) > 0 && s[f%len(s)] > 0 {
			steps[f] = s[f%len(s)]
		}
		weightSteps[f] = steps[f] / step
	}
	dequantized := func(constant, name string, steps []float64) string {
		return g.node("DequantizeLinear", []string{constant, realList(g, name, steps)}, integerAttribute("axis", 0))
	}
	k, half, stride := int64(o.Kernel), int64(o.Kernel/2), int64(o.Stride)
	weights := constant(g, "weights", protos.TensorProto_INT8, o.Weights, int64(filters), int64(from/o.Groups), k, k)
	inputs := []string{x.name, dequantized(weights, "weight_steps", weightSteps)}
	wide := y.Range.Bits() > realBits
	if !wide {
		inputs = append(inputs, dequantized(constant(g, "bias", protos.TensorProto_INT32, bias, int64(filters)), "bias_steps", steps))
	}
	name := g.node("Conv", inputs, integersAttribute("kernel_shape", k, k), integersAttribute("pads", half, half, half, half),
		integersAttribute("strides", stride, stride), integerAttribute("group", int64(o.Groups)))
	sums := tensor{name, planes, float, steps, 0}
	if wide {
		return g.with("Add", g.whole(sums), bias...)
	}
	return sums
}

// realList adds a list of float.
func realList(g *graph, name string, values []float64) string {
	return constant(g, name, float, values, int64(len(values)))
}

// concat joins codes of one type as they are. It joins other tensors as integers.
func (g *graph) concat(op *integer.Op) tensor {
	all := make([]tensor, len(op.Inputs))
	for i, name := range op.Inputs {
		all[i] = g.in(name, planes)
	}
	y := all[0]
	if y.as == float || slices.ContainsFunc(all, func(x tensor) bool { return x.as != y.as }) {
		for i, name := range op.Inputs {
			all[i] = g.integers(name, planes)
		}
		y = all[0]
	}
	var names []string
	for _, x := range all {
		names = append(names, x.name)
	}
	y.name = g.node("Concat", names, integerAttribute("axis", planes.axis(channels)))
	return y
}

// log2 adds the nodes that count the thresholds at or below each divisor.
func (g *graph) log2(x tensor, o *integer.Log2) tensor {
	if len(o.Thresholds) == 0 {
		return g.with("Mul", x, 0)
	}
	thresholds := make([]float64, len(o.Thresholds))
	for i, t := range o.Thresholds {
		thresholds[i] = float64(t)
	}
	axes := g.list("axes", -1)
	reached := g.node("Unsqueeze", []string{x.name, axes})
	reached = g.node("GreaterOrEqual", []string{reached, constant(g, "thresholds", double, thresholds, int64(len(thresholds)))})
	reached = g.node("Cast", []string{reached}, integerAttribute("to", int64(double)))
	x.name = g.node("ReduceSum", []string{reached, axes}, integerAttribute("keepdims", 0))
	return x
}
