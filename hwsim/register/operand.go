// SPDX-License-Identifier: Apache-2.0

package register

import (
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/triovit/integer"
)

// limits are the widths of the registers and of the units behind them.
var limits = integer.Limits{MultiplierBits: integer.MaxMultiplierBits, AccumulatorBits: integer.MaxAccumulatorBits}

// maxElements bounds a tensor, because stepping single registers is slow.
const maxElements = 1 << 24

func checkShape(shape [3]int) error {
	n := 1
	for _, side := range shape {
		if side < 1 || side > maxElements/n {
			return fmt.Errorf("a tensor of %v: every side must be at least 1, their product at most %d", shape, maxElements)
		}
		n *= side
	}
	return nil
}

// A named is an operand with its name for error messages.
type named struct {
	name string
	integer.Value
}

// operands returns the descriptions of tensors whose integers enter multipliers.
func operands(values ...named) ([]integer.Tensor, error) {
	tensors := make([]integer.Tensor, len(values))
	for i, x := range values {
		t := integer.Tensor{Shape: x.Shape}
		err := checkShape(t.Shape)
		if err == nil && len(x.Data) != t.Elements() {
			err = fmt.Errorf("a tensor of %v has %d elements, %d are given", t.Shape, t.Elements(), len(x.Data))
		}
		if err == nil {
			t.Range = span(x.Data)
			err = checkFactors(t.Range)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", x.name, err)
		}
		tensors[i] = t
	}
	return tensors, nil
}

// span returns the interval from the least to the largest of the integers.
func span(x []int32) integer.Interval {
	return integer.Interval{Lo: int64(slices.Min(x)), Hi: int64(slices.Max(x))}
}

// checkFactors returns an error unless a multiplier takes operands of an interval.
func checkFactors(r integer.Interval) error {
	const factorBits = 8
	signed, unsigned := r.Bits() <= factorBits, r.Lo >= 0 && r.Bits() <= factorBits+1
	if !signed && !unsigned {
		return fmt.Errorf("factors in %v: a multiplier takes %d bits, signed or unsigned", r, factorBits)
	}
	return nil
}

// infer returns the description of an operation's result, which must fit the registers.
func infer(op integer.Operation, in ...integer.Tensor) (integer.Tensor, error) {
	t, err := op.Infer(in, limits)
	if err == nil {
		err = checkShape(t.Shape)
	}
	if err == nil && t.Range.Bits() > limits.AccumulatorBits {
		err = fmt.Errorf("its integers take %v, an accumulator has %d", t.Range, limits.AccumulatorBits)
	}
	return t, err
}

// A plane is a feature map [H, W, C] and the border around it.
type plane struct {
	integer.Value
	border []int32 // the code of the border for each channel
}

// pixel returns the channels at a pixel of the map or of its border.
func (p plane) pixel(row, column int) []int32 {
	if row < 0 || row >= p.Shape[0] || column < 0 || column >= p.Shape[1] {
		return p.border
	}
	c := p.Shape[2]
	return p.Data[(row*p.Shape[1]+column)*c:][:c]
}

// filters are the weights of a convolution in the order of the lanes.
type filters struct {
	kernel, cin int     // side of the kernel, and number of channels that one output sums over
	weights     []int32 // the weights, [Cout, kernel, kernel, cin]
	bias        []int32 // the biases, [Cout]
}

// filtersOf brings the weights [Cout, Cin, kernel, kernel] of a convolution into
// the order of the lanes.
func filtersOf(c *integer.Conv) filters {
	k := c.Kernel
	f := filters{kernel: k, cin: len(c.Weights) / len(c.Bias) / (k * k), bias: c.Bias, weights: make([]int32, len(c.Weights))}
	for i, w := range c.Weights {
		filter, channel, position := i/(f.cin*k*k), i/(k*k)%f.cin, i%(k*k)
		f.weights[(filter*k*k+position)*f.cin+channel] = int32(w)
	}
	return f
}

// position returns the weights [cin] of a filter at a position of the kernel.
func (f filters) position(filter, ky, kx int) []int32 {
	return f.weights[((filter*f.kernel+ky)*f.kernel+kx)*f.cin:][:f.cin]
}

// matrix gathers [rows, columns] from elements at distances row and column.
func matrix(from []int32, rows, columns, row, column int) []int32 {
	m := make([]int32, 0, rows*columns)
	for r := range rows {
		for c := range columns {
			m = append(m, from[r*row+c*column])
		}
	}
	return m
}
