// SPDX-License-Identifier: Apache-2.0

package intgraph_test

import (
	"testing"

	"github.com/gotriovit/gotriovit/internal/platform"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/forward/intgraph"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/integertest"
)

func executor(m *integer.Model) (integertest.Run, error) {
	e, err := intgraph.New(m)
	if err != nil {
		return nil, err
	}
	return e.Run, nil
}

// TestConformance: the graph makes the reference's integers.
func TestConformance(t *testing.T) {
	integertest.Test(t, executor)
}

func cutExecutor(c *integer.Cut) (integertest.CutRun, error) {
	e, err := intgraph.NewCut(c)
	if err != nil {
		return nil, err
	}
	return e.RunCut, nil
}

// TestCuts: the graph of a cut makes the reference's integers.
func TestCuts(t *testing.T) {
	backend, err := forward.Backend()
	if err != nil {
		t.Fatal(err)
	}
	if backend.Name() == platform.XLA {
		t.Skip("XLA compiles each of many cuts: package calib runs those of networks there")
	}
	integertest.TestCuts(t, cutExecutor)
}
