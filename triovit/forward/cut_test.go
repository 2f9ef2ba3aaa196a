// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/platform"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// synthetic returns a variant for small pictures with synthetic weights.
func synthetic(t testing.TB, variant string) *triovit.Model {
	t.Helper()
	net, err := efficientvit.Describe(variant, efficientvit.InputSize(64, 64), efficientvit.Classes(10))
	if err != nil {
		t.Fatal(err)
	}
	return &triovit.Model{Net: net, Weights: weights.Synthetic(net.Params())}
}

// TestCutsMakeTheWhole: the blocks of every variant, run one after another and fed
// with what those before them made, make the tensors of the whole network bit for
// bit; of the smaller ones unfolded too, and the stages. XLA takes seconds to compile
// a cut, and joins neighbouring operations: there the smallest are run by stages, and
// rounding may differ.
func TestCutsMakeTheWhole(t *testing.T) {
	backend, err := Backend()
	if err != nil {
		t.Fatal(err)
	}
	xla := backend.Name() == platform.XLA
	for _, variant := range efficientvit.VariantNames() {
		smallest, small := strings.Contains(variant, "-b0-"), strings.Contains(variant, "-b1-")
		if strings.HasSuffix(variant, "-r256") || strings.HasSuffix(variant, "-r288") {
			continue // the network has the same operations on a larger picture
		}
		t.Run(variant, func(t *testing.T) {
			if (testing.Short() || xla) && !smallest {
				t.Skip("a larger network takes seconds, on XLA minutes: run without -short, on the Go backend")
			}
			m := synthetic(t, variant)
			folded := folded(t, m)
			if xla {
				checkCuts(t, folded.Model, folded.Net.ByStage(), near)
				return
			}
			checkCuts(t, folded.Model, folded.Net.Blocks(), slices.Equal)
			if smallest || small {
				checkCuts(t, m, m.Net.Blocks(), slices.Equal)
				checkCuts(t, m, m.Net.ByStage(), slices.Equal)
			}
		})
	}
}

// near says whether a cut makes the same but for rounding.
func near(got, want []float32) bool {
	bound := 1e-3 * float32(statsOf(want).Std)
	for i, v := range want {
		if d := got[i] - v; !(max(d, -d) <= bound) {
			return false
		}
	}
	return len(got) == len(want)
}

// checkCuts runs the ranges of a model one by one, on two pictures.
func checkCuts(t *testing.T, m *triovit.Model, ranges []efficientvit.Range, same func(got, want []float32) bool) {
	t.Helper()
	everything := func(*efficientvit.Op) bool { return true }
	whole, err := NewTapped(m, everything)
	if err != nil {
		t.Fatal(err)
	}
	picture := weights.SyntheticInput(2 * efficientvit.Size(m.Net.Input().Shape))
	tensors, err := whole.Run(picture)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]float32{}
	for i, values := range tensors {
		want[m.Net.Ops[i].Name] = values
	}
	made := map[string][]float32{m.Net.Input().Name: picture}
	for _, r := range ranges {
		cut, err := m.Cut(r.From, r.To)
		if err != nil {
			t.Fatal(err)
		}
		runner, err := NewRunner(cut, Hooks{})
		if err != nil {
			t.Fatal(err)
		}
		var inputs [][]float32
		for _, in := range cut.Net.Inputs() {
			inputs = append(inputs, made[in.Name])
		}
		outputs, err := runner.Run(inputs...)
		if err != nil {
			t.Fatal(err)
		}
		for i, op := range cut.Net.Outputs() {
			made[op.Name] = outputs[i]
			if !same(outputs[i], want[op.Name]) {
				t.Fatalf("%s of %s is not that of the whole network", op.Name, r.Name)
			}
		}
	}
	if _, all := made[m.Net.Output().Name]; !all {
		t.Error("the cuts do not make the network's output")
	}
}
