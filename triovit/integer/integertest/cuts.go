// SPDX-License-Identifier: Apache-2.0

package integertest

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/integer"
	"pgregory.net/rapid"
)

// A CutExecutor prepares a cut to run.
type CutExecutor func(c *integer.Cut) (CutRun, error)

// A CutRun computes the outputs of a cut, as [integer.Cut.Run] does, and returns an error
// for the inputs that [integer.Cut.Check] refuses.
type CutRun func(inputs ...integer.Value) ([]integer.Value, error)

// ReferenceCut is the reference executor of cuts.
func ReferenceCut(c *integer.Cut) (CutRun, error) { return c.Run, nil }

// TestCuts runs an executor of cuts on every drawn model, once divided at random and once
// divided into single operations, and on inputs that the executor must refuse.
func TestCuts(t *testing.T, exec CutExecutor) {
	for _, d := range drawings {
		t.Run(d.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				n := drawn(t, d.name, d.draw)
				next, stop := iter.Pull(n.pictures())
				defer stop()
				picture, _ := next()
				for _, parts := range []int{rapid.IntRange(1, len(n.model.Ops)).Draw(t, "parts"), len(n.model.Ops)} {
					EqualCuts(t, exec, n.model, picture, Division(n.rng, len(n.model.Ops), parts))
				}
			})
		})
	}
	t.Run("refusals", func(t *testing.T) { cutRefusals(t, exec) })
}

// Division divides n operations into a number of ranges, parts, at random. It returns the
// first operation of each range, and n at the end.
func Division(rng *rand.Rand, n, parts int) []int {
	places := []int{0, n}
	for _, at := range rng.Perm(n - 1)[:parts-1] {
		places = append(places, at+1)
	}
	slices.Sort(places)
	return places
}

// EqualCuts divides a model at places and runs the cuts one after another. Each cut gets
// the outputs of the cuts before it. Every output of a cut must equal the tensor that the
// reference computes for the whole model.
func EqualCuts(t rapid.TB, exec CutExecutor, m *integer.Model, picture []int32, places []int) {
	t.Helper()
	if err := equalCuts(exec, m, picture, places); err != nil {
		t.Fatalf("%s, cut at %v: %v", m.Name, places, err)
	}
}

func equalCuts(exec CutExecutor, m *integer.Model, picture []int32, places []int) error {
	want := map[string]integer.Value{}
	if _, err := m.Run(picture, func(op *integer.Op, y integer.Value) { want[op.Name] = y }); err != nil {
		return fmt.Errorf("the reference: %w", err)
	}
	input, last := m.Ops[0].Name, &m.Ops[len(m.Ops)-1]
	made := map[string]integer.Value{input: want[input]}
	for i, from := range places[:len(places)-1] {
		c, err := m.Cut(from, places[i+1])
		if err != nil {
			return err
		}
		run, err := exec(c)
		if err != nil {
			return err
		}
		var inputs []integer.Value
		for _, name := range c.Inputs {
			inputs = append(inputs, made[name])
		}
		outputs, err := run(inputs...)
		if err != nil {
			return err
		}
		if len(outputs) != len(c.Outputs) {
			return fmt.Errorf("%d outputs, want %d", len(outputs), len(c.Outputs))
		}
		for j, name := range c.Outputs {
			at := slices.IndexFunc(m.Ops, func(op integer.Op) bool { return op.Name == name })
			if err := unequal(&m.Ops[at], outputs[j], want[name]); err != nil {
				return err
			}
			made[name] = outputs[j]
		}
	}
	return unequal(last, made[last.Name], want[last.Name])
}

// cutRefusals checks that an executor refuses inputs of a wrong number, shape or range.
func cutRefusals(t *testing.T, exec CutExecutor) {
	m := &integer.Model{Name: "sum", Limits: integer.Limits{MultiplierBits: 18, AccumulatorBits: 16}, Ops: []integer.Op{
		{Name: "input", Operation: &integer.Input{Shape: [3]int{1, 2, 1}, Grid: symmetric(4)}},
		{Name: "relu", Inputs: []string{"input"}, Operation: &integer.ReLU{}},
		{Name: "both", Inputs: []string{"input", "relu"}, Operation: &integer.Concat{}},
	}}
	c, err := m.Cut(2, 3)
	if err != nil {
		t.Fatal(err)
	}
	run, err := exec(c)
	if err != nil {
		t.Fatal(err)
	}
	value := func(shape [3]int, codes ...int32) integer.Value { return integer.Value{Shape: shape, Data: codes} }
	two := [3]int{1, 2, 1}
	if _, err := run(value(two, -8, 7), value(two, 0, 7)); err != nil {
		t.Error(err)
	}
	for name, inputs := range map[string][]integer.Value{
		"one of two":         {value(two, 1, 2)},
		"another shape":      {value(two, 1, 2), value([3]int{2, 1, 1}, 1, 2)},
		"too few integers":   {value(two, 1), value(two, 1, 2)},
		"beyond its range":   {value(two, 1, 8), value(two, 1, 2)},
		"a negative maximum": {value(two, 1, 2), value(two, 1, -1)},
	} {
		if outputs, err := run(inputs...); err == nil {
			t.Errorf("%s: outputs %v", name, outputs)
		}
	}
	for _, r := range [][2]int{{-1, 2}, {1, 1}, {2, 1}, {0, 4}} {
		if _, err := m.Cut(r[0], r[1]); err == nil {
			t.Errorf("a cut of the operations %v of 3", r)
		}
	}
}
