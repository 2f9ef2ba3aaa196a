// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"math"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// TestBeside: of every tensor of a frozen network the integers stand for numbers that
// point where the floats do and are as long, and a log2 code for a power of two near its
// divisor.
func TestBeside(t *testing.T) {
	for _, variant := range []string{"b0-r224", "seg-b0-cityscapes"} {
		t.Run(variant, func(t *testing.T) {
			q, m := smallFrozen(t, variant)
			b, err := q.Beside(m, weights.SyntheticInput(3*64*64))
			if err != nil {
				t.Fatal(err)
			}
			for i := range m.Ops {
				name := m.Ops[i].Name
				shape := b.integers[name].Shape
				var both, values, floats float64
				for at := range shape[0] * shape[1] * shape[2] {
					n, err := b.At(name, at/shape[2]/shape[1], at/shape[2]%shape[1], at%shape[2])
					if err != nil {
						t.Fatal(err)
					}
					both, values, floats = both+n.Value*n.Float, values+n.Value*n.Value, floats+n.Float*n.Float
					if l, log2 := n.Op.Operation.(*integer.Log2); log2 {
						divisor, err := b.At(n.Op.Inputs[0], at/shape[2]/shape[1], at/shape[2]%shape[1], 0)
						if err != nil {
							t.Fatal(err)
						}
						off := math.Log2(n.Value / divisor.Value)
						if least, most := math.Ldexp(l.Unit, l.Lo), math.Ldexp(l.Unit, l.Lo+len(l.Thresholds)); divisor.Value > least && divisor.Value < most && math.Abs(off) > 0.51 {
							t.Errorf("%s: the code %d stands for %g, the divisor is %g", name, n.Integer, n.Value, divisor.Value)
						}
					}
				}
				// The angle between both, and which is longer.
				angle, longer := both/math.Sqrt(values*floats), math.Sqrt(values/floats)
				if least := map[bool]float64{true: 0.999, false: 0.85}[i < 10]; !(angle > least) || longer < 0.8 || longer > 1.25 {
					t.Errorf("%s: the cosine to the floats is %.4f, the length beside theirs %.3f", name, angle, longer)
				}
			}
		})
	}
}

// TestBesideRefuses: a tensor or an element that is not there, a picture of another
// size and a model of another network are errors that name it.
func TestBesideRefuses(t *testing.T) {
	q, m := smallFrozen(t, "b0-r224")
	picture := weights.SyntheticInput(3 * 64 * 64)
	b, err := q.Beside(m, picture)
	if err != nil {
		t.Fatal(err)
	}
	other := *m
	other.Ops = append([]integer.Op{m.Ops[0], {Name: "another", Inputs: []string{m.Ops[0].Name}, Operation: &integer.ReLU{}}}, m.Ops[1:]...)
	elsewhere := *m
	elsewhere.Source.Recipe = "another"
	for _, c := range []struct {
		name, want string
		call       func() error
	}{
		{"tensor", `no tensor "x"`, func() error { _, err := b.At("x", 0, 0, 0); return err }},
		{"element", "has no element at (0, 0, 3)", func() error { _, err := b.At(m.Ops[0].Name, 0, 0, 3); return err }},
		{"negative", "has no element at (0, -1, 0)", func() error { _, err := b.At(m.Ops[0].Name, 0, -1, 0); return err }},
		{"picture", "no whole number of pictures", func() error { _, err := q.Beside(m, picture[1:]); return err }},
		{"model", `"another" has`, func() error { _, err := q.Beside(&other, picture); return err }},
		{"recipe", "by another recipe", func() error { _, err := q.Beside(&elsewhere, picture); return err }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.call(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, it should say %q", err, c.want)
			}
		})
	}
}
