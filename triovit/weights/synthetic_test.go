// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"slices"
	"testing"
)

// The expected values were computed without this code, in Python, from the description
// in golden/README.md.
func TestSynthetic(t *testing.T) {
	set := Synthetic(map[string][]int{
		"backbone.input_stem.op_list.0.conv.weight": {8, 3, 3, 3},
		"a.norm.running_var":                        {8},
		"a.norm.running_mean":                       {8},
		"a.norm.weight":                             {8},
		"a.norm.bias":                               {8},
		"a.norm.num_batches_tracked":                {},
	})
	for _, tt := range []struct {
		name  string
		index int
		want  float32
	}{
		{"backbone.input_stem.op_list.0.conv.weight", 0, 0.1898859292268753},
		{"backbone.input_stem.op_list.0.conv.weight", 215, -0.04502599313855171},
		{"a.norm.running_var", 7, 1.333653211593628},
		{"a.norm.running_mean", 7, 0.006568971090018749},
		{"a.norm.weight", 0, 0.8652912974357605},
		{"a.norm.bias", 1, -0.07420816272497177},
	} {
		if got := set[tt.name].Data[tt.index]; got != tt.want {
			t.Errorf("%s[%d] is %v, want %v", tt.name, tt.index, got, tt.want)
		}
	}
	if _, ok := set["a.norm.num_batches_tracked"]; ok {
		t.Error("num_batches_tracked is filled, want it left out")
	}
}

func TestSyntheticInput(t *testing.T) {
	x := SyntheticInput(3 * 224 * 224)
	got := []float32{x[0], x[1], x[2], x[len(x)-1]}
	want := []float32{0.7192184925079346, 0.6841784715652466, -0.22533957660198212, 0.5726079940795898}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSyntheticFitsItsShapes(t *testing.T) {
	want := goldenShapes(t, "timm_b1_names.json")
	if err := Synthetic(want).Check(want); err != nil {
		t.Error(err)
	}
}
