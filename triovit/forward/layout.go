// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"fmt"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// Layout returns the parameter in the shape that the graph reads:
//
//   - dense convolution: [k·k·I, O]; linear: [I, O]
//   - depthwise convolution: [k·k, C]
//   - grouped 1×1 convolution: [groups, I/groups, O/groups]
//   - anything else as it is
func Layout(op *efficientvit.Op, p efficientvit.Param, t *weights.Tensor) *weights.Tensor {
	shape, at := layout(op, p)
	out := weights.New(shape...)
	for i, v := range t.Data {
		out.Data[at(i)] = v
	}
	return out
}

// FromLayout is the inverse of [Layout]: it returns the parameter in the
// reference's layout, of shape p.Shape.
func FromLayout(op *efficientvit.Op, p efficientvit.Param, t *weights.Tensor) *weights.Tensor {
	_, at := layout(op, p)
	out := weights.New(p.Shape...)
	for i := range out.Data {
		out.Data[i] = t.Data[at(i)]
	}
	return out
}

// layout returns the graph's shape of a parameter, and a function from an element's flat
// index in the reference's layout to its flat index in the graph's.
func layout(op *efficientvit.Op, p efficientvit.Param) (shape []int, at func(i int) int) {
	s := p.Shape
	switch {
	case op.Kind == efficientvit.Linear && len(s) == 2:
		return []int{s[1], s[0]}, func(i int) int { return i%s[1]*s[0] + i/s[1] }
	case op.Kind != efficientvit.Conv || len(s) != 4:
		return s, func(i int) int { return i }
	case op.Depthwise():
		k := s[2] * s[3]
		return []int{k, s[0]}, func(i int) int { return i%k*s[0] + i/k }
	case op.Groups > 1:
		if op.Kernel != 1 || op.Stride != 1 {
			panic(fmt.Errorf("forward: grouped convolution %q with kernel %d and stride %d: only 1 and 1 are supported", op.Name, op.Kernel, op.Stride))
		}
		o := s[0] / op.Groups
		return []int{op.Groups, s[1], o}, func(i int) int {
			out, in := i/s[1], i%s[1]
			return (out/o*s[1]+in)*o + out%o
		}
	}
	k := s[2] * s[3]
	return []int{k * s[1], s[0]}, func(i int) int {
		out, in, pos := i/(s[1]*k), i/k%s[1], i%k
		return (pos*s[1]+in)*s[0] + out
	}
}
