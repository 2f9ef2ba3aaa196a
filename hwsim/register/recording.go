// SPDX-License-Identifier: Apache-2.0

package register

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/table"
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

// Table has a row per cycle and a column per lane: the products that the lane adds, and its
// registers afterwards. In the pointwise mode of R-MAC only the last register is shown, the
// lane's sum.
func (r Recording) Table() table.Table {
	if len(r) == 0 {
		return table.Table{}
	}
	t := table.Table{Columns: table.Columns("cycle"), LeftText: true}
	for i := range r[0].MAT {
		t.Columns = append(t.Columns, table.Column{Name: fmt.Sprintf("MAT lane %d", i+1)})
	}
	for i := range r[0].RMAC {
		t.Columns = append(t.Columns, table.Column{Name: fmt.Sprintf("R-MAC lane %d", i+1)})
	}
	for _, now := range r {
		row := []any{now.Cycle}
		for i, sum := range now.MAT {
			row = append(row, now.MATProducts[i].line(sum))
		}
		for i, registers := range now.RMAC {
			p := now.RMACProducts[i]
			if !p.Depthwise {
				registers = registers[len(registers)-1:]
			}
			row = append(row, p.line(registers...))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// String is the text of [Recording.Table], which ends with a line break.
func (r Recording) String() string { return r.Table().String() }

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
