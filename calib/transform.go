// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// A Transform changes a model so that it quantizes better and computes the
// same function. It leaves its arguments as they are.
type Transform interface {
	// String names the transform with its settings.
	String() string
	// Apply returns the changed model, the profile with the statistics of the new tensors,
	// and the list of changes. It changes only operations for which only is true.
	Apply(m *triovit.Folded, p *Profile, only func(*efficientvit.Op) bool) (*triovit.Folded, *Profile, []Change, error)
}

// A Change is one change of a network by a recipe.
type Change struct {
	// Op is the operation that was changed.
	Op string
	// What describes the change in words.
	What string
}

// edit returns copies of a model and its profile in which a transform may replace tensors
// and append statistics.
func edit(m *triovit.Folded, p *Profile) (*triovit.Folded, *Profile) {
	profile := *p
	profile.Tensors = slices.Clone(p.Tensors)
	return m.Clone(), &profile
}

// picked returns the names of the convolutions that a selection picks.
func picked(m *triovit.Folded, where Selection, only func(*efficientvit.Op) bool) ([]string, error) {
	match, err := where.in(m.Net)
	if err != nil {
		return nil, err
	}
	var names []string
	found := false
	for i := range m.Net.Ops {
		op := &m.Net.Ops[i]
		if op.Kind == efficientvit.Conv && match(op) {
			found = true
			if only(op) {
				names = append(names, op.Name)
			}
		}
	}
	if !found {
		return nil, fmt.Errorf("no convolution of %s is among %.200s", m.Net.Name, where)
	}
	return names, nil
}

// insert puts a per-channel operation before a convolution's input and adds
// its statistics, which follow from those of its input.
func insert(m *triovit.Folded, p *Profile, conv *efficientvit.Op, kind efficientvit.Kind, role efficientvit.Role, suffix string, factor []float32) error {
	in, err := p.Tensor(conv.Inputs[0])
	if err != nil {
		return err
	}
	name := conv.Name + "." + suffix
	shape := m.Net.Op(conv.Inputs[0]).Shape
	op := efficientvit.Op{Name: name, Kind: kind, Role: role, Block: conv.Block, Shape: slices.Clone(shape),
		Params: []efficientvit.Param{{Name: name, Shape: []int{len(factor)}}}}
	m.Weights[name] = &weights.Tensor{Shape: []int{len(factor)}, Data: factor}
	s := &TensorStats{Name: name, Role: role, Shape: in.Shape, Count: in.Count,
		Min: slices.Clone(in.Min), Max: slices.Clone(in.Max), Mean: slices.Clone(in.Mean)}
	for i, f := range factor {
		for _, v := range [][]float32{s.Min, s.Max, s.Mean} {
			if kind == efficientvit.Scale {
				v[i] *= f
			} else {
				v[i] -= f
			}
		}
		if s.Min[i] > s.Max[i] { // a negative factor turns the range around
			s.Min[i], s.Max[i] = s.Max[i], s.Min[i]
		}
	}
	p.Tensors = append(p.Tensors, s)
	return m.Net.Insert(conv.Name, 0, op)
}
