// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// A Precision is the width in bits of the tensors or weights of one kind.
type Precision struct {
	// Class is [WeightsClass], or the class of the points that read the tensors.
	Class string
	// Roles are the roles of the operations that have the weights or read the tensors.
	Roles []efficientvit.Role
	// Bits is the width, 0 in floating point. Grid is "float", "uniform" or "log2". A
	// quantizer of another kind has its String as Grid and 0 as Bits, since its width is
	// not known.
	Bits int
	Grid string
	// Names are the names of the tensors, or of the convolutions that have the weights.
	Names []string
}

// WeightsClass is the class of a [Precision] of weights.
const WeightsClass = "weights"

// String is one line, such as "float: 12 weights (qkv, proj)".
func (p Precision) String() string {
	roles := make([]string, len(p.Roles))
	for i, r := range p.Roles {
		roles[i] = r.String()
	}
	return fmt.Sprintf("%s: %d × %s (%s)", p.width(), len(p.Names), p.Class, strings.Join(roles, ", "))
}

// width returns the grid and the bits in words.
func (p Precision) width() string {
	if p.Bits == 0 {
		return p.Grid
	}
	return fmt.Sprintf("%d bits, %s", p.Bits, p.Grid)
}

// Precisions lists the widths of the weights of every convolution and linear layer, and of
// every tensor that a point reads, grouped by class and width: floating point first, then
// wide before narrow. A tensor that only some points round is listed under both widths.
func (q *Quantized) Precisions() []Precision {
	var all []Precision
	add := func(class string, role efficientvit.Role, quantizer Quantizer, name string) {
		bits, kind := widthOf(quantizer)
		i := slices.IndexFunc(all, func(p Precision) bool { return p.Class == class && p.Bits == bits && p.Grid == kind })
		if i < 0 {
			i, all = len(all), append(all, Precision{Class: class, Bits: bits, Grid: kind})
		}
		p := &all[i]
		if !slices.Contains(p.Roles, role) {
			p.Roles = append(p.Roles, role)
		}
		if !slices.Contains(p.Names, name) {
			p.Names = append(p.Names, name)
		}
	}
	for i := range q.Model.Net.Ops {
		op := &q.Model.Net.Ops[i]
		if op.Kind == efficientvit.Conv || op.Kind == efficientvit.Linear {
			var filter Quantizer
			if grids := q.WeightGrids[op.Name]; len(grids) > 0 {
				filter = grids[0] // the filters of a convolution have one width
			}
			add(WeightsClass, op.Role, filter, op.Name)
		}
		for _, p := range op.Points {
			var quantizer Quantizer
			tensor := op.Inputs[p.Operand]
			if q.Rounds(op.Name, p.Operand) {
				quantizer = q.quantizers[q.GridName(op, p.Operand)]
			}
			add(p.Class.String(), op.Role, quantizer, tensor)
		}
	}
	slices.SortStableFunc(all, func(a, b Precision) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(b.Bits, a.Bits))
	})
	return all
}

// rank orders floating point before unknown widths, and these before grids.
func (p Precision) rank() int {
	switch {
	case p.Grid == inFloat:
		return 0
	case p.Bits == 0:
		return 1
	}
	return 2
}

// widthOf returns the bits of a quantizer's codes and the kind of its grid; nil is
// floating point.
func widthOf(q Quantizer) (width int, kind string) {
	switch q := q.(type) {
	case nil, unrounded:
		return 0, inFloat
	case grid.Uniform:
		return bits.Len(uint(q.Hi - min(q.Lo, 0))), "uniform" // a floor leaves out the lowest codes
	case grid.Log2:
		return bits.Len(uint(q.Hi - q.Lo)), "log2"
	default:
		return 0, q.String()
	}
}
