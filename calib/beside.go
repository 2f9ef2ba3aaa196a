// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"math"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// A Beside holds every tensor of one picture twice: as integers of a frozen model and in
// floating point. A reader who follows one element through a block sees the real number
// behind each integer and the rounding error against the float.
type Beside struct {
	Model    *integer.Model
	integers map[string]integer.Value
	floats   map[string][]float32
}

// A Number is one element of a tensor.
type Number struct {
	Op *integer.Op
	// Integer is the frozen model's element, and Value the real number that it stands for.
	// For a divisor's log2 code Value is the power of two. Value is NaN where the integer
	// stands for no number.
	Integer int32
	Value   float64
	// Float is the element that the quantized model's network computes in floating point:
	// its weights lie on their grids, and no tensor is rounded.
	Float float64
}

// String is one line: the tensor, its integer and both numbers.
func (n Number) String() string {
	kind := integer.Kind(n.Op.Operation)
	return fmt.Sprintf("%-10s %8d = %9.4f, float %9.4f", kind, n.Integer, n.Value, n.Float)
}

// Beside runs a normalized picture, [H, W, 3], through the frozen model and through the
// network in floating point. The model must be the one that [Freeze] made of the
// quantized network.
func (q *Quantized) Beside(m *integer.Model, picture []float32) (*Beside, error) {
	if m.Source.Weights != q.source.Weights || m.Source.Calibration != q.source.Calibration || m.Source.Recipe != q.source.Recipe {
		return nil, fmt.Errorf("the model %s was frozen from other weights, pictures or by another recipe", m.Name)
	}
	b := &Beside{Model: m, integers: map[string]integer.Value{}, floats: map[string][]float32{}}
	runner, err := forward.NewTapped(q.Model.Model, func(*efficientvit.Op) bool { return true })
	if err != nil {
		return nil, err
	}
	outputs, err := runner.Run(picture)
	if err != nil {
		return nil, err
	}
	for i := range q.Model.Net.Ops {
		b.floats[q.Model.Net.Ops[i].Name] = outputs[i]
	}
	b.floats[logitsName] = outputs[len(outputs)-1]
	_, err = m.Run(m.Input().Codes(picture), func(op *integer.Op, y integer.Value) { b.integers[op.Name] = y })
	if err != nil {
		return nil, err
	}
	for i := range m.Ops {
		op := &m.Ops[i]
		if x, y := b.integers[op.Name], b.floats[tensorOf(op.Name)]; len(x.Data) != len(y) {
			return nil, fmt.Errorf("%q has %d integers and %d floats: the model was not frozen from this network", op.Name, len(x.Data), len(y))
		}
	}
	return b, nil
}

// tensorOf returns the network's tensor whose elements an integer tensor holds.
func tensorOf(name string) string {
	for _, suffix := range []string{codesSuffix, residualSuffix, log2Suffix} {
		name = strings.TrimSuffix(name, suffix)
	}
	return name
}

// Shape returns the shape of a tensor of the frozen model, or zeros for an unknown name.
func (b *Beside) Shape(tensor string) [3]int { return b.integers[tensor].Shape }

// At returns the element at a place of a tensor of the frozen model, by its three
// axes: [H, W, C], in the attention [tokens, heads, d] or [heads, d, e].
func (b *Beside) At(tensor string, i, j, k int) (Number, error) {
	y, ok := b.integers[tensor]
	if !ok {
		return Number{}, fmt.Errorf("model %s has no tensor %q", b.Model.Name, tensor)
	}
	s := y.Shape
	if i < 0 || i >= s[0] || j < 0 || j >= s[1] || k < 0 || k >= s[2] {
		return Number{}, fmt.Errorf("%q is %v and has no element at (%d, %d, %d)", tensor, s, i, j, k)
	}
	at := (i*s[1]+j)*s[2] + k
	n := Number{Op: b.Model.Op(tensor), Integer: y.Data[at], Float: float64(b.floats[tensorOf(tensor)][at])}
	n.Value = n.Op.Values.Of(k, n.Integer)
	if l, ok := n.Op.Operation.(*integer.Log2); ok {
		n.Value = math.Ldexp(l.Unit, l.Lo+int(n.Integer))
	}
	return n, nil
}
