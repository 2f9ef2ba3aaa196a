// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// InFloat leaves the named tensors in floating point and takes another rule for the
// others. The weights that read these tensors are still rounded, unlike in a recipe
// without their points. So an ablation isolates the cost of a tensor's grid. Such a
// network is only scored: [Freeze] refuses it.
type InFloat struct {
	// Tensors are the names of the tensors that stay in float; none means all.
	Tensors []string
	// About describes these tensors in words.
	About string
	// Others chooses the grids of the other tensors; nil means [MinMax].
	Others Observer
}

// InputsInFloat returns the rule that leaves the inputs of the picked convolutions and
// linear layers in float. A selection that picks none is an error. A tensor is left in
// float for all its readers.
func InputsInFloat(net *efficientvit.Network, where ...Selection) (InFloat, error) {
	var f InFloat
	for _, s := range where {
		match, err := s.matcher()
		if err != nil {
			return f, err
		}
		before := len(f.Tensors)
		for i := range net.Ops {
			op := &net.Ops[i]
			for _, p := range op.Points {
				if p.Class == efficientvit.ConvInput && match(op) {
					f.Tensors = append(f.Tensors, op.Inputs[p.Operand])
				}
			}
		}
		if len(f.Tensors) == before {
			return f, fmt.Errorf("no convolution of %s has a role of %v and a name with %q", net.Name, s.Roles, s.Name)
		}
		if f.About != "" {
			f.About += ", "
		}
		f.About += s.String()
	}
	return f, nil
}

// String names the rule.
func (f InFloat) String() string {
	if len(f.Tensors) == 0 {
		return inFloat
	}
	return fmt.Sprintf("%s, but inputs of %s in float", f.others(), f.About)
}

func (f InFloat) others() Observer {
	if f.Others == nil {
		return MinMax{}
	}
	return f.Others
}

// Choose returns a quantizer that changes nothing for a tensor in float, else that of
// Others.
func (f InFloat) Choose(stats *TensorStats, point efficientvit.Point) (Quantizer, error) {
	if f.keeps(stats.Name) {
		return unrounded{}, nil
	}
	return f.others().Choose(stats, point)
}

// keeps says whether a tensor is left in float.
func (f InFloat) keeps(tensor string) bool {
	return len(f.Tensors) == 0 || slices.Contains(f.Tensors, tensor)
}

const inFloat = "float"

// unrounded keeps every number.
type unrounded struct{}

func (unrounded) String() string { return inFloat }

// Fake returns x, NaN where x is NaN or infinite.
func (unrounded) Fake(x float32) float32 { return x + (x - x) }

// Graph returns the node whose elements are Fake of x's elements.
func (unrounded) Graph(x *graph.Node) *graph.Node { return keepNotFinite(x, x) }
