// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gotriovit/gotriovit/internal/finite"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// A Quantizer maps a value to the nearest value that an integer code can express. It is
// pure data: [grid.Uniform], [grid.Log2], or a caller's own [Grapher].
type Quantizer interface {
	// String describes the grid in words. Two different quantizers must have different
	// strings, because results are cached under them.
	String() string
	// Fake returns the rounded value of x, and NaN where x is NaN or infinite: a grid must
	// not hide an overflow of the network.
	Fake(x float32) float32
}

// A Grapher is a quantizer with its own graph form.
type Grapher interface {
	Quantizer
	// Graph returns the node whose elements are Fake of x's elements.
	Graph(x *Node) *Node
}

// checkGrid returns an error for a grid whose ends are not finite or not in order,
// such as one with a step of zero, and for divisors of which one is zero.
func checkGrid(q Quantizer) error {
	lo, hi := q.Fake(-math.MaxFloat32), q.Fake(math.MaxFloat32)
	ok := finite.First([]float32{lo, hi}) < 0
	switch q.(type) {
	case grid.Uniform:
		ok = ok && lo < hi
	case grid.Log2:
		ok = ok && lo > 0
	}
	if !ok {
		return fmt.Errorf("%s reaches from %g to %g, which is no grid", q, lo, hi)
	}
	return nil
}

// GraphOf returns the graph form of a quantizer: a function from a node x to
// the node whose elements are q.Fake of x's elements.
func GraphOf(q Quantizer) (func(x *Node) *Node, error) {
	switch q := q.(type) {
	case grid.Uniform:
		return func(x *Node) *Node { return uniformGraph(q, x) }, nil
	case grid.Log2:
		return func(x *Node) *Node { return log2Graph(q, x) }, nil
	case Grapher:
		return q.Graph, nil
	}
	return nil, fmt.Errorf("quantizer %s (%T) has no graph form: only grid.Uniform, grid.Log2 and a calib.Grapher have one", q, q)
}

func uniformGraph(u grid.Uniform, x *Node) *Node {
	q := Round(DivScalar(x, u.Scale))
	return keepNotFinite(x, MulScalar(ClipScalar(q, float64(u.Lo-u.Zero), float64(u.Hi-u.Zero)), u.Scale))
}

// log2Graph adds the difference of neighbouring powers of two wherever x has reached their
// threshold. It takes no logarithm, which would not round as the hardware does.
func log2Graph(l grid.Log2, x *Node) *Node {
	g := x.Graph()
	v := DivScalar(x, l.Unit)
	if l.Integer {
		v = MinScalar(Round(v), float64(l.IntegerMax))
	}
	y := BroadcastToShape(Scalar(g, x.DType(), math.Ldexp(float64(l.Unit), l.Lo)), x.Shape())
	for c := l.Lo; c < l.Hi; c++ {
		reached := ConvertDType(GreaterOrEqual(v, Scalar(g, x.DType(), l.Boundary(c))), x.DType())
		y = Add(y, MulScalar(reached, math.Ldexp(float64(l.Unit), c)))
	}
	return keepNotFinite(x, y)
}

// keepNotFinite returns y with NaN wherever x is NaN or infinite. Clipping can make both
// finite: it clips infinities, and whether a maximum passes NaN on depends on the backend.
func keepNotFinite(x, y *Node) *Node { return Add(y, Sub(x, x)) }
