// SPDX-License-Identifier: Apache-2.0

// Package adam is the optimizer of training and of reconstruction: Adam (Kingma and
// Ba, 2015) with the decoupled weight decay of AdamW (Loshchilov and Hutter, 2019), as
// nodes of a graph whose inputs and outputs carry the state.
package adam

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// Adam has the shares of the moments that a step keeps, and Eps, which is added to the
// root of the second moment.
type Adam struct{ Beta1, Beta2, Eps float64 }

// A State is the optimizer's memory of the parameters: their values and the running means
// of their gradients and of the gradients' squares.
type State struct{ Params, Moments1, Moments2 []*Node }

// Nodes returns the state's nodes in one list: all values, all first moments, all
// second ones.
func (s State) Nodes() []*Node {
	return append(append(append([]*Node(nil), s.Params...), s.Moments1...), s.Moments2...)
}

// StateOf is the inverse of [State.Nodes], of a list of 3·n nodes.
func StateOf(nodes []*Node) State {
	n := len(nodes) / 3
	return State{nodes[:n], nodes[n : 2*n], nodes[2*n:]}
}

// Step returns the state after one step. rate is the learning rate, a scalar. count is the
// number of the step, from 1. shrink is the share of every parameter that decays, nil for
// none.
func (a Adam) Step(rate, shrink, count *Node, s State, grads []*Node) (next State) {
	unbias := func(beta float64) *Node { return OneMinus(Exp(MulScalar(count, math.Log(beta)))) }
	unbias1, unbias2 := unbias(a.Beta1), unbias(a.Beta2)
	for i, p := range s.Params {
		g := grads[i]
		m := Add(MulScalar(s.Moments1[i], a.Beta1), MulScalar(g, 1-a.Beta1))
		v := Add(MulScalar(s.Moments2[i], a.Beta2), MulScalar(Mul(g, g), 1-a.Beta2))
		move := Mul(Div(Div(m, unbias1), AddScalar(Sqrt(Div(v, unbias2)), a.Eps)), rate)
		if shrink != nil {
			move = Add(move, Mul(p, shrink))
		}
		next.Params = append(next.Params, Sub(p, move))
		next.Moments1, next.Moments2 = append(next.Moments1, m), append(next.Moments2, v)
	}
	return next
}
