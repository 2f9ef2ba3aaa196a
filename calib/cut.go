// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"slices"

	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// Cut returns a runner of the operations Ops[from:to] of the quantized network alone
// ([efficientvit.Network.Cut]). A tensor is rounded by the operations that read it. So the
// inputs and outputs of a cut are tensors that are not yet rounded to their grids.
func (q *Quantized) Cut(from, to int) (*forward.Runner, error) {
	cut, err := q.Model.Cut(from, to)
	if err != nil {
		return nil, err
	}
	return forward.NewRunner(cut, forward.Hooks{Operand: q.fake})
}

// Frozen returns which operations of m, into which q was frozen, compute the
// operations Ops[from:to] of the quantized network: m.Ops[first:end]. first equals end
// where the range holds only Scale and Shift operations, which no integer operation
// computes.
func (q *Quantized) Frozen(m *integer.Model, from, to int) (first, end int) {
	return q.frozenBefore(m, from), q.frozenBefore(m, to)
}

// frozenBefore returns how many operations of m compute the network's first n operations.
// [Freeze] keeps the order, and names the last integer operation of each network operation
// after it.
func (q *Quantized) frozenBefore(m *integer.Model, n int) int {
	if n == len(q.Model.Net.Ops) {
		return len(m.Ops) // all operations, the one that makes the logits included
	}
	for i := n - 1; i >= 0; i-- {
		name := q.Model.Net.Ops[i].Name
		if at := slices.IndexFunc(m.Ops, func(op integer.Op) bool { return op.Name == name }); at >= 0 {
			return at + 1
		}
	}
	return 0
}
