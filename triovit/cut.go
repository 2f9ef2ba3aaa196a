// SPDX-License-Identifier: Apache-2.0

package triovit

import "github.com/gotriovit/gotriovit/triovit/weights"

// Cut returns the operations Ops[from:to] as a separate model
// ([efficientvit.Network.Cut]), with the weights that they use.
func (m *Model) Cut(from, to int) (*Model, error) {
	net, err := m.Net.Cut(from, to)
	if err != nil {
		return nil, err
	}
	cut := *m
	cut.Net, cut.Weights = net, weights.Set{}
	for name := range net.Params() {
		if t, ok := m.Weights[name]; ok {
			cut.Weights[name] = t
		}
	}
	return &cut, nil
}
