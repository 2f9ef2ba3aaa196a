// SPDX-License-Identifier: Apache-2.0

package register

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/gotriovit/gotriovit/calib/frozentest"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/integertest"
)

// stepped counts the operations of models that the registers stepped, and the operations
// of the engines that were left to the reference.
type stepped struct {
	convolutions, depthwise, products, interLayer, intraLayer atomic.Int64
	left                                                      atomic.Int64
}

// check fails for each kind of operation that no model had.
func (s *stepped) check(t *testing.T) {
	t.Helper()
	for name, n := range map[string]*atomic.Int64{"convolution": &s.convolutions, "depthwise convolution": &s.depthwise,
		"matrix product": &s.products, "inter-layer pipeline": &s.interLayer, "intra-layer pipeline": &s.intraLayer} {
		if n.Load() == 0 {
			t.Errorf("no %s was stepped", name)
		}
	}
}

// executor runs models whose engine operations are stepped on a configuration:
// convolutions, products, and the pipelines if a model has their operations in sequence.
// The reference computes the operations of other units, and operations with operands that
// no multiplier takes.
func executor(c arch.Config, counts *stepped) integertest.Executor {
	return func(m *integer.Model) (integertest.Run, error) {
		tensors, err := m.Infer()
		if err != nil {
			return nil, err
		}
		g := make(graph)
		for i := range m.Ops {
			g[m.Ops[i].Name] = node{&m.Ops[i], tensors[i]}
		}
		return func(picture []int32, watch ...func(*integer.Op, integer.Value)) (integer.Value, error) {
			made := make(map[string]integer.Value)
			var last integer.Value
			var first error
			_, err := m.Run(picture, func(op *integer.Op, y integer.Value) {
				stepped, err := g.step(c, counts, op, made)
				switch op.Operation.(type) {
				case *integer.Conv, *integer.MatMul, *integer.Divide:
					if err != nil && first == nil {
						first = fmt.Errorf("%q: %w", op.Name, err)
					}
					if stepped.Data != nil {
						y = stepped
					} else {
						counts.left.Add(1)
					}
				}
				made[op.Name], last = y, y
				for _, w := range watch {
					w(op, y)
				}
			})
			if err == nil {
				err = first
			}
			return last, err
		}, nil
	}
}

// A graph holds a model's operations by name, with their results.
type graph map[string]node

type node struct {
	*integer.Op
	tensor integer.Tensor
}

// behind returns the operation whose accumulators became a tensor, and the units through
// which they passed.
func (g graph) behind(tensor string) (node, Units) {
	var units Units
	for {
		op := g[tensor]
		switch op.Operation.(type) {
		case *integer.Requantize, *integer.Hardswish, *integer.Log2:
			units = append(units, op.Operation)
			tensor = op.Inputs[0]
		default:
			slices.Reverse(units)
			return op, units
		}
	}
}

// take reports whether multipliers can take the tensors.
func (g graph) take(tensors ...string) bool {
	return !slices.ContainsFunc(tensors, func(name string) bool { return checkFactors(g[name].tensor.Range) != nil })
}

// depthwise returns an operation's depthwise convolution, or nil.
func (g graph) depthwise(op *integer.Op) *integer.Conv {
	conv, ok := op.Operation.(*integer.Conv)
	if !ok || conv.Groups != g[op.Inputs[0]].tensor.Shape[2] || conv.Groups != len(conv.Bias) {
		return nil
	}
	return conv
}

// step returns the result of the engines for one operation, if they run it.
func (g graph) step(c arch.Config, counts *stepped, op *integer.Op, made map[string]integer.Value) (y integer.Value, err error) {
	switch operation := op.Operation.(type) {
	case *integer.Conv:
		if !g.take(op.Inputs...) {
			return
		}
		first, units := g.behind(op.Inputs[0])
		x := made[op.Inputs[0]]
		if dw := g.depthwise(first.Op); dw != nil && g.take(first.Inputs...) && operation.Kernel == 1 && operation.Stride == 1 {
			counts.interLayer.Add(1)
			y, _, err = InterLayer(c, made[first.Inputs[0]], dw, units, operation)
		} else if g.depthwise(op) != nil {
			counts.depthwise.Add(1)
			y, _, err = Depthwise(c, x, operation)
		} else {
			counts.convolutions.Add(1)
			y, _, err = Convolution(c, x, operation)
		}
	case *integer.MatMul:
		if g.take(op.Inputs...) {
			counts.products.Add(1)
			y, _, err = Product(c, operation, made[op.Inputs[0]], made[op.Inputs[1]])
		}
	case *integer.Divide:
		a := Attention{Divide: *operation}
		var dividend, divisor, ktv, sumK node
		dividend, a.Dividend = g.behind(op.Inputs[0])
		divisor, a.Divisor = g.behind(op.Inputs[1])
		ktv, a.KTV = g.behind(dividend.Inputs[1])
		sumK, a.SumK = g.behind(divisor.Inputs[1])
		q, k, v := dividend.Inputs[0], ktv.Inputs[0], ktv.Inputs[1]
		if q == divisor.Inputs[0] && k == sumK.Inputs[0] && g.take(q, k, v, dividend.Inputs[1], divisor.Inputs[1]) {
			counts.intraLayer.Add(1)
			y, _, err = IntraLayer(c, made[q], made[k], made[v], a)
		}
	}
	return y, err
}

// TestConformance: the registers compute the reference executor's integers, with any
// engines.
func TestConformance(t *testing.T) {
	for _, c := range []arch.Config{engines(8, 8, 8, 8), engines(3, 2, 2, 5)} {
		t.Run(fmt.Sprint(c.MAT, c.RMAC), func(t *testing.T) {
			var counts stepped
			integertest.Test(t, executor(c, &counts))
			counts.check(t)
		})
	}
}

// TestFrozenNetworks: the same holds for all engine operations of whole networks.
func TestFrozenNetworks(t *testing.T) {
	cases := make(map[string]integertest.Case)
	for _, c := range frozentest.Cases() {
		cases[c.Name] = c
	}
	for _, name := range []string{"efficientvit-b0-r224", "efficientvit-seg-b0-cityscapes", "leading one"} {
		t.Run(name, func(t *testing.T) {
			test, ok := cases[name]
			if !ok {
				t.Fatal("there is no such case")
			}
			m, pictures := test.Open(t)
			var counts stepped
			integertest.Equal(t, executor(engines(8, 8, 8, 8), &counts), m, pictures)
			counts.check(t)
			if n := counts.left.Load(); n > 0 {
				t.Errorf("%d operations of the engines were not stepped", n)
			}
		})
	}
}
