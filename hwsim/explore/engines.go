// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// Engines returns the space of sizes around a configuration: lanes and MACs of both
// engines, and copies, within the DSPs, LUTs and block RAMs of the paper's chip.
func Engines(base arch.Config, by hwsim.Model, w ...*workload.Workload) Space {
	chip := arch.XCZU9EG()
	s := Space{Base: base, Limits: Limits{DSPs: chip.DSPs, LUTs: chip.LUTs, BRAMs: chip.BRAMs}, Workloads: w, Model: by}
	for _, engine := range []string{"mat", "rmac"} {
		s.Axes = append(s.Axes, Over(engine+".lanes", 4, 6, 8, 12, 16, 24, 32), Over(engine+".macs", 4, 8, 16))
	}
	s.Axes = append(s.Axes, Over("copies", 2, 4, 8, 12, 14, 15, 16, 20, 24, 32))
	return s
}
