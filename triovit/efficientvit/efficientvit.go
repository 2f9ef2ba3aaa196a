// SPDX-License-Identifier: Apache-2.0

package efficientvit

import "fmt"

// The constants of the reference (efficientvit/models in MIT's code).
const (
	normEps     = 1e-5  // eps of BatchNorm and LayerNorm in the "B" series
	divisorEps  = 1e-15 // eps of the divisors in LiteMLA of MIT's code
	expandRatio = 4     // ratio of the inner to the outer channels of every MBConv
	aggregation = 5     // side of the kernel of the only aggregation branch, in pixels
	headStride  = 8     // stride of a segmentation head's output, in pixels
)

// InputDivisor is the total stride of the trunk, in pixels. Each side of the picture
// must be at least this long. For a segmentation it must be a multiple of it.
const InputDivisor = 32

// An Option changes one property of the network that [Describe] returns.
type Option func(*description)

type description struct {
	h, w, classes int
	divisorEps    float64
}

// InputSize sets the picture's height and width in pixels.
func InputSize(h, w int) Option { return func(d *description) { d.h, d.w = h, w } }

// Classes sets the number of classes.
func Classes(n int) Option { return func(d *description) { d.classes = n } }

// DivisorEps sets the number added to the attention's divisors, 0 to 1. The default is
// 1e-15, as in MIT's code. timm and the paper's quantized model use 1e-5.
func DivisorEps(eps float64) Option { return func(d *description) { d.divisorEps = eps } }

// Describe returns the network of a variant, such as "efficientvit-b1-r224" or
// "efficientvit-seg-b0-cityscapes". The prefix "efficientvit-" may be left out. The
// Name of a returned classifier includes its resolution, as in "efficientvit-b0-r128",
// also if no variant has that resolution. The error for an unknown name lists the known
// ones. Other errors say which value of an option is not allowed, and which values are.
func Describe(name string, options ...Option) (*Network, error) {
	v, err := VariantNamed(name)
	if err != nil {
		return nil, err
	}
	d := description{h: v.Height, w: v.Width, classes: v.Classes, divisorEps: divisorEps}
	for _, option := range options {
		option(&d)
	}
	most := 1 << 20
	if v.Head != ClassifierHead {
		most = 255 // a map of classes has one byte per pixel, and 255 means no class
	}
	if d.classes < 1 || d.classes > most {
		return nil, fmt.Errorf("%s: %d classes: 1 to %d are allowed", v.Name, d.classes, most)
	}
	if !(d.divisorEps >= 0 && d.divisorEps <= 1) {
		return nil, fmt.Errorf("%s: an eps of the divisors of %g: 0 to 1 are allowed", v.Name, d.divisorEps)
	}
	if d.h < InputDivisor || d.w < InputDivisor || d.h > 1<<14 || d.w > 1<<14 {
		return nil, fmt.Errorf("%s: a picture of height %d and width %d: each must be %d to %d", v.Name, d.h, d.w, InputDivisor, 1<<14)
	}
	if v.Head != ClassifierHead && (d.h%InputDivisor != 0 || d.w%InputDivisor != 0) {
		return nil, fmt.Errorf("%s: a picture of height %d and width %d: a segmentation head needs multiples of %d", v.Name, d.h, d.w, InputDivisor)
	}
	if v.Head == ClassifierHead {
		v.Name = fmt.Sprintf("efficientvit-%s-r%d", v.Backbone, d.h)
		if d.w != d.h {
			v.Name += fmt.Sprintf("x%d", d.w)
		}
	}
	b := &builder{net: &Network{Name: v.Name}, shapes: map[string][]int{}, eps: d.divisorEps}
	spec := backbones[v.Backbone]
	trunk := b.trunk(spec, d.h, d.w)
	if v.Head == ClassifierHead {
		b.classifier(trunk[4], spec, d.classes)
	} else {
		b.segmentation(trunk, spec, d.classes, v.Head == CityscapesHead)
	}
	return b.net, b.net.Validate()
}

// builder appends operations to a network. Every method returns the name of the tensor
// that its last operation makes.
type builder struct {
	net    *Network
	shapes map[string][]int
	eps    float64
	block  string
}

func (b *builder) add(op Op) string {
	in := make([][]int, len(op.Inputs))
	for i, name := range op.Inputs {
		in[i] = b.shapes[name]
	}
	if op.Kind != Input {
		shape, err := op.infer(in)
		if err != nil {
			panic(fmt.Sprintf("triovit: %s %q: %v", op.Kind, op.Name, err)) // the cause is a mistake in this file
		}
		op.Shape = shape
	}
	op.Block = b.block
	b.shapes[op.Name] = op.Shape
	b.net.Ops = append(b.net.Ops, op)
	return op.Name
}

func (b *builder) channels(tensor string) int {
	s := b.shapes[tensor]
	return s[len(s)-1]
}

func point(operand int, class PointClass, bits int, signed bool) []Point {
	return []Point{{Operand: operand, Class: class, Bits: bits, Signed: signed}}
}

// layer describes a convolution and the operations after it, as the reference's
// ConvLayer.
type layer struct {
	role           Role
	kernel, stride int
	groups         int // number of groups, 0 for one group, -1 for a depthwise convolution
	bias, norm     bool
	act            bool // the convolution has a Hardswish behind it
}

// conv appends one convolution without normalization or activation.
func (b *builder) conv(name, x string, out int, l layer) string {
	in := b.channels(x)
	groups := max(l.groups, 1)
	if l.groups < 0 {
		groups = in
	}
	params := []Param{{Name: name + ".weight", Shape: []int{out, in / groups, l.kernel, l.kernel}}}
	if l.bias {
		params = append(params, Param{Name: name + ".bias", Shape: []int{out}})
	}
	return b.add(Op{Name: name, Kind: Conv, Role: l.role, Inputs: []string{x}, Params: params,
		Kernel: l.kernel, Stride: max(l.stride, 1), Groups: groups, Points: point(0, ConvInput, 8, true)})
}

// convLayer appends the reference's ConvLayer: a convolution, then a BatchNorm and a
// Hardswish if the layer has them.
func (b *builder) convLayer(module, x string, out int, l layer) string {
	x = b.conv(module+".conv", x, out, l)
	if l.norm {
		norm := module + ".norm"
		c := []int{out}
		x = b.add(Op{Name: norm, Kind: BatchNorm, Role: l.role, Inputs: []string{x}, Eps: normEps, Params: []Param{
			{Name: norm + ".weight", Shape: c},
			{Name: norm + ".bias", Shape: c},
			{Name: norm + ".running_mean", Shape: c, Statistic: true},
			{Name: norm + ".running_var", Shape: c, Statistic: true},
		}})
	}
	if l.act {
		x = b.hardswish(module+".act", x, l.role)
	}
	return x
}

func (b *builder) hardswish(name, x string, role Role) string {
	return b.add(Op{Name: name, Kind: Hardswish, Role: role, Inputs: []string{x}, Points: point(0, PreActivation, 16, true)})
}

// sum adds two tensors, in a residual connection or in the head.
func (b *builder) sum(name, x, y string, role Role) string {
	points := append(point(0, AddOperand, 8, true), point(1, AddOperand, 8, true)...)
	return b.add(Op{Name: name, Kind: Add, Role: role, Inputs: []string{x, y}, Points: points})
}

// in runs build with the given current block.
func (b *builder) in(block string, build func() string) string {
	outer := b.block
	b.block = block
	defer func() { b.block = outer }()
	return build()
}

// dsConv appends the reference's DSConv with its residual connection.
func (b *builder) dsConv(module, x string) string {
	return b.in(module, func() string {
		c := b.channels(x)
		y := b.convLayer(module+".main.depth_conv", x, c, layer{role: DSConvDW, kernel: 3, groups: -1, norm: true, act: true})
		y = b.convLayer(module+".main.point_conv", y, c, layer{role: DSConvPW, kernel: 1, norm: true})
		return b.sum(module+".add", x, y, Residual)
	})
}

// mbConv appends the reference's MBConv: PW1, DW, PW2. If fewerNorm is set, PW1 and DW
// have a bias instead of a BatchNorm. With a stride of 1 there is a residual
// connection.
func (b *builder) mbConv(module, x string, out, stride int, fewerNorm bool) string {
	return b.in(module, func() string {
		wide := expandRatio * b.channels(x)
		y := b.convLayer(module+".main.inverted_conv", x, wide, layer{role: PW1, kernel: 1, bias: fewerNorm, norm: !fewerNorm, act: true})
		y = b.convLayer(module+".main.depth_conv", y, wide, layer{role: DW, kernel: 3, stride: stride, groups: -1, bias: fewerNorm, norm: !fewerNorm, act: true})
		y = b.convLayer(module+".main.point_conv", y, out, layer{role: PW2, kernel: 1, norm: true})
		if stride != 1 {
			return y
		}
		return b.sum(module+".add", x, y, Residual)
	})
}

// msa appends the reference's LiteMLA with its residual connection. A 1×1 convolution
// makes the q, k and v of branch 0, and its 5×5 aggregation those of branch 1. Each
// branch has a linear attention. One convolution projects both.
func (b *builder) msa(module, x string, d int) string {
	return b.in(module, func() string {
		main := module + ".main"
		c := b.channels(x)
		qkv := b.conv(main+".qkv.conv", x, 3*c, layer{role: QKV, kernel: 1})
		agg := b.conv(main+".aggreg.0.0", qkv, 3*c, layer{role: AggDW, kernel: aggregation, groups: -1})
		agg = b.conv(main+".aggreg.0.1", agg, 3*c, layer{role: AggPW, kernel: 1, groups: 3 * c / d})
		both := []string{b.attention(main, 0, qkv, d), b.attention(main, 1, agg, d)}
		y := b.add(Op{Name: main + ".concat", Kind: Concat, Role: Attention, Inputs: both})
		y = b.convLayer(main+".proj", y, c, layer{role: Proj, kernel: 1, norm: true})
		return b.sum(module+".add", x, y, Residual)
	})
}

// attention appends the ReLU-based linear attention of one branch. Per head it is
// ReLU(Q)·(ReLU(K)ᵀV) / (ReLU(Q)·ΣReLU(K)).
func (b *builder) attention(main string, branch int, qkv string, d int) string {
	name := func(tensor string) string { return fmt.Sprintf("%s.%s.%d", main, tensor, branch) }
	s := b.shapes[qkv]
	tokens, heads := s[0]*s[1], s[2]/(3*d)
	part := func(tensor string, i int, role Role) string {
		return b.add(Op{Name: name(tensor), Kind: Heads, Role: role, Inputs: []string{qkv}, Part: i,
			Shape: []int{tokens, heads, d}, Points: point(0, AttentionOperand, 8, true)})
	}
	q, k, v := part("q", 0, Query), part("k", 1, Key), part("v", 2, Value)
	q = b.add(Op{Name: name("relu_q"), Kind: ReLU, Role: Query, Inputs: []string{q}})
	k = b.add(Op{Name: name("relu_k"), Kind: ReLU, Role: Key, Inputs: []string{k}})
	ktv := b.add(Op{Name: name("ktv"), Kind: MatMul, Role: KTV, Inputs: []string{k, v}, OverTokens: true})
	sumK := b.add(Op{Name: name("sum_k"), Kind: SumTokens, Role: SumK, Inputs: []string{k}})
	dividend := b.add(Op{Name: name("dividend"), Kind: MatMul, Role: Dividend, Inputs: []string{q, ktv},
		Points: point(1, AttentionOperand, 8, true)})
	divisor := b.add(Op{Name: name("divisor"), Kind: MatMul, Role: Divisor, Inputs: []string{q, sumK},
		Points: point(1, AttentionOperand, 8, false)})
	quotient := b.add(Op{Name: name("attention"), Kind: Divide, Role: Attention, Inputs: []string{dividend, divisor}, Eps: b.eps,
		Points: append(point(0, AttentionOperand, 8, true), point(1, DivisorOperand, 8, false)...)})
	return b.add(Op{Name: name("merge"), Kind: MergeHeads, Role: Attention, Inputs: []string{quotient},
		Shape: []int{s[0], s[1], heads * d}})
}

// trunk appends the reference's EfficientViTBackbone. It returns the outputs of the
// stem and of the four stages.
func (b *builder) trunk(spec backbone, h, w int) [5]string {
	var ends [5]string
	x := b.add(Op{Name: "input", Kind: Input, Shape: []int{h, w, 3}})
	x = b.convLayer("backbone.input_stem.op_list.0", x, spec.widths[0], layer{role: Stem, kernel: 3, stride: 2, norm: true, act: true})
	for i := range spec.depths[0] {
		x = b.dsConv(fmt.Sprintf("backbone.input_stem.op_list.%d", i+1), x)
	}
	ends[0] = x
	for stage := 1; stage <= 4; stage++ {
		width, depth := spec.widths[stage], spec.depths[stage]
		module := func(i int) string { return fmt.Sprintf("backbone.stages.%d.op_list.%d", stage-1, i) }
		if stage <= 2 {
			for i := range depth {
				x = b.mbConv(module(i), x, width, 2-min(i, 1), false)
			}
		} else {
			x = b.mbConv(module(0), x, width, 2, true)
			for i := 1; i <= depth; i++ {
				x = b.msa(module(i)+".context_module", x, spec.headDim)
				x = b.mbConv(module(i)+".local_module", x, width, 1, true)
			}
		}
		ends[stage] = x
	}
	b.net.Stages = ends[:]
	return ends
}

// classifier appends the reference's ClsHead.
func (b *builder) classifier(x string, spec backbone, classes int) {
	x = b.convLayer("head.op_list.0", x, spec.classifier[0], layer{role: HeadOutput, kernel: 1, norm: true, act: true})
	x = b.add(Op{Name: "head.op_list.1", Kind: GlobalAvgPool, Role: HeadOutput, Inputs: []string{x}, Points: point(0, PoolInput, 8, true)})
	x = b.add(Op{Name: "head.op_list.2.linear", Kind: Linear, Role: HeadOutput, Inputs: []string{x}, Points: point(0, ConvInput, 8, true),
		Params: []Param{{Name: "head.op_list.2.linear.weight", Shape: []int{spec.classifier[1], spec.classifier[0]}}}})
	c := []int{spec.classifier[1]}
	x = b.add(Op{Name: "head.op_list.2.norm", Kind: LayerNorm, Role: HeadOutput, Inputs: []string{x}, Eps: normEps, Points: point(0, NormInput, 16, true),
		Params: []Param{{Name: "head.op_list.2.norm.weight", Shape: c}, {Name: "head.op_list.2.norm.bias", Shape: c}}})
	x = b.hardswish("head.op_list.2.act", x, HeadOutput)
	b.add(Op{Name: "head.op_list.3.linear", Kind: Linear, Role: HeadOutput, Inputs: []string{x}, Points: point(0, LastInput, 8, true),
		Params: []Param{{Name: "head.op_list.3.linear.weight", Shape: []int{classes, c[0]}}, {Name: "head.op_list.3.linear.bias", Shape: []int{classes}}}})
}

// segmentation appends the reference's SegHead. It brings stages 4, 3 and 2 to one
// width and to stride 8, adds them, applies MBConvs, and classifies each position. If
// expand is set, a wide 1×1 convolution precedes the last one (Cityscapes).
func (b *builder) segmentation(trunk [5]string, spec backbone, classes int, expand bool) {
	in := func(i int, x, module string) string {
		return b.convLayer(module, x, spec.segWidth, layer{role: HeadInput, kernel: 1, norm: true})
	}
	up := func(i, factor int, x string) string {
		return b.add(Op{Name: fmt.Sprintf("head.input_ops.%d.op_list.1", i), Kind: Upsample, Role: HeadInput, Inputs: []string{x},
			Factor: factor, Points: point(0, ResizeInput, 8, true)})
	}
	stage4 := up(0, 32/headStride, in(0, trunk[4], "head.input_ops.0.op_list.0"))
	stage3 := up(1, 16/headStride, in(1, trunk[3], "head.input_ops.1.op_list.0"))
	stage2 := in(2, trunk[2], "head.input_ops.2")
	x := b.sum("head.add.0", stage4, stage3, HeadInput)
	x = b.sum("head.add.1", x, stage2, HeadInput)
	for i := range spec.segDepth {
		x = b.mbConv(fmt.Sprintf("head.middle.op_list.%d", i), x, spec.segWidth, 1, false)
	}
	last := "head.output_ops.0.op_list.0"
	if expand {
		x = b.convLayer(last, x, expandRatio*spec.segWidth, layer{role: HeadOutput, kernel: 1, norm: true, act: true})
		last = "head.output_ops.0.op_list.1"
	}
	b.convLayer(last, x, classes, layer{role: HeadOutput, kernel: 1, bias: true})
}
