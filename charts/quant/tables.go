// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"cmp"
	"fmt"
	"math"

	"github.com/gotriovit/gotriovit/charts"
	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/gotriovit/gotriovit/calib/tables"
	"github.com/gotriovit/gotriovit/internal/paper"
)

// PaperTable draws one of the paper's tables of accuracies: the computed scores, with 95 %
// intervals or, over draws of calibration pictures, one deviation to either side of the
// mean. The paper's numbers stand apart, in a panel for each network. Differences of rows
// ([tables.Contrast]) are not drawn.
func PaperTable(t *tables.Table) (*charts.Figure, error) {
	d := charts.LadderData{Metric: t.Metric, Unit: "%", Dataset: t.Evaluation, Images: t.EvaluationImages}
	if t.Draws > 1 {
		d.Interval = fmt.Sprintf("one deviation over %d draws of %d calibration pictures", t.Draws, t.Pictures)
	}
	for i := range t.Rows {
		r := &t.Rows[i]
		row := charts.LadderRow{Recipe: r.Name, Value: 100 * r.Spread().Mean, Lo: math.NaN(), Hi: math.NaN()}
		if t.Draws > 1 {
			row.Lo, row.Hi = row.Value-100*r.Spread().Deviation, row.Value+100*r.Spread().Deviation
		} else if s := r.Scores[0].Score; r.Spread().Draws > 0 {
			row.Lo, row.Hi = 100*s.Lo, 100*s.Hi
		}
		d.Rows = append(d.Rows, row)
	}
	for column, network := range t.Columns {
		p := charts.LadderPaper{Metric: fmt.Sprintf("%s, %s", network, t.Printed)}
		add := func(name string, cells []paper.Cell) {
			p.Rows = append(p.Rows, charts.LadderRow{Recipe: name, Value: cells[column].Value, Lo: math.NaN(), Hi: math.NaN(), Mark: string(cells[column].Mark)})
		}
		for i := range t.Rows {
			add(t.Rows[i].Name, t.Rows[i].Beside)
		}
		for _, r := range t.Unpaired {
			add(r.Name, r.Cells)
		}
		d.Paper = append(d.Paper, p)
	}
	return d.Figure()
}

// PicturesSweep draws the accuracy against the number of calibration pictures: the mean
// over draws in a band of one deviation to either side, each draw as a dot, and the float
// network's score as a line.
func PicturesSweep(s *tables.Sweep) (*charts.Figure, error) {
	d := sweepData{Recipe: s.Recipe.Name, Metric: s.Metric, Dataset: s.Evaluation, Images: s.EvaluationImages, Calibration: s.Calibration, Float: 100 * s.Float.Value}
	for i := range s.Points {
		p := &s.Points[i]
		point := sweepPoint{Pictures: p.Pictures, Mean: 100 * p.Spread().Mean, Deviation: 100 * p.Spread().Deviation}
		for _, score := range p.Scores {
			point.Draws = append(point.Draws, 100*score.Score.Value)
		}
		d.Points = append(d.Points, point)
	}
	return d.Figure()
}

// sweepData is the accuracy of a recipe against the number of calibration pictures, in
// percent.
type sweepData struct {
	Recipe, Metric, Dataset, Calibration string
	Images                               int
	Float                                float64
	Points                               []sweepPoint
}

// sweepPoint is one number of pictures.
type sweepPoint struct {
	Pictures int
	// Mean is NaN where no draw has a score, Deviation where fewer than two have.
	Mean, Deviation float64
	// Draws are the accuracies of the draws, NaN for a draw without a score.
	Draws []float64
}

func (d sweepData) check() error {
	for i, p := range d.Points {
		if p.Pictures < 1 || i > 0 && p.Pictures <= d.Points[i-1].Pictures {
			return fmt.Errorf("charts: sweep of %s: point %d has %d pictures: numbers must rise, from at least 1", d.Recipe, i, p.Pictures)
		}
	}
	if len(d.Points) == 0 {
		return fmt.Errorf("charts: sweep of %s: no points", d.Recipe)
	}
	return nil
}

// finding compares the accuracy with the fewest and with the most calibration pictures.
func (d sweepData) finding() string {
	told := func(p sweepPoint) string {
		switch {
		case math.IsNaN(p.Mean):
			return plot.NoScore
		case math.IsNaN(p.Deviation):
			return fmt.Sprintf("%.2f %%", p.Mean)
		}
		return fmt.Sprintf("%.2f ± %.2f %%", p.Mean, p.Deviation)
	}
	first, last := d.Points[0], d.Points[len(d.Points)-1]
	text := fmt.Sprintf("%s on %s calibration pictures: %s %s", d.Recipe, plot.Count(first.Pictures), d.Metric, told(first))
	if len(d.Points) > 1 {
		text += fmt.Sprintf("; on %s %s", plot.Count(last.Pictures), told(last))
	}
	return text
}

// Figure draws one panel. The table has a row for each draw.
func (d sweepData) Figure() (*charts.Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	const (
		left, top, width, height = 84, 96, 740, 320
		meanName, drawName       = "mean over draws", "one draw"
	)
	table := plot.Columns("calibration pictures", "draw", d.Metric+" %", "mean", "deviation")
	at := func(pictures int) float64 { return math.Log2(float64(pictures)) }
	lo, hi := d.Float, d.Float
	var x plot.Axis
	var lower, spans, means, draws []plot.Point
	for _, p := range d.Points {
		x.Ticks = append(x.Ticks, plot.Tick{At: at(p.Pictures), Label: plot.Count(p.Pictures)})
		for i, v := range p.Draws {
			table.Rows = append(table.Rows, []any{p.Pictures, i + 1, v, p.Mean, p.Deviation})
			if plot.Finite(v) {
				draws = append(draws, plot.Point{Name: fmt.Sprintf("%s pictures, draw %d: %.2f %%", plot.Count(p.Pictures), i+1, v), Value: []any{at(p.Pictures), v}})
				lo, hi = min(lo, v), max(hi, v)
			}
		}
		deviation := p.Deviation
		if !plot.Finite(deviation) {
			deviation = 0 // one draw has no deviation, and its band no width
		}
		if !plot.Finite(p.Mean) {
			for _, line := range []*[]plot.Point{&lower, &spans, &means} {
				*line = append(*line, plot.Point{Value: []any{at(p.Pictures), nil}})
			}
			continue
		}
		from := max(0, p.Mean-deviation)
		name := fmt.Sprintf("%s pictures: %.2f %%, deviation %.2f", plot.Count(p.Pictures), p.Mean, p.Deviation)
		lower = append(lower, plot.Point{Name: name, Value: []any{at(p.Pictures), from}})
		spans = append(spans, plot.Point{Name: name, Value: []any{at(p.Pictures), p.Mean + deviation - from}})
		means = append(means, plot.Point{Name: name, Value: []any{at(p.Pictures), p.Mean}})
		lo, hi = min(lo, from), max(hi, p.Mean+deviation)
	}
	x.Name = "calibration pictures, drawn from " + d.Calibration
	x.Lo, x.Hi = at(d.Points[0].Pictures)-0.25, at(d.Points[len(d.Points)-1].Pictures)+0.25
	margin := max(0.5, 0.1*(hi-lo))
	y := plot.Axis{Name: d.Metric + ", %", Lo: max(0, math.Floor(lo-margin)), Hi: math.Ceil(hi + margin)}
	unseen := &opts.LineStyle{Color: plot.Blue, Opacity: opts.Float(0)}
	series := []echarts.SingleSeries{
		{Type: "line", Stack: "deviation", ShowSymbol: opts.Bool(false), Data: lower, Color: plot.Blue, LineStyle: unseen},
		{Type: "line", Stack: "deviation", ShowSymbol: opts.Bool(false), Data: spans, Color: plot.Blue, LineStyle: unseen,
			AreaStyle: &opts.AreaStyle{Color: plot.Blue, Opacity: opts.Float(0.2)}},
		{Name: meanName, Type: "line", Data: means, Color: plot.Blue, Symbol: "circle", SymbolSize: 6, LineStyle: &opts.LineStyle{Color: plot.Blue, Width: 1.8},
			MarkLines: &opts.MarkLines{Data: []any{opts.MarkLineNameYAxisItem{Name: fmt.Sprintf("float, %.2f %%", d.Float), YAxis: d.Float}},
				MarkLineStyle: opts.MarkLineStyle{Symbol: []string{"none", "none"},
					Label:     &opts.Label{Show: opts.Bool(true), Formatter: "{b}", Position: "insideEndTop", Color: plot.Faint, FontSize: 11},
					LineStyle: &opts.LineStyle{Color: plot.Faint, Width: 1.4, Type: "dashed"}}}},
		{Name: drawName, Type: "scatter", SymbolSize: 5, Data: draws, Color: plot.Vermillion},
	}
	subtitle := fmt.Sprintf("%s on %s, %s images. Line: mean over draws; band: one deviation to either side, none where pictures are drawn once; dots: draws.", d.Metric, cmp.Or(d.Dataset, "pictures"), plot.Count(d.Images))
	p := plot.Panel{Left: left, Top: top, Width: width, Height: height, X: x, Y: y, Series: series}
	return charts.NewFigure(d.finding(), plot.FigureWidth, top+height+54, plot.Compose(d.finding(), plot.Wrap(subtitle, 12, plot.FigureWidth-40), nil, []plot.Panel{p}), table)
}
