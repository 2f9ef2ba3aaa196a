// SPDX-License-Identifier: Apache-2.0

package register

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// Product multiplies the codes of each head, as in the attention's KᵀV and Q(KᵀV); the
// shapes are those of [integer.MatMul]. MAT computes the first half of the heads, rounded
// up, and R-MAC the others: columns across the lanes, the inner size across the MACs of a
// lane, rows in time. It returns the accumulators.
func Product(c arch.Config, op *integer.MatMul, a, b integer.Value, watch ...Watch) (integer.Value, Trace, error) {
	fail := func(err error) (integer.Value, Trace, error) {
		return integer.Value{}, Trace{}, fmt.Errorf("register: matrix product: %w", err)
	}
	in, err := operands(named{"left", a}, named{"right", b})
	if err != nil {
		return fail(err)
	}
	y, err := infer(op, in...)
	if err != nil {
		return fail(err)
	}
	m, err := newMachine(c, watch)
	if err != nil {
		return fail(err)
	}
	out := zeros(y.Shape)
	heads := a.Shape[1]
	half := (heads + 1) / 2
	m.apart(
		m.onMAT(products(op, a, b, out, 0, half, len(m.mat))...),
		m.onRMAC(products(op, a, b, out, half, heads, len(m.rmac))...))
	return out, m.trace, nil
}

// products returns the layers of the heads [from, to).
func products(op *integer.MatMul, a, b, y integer.Value, from, to, lanes int) []*layer {
	tokens, heads, d, e := a.Shape[0], a.Shape[1], a.Shape[2], b.Shape[2]
	var layers []*layer
	for h := from; h < to; h++ {
		if op.OverTokens {
			layers = append(layers, multiply(matrix(a.Data[h*d:], d, tokens, 1, heads*d), matrix(b.Data[h*e:], e, tokens, 1, heads*e), tokens, lanes,
				func(i, j int, sum int32) { y.Data[(h*d+i)*e+j] = sum }))
		} else {
			layers = append(layers, multiply(matrix(a.Data[h*d:], tokens, d, heads*d, 1), matrix(b.Data[h*d*e:], e, d, 1, e), d, lanes,
				func(token, j int, sum int32) { y.Data[(token*heads+h)*e+j] = sum }))
		}
	}
	return layers
}

// multiply is the product of a matrix [rows, inner] and the transpose of one [columns,
// inner], as a pointwise convolution of a row of pixels.
func multiply(rows, columns []int32, inner, lanes int, emit emit) *layer {
	pixels, filter := len(rows)/inner, len(columns)/inner
	return newLayer(
		plane{Value: integer.Value{Shape: [3]int{1, pixels, inner}, Data: rows}},
		filters{kernel: 1, cin: inner, weights: columns, bias: make([]int32, filter)},
		1, [3]int{1, pixels, filter}, lanes, emit)
}
