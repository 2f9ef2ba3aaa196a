// SPDX-License-Identifier: Apache-2.0

package efficientvit

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestBlocks: every operation of every variant is in one block, no two blocks have the
// same name, and a module's block has all operations of the module.
func TestBlocks(t *testing.T) {
	for _, name := range VariantNames() {
		net := describe(t, name)
		checkRanges(t, net, net.Blocks())
		modules := map[string]int{}
		for i := range net.Ops {
			modules[net.Ops[i].Block]++
		}
		names := map[string]bool{}
		for _, b := range net.Blocks() {
			if names[b.Name] {
				t.Errorf("%s: two blocks are called %s", name, b.Name)
			}
			names[b.Name] = true
			if n := modules[b.Name]; n > 0 && n != b.To-b.From {
				t.Errorf("%s: block %s has %d operations, its module %d", name, b.Name, b.To-b.From, n)
			}
			weighted := 0
			for _, op := range net.Ops[b.From:b.To] {
				if op.Kind == Conv || op.Kind == Linear {
					weighted++
				}
				if op.Block != "" && op.Block != b.Name {
					t.Errorf("%s: %s of %s is in block %s", name, op.Name, op.Block, b.Name)
				}
			}
			if modules[b.Name] == 0 && weighted > 1 {
				t.Errorf("%s: the layer %s has %d convolutions", name, b.Name, weighted)
			}
		}
		stages := net.ByStage()
		checkRanges(t, net, stages)
		for i, s := range stages {
			if s.Stage != i || i < len(net.Stages) && net.Ops[s.To-1].Name != net.Stages[i] {
				t.Errorf("%s: range %d is %+v", name, i, s)
			}
		}
		if len(stages) != 6 || stages[0].Name != "stem" || stages[3].Name != "stage 3" || stages[5].Name != "head" {
			t.Errorf("%s: stages %+v", name, stages)
		}
	}
}

// checkRanges checks that ranges follow each other from the first operation to the
// last.
func checkRanges(t interface{ Errorf(string, ...any) }, net *Network, ranges []Range) {
	at := 0
	for _, r := range ranges {
		if r.From != at || r.To <= r.From || r.Name == "" {
			t.Errorf("%s: range %+v begins behind %d", net.Name, r, at)
		}
		at = r.To
	}
	if at != len(net.Ops) {
		t.Errorf("%s: the ranges end at %d of %d operations", net.Name, at, len(net.Ops))
	}
}

// TestBlocksByHand compares the blocks of the smallest segmentation network, and of a
// classifier's head, with lists made by hand.
func TestBlocksByHand(t *testing.T) {
	list := func(net *Network) string {
		var s strings.Builder
		for _, b := range net.Blocks() {
			fmt.Fprintf(&s, "%d %s %d\n", b.Stage, b.Name, b.To-b.From)
		}
		return s.String()
	}
	want := `0 backbone.input_stem.op_list.0.conv 4
0 backbone.input_stem.op_list.1 6
1 backbone.stages.0.op_list.0 8
1 backbone.stages.0.op_list.1 9
2 backbone.stages.1.op_list.0 8
2 backbone.stages.1.op_list.1 9
3 backbone.stages.2.op_list.0 6
3 backbone.stages.2.op_list.1.context_module 29
3 backbone.stages.2.op_list.1.local_module 7
3 backbone.stages.2.op_list.2.context_module 29
3 backbone.stages.2.op_list.2.local_module 7
4 backbone.stages.3.op_list.0 6
4 backbone.stages.3.op_list.1.context_module 29
4 backbone.stages.3.op_list.1.local_module 7
4 backbone.stages.3.op_list.2.context_module 29
4 backbone.stages.3.op_list.2.local_module 7
5 head.input_ops.0.op_list.0.conv 2
5 head.input_ops.0.op_list.1 1
5 head.input_ops.1.op_list.0.conv 2
5 head.input_ops.1.op_list.1 1
5 head.input_ops.2.conv 2
5 head.add.0 1
5 head.add.1 1
5 head.middle.op_list.0 9
5 head.output_ops.0.op_list.0.conv 3
5 head.output_ops.0.op_list.1.conv 1
`
	if got := list(describe(t, "seg-b0-cityscapes")); got != want {
		t.Errorf("blocks\n%s, want\n%s", got, want)
	}
	want = `5 head.op_list.0.conv 3
5 head.op_list.1 1
5 head.op_list.2.linear 3
5 head.op_list.3.linear 1
`
	if got := list(describe(t, "b0-r224")); !strings.HasSuffix(got, want) {
		t.Errorf("blocks\n%s, want at the end\n%s", got, want)
	}
}

// TestInsertedOperationsJoinTheirConvolution: an operation that a transform inserts
// before a convolution is in the convolution's block.
func TestInsertedOperationsJoinTheirConvolution(t *testing.T) {
	for _, consumer := range []string{"head.op_list.0.conv", "backbone.stages.2.op_list.1.local_module.main.inverted_conv.conv"} {
		net := describe(t, "b0-r224")
		plain := net.Blocks()
		for _, kind := range []Kind{Scale, Shift} {
			conv := net.Op(consumer)
			shape := net.Op(conv.Inputs[0]).Shape
			op := Op{Name: consumer + "." + kind.String(), Kind: kind, Block: conv.Block, Shape: shape, Params: []Param{{Name: kind.String(), Shape: shape[2:]}}}
			if err := net.Insert(consumer, 0, op); err != nil {
				t.Fatal(err)
			}
		}
		if err := net.Validate(); err != nil {
			t.Fatal(err)
		}
		longer := 0
		for i, b := range net.Blocks() {
			if b.Name != plain[i].Name || b.Stage != plain[i].Stage {
				t.Fatalf("block %+v, without the insertions %+v", b, plain[i])
			}
			if d := b.To - b.From - (plain[i].To - plain[i].From); d != 0 {
				longer += d
				if !slices.ContainsFunc(net.Ops[b.From:b.To], func(op Op) bool { return op.Name == consumer }) {
					t.Errorf("block %s has the operations inserted before %s", b.Name, consumer)
				}
			}
		}
		if longer != 2 {
			t.Errorf("%d operations more, want 2", longer)
		}
	}
}

// partition draws the bounds of ranges that divide a list of n items, from 0 to n.
func partition(t *rapid.T, n int) []int {
	at := append(rapid.SliceOfNDistinct(rapid.IntRange(1, n-1), 0, 6, rapid.ID).Draw(t, "places"), 0, n)
	slices.Sort(at)
	return at
}

// TestCuts: for every division of every variant the cuts are valid and have the
// network's operations unchanged. A cut reads only the picture and outputs of cuts
// before it. Its outputs are those that a later cut or the network needs.
func TestCuts(t *testing.T) {
	nets := map[string]*Network{}
	for _, name := range VariantNames() {
		nets[name] = describe(t, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		net := nets[rapid.SampledFrom(VariantNames()).Draw(t, "variant")]
		hash := net.Hash()
		places := partition(t, len(net.Ops))
		var ops []Op
		given, read := map[string]bool{net.Input().Name: true}, map[string]bool{net.Output().Name: true}
		for i, from := range places[:len(places)-1] {
			cut, err := net.Cut(from, places[i+1])
			if err != nil {
				t.Fatal(err)
			}
			checkRanges(t, cut, cut.Blocks())
			inputs := len(cut.Inputs())
			if from == 0 {
				inputs = 0
			}
			for _, in := range cut.Ops[:inputs] {
				if !given[in.Name] || !slices.Equal(in.Shape, net.Op(in.Name).Shape) {
					t.Fatalf("%s reads %s of %v, which no cut before it gives out", cut.Name, in.Name, in.Shape)
				}
				read[in.Name] = true
			}
			for _, out := range cut.Outputs() {
				given[out.Name] = true
			}
			ops = append(ops, cut.Ops[inputs:]...)
		}
		if !reflect.DeepEqual(ops, net.Ops) {
			t.Fatal("the cuts have other operations than the network")
		}
		delete(given, net.Input().Name)
		delete(read, net.Input().Name)
		if !reflect.DeepEqual(given, read) {
			t.Fatalf("the cuts give out %v, of which %v is read", given, read)
		}
		if net.Hash() != hash {
			t.Fatal("cutting changed the network")
		}
	})
}

// TestCutOfEverything: a cut of all operations is the network itself, with the same
// hash.
func TestCutOfEverything(t *testing.T) {
	for _, name := range VariantNames() {
		net := describe(t, name)
		if all, err := net.Cut(0, len(net.Ops)); err != nil || !reflect.DeepEqual(all, net) {
			t.Errorf("%s: another network (%v)", name, err)
		}
	}
}

// TestCutsOfCuts: a cut of a cut equals the cut of the same operations of the network.
func TestCutsOfCuts(t *testing.T) {
	net := describe(t, "seg-b0-cityscapes")
	rapid.Check(t, func(t *rapid.T) {
		places := partition(t, len(net.Ops))
		from, to := places[0], places[len(places)-1]
		if len(places) > 2 {
			from, to = places[1], places[len(places)-1]
		}
		outer, err := net.Cut(from, to)
		if err != nil {
			t.Fatal(err)
		}
		first := rapid.IntRange(from, to-1).Draw(t, "from")
		last := rapid.IntRange(first+1, to).Draw(t, "to")
		inputs := len(outer.Ops) - (to - from)
		inner, err := outer.Cut(first-from+inputs, last-from+inputs)
		if err != nil {
			t.Fatal(err)
		}
		want, err := net.Cut(first, last)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(inner.Ops, want.Ops) || !reflect.DeepEqual(inner.Results, want.Results) {
			t.Fatalf("%s of %s: reads and gives out other tensors than %s", inner.Name, outer.Name, want.Name)
		}
	})
}

// TestCutsThatAreNone: a range without operations, or beyond those of the network, is
// an error.
func TestCutsThatAreNone(t *testing.T) {
	net := describe(t, "b0-r224")
	for _, r := range []Range{{From: -1, To: 3}, {From: 3, To: 3}, {From: 4, To: 3}, {From: 3, To: len(net.Ops) + 1}} {
		if _, err := net.Cut(r.From, r.To); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("a cut of the operations %d to %d", r.From, r.To)) {
			t.Errorf("%+v: error %v", r, err)
		}
	}
}

// TestHashes compares the hash of every variant with a stored one. Profiles, results
// and artefacts are stored under this hash.
func TestHashes(t *testing.T) {
	want := map[string]string{
		"efficientvit-b0-r224":           "50d6e9667691a38f",
		"efficientvit-b0-r256":           "223b6389807b748c",
		"efficientvit-b0-r288":           "a8aeffe2dcf9fc53",
		"efficientvit-b1-r224":           "aca52a399c1cb7f9",
		"efficientvit-b1-r256":           "3dfb7ce56487ad3e",
		"efficientvit-b1-r288":           "fb6dee5cde75cb6d",
		"efficientvit-b2-r224":           "d692660374d399c7",
		"efficientvit-b2-r256":           "4afbfc6e494379a4",
		"efficientvit-b2-r288":           "ea73a32ad6ae0fbb",
		"efficientvit-b3-r224":           "eb447426b6c9a089",
		"efficientvit-b3-r256":           "ac383e92774a239f",
		"efficientvit-b3-r288":           "0e68bf327dd8516e",
		"efficientvit-seg-b0-cityscapes": "f40023312790cef4",
		"efficientvit-seg-b1-cityscapes": "c9dda0bf6f72be84",
		"efficientvit-seg-b2-cityscapes": "01dc8d669d4b7c3c",
		"efficientvit-seg-b3-cityscapes": "e5d7030c1e1ed7c8",
		"efficientvit-seg-b0-scenes":     "4db49274397b7198",
		"efficientvit-seg-b1-ade20k":     "1f3db3ca21eaa284",
		"efficientvit-seg-b2-ade20k":     "49493c75daa517ed",
		"efficientvit-seg-b3-ade20k":     "5f1ee6d7d98e1354",
	}
	for _, name := range VariantNames() {
		if net := describe(t, name); !strings.HasPrefix(net.Hash(), want[net.Name]) || want[net.Name] == "" {
			t.Errorf("%s has the hash %s, stored is %s", net.Name, net.Hash(), want[net.Name])
		}
	}
}

// TestNumbersInHashes: the numbers of kinds, roles and classes never change, because
// hashes depend on them. A new one is added at the end of its list.
func TestNumbersInHashes(t *testing.T) {
	for what, list := range map[string]struct{ got, want string }{
		"kinds":         {fmt.Sprint(Kinds()), "[Input Conv BatchNorm LayerNorm Linear Hardswish ReLU Add Concat GlobalAvgPool Upsample Heads MergeHeads MatMul SumTokens Divide Scale Shift]"},
		"roles":         {fmt.Sprintf("%q", roleNames), `["none" "stem" "DSConv DW" "DSConv PW" "PW1" "DW" "PW2" "qkv" "aggregation DW" "aggregation PW" "Q" "K" "V" "KTV" "sum of K" "dividend" "divisor" "attention" "proj" "residual add" "head input" "head output" "migration" "shifting"]`},
		"point classes": {fmt.Sprint(PointClasses()), "[conv input pre-activation add operand attention operand divisor resize input pool input norm input last input]"},
	} {
		if list.got != list.want {
			t.Errorf("%s are numbered as %s, stored are %s", what, list.got, list.want)
		}
	}
	if Input != 1 || ConvInput != 1 {
		t.Errorf("the first kind is %d and the first class %d, want 1", Input, ConvInput)
	}
}
