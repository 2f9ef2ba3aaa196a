// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/gotriovit/gotriovit/hwsim/compare"
	"github.com/gotriovit/gotriovit/internal/paper"
)

// Comparison draws a table of hardware, such as Table III ([compare.Resources]) or VIII
// ([compare.Accelerators]): a panel for each column, computed rows filled and printed ones
// hollow, each number with its mark. An unknown number has no dot and is labelled as
// unknown.
func Comparison(t *compare.Table) (*Figure, error) {
	if len(t.Columns) == 0 || len(t.Printed)+len(t.Computed) == 0 {
		return nil, fmt.Errorf("charts: comparison %q: %d columns, %d rows: at least one of each is needed", t.Title, len(t.Columns), len(t.Printed)+len(t.Computed))
	}
	for _, r := range slices.Concat(t.Computed, t.Printed) {
		if len(r.Numbers) != len(t.Columns) {
			return nil, fmt.Errorf("charts: comparison %q: %s has %d numbers in %d columns", t.Title, r.Name, len(r.Numbers), len(t.Columns))
		}
	}
	const (
		top, pitch, foot = 108, 20, 68
		right            = 140
		own, theirs      = "computed", "printed"
	)
	table := plot.Columns("source", "row", "network", "column", "value", "mark")
	label := func(r compare.Row) string {
		if r.Network == "" {
			return r.Name
		}
		return r.Name + ", " + r.Network
	}
	var labels []string
	for _, r := range slices.Concat(t.Computed, t.Printed) {
		labels = append(labels, label(r))
	}
	left, bottom := plot.LabelRoom(labels), top
	var panels []plot.Panel
	var known, all [2]int // counts of cells, of computed rows and of printed ones
	for column, name := range t.Columns {
		p := plot.Panel{Title: name, Left: left, Top: bottom, Width: plot.FigureWidth - left - right, X: plot.Axis{}}
		var filled, hollow, words []plot.Point
		for i, r := range slices.Concat(t.Computed, t.Printed) {
			n := r.Numbers[column]
			if n.Mark == "" {
				continue // the row has no number in this column
			}
			source, dots, part := theirs, &hollow, 1
			if i < len(t.Computed) {
				source, dots, part = own, &filled, 0
			}
			all[part]++
			row := len(p.Y.Labels)
			p.Y.Labels = append(p.Y.Labels, label(r))
			table.Rows = append(table.Rows, []any{source, r.Name, r.Network, name, n.Value, string(n.Mark)})
			text, at := strings.TrimSuffix(n.String(), string(n.Mark))+"["+string(n.Mark)+"]", 0.0
			if n.Mark == paper.Unknown {
				text = "unknown " + text
			}
			if plot.Finite(n.Value) {
				at = n.Value
				known[part]++
				*dots = append(*dots, plot.Point{Name: label(r) + ": " + text, Value: []any{at, row}})
			}
			p.X.Hi = max(p.X.Hi, at)
			words = append(words, plot.Point{Name: "  " + text, Value: []any{at, row}})
		}
		if len(p.Y.Labels) == 0 {
			continue
		}
		p.X.Hidden = len(filled)+len(hollow) == 0
		p.X.Hi = plot.AxisEnd(p.X.Hi)
		p.Height = pitch * len(p.Y.Labels)
		p.Series = []echarts.SingleSeries{plot.Dots(own, plot.Blue, true, filled), plot.Dots(theirs, plot.Faint, false, hollow), plot.Captions(words)}
		panels = append(panels, p)
		bottom += p.Height + foot
	}
	title := fmt.Sprintf("%d of %d computed numbers are known, %d of %d printed ones", known[0], all[0], known[1], all[1])
	subtitle := t.Title + "\nFilled: computed here. Hollow: printed elsewhere. [C] computed, [V] verified, [I] inferred, [M] from memory, [U] unknown."
	return NewFigure(title, plot.FigureWidth, bottom, plot.Compose(title, subtitle, nil, panels), table)
}
