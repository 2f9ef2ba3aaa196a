// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"math"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// TestBeside: of every tensor of a frozen network the integers stand for numbers about
// as large as the floats, and a log2 code for a power of two near its divisor.
func TestBeside(t *testing.T) {
	for _, variant := range []string{"b0-r224", "seg-b0-cityscapes"} {
		t.Run(variant, func(t *testing.T) {
			model, profile := smallOf(t, variant)
			q, err := Quantize(model, profile, TrioViTPlusInteger)
			if err != nil {
				t.Fatal(err)
			}
			m, err := Freeze(q, oneSlice)
			if err != nil {
				t.Fatal(err)
			}
			b, err := q.Beside(m, weights.SyntheticInput(3*64*64))
			if err != nil {
				t.Fatal(err)
			}
			for i := range m.Ops {
				name := m.Ops[i].Name
				shape := b.integers[name].Shape
				far, most := 0.0, 0.0
				for k := range shape[2] {
					n, err := b.At(name, shape[0]/2, shape[1]/2, k)
					if err != nil {
						t.Fatal(err)
					}
					far, most = max(far, math.Abs(n.Value-n.Float)), max(most, math.Abs(n.Float), math.Abs(n.Value))
					if _, log2 := n.Op.Operation.(*integer.Log2); log2 && (n.Value < n.Float/4 || n.Value > n.Float*4) {
						t.Errorf("%s: the code %d stands for %g, the divisor is %g", name, n.Integer, n.Value, n.Float)
					}
				}
				if math.IsNaN(far) || far > most {
					t.Errorf("%s: integers are %g from floats of at most %g", name, far, most)
				}
			}
		})
	}
}

// TestBesideRefuses: a tensor or an element that is not there, a picture of another
// size and a model of another network are errors that name it.
func TestBesideRefuses(t *testing.T) {
	model, profile := smallOf(t, "b0-r224")
	q, err := Quantize(model, profile, TrioViTPlusInteger)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Freeze(q, oneSlice)
	if err != nil {
		t.Fatal(err)
	}
	picture := weights.SyntheticInput(3 * 64 * 64)
	b, err := q.Beside(m, picture)
	if err != nil {
		t.Fatal(err)
	}
	other := *m
	other.Ops = append([]integer.Op{m.Ops[0], {Name: "another", Inputs: []string{m.Ops[0].Name}, Operation: &integer.ReLU{}}}, m.Ops[1:]...)
	for _, c := range []struct {
		name, want string
		call       func() error
	}{
		{"tensor", `no tensor "x"`, func() error { _, err := b.At("x", 0, 0, 0); return err }},
		{"element", "has no element at (0, 0, 3)", func() error { _, err := b.At(m.Ops[0].Name, 0, 0, 3); return err }},
		{"negative", "has no element at (0, -1, 0)", func() error { _, err := b.At(m.Ops[0].Name, 0, -1, 0); return err }},
		{"picture", "", func() error { _, err := q.Beside(m, picture[1:]); return err }},
		{"model", `"another" has`, func() error { _, err := q.Beside(&other, picture); return err }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.call(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, it should say %q", err, c.want)
			}
		})
	}
}
