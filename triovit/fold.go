// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// A Folded is a model whose BatchNorms are merged into the convolutions before them: the
// form that is scored in floating point, observed and quantized. [Model.Fold] makes it,
// and [Setup] has it. Its hash is computed from its present contents ([Model.Hash]).
type Folded struct{ *Model }

// Clone returns a copy whose operations and weights may be changed: f shares neither.
func (f *Folded) Clone() *Folded {
	model := *f.Model
	model.Net, model.Weights = f.Net.Clone(), f.Weights.Clone()
	return &Folded{&model}
}

// Fold returns the model with every BatchNorm merged into the convolution before it, which
// gains a bias. The result computes the same function. The convolution then makes the
// tensor that the BatchNorm made, under the convolution's name. Unusable weights
// ([Model.CheckValues]) are an error, before and after.
func (m *Model) Fold() (*Folded, error) {
	who := named(m.Net.Name, m.Source)
	if err := m.hasWeights(); err != nil {
		return nil, fmt.Errorf("fold %s: %w", who, err)
	}
	if err := m.Weights.Check(m.Net.Params()); err != nil {
		return nil, fmt.Errorf("fold %s: %w", who, err)
	}
	if err := m.checkValues(); err != nil {
		return nil, fmt.Errorf("fold %s: %w", who, err)
	}
	folded, err := m.fold()
	if err != nil {
		return nil, err
	}
	if err := folded.checkValues(); err != nil {
		return nil, fmt.Errorf("fold %s: with the BatchNorms merged, %w", who, err)
	}
	return folded, nil
}

// fold is Fold for weights that are known to be usable, or for a model without weights.
func (m *Model) fold() (*Folded, error) {
	net := m.Net.Clone()
	set := maps.Clone(m.Weights)
	renamed := map[string]string{}
	var ops []efficientvit.Op
	for _, op := range net.Ops {
		for i, in := range op.Inputs {
			if to, ok := renamed[in]; ok {
				op.Inputs[i] = to
			}
		}
		if op.Kind != efficientvit.BatchNorm {
			ops = append(ops, op)
			continue
		}
		i := slices.IndexFunc(ops, func(o efficientvit.Op) bool { return o.Name == op.Inputs[0] })
		conv := &ops[i]
		if conv.Kind != efficientvit.Conv || len(m.Net.Consumers(conv.Name)) != 1 || slices.Contains(m.Net.Results, conv.Name) {
			return nil, fmt.Errorf("fold %s: %q follows %s %q, not a convolution of its own", net.Name, op.Name, conv.Kind, conv.Name)
		}
		foldInto(conv, &op, set)
		renamed[op.Name] = conv.Name
	}
	for _, tensors := range [][]string{net.Stages, net.Results} {
		for i, s := range tensors {
			if to, ok := renamed[s]; ok {
				tensors[i] = to
			}
		}
	}
	net.Ops = ops
	folded := *m
	folded.Net, folded.Weights = net, set
	return &Folded{&folded}, net.Validate()
}

// foldInto gives the convolution a bias, and replaces w by w·g/σ and the bias by
// (bias − μ)·g/σ + β, computed in float64, where there are weights.
func foldInto(conv, norm *efficientvit.Op, set weights.Set) {
	biased := conv.HasBias()
	if !biased {
		conv.Params = append(conv.Params, efficientvit.Param{Name: conv.Name + ".bias", Shape: slices.Clone(conv.Params[0].Shape[:1])})
	}
	if set == nil {
		return
	}
	gamma, beta := set[norm.Params[0].Name].Data, set[norm.Params[1].Name].Data
	mean, variance := set[norm.Params[2].Name].Data, set[norm.Params[3].Name].Data
	old := set[conv.Params[0].Name]
	w, bias := weights.New(old.Shape...), weights.New(old.Shape[0])
	per := len(old.Data) / len(bias.Data)
	for o := range bias.Data {
		g := float64(gamma[o]) / math.Sqrt(float64(variance[o])+norm.Eps)
		for i := o * per; i < (o+1)*per; i++ {
			w.Data[i] = float32(float64(old.Data[i]) * g)
		}
		b := 0.0
		if biased {
			b = float64(set[conv.Params[1].Name].Data[o])
		}
		bias.Data[o] = float32((b-float64(mean[o]))*g + float64(beta[o]))
	}
	set[conv.Params[0].Name], set[conv.Params[1].Name] = w, bias
	for _, p := range norm.Params {
		delete(set, p.Name)
	}
}
