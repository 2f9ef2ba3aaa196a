// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/gotriovit/gotriovit/internal/paper"
)

// LadderData is the accuracy of one network under several recipes.
type LadderData struct {
	// Metric and Unit name the axis: "mIoU" and "%".
	Metric, Unit string
	// Dataset names the evaluation pictures, and Images counts them.
	Dataset string
	Images  int
	// Interval describes the bounds of a row, empty for a 95 % interval.
	Interval string
	// Rows are computed by this module. The first is the reference, the float network.
	Rows []LadderRow
	// Paper are printed numbers. Those of each network have an axis of their own, because
	// they are of another network or other pictures.
	Paper []LadderPaper
}

// LadderPaper holds the printed numbers of one network.
type LadderPaper struct {
	// Metric names the unit of the rows and their source: "top-1 %, EfficientViT-B1-R224,
	// ImageNet, Table V".
	Metric string
	Rows   []LadderRow
}

// LadderRow is the accuracy by one recipe.
type LadderRow struct {
	// Recipe is the quantization recipe's name.
	Recipe string
	// Value is the accuracy in the ladder's unit; NaN without a score, and where the paper
	// prints NaN.
	Value float64
	// Lo and Hi bound the interval; NaN without one.
	Lo, Hi float64
	// Mark is the mark of a paper's number: V verified, I inferred, U unknown. Computed
	// rows have none.
	Mark string
}

func (d LadderData) check() error {
	if len(d.Rows) == 0 {
		return fmt.Errorf("charts: ladder of %s on %s: no rows, need the reference and at least one recipe", d.Metric, d.Dataset)
	}
	for _, r := range d.Rows {
		if r.Mark != "" {
			return fmt.Errorf("charts: ladder of %s: measured row %q has the mark %q of a paper's number: it belongs in Paper", d.Metric, r.Recipe, r.Mark)
		}
		if plot.Finite(r.Lo) && plot.Finite(r.Hi) && r.Lo > r.Hi {
			return fmt.Errorf("charts: ladder of %s: the interval of %q runs from %v down to %v", d.Metric, r.Recipe, r.Lo, r.Hi)
		}
	}
	for _, p := range d.Paper {
		for _, r := range p.Rows {
			if r.Mark == "" {
				return fmt.Errorf("charts: ladder of %s: the paper's row %q has no mark, allowed are V, I and U", d.Metric, r.Recipe)
			}
		}
	}
	return nil
}

// finding compares the best and the worst recipe with the reference.
func (d LadderData) finding() string {
	ref, rest := d.Rows[0], d.Rows[1:]
	best, worst := -1, -1
	for i, r := range rest {
		if best < 0 || score(r) > score(rest[best]) {
			best = i
		}
		if worst < 0 || score(r) < score(rest[worst]) {
			worst = i
		}
	}
	reaches := func(r LadderRow) string {
		if math.IsNaN(r.Value) {
			return r.Recipe + " has " + plot.NoScore
		}
		return fmt.Sprintf("%s reaches %s %s", r.Recipe, d.amount(r), d.Metric)
	}
	switch {
	case best < 0:
		return reaches(ref)
	case score(rest[best]) == score(rest[worst]):
		return fmt.Sprintf("%s, %s %s", reaches(ref), rest[best].Recipe, d.amount(rest[best]))
	}
	fall := rest[worst].Recipe + " falls to " + d.amount(rest[worst])
	if math.IsNaN(rest[worst].Value) {
		fall = reaches(rest[worst])
	}
	return fmt.Sprintf("%s (%s: %s); %s", reaches(rest[best]), ref.Recipe, d.amount(ref), fall)
}

// score returns the accuracy by which rows are compared. A row without a score counts as
// minus infinity.
func score(r LadderRow) float64 {
	if math.IsNaN(r.Value) {
		return math.Inf(-1)
	}
	return r.Value
}

// amount writes the accuracy of a row with its unit and two decimals, as papers print it.
func (d LadderData) amount(r LadderRow) string {
	switch {
	case !math.IsNaN(r.Value):
		return strings.TrimSpace(strconv.FormatFloat(r.Value, 'f', 2, 64) + " " + d.Unit)
	case r.Mark == string(paper.Unknown):
		return "unknown"
	case r.Mark != "":
		return "NaN" // the paper prints NaN
	}
	return plot.NoScore
}

// Figure draws one bar per row with its 95 % interval, and the paper's rows
// below, apart. The table has one row per bar.
func (d LadderData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	const (
		top, pitch, foot  = 108, 30, 92
		right, labelWidth = 170, 7
	)
	left := 0
	for _, rows := range append([]LadderPaper{{Rows: d.Rows}}, d.Paper...) {
		for _, r := range rows.Rows {
			left = max(left, labelWidth*utf8.RuneCountInString(r.Recipe)+24)
		}
	}
	left = min(left, plot.FigureWidth/2)
	width := plot.FigureWidth - left - right
	panels := []plot.Panel{{
		Title: "Measured here",
		Left:  left, Top: top, Width: width, Height: pitch * len(d.Rows),
		X:      plot.Axis{Name: d.axisName(d.Metric), Hi: d.extent(d.Rows)},
		Y:      plot.Axis{Labels: recipes(d.Rows)},
		Series: d.bars("measured", d.Rows, func(i int) string { return d.barColor(i) }),
	}}
	bottom := top + panels[0].Height
	for _, p := range d.Paper {
		printed := plot.Panel{
			Title: "Printed elsewhere, not measured here",
			Left:  left, Top: bottom + foot, Width: width, Height: pitch * len(p.Rows),
			X:      plot.Axis{Name: d.axisName(p.Metric), Hi: d.extent(p.Rows)},
			Y:      plot.Axis{Labels: recipes(p.Rows)},
			Series: d.bars("paper", p.Rows, func(int) string { return plot.Shade }),
		}
		panels = append(panels, printed)
		bottom = printed.Top + printed.Height
	}
	title := d.finding()
	subtitle := fmt.Sprintf("%s on %s, %s images. Black line: %s. ↓ is the loss against %s.",
		d.Metric, d.Dataset, plot.Count(d.Images), cmp.Or(d.Interval, "95 % interval"), d.Rows[0].Recipe)
	if len(d.Paper) > 0 {
		subtitle += " [V] read in a source, [I] inferred."
	}
	table := plot.Columns("source", "recipe", d.Metric, "low", "high", "mark", "of")
	for _, r := range d.Rows {
		table.Rows = append(table.Rows, []any{"measured", r.Recipe, r.Value, r.Lo, r.Hi, "", d.Dataset})
	}
	for _, p := range d.Paper {
		for _, r := range p.Rows {
			table.Rows = append(table.Rows, []any{"paper", r.Recipe, r.Value, r.Lo, r.Hi, r.Mark, p.Metric})
		}
	}
	return NewFigure(title, plot.FigureWidth, bottom+50, plot.Compose(title, plot.Wrap(subtitle, 12, plot.FigureWidth-40), nil, panels), table)
}

func (d LadderData) axisName(metric string) string {
	if d.Unit == "" || strings.Contains(metric, d.Unit) {
		return metric
	}
	return metric + ", " + d.Unit
}

// barColor returns the colour of bar i: grey for the reference, which is row 0, and blue
// for every recipe.
func (d LadderData) barColor(i int) string {
	if i == 0 {
		return plot.Faint
	}
	return plot.Blue
}

func recipes(rows []LadderRow) []string {
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.Recipe
	}
	return names
}

// extent returns the end of the axis that holds every accuracy and interval. The axis
// begins at zero, since a bar's length is the accuracy.
func (d LadderData) extent(rows []LadderRow) float64 {
	top := 0.0
	for _, r := range rows {
		for _, v := range []float64{r.Value, r.Hi} {
			if plot.Finite(v) {
				top = max(top, v)
			}
		}
	}
	return plot.AxisEnd(top)
}

// bars returns the series of the bars with their intervals, and the series of the texts
// behind the bars. A row's position is its index, since two rows may have the same name.
func (d LadderData) bars(name string, rows []LadderRow, color func(int) string) []echarts.SingleSeries {
	bars := make([]opts.BarData, len(rows))
	var texts []plot.Point
	var intervals []any
	for i, r := range rows {
		text, end := d.amount(r), 0.0
		bars[i] = opts.BarData{ItemStyle: &opts.ItemStyle{Color: color(i)}}
		if plot.Finite(r.Value) {
			bars[i].Value, end = r.Value, r.Value
		}
		if loss := rows[0].Value - r.Value; i > 0 && plot.Finite(loss) {
			text += fmt.Sprintf(" %s%.2f", arrow(loss), math.Abs(loss))
		}
		if plot.Finite(r.Lo) && plot.Finite(r.Hi) {
			text += fmt.Sprintf(" [%.2f, %.2f]", r.Lo, r.Hi)
			end = max(end, r.Hi)
			intervals = append(intervals, []any{
				map[string]any{"coord": []any{r.Lo, i}}, map[string]any{"coord": []any{r.Hi, i}},
			})
		}
		if r.Mark != "" {
			text += " [" + r.Mark + "]"
		}
		bars[i].Name = r.Recipe + ": " + text
		texts = append(texts, plot.Point{Name: text, Value: []any{end, i}})
	}
	bar := echarts.SingleSeries{Name: name, Type: "bar", BarWidth: "62%", Data: bars}
	if intervals != nil {
		bar.MarkLines = &opts.MarkLines{Data: intervals, MarkLineStyle: opts.MarkLineStyle{
			Symbol: []string{"none", "none"}, Label: &opts.Label{Show: opts.Bool(false)},
			LineStyle: &opts.LineStyle{Color: plot.Ink, Width: 2, Type: "solid"},
		}}
	}
	return []echarts.SingleSeries{bar, {
		Type: "scatter", SymbolSize: 0.01, Data: texts,
		Label: &opts.Label{Show: opts.Bool(true), Formatter: "{b}", Position: "right", Color: plot.Ink, FontSize: 12, BackgroundColor: plot.Ground},
	}}
}

func arrow(loss float64) string {
	if loss < 0 {
		return "↑"
	}
	return "↓"
}
