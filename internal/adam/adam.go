// SPDX-License-Identifier: Apache-2.0

// Package adam is the optimizer of training and of reconstruction: Adam (Kingma and Ba,
// 2015) with the decoupled weight decay of AdamW (Loshchilov and Hutter, 2019). A step
// is made of graph nodes. The caller passes the optimizer's state into the graph and
// reads the next state from it.
package adam

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// Adam holds the optimizer's constants. Beta1 and Beta2 are the shares of the first and
// second moments that a step keeps. Eps is added to the root of the second moment.
type Adam struct{ Beta1, Beta2, Eps float64 }

// A State is the state of the optimizer: the values of the parameters, the running
// means of their gradients and those of the gradients' squares.
type State struct{ Params, Moments1, Moments2 []*Node }

// Nodes returns the state's nodes in one list: all values, then all first moments, then
// all second moments.
func (s State) Nodes() []*Node {
	return append(append(append([]*Node(nil), s.Params...), s.Moments1...), s.Moments2...)
}

// StateOf is the inverse of [State.Nodes]. It takes a list of 3·n nodes.
func StateOf(nodes []*Node) State {
	n := len(nodes) / 3
	return State{nodes[:n], nodes[n : 2*n], nodes[2*n:]}
}

// Step returns the state after one step. rate is the learning rate, a scalar. count is
// the number of the step, a scalar that begins at 1. shrink has the share by which each
// parameter decays, a scalar; nil is no decay. grads are the gradients of the parameters.
func (a Adam) Step(rate, count *Node, shrink []*Node, s State, grads []*Node) (next State) {
	unbias := func(beta float64) *Node { return OneMinus(Exp(MulScalar(count, math.Log(beta)))) }
	unbias1, unbias2 := unbias(a.Beta1), unbias(a.Beta2)
	for i, p := range s.Params {
		g := grads[i]
		m := Add(MulScalar(s.Moments1[i], a.Beta1), MulScalar(g, 1-a.Beta1))
		v := Add(MulScalar(s.Moments2[i], a.Beta2), MulScalar(Mul(g, g), 1-a.Beta2))
		move := Mul(Div(Div(m, unbias1), AddScalar(Sqrt(Div(v, unbias2)), a.Eps)), rate)
		if shrink != nil {
			move = Add(move, Mul(p, shrink[i]))
		}
		next.Params = append(next.Params, Sub(p, move))
		next.Moments1, next.Moments2 = append(next.Moments1, m), append(next.Moments2, v)
	}
	return next
}
