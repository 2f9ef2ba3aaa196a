// SPDX-License-Identifier: Apache-2.0

package intgraph_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/platform"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/forward/intgraph"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/integertest"
)

func executor(m *integer.Model) (integertest.Run, error) {
	e, err := intgraph.New(m)
	if err != nil {
		return nil, err
	}
	return e.Run, nil
}

// TestConformance: the graph makes the reference's integers.
func TestConformance(t *testing.T) {
	integertest.Test(t, executor)
}

func cutExecutor(c *integer.Cut) (integertest.CutRun, error) {
	e, err := intgraph.NewCut(c)
	if err != nil {
		return nil, err
	}
	return e.RunCut, nil
}

// TestRunOfAPart: Run has the logits of a whole model and refuses a part of one, whose
// outputs RunCut has, in the shapes of their own.
func TestRunOfAPart(t *testing.T) {
	m := &integer.Model{Name: "dead", Limits: integer.Limits{MultiplierBits: 18, AccumulatorBits: 16}, Ops: []integer.Op{
		{Name: "input", Operation: &integer.Input{Shape: [3]int{1, 2, 1}, Grid: grid.Uniform{Scale: 1, Lo: -8, Hi: 7}}},
		{Name: "relu", Inputs: []string{"input"}, Operation: &integer.ReLU{}},
		{Name: "dead", Inputs: []string{"relu"}, Operation: &integer.Pool{}},
		{Name: "logits", Inputs: []string{"relu"}, Operation: &integer.ReLU{}},
	}}
	picture := integer.Value{Shape: [3]int{1, 2, 1}, Data: []int32{-3, 4}}
	for _, r := range [][2]int{{0, 3}, {0, 2}, {1, 4}, {0, 4}} {
		c, err := m.Cut(r[0], r[1])
		if err != nil {
			t.Fatal(err)
		}
		e, err := intgraph.NewCut(c)
		if err != nil {
			t.Fatal(err)
		}
		want := integer.Value{Shape: picture.Shape, Data: []int32{0, 4}}
		outputs, err := e.RunCut(picture)
		if err != nil || len(outputs) != 1 || !reflect.DeepEqual(outputs[0], want) {
			t.Errorf("operations %v have outputs %v (%v), want %v", r, outputs, err, want)
		}
		for _, watch := range [][]func(*integer.Op, integer.Value){nil, {func(*integer.Op, integer.Value) {}}} {
			y, err := e.Run(picture.Data, watch...)
			if whole := r == [2]int{0, 4}; whole && (err != nil || !reflect.DeepEqual(y, want)) || !whole && (err == nil || !strings.Contains(err.Error(), "a part of a model has no logits: RunCut runs it")) {
				t.Errorf("operations %v have logits %v (%v)", r, y, err)
			}
		}
	}
}

// TestCuts: the graph of a cut makes the reference's integers.
func TestCuts(t *testing.T) {
	backend, err := forward.Backend()
	if err != nil {
		t.Fatal(err)
	}
	if backend.Name() == platform.XLA {
		t.Skip("XLA compiles each of many cuts: package calib runs those of networks there")
	}
	integertest.TestCuts(t, cutExecutor)
}
