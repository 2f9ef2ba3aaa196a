// SPDX-License-Identifier: Apache-2.0

package frozentest

import (
	"testing"

	"github.com/gotriovit/gotriovit/triovit/forward/intgraph"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/fast"
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

// TestFast: the fast executor makes the reference's integers of every frozen network,
// and on every other set of kernels those of the built-in model.
func TestFast(t *testing.T) {
	executor := integertest.Holding(func(m *integer.Model) (integertest.Run, error) {
		e, err := fast.New(m)
		if err != nil {
			return nil, err
		}
		return e.Run, nil
	}, func(m *integer.Model) []string {
		e, err := fast.New(m)
		if err != nil {
			t.Fatal(err)
		}
		return e.Holds()
	})
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			m, pictures := c.Open(t)
			integertest.Equal(t, executor, m, pictures)
		})
	}
	m, pictures := prepared("", "", "", 1, 3).Open(t)
	for _, kernels := range []string{"avxvnni", "avx2", "portable"} {
		t.Run(kernels, func(t *testing.T) {
			t.Setenv("TRIOVIT_KERNEL", kernels)
			if _, err := fast.New(m); err != nil {
				t.Skip(err)
			}
			integertest.Equal(t, executor, m, pictures)
		})
	}
}
