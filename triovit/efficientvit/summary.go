// SPDX-License-Identifier: Apache-2.0

package efficientvit

import (
	"fmt"

	"github.com/gotriovit/gotriovit/table"
)

// A RoleCount sums the layers, parameters and multiply-accumulates of one role.
type RoleCount struct {
	Role Role
	// Layers is the number of operations that multiply.
	Layers       int
	Params, MACs int64
}

// CountByRole returns the layers, parameters and multiply-accumulates of every role
// with parameters or multiply-accumulates, in the order of the roles.
func (n *Network) CountByRole() []RoleCount {
	sums := make([]RoleCount, roleEnd)
	for i := range n.Ops {
		op := &n.Ops[i]
		s := &sums[op.Role]
		s.Role = op.Role
		s.Params += op.ParamCount()
		if macs := n.MACs(op); macs > 0 {
			s.Layers++
			s.MACs += macs
		}
	}
	var counts []RoleCount
	for _, s := range sums {
		if s.Params > 0 || s.MACs > 0 {
			counts = append(counts, s)
		}
	}
	return counts
}

// Table returns a summary of the network: its input and output, and the cost of each
// role.
func (n *Network) Table() table.Table {
	var s table.Writer
	total := n.TotalMACs()
	fmt.Fprintf(&s, "%s: %v to %v, %d operations, %.2f M parameters, %.1f M MACs\n",
		n.Name, n.Input().Shape, n.Output().Shape, len(n.Ops), float64(n.ParamCount())/1e6, float64(total)/1e6)
	s.Table("role\tlayers\tparameters\tM MACs\tshare\t", func(row func(string, ...any)) {
		for _, c := range n.CountByRole() {
			row("%s\t%d\t%d\t%.2f\t%.1f %%\t", c.Role, c.Layers, c.Params, float64(c.MACs)/1e6, 100*float64(c.MACs)/float64(total))
		}
	})
	return s.One()
}

// String returns the text of [Network.Table]. It ends with a line break.
func (n *Network) String() string { return n.Table().String() }
