// SPDX-License-Identifier: Apache-2.0

package register

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
)

// A Recording keeps the registers of every cycle. Its Watch method is the [Watch] of one
// operation:
//
//	var cycles register.Recording
//	y, trace, err := register.Convolution(c, x, conv, cycles.Watch)
//	fmt.Print(cycles)
type Recording []Registers

// Watch keeps a copy of the registers.
func (r *Recording) Watch(now Registers) {
	lanes := make([][]int32, len(now.RMAC))
	for i, l := range now.RMAC {
		lanes[i] = slices.Clone(l)
	}
	*r = append(*r, Registers{Cycle: now.Cycle, MAT: slices.Clone(now.MAT), RMAC: lanes,
		MATProducts: slices.Clone(now.MATProducts), RMACProducts: slices.Clone(now.RMACProducts)})
}

// String returns a table with a line per cycle and a column per lane: the products that
// the lane adds, and its registers afterwards. In the pointwise mode of R-MAC only the
// last register is shown, the lane's sum.
func (r Recording) String() string {
	if len(r) == 0 {
		return ""
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "cycle")
	for i := range r[0].MAT {
		fmt.Fprintf(w, "\tMAT lane %d", i+1)
	}
	for i := range r[0].RMAC {
		fmt.Fprintf(w, "\tR-MAC lane %d", i+1)
	}
	for _, now := range r {
		fmt.Fprintf(w, "\n%d", now.Cycle)
		for i, sum := range now.MAT {
			fmt.Fprintf(w, "\t%s", now.MATProducts[i].line(sum))
		}
		for i, registers := range now.RMAC {
			p := now.RMACProducts[i]
			if !p.Depthwise {
				registers = registers[len(registers)-1:]
			}
			fmt.Fprintf(w, "\t%s", p.line(registers...))
		}
	}
	fmt.Fprintln(w)
	w.Flush() // a strings.Builder has no error
	return b.String()
}

// line writes products and the registers behind them, "3×2 + 1×-1 → 5".
func (p Products) line(registers ...int32) string {
	if len(p.X) == 0 {
		return "-"
	}
	var products, sums []string
	for i := range p.X {
		products = append(products, fmt.Sprintf("%d×%d", p.X[i], p.W[i]))
	}
	for _, sum := range registers {
		sums = append(sums, fmt.Sprint(sum))
	}
	by := " + "
	if p.Depthwise {
		by = ", "
	}
	return strings.Join(products, by) + " → " + strings.Join(sums, ", ")
}
