// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/platform"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/forward/intgraph"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/integertest"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// TestCutsMakeTheWhole: the blocks of a quantized network of every kind, and its
// stages, run one after another and fed with what those before them made, make its
// logits bit for bit: in fake quantization, and in integers by both executors.
func TestCutsMakeTheWhole(t *testing.T) {
	backend, err := forward.Backend()
	if err != nil {
		t.Fatal(err)
	}
	xla := backend.Name() == platform.XLA
	variants := []string{"b0-r224", "seg-b0-cityscapes"}
	if !testing.Short() && !xla {
		variants = append(variants, "b1-r224", "seg-b1-cityscapes", "seg-b1-ade20k") // B2 and B3 have more of the same blocks
	}
	for _, variant := range variants {
		t.Run(variant, func(t *testing.T) {
			q, m := smallFrozen(t, variant)
			picture := weights.SyntheticInput(3 * 64 * 64)
			want, err := q.Predict(picture)
			if err != nil {
				t.Fatal(err)
			}
			divisions := [][]efficientvit.Range{q.Network().ByStage(), q.Network().Blocks()}
			if xla {
				divisions = divisions[:1] // compiling takes seconds for each cut
			}
			for _, ranges := range divisions {
				if !xla { // XLA joins neighbouring operations, so that codes flip
					if got := inCuts(t, q, ranges, picture); !slices.Equal(got, want) {
						t.Errorf("%d cuts make the logits %v, the whole %v", len(ranges), got[:5], want[:5])
					}
				}
				places := frozenPlaces(t, q, m, ranges)
				codes := m.Input().Codes(picture)
				integertest.EqualCuts(t, integertest.ReferenceCut, m, codes, places)
				integertest.EqualCuts(t, func(c *integer.Cut) (integertest.CutRun, error) {
					e, err := intgraph.NewCut(c)
					if err != nil {
						return nil, err
					}
					return e.RunCut, nil
				}, m, codes, places)
			}
		})
	}
}

// inCuts runs the ranges of a quantized network one after another.
func inCuts(t *testing.T, q *Quantized, ranges []efficientvit.Range, picture []float32) []float32 {
	t.Helper()
	made := map[string][]float32{q.Network().Input().Name: picture}
	for _, r := range ranges {
		cut, err := q.Cut(r.From, r.To)
		if err != nil {
			t.Fatal(err)
		}
		var inputs [][]float32
		for _, op := range cut.Network().Inputs() {
			inputs = append(inputs, made[op.Name])
		}
		outputs, err := cut.Run(inputs...)
		if err != nil {
			t.Fatal(err)
		}
		for i, op := range cut.Network().Outputs() {
			made[op.Name] = outputs[i]
		}
	}
	return made[q.Network().Output().Name]
}

// frozenPlaces returns where the ranges begin in a frozen model, and its end.
func frozenPlaces(t *testing.T, q *Quantized, m *integer.Model, ranges []efficientvit.Range) []int {
	t.Helper()
	var places []int
	at := 0
	for _, r := range ranges {
		first, end := q.Frozen(m, r.From, r.To)
		if first != at || end <= first {
			t.Fatalf("%s is frozen into the operations %d to %d, the range before it ends at %d", r.Name, first, end, at)
		}
		for _, op := range q.Network().Ops[r.From:r.To] {
			i := slices.IndexFunc(m.Ops, func(o integer.Op) bool { return o.Name == op.Name })
			if i >= 0 && (i < first || i >= end) {
				t.Errorf("%s of %s is operation %d, outside of %d to %d", op.Name, r.Name, i, first, end)
			}
		}
		places, at = append(places, first), end
	}
	if at != len(m.Ops) {
		t.Fatalf("the ranges end at %d of %d operations", at, len(m.Ops))
	}
	return append(places, at)
}

// TestCutOfNothing is an error.
func TestCutOfNothing(t *testing.T) {
	model, profile := small(t)
	q, err := Quantize(model, profile, Vanilla)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Cut(5, 5); err == nil || !strings.Contains(err.Error(), "a cut of the operations 5 to 5") {
		t.Errorf("error %v", err)
	}
}
