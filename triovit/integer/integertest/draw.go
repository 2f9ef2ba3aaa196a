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

// A drawing is a model that is being drawn. Rapid draws its sizes, and reduces them when
// a test fails. The parameters come from a generator that rapid seeds, since rapid itself
// prefers small numbers.
type drawing struct {
	*rapid.T
	rng   *rand.Rand
	model *integer.Model
	made  map[string]integer.Tensor
}

// drawings has one entry for each operation, or for a group of operations that belong
// together.
var drawings = []struct {
	name string
	draw func(n *drawing)
}{
	{"Requantize", func(n *drawing) { n.requantize(n.wide(n.anyInput())) }},
	{"Conv", (*drawing).convs},
	{"Conv with wide sums", (*drawing).wideConv},
	{"MBConv", (*drawing).mbconv},
	{"Hardswish", func(n *drawing) { n.hardswish(n.anyInput()) }},
	{"Add", func(n *drawing) {
		x := n.anyInput()
		n.sum(x, n.requantize(x))
	}},
	{"Concat", func(n *drawing) {
		x := n.anyInput()
		operands := []string{x, n.wide(x), n.conv(x, 1, 1, 1)}
		n.add(&integer.Concat{}, operands[:n.size(1, 3, "operands")]...)
	}},
	{"Pool", func(n *drawing) { n.add(&integer.Pool{}, n.anyInput()) }},
	{"Upsample", func(n *drawing) { n.upsample(n.anyInput()) }},
	{"LayerNorm", (*drawing).layerNorm},
	{"Log2", func(n *drawing) {
		n.log2(n.input(1, n.size(1, 9, "divisors"), 1, grid.Uniform{Scale: 1, Hi: n.int(1, 20)}))
	}},
	{"attention", (*drawing).attention},
	{"residual sums", (*drawing).residual},
	{"wide residual sums", (*drawing).wideResidual},
	{"frozen attention", (*drawing).frozenAttention},
}

// size draws a size of the model, from lo to hi.
func (n *drawing) size(lo, hi int, label string) int {
	return rapid.IntRange(lo, hi).Draw(n.T, label)
}

// int and bool draw parameters. All values are equally likely.
func (n *drawing) int(lo, hi int) int { return int(n.int64(int64(lo), int64(hi))) }

func (n *drawing) int64(lo, hi int64) int64 { return lo + n.rng.Int64N(hi-lo+1) }

func (n *drawing) bool() bool { return n.rng.IntN(2) == 0 }

func one[T any](n *drawing, of ...T) T { return of[n.rng.IntN(len(of))] }

// add appends an operation and returns its name. It fails the test if the model refuses
// it.
func (n *drawing) add(op integer.Operation, inputs ...string) string {
	n.Helper()
	name := strconv.Itoa(len(n.model.Ops))
	n.model.Ops = append(n.model.Ops, integer.Op{Name: name, Inputs: inputs, Operation: op})
	n.Logf("%s is %T of %v: %+v", name, op, inputs, op)
	tensors, err := n.model.Infer()
	if err != nil {
		n.Fatal(err)
	}
	n.made[name] = tensors[len(tensors)-1]
	return name
}

// symmetric returns a signed grid of some number of bits.
func symmetric(bits int) grid.Uniform {
	return grid.Uniform{Scale: 1, Lo: -1 << (bits - 1), Hi: 1<<(bits-1) - 1}
}

func (n *drawing) input(h, w, c int, u grid.Uniform) string {
	return n.add(&integer.Input{Shape: [3]int{h, w, c}, Grid: u})
}

// grid draws a grid that quantizers make, or any grid.
func (n *drawing) grid() grid.Uniform {
	lo := n.int(math.MinInt16, math.MaxInt16)
	free := grid.Uniform{Scale: 1, Zero: lo, Lo: lo, Hi: n.int(lo, math.MaxInt16)}
	return one(n, free, symmetric(8), symmetric(4), symmetric(16), grid.Uniform{Scale: 1, Hi: 255}, grid.Uniform{Scale: 1, Lo: -127, Hi: 127}, grid.Uniform{Scale: 1, Zero: -5, Lo: -5, Hi: -5})
}

func (n *drawing) anyInput() string {
	return n.input(n.size(1, 6, "height"), n.size(1, 6, "width"), n.size(1, 6, "channels"), n.grid())
}

// pictures returns a picture of only the lowest codes, one of only the highest codes, and
// pictures of random codes among which both ends occur.
func (n *drawing) pictures() iter.Seq[[]int32] {
	input := n.model.Input()
	lo, hi := int32(input.Grid.Lo), int32(input.Grid.Hi)
	rng := n.rng
	return func(yield func([]int32) bool) {
		for _, ends := range []int{0, 2, 8, 8} { // one of so many codes is the lowest, or the highest
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

// mantissa draws a mantissa of any length in bits.
func (n *drawing) mantissa() int32 { return int32(n.int(math.MinInt32, math.MaxInt32) >> n.int(0, 31)) }

// affine draws a factor and an addend. Its shift mostly brings an interval x to about as
// many bits as the codes have.
func (n *drawing) affine(x, codes integer.Interval) integer.Affine {
	a := integer.Affine{Mantissa: n.mantissa(), Shift: uint8(n.int(0, 46))}
	if n.int(0, 3) > 0 {
		product := x.Bits() + bits.Len32(uint32(max(a.Mantissa, -a.Mantissa)))
		a.Shift = uint8(min(max(product-codes.Bits()+n.int(-2, 2), 0), 46))
	}
	a.Addend = one(n, 0, 0, n.int64(-1<<60, 1<<60), n.int64(codes.Lo, codes.Hi)<<min(a.Shift, 28))
	return a
}

// codes draws the codes of a grid, of at most 16 bits.
func (n *drawing) codes() integer.Interval { return codesOf(n.grid()) }

func codesOf(u grid.Uniform) integer.Interval {
	return integer.Interval{Lo: int64(u.Lo), Hi: int64(u.Hi)}
}

func (n *drawing) requantizeTo(codes integer.Interval, x string) string {
	t := n.made[x]
	channels := 1
	if n.bool() {
		channels = t.Shape[2]
	}
	r := &integer.Requantize{Codes: codes}
	for range channels {
		r.Affine = append(r.Affine, n.affine(t.Range, codes))
	}
	return n.add(r, x)
}

func (n *drawing) requantize(x string) string { return n.requantizeTo(n.codes(), x) }

// wide appends a requantization of x to 32 bits, the largest width of an accumulator.
func (n *drawing) wide(x string) string {
	return n.requantizeTo(integer.Interval{Lo: math.MinInt32, Hi: math.MaxInt32}, x)
}

// convs appends convolutions of one tensor, of every form that executors treat
// differently.
func (n *drawing) convs() {
	x := n.anyInput()
	channels := n.made[x].Shape[2]
	n.conv(x, 1, n.size(1, 5, "filters"), 3)
	n.conv(x, channels, 1, 3)
	for groups := 1; groups <= channels; groups++ {
		if channels%groups == 0 && n.bool() {
			n.conv(x, groups, n.size(1, 3, "filters of a group"), 3)
		}
	}
}

// wideConv appends a convolution with sums of up to 30 bits, which no float32 holds.
func (n *drawing) wideConv() {
	n.conv(n.input(1, n.size(1, 6, "width"), 48, one(n, symmetric(16), grid.Uniform{Scale: 1, Lo: math.MinInt16})), one(n, 1, 3), 2, 1)
}

// mbconv appends a depthwise convolution and a pointwise one, with 8-bit codes
// throughout. There may be a Hardswish between them. A residual sum follows if the shapes
// are equal.
func (n *drawing) mbconv() {
	groups := n.size(1, 2, "groups")
	channels := groups * n.size(1, 6, "channels of a group")
	x := n.input(n.size(1, 6, "height"), n.size(1, 6, "width"), channels, n.eight())
	y := n.convolution(x, one(n, 3, 5), channels, 1, 2)
	if n.bool() {
		y = n.hardswish(n.requantizeTo(codesOf(symmetric(16)), y))
	}
	y = n.requantizeTo(codesOf(n.eight()), y)
	y = n.convolution(y, 1, groups, one(n, channels/groups, n.size(1, 12, "filters of a group")), 1)
	y = n.requantizeTo(codesOf(n.eight()), y)
	if n.made[x].Shape == n.made[y].Shape {
		n.sum(x, y)
	}
}

// eight draws a grid of 8 bits.
func (n *drawing) eight() grid.Uniform {
	return one(n, symmetric(8), grid.Uniform{Scale: 1, Hi: 255}, grid.Uniform{Scale: 1, Lo: -127, Hi: 127}, grid.Uniform{Scale: 1, Lo: -5, Hi: 200})
}

// residual appends the residual sums of a network, of 8-bit codes. The first sum follows
// a convolution, the second has an operand that another operation reads too, and the
// third adds two tensors that exist already. A Concat joins the three.
func (n *drawing) residual() {
	x := n.input(n.size(1, 4, "height"), n.size(1, 6, "width"), n.size(1, 40, "channels"), n.eight())
	sum := func(x, y string) string {
		factor := func() float64 { return (n.rng.Float64() - 0.3) * 2 }
		op, err := integer.NewAdd(factor(), factor(), float64(n.int(-20, 20)), integer.MultiplierPort, 8, codesOf(n.eight()))
		if err != nil {
			n.Fatal(err)
		}
		if n.bool() {
			x, y = y, x
		}
		return n.add(op, x, y)
	}
	branch := func() string {
		return n.requantizeTo(codesOf(n.eight()), n.convolution(x, 1, 1, n.made[x].Shape[2], 1))
	}
	y := sum(x, branch())
	z := branch()
	w := sum(y, z)
	n.add(&integer.Concat{}, sum(z, w), w, y)
}

// wideResidual appends two residual blocks whose input and sum have 16 bits, while their
// convolutions read and write 8-bit codes, and a last sum of 8 bits. Before the first
// block there may be a Hardswish that is rounded to both widths.
func (n *drawing) wideResidual() {
	wide := symmetric(16)
	x := n.input(n.size(1, 4, "height"), n.size(1, 6, "width"), n.size(1, 100, "channels"), one(n, wide, n.eight()))
	channels := n.made[x].Shape[2]
	narrow := n.requantizeTo(codesOf(n.eight()), x)
	if n.bool() {
		y := n.hardswish(n.requantizeTo(codesOf(wide), n.convolution(narrow, 1, 1, channels, 1)))
		x, narrow = n.requantizeTo(codesOf(wide), y), n.requantizeTo(codesOf(n.eight()), y)
	}
	for range 2 {
		branch := n.requantizeTo(codesOf(n.eight()), n.convolution(narrow, 1, 1, channels, 1))
		codes := codesOf(one(n, wide, n.eight()))
		op, err := integer.NewAdd(math.Ldexp(1, n.int(-8, 1)), n.rng.Float64()*256, float64(n.int(-20, 20)), integer.MultiplierPort, 16, codes)
		if err != nil {
			n.Fatal(err)
		}
		if n.bool() {
			x, branch = branch, x
		}
		x = n.add(op, x, branch)
		narrow = n.requantizeTo(codesOf(n.eight()), x)
	}
}

// frozenAttention appends two branches of an attention in the form that freezing gives
// them: all codes have 8 bits, dividends are rounded first, and a Concat joins the
// branches.
func (n *drawing) frozenAttention() {
	h, w, heads, dim := n.size(1, 7, "height"), n.size(1, 12, "width"), n.size(1, 3, "heads"), n.size(1, 40, "dim")
	x := n.input(h, w, heads*3*dim, symmetric(8))
	// to requantizes accumulators of about some number of bits to codes.
	to := func(x string, bits int, codes integer.Interval) string {
		a, err := integer.NewAffine(math.Ldexp(1+n.rng.Float64(), 7-bits), 0, integer.MultiplierPort)
		if err != nil {
			n.Fatal(err)
		}
		return n.add(&integer.Requantize{Affine: []integer.Affine{a}, Codes: codes}, x)
	}
	signed := codesOf(symmetric(8))
	tokens := bits.Len(uint(h * w * dim))
	var merged []string
	for range n.size(1, 2, "branches") {
		part := func(i int) string { return n.add(&integer.Heads{Heads: heads, Dim: dim, Part: i}, x) }
		q, k, v := n.add(&integer.ReLU{}, part(0)), n.add(&integer.ReLU{}, part(1)), part(2)
		ktv := to(n.add(&integer.MatMul{OverTokens: true}, k, v), n.int(10, 10+tokens), signed)
		sumK := to(n.add(&integer.SumTokens{}, k), n.int(6, 6+tokens), integer.Interval{Hi: 255})
		dividend := to(n.add(&integer.MatMul{}, q, ktv), n.int(10, 16), signed)
		log := &integer.Log2{Unit: 1}
		for c := range n.int(0, 16) {
			log.Thresholds = append(log.Thresholds, int32(n.int(1<<c, 2<<c)))
		}
		code := n.add(log, n.add(&integer.MatMul{}, q, sumK))
		y := n.add(&integer.Divide{Mantissa: int32(n.int(0, 1<<17-1)), Shift: uint8(n.int(0, 12)), Codes: signed}, dividend, code)
		merged = append(merged, n.add(&integer.MergeHeads{H: h, W: w}, y))
	}
	y := n.add(&integer.Concat{}, merged...)
	if n.bool() {
		n.convolution(y, 1, 1, n.size(1, 20, "filters"), 1)
	}
}

// conv draws a convolution. Each group has as many filters as each says, and the stride is
// at most stride.
func (n *drawing) conv(x string, groups, each, stride int) string {
	kernel := 2*n.size(0, 2, "half of the kernel") + 1
	if n.made[x].Shape[2] > 6 { // more channels could make sums that leave 32 bits
		kernel = 1
	}
	return n.convolution(x, kernel, groups, each, stride)
}

func (n *drawing) convolution(x string, kernel, groups, each, stride int) string {
	t := n.made[x]
	c := &integer.Conv{Kernel: kernel, Stride: n.size(1, stride, "stride"), Groups: groups, WeightBits: n.int(2, 8)}
	c.Weights = make([]int8, each*t.Shape[2]*c.Kernel*c.Kernel)
	low := -1 << (c.WeightBits - 1)
	for i := range c.Weights {
		c.Weights[i] = int8(one(n, low, n.int(low, ^low), n.int(low, ^low)))
	}
	c.Bias = make([]int32, groups*each)
	for i := range c.Bias {
		c.Bias[i] = int32(n.int(-1<<26, 1<<26))
	}
	code := func() int32 { return int32(n.int(int(t.Range.Lo), int(t.Range.Hi))) }
	switch n.int(0, 2) {
	case 1:
		c.Pad = []int32{code()}
	case 2:
		for range t.Shape[2] {
			c.Pad = append(c.Pad, code())
		}
	}
	return n.add(c, x)
}

// fitting raises the number of bits that an operation drops until its integers fit 32
// bits.
func (n *drawing) fitting(op integer.Operation, drop *uint8, x string) string {
	for {
		if y, err := op.Infer([]integer.Tensor{n.made[x]}, n.model.Limits); err != nil || y.Range.Bits() <= 32 {
			return n.add(op, x)
		}
		*drop++
	}
}

func (n *drawing) hardswish(x string) string {
	three := int32(n.int(1, 1<<30-1) >> n.int(0, 29))
	h := &integer.Hardswish{Three: max(three, 1), Drop: uint8(n.int(0, 8))}
	h.Six = 2*h.Three + int32(n.int(-1, 1))
	return n.fitting(h, &h.Drop, x)
}

func (n *drawing) sum(x, y string) string {
	codes := n.codes()
	a := n.affine(n.made[x].Range, codes)
	return n.add(&integer.Add{Left: a.Mantissa, Right: n.mantissa(), Shift: a.Shift, Addend: a.Addend, Codes: codes}, x, y)
}

func (n *drawing) upsample(x string) string {
	u := &integer.Upsample{Factor: one(n, 2, 4), Drop: uint8(n.int(0, 8))}
	return n.fitting(u, &u.Drop, x)
}

// layerNorm draws vectors of any codes, or vectors of two elements whose standard
// deviation can be a power of two. It appends two operations: one with the least epsilon,
// one with any.
func (n *drawing) layerNorm() {
	x := ""
	if w := n.size(1, 6, "vectors"); n.bool() {
		x = n.input(1, w, 2, grid.Uniform{Scale: 1, Lo: -1 << 14, Hi: 1 << 14})
	} else {
		x = n.input(1, w, one(n, 1, 2, 3, 8, 24, 40), n.grid())
	}
	n.add(&integer.LayerNorm{Epsilon: 1}, x)
	n.add(&integer.LayerNorm{Epsilon: max(1, int64(1)<<54>>n.int(0, 54)-int64(n.int(0, 1)))}, x)
}

// log2 draws thresholds: small ones, which divisors often equal, and any others.
func (n *drawing) log2(x string) string {
	l := &integer.Log2{}
	for range n.int(0, 15) {
		l.Thresholds = append(l.Thresholds, int32(one(n, n.int(1, 20), max(1, n.int(1, math.MaxInt32)>>n.int(0, 30)))))
	}
	slices.Sort(l.Thresholds)
	return n.add(l, x)
}

// attention draws an attention with one or two heads, of any integers.
func (n *drawing) attention() {
	h, w, heads, dim := n.size(1, 4, "height"), n.size(1, 4, "width"), n.size(1, 2, "heads"), n.size(1, 4, "dim")
	x := n.requantize(n.input(h, w, heads*3*dim, n.grid()))
	part := func(i int) string { return n.add(&integer.Heads{Heads: heads, Dim: dim, Part: i}, x) }
	q, k, v := n.add(&integer.ReLU{}, part(0)), n.add(&integer.ReLU{}, part(1)), part(2)
	ktv := n.requantize(n.accumulators(&integer.MatMul{OverTokens: true}, k, v))
	sumK := n.requantizeTo(integer.Interval{Hi: 255}, n.add(&integer.SumTokens{}, k))
	dividend := n.accumulators(&integer.MatMul{}, q, ktv)
	if n.bool() {
		dividend = n.requantize(dividend)
	}
	code := n.log2(n.accumulators(&integer.MatMul{}, q, sumK))
	codes := n.codes()
	a := n.affine(n.made[dividend].Range, codes)
	y := n.add(&integer.Divide{Mantissa: a.Mantissa, Shift: a.Shift, Codes: codes}, dividend, code)
	n.add(&integer.MergeHeads{H: h, W: w}, y)
}

// accumulators multiplies two tensors. It first narrows them if their products could
// leave 31 bits.
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
