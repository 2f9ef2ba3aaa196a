// SPDX-License-Identifier: Apache-2.0

package onnx

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute-onnx/support/protos"
	"github.com/gotriovit/gotriovit/internal/linked"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"google.golang.org/protobuf/proto"
)

// model has a migration, a shifting and a division by a log2 code, on a picture of two
// pixels. Tests of cmd/triovit and calib/frozentest run such models in ONNX Runtime.
func model() *integer.Model {
	codes := integer.Interval{Lo: -128, Hi: 127}
	step := integer.Values{Steps: []float64{0.25}}
	return &integer.Model{Name: "by hand", Limits: integer.Limits{MultiplierBits: 18, AccumulatorBits: 27}, Classes: []string{"a", "b", "c"},
		Picture: integer.Picture{Normalization: preprocess.ImageNetNormalization()},
		Ops: []integer.Op{
			{Name: "picture", Operation: &integer.Input{Shape: [3]int{1, 2, 3}, Grid: grid.Uniform{Scale: 0.5, Lo: -128, Hi: 127}}, Values: integer.Values{Steps: []float64{0.5}}},
			{Name: "migrated", Inputs: []string{"picture"}, Values: step, Operation: &integer.Requantize{Codes: codes,
				Affine: []integer.Affine{{Mantissa: 3, Shift: 2}, {Mantissa: -5, Shift: 3}, {Mantissa: 1}}}},
			{Name: "shifted", Inputs: []string{"migrated"}, Values: step, Operation: &integer.Requantize{Codes: codes,
				Affine: []integer.Affine{{Mantissa: 1, Addend: -7}, {Mantissa: 1, Addend: 9}, {Mantissa: 1}}}},
			{Name: "positive", Inputs: []string{"picture"}, Operation: &integer.ReLU{}},
			{Name: "sum", Inputs: []string{"positive"}, Operation: &integer.Conv{Kernel: 1, Stride: 1, Groups: 1, WeightBits: 8, Weights: []int8{1, 1, 1}, Bias: []int32{0}}},
			{Name: "log2", Inputs: []string{"sum"}, Operation: &integer.Log2{Thresholds: []int32{2, 3, 6}}},
			{Name: "quotient", Inputs: []string{"shifted", "log2"}, Values: step, Operation: &integer.Divide{Mantissa: 3, Shift: 1, Codes: codes}},
		}}
}

// constants returns the elements of an initializer of float64, or nil if there is none.
func constants(g *protos.GraphProto, name string) (values []float64) {
	for _, i := range g.Initializer {
		if i.Name == name && i.DataType == int32(double) {
			for raw := i.RawData; len(raw) > 0; raw = raw[8:] {
				values = append(values, math.Float64frombits(binary.LittleEndian.Uint64(raw)))
			}
		}
	}
	return values
}

// TestOrdinaryOperators: migration, shifting and the log2 division are operators of
// ONNX's own set with the artefact's numbers.
func TestOrdinaryOperators(t *testing.T) {
	m, err := New(model())
	if err != nil {
		t.Fatal(err)
	}
	if len(m.OpsetImport) != 1 || m.OpsetImport[0].Domain != "" || m.OpsetImport[0].Version != operatorSet {
		t.Errorf("operator sets %v", m.OpsetImport)
	}
	var kinds []string
	for _, n := range m.Graph.Node {
		if operation, _, _ := strings.Cut(n.Name, "/"); operation == "log2" || operation == "quotient" {
			kinds = append(kinds, n.OpType)
		}
		if n.Domain != "" {
			t.Errorf("%s is of the domain %q", n.Name, n.Domain)
		}
	}
	// The nodes of the output follow those of the last operation.
	if got, want := strings.Join(kinds, " "), "Cast Mul Round Unsqueeze GreaterOrEqual Cast ReduceSum "+
		"DequantizeLinear Cast Mul Round Mul Pow Div Add Floor Mul Cast QuantizeLinear DequantizeLinear Identity"; got != want {
		t.Errorf("log2 and division are\n%s, want\n%s", got, want)
	}
	for name, want := range map[string][]float64{
		"migrated/factor_1": {0.75, -0.625, 1}, "migrated/addend": {0.5, 0.5, 0}, "shifted/addend": {-7, 9, 0},
		"log2/thresholds": {2, 3, 6}, "quotient/two": {2}, "quotient/factor_1": {1.5}, "quotient/addend": {0.5},
	} {
		if got := constants(m.Graph, name); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

// TestGraph: each name is made once, and before a node reads it. Each initializer is
// read.
func TestGraph(t *testing.T) {
	m, err := New(model())
	if err != nil {
		t.Fatal(err)
	}
	made, read := map[string]bool{"": true}, map[string]bool{}
	add := func(name string) {
		if made[name] {
			t.Errorf("%q is made twice", name)
		}
		made[name] = true
	}
	for _, x := range m.Graph.Input {
		add(x.Name)
	}
	for _, x := range m.Graph.Initializer {
		add(x.Name)
	}
	for _, n := range m.Graph.Node {
		for _, name := range n.Input {
			if read[name] = true; !made[name] {
				t.Errorf("%s reads %q before it is made", n.Name, name)
			}
		}
		add(n.Output[0])
	}
	for _, x := range m.Graph.Initializer {
		if !read[x.Name] {
			t.Errorf("nothing reads %s", x.Name)
		}
	}
	if out := m.Graph.Output; len(out) != 1 || out[0].Name != Logits || !made[Logits] {
		t.Errorf("outputs %v", out)
	}
}

// TestMetadata: the metadata has the data that a program needs beside the graph.
func TestMetadata(t *testing.T) {
	m := model()
	hash, err := m.Hash()
	if err != nil {
		t.Fatal(err)
	}
	file, err := New(m)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range file.MetadataProps {
		got[e.Key] = e.Value
	}
	for key, want := range map[string]string{"artefact": hash, "classes": `["a","b","c"]`, "mean": "[0.485,0.456,0.406]", "std": "[0.229,0.224,0.225]"} {
		if got[key] != want {
			t.Errorf("%s is %q, want %q", key, got[key], want)
		}
	}
}

// TestRefuses: New refuses logits without real numbers, and a model that is not valid.
func TestRefuses(t *testing.T) {
	silent, broken := model(), model()
	silent.Ops[len(silent.Ops)-1].Values = integer.Values{}
	broken.Ops[2].Inputs = []string{"nothing"}
	for want, m := range map[string]*integer.Model{"its logits stand for no real numbers": silent, "nothing before it makes": broken} {
		if _, err := New(m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestNewCut: a cut's tensors are its inputs and outputs.
func TestNewCut(t *testing.T) {
	m := model()
	c, err := m.Cut(5, 7)
	if err != nil {
		t.Fatal(err)
	}
	data, err := proto.Marshal(NewCut(c))
	if err != nil {
		t.Fatal(err)
	}
	var file protos.ModelProto
	if err := proto.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, x := range file.Graph.Input {
		names = append(names, x.Name)
	}
	if !slices.Equal(names, c.Inputs) || len(file.Graph.Output) != 1 || file.Graph.Output[0].Name != "quotient"+integersSuffix {
		t.Errorf("inputs %q, outputs %v", names, file.Graph.Output)
	}
}

// TestLight: the package links the format's types, and no tensor library.
func TestLight(t *testing.T) { linked.Light(t) }
