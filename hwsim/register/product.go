// SPDX-License-Identifier: Apache-2.0

package register

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/arch"
)

// Product multiplies a [Heads, Rows, Inner] by b [Heads, Inner, Cols], as the
// attention's KᵀV (a = Kᵀ) and Q(KᵀV). The first half of the heads is MAT's, one
// more where they are odd, the other R-MAC's: columns across the lanes, the inner
// size within a lane, rows in time. The result is [Heads, Rows, Cols].
func Product(c arch.Config, a, b Matrices[int8], watch ...Watch) (Matrices[int32], Trace, error) {
	fail := func(err error) (Matrices[int32], Trace, error) {
		return Matrices[int32]{}, Trace{}, fmt.Errorf("register: matrix product: %w", err)
	}
	if err := checkProduct(a, b); err != nil {
		return fail(err)
	}
	m, err := newMachine(c, watch)
	if err != nil {
		return fail(err)
	}
	y := NewMatrices[int32](a.Heads, a.Rows, b.Cols)
	half := (a.Heads + 1) / 2
	m.apart(
		m.onMAT(products(a, b, y, 0, half, len(m.mat))...),
		m.onRMAC(products(a, b, y, half, a.Heads, len(m.rmac))...))
	return y, m.trace, nil
}

// products are the layers of the heads [from, to): each is a pointwise
// convolution of a row of pixels, whose filters are the columns of b.
func products(a, b Matrices[int8], y Matrices[int32], from, to, lanes int) []*layer {
	columns := b.Transpose()
	var layers []*layer
	for h := from; h < to; h++ {
		layers = append(layers, newLayer(
			Map[int8]{H: 1, W: a.Rows, C: a.Cols, Data: a.head(h)},
			Filters{Cout: b.Cols, Kernel: 1, Cin: b.Rows, Data: columns.head(h)}, 1, lanes,
			into(Map[int32]{H: 1, W: y.Rows, C: y.Cols, Data: y.head(h)})))
	}
	return layers
}

func checkProduct(a, b Matrices[int8]) error {
	if err := a.check("left"); err != nil {
		return err
	}
	if err := b.check("right"); err != nil {
		return err
	}
	if a.Heads != b.Heads || a.Cols != b.Rows {
		return fmt.Errorf("[%d, %d, %d] by [%d, %d, %d]: the heads and the inner sizes must be equal", a.Heads, a.Rows, a.Cols, b.Heads, b.Rows, b.Cols)
	}
	if err := checkProducts(a.Cols); err != nil {
		return err
	}
	_, err := elements("result", "[Heads, Rows, Cols]", a.Heads, a.Rows, b.Cols)
	return err
}
