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

// Fold returns the model with every BatchNorm merged into the convolution
// before it, which gains a bias: the form in which everything is quantized.
// It computes the same function. The tensor that the BatchNorm made is then
// made by the convolution, under the convolution's name. Weights with which
// nothing can be computed ([Model.CheckValues]) are an error, before and after.
func (m *Model) Fold() (*Model, error) {
	who := named(m.Net.Name, m.Source)
	if m.Weights == nil {
		return nil, fmt.Errorf("fold %s: no weights in floating point: an artefact is evaluated as it is, everything else takes the checkpoint", who)
	}
	if err := m.Weights.Check(m.Net.Params()); err != nil {
		return nil, fmt.Errorf("fold %s: %w", who, err)
	}
	if err := m.checkValues(); err != nil {
		return nil, fmt.Errorf("fold %s: %w", who, err)
	}
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
		if conv.Kind != efficientvit.Conv || len(m.Net.Consumers(conv.Name)) != 1 {
			return nil, fmt.Errorf("fold %s: %q follows %s %q, not a convolution of its own", net.Name, op.Name, conv.Kind, conv.Name)
		}
		foldInto(conv, &op, set)
		renamed[op.Name] = conv.Name
	}
	for i, s := range net.Stages {
		if to, ok := renamed[s]; ok {
			net.Stages[i] = to
		}
	}
	net.Ops = ops
	folded := *m
	folded.Net, folded.Weights = net, set
	if err := folded.checkValues(); err != nil {
		return nil, fmt.Errorf("fold %s: with the BatchNorms merged, %w", who, err)
	}
	return &folded, net.Validate()
}

// foldInto replaces w by w·g/σ and the bias by (bias − μ)·g/σ + β, computed
// in float64.
func foldInto(conv, norm *efficientvit.Op, set weights.Set) {
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
		if conv.HasBias() {
			b = float64(set[conv.Params[1].Name].Data[o])
		}
		bias.Data[o] = float32((b-float64(mean[o]))*g + float64(beta[o]))
	}
	if !conv.HasBias() {
		conv.Params = append(conv.Params, efficientvit.Param{Name: conv.Name + ".bias", Shape: bias.Shape})
	}
	set[conv.Params[0].Name], set[conv.Params[1].Name] = w, bias
	for _, p := range norm.Params {
		delete(set, p.Name)
	}
}
