// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/golden"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// TestGraphVersion keeps graphVersion honest: the last tensor that each form of
// an operation makes, in a small classifier and a small segmentation, is the one
// that is stored for this version, within 1e-4 of its standard deviation, which
// no vector instructions reach. Where a change of the code changes it, cached
// results are wrong: raise the version and refresh the file with
// UPDATE_GOLDEN=1.
func TestGraphVersion(t *testing.T) {
	got, kinds := map[string][]float64{}, map[efficientvit.Kind]bool{}
	for _, name := range []string{"b0-r224", "seg-b0-cityscapes"} {
		model := withConstants(t, name)
		exec, err := NewTapped(model, func(*efficientvit.Op) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		tensors, err := exec.Run(syntheticInput(64, 64))
		if err != nil {
			t.Fatal(err)
		}
		for i := range model.Net.Ops {
			op, x := &model.Net.Ops[i], tensors[i]
			s := statsOf(x)
			kinds[op.Kind] = true
			// Mean and extremes, and elements by which an order shows.
			got[form(op)] = []float64{s.Std, s.Mean, s.Min, s.Max,
				float64(x[0]), float64(x[len(x)/3]), float64(x[len(x)/2]), float64(x[len(x)-1])}
		}
	}
	if want := len(efficientvit.Kinds()); len(kinds) != want {
		t.Errorf("%d kinds of operations in the networks, want all %d", len(kinds), want)
	}
	golden.Numbers(t, fmt.Sprintf("graph_version_%d.json", graphVersion), got,
		func(row []float64, _ int) float64 { return 1e-4 * row[0] }, "raise graphVersion")
}

// TestPlatform: a name is words with one blank between them, in every build.
func TestPlatform(t *testing.T) {
	if name := Platform(); name != strings.Join(strings.Fields(name), " ") {
		t.Errorf("%q", name)
	}
}

// withConstants returns a network for pictures of 64 pixels with the two kinds
// behind its output that only transforms add.
func withConstants(t *testing.T, name string) *triovit.Model {
	t.Helper()
	net, err := efficientvit.Describe(name, efficientvit.InputSize(64, 64), efficientvit.Classes(10))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []efficientvit.Kind{efficientvit.Scale, efficientvit.Shift} {
		last := net.Output()
		net.Ops = append(net.Ops, efficientvit.Op{Name: kind.String(), Kind: kind, Inputs: []string{last.Name}, Shape: last.Shape,
			Params: []efficientvit.Param{{Name: kind.String() + ".weight", Shape: []int{10}}}})
	}
	if err := net.Validate(); err != nil {
		t.Fatal(err)
	}
	return &triovit.Model{Net: net, Weights: weights.Synthetic(net.Params())}
}

// form tells apart what the graph computes in different ways.
func form(op *efficientvit.Op) string {
	switch {
	case op.Kind == efficientvit.Conv:
		return fmt.Sprintf("Conv %d×%d, stride %d, depthwise %v, grouped %v", op.Kernel, op.Kernel, op.Stride, op.Depthwise(), op.Groups > 1)
	case op.Kind == efficientvit.MatMul && op.OverTokens:
		return "MatMul over tokens"
	case op.Kind == efficientvit.Heads:
		return fmt.Sprintf("Heads, part %d", op.Part)
	}
	return op.Kind.String()
}
