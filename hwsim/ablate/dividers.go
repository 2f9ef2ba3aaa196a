// SPDX-License-Identifier: Apache-2.0

package ablate

import (
	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// RealDividers is a design that divides instead of rounding divisors to powers
// of two and shifting: no log2 module, and one divider per copy that ends a
// quotient in each cycle. The paper gives no divider's size, so that throughput
// is an assumption, and the logic that it takes is not known.
func RealDividers(w *workload.Workload, c arch.Config, scope hwsim.Scope) (Ablation, error) {
	c.Auxiliary.Shifter, c.Auxiliary.Log2 = 1, freeRate
	return ablation("log2 divisors", c, unknown("the closed form has no division"), eventDriven(w, c, scope, hwsim.BothPipelines))
}

// freeRate is more than a copy can deliver: the module is not there.
const freeRate = 1 << 16
