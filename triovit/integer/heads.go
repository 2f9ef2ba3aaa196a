// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"fmt"
)

// Heads selects q, k or v of every head: codes [H, W, Heads·3·Dim] to [H·W, Heads, Dim]
// (INTEGER.md, Attention). The channels of a head are in the order q, k, v.
type Heads struct {
	Heads int `json:"heads"`
	Dim   int `json:"dim"`
	// Part is 0 for q, 1 for k, 2 for v.
	Part int `json:"part"`
}

// Infer implements [Operation].
func (h *Heads) Infer(in []Tensor, _ Limits) (Tensor, error) {
	x := in[0]
	if h.Heads < 1 || h.Dim < 1 || h.Part < 0 || h.Part > 2 || x.Shape[2]%3 != 0 || !splits(x.Shape[2]/3, h.Heads, h.Dim) {
		return Tensor{}, fmt.Errorf("part %d of %d heads of %d does not split %v", h.Part, h.Heads, h.Dim, x.Shape)
	}
	return Tensor{Shape: [3]int{x.Shape[0] * x.Shape[1], h.Heads, h.Dim}, Range: x.Range}, nil
}

func (h *Heads) run(y Value, in []Value) {
	data := y.Data
	for at := h.Part * h.Dim; len(data) > 0; at += 3 * h.Dim {
		data = data[copy(data, in[0].Data[at:][:h.Dim]):]
	}
}

// MergeHeads joins the heads: [H·W, heads, d] to [H, W, heads·d]. The elements keep their
// order.
type MergeHeads struct {
	H int `json:"h"`
	W int `json:"w"`
}

// Infer implements [Operation].
func (m *MergeHeads) Infer(in []Tensor, _ Limits) (Tensor, error) {
	x := in[0]
	if m.H < 1 || m.W < 1 || !splits(x.Shape[0], m.H, m.W) {
		return Tensor{}, fmt.Errorf("a map of %d×%d does not hold the tokens of %v", m.H, m.W, x.Shape)
	}
	return Tensor{Shape: [3]int{m.H, m.W, x.Shape[1] * x.Shape[2]}, Range: x.Range}, nil
}

func (m *MergeHeads) run(y Value, in []Value) { copy(y.Data, in[0].Data) }

// ReLU sets negative codes to 0. Its operand's grid has code 0 for the value 0.
type ReLU struct{}

// Infer implements [Operation].
func (*ReLU) Infer(in []Tensor, _ Limits) (Tensor, error) {
	x := in[0]
	return Tensor{Shape: x.Shape, Range: Interval{max(x.Range.Lo, 0), max(x.Range.Hi, 0)}}, nil
}

func (*ReLU) run(y Value, in []Value) {
	for i, x := range in[0].Data {
		y.Data[i] = max(x, 0)
	}
}
