// SPDX-License-Identifier: Apache-2.0

package tables

import (
	"fmt"
	"math"

	"github.com/gotriovit/gotriovit/internal/paper"
)

// Agreement says in a sentence how far the table agrees with the paper's: of the pairs of
// rows of which both scores are printed and computed, how many stand in the same order.
// Scores of other networks and pictures compare in no other way. A NaN that is printed or
// computed is below every score.
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

// above orders scores, NaN below all.
func above(score float64) float64 {
	if math.IsNaN(score) {
		return -1
	}
	return score
}

// order returns the difference of two printed scores of a column, if both are known and
// placed: a row that nothing says is the one of two is not.
func order(a, b []paper.Cell, column int) (difference float64, ok bool) {
	if column >= len(a) || column >= len(b) || !a[column].Known() || !b[column].Known() {
		return 0, false
	}
	return above(a[column].Value) - above(b[column].Value), true
}
