// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"fmt"
	"strings"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)

// A Place is a position in pixels from the upper left corner.
type Place [2]float64

// A Sketch is a drawing of boxes and arrows in pixels. ECharts draws it as the
// symbols of a scatter plot and the marked lines of that plot: the option stays
// data, while a custom series would need a function.
type Sketch struct {
	Boxes []sketchBox
	Lines []any
}

type sketchBox struct {
	Name       string          `json:"name"`
	Value      Place           `json:"value"` // the centre of the box
	Symbol     string          `json:"symbol"`
	SymbolSize Place           `json:"symbolSize"`
	ItemStyle  *opts.ItemStyle `json:"itemStyle,omitempty"`
	Label      *sketchLabel    `json:"label,omitempty"`
}

type sketchLabel struct {
	Show      bool           `json:"show"`
	Formatter string         `json:"formatter"`
	Position  string         `json:"position"`
	Rich      map[string]any `json:"rich"` // the styles that the formatter names
}

func newSketchLabel(text, position string) *sketchLabel {
	return &sketchLabel{true, text, position, map[string]any{
		"heading": map[string]any{"fontSize": 13, "fontWeight": "bold", "lineHeight": 18, "color": Ink},
		"text":    map[string]any{"fontSize": 11, "lineHeight": 15, "color": Ink},
	}}
}

// Labelled writes a heading over lines of smaller text.
func Labelled(heading string, lines ...string) string {
	var b strings.Builder
	if heading != "" {
		fmt.Fprintf(&b, "{heading|%s}", heading)
	}
	for _, l := range lines {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "{text|%s}", l)
	}
	return b.String()
}

// Box draws a rectangle from its upper left corner. Its name is what the pointer
// brings up; its text is at a position of ECharts, such as "inside". The border
// is a rectangle of its own, because ECharts stretches that of a symbol with the
// symbol.
func (s *Sketch) Box(name string, at Place, w, h float64, color, position, text string) {
	const border = 1.5
	s.Fill(name, at, w, h, color)
	s.Fill(name, Place{at[0] + border, at[1] + border}, w-2*border, h-2*border, Ground)
	s.Boxes[len(s.Boxes)-1].Label = newSketchLabel(text, position)
}

// Frame shades a rectangle behind boxes that belong together. Its text is at the lower
// left.
func (s *Sketch) Frame(name string, at Place, w, h float64, text string) {
	s.Fill(name, at, w, h, frame)
	s.Boxes[len(s.Boxes)-1].Label = newSketchLabel(text, "insideBottomLeft")
}

func (s *Sketch) Fill(name string, at Place, w, h float64, color string) {
	s.Boxes = append(s.Boxes, sketchBox{
		Name: name, Value: Place{at[0] + w/2, at[1] + h/2}, Symbol: "rect", SymbolSize: Place{w, h},
		ItemStyle: &opts.ItemStyle{Color: color},
	})
}

// Shape draws a symbol of ECharts around its centre, with text inside.
func (s *Sketch) Shape(name, symbol string, centre Place, w, h float64, color, text string) {
	s.Boxes = append(s.Boxes, sketchBox{
		Name: name, Value: centre, Symbol: symbol, SymbolSize: Place{w, h}, ItemStyle: &opts.ItemStyle{Color: color},
		Label: &sketchLabel{true, text, "inside", map[string]any{"on": map[string]any{"fontSize": 11, "lineHeight": 14, "color": OnColor(color)}}},
	})
}

// Note writes text to the right of a position.
func (s *Sketch) Note(at Place, text string) {
	s.Boxes = append(s.Boxes, sketchBox{Value: at, Symbol: "rect", SymbolSize: Place{0.01, 0.01}, Label: newSketchLabel(text, "right")})
}

// Path draws a line through positions, with an arrow at its end.
func (s *Sketch) Path(color string, through ...Place) { s.Route(color, "solid", through...) }

// Unused draws the line of a path that nothing takes.
func (s *Sketch) Unused(through ...Place) { s.Route(Shade, "dashed", through...) }

func (s *Sketch) Route(color, stroke string, through ...Place) {
	for i := 1; i < len(through); i++ {
		end := "none"
		if i == len(through)-1 {
			end = "arrow"
		}
		s.Lines = append(s.Lines, []any{
			map[string]any{"coord": through[i-1], "symbol": "none", "lineStyle": opts.LineStyle{Color: color, Width: 1.8, Type: stroke}},
			map[string]any{"coord": through[i], "symbol": end, "symbolSize": 9},
		})
	}
}

// Option returns the sketch under its title. Positions count from below the
// title.
func (s *Sketch) Option(title, subtitle string, top, width, height int) any {
	chart := echarts.NewScatter()
	chart.SetGlobalOptions(
		echarts.WithAnimation(false),
		echarts.WithInitializationOpts(opts.Initialization{BackgroundColor: Ground}),
		echarts.WithTitleOpts(opts.Title{
			Title: title, Subtitle: subtitle, Left: "12", Top: "8",
			TitleStyle:    &opts.TextStyle{FontSize: 16, Color: Ink},
			SubtitleStyle: &opts.TextStyle{FontSize: 12, Color: Faint, LineHeight: 16},
		}),
		echarts.WithLegendOpts(opts.Legend{Show: opts.Bool(false)}),
		echarts.WithTooltipOpts(opts.Tooltip{Trigger: "item", Formatter: "{b}"}),
		echarts.WithGridOpts(opts.Grid{Left: "0", Top: fmt.Sprint(top), Width: fmt.Sprint(width), Height: fmt.Sprint(height)}),
		echarts.WithXAxisOpts(opts.XAxis{Type: "value", Show: opts.Bool(false), Min: 0, Max: width}),
		echarts.WithYAxisOpts(opts.YAxis{Type: "value", Show: opts.Bool(false), Min: 0, Max: height, Inverse: opts.Bool(true)}),
	)
	chart.MultiSeries = []echarts.SingleSeries{{
		Type: "scatter", Data: s.Boxes, ItemStyle: &opts.ItemStyle{Opacity: opts.Float(1)},
		MarkLines: &opts.MarkLines{Data: s.Lines, MarkLineStyle: opts.MarkLineStyle{
			Label: &opts.Label{Show: opts.Bool(false)}, LineStyle: &opts.LineStyle{Type: "solid"},
		}},
	}}
	return chart.JSON()
}
