// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"fmt"
	"math"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)

// LabelRoom returns how many pixels the labels of a category axis take.
func LabelRoom(labels []string) int {
	const gap = 24
	room := 0.0
	for _, l := range labels {
		room = max(room, TextWidth(l, 12, false)+gap)
	}
	return min(int(room), FigureWidth/2)
}

// Captions returns the series that writes the name of each point at the right of its
// position, in front of all earlier series.
func Captions(points []Point) echarts.SingleSeries {
	s := Dots("", Ink, true, points)
	s.SymbolSize = 0.01
	s.Label = &opts.Label{Show: opts.Bool(true), Formatter: "{b}", Position: "right", Color: Ink, FontSize: 12}
	return s
}

// Dots returns a series of round marks. They are hollow for a bound and for a number that
// another source printed, else filled. The marks are symbols of a line that is not drawn,
// because ECharts puts a scatter plot below every line.
func Dots(name, color string, filled bool, points []Point) echarts.SingleSeries {
	style := &opts.ItemStyle{Color: color, BorderColor: color, BorderWidth: 2, Opacity: opts.Float(1)}
	if !filled {
		style.Color = Ground
	}
	return echarts.SingleSeries{
		Name: name, Type: "line", Symbol: "circle", SymbolSize: 9, ShowSymbol: opts.Bool(true), Color: color, Data: points,
		ItemStyle: style, LineStyle: &opts.LineStyle{Color: color, Opacity: opts.Float(0)},
	}
}

// Spans returns one series with a line from one value to another in each row of a category
// axis, and a gap between two rows. The dots of later series cover the lines.
func Spans(names []string, from, to []float64) echarts.SingleSeries {
	var points []Point
	for i, name := range names {
		points = append(points, Point{name, []any{from[i], i}}, Point{name, []any{to[i], i}}, Point{name, []any{"-", i}})
	}
	return echarts.SingleSeries{
		Type: "line", ShowSymbol: opts.Bool(false), Data: points, Color: Shade,
		LineStyle: &opts.LineStyle{Color: Shade, Width: 2},
	}
}

// Decades returns a logarithmic axis of whole decades that holds all positive
// values.
func Decades(name string, values []float64) Axis {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if v > 0 && Finite(v) {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if lo > hi {
		lo, hi = 1, 1
	}
	from, to := Decade(lo), int(math.Ceil(math.Log10(hi)))
	return Axis{Name: name, Log: true, Lo: math.Pow10(from), Hi: math.Pow10(max(to, from+1))}
}

// Times writes a ratio of two values.
func Times(ratio float64) string {
	if ratio < 9.95 {
		return fmt.Sprintf("×%.1f", ratio)
	}
	return "×" + Number(math.Round(ratio))
}

// CaptionedWidth returns the largest width of a panel of bars, in pixels, at which every
// caption has room behind its bar. room is the width of panel and captions together, and
// the longest bar spans the panel.
func CaptionedWidth(room int, captions []Point) float64 {
	const margin = 24
	longest := 0.0
	for _, c := range captions {
		longest = max(longest, c.Value[0].(float64))
	}
	width := float64(room - margin)
	for _, c := range captions {
		if v := c.Value[0].(float64); v > 0 {
			left := float64(room-margin) - TextWidth(c.Name, 12, false)
			width = min(width, left*longest/v)
		}
	}
	return width
}

// NiceTop returns the end of an axis that begins at 0: one of 1, 1.5, 2, 3, 4, 5, 6 and 8
// of a decade, above the value.
func NiceTop(value float64) float64 {
	decade := math.Pow10(Decade(value))
	for _, n := range []float64{1, 1.5, 2, 3, 4, 5, 6, 8} {
		if value < n*decade {
			return n * decade
		}
	}
	return 10 * decade
}
