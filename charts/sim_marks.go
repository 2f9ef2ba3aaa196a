// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"math"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)

// labelRoom returns how many pixels the labels of a category axis take.
func labelRoom(labels []string) int {
	const gap = 24
	room := 0.0
	for _, l := range labels {
		room = max(room, textWidth(l, 12, false)+gap)
	}
	return min(int(room), figureWidth/2)
}

// captions returns the series that writes the name of each point at the right of its
// position, in front of all earlier series.
func captions(points []point) echarts.SingleSeries {
	s := dots("", ink, true, points)
	s.SymbolSize = 0.01
	s.Label = &opts.Label{Show: opts.Bool(true), Formatter: "{b}", Position: "right", Color: ink, FontSize: 12}
	return s
}

// dots returns a series of round marks. They are hollow for a bound and for a number that
// another source printed, else filled. The marks are symbols of a line that is not drawn,
// because ECharts puts a scatter plot below every line.
func dots(name, color string, filled bool, points []point) echarts.SingleSeries {
	style := &opts.ItemStyle{Color: color, BorderColor: color, BorderWidth: 2, Opacity: opts.Float(1)}
	if !filled {
		style.Color = ground
	}
	return echarts.SingleSeries{
		Name: name, Type: "line", Symbol: "circle", SymbolSize: 9, ShowSymbol: opts.Bool(true), Color: color, Data: points,
		ItemStyle: style, LineStyle: &opts.LineStyle{Color: color, Opacity: opts.Float(0)},
	}
}

// spans returns one series with a line from one value to another in each row of a category
// axis, and a gap between two rows. The dots of later series cover the lines.
func spans(names []string, from, to []float64) echarts.SingleSeries {
	var points []point
	for i, name := range names {
		points = append(points, point{name, []any{from[i], i}}, point{name, []any{to[i], i}}, point{name, []any{"-", i}})
	}
	return echarts.SingleSeries{
		Type: "line", ShowSymbol: opts.Bool(false), Data: points, Color: shade,
		LineStyle: &opts.LineStyle{Color: shade, Width: 2},
	}
}

// decades returns a logarithmic axis of whole decades that holds all positive
// values.
func decades(name string, values []float64) axis {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if v > 0 && finite(v) {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if lo > hi {
		lo, hi = 1, 1
	}
	from, to := decade(lo), int(math.Ceil(math.Log10(hi)))
	return axis{name: name, log: true, lo: math.Pow10(from), hi: math.Pow10(max(to, from+1))}
}

// times writes a ratio of two values.
func times(ratio float64) string {
	if ratio < 9.95 {
		return fmt.Sprintf("×%.1f", ratio)
	}
	return "×" + number(math.Round(ratio))
}
