// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/internal/paper"
)

// Ratios returns the claims of the paper and its companion, such as 3.6×, 5.0× and 7.3×
// more pictures per second than other accelerators, each recomputed.
//
// A printed row divides the operands that are at hand. Its columns are the claim, the
// paper's operand, the other accelerator's operand, and their ratio, which is unknown
// where an operand is. A computed row, one for each design of the claim's network, takes
// the design's number as the paper's operand.
func Ratios(designs ...hwsim.Estimate) *Table {
	t := &Table{Title: "Claimed ratios, recomputed where the operands are known",
		Columns: []string{"claimed", "own", "other", "ratio"}, Notes: notes(designs), Configs: configs(designs)}
	for i, claim := range paper.Ratios() {
		row := Row{Name: string(claim.Metric) + " over " + claim.Over, Network: claim.Network}
		if claim.Over == "" {
			row.Name, row.Network = string(claim.Metric)+" over an accelerator not named", "not named"
		}
		add := func(rows *[]Row, row Row, ours Number) {
			theirs := printed(claim.Theirs)
			row.Numbers = []Number{printed(claim.Printed), ours, theirs, ours.over(theirs)}
			*rows = append(*rows, row)
		}
		add(&t.Printed, row, printed(claim.Ours))
		if hypothesis(paper.Ratios()[:i], claim) {
			continue // the ratio was computed already
		}
		for j := range designs {
			if d := &designs[j]; strings.EqualFold(d.Workload, claim.Network) {
				own := row
				own.Name += ", " + d.Model
				add(&t.Computed, own, metric(d, claim.Metric))
			}
		}
	}
	return t
}

// hypothesis reports whether an earlier row has the same claim with another operand of the
// paper.
func hypothesis(before []paper.Ratio, claim paper.Ratio) bool {
	return slices.ContainsFunc(before, func(r paper.Ratio) bool {
		return r.Metric == claim.Metric && r.Network == claim.Network && r.Over == claim.Over
	})
}

// PublishedGOPS returns the throughput that the companion paper prints for
// EfficientViT-B1 at 224×224.
func PublishedGOPS() float64 { return paper.CompanionB1().GOPS.Value }
