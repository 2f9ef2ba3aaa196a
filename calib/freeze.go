// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// Freeze returns a quantized network as integers (INTEGER.md): weights and biases
// become codes, steps become multipliers and shifts of the limits' width, and
// migration and shifting become factors and addends of the requantization before
// their convolutions. Every tensor that is multiplied must be on a grid; an
// operand that the recipe leaves in float is an error with its name, except for
// the dividends, which are then divided at full width. Accumulators that do not
// fit the limits are an error too. Limits that are 0 are the multiplier of one DSP
// slice and accumulators of 32 bits. Classes and Picture are those of the quantized
// model ([triovit.Model]), Source says what it was made from.
func Freeze(q *Quantized, limits integer.Limits) (*integer.Model, error) {
	limits.MultiplierBits = cmp.Or(limits.MultiplierBits, integer.MultiplierPort)
	limits.AccumulatorBits = cmp.Or(limits.AccumulatorBits, integer.MaxAccumulatorBits)
	f := &freezer{q: q, m: &integer.Model{Name: q.Model.Net.Name, Limits: limits, Classes: q.Model.Classes, Source: q.source,
		Picture: integer.Picture{Pipeline: q.Model.Pipeline, Normalization: preprocess.ImageNetNormalization()}}, made: map[string]frozen{}}
	for i := range q.Model.Net.Ops {
		op := &q.Model.Net.Ops[i]
		if err := f.op(op); err != nil {
			return nil, fmt.Errorf("freeze %s: %s %q: %w", f.m.Name, op.Kind, op.Name, err)
		}
	}
	if err := f.logits(); err != nil {
		return nil, fmt.Errorf("freeze %s: logits: %w", f.m.Name, err)
	}
	return f.m, f.m.Validate()
}

// A frozen is a tensor of the network as an integer tensor q with the real numbers that
// its integers stand for: steps·q + offsets, with one step and offset, or one for each
// channel.
type frozen struct {
	tensor string
	integer.Values
	// codes is the tensor's grid, nil for an accumulator.
	codes *grid.Uniform
}

type freezer struct {
	q    *Quantized
	m    *integer.Model
	made map[string]frozen // the frozen tensors, by the name of the network's tensor
}

// add appends an operation and returns its result with the real numbers of its integers.
func (f *freezer) add(name string, op integer.Operation, values integer.Values, inputs ...string) frozen {
	f.m.Ops = append(f.m.Ops, integer.Op{Name: name, Inputs: inputs, Operation: op, Values: values})
	return frozen{tensor: name, Values: values}
}

// op freezes one operation of the network.
func (f *freezer) op(op *efficientvit.Op) error {
	y, err := f.freeze(op)
	f.made[op.Name] = y
	return err
}

func (f *freezer) freeze(op *efficientvit.Op) (frozen, error) {
	switch op.Kind {
	case efficientvit.Input:
		u, err := f.grid(op.Name)
		if err != nil {
			return frozen{}, err
		}
		return f.onGrid(f.add(op.Name, &integer.Input{Shape: [3]int(op.Shape), Grid: u}, valuesOf(u)), u), nil
	case efficientvit.Scale, efficientvit.Shift:
		return f.channelwise(op), nil
	case efficientvit.Conv, efficientvit.Linear:
		return f.conv(op)
	case efficientvit.Hardswish:
		return f.hardswish(op)
	case efficientvit.Add:
		return f.sum(op)
	case efficientvit.GlobalAvgPool:
		x, err := f.operand(op, 0)
		if err != nil {
			return frozen{}, err
		}
		in := f.q.Model.Net.Op(op.Inputs[0]).Shape
		values := integer.Values{Steps: []float64{x.Steps[0] / float64(in[0]*in[1])}, Offsets: x.Offsets}
		return f.add(op.Name, &integer.Pool{}, values, x.tensor), nil
	case efficientvit.Upsample:
		return f.upsample(op)
	case efficientvit.LayerNorm:
		return f.layerNorm(op)
	case efficientvit.Heads:
		x, err := f.symmetric(op, 0)
		return f.add(op.Name, &integer.Heads{Heads: op.Shape[1], Dim: op.Shape[2], Part: op.Part}, x.Values, x.tensor), err
	case efficientvit.ReLU:
		x := f.made[op.Inputs[0]]
		return f.add(op.Name, &integer.ReLU{}, x.Values, x.tensor), nil
	case efficientvit.MergeHeads:
		x := f.made[op.Inputs[0]]
		y := f.add(op.Name, &integer.MergeHeads{H: op.Shape[0], W: op.Shape[1]}, x.Values, x.tensor)
		return frozen{y.tensor, y.Values, x.codes}, nil
	case efficientvit.Concat:
		var inputs []string
		for _, name := range op.Inputs {
			inputs = append(inputs, f.made[name].tensor)
		}
		x := f.made[op.Inputs[0]] // quotients take the grid of the operation that joins them
		y := f.add(op.Name, &integer.Concat{}, x.Values, inputs...)
		return frozen{y.tensor, y.Values, x.codes}, nil
	case efficientvit.MatMul:
		x, y := f.made[op.Inputs[0]], f.made[op.Inputs[1]]
		if len(op.Points) > 0 {
			var err error
			if y, err = f.symmetric(op, 1); err != nil {
				return frozen{}, err
			}
		}
		values := integer.Values{Steps: []float64{x.Steps[0] * y.Steps[0]}}
		return f.add(op.Name, &integer.MatMul{OverTokens: op.OverTokens}, values, x.tensor, y.tensor), nil
	case efficientvit.SumTokens:
		x := f.made[op.Inputs[0]]
		return f.add(op.Name, &integer.SumTokens{}, x.Values, x.tensor), nil
	case efficientvit.Divide:
		return f.divide(op)
	}
	return frozen{}, fmt.Errorf("integers know no such operation")
}

// grid returns the uniform grid of a tensor.
func (f *freezer) grid(tensor string) (grid.Uniform, error) {
	switch g := f.q.quantizers[tensor].(type) {
	case grid.Uniform:
		return g, nil
	case nil:
		return grid.Uniform{}, fmt.Errorf("the recipe leaves %q in float", tensor)
	default:
		return grid.Uniform{}, fmt.Errorf("%q is quantized by %s, only a uniform grid can be frozen there", tensor, g)
	}
}

// valuesOf returns the real numbers that the codes of a grid stand for.
func valuesOf(u grid.Uniform) integer.Values {
	v := integer.Values{Steps: []float64{float64(u.Scale)}}
	if u.Zero != 0 {
		v.Offsets = []float64{-float64(u.Zero) * float64(u.Scale)}
	}
	return v
}

func (f *freezer) onGrid(y frozen, u grid.Uniform) frozen {
	return frozen{y.tensor, y.Values, &u}
}

func codesOf(u grid.Uniform) integer.Interval {
	return integer.Interval{Lo: int64(u.Lo), Hi: int64(u.Hi)}
}

// operand returns the codes of an operation's operand. It requantizes the operand's tensor
// where no earlier operation has done so.
func (f *freezer) operand(op *efficientvit.Op, index int) (frozen, error) {
	tensor := op.Inputs[index]
	x := f.made[tensor]
	if !f.q.rounded[operand{op.Name, index}] {
		return frozen{}, fmt.Errorf("the recipe leaves operand %d, %q, in float, and %q leaves none", index, tensor, Default.Name)
	}
	grid := f.q.GridName(op, index)
	u, err := f.grid(grid)
	if err != nil || x.codes != nil && *x.codes == u {
		return x, err
	}
	name := tensor + codesSuffix
	if grid != tensor {
		name = grid
	}
	if f.made[name].codes != nil {
		return f.made[name], nil
	}
	r := &integer.Requantize{Codes: codesOf(u)}
	for i := range max(len(x.Steps), len(x.Offsets)) {
		factor, offset := x.Steps[i%len(x.Steps)]/float64(u.Scale), float64(u.Zero)
		if len(x.Offsets) > 0 {
			offset += x.Offsets[i%len(x.Offsets)] / float64(u.Scale)
		}
		a, err := integer.NewAffine(factor, offset, f.m.MultiplierBits)
		if err != nil {
			return frozen{}, fmt.Errorf("requantization of %q, channel %d: %w", tensor, i, err)
		}
		r.Affine = append(r.Affine, a)
	}
	f.made[name] = f.onGrid(f.add(name, r, valuesOf(u), x.tensor), u)
	return f.made[name], nil
}

// codesSuffix ends the name of a tensor's codes, where the tensor's own name is that of
// its accumulators.
const codesSuffix = ".codes"

// log2Suffix ends the name of the divisors' log2 codes. logitsName is the name of the
// model's last operation.
const (
	log2Suffix = ".log2"
	logitsName = "logits"
)

// symmetric is operand for an operation that takes only grids without a zero point.
func (f *freezer) symmetric(op *efficientvit.Op, index int) (frozen, error) {
	x, err := f.operand(op, index)
	if err == nil && x.codes.Zero != 0 {
		err = fmt.Errorf("operand %d, %q, has a zero point of %d: only a symmetric grid can be frozen there", index, op.Inputs[index], x.codes.Zero)
	}
	return x, err
}

// channelwise freezes a Scale or a Shift: the integers stay, and their steps or offsets
// change.
func (f *freezer) channelwise(op *efficientvit.Op) frozen {
	x := f.made[op.Inputs[0]]
	parameter := f.q.Model.Weights[op.Params[0].Name].Data
	steps, offsets := make([]float64, len(parameter)), make([]float64, len(parameter))
	for i, p := range parameter {
		steps[i], offsets[i] = x.Of(i, 1)-x.Of(i, 0), x.Of(i, 0)
		if op.Kind == efficientvit.Scale {
			steps[i], offsets[i] = steps[i]*float64(p), offsets[i]*float64(p)
		} else {
			offsets[i] -= float64(p)
		}
	}
	return frozen{tensor: x.tensor, Values: integer.Values{Steps: steps, Offsets: offsets}}
}

func (f *freezer) conv(op *efficientvit.Op) (frozen, error) {
	x, err := f.operand(op, 0)
	if err != nil {
		return frozen{}, err
	}
	c := &integer.Conv{Kernel: max(op.Kernel, 1), Stride: max(op.Stride, 1), Groups: max(op.Groups, 1), WeightBits: 8}
	if x.codes.Zero != 0 {
		c.Pad = []int32{int32(x.codes.Zero)}
	}
	set, grids := f.q.Model.Weights, f.q.WeightGrids[op.Name]
	values := set[op.Params[0].Name]
	per := len(values.Data) / len(grids)
	steps := make([]float64, len(grids))
	for o, g := range grids {
		if g.Zero != 0 || g.Lo < math.MinInt8 || g.Hi > math.MaxInt8 {
			return frozen{}, fmt.Errorf("filter %d has weights on %s: only symmetric grids of at most 8 bits can be frozen", o, g)
		}
		c.WeightBits = codesOf(g).Bits()
		steps[o] = x.Steps[0] * float64(g.Scale)
		sum := 0
		for _, w := range values.Data[o*per:][:per] {
			if g.Fake(w) != w {
				return frozen{}, fmt.Errorf("filter %d has the weight %g, which lies between the codes of %s: soft roundings cannot be frozen", o, w, g)
			}
			c.Weights = append(c.Weights, int8(g.Code(w)))
			sum += g.Code(w)
		}
		bias := -float64(x.codes.Zero * sum)
		if op.HasBias() {
			bias += math.RoundToEven(float64(set[op.Params[1].Name].Data[o]) / steps[o])
		}
		if math.Abs(bias) > math.MaxInt32 {
			return frozen{}, fmt.Errorf("filter %d has a bias of %g steps, which 32 bits do not hold", o, bias)
		}
		c.Bias = append(c.Bias, int32(bias))
	}
	return f.add(op.Name, c, integer.Values{Steps: steps}, x.tensor), nil
}

func (f *freezer) hardswish(op *efficientvit.Op) (frozen, error) {
	x, err := f.symmetric(op, 0)
	if err != nil {
		return frozen{}, err
	}
	h, err := integer.NewHardswish(x.Steps[0], codesOf(*x.codes), integer.OperandPort)
	if err != nil {
		return frozen{}, err
	}
	step := math.Ldexp(x.Steps[0]*x.Steps[0]/6, int(h.Drop))
	return f.add(op.Name, h, integer.Values{Steps: []float64{step}}, x.tensor), nil
}

func (f *freezer) sum(op *efficientvit.Op) (frozen, error) {
	var in [2]frozen
	for i := range in {
		var err error
		if in[i], err = f.operand(op, i); err != nil {
			return frozen{}, err
		}
	}
	u, err := f.grid(f.sumGrid(op.Name))
	if err != nil {
		return frozen{}, err
	}
	offset := (in[0].Of(0, 0)+in[1].Of(0, 0))/float64(u.Scale) + float64(u.Zero)
	width := max(codesOf(*in[0].codes).Bits(), codesOf(*in[1].codes).Bits())
	a, err := integer.NewAdd(in[0].Steps[0]/float64(u.Scale), in[1].Steps[0]/float64(u.Scale), offset, f.m.MultiplierBits, width, codesOf(u))
	return f.onGrid(f.add(op.Name, a, valuesOf(u), in[0].tensor, in[1].tensor), u), err
}

// sumGrid names the grid on which a residual sum is rounded: that of the next residual sum
// where it has its own, otherwise the one of all the sum's readers.
func (f *freezer) sumGrid(tensor string) string {
	if _, wide := f.q.quantizers[tensor+residualSuffix]; wide {
		return tensor + residualSuffix
	}
	return tensor
}

func (f *freezer) upsample(op *efficientvit.Op) (frozen, error) {
	x, err := f.operand(op, 0)
	if err != nil {
		return frozen{}, err
	}
	u, err := integer.NewUpsample(op.Factor, codesOf(*x.codes), integer.OperandPort)
	if err != nil {
		return frozen{}, err
	}
	values := integer.Values{Steps: []float64{x.Steps[0] * u.Unit()}, Offsets: x.Offsets}
	return f.add(op.Name, u, values, x.tensor), nil
}

func (f *freezer) layerNorm(op *efficientvit.Op) (frozen, error) {
	x, err := f.symmetric(op, 0)
	if err != nil {
		return frozen{}, err
	}
	gain, offset := f.q.Model.Weights[op.Params[0].Name].Data, f.q.Model.Weights[op.Params[1].Name].Data
	l, err := integer.NewLayerNorm(len(gain), x.Steps[0], op.Eps)
	if err != nil {
		return frozen{}, err
	}
	var values integer.Values
	for i := range gain {
		values.Steps = append(values.Steps, math.Ldexp(float64(gain[i]), -integer.NormBits))
		values.Offsets = append(values.Offsets, float64(offset[i]))
	}
	return f.add(op.Name, l, values, x.tensor), nil
}

// divide freezes the divisors' codes and the division onto the grid of the
// operation that reads the quotients.
func (f *freezer) divide(op *efficientvit.Op) (frozen, error) {
	x, divisor := f.made[op.Inputs[0]], f.made[op.Inputs[1]]
	if f.q.rounded[operand{op.Name, 0}] {
		var err error
		if x, err = f.symmetric(op, 0); err != nil {
			return frozen{}, err
		}
	}
	g, powers := f.q.quantizers[op.Inputs[1]].(grid.Log2)
	if !powers {
		where := "in float"
		if q := f.q.quantizers[op.Inputs[1]]; q != nil {
			where = "on " + q.String()
		}
		return frozen{}, fmt.Errorf("divisors %q are %s, not on a log2 grid: integers divide by shifts", op.Inputs[1], where)
	}
	step := divisor.Steps[0]
	if g.Integer {
		a, err := integer.NewAffine(step/float64(g.Unit), 0, f.m.MultiplierBits)
		if err != nil {
			return frozen{}, err
		}
		step = float64(g.Unit)
		divisor = f.add(op.Inputs[1]+codesSuffix, &integer.Requantize{Affine: []integer.Affine{a}, Codes: integer.Interval{Hi: int64(g.IntegerMax)}},
			integer.Values{Steps: []float64{step}}, divisor.tensor)
	}
	l, err := integer.NewLog2(g, step)
	if err != nil {
		return frozen{}, err
	}
	code := f.add(op.Inputs[1]+log2Suffix, l, integer.Values{}, divisor.tensor)
	u, err := f.grid(f.reader(op.Name))
	if err != nil {
		return frozen{}, err
	}
	if u.Zero != 0 {
		return frozen{}, fmt.Errorf("quotients on %s: only a symmetric grid can be frozen there", u)
	}
	d, err := integer.NewDivide(x.Steps[0]/(float64(u.Scale)*float64(g.Value(g.Lo))), f.m.MultiplierBits, codesOf(u))
	return f.onGrid(f.add(op.Name, d, valuesOf(u), x.tensor, code.tensor), u), err
}

// reader follows a tensor through operations that only move integers, to the tensor that
// is rounded.
func (f *freezer) reader(tensor string) string {
	net := f.q.Model.Net
	for {
		if _, rounded := f.q.quantizers[tensor]; rounded {
			return tensor
		}
		readers := net.Consumers(tensor)
		if len(readers) != 1 || !slices.Contains([]efficientvit.Kind{efficientvit.MergeHeads, efficientvit.Concat}, net.Op(readers[0]).Kind) {
			return tensor
		}
		tensor = readers[0]
	}
}

// logits requantizes the accumulators of the last layer to the largest of their steps.
func (f *freezer) logits() error {
	last := f.made[f.q.Model.Net.Output().Name]
	step := slices.Max(last.Steps)
	r := &integer.Requantize{Codes: integer.Interval{Lo: math.MinInt32, Hi: math.MaxInt32}}
	for _, s := range last.Steps {
		a, err := integer.NewAffine(s/step, 0, f.m.MultiplierBits)
		if err != nil {
			return err
		}
		r.Affine = append(r.Affine, a)
	}
	f.add(logitsName, r, integer.Values{Steps: []float64{step}}, last.tensor)
	return nil
}
