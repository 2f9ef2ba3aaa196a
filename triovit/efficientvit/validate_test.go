// SPDX-License-Identifier: Apache-2.0

package efficientvit

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestValidateRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		kind Kind // of the operation that is changed: the first of its kind
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
		{"a bias of another length", Conv, func(op *Op) { op.Params = append(op.Params, Param{Name: "bias", Shape: []int{1}}) }, "bias [1] does not fit"},
		{"a third parameter", Conv, func(op *Op) { op.Params = append(op.Params, op.Params[0], op.Params[0]) }, "not 3 parameters"},
		{"an input behind another operation", BatchNorm, func(op *Op) { op.Kind, op.Inputs, op.Params = Input, nil, nil }, "inputs come first"},
		{"a parameter without bound", BatchNorm, func(op *Op) { op.Params[0].Shape = []int{math.MaxInt} }, "each axis must be at least 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			net := describe(t, "seg-b0-cityscapes").Clone()
			for i := range net.Ops {
				if net.Ops[i].Kind == test.kind {
					test.edit(&net.Ops[i])
					break
				}
			}
			if err := net.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

// TestValidateRefusesResults that are no tensors, or the same one twice.
func TestValidateRefusesResults(t *testing.T) {
	for _, results := range [][]string{{"nothing"}, {"input", "input"}} {
		net := describe(t, "b0-r224").Clone()
		net.Results = results
		if err := net.Validate(); err == nil || !strings.Contains(err.Error(), "each must be a tensor of the network, once") {
			t.Errorf("%q: error %v", results, err)
		}
	}
}

// checkHostile validates a description from anywhere: it must not panic, and the
// counts of a description that is accepted must not have overflowed.
func checkHostile(t interface{ Errorf(string, ...any) }, net *Network) {
	if net.Validate() != nil {
		return
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

// TestValidateAnything changes real networks at random places.
func TestValidateAnything(t *testing.T) {
	nets := []*Network{describe(t, "b0-r224"), describe(t, "seg-b0-cityscapes")}
	rapid.Check(t, func(t *rapid.T) {
		net := rapid.SampledFrom(nets).Draw(t, "network").Clone()
		size := rapid.OneOf(rapid.IntRange(-2, 8), rapid.SampledFrom([]int{math.MinInt, math.MaxInt, math.MaxInt32, 1 << 20}))
		shape := rapid.SliceOfN(size, 0, 5)
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			op := &net.Ops[rapid.IntRange(0, len(net.Ops)-1).Draw(t, "operation")]
			switch rapid.IntRange(0, 7).Draw(t, "change") {
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
