// SPDX-License-Identifier: Apache-2.0

package integertest

import (
	"iter"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"pgregory.net/rapid"
)

// A drawing is a model in the making.
type drawing struct {
	*rapid.T
	model *integer.Model
	made  map[string]integer.Tensor
}

// drawings have one entry for each operation, or for those that only meet together.
var drawings = []struct {
	name string
	draw func(n *drawing)
}{
	{"Requantize", func(n *drawing) { n.requantize(n.wide(n.anyInput())) }},
	{"Conv", (*drawing).convs},
	{"Hardswish", func(n *drawing) { n.hardswish(n.anyInput()) }},
	{"Add", func(n *drawing) {
		x := n.anyInput()
		n.sum(x, n.requantize(x))
	}},
	{"Concat", func(n *drawing) {
		x := n.anyInput()
		operands := []string{x, n.wide(x), n.conv(x, 1, 1, 1)}
		n.add(&integer.Concat{}, operands[:n.int(1, 3, "operands")]...)
	}},
	{"Pool", func(n *drawing) { n.add(&integer.Pool{}, n.anyInput()) }},
	{"Upsample", func(n *drawing) { n.upsample(n.anyInput()) }},
	{"LayerNorm", (*drawing).layerNorm},
	{"attention", (*drawing).attention},
}

func (n *drawing) int(lo, hi int, label string) int { return rapid.IntRange(lo, hi).Draw(n.T, label) }

func (n *drawing) bool(label string) bool { return rapid.Bool().Draw(n.T, label) }

// add appends an operation, and fails where the model refuses it.
func (n *drawing) add(op integer.Operation, inputs ...string) string {
	n.Helper()
	name := strconv.Itoa(len(n.model.Ops))
	n.model.Ops = append(n.model.Ops, integer.Op{Name: name, Inputs: inputs, Operation: op})
	tensors, err := n.model.Infer()
	if err != nil {
		n.Fatal(err)
	}
	n.made[name] = tensors[len(tensors)-1]
	return name
}

// symmetric returns a signed grid of so many bits.
func symmetric(bits int) grid.Uniform {
	return grid.Uniform{Scale: 1, Lo: -1 << (bits - 1), Hi: 1<<(bits-1) - 1}
}

// input draws a grid: one that quantizers make, or any.
func (n *drawing) input(h, w, c int) string {
	grids := []grid.Uniform{symmetric(8), symmetric(4), symmetric(16), {Scale: 1, Hi: 255}, {Scale: 1, Lo: -127, Hi: 127}, {Scale: 1, Lo: -5, Hi: -5}}
	u := rapid.SampledFrom(grids).Draw(n.T, "grid")
	if n.bool("any grid") {
		u.Lo = n.int(math.MinInt16, math.MaxInt16, "lo")
		u.Hi = n.int(u.Lo, math.MaxInt16, "hi")
	}
	return n.add(&integer.Input{Shape: [3]int{h, w, c}, Grid: u})
}

func (n *drawing) anyInput() string {
	return n.input(n.int(1, 6, "height"), n.int(1, 6, "width"), n.int(1, 6, "channels"))
}

// pictures returns one of the lowest codes, one of the highest, and random ones with
// both ends among them.
func (n *drawing) pictures() iter.Seq[[]int32] {
	input := n.model.Input()
	lo, hi := int32(input.Grid.Lo), int32(input.Grid.Hi)
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(n.T, "pictures"), 0))
	return func(yield func([]int32) bool) {
		for _, ends := range []int{0, 2, 8, 8} { // one code in so many is the lowest, or the highest
			picture := make([]int32, input.Shape[0]*input.Shape[1]*input.Shape[2])
			for i := range picture {
				picture[i] = lo + rng.Int32N(hi-lo+1)
				if ends == 0 || rng.IntN(ends) == 0 {
					picture[i] = lo
				} else if rng.IntN(ends) == 0 {
					picture[i] = hi
				}
			}
			if !yield(picture) {
				return
			}
			if ends == 0 && !yield(slices.Repeat([]int32{hi}, len(picture))) {
				return
			}
		}
	}
}

// mantissa draws one of any length.
func (n *drawing) mantissa() int32 {
	return int32(rapid.Int64Range(math.MinInt32, math.MaxInt32).Draw(n.T, "mantissa") >> n.int(0, 31, "short by"))
}

// affine draws any factor and addend; its shift mostly brings an interval to about as
// many bits as the codes have.
func (n *drawing) affine(x, codes integer.Interval) integer.Affine {
	a := integer.Affine{Mantissa: n.mantissa(), Shift: uint8(n.int(0, 46, "shift"))}
	if n.int(0, 3, "fit") > 0 {
		product := x.Bits() + bits.Len32(uint32(max(a.Mantissa, -a.Mantissa)))
		a.Shift = uint8(min(max(product-codes.Bits()+n.int(-2, 2, "beside"), 0), 46))
	}
	switch n.int(0, 3, "addend") {
	case 0:
		a.Addend = rapid.Int64Range(-1<<60, 1<<60).Draw(n.T, "any addend")
	case 1:
		a.Addend = rapid.Int64Range(codes.Lo, codes.Hi).Draw(n.T, "codes") << min(a.Shift, 28)
	}
	return a
}

// codes draws a grid's codes of at most 16 bits.
func (n *drawing) codes() integer.Interval {
	all := []integer.Interval{{Lo: -128, Hi: 127}, {Lo: -8, Hi: 7}, {Lo: 0, Hi: 255}, {Lo: math.MinInt16, Hi: math.MaxInt16}, {Lo: 3, Hi: 3}}
	return rapid.SampledFrom(all).Draw(n.T, "codes")
}

func (n *drawing) requantizeTo(codes integer.Interval, x string) string {
	t := n.made[x]
	channels := 1
	if n.bool("of each channel") {
		channels = t.Shape[2]
	}
	r := &integer.Requantize{Codes: codes}
	for range channels {
		r.Affine = append(r.Affine, n.affine(t.Range, codes))
	}
	return n.add(r, x)
}

func (n *drawing) requantize(x string) string { return n.requantizeTo(n.codes(), x) }

// wide makes numbers of 32 bits, such as accumulators are at most.
func (n *drawing) wide(x string) string {
	return n.requantizeTo(integer.Interval{Lo: math.MinInt32, Hi: math.MaxInt32}, x)
}

// convs are some convolutions of one tensor, of every form that executors tell apart.
func (n *drawing) convs() {
	x := n.anyInput()
	channels := n.made[x].Shape[2]
	n.conv(x, 1, n.int(1, 5, "filters"), 3)
	n.conv(x, channels, 1, 3)
	for groups := 1; groups <= channels; groups++ {
		if channels%groups == 0 && n.bool("groups") {
			n.conv(x, groups, n.int(1, 3, "filters of a group"), 3)
		}
	}
}

// conv draws a convolution with so many filters in each group and at most a stride.
func (n *drawing) conv(x string, groups, each, stride int) string {
	t := n.made[x]
	c := &integer.Conv{Kernel: 2*n.int(0, 2, "half of the kernel") + 1, Stride: n.int(1, stride, "stride"), Groups: groups, WeightBits: n.int(2, 8, "weights")}
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(n.T, "filters"), 1))
	c.Weights = make([]int8, each*t.Shape[2]*c.Kernel*c.Kernel)
	low := -1 << (c.WeightBits - 1)
	for i := range c.Weights {
		c.Weights[i] = int8(low + rng.IntN(-2*low))
		if rng.IntN(4) == 0 {
			c.Weights[i] = int8(low)
		}
	}
	c.Bias = make([]int32, groups*each)
	for i := range c.Bias {
		c.Bias[i] = rng.Int32N(1<<27) - 1<<26
	}
	code := rapid.Int32Range(int32(t.Range.Lo), int32(t.Range.Hi))
	c.Pad = [][]int32{nil, {code.Draw(n.T, "border")}, rapid.SliceOfN(code, t.Shape[2], t.Shape[2]).Draw(n.T, "border of each channel")}[n.int(0, 2, "borders")]
	return n.add(c, x)
}

// fitting raises what an operation drops until its integers fit 32 bits.
func (n *drawing) fitting(op integer.Operation, drop *uint8, x string) string {
	for {
		if y, err := op.Infer([]integer.Tensor{n.made[x]}, n.model.Limits); err != nil || y.Range.Bits() <= 32 {
			return n.add(op, x)
		}
		*drop++
	}
}

func (n *drawing) hardswish(x string) string {
	three := int32(n.int(1, 1<<30-1, "three") >> n.int(0, 29, "short by"))
	h := &integer.Hardswish{Three: max(three, 1), Drop: uint8(n.int(0, 8, "drop"))}
	h.Six = 2*h.Three + int32(n.int(-1, 1, "beside"))
	return n.fitting(h, &h.Drop, x)
}

func (n *drawing) sum(x, y string) string {
	codes := n.codes()
	a := n.affine(n.made[x].Range, codes)
	return n.add(&integer.Add{Left: a.Mantissa, Right: n.mantissa(), Shift: a.Shift, Addend: a.Addend, Codes: codes}, x, y)
}

func (n *drawing) upsample(x string) string {
	u := &integer.Upsample{Factor: rapid.SampledFrom([]int{2, 4}).Draw(n.T, "factor"), Drop: uint8(n.int(0, 8, "drop"))}
	return n.fitting(u, &u.Drop, x)
}

func (n *drawing) layerNorm() {
	x := n.input(1, n.int(1, 6, "vectors"), rapid.SampledFrom([]int{1, 2, 3, 8, 40}).Draw(n.T, "channels"))
	for range 3 {
		n.add(&integer.LayerNorm{Epsilon: max(1, int64(1)<<54>>n.int(0, 54, "short by")-int64(n.int(0, 1, "beside")))}, x)
	}
}

// attention is one with one or two heads, of any integers.
func (n *drawing) attention() {
	h, w, heads, dim := n.int(1, 4, "height"), n.int(1, 4, "width"), n.int(1, 2, "heads"), n.int(1, 4, "dim")
	x := n.requantize(n.input(h, w, heads*3*dim))
	part := func(i int) string { return n.add(&integer.Heads{Heads: heads, Dim: dim, Part: i}, x) }
	q, k, v := n.add(&integer.ReLU{}, part(0)), n.add(&integer.ReLU{}, part(1)), part(2)
	ktv := n.requantize(n.accumulators(&integer.MatMul{OverTokens: true}, k, v))
	sumK := n.requantizeTo(integer.Interval{Hi: 255}, n.add(&integer.SumTokens{}, k))
	dividend := n.accumulators(&integer.MatMul{}, q, ktv)
	if n.bool("rounded first") {
		dividend = n.requantize(dividend)
	}
	log2 := &integer.Log2{Thresholds: rapid.SliceOfN(rapid.Int32Range(1, math.MaxInt32), 0, 15).Draw(n.T, "thresholds")}
	for i := range log2.Thresholds {
		log2.Thresholds[i] = max(1, log2.Thresholds[i]>>n.int(0, 30, "short by"))
	}
	slices.Sort(log2.Thresholds)
	code := n.add(log2, n.accumulators(&integer.MatMul{}, q, sumK))
	codes := n.codes()
	a := n.affine(n.made[dividend].Range, codes)
	y := n.add(&integer.Divide{Mantissa: a.Mantissa, Shift: a.Shift, Codes: codes}, dividend, code)
	n.add(&integer.MergeHeads{H: h, W: w}, y)
}

// accumulators multiplies two tensors, after narrowing them where their products
// could leave 31 bits.
func (n *drawing) accumulators(op *integer.MatMul, x, y string) string {
	operands := []string{x, y}
	out, err := op.Infer([]integer.Tensor{n.made[x], n.made[y]}, n.model.Limits)
	if err == nil && out.Range.Bits() > 31 {
		for i, operand := range operands {
			operands[i] = n.requantizeTo(integer.Interval{Hi: 1<<12 - 1}, operand)
		}
	}
	return n.add(op, operands...)
}
