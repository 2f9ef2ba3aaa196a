// SPDX-License-Identifier: Apache-2.0

package tables

import (
	"math"
	"testing"

	"github.com/gotriovit/gotriovit/internal/paper"
	"github.com/gotriovit/gotriovit/triovit"
)

func TestAgreement(t *testing.T) {
	cell := func(v float64) []paper.Cell { return []paper.Cell{{Value: v, Mark: paper.Verified}} }
	row := func(name string, score float64, beside []paper.Cell) Row {
		return Row{Name: name, Scores: []Score{{Score: triovit.Estimate{Value: score}}}, Beside: beside}
	}
	unknown := []paper.Cell{{Value: math.NaN(), Mark: paper.Unknown}}
	for name, test := range map[string]struct {
		rows []Row
		want string
	}{
		"same order":   {[]Row{row("a", 0.8, cell(79)), row("b", 0.1, cell(3))}, "**Table V.** Of 1 pairs of printed scores 1 stand in the same order here."},
		"other order":  {[]Row{row("a", 0.1, cell(79)), row("b", 0.8, cell(3))}, `**Table V.** Of 1 pairs of printed scores 0 stand in the same order here; not so "a" and "b".`},
		"printed NaN":  {[]Row{row("a", 0.8, cell(79)), row("b", 0.1, cell(math.NaN()))}, "**Table V.** Of 1 pairs of printed scores 1 stand in the same order here."},
		"computed NaN": {[]Row{row("a", 0.8, cell(79)), row("b", math.NaN(), cell(3))}, "**Table V.** Of 1 pairs of printed scores 1 stand in the same order here."},
		"equal here":   {[]Row{row("a", 0.8, cell(79)), row("b", 0.8, cell(3))}, `**Table V.** Of 1 pairs of printed scores 0 stand in the same order here; not so "a" and "b".`},
		"unknown":      {[]Row{row("a", 0.8, cell(79)), row("b", 0.1, unknown)}, "**Table V.** No two of the paper's scores are at hand: nothing can be compared."},
	} {
		t.Run(name, func(t *testing.T) {
			table := Table{Number: "V", Columns: []string{"B1"}, Rows: test.rows}
			if got := table.Agreement(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
