// SPDX-License-Identifier: Apache-2.0

package tables

import (
	"fmt"
	"math"

	"github.com/gotriovit/gotriovit/internal/paper"
)

// Agreement returns a sentence on how far the table agrees with the paper's. It takes the
// pairs of rows whose scores are both printed and computed, and counts those in the same
// order. Scores of other networks and pictures cannot be compared in any other way. A NaN,
// printed or computed, is below every score.
func (t *Table) Agreement() string {
	same, pairs := 0, 0
	differs := ""
	for i := range t.Rows {
		for j := range i {
			a, b := &t.Rows[j], &t.Rows[i]
			for column := range t.Columns {
				printed, ok := order(a.Beside, b.Beside, column)
				if !ok || printed == 0 {
					continue
				}
				pairs++
				if computed := above(a.Spread().Mean) - above(b.Spread().Mean); computed != 0 && (computed > 0) == (printed > 0) {
					same++
				} else if differs == "" {
					differs = fmt.Sprintf("; not so %q and %q", a.Name, b.Name)
				}
			}
		}
	}
	if pairs == 0 {
		return fmt.Sprintf("**Table %s.** No two of the paper's scores are at hand: nothing can be compared.", t.Number)
	}
	return fmt.Sprintf("**Table %s.** Of %d pairs of printed scores %d stand in the same order here%s.", t.Number, pairs, same, differs)
}

// above returns a score for comparisons: -1 for NaN, so that NaN is below all scores.
func above(score float64) float64 {
	if math.IsNaN(score) {
		return -1
	}
	return score
}

// order returns the difference of two printed scores of a column. ok is false unless both
// rows have a known number there.
func order(a, b []paper.Cell, column int) (difference float64, ok bool) {
	if column >= len(a) || column >= len(b) || !a[column].Known() || !b[column].Known() {
		return 0, false
	}
	return above(a[column].Value) - above(b[column].Value), true
}
