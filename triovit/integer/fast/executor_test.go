// SPDX-License-Identifier: Apache-2.0

package fast

import (
	"testing"

	"github.com/gotriovit/gotriovit/internal/linked"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/integertest"
	"github.com/gotriovit/gotriovit/triovit/integer/internal/kernel"
)

// TestConformance: every set of kernels makes the reference's integers, in one part
// for each step and in as many as there can be.
func TestConformance(t *testing.T) {
	for _, set := range kernel.Sets() {
		for _, c := range []struct {
			name        string
			cores, part int
		}{{"one core", 1, minPart}, {"three cores", 3, 1}} {
			t.Run(set.Name+"/"+c.name, func(t *testing.T) {
				integertest.Test(t, func(m *integer.Model) (integertest.Run, error) {
					e, err := newExecutor(m, set, c.cores, c.part)
					if err != nil {
						return nil, err
					}
					return e.Run, nil
				})
			})
		}
	}
}

// TestLight: the executor links no tensor library, no HTTP, no weights, no data set.
func TestLight(t *testing.T) { linked.Light(t) }
