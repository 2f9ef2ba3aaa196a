// SPDX-License-Identifier: Apache-2.0

package frozentest

import (
	"testing"

	"github.com/gotriovit/gotriovit/triovit/forward/intgraph"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/integertest"
)

// TestGraph: the GoMLX graph of every frozen network makes the reference's integers.
func TestGraph(t *testing.T) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			m, pictures := c.Open(t)
			integertest.Equal(t, func(m *integer.Model) (integertest.Run, error) {
				e, err := intgraph.New(m)
				if err != nil {
					return nil, err
				}
				return e.Run, nil
			}, m, pictures)
		})
	}
}
