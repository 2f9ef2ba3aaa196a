// SPDX-License-Identifier: Apache-2.0

package integertest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/integer"
)

// TestReference: the reference executor makes the integers of the definitions.
func TestReference(t *testing.T) { Test(t, exact) }

// TestReferenceOfCuts: the reference computes for cuts the integers of the whole model.
func TestReferenceOfCuts(t *testing.T) { TestCuts(t, ReferenceCut) }

// TestFindsDifferencesOfCuts: an executor of cuts fails if one output is off by one, and
// if it runs inputs that it must refuse.
func TestFindsDifferencesOfCuts(t *testing.T) {
	m := &integer.Model{Name: "relu", Limits: integer.Limits{MultiplierBits: 18, AccumulatorBits: 16}, Ops: []integer.Op{
		{Name: "input", Operation: &integer.Input{Shape: [3]int{1, 2, 1}, Grid: symmetric(8)}},
		{Name: "relu", Inputs: []string{"input"}, Operation: &integer.ReLU{}},
	}}
	off := func(c *integer.Cut) (CutRun, error) {
		return func(inputs ...integer.Value) ([]integer.Value, error) {
			outputs, err := c.Run(inputs...)
			if err == nil && c.Ops[0].Name == "relu" {
				outputs[0].Data[1]++
			}
			return outputs, err
		}, nil
	}
	err := equalCuts(off, m, []int32{-3, 4}, []int{0, 1, 2})
	if err == nil || !strings.Contains(err.Error(), `"relu": 1 of 2 elements differ`) {
		t.Errorf("error %v", err)
	}
	if err := equalCuts(ReferenceCut, m, []int32{-3, 4}, []int{0, 1, 2}); err != nil {
		t.Error(err)
	}
}

// TestFindsDifferences: an executor fails if one element of the logits or of another
// tensor is wrong, if a shape is wrong, or if it shows a tensor twice or never. The
// message says where.
func TestFindsDifferences(t *testing.T) {
	wrong := func(y integer.Value) integer.Value {
		y.Data = slices.Clone(y.Data)
		y.Data[1]++
		return y
	}
	m := &integer.Model{Name: "pool", Limits: integer.Limits{MultiplierBits: 18, AccumulatorBits: 32}, Ops: []integer.Op{
		{Name: "input", Operation: &integer.Input{Shape: [3]int{1, 2, 3}, Grid: symmetric(8)}},
		{Name: "relu", Inputs: []string{"input"}, Operation: &integer.ReLU{}},
		{Name: "pool", Inputs: []string{"relu"}, Operation: &integer.Pool{}},
	}}
	hiding := func(name string) Run {
		return func(p []int32, w ...func(*integer.Op, integer.Value)) (integer.Value, error) {
			return m.Run(p, func(op *integer.Op, y integer.Value) {
				if len(w) > 0 && op.Name != name {
					w[0](op, y)
				}
			})
		}
	}
	holding := func(run Run, names ...string) Run {
		run, err := Holding(func(*integer.Model) (Run, error) { return run, nil }, func(*integer.Model) []string { return names })(m)
		if err != nil {
			t.Fatal(err)
		}
		return run
	}
	for _, c := range []struct {
		name string
		run  Run
		want string
	}{
		{"the reference", m.Run, ""},
		{"logits", func(p []int32, w ...func(*integer.Op, integer.Value)) (integer.Value, error) {
			y, err := m.Run(p, w...)
			return wrong(y), err
		}, `picture 0: *integer.Pool "pool": 1 of 3 elements differ from the reference's; element 1 is 8, the reference makes 7`},
		{"a tensor", func(p []int32, w ...func(*integer.Op, integer.Value)) (integer.Value, error) {
			return m.Run(p, func(op *integer.Op, y integer.Value) {
				if len(w) > 0 && op.Name == "relu" {
					w[0](op, wrong(y))
				}
			})
		}, `*integer.ReLU "relu": 1 of 6 elements differ from the reference's; element 1 is 3, the reference makes 2`},
		{"a shape", func(p []int32, w ...func(*integer.Op, integer.Value)) (integer.Value, error) {
			y, err := m.Run(p, w...)
			return integer.Value{Shape: [3]int{3, 1, 1}, Data: y.Data}, err
		}, `"pool" is [3 1 1] with 3 elements, the reference makes [1 1 3] with 3`},
		{"twice", func(p []int32, w ...func(*integer.Op, integer.Value)) (integer.Value, error) {
			return m.Run(p, append(w, w...)...)
		}, `"input" is no tensor of the model, or is shown twice`},
		{"no tensor", func(p []int32, _ ...func(*integer.Op, integer.Value)) (integer.Value, error) { return m.Run(p) }, `"input" is not shown`},
		{"a tensor that is not shown", hiding("relu"), `"relu" is not shown`},
		{"a tensor that is not held", holding(hiding("relu"), "input"), ""},
		{"held and shown by nobody", holding(hiding("relu"), "input", "relu"), `"relu" is not shown`},
		{"shown and not held", holding(m.Run, "input"), `"relu" is no tensor of the model, or is shown twice`},
		{"logits that are not held", holding(hiding("pool"), "input", "relu"), `"pool" is not shown`},
		{"an error", func([]int32, ...func(*integer.Op, integer.Value)) (integer.Value, error) {
			return integer.Value{}, errors.New("out of order")
		}, "pool, picture 0: out of order"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := equal(func(*integer.Model) (Run, error) { return c.run, nil }, m, slices.Values([][]int32{{1, 2, -3, 4, 5, 6}}))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
