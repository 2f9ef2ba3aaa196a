// SPDX-License-Identifier: Apache-2.0

package paper

import (
	"fmt"
	"math"
	"slices"
)

// A Table is a table of accuracies in percent, as the paper prints it.
type Table struct {
	// Number is the number of the table in the paper, a Roman numeral.
	Number string
	// About is the table's subject, Metric the unit of its numbers, and Dataset the
	// pictures.
	About, Metric, Dataset string
	// Columns are the names of the networks, and Rows the recipes.
	Columns []string
	Rows    []Row
	// Missing names the part of the printed table whose numbers are not available here.
	// It is empty if nothing is missing.
	Missing string
}

// A Row has a cell for each column of its table.
type Row struct {
	Name  string
	Cells []Cell
}

// Row returns the cells of the row with a name, or nil if there is none.
func (t *Table) Row(name string) []Cell {
	if i := slices.IndexFunc(t.Rows, func(r Row) bool { return r.Name == name }); i >= 0 {
		return t.Rows[i].Cells
	}
	return nil
}

// What returns the unit and the source of a column's numbers.
func (t *Table) What(column int) string {
	return fmt.Sprintf("%s %%, %s, %s, Table %s", t.Metric, t.Columns[column], t.Dataset, t.Number)
}

// The sources of accuracies.
const (
	excerpt  = "an excerpt of the paper"
	readme   = "EfficientViT's README"
	logs     = "the authors' logs; the cell is not at hand, and the row is told by the log's name: "
	order    = "an excerpt of the paper, in which the marks of the rows are lost"
	drops    = "the difference of the two cells above"
	topOne   = "top-1"
	imageNet = "ImageNet"
)

// Tables returns the paper's tables of accuracies in its order: I, II, IV, V, VI and
// VII. Tables III and VIII are about hardware: see [Resources] and [Accelerators].
func Tables() []Table {
	v := func(x float64) Cell { return verified(x, excerpt) }
	i := func(x float64, from string) Cell { return inferred(x, from) }
	each := func(from func(float64) Cell, values ...float64) []Cell {
		cells := make([]Cell, len(values))
		for k, x := range values {
			cells[k] = from(x)
		}
		return cells
	}
	lost := func(x float64) Cell { return i(x, order) }
	log := func(name string, x float64) []Cell { return []Cell{i(x, logs+name)} }
	fp := []Cell{verified(79.39, excerpt+", "+readme), verified(79.92, readme), verified(80.41, readme), verified(82.10, excerpt+", "+readme)}
	four := []string{"B1-R224", "B1-R256", "B1-R288", "B2-R224"}
	nan := math.NaN()
	return []Table{
		{
			Number: "I", About: "widths of activations, with weights of 8 bits", Metric: topOne, Dataset: imageNet, Columns: four[:1],
			Rows: []Row{
				{"float", []Cell{i(79.38, "the drops that are printed are relative to it")}},
				{"W8", each(v, 79.39)}, {"W8A16", each(v, 79.32)}, {"W8A12", each(v, 78.86)}, {"W8A10", each(v, 75.08)}, {"W8A8", each(v, 3.23)},
			},
		},
		{
			Number: "II", About: "which tensors break W8A8", Metric: topOne, Dataset: imageNet, Columns: four[:1],
			Missing: "the layout and the cells of the printed table; the numbers are those of the authors' logs",
			Rows: []Row{
				{"float", []Cell{i(79.39, "Table V; not in the excerpts of Table II")}},
				{"everything", log("w8_a8", 3.232)},
				{"all but MSA", log("w8_a8_wo_attn_all", 3.166)},
				{"all but MSA and DW inputs", log("w8_a8_wo_MB1_attn_all", 28.716)},
				{"all but MSA and PW2 inputs", log("w8_a8_wo_MB2_attn_all", 8.846)},
				{"all but MSA, DW and PW2 inputs", log("w8_a8_wo_MB3_attn_all", 79.128)},
				{"all but MSA and MBConv", log("w8_a8_wo_MB_attn_all", 79.240)},
				{"all but EfficientViT modules", log("w8_a8_wo_efficientvit", 26.342)},
				{"all but other MBConvs", log("w8_a8_wo_other_mb", 8.340)},
				{"divisors alone, uniform", []Cell{i(nan, "the table's text says that uniform divisors give NaN; its cell is not at hand")}},
			},
		},
		{
			Number: "IV", About: "accuracy in float and by Trio-ViT", Metric: topOne, Dataset: imageNet, Columns: four,
			Missing: "the layout and the baselines of the printed table; the mean drop, 0.92, is quoted in a summary and is that of these four",
			Rows: []Row{
				{"float", fp},
				{"Trio-ViT", each(func(x float64) Cell { return verified(x, excerpt+", by Table VI") }, 78.64, 78.93, 79.58, 80.97)},
				{"drop", each(func(x float64) Cell { return i(x, drops) }, 0.75, 0.99, 0.83, 1.13)},
			},
		},
		{
			Number: "V", About: "ablation of the techniques", Metric: topOne, Dataset: imageNet, Columns: []string{four[0], four[3]},
			Missing: "the check marks that say which row is which, but for the first and the last",
			Rows: []Row{
				{"float", each(v, 79.39, 82.10)},
				{"everything vanilla", each(lost, nan, nan)},
				{"MBConv vanilla", each(lost, 3.23, 0.68)},
				{"shifting", each(lost, 7.51, 78.52)},
				{"migration", each(lost, 28.75, 0.94)},
				{"both", each(lost, 79.05, 81.36)},
				{"both, MSA uniform", each(lost, nan, nan)},
				{"Trio-ViT", each(v, 78.64, 80.97)},
			},
		},
		{
			Number: "VI", About: "channel-wise grids for DW inputs in place of channel-wise migration", Metric: topOne, Dataset: imageNet, Columns: four,
			Rows: []Row{
				{"channel-wise grids", each(v, 69.25, 78.83, 79.36, 79.98)},
				{"migration", each(v, 78.64, 78.93, 79.58, 80.97)},
				{"improvement", append(each(func(x float64) Cell { return verified(x, excerpt+", of which the first digit is at hand") }, 9.39),
					each(func(x float64) Cell { return i(x, drops) }, 0.10, 0.22, 0.99)...)},
			},
		},
		{
			Number: "VII", About: "ablation of the techniques on a segmentation", Metric: "mIoU", Dataset: "Cityscapes", Columns: []string{"B0 at R1024"},
			Missing: "which row is which; of the single techniques it is not known which has which number",
			Rows: []Row{
				{"float (README)", []Cell{verified(75.653, readme)}},
				{"MBConv vanilla", each(lost, 36.89)},
				{"one technique", each(lost, 72.51)},
				{"the other technique", each(lost, 29.02)},
				{"both", each(lost, 75.22)},
				{"both, MSA uniform", each(lost, 1.12)},
				{"Trio-ViT", each(lost, 74.83)},
			},
		},
	}
}

// Numbered returns the table of accuracies with a number, or nil if there is none.
func Numbered(number string) *Table {
	for _, t := range Tables() {
		if t.Number == number {
			return &t
		}
	}
	return nil
}
