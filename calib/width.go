// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// A Width gives the selected operations their own widths, such as 4 bits for the weights
// of every PW1. A width of 0 leaves the recipe's.
type Width struct {
	Where Selection
	// Weights are the bits of the weights of the selected convolutions.
	Weights int
	// Activations are the bits of the tensors that the selected operations read, for the
	// classes that [Recipe].ActivationBits governs. A tensor has one grid, so that all its
	// readers must have one width.
	Activations int
}

// String lists the widths and the selected operations.
func (w Width) String() string {
	var parts []string
	if w.Weights != 0 {
		parts = append(parts, fmt.Sprintf("weights of %d bits", w.Weights))
	}
	if w.Activations != 0 {
		parts = append(parts, fmt.Sprintf("tensors of %d bits", w.Activations))
	}
	return fmt.Sprintf("%s: %s", strings.Join(parts, ", "), w.Where)
}

// checkWidths refuses widths that no grid has.
func (r Recipe) checkWidths() error {
	if err := checkBits("weights", r.weightBits()); err != nil {
		return err
	}
	if err := checkBits("activations", r.activationBits()); err != nil {
		return err
	}
	if err := checkBits("residuals", cmp.Or(r.ResidualBits, MinBits)); err != nil {
		return err
	}
	for _, w := range r.Widths {
		if w.Weights == 0 && w.Activations == 0 {
			return fmt.Errorf("a width of %.200s has neither bits for weights nor for activations: %d to %d are allowed", w.Where, MinBits, MaxBits)
		}
		if err := checkBits(fmt.Sprintf("weights of %.200s", w.Where), cmp.Or(w.Weights, MinBits)); err != nil {
			return err
		}
		if err := checkBits(fmt.Sprintf("activations of %.200s", w.Where), cmp.Or(w.Activations, MinBits)); err != nil {
			return err
		}
	}
	return nil
}

// widths tell how many bits a recipe gives the weights and points of each operation.
type widths struct {
	recipe Recipe
	picks  []func(*efficientvit.Op) bool // for each of the recipe's Widths, whether it picks an operation
}

// widths returns the recipe's widths. A Width is an error if it has bits for weights or
// tensors that the recipe rounds at none of the selected operations: it would silently
// change nothing.
func (r Recipe) widths(net *efficientvit.Network, rounds func(*efficientvit.Op, efficientvit.Point) bool) (*widths, error) {
	all := &widths{recipe: r}
	for _, w := range r.Widths {
		picks, err := w.Where.in(net)
		if err != nil {
			return nil, err
		}
		rounded := func(of func(*efficientvit.Op, efficientvit.Point) bool) bool {
			return slices.ContainsFunc(net.Ops, func(op efficientvit.Op) bool {
				return picks(&op) && slices.ContainsFunc(op.Points, func(p efficientvit.Point) bool { return rounds(&op, p) && of(&op, p) })
			})
		}
		if w.Weights != 0 && !rounded(func(op *efficientvit.Op, _ efficientvit.Point) bool { return hasFilters(op) }) {
			return nil, fmt.Errorf("%.200s: the recipe rounds the weights of no such operation of %s", w, net.Name)
		}
		if w.Activations != 0 && !rounded(func(_ *efficientvit.Op, p efficientvit.Point) bool { return widens(p.Class) }) {
			return nil, fmt.Errorf("%.200s: the recipe rounds no tensor that such an operation of %s reads", w, net.Name)
		}
		all.picks = append(all.picks, picks)
	}
	return all, nil
}

// hasFilters says whether an operation has weights that are rounded with its input.
func hasFilters(op *efficientvit.Op) bool {
	return op.Kind == efficientvit.Conv || op.Kind == efficientvit.Linear
}

// widens says whether ActivationBits governs a class of points.
func widens(c efficientvit.PointClass) bool {
	switch c {
	case efficientvit.PreActivation, efficientvit.NormInput, efficientvit.DivisorOperand:
		return false
	}
	return true
}

// weights returns the bits of an operation's weights.
func (w *widths) weights(op *efficientvit.Op) int {
	bits := w.recipe.weightBits()
	for i, picks := range w.picks {
		if picks(op) {
			bits = cmp.Or(w.recipe.Widths[i].Weights, bits)
		}
	}
	return bits
}

// point returns an operation's point with the recipe's width.
func (w *widths) point(op *efficientvit.Op, p efficientvit.Point) efficientvit.Point {
	if w.recipe.ResidualBits > 0 && identity(op, p.Operand) {
		p.Bits = w.recipe.ResidualBits
		return p
	}
	if !widens(p.Class) {
		return p
	}
	p.Bits = cmp.Or(w.recipe.ActivationBits, p.Bits)
	for i, picks := range w.picks {
		if picks(op) {
			p.Bits = cmp.Or(w.recipe.Widths[i].Activations, p.Bits)
		}
	}
	return p
}
