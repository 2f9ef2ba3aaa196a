// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/internal/paper"
)

// Resources returns the use of the chip by the paper's accelerator and by configurations,
// part by part: the DSPs of the engines' multipliers, the estimated DSPs of the auxiliary
// units ([arch.Config.AuxiliaryDSPs]), the block RAMs of the buffers, and the look-up
// tables of the arithmetic ([arch.Config.LUTParts]). Registers, control and wires are not
// modelled, and are unknown.
func Resources(configs ...arch.Config) *Table {
	chip := arch.XCZU9EG()
	t := &Table{Title: "Resources (Table III of the paper, whose cells are not at hand)",
		Columns: []string{"DSPs", "BRAMs of 36 Kbit", "LUTs", "FFs"}, Configs: configs}
	for _, u := range paper.Resources() {
		row := Row{Name: u.Name + " on " + u.Device}
		for _, c := range []paper.Cell{u.DSPs, u.BRAMs, u.LUTs, u.FFs} {
			row.Numbers = append(row.Numbers, printed(c))
		}
		t.Printed = append(t.Printed, row)
	}
	for _, c := range configs {
		part := func(name string, dsps, brams, luts Number) {
			t.Computed = append(t.Computed, Row{Name: c.Name + ", " + name, Numbers: []Number{dsps, brams, luts, unknown}})
		}
		dsps, brams := computed(float64(c.DSPs())), computed(float64(c.BRAMs()))
		part("MAT and R-MAC", computed(float64(c.EngineDSPs())), none, none)
		b := c.Buffers
		for _, m := range []struct {
			name   string
			buffer arch.Buffer
		}{{"input", b.Input}, {"weight", b.Weight}, {"output", b.Output}, {"divisor", b.Divisor}} {
			part(m.name+" buffer", none, computed(float64(m.buffer.BRAMs())), unknown)
		}
		part("auxiliary units", computed(float64(c.AuxiliaryDSPs())), none, none)
		for _, l := range c.LUTParts() {
			part(l.Part, none, none, computed(float64(l.N)))
		}
		part("all that is modelled", dsps, brams, computed(float64(c.LUTs())))
		t.Notes = append(t.Notes, fmt.Sprintf("%s: engines, auxiliary units and buffers take %.1f %% of the DSPs and %.1f %% of the block RAMs of %s",
			c.Name, 100*dsps.Value/float64(chip.DSPs), 100*brams.Value/float64(chip.BRAMs), chip.Name))
	}
	return t
}
