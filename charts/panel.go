// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"slices"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)

// figureWidth fits a notebook's column, in pixels.
const figureWidth = 900

// An axis is one axis of a panel. It runs from lo to hi, and where these are equal as far
// as its data. With ticks, positions are not the values themselves, and the labels of the
// ticks replace ECharts' own.
type axis struct {
	name   string
	lo, hi float64
	log    bool
	ticks  []tick
	labels []string // names of categories, which replace the range, or nil for numbers
	hidden bool     // the axis has neither line, labels nor name
}

// A panel is one coordinate system with its title and its series.
type panel struct {
	title                    string
	left, top, width, height int
	x, y                     axis
	series                   []echarts.SingleSeries
	// onRight are series whose vertical axis is right, at the panel's right side.
	right   axis
	onRight []echarts.SingleSeries
}

// headings is the hook by which go-echarts lets an option have several titles.
type headings struct {
	echarts.BaseConfigurationVisitor
	titles []opts.Title
}

func (h headings) VisitTitleOpt(opts.Title) any { return h.titles }

// compose returns the option that draws panels on one canvas. Series of equal name share
// one entry of the legend.
func compose(title, subtitle string, legend []string, panels []panel) any {
	chart := echarts.NewLine()
	chart.XAxisList, chart.YAxisList = nil, nil
	chart.Colors = []string{blue, vermillion, green}
	titles := []opts.Title{{
		Title: title, Subtitle: subtitle, Left: "12", Top: "8",
		TitleStyle:    &opts.TextStyle{FontSize: 16, Color: ink},
		SubtitleStyle: &opts.TextStyle{FontSize: 12, Color: faint, LineHeight: 16},
	}}
	for i, p := range panels {
		chart.GridList = append(chart.GridList, opts.Grid{
			Left: fmt.Sprint(p.left), Top: fmt.Sprint(p.top), Width: fmt.Sprint(p.width), Height: fmt.Sprint(p.height),
		})
		if p.title != "" {
			titles = append(titles, opts.Title{
				Title: p.title, Left: fmt.Sprint(p.left - 6), Top: fmt.Sprint(p.top - 36),
				TitleStyle: &opts.TextStyle{FontSize: 12, Color: ink},
			})
		}
		chart.XAxisList = append(chart.XAxisList, p.x.horizontal(i))
		chart.YAxisList = append(chart.YAxisList, p.y.vertical(i))
		for _, s := range slices.Concat(p.series, tickLabels(p.x, p.y)) {
			s.XAxisIndex, s.YAxisIndex = i, i
			if s.Stack != "" {
				s.Stack = fmt.Sprintf("%s %d", s.Stack, i) // ECharts stacks across coordinate systems
			}
			chart.MultiSeries = append(chart.MultiSeries, s)
		}
	}
	for i, p := range panels {
		if p.onRight == nil {
			continue
		}
		second := p.right.vertical(i)
		second.Position, second.SplitLine.Show = "right", opts.Bool(false)
		for _, s := range p.onRight {
			s.XAxisIndex, s.YAxisIndex = i, len(chart.YAxisList)
			chart.MultiSeries = append(chart.MultiSeries, s)
		}
		chart.YAxisList = append(chart.YAxisList, second)
	}
	chart.SetGlobalOptions(
		echarts.WithAnimation(false),
		echarts.WithInitializationOpts(opts.Initialization{BackgroundColor: ground}),
		echarts.WithTooltipOpts(opts.Tooltip{
			Trigger: "axis", Formatter: "{b}",
			AxisPointer: &opts.AxisPointer{Type: "line", Label: &opts.Label{Show: opts.Bool(false)}},
		}),
		echarts.WithLegendOpts(opts.Legend{
			Show: opts.Bool(len(legend) > 0), Data: legend, Right: "12", Top: "34", Icon: "rect", ItemWidth: 16, ItemHeight: 4,
			TextStyle: &opts.TextStyle{FontSize: 12, Color: ink},
		}),
	)
	chart.Accept(headings{titles: titles})
	return chart.JSON()
}

// from returns the axis with its positions counted from an origin.
func (a axis) from(origin float64) axis {
	moved := axis{name: a.name, lo: a.lo - origin, hi: a.hi - origin, log: a.log}
	for _, t := range a.ticks {
		moved.ticks = append(moved.ticks, tick{at: t.at - origin, label: t.label})
	}
	return moved
}

// horizontal returns the axis below panel i.
func (a axis) horizontal(i int) opts.XAxis {
	x := opts.XAxis{
		GridIndex: i, Name: a.name, NameLocation: "middle", NameGap: 28, Type: a.kind(),
		AxisLabel: &opts.AxisLabel{Show: opts.Bool(a.ticks == nil && !a.hidden), Color: faint, FontSize: 11, HideOverlap: opts.Bool(true)},
		AxisTick:  &opts.AxisTick{Show: opts.Bool(a.ticks == nil && !a.hidden)},
		AxisLine:  &opts.AxisLine{Show: opts.Bool(!a.hidden), OnZero: opts.Bool(false), LineStyle: &opts.LineStyle{Color: faint}},
		SplitLine: &opts.SplitLine{Show: opts.Bool(a.ticks == nil && a.labels == nil && !a.hidden), LineStyle: &opts.LineStyle{Color: rule}},
	}
	if a.labels != nil {
		x.Data = a.labels
		x.AxisTick.Show = opts.Bool(false)
		x.AxisLabel.HideOverlap, x.AxisLabel.Interval = opts.Bool(false), "0"
		return x
	}
	if a.lo < a.hi {
		x.Min, x.Max = a.lo, a.hi
	}
	return x
}

// vertical returns the axis to the left of panel i.
func (a axis) vertical(i int) opts.YAxis {
	y := opts.YAxis{
		GridIndex: i, Name: a.name, NameLocation: "middle", NameGap: 44, Type: a.kind(),
		AxisLabel: &opts.AxisLabel{Show: opts.Bool(a.ticks == nil && !a.hidden), Color: faint, FontSize: 11},
		AxisLine:  &opts.AxisLine{Show: opts.Bool(!a.hidden), OnZero: opts.Bool(false), LineStyle: &opts.LineStyle{Color: faint}},
		SplitLine: &opts.SplitLine{Show: opts.Bool(a.ticks == nil && a.labels == nil && !a.hidden), LineStyle: &opts.LineStyle{Color: rule}},
	}
	if a.labels != nil {
		y.Data, y.Inverse = a.labels, opts.Bool(true)
		y.AxisLabel = &opts.AxisLabel{Show: opts.Bool(true), Color: ink, FontSize: 12}
		return y
	}
	if a.lo < a.hi {
		y.Min, y.Max = a.lo, a.hi
	}
	if a.hidden {
		y.Show = opts.Bool(false)
	}
	if a.ticks != nil {
		y.MinInterval = a.hi - a.lo // go-echarts cannot hide ECharts' own ticks, and two of them are left
	}
	return y
}

func (a axis) kind() string {
	switch {
	case a.labels != nil:
		return "category"
	case a.log:
		return "log"
	default:
		return "value"
	}
}

// tickLabels draws labelled lines at ticks: ECharts writes other texts than an
// axis' own numbers only by a function, which an option of pure data cannot
// have, but a line across the panel has a label of its own.
func tickLabels(x, y axis) []echarts.SingleSeries {
	var lines []any
	for _, of := range []struct {
		axis  string
		ticks []tick
	}{{"xAxis", x.ticks}, {"yAxis", y.ticks}} {
		for _, t := range of.ticks {
			// Without an opacity of its own a label has that of its line.
			lines = append(lines, map[string]any{"name": t.label, of.axis: t.at, "label": map[string]any{"opacity": 1}})
		}
	}
	if lines == nil {
		return nil
	}
	below := "start"
	if y.labels != nil {
		below = "end" // categories run from top to bottom
	}
	return []echarts.SingleSeries{{
		Type: "line", Data: []any{},
		MarkLines: &opts.MarkLines{Data: lines, MarkLineStyle: opts.MarkLineStyle{
			Symbol:    []string{"none", "none"},
			Label:     &opts.Label{Show: opts.Bool(true), Formatter: "{b}", Position: below, Color: faint, FontSize: 11},
			LineStyle: &opts.LineStyle{Color: shade, Width: 1, Type: "solid", Opacity: opts.Float(0.4)},
		}},
	}}
}

// point is one item of a series: its position, and the text that a reader sees who points
// at it.
type point struct {
	Name  string `json:"name,omitempty"`
	Value []any  `json:"value"`
}

// steps returns a series that holds each value up to the next position.
func steps(name, color string, turn string, fill float32, points []point) echarts.SingleSeries {
	return echarts.SingleSeries{
		Name: name, Type: "line", Step: turn, ShowSymbol: opts.Bool(false), Data: points,
		Color:     color,
		LineStyle: &opts.LineStyle{Color: color, Width: 1.2},
		AreaStyle: &opts.AreaStyle{Color: color, Opacity: opts.Float(fill)},
	}
}

// band shades a panel between two positions of one axis, "xAxis" or "yAxis".
func band(axis string, lo, hi float64, label, position string) *opts.MarkAreas {
	return &opts.MarkAreas{
		Data: []any{[]any{map[string]any{axis: lo, "name": label}, map[string]any{axis: hi}}},
		MarkAreaStyle: opts.MarkAreaStyle{
			ItemStyle: &opts.ItemStyle{Color: shade, Opacity: opts.Float(0.35)},
			Label:     &opts.Label{Show: opts.Bool(label != ""), Position: position, Color: faint, FontSize: 11, Formatter: "{b}"},
		},
	}
}
