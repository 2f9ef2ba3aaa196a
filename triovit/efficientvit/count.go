// SPDX-License-Identifier: Apache-2.0

package efficientvit

// ParamCount returns the number of parameters of the operation, without the
// running statistics of a BatchNorm.
func (op *Op) ParamCount() int64 {
	var n int64
	for _, p := range op.Params {
		if !p.Statistic {
			n += int64(Size(p.Shape))
		}
	}
	return n
}

// ParamCount returns the number of parameters of the network, counted as in the
// reference's README: without running statistics.
func (n *Network) ParamCount() int64 {
	var sum int64
	for i := range n.Ops {
		sum += n.Ops[i].ParamCount()
	}
	return sum
}

// MACs returns the number of multiply-accumulates of the operation for one picture. It
// counts convolutions, linear layers, the attention's matrix products and the sum over
// K, which is the denominator's column of KᵀV. Normalizations, activations, additions,
// resizing and division count as 0.
func (n *Network) MACs(op *Op) int64 {
	size := int64(Size(op.Shape))
	in := func(i int) []int { return n.Op(op.Inputs[i]).Shape }
	switch op.Kind {
	case Conv:
		w := op.Params[0].Shape
		return size * int64(w[1]*w[2]*w[3])
	case Linear:
		return size * int64(in(0)[0])
	case MatMul:
		if op.OverTokens {
			return size * int64(in(0)[0])
		}
		return size * int64(in(0)[2])
	case SumTokens:
		return size * int64(in(0)[0])
	}
	return 0
}

// TotalMACs returns the number of multiply-accumulates of the network for one picture.
func (n *Network) TotalMACs() int64 {
	var sum int64
	for i := range n.Ops {
		sum += n.MACs(&n.Ops[i])
	}
	return sum
}
