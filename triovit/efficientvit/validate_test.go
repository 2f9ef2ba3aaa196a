// SPDX-License-Identifier: Apache-2.0

package efficientvit

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/hostile"
	"pgregory.net/rapid"
)

func TestValidateRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		kind Kind // kind of the operation that is changed, the first of its kind
		edit func(op *Op)
		want string
	}{
		{"a number without axes", Input, func(op *Op) { op.Shape = nil }, "want [H, W, C]"},
		{"an empty axis", Input, func(op *Op) { op.Shape = []int{32, 0, 3} }, "each axis must be at least 1"},
		{"more elements than any machine holds", Input, func(op *Op) { op.Shape = []int{math.MaxInt32, math.MaxInt32, 3} }, "at most 2147483647"},
		{"an input that reads", Input, func(op *Op) { op.Inputs = []string{"x"} }, "which nothing before it makes"},
		{"a factor of zero", Upsample, func(op *Op) { op.Factor = 0 }, "a factor of 0"},
		{"a negative factor", Upsample, func(op *Op) { op.Factor = -2 }, "a factor of -2"},
		{"a factor without bound", Upsample, func(op *Op) { op.Factor = math.MaxInt }, "within 2147483647 positions"},
		{"a kernel without bound", Conv, func(op *Op) { op.Kernel = math.MaxInt }, "a kernel of"},
		{"a convolution without a weight", Conv, func(op *Op) { op.Params = nil }, "a weight of rank 4 must be given"},
		{"a weight for other channels", Conv, func(op *Op) { op.Groups = 3 }, "does not fit 3 channels in 3 groups"},
		{"channels that groups do not divide", Conv, func(op *Op) { op.Groups = 2 }, "does not fit 3 channels in 2 groups"},
		{"a weight of another rank", Linear, func(op *Op) { op.Params[0].Shape = []int{8} }, "does not fit"},
		{"an output of another shape", Conv, func(op *Op) { op.Shape = []int{1, 1, 8} }, "its inputs give"},
		{"a statistic too few", BatchNorm, func(op *Op) { op.Params = op.Params[:3] }, "takes 4 parameters, not 3"},
		{"a statistic of other channels", BatchNorm, func(op *Op) { op.Params[2].Shape = []int{3} }, "has shape [3], not"},
		{"an eps beyond one", BatchNorm, func(op *Op) { op.Eps = 2 }, "an eps of 2"},
		{"an eps that is no number", BatchNorm, func(op *Op) { op.Eps = math.NaN() }, "an eps of NaN"},
		{"a bias of other outputs", Linear, func(op *Op) { op.Params = append(op.Params[:1], Param{Name: "bias", Shape: []int{1}}) }, "bias [1] does not fit"},
		{"a summand alone", Add, func(op *Op) { op.Inputs = op.Inputs[:1] }, "takes 2 inputs, not 1"},
		{"summands of two shapes", Add, func(op *Op) { op.Inputs[1] = "input" }, "adds "},
		{"joined maps of two sizes", Concat, func(op *Op) { op.Inputs[1] = "input" }, "joins "},
		{"a part that Q, K and V have not", Heads, func(op *Op) { op.Part = 3 }, "part 3 of"},
		{"other heads", MergeHeads, func(op *Op) { op.Shape = []int{1, 1, 1} }, "does not hold"},
		{"factors that do not fit", MatMul, func(op *Op) { op.Inputs[1] = "input" }, "multiplies "},
		{"a divisor that does not fit", Divide, func(op *Op) { op.Inputs[1] = op.Inputs[0] }, "divides "},
		{"an unknown kind", Hardswish, func(op *Op) { op.Kind = 99 }, "the kind has no shape rule"},
		{"a second input", Hardswish, func(op *Op) { op.Kind = Input }, "stands behind"},
		{"a point beyond the operands", Conv, func(op *Op) { op.Points = []Point{{Operand: 1}} }, "a quantization point on operand 1 of 1"},
		{"a point before the operands", Conv, func(op *Op) { op.Points = []Point{{Operand: -1}} }, "a quantization point on operand -1"},
		{"two points of an operand", Conv, func(op *Op) { op.Points = append(op.Points[:1], op.Points[0]) }, "on operand 0, which has one already"},
		{"a point without a class", Conv, func(op *Op) { op.Points[0].Class = 0 }, "a quantization point of class 0: 1 to 9 are allowed"},
		{"a point of an unknown class", Conv, func(op *Op) { op.Points[0].Class = pointEnd }, "a quantization point of class 10: 1 to 9 are allowed"},
		{"a point of a bit", Conv, func(op *Op) { op.Points[0].Bits = 1 }, "a quantization point of 1 bits: 2 to 16 are allowed"},
		{"a point of 17 bits", Conv, func(op *Op) { op.Points[0].Bits = 17 }, "a quantization point of 17 bits: 2 to 16 are allowed"},
		{"no name", Conv, func(op *Op) { op.Name = "" }, "operation 1, Conv, has no name"},
		{"a name twice", Conv, func(op *Op) { op.Name = "input" }, "is made twice"},
		{"a bias of another length", Conv, func(op *Op) { op.Params = append(op.Params, Param{Name: "bias", Shape: []int{1}}) }, "bias [1] does not fit"},
		{"a third parameter", Conv, func(op *Op) { op.Params = append(op.Params, op.Params[0], op.Params[0]) }, "not 3 parameters"},
		{"an input behind another operation", BatchNorm, func(op *Op) { op.Kind, op.Inputs, op.Params = Input, nil, nil }, "inputs come first"},
		{"a parameter without bound", BatchNorm, func(op *Op) { op.Params[0].Shape = []int{math.MaxInt} }, "each axis must be at least 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			first := func(op Op) bool { return op.Kind == test.kind }
			net := describe(t, "seg-b0-cityscapes").Clone()
			if !slices.ContainsFunc(net.Ops, first) {
				net = describe(t, "b0-r224").Clone()
			}
			test.edit(&net.Ops[slices.IndexFunc(net.Ops, first)])
			if err := net.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

// TestValidateRefusesResults: results that are no tensors of the network, or the same
// tensor twice, are errors.
func TestValidateRefusesResults(t *testing.T) {
	for _, results := range [][]string{{"nothing"}, {"input", "input"}} {
		net := describe(t, "b0-r224").Clone()
		net.Results = results
		if err := net.Validate(); err == nil || !strings.Contains(err.Error(), "each must be a tensor of the network, once") {
			t.Errorf("%q: error %v", results, err)
		}
	}
}

// TestValidateRefusesStages: stages that are no tensors of the network, that occur
// twice, or that are in another order than the network's are errors, because
// [Network.ByStage] counts them.
func TestValidateRefusesStages(t *testing.T) {
	stages := describe(t, "b0-r224").Stages
	for _, wrong := range [][]string{{"nothing"}, {stages[0], "nothing"}, {stages[0], stages[0]}, {stages[1], stages[0]}, {""}} {
		net := describe(t, "b0-r224").Clone()
		net.Stages = wrong
		if err := net.Validate(); err == nil || !strings.Contains(err.Error(), "each must be a tensor of the network, behind the one before") {
			t.Errorf("%q: error %v", wrong, err)
		}
	}
}

// TestErrorsQuoteNames: an error is one line for any name.
func TestErrorsQuoteNames(t *testing.T) {
	const name = "two\nlines"
	for what, edit := range map[string]func(net *Network){
		"the network":         func(net *Network) { net.Name = name; net.Ops[0].Kind = Conv },
		"an operation":        func(net *Network) { net.Ops[1].Name, net.Ops[1].Kernel = name, maxElements+1 },
		"an operand":          func(net *Network) { net.Ops[1].Inputs[0] = name },
		"a parameter's bound": func(net *Network) { net.Ops[1].Params[0] = Param{Name: name, Shape: []int{0}} },
		"a parameter's shape": func(net *Network) { net.Ops[2].Params[1] = Param{Name: name, Shape: []int{3, 5}} },
		"a stage":             func(net *Network) { net.Stages[0] = name },
		"a result":            func(net *Network) { net.Results = []string{name} },
	} {
		net := describe(t, "b0-r224").Clone()
		edit(net)
		if hostile.Read(t, 0, net.Validate) == nil {
			t.Errorf("%s: no error", what)
		}
	}
	net := describe(t, "b0-r224").Clone()
	net.Name = name
	for what, read := range map[string]func() error{
		"Cut":    func() error { _, err := net.Cut(3, 2); return err },
		"At":     func() error { _, err := net.At(0, 0); return err },
		"Insert": func() error { return net.Insert(name, 0, Op{Name: name}) },
	} {
		if hostile.Read(t, 0, read) == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

// TestValidateRefusesWithoutInput: a network must begin with an input.
func TestValidateRefusesWithoutInput(t *testing.T) {
	for _, net := range []*Network{{Name: "none"}, {Name: "none", Ops: []Op{{Name: "a", Kind: ReLU}}}} {
		if err := net.Validate(); err == nil || !strings.Contains(err.Error(), "the first operation must be its input") {
			t.Errorf("%+v: %v", net, err)
		}
	}
}

// TestValidateRefusesRanks: operations on maps or tokens refuse a vector, and a linear
// layer refuses a map.
func TestValidateRefusesRanks(t *testing.T) {
	for kind, read := range map[Kind]string{Conv: "vector", GlobalAvgPool: "vector", Upsample: "vector", Heads: "vector", MergeHeads: "vector", SumTokens: "vector", Linear: "map"} {
		net := &Network{Name: "n", Ops: []Op{
			{Name: "map", Kind: Input, Shape: []int{4, 4, 6}},
			{Name: "vector", Kind: GlobalAvgPool, Inputs: []string{"map"}, Shape: []int{6}},
			{Name: "x", Kind: kind, Inputs: []string{read}, Shape: []int{6}},
		}}
		if err := net.Validate(); err == nil || !strings.Contains(err.Error(), "takes a tensor of rank") {
			t.Errorf("%v reads a %s: %v", kind, read, err)
		}
	}
}

// TestInsert: the operation is inserted between a consumer and its operand. An
// insertion without such a place, or with a name that is taken, changes nothing.
func TestInsert(t *testing.T) {
	net := describe(t, "b0-r224")
	before := net.Hash()
	add := net.Ops[slices.IndexFunc(net.Ops, func(op Op) bool { return op.Kind == Add })]
	read := add.Inputs[1]
	shape := net.Op(read).Shape
	scale := Op{Name: "half", Kind: Scale, Shape: shape, Params: []Param{{Name: "half.weight", Shape: shape[len(shape)-1:]}}}
	for _, test := range []struct {
		consumer string
		operand  int
		name     string
		want     string
	}{
		{"nowhere", 0, "half", `no operation "nowhere" to insert "half" before`},
		{add.Name, 2, "half", "has no operand 2"},
		{add.Name, -1, "half", "has no operand -1"},
		{add.Name, 1, add.Name, "there is an operation"},
	} {
		op := scale
		op.Name = test.name
		if err := net.Insert(test.consumer, test.operand, op); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q before operand %d of %q: %v, want %q", test.name, test.operand, test.consumer, err, test.want)
		}
	}
	if net.Hash() != before {
		t.Error("a refusal changes the network")
	}
	if err := net.Insert(add.Name, 1, scale); err != nil {
		t.Fatal(err)
	}
	if got := net.Op(add.Name).Inputs; got[0] != add.Inputs[0] || got[1] != "half" || net.Op("half").Inputs[0] != read {
		t.Errorf("the sum reads %q and %q, the scale %q", got[0], got[1], net.Op("half").Inputs[0])
	}
	if err := net.Validate(); err != nil {
		t.Error(err)
	}
}

// checkHostile validates a description from any source. Validate must not panic, and
// the counts of an accepted description must not have overflowed.
func checkHostile(t interface{ Errorf(string, ...any) }, net *Network) {
	if err := net.Validate(); err != nil {
		if strings.ContainsAny(err.Error(), "\n\r") {
			t.Errorf("the error has several lines: %q", err)
		}
		return
	}
	if stages := net.ByStage(); len(net.Stages) > 0 {
		checkRanges(t, net, stages)
		if net.Stages[len(net.Stages)-1] != net.Output().Name && stages[len(stages)-1].Name != "head" {
			t.Errorf("an accepted network of the stages %q has no head", net.Stages)
		}
	}
	if net.ParamCount() < 0 || net.TotalMACs() < 0 {
		t.Errorf("an accepted network has %d parameters and %d MACs", net.ParamCount(), net.TotalMACs())
	}
	checkRanges(t, net, net.Blocks())
	for _, b := range net.Blocks() {
		if _, err := net.Cut(b.From, b.To); err != nil {
			t.Errorf("an accepted network has a block that is not accepted: %v", err)
		}
	}
}

// TestValidateAnything checks real networks with random changes.
func TestValidateAnything(t *testing.T) {
	nets := []*Network{describe(t, "b0-r224"), describe(t, "seg-b0-cityscapes")}
	rapid.Check(t, func(t *rapid.T) {
		net := rapid.SampledFrom(nets).Draw(t, "network").Clone()
		size := rapid.OneOf(rapid.IntRange(-2, 8), rapid.SampledFrom([]int{math.MinInt, math.MaxInt, math.MaxInt32, 1 << 20}))
		shape := rapid.SliceOfN(size, 0, 5)
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			op := &net.Ops[rapid.IntRange(0, len(net.Ops)-1).Draw(t, "operation")]
			switch rapid.IntRange(0, 9).Draw(t, "change") {
			case 0:
				op.Kind = Kind(rapid.IntRange(0, 30).Draw(t, "kind"))
			case 1:
				op.Shape = shape.Draw(t, "shape")
			case 2:
				op.Params = append(op.Params, Param{Name: "p", Shape: shape.Draw(t, "parameter")})
			case 3:
				if len(op.Params) > 0 {
					op.Params[0].Shape = shape.Draw(t, "weight")
				}
			case 4:
				op.Inputs = op.Inputs[:min(len(op.Inputs), rapid.IntRange(0, 1).Draw(t, "inputs"))]
			case 5:
				op.Kernel, op.Stride = size.Draw(t, "kernel"), size.Draw(t, "stride")
			case 6:
				op.Groups, op.Factor = size.Draw(t, "groups"), size.Draw(t, "factor")
			case 7:
				op.Part, op.OverTokens = size.Draw(t, "part"), !op.OverTokens
			case 8:
				op.Points = append(op.Points, Point{Operand: size.Draw(t, "operand"), Class: PointClass(rapid.IntRange(0, 11).Draw(t, "class")), Bits: size.Draw(t, "bits")})
			case 9:
				net.Stages[rapid.IntRange(0, len(net.Stages)-1).Draw(t, "stage")] = rapid.SampledFrom([]string{op.Name, "nobody", ""}).Draw(t, "name")
			}
		}
		checkHostile(t, net)
	})
}

func FuzzValidate(f *testing.F) {
	for _, text := range []string{
		`{"Ops":[{"Name":"in","Kind":1,"Shape":[4,4,3]},{"Name":"up","Kind":11,"Inputs":["in"],"Shape":[8,8,3],"Factor":2}]}`,
		`{"Ops":[{"Name":"in","Kind":1,"Shape":[4,4,3]},{"Name":"n","Kind":3,"Inputs":["in"],"Shape":[]}]}`,
		`{"Ops":[{"Name":"in","Kind":1,"Shape":[]},{"Name":"c","Kind":9,"Inputs":["in","in"],"Shape":[]}]}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var net Network
		if json.Unmarshal(text, &net) == nil {
			checkHostile(t, &net)
		}
	})
}
