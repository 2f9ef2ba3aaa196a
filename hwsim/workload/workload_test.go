// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

func describe(t testing.TB, name string, options ...efficientvit.Option) *efficientvit.Network {
	t.Helper()
	net, err := efficientvit.Describe(name, options...)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func fromNetwork(t testing.TB, net *efficientvit.Network) *Workload {
	t.Helper()
	w, err := FromNetwork(net)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// transformed returns B1 with the operations that the paper's two transforms insert
// around the depthwise convolution of one MBConv.
func transformed(t testing.TB) *efficientvit.Network {
	t.Helper()
	net := describe(t, "b1-r224")
	const block = "backbone.stages.0.op_list.0.main."
	inserted := []struct {
		consumer, name, param string
		kind                  efficientvit.Kind
		role                  efficientvit.Role
	}{
		{block + "depth_conv.conv", block + "depth_conv.conv.migrate", "factor", efficientvit.Scale, efficientvit.Migrate},
		{block + "point_conv.conv", block + "point_conv.conv.shift", "offset", efficientvit.Shift, efficientvit.Recenter},
	}
	for _, i := range inserted {
		in := net.Op(net.Op(i.consumer).Inputs[0])
		op := efficientvit.Op{Name: i.name, Kind: i.kind, Role: i.role, Shape: in.Shape,
			Params: []efficientvit.Param{{Name: i.name + "." + i.param, Shape: in.Shape[2:]}}}
		if err := net.Insert(i.consumer, 0, op); err != nil {
			t.Fatal(err)
		}
	}
	return net
}

// TestEveryKindHasItsPlace: every kind of operation has the units that run it, or none if
// nothing is computed.
func TestEveryKindHasItsPlace(t *testing.T) {
	want := map[efficientvit.Kind][]Unit{
		efficientvit.Input: nil, efficientvit.Conv: {Engines}, efficientvit.BatchNorm: nil, efficientvit.LayerNorm: {Host},
		efficientvit.Linear: {Engines}, efficientvit.Hardswish: {Activation}, efficientvit.ReLU: {Activation},
		efficientvit.Add: {Adder}, efficientvit.Concat: nil, efficientvit.GlobalAvgPool: {Pool}, efficientvit.Upsample: {Resizer},
		efficientvit.Heads: nil, efficientvit.MergeHeads: nil, efficientvit.MatMul: {Engines}, efficientvit.SumTokens: {SumAdder},
		efficientvit.Divide: {Log2, Shifter}, efficientvit.Scale: nil, efficientvit.Shift: {Adder},
	}
	seen := make(map[efficientvit.Kind]bool)
	for _, net := range []*efficientvit.Network{describe(t, "b1-r224"), describe(t, "seg-b0-cityscapes"), transformed(t)} {
		w := fromNetwork(t, net)
		units := make(map[string][]Unit)
		for _, o := range w.Ops {
			if o.Unit != Requantize {
				name := strings.TrimSuffix(o.Name, ".log2")
				units[name] = append(units[name], o.Unit)
			}
		}
		for i := range net.Ops {
			op := &net.Ops[i]
			seen[op.Kind] = true
			if diff := cmp.Diff(want[op.Kind], units[op.Name]); diff != "" {
				t.Errorf("%s %q (-want +got)\n%s", op.Kind, op.Name, diff)
			}
		}
	}
	for _, kind := range efficientvit.Kinds() {
		if _, ok := want[kind]; !ok || !seen[kind] {
			t.Errorf("%s: listed here: %v, in a network here: %v", kind, ok, seen[kind])
		}
	}
}

func TestUnknownKindIsRefusedByName(t *testing.T) {
	r := reader{}
	if _, err := r.operations(&efficientvit.Op{Kind: 200}); err == nil {
		t.Error("an unknown kind was accepted")
	}
	net := describe(t, "b1-r224")
	net.Ops[5].Kind = 200
	if _, err := FromNetwork(net); err == nil || !strings.Contains(err.Error(), "Kind(200)") {
		t.Errorf("the error does not name the kind: %v", err)
	}
}

// TestCutsAreRefused: a workload's network has one input, the picture, and one output.
func TestCutsAreRefused(t *testing.T) {
	net, err := efficientvit.Describe("seg-b0-cityscapes")
	if err != nil {
		t.Fatal(err)
	}
	head, err := net.Cut(net.ByStage()[5].From, len(net.Ops))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := FromNetwork(head); err == nil || !strings.Contains(err.Error(), "has 3 inputs and 1 outputs") {
		t.Errorf("error %v", err)
	}
}

// TestMACsAreConserved: the count derived from the sizes equals the network's own count,
// for every operation of every variant at any size.
func TestMACsAreConserved(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom(efficientvit.VariantNames()).Draw(rt, "variant")
		side := rapid.IntRange(32, 640)
		h, w := side.Draw(rt, "height"), side.Draw(rt, "width")
		if strings.Contains(name, "-seg-") {
			h, w = h/32*32, w/32*32
		}
		net, err := efficientvit.Describe(name, efficientvit.InputSize(h, w))
		if err != nil {
			rt.Fatal(err)
		}
		list, err := FromNetwork(net)
		if err != nil {
			rt.Fatal(err)
		}
		for i := range list.Ops {
			o := &list.Ops[i]
			if op := net.Op(o.Name); op != nil && o.MACs() != net.MACs(op) {
				rt.Errorf("%s: %d MACs, the network counts %d", o.Name, o.MACs(), net.MACs(op))
			}
		}
		if got, want := list.MACs(), net.TotalMACs(); got != want {
			rt.Errorf("%d MACs, the network counts %d", got, want)
		}
	})
}

// TestStreams: depthwise convolutions stream into the pointwise ones of their block, also
// through the operations that a transform inserts.
func TestStreams(t *testing.T) {
	into := map[efficientvit.Role]efficientvit.Role{
		efficientvit.DSConvDW: efficientvit.DSConvPW, efficientvit.DW: efficientvit.PW2, efficientvit.AggDW: efficientvit.AggPW,
	}
	for _, net := range []*efficientvit.Network{describe(t, "b1-r224"), describe(t, "seg-b1-ade20k"), transformed(t)} {
		streams := 0
		for _, o := range fromNetwork(t, net).Ops {
			if o.Form != Depthwise {
				continue
			}
			streams++
			pw := net.Op(o.Feeds)
			if pw == nil || pw.Role != into[o.Role] || pw.Block != o.Block {
				t.Errorf("%s feeds %q", o.Name, o.Feeds)
			}
		}
		if streams == 0 {
			t.Errorf("%s: no streams", net.Name)
		}
	}
}

// TestTwoReadersEndAStream: a depthwise convolution that two operations read does not
// stream, since both need all of its outputs.
func TestTwoReadersEndAStream(t *testing.T) {
	c := []efficientvit.Param{{Name: "w", Shape: []int{4, 1, 3, 3}}}
	p := []efficientvit.Param{{Name: "p", Shape: []int{4, 4, 1, 1}}}
	shape := []int{8, 8, 4}
	net := &efficientvit.Network{Name: "fork", Ops: []efficientvit.Op{
		{Name: "input", Kind: efficientvit.Input, Shape: shape},
		{Name: "dw", Kind: efficientvit.Conv, Inputs: []string{"input"}, Shape: shape, Params: c, Kernel: 3, Stride: 1, Groups: 4},
		{Name: "pw", Kind: efficientvit.Conv, Inputs: []string{"dw"}, Shape: shape, Params: p, Kernel: 1, Stride: 1, Groups: 1},
		{Name: "sum", Kind: efficientvit.Add, Inputs: []string{"dw", "pw"}, Shape: shape},
	}}
	w := fromNetwork(t, net)
	want := []Operation{
		{Name: "dw", Label: "none", Unit: Engines, Form: Depthwise, H: 8, W: 8, Cout: 4, Cin: 1, Groups: 4, Kernel: 3, Stride: 1},
		{Name: "pw", Label: "none", Unit: Engines, Form: Convolution, H: 8, W: 8, Cout: 4, Cin: 4, Groups: 1, Kernel: 1, Stride: 1},
		{Name: "sum", Label: "none", Unit: Adder, Form: Elementwise, Elements: 256},
	}
	if diff := cmp.Diff(want, w.Ops); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestRequantization: each tensor with a quantization point is requantized once, with any
// number of readers. The picture and the divisors are exceptions.
func TestRequantization(t *testing.T) {
	net := describe(t, "b1-r224")
	want := make(map[string]int64)
	for _, op := range net.Ops {
		for _, p := range op.Points {
			tensor := op.Inputs[p.Operand]
			if p.Class != efficientvit.DivisorOperand && tensor != "input" {
				want[tensor+".requantize"] = int64(efficientvit.Size(net.Op(tensor).Shape))
			}
		}
	}
	got := make(map[string]int64)
	var divisors int64
	for _, o := range fromNetwork(t, net).Ops {
		switch o.Unit {
		case Requantize:
			got[o.Name] += o.Elements
		case Log2:
			divisors += o.Elements
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// Stage 3: 3 blocks, 2 branches, 8 heads, 14×14; stage 4: 4, 2, 16, 7×7.
	if want := int64(3*2*8*196 + 4*2*16*49); divisors != want {
		t.Errorf("%d divisors, want %d", divisors, want)
	}
}

// TestHead: the operations behind the last stage are the head.
func TestHead(t *testing.T) {
	for _, name := range []string{"b1-r224", "seg-b0-cityscapes"} {
		for _, o := range fromNetwork(t, describe(t, name)).Ops {
			if head := strings.HasPrefix(o.Name, "head."); o.Head != head {
				t.Errorf("%s: %s: in the head: %v", name, o.Name, o.Head)
			}
		}
	}
}

func TestDeiT(t *testing.T) {
	tests := []struct {
		name         string
		gop, printed float64
	}{
		{"deit-tiny", 2.51, 2.6},
		{"deit-small", 9.20, 9.2},
		{"deit-base", 35.13, 35.2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w, err := DeiT(test.name)
			if err != nil {
				t.Fatal(err)
			}
			if got := math.Round(100*w.GOP()) / 100; got != test.gop {
				t.Errorf("%.4f GOP, want %.2f", w.GOP(), test.gop)
			}
			if w.PrintedGOP != test.printed || math.Abs(w.GOP()/w.PrintedGOP-1) > 0.04 {
				t.Errorf("%.4f GOP beside the printed %g", w.GOP(), w.PrintedGOP)
			}
			host := make(map[string]int)
			for _, o := range w.Ops {
				if o.Unit == Host {
					host[strings.TrimRight(o.Label, " 12")]++
				}
			}
			if diff := cmp.Diff(map[string]int{"LayerNorm": 25, "softmax": 12, "GELU": 12}, host); diff != "" {
				t.Errorf("work of the host (-want +got)\n%s", diff)
			}
		})
	}
	if _, err := DeiT("deit-huge"); err == nil || err.Error() != `no standard ViT "deit-huge": have deit-tiny, deit-small, deit-base` {
		t.Errorf("%v", err)
	}
}

func TestValidateErrors(t *testing.T) {
	dw := Operation{Name: "dw", Unit: Engines, Form: Depthwise, H: 4, W: 4, Cout: 8, Cin: 1, Groups: 8, Kernel: 3, Stride: 1, Feeds: "pw"}
	pw := Operation{Name: "pw", Unit: Engines, Form: Convolution, H: 4, W: 4, Cout: 8, Cin: 8, Groups: 1, Kernel: 1, Stride: 1, Behind: "dw"}
	change := func(o Operation, f func(*Operation)) Operation { f(&o); return o }
	tests := []struct {
		name string
		ops  []Operation
		want string
	}{
		{"nothing", nil, `operations: there must be at least 1`},
		{"size", []Operation{dw, change(pw, func(o *Operation) { o.Cin = 0 })}, `operations[1]: "pw": input channels 0: at least 1 is needed`},
		{"overflow", []Operation{dw, change(pw, func(o *Operation) { o.Cin, o.Cout = math.MaxInt, math.MaxInt })}, `operations[1]: "pw": 1.361e+39 steps up to here must be at most 2^50`},
		{"twice", []Operation{dw, pw, dw}, `operations[2].name: "dw" must be unique, and operations[0] has it`},
		{"one end", []Operation{dw}, `operations[0].feeds: "pw" must be an operation listed behind "dw" that nothing else feeds`},
		{"other end", []Operation{pw}, `operations[0].behind: "dw" must be an operation that feeds "pw"`},
		{"order", []Operation{pw, dw}, `operations[1].feeds: "pw" must be an operation listed behind "dw" that nothing else feeds`},
		{"area", []Operation{dw, change(pw, func(o *Operation) { o.H = 5 })}, `operations[0].feeds: "pw" of 5×4 must have the size of "dw", 4×4`},
		{"not pointwise", []Operation{dw, change(pw, func(o *Operation) { o.Kernel = 3 })}, `operations[1]: "pw": behind "dw": only a pointwise convolution takes a stream`},
		{"not depthwise", []Operation{change(pw, func(o *Operation) { o.Feeds = "x" })}, `operations[0]: "pw": feeds "x": only a depthwise convolution streams`},
		{"depthwise sum", []Operation{change(dw, func(o *Operation) { o.Cin = 8 }), pw}, `operations[0]: "dw": 8 input channels per output: a depthwise convolution has 1`},
		{"groups", []Operation{dw, change(pw, func(o *Operation) { o.Groups = 5 })}, `operations[1]: "pw": 5 groups: they must divide the 8 output channels`},
		{"weight bits", []Operation{dw, change(pw, func(o *Operation) { o.WeightBits = 9 })}, `operations[1]: "pw": weight bits 9: 1 to 8 are allowed, or 0 for none of its own`},
		{"weight bits of an adder", []Operation{{Name: "x", Unit: Adder, Form: Elementwise, Elements: 1, WeightBits: 4}}, `operations[0]: "x": weight bits 4: the form "elementwise" has no weights`},
		{"channels", []Operation{dw, change(pw, func(o *Operation) { o.Cin = 5 })}, `operations[0].feeds: "pw" of 1 groups of 5 input channels must take the 8 of "dw"`},
		{"depthwise groups", []Operation{change(dw, func(o *Operation) { o.Groups = 4 }), pw}, `operations[0]: "dw": 4 groups: a depthwise convolution of 8 channels has as many`},
		{"unit", []Operation{change(dw, func(o *Operation) { o.Unit = 77 })}, `operations[0]: "dw": Unit(77) is none of the units`},
		{"unit of another form", []Operation{change(dw, func(o *Operation) { o.Unit = Adder })}, `operations[0]: "dw": a depthwise convolution cannot run on the unit "adder"`},
		{"form", []Operation{{Name: "x", Unit: Adder}}, `operations[0]: "x": Form(0) is none of the forms`},
		{"elements", []Operation{{Name: "x", Unit: Adder, Form: Elementwise}}, `operations[0]: "x": 0 elements: at least 1 is needed`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := &Workload{Name: "test", Ops: test.ops}
			if err := w.Validate(); err == nil || err.Error() != `workload "test": `+test.want {
				t.Errorf("got  %v\nwant workload \"test\": %s", err, test.want)
			}
		})
	}
	if err := (&Workload{Name: "test", Ops: []Operation{dw, pw}}).Validate(); err != nil {
		t.Error(err)
	}
}

// TestTensors: every operand of every operation that computes is read from a tensor.
// Every tensor that is read was made.
func TestTensors(t *testing.T) {
	net := describe(t, "b1-r224")
	w := fromNetwork(t, net)
	byMaker := make(map[string]Tensor)
	var results []string
	for _, tensor := range w.Tensors {
		byMaker[tensor.Maker] = tensor
		if len(tensor.Readers) == 0 {
			results = append(results, tensor.Maker)
		}
	}
	if diff := cmp.Diff([]string{"head.op_list.3.linear"}, results); diff != "" {
		t.Errorf("results (-want +got)\n%s", diff)
	}
	const msa = "backbone.stages.2.op_list.1.context_module.main."
	tests := []struct {
		maker string
		want  Tensor
	}{
		{"", Tensor{Elements: 224 * 224 * 3, Readers: []Reading{{"backbone.input_stem.op_list.0.conv", 224 * 224 * 3}}}},
		// Queries, keys and values are a third each, through the split of heads.
		{msa + "qkv.conv", Tensor{Maker: msa + "qkv.conv", Elements: 196 * 384, Readers: []Reading{
			{msa + "aggreg.0.0", 196 * 384}, {msa + "relu_q.0", 196 * 128}, {msa + "relu_k.0", 196 * 128}, {msa + "ktv.0", 196 * 128}}}},
		// Each branch is a whole tensor, though the projection reads both.
		{msa + "attention.1", Tensor{Maker: msa + "attention.1", Elements: 196 * 128, Readers: []Reading{{msa + "proj.conv", 196 * 128}}}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, byMaker[test.maker]); diff != "" {
			t.Errorf("%q (-want +got)\n%s", test.maker, diff)
		}
	}
}

func TestTensorErrors(t *testing.T) {
	op := func(name string) Operation {
		return Operation{Name: name, Unit: Adder, Form: Elementwise, Elements: 8}
	}
	tests := []struct {
		name   string
		tensor Tensor
		want   string
	}{
		{"maker", Tensor{Maker: "c", Elements: 8}, `tensors[0].maker: "c" must be an operation`},
		{"size", Tensor{Maker: "a"}, `tensors[0].elements: 0 must be from 1 to 2^50`},
		{"reader", Tensor{Maker: "a", Elements: 8, Readers: []Reading{{"c", 8}}}, `tensors[0].readers[0].operation: "c" must be an operation`},
		{"order", Tensor{Maker: "b", Elements: 8, Readers: []Reading{{"a", 8}}}, `tensors[0].readers[0].operation: "a" must be an operation listed behind "b", which makes the tensor`},
		{"too much", Tensor{Maker: "a", Elements: 8, Readers: []Reading{{"b", 9}}}, `tensors[0].readers[0].elements: 9 must be from 1 to 8, the tensor's`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := &Workload{Name: "w", Ops: []Operation{op("a"), op("b")}, Tensors: []Tensor{test.tensor}}
			if err := w.Validate(); err == nil || err.Error() != `workload "w": `+test.want {
				t.Errorf("got %v", err)
			}
		})
	}
}
