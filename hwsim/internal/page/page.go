// SPDX-License-Identifier: Apache-2.0

// Package page has the parts that the printed pages of the timing models share.
package page

import (
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
)

// Needs returns two lines on the share of the paper's chip that the configuration needs.
func Needs(c arch.Config) string {
	chip := arch.XCZU9EG()
	return fmt.Sprintf("needs %d DSPs for the engines and, by an estimate of our own, %d for auxiliary units and %d LUTs of all arithmetic;\n"+
		"%d block RAMs of 36 Kbit for the buffers (%s of the ZCU102 has %d DSPs, %d LUTs and %d block RAMs)\n",
		c.EngineDSPs(), c.AuxiliaryDSPs(), c.LUTs(), c.BRAMs(), chip.Name, chip.DSPs, chip.LUTs, chip.BRAMs)
}

// Pictures counts pictures in words.
func Pictures(n int) string {
	if n == 1 {
		return "a picture"
	}
	return fmt.Sprintf("%d pictures", n)
}

// An OmissionSum is the omitted operations of one label and one cause.
type OmissionSum struct {
	Label, Why     string
	First          string // name of the first operation
	Ops            int
	MACs, Elements int64
}

// SumOmissions sums omissions by label and cause, in the order of the first of each.
func SumOmissions(list []hwsim.Omission, label func(*hwsim.Omission) string) []OmissionSum {
	var sums []OmissionSum
	for k := range list {
		o := &list[k]
		l := label(o)
		i := slices.IndexFunc(sums, func(s OmissionSum) bool { return s.Label == l && s.Why == o.Why })
		if i < 0 {
			i = len(sums)
			sums = append(sums, OmissionSum{Label: l, Why: o.Why, First: o.Name})
		}
		sums[i].Ops++
		sums[i].MACs += o.MACs
		sums[i].Elements += o.Elements
	}
	return sums
}
