// SPDX-License-Identifier: Apache-2.0

package energy

import (
	"math"

	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// Horowitz45nm returns the rough energies of a 45 nm process at 0.9 V in M. Horowitz,
// "Computing's energy problem (and what we can do about it)", ISSCC 2014, Fig. 1.1.9. They
// are for an ASIC. So a ratio of two designs is more reliable than a sum, and neither
// describes the paper's FPGA. Caches and DRAM are given per 64 bits. The DRAM is given as
// 1.3 to 2.6 nJ, and the middle is taken. Multiplications by a scale, tables and shifts
// are not in the figure.
func Horowitz45nm() *Table {
	const word = 8 // size of a word in bytes
	return &Table{
		Name:      "45 nm, 0.9 V, rough",
		Source:    "Horowitz, ISSCC 2014, Fig. 1.1.9",
		Multiply8: 0.2,
		Add32:     0.1,
		SRAM:      []SRAM{{KiB: 8, Byte: 10. / word}, {KiB: 32, Byte: 20. / word}, {KiB: 1024, Byte: 100. / word}},
		DRAM:      (1300. + 2600.) / 2 / word,
		Auxiliary: math.NaN(),
		Units:     map[workload.Unit]float64{workload.SumAdder: 0.1, workload.Adder: 0.1, workload.Pool: 0.1}, // each is a 32-bit addition
	}
}

// Derived45nm returns [Horowitz45nm] with the entries that the figure lacks, derived from
// those that it has. A total by this table is complete, and only as good as these
// derivations, which its sources spell out. The figure has additions of 8 and 32 bits
// (0.03 and 0.1 pJ) and multiplications of 8 and 32 bits (0.2 and 3.1 pJ).
func Derived45nm() *Table {
	const add8 = 0.03
	t := Horowitz45nm()
	t.Name += ", with derived entries"
	t.Sources = make(map[string]string)
	derive := func(u workload.Unit, pJ float64, why string) {
		t.Units[u] = pJ
		t.Sources[u.String()] = "derived: " + why
	}
	derive(workload.Log2, 2*t.Add32, "the leading one and the rounding, each as a 32-bit addition")
	derive(workload.Shifter, t.Add32, "a shift as a 32-bit addition")
	derive(workload.Divider, 8*t.Add32, "8 bits of the quotient, each a 32-bit subtraction")
	derive(workload.Requantize, 2*t.Add32, "a 32-bit addition to round, a shift as another")
	derive(workload.Activation, 6*add8, "Hardswish: a 16-bit addition and two bounds, each as two 8-bit additions")
	derive(workload.Resizer, 48*t.Add32, "bicubic: eight products with constants of six digits, each a 32-bit addition")
	t.Auxiliary = t.Multiply8
	t.Sources[auxiliary] = "derived: as an 8-bit multiplication; one of 32 bits costs 15.5 times as much in the figure, for 16 times as many products of bits"
	largest := t.SRAM[len(t.SRAM)-1]
	t.SRAM = append(t.SRAM, SRAM{1 << 20, largest.Byte, "derived: banks of 1 MiB of which one works, without the wires between"})
	return t
}
