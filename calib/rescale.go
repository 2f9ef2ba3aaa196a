// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// factorsOf returns a factor for each channel of a convolution's input, from the
// statistics of that input and the convolution's weights.
type factorsOf func(op *efficientvit.Op, in *TensorStats, w *weights.Tensor) ([]float64, error)

// rescale divides the channels of the picked convolutions' inputs by factors and
// multiplies the weights that read them: it inserts a Scale by 1/r_i before each
// convolution. The changes are listed under the name of the method. A factor is not zero
// and may be negative.
func rescale(m *triovit.Folded, p *Profile, method string, where Selection, only func(*efficientvit.Op) bool, factors factorsOf) (*triovit.Folded, *Profile, []Change, error) {
	m, p = edit(m, p)
	ops, err := picked(m, where, only)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w", method, err)
	}
	var changes []Change
	for _, name := range ops {
		r, err := rescaleOne(m, p, m.Net.Op(name), factors)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("%s: %w", method, err)
		}
		changes = append(changes, Change{name, fmt.Sprintf("%s, factors %.3g to %.3g", method, slices.Min(r), slices.Max(r))})
	}
	return m, p, changes, m.Net.Validate()
}

// rescaleOne rescales the input of one convolution and returns its factors.
func rescaleOne(m *triovit.Folded, p *Profile, op *efficientvit.Op, factors factorsOf) ([]float64, error) {
	in, err := p.Tensor(op.Inputs[0])
	if err != nil {
		return nil, err
	}
	w := m.Weights[op.Params[0].Name]
	r, err := factors(op, in, w)
	if err != nil {
		return nil, err
	}
	scaled, inverse := weights.New(w.Shape...), make([]float32, len(r))
	for i := range w.Data {
		scaled.Data[i] = float32(float64(w.Data[i]) * r[channelOf(op, w, i)])
	}
	for c := range r {
		inverse[c] = float32(1 / r[c])
	}
	m.Weights[op.Params[0].Name] = scaled
	return r, insert(m, p, op, efficientvit.Scale, efficientvit.Migrate, "migration", inverse)
}

// channelOf returns the channel of the input that weight i of a convolution reads. A
// filter reads the channels of its group.
func channelOf(op *efficientvit.Op, w *weights.Tensor, i int) int {
	filters, channels := w.Shape[0], w.Shape[1]
	filter, place := i/(len(w.Data)/filters), i%(len(w.Data)/filters)
	group := filter / (filters / max(op.Groups, 1))
	return group*channels + place/(len(w.Data)/filters/channels)
}

// depthwise returns an error where a filter reads more than its own channel.
func depthwise(op *efficientvit.Op) error {
	if !op.Depthwise() {
		return fmt.Errorf("%s %q is no depthwise convolution", op.Role, op.Name)
	}
	return nil
}

// magnitudes returns the largest magnitude of every channel.
func (s *TensorStats) magnitudes() []float64 {
	a := make([]float64, len(s.Max))
	for c := range a {
		a[c] = max(float64(s.Max[c]), -float64(s.Min[c]))
	}
	return a
}
