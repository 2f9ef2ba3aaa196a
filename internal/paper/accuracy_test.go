// SPDX-License-Identifier: Apache-2.0

package paper

import (
	"math"
	"slices"
	"testing"
)

// TestAccuracyTables: a row has one cell for each column. A known cell is between 0 and
// 100, or is a printed NaN. Each cell names its source.
func TestAccuracyTables(t *testing.T) {
	var numbers []string
	for _, table := range Tables() {
		numbers = append(numbers, table.Number)
		for _, row := range table.Rows {
			if len(row.Cells) != len(table.Columns) {
				t.Errorf("Table %s, %s: %d cells in %d columns", table.Number, row.Name, len(row.Cells), len(table.Columns))
			}
			for _, c := range row.Cells {
				known := c.Mark == Verified || c.Mark == Inferred
				if !known && c.Mark != Unknown || c.Mark == Unknown && !math.IsNaN(c.Value) || c.Value < 0 || c.Value > 100 || c.Source == "" {
					t.Errorf("Table %s, %s: %+v", table.Number, row.Name, c)
				}
			}
			if got := table.Row(row.Name); !slices.EqualFunc(got, row.Cells, func(a, b Cell) bool { return a.Percent() == b.Percent() }) {
				t.Errorf("Table %s has two rows %q", table.Number, row.Name)
			}
		}
	}
	if want := []string{"I", "II", "IV", "V", "VI", "VII"}; !slices.Equal(numbers, want) {
		t.Errorf("tables %q, want %q", numbers, want)
	}
	if Numbered("III") != nil || Numbered("IV").Row("absent") != nil {
		t.Error("a table or row that is not there")
	}
}

// TestAccuracyTablesAgree: numbers that determine each other agree to the printed
// digits, in the tables and in the paper's text.
func TestAccuracyTablesAgree(t *testing.T) {
	value := func(table, row string, column int) float64 { return Numbered(table).Row(row)[column].Value }
	near := func(what string, got, want float64) {
		if !(math.Abs(got-want) < 0.006) {
			t.Errorf("%s: %.3f, want %.3f", what, got, want)
		}
	}
	drops := 0.0
	for i := range Numbered("IV").Columns {
		near("drop", value("IV", "float", i)-value("IV", "Trio-ViT", i), value("IV", "drop", i))
		near("improvement", value("VI", "migration", i)-value("VI", "channel-wise grids", i), value("VI", "improvement", i))
		near("Trio-ViT in two tables", value("IV", "Trio-ViT", i), value("VI", "migration", i))
		drops += value("IV", "drop", i) / 4
	}
	near("the mean drop that a summary quotes", drops, 0.92)
	near("the mean drop of MBConvs in the text", (value("V", "float", 0)-value("V", "both", 0)+value("V", "float", 1)-value("V", "both", 1))/2, 0.54)
	for i, network := range Numbered("V").Columns {
		at := slices.Index(Numbered("IV").Columns, network)
		near("float of "+network, value("V", "float", i), value("IV", "float", at))
		near("Trio-ViT of "+network, value("V", "Trio-ViT", i), value("IV", "Trio-ViT", at))
	}
	near("W8A8 in Tables I and V", value("I", "W8A8", 0), value("V", "MBConv vanilla", 0))
	near("W8A8 in Table I and the logs", value("I", "W8A8", 0), value("II", "everything", 0))
}

func TestCellPercent(t *testing.T) {
	for want, c := range map[string]Cell{
		"79.39 V": verified(79.39, "here"), "82.10 V": verified(82.1, "here"), "28.716 I": inferred(28.716, "here"),
		"NaN I": inferred(math.NaN(), "here"), "unknown U": unknown("why"),
	} {
		if got := c.Percent(); got != want || c.Known() != (c.Mark != Unknown) {
			t.Errorf("%+v is written %q, want %q", c, got, want)
		}
	}
}
