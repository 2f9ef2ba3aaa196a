// SPDX-License-Identifier: Apache-2.0

package hwsim

import "github.com/gotriovit/gotriovit/hwsim/workload"

// Horowitz45nm returns the rough energies of a 45 nm process at 0.9 V that
// M. Horowitz gives in "Computing's energy problem (and what we can do about
// it)", ISSCC 2014, Fig. 1.1.9. They are of an ASIC: a ratio of two designs says
// more than a sum, and neither says anything about the paper's FPGA. Caches and
// DRAM are given per 64 bits, the DRAM as 1.3 to 2.6 nJ, of which the middle is
// taken. Multiplications by a scale, tables and shifts are not in the figure.
func Horowitz45nm() *EnergyTable {
	const word = 8 // bytes
	return &EnergyTable{
		Name:      "45 nm, 0.9 V, rough",
		Source:    "Horowitz, ISSCC 2014, Fig. 1.1.9",
		Multiply8: 0.2,
		Add32:     0.1,
		SRAM:      []SRAMEnergy{{8, 10. / word}, {32, 20. / word}, {1024, 100. / word}},
		DRAM:      (1300. + 2600.) / 2 / word,
		Units:     map[workload.Unit]float64{workload.SumAdder: 0.1, workload.Adder: 0.1, workload.Pool: 0.1}, // 32-bit additions
	}
}
