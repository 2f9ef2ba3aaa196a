// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"fmt"
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/charts"
	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/tables"
	"github.com/gotriovit/gotriovit/internal/paper"
	"github.com/gotriovit/gotriovit/triovit/dataset"
)

// Losses draws each recipe's loss against float: a dot with the paired 95 % interval,
// which is far narrower than the interval of either score. The axis is logarithmic beyond
// a tenth of a point, so that small losses show beside large ones. A recipe without a
// score has no dot. The table has one row per recipe.
func Losses(c *calib.Climb) (*charts.Figure, error) { return lossesOf(c).Figure() }

// Ladder is [Losses] with the paper's own ablation of the same task in a panel below. The
// paper's losses are of another network on other pictures and have no intervals.
func Ladder(c *calib.Climb) (*charts.Figure, error) {
	d := lossesOf(c)
	printed := paper.Numbered("VII")
	if c.Float.Task == dataset.Classification {
		printed = paper.Numbered("V")
	}
	d.printed = printed.What(0)
	for i, r := range printed.Rows {
		if cell := r.Cells[0]; i > 0 {
			loss := printed.Rows[0].Cells[0].Value - cell.Value
			d.paper = append(d.paper, lossRow{name: r.Name, loss: loss, least: loss, top: loss, mark: string(cell.Mark)})
		}
	}
	return d.Figure()
}

// lossData are the losses of recipes against float, in points.
type lossData struct {
	metric, setting string
	rows            []lossRow
	// paper are printed losses, and printed names their unit, network, pictures and table.
	printed string
	paper   []lossRow
}

// A lossRow is one recipe's loss with its interval, NaN without a score.
type lossRow struct {
	name             string
	loss, least, top float64
	// mark is the mark of a printed loss: V, I or U. A printed loss has no interval.
	mark string
}

func lossesOf(c *calib.Climb) lossData {
	score, metric := c.Float.Score()
	d := lossData{metric: metric, setting: fmt.Sprintf("float has %s; %s pictures of %s, the same for all. Line: paired 95 %% interval.", score, plot.Count(c.Float.Images), c.Evaluation)}
	for i := range c.Rungs {
		d.rows = append(d.rows, lossOf(c.Rungs[i].Recipe.Name, &c.Rungs[i]))
	}
	return d
}

func lossOf(name string, r *calib.Rung) lossRow {
	if r.AgainstFloat == nil {
		return lossRow{name: name, loss: math.NaN(), least: math.NaN(), top: math.NaN()}
	}
	e := r.AgainstFloat.Difference
	return lossRow{name: name, loss: -100 * e.Value, least: -100 * e.Hi, top: -100 * e.Lo}
}

// finding compares the recipes that lose most and least.
func (d lossData) finding() string {
	var most, least lossRow
	for i, r := range d.rows {
		if i == 0 || order(r) > order(most) {
			most = r
		}
		if i == 0 || order(r) < order(least) {
			least = r
		}
	}
	if most.name == least.name {
		return fmt.Sprintf("%s: %s", most.name, d.amount(most))
	}
	return fmt.Sprintf("%s: %s; %s: %s", most.name, d.amount(most), least.name, d.amount(least))
}

// order returns the loss by which rows are compared. A row without a score counts as the
// loss of everything.
func order(r lossRow) float64 {
	if math.IsNaN(r.loss) {
		return math.Inf(1)
	}
	return r.loss
}

func (d lossData) amount(r lossRow) string {
	switch {
	case math.IsNaN(r.loss):
		return plot.NoScore
	case r.loss < 0:
		return fmt.Sprintf("%.2f points of %s more than float", -r.loss, d.metric)
	}
	return fmt.Sprintf("%.2f points of %s lost", r.loss, d.metric)
}

// pointUnit is where the axis of losses turns from linear to logarithmic, in points.
const pointUnit = 0.1

// text returns the text at the right of the row's dot.
func (r lossRow) text() string {
	switch {
	case math.IsNaN(r.loss) && r.mark != "":
		return "NaN [" + r.mark + "]" // the paper prints NaN
	case math.IsNaN(r.loss):
		return plot.NoScore
	case r.mark != "":
		return fmt.Sprintf("%.2f [%s]", r.loss, r.mark)
	}
	return fmt.Sprintf("%.2f [%.2f, %.2f]", r.loss, r.least, r.top)
}

// Figure draws the rows from top to bottom, and the printed ones below them, apart.
func (d lossData) Figure() (*charts.Figure, error) {
	if len(d.rows) == 0 {
		return nil, fmt.Errorf("charts: losses of %s: no recipe", d.metric)
	}
	const top, pitch, right, foot, apart = 84, 26, 210, 54, 92
	table := plot.Columns("source", "recipe", "lost points of "+d.metric, "low", "high", "mark")
	var names []string
	lo, hi := 0.0, 1.0
	for i, r := range slices.Concat(d.rows, d.paper) {
		names = append(names, r.name)
		if i < len(d.rows) {
			table.Rows = append(table.Rows, []any{"measured", r.name, r.loss, r.least, r.top, ""})
		} else {
			table.Rows = append(table.Rows, []any{"paper", r.name, r.loss, math.NaN(), math.NaN(), r.mark})
		}
		if !math.IsNaN(r.loss) {
			lo, hi = min(lo, r.least), max(hi, r.top)
		}
	}
	place, left := plot.Symlog{Unit: pointUnit}, plot.LabelRoom(names)
	from, to := place.Position(lo)-0.05, place.Position(1.1*hi)
	x := plot.Axis{Name: "points of " + d.metric + " lost to float, logarithmic beyond 0.1", Lo: from, Hi: to, Ticks: place.Ticks(from, to, nil)}
	measured := plot.Panel{Left: left, Top: top, Width: plot.FigureWidth - left - right, Height: pitch * len(d.rows),
		X: x, Y: plot.Axis{Labels: names[:len(d.rows)]}, Series: lossSeries(place, d.rows, plot.Blue)}
	panels, bottom := []plot.Panel{measured}, measured.Top+measured.Height
	setting := plot.Wrap(d.setting, 12, plot.FigureWidth-40)
	if d.paper != nil {
		setting += "\n[V] read in a source, [I] inferred."
		panels[0].Title = "Measured here"
		panels[0].Top += 34
		printed := plot.Panel{Title: "Printed elsewhere, not measured here: " + d.printed,
			Left: left, Top: panels[0].Top + measured.Height + apart, Width: measured.Width, Height: pitch * len(d.paper),
			X: x, Y: plot.Axis{Labels: names[len(d.rows):]}, Series: lossSeries(place, d.paper, plot.Faint)}
		panels, bottom = append(panels, printed), printed.Top+printed.Height
	}
	title := d.finding()
	return charts.NewFigure(title, plot.FigureWidth, bottom+foot, plot.Compose(title, setting, nil, panels), table)
}

// lossSeries draws rows from top to bottom: dots, the lines of their intervals, and texts.
func lossSeries(place plot.Symlog, rows []lossRow, color string) []echarts.SingleSeries {
	var dots, texts []plot.Point
	var intervals []any
	for i, r := range rows {
		if math.IsNaN(r.loss) {
			texts = append(texts, plot.Point{Name: r.text(), Value: []any{place.Position(0), i}})
			continue
		}
		dots = append(dots, plot.Point{Name: r.name + ": " + r.text(), Value: []any{place.Position(r.loss), i}})
		texts = append(texts, plot.Point{Name: r.text(), Value: []any{place.Position(r.top), i}})
		if r.least < r.top {
			intervals = append(intervals, []any{
				map[string]any{"coord": []any{place.Position(r.least), i}}, map[string]any{"coord": []any{place.Position(r.top), i}},
			})
		}
	}
	const size = 9 // diameter of a dot, beside which a text begins
	dot := echarts.SingleSeries{Name: "loss", Type: "scatter", Symbol: "circle", SymbolSize: size, Color: color, Data: dots}
	if intervals != nil {
		dot.MarkLines = &opts.MarkLines{Data: intervals, MarkLineStyle: opts.MarkLineStyle{
			Symbol: []string{"none", "none"}, Label: &opts.Label{Show: opts.Bool(false)},
			LineStyle: &opts.LineStyle{Color: color, Width: 2, Type: "solid"},
		}}
	}
	return []echarts.SingleSeries{dot, {
		Type: "scatter", SymbolSize: size, Data: texts, ItemStyle: &opts.ItemStyle{Color: "rgba(0,0,0,0)"},
		Label: &opts.Label{Show: opts.Bool(true), Formatter: "{b}", Position: "right", Color: plot.Ink, FontSize: 12},
	}}
}

// wayColors are the colours of the lines, in the order of the names of a [tables.Widths].
var wayColors = []string{plot.Ink, plot.Blue, plot.Vermillion, plot.Green, plot.Mauve, plot.Yellow}

// Widths draws scores against the width of the rounded operands: a line for each name with
// the paired 95 % interval of its difference to float, and a horizontal line for float.
// The table has a row for each name and width.
func Widths(w *tables.Widths) (*charts.Figure, error) {
	const left, top, width, height = 84, 84, 760, 320
	float, metric := w.Climb.Float.Score()
	table := plot.Columns("rounded", "bits", metric+" %", "lost points", "low", "high")
	labels := make([]string, len(w.Bits))
	for i, b := range w.Bits {
		labels[i] = fmt.Sprint(b)
	}
	var series []echarts.SingleSeries
	var names []string
	for i, name := range w.Names {
		color := wayColors[i%len(wayColors)]
		names = append(names, name)
		line := echarts.SingleSeries{Name: name, Type: "line", Color: color, Symbol: "circle", SymbolSize: 7, LineStyle: &opts.LineStyle{Color: color, Width: 1.8}}
		var points []plot.Point
		var intervals []any
		for j, b := range w.Bits {
			r := lossOf(name, w.At(name, b))
			score := 100*float.Value - r.loss
			table.Rows = append(table.Rows, []any{name, b, score, r.loss, r.least, r.top})
			if math.IsNaN(r.loss) {
				points = append(points, plot.Point{Name: fmt.Sprintf("%s, %d bits: %s", name, b, plot.NoScore), Value: []any{j, nil}})
				continue
			}
			points = append(points, plot.Point{Name: fmt.Sprintf("%s, %d bits: %.2f %%, lost %.2f [%.2f, %.2f]", name, b, score, r.loss, r.least, r.top), Value: []any{j, score}})
			intervals = append(intervals, []any{
				map[string]any{"coord": []any{j, 100*float.Value - r.top}}, map[string]any{"coord": []any{j, 100*float.Value - r.least}},
			})
		}
		line.Data = points
		if intervals != nil {
			line.MarkLines = &opts.MarkLines{Data: intervals, MarkLineStyle: opts.MarkLineStyle{
				Symbol: []string{"none", "none"}, Label: &opts.Label{Show: opts.Bool(false)},
				LineStyle: &opts.LineStyle{Color: color, Width: 3, Type: "solid"},
			}}
		}
		series = append(series, line)
	}
	series = append(series, echarts.SingleSeries{Name: "float", Type: "line", Color: plot.Faint, ShowSymbol: opts.Bool(false),
		LineStyle: &opts.LineStyle{Color: plot.Faint, Type: "dashed"}, Data: []plot.Point{{Name: "float", Value: []any{0, 100 * float.Value}}, {Name: "float", Value: []any{len(labels) - 1, 100 * float.Value}}}})
	title := widthsFinding(w, metric)
	subtitle := fmt.Sprintf("%s pictures, paired 95 %% intervals", plot.Count(w.Climb.Float.Images))
	p := plot.Panel{Left: left, Top: top, Width: width, Height: height,
		X: plot.Axis{Name: "bits", Labels: labels}, Y: plot.Axis{Name: metric + ", %", Lo: 0, Hi: plot.AxisEnd(100 * float.Value)}, Series: series}
	return charts.NewFigure(title, plot.FigureWidth, top+height+54, plot.Compose(title, subtitle, append(names, "float"), []plot.Panel{p}), table)
}

// widthsFinding names the kind of operand or the recipe that loses most at the first
// width, and those that have no score at that width.
func widthsFinding(w *tables.Widths, metric string) string {
	bits := w.Bits[0]
	worst := lossRow{loss: math.Inf(-1)}
	without := ""
	for _, name := range w.Names {
		switch r := lossOf(name, w.At(name, bits)); {
		case math.IsNaN(r.loss):
			without += fmt.Sprintf("; %s: %s", name, plot.NoScore)
		case r.loss > worst.loss:
			worst = r
		}
	}
	if worst.name == "" {
		return fmt.Sprintf("At %d bits there is %s", bits, plot.NoScore)
	}
	return fmt.Sprintf("At %d bits %s costs most: %s%s", bits, worst.name, lossData{metric: metric}.amount(worst), without)
}
