// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// small returns a variant for small pictures with synthetic weights.
func small(t *testing.T, variant string) *Model {
	t.Helper()
	net, err := efficientvit.Describe(variant, efficientvit.InputSize(64, 64), efficientvit.Classes(10))
	if err != nil {
		t.Fatal(err)
	}
	return &Model{Net: net, Weights: weights.Synthetic(net.Params())}
}

// TestFoldedHash: the hash is that of the description and weights, whenever it is asked
// for. A clone that is changed, its values too, leaves the model as it was.
func TestFoldedHash(t *testing.T) {
	f, err := small(t, "b0-r224").Fold()
	if err != nil {
		t.Fatal(err)
	}
	hash := f.Hash()
	clone := f.Clone()
	clone.Net.Ops[3].Eps = 0.5
	clone.Weights["head.op_list.3.linear.bias"] = weights.New(10)
	if clone.Hash() == hash || clone.Hash() != clone.Model.Hash() {
		t.Errorf("the changed clone has the hash %s, its model %s", clone.Hash(), clone.Model.Hash())
	}
	for _, w := range clone.Weights {
		w.Shape[0], w.Data[0] = -1, -1
	}
	if f.Hash() != hash || f.Model.Hash() != hash {
		t.Error("a change of the clone changed the model")
	}
	seen := map[string]bool{hash: true}
	for name, w := range f.Weights {
		old := w.Data[0]
		w.Data[0]++
		changed := f.Hash()
		if seen[changed] {
			t.Errorf("%s changes, and the hash stays", name)
		}
		seen[changed], w.Data[0] = true, old
	}
	if again, err := f.Fold(); err != nil || again.Hash() != hash {
		t.Errorf("folded twice: another model (%v)", err)
	}
}

// TestFoldCuts: a cut that is folded is the cut of the folded network, and a
// convolution that a cut gives out takes no BatchNorm.
func TestFoldCuts(t *testing.T) {
	m := small(t, "seg-b0-cityscapes")
	f, err := m.Fold()
	if err != nil {
		t.Fatal(err)
	}
	blocks := f.Net.Blocks()
	for i, b := range m.Net.Blocks() {
		cut, err := m.Cut(b.From, b.To)
		if err != nil {
			t.Fatal(err)
		}
		got, err := cut.Fold()
		if err != nil {
			t.Fatal(err)
		}
		want, err := f.Cut(blocks[i].From, blocks[i].To)
		if err != nil {
			t.Fatal(err)
		}
		// What they read has another name: a BatchNorm before the cut is not in it.
		computed := func(net *efficientvit.Network) (names []string) {
			for _, op := range net.Ops[len(net.Inputs()):] {
				names = append(names, op.Name)
			}
			for _, op := range net.Outputs() {
				names = append(names, "gives out "+op.Name)
			}
			return names
		}
		if !slices.Equal(computed(got.Net), computed(want.Net)) || !reflect.DeepEqual(got.Weights, want.Weights) {
			t.Errorf("%s: folding the cut and cutting the folded network differ", b.Name)
		}
	}
	cut, err := m.Cut(0, 3)
	if err != nil {
		t.Fatal(err)
	}
	cut.Net.Results = []string{cut.Net.Ops[1].Name, cut.Net.Ops[2].Name}
	if _, err := cut.Fold(); err == nil || !strings.Contains(err.Error(), "not a convolution of its own") {
		t.Errorf("a convolution that is given out: error %v", err)
	}
}

// TestSetupIsFolded, also that of an artefact, which has no weights.
func TestSetupIsFolded(t *testing.T) {
	for name, weighted := range map[string]*Model{"a model": small(t, "b0-r224"), "an artefact's description": {Net: small(t, "b0-r224").Net}} {
		var frozen *Frozen
		if weighted.Weights == nil {
			frozen = new(Frozen)
		}
		s, err := newSetup(weighted, frozen, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range s.Folded.Net.Ops {
			if op.Kind == efficientvit.BatchNorm {
				t.Errorf("%s is folded with %s", name, op.Name)
			}
		}
		if err := s.Folded.CheckValues(); (err == nil) != (frozen == nil) || err != nil && !strings.Contains(err.Error(), "no weights in floating point") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
