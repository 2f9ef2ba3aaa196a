// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"fmt"
	"math"
	"slices"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)

// FigureWidth fits a notebook's column, in pixels.
const FigureWidth = 900

// An Axis is one axis of a panel. It runs from Lo to Hi, and where these are equal as far
// as its data. With ticks, positions are not the values themselves, and the labels of the
// ticks replace ECharts' own.
type Axis struct {
	Name   string
	Lo, Hi float64
	Log    bool
	Ticks  []Tick
	Labels []string // names of categories, which replace the range, or nil for numbers
	Hidden bool     // the axis has neither line, labels nor name
}

// A Panel is one coordinate system with its title and its series.
type Panel struct {
	Title                    string
	Left, Top, Width, Height int
	X, Y                     Axis
	Series                   []echarts.SingleSeries
	// OnRight are series whose vertical axis is Right, at the panel's right side.
	Right   Axis
	OnRight []echarts.SingleSeries
}

// headings is the hook by which go-echarts lets an option have several titles.
type headings struct {
	echarts.BaseConfigurationVisitor
	titles []opts.Title
}

func (h headings) VisitTitleOpt(opts.Title) any { return h.titles }

// Compose returns the option that draws panels on one canvas. Series of equal name share
// one entry of the legend.
func Compose(title, subtitle string, legend []string, panels []Panel) any {
	chart := echarts.NewLine()
	chart.XAxisList, chart.YAxisList = nil, nil
	chart.Colors = []string{Blue, Vermillion, Green}
	titles := []opts.Title{{
		Title: title, Subtitle: subtitle, Left: "12", Top: "8",
		TitleStyle:    &opts.TextStyle{FontSize: 16, Color: Ink},
		SubtitleStyle: &opts.TextStyle{FontSize: 12, Color: Faint, LineHeight: 16},
	}}
	for i, p := range panels {
		chart.GridList = append(chart.GridList, opts.Grid{
			Left: fmt.Sprint(p.Left), Top: fmt.Sprint(p.Top), Width: fmt.Sprint(p.Width), Height: fmt.Sprint(p.Height),
		})
		if p.Title != "" {
			titles = append(titles, opts.Title{
				Title: p.Title, Left: fmt.Sprint(p.Left - 6), Top: fmt.Sprint(p.Top - 36),
				TitleStyle: &opts.TextStyle{FontSize: 12, Color: Ink},
			})
		}
		chart.XAxisList = append(chart.XAxisList, p.X.horizontal(i))
		chart.YAxisList = append(chart.YAxisList, p.Y.vertical(i))
		for _, s := range slices.Concat(p.Series, tickLabels(p.X, p.Y)) {
			s.XAxisIndex, s.YAxisIndex = i, i
			if s.Stack != "" {
				s.Stack = fmt.Sprintf("%s %d", s.Stack, i) // ECharts stacks across coordinate systems
			}
			chart.MultiSeries = append(chart.MultiSeries, s)
		}
	}
	for i, p := range panels {
		if p.OnRight == nil {
			continue
		}
		second := p.Right.vertical(i)
		second.Position, second.SplitLine.Show = "right", opts.Bool(false)
		for _, s := range p.OnRight {
			s.XAxisIndex, s.YAxisIndex = i, len(chart.YAxisList)
			chart.MultiSeries = append(chart.MultiSeries, s)
		}
		chart.YAxisList = append(chart.YAxisList, second)
	}
	chart.SetGlobalOptions(
		echarts.WithAnimation(false),
		echarts.WithInitializationOpts(opts.Initialization{BackgroundColor: Ground}),
		echarts.WithTooltipOpts(opts.Tooltip{
			Trigger: "axis", Formatter: "{b}",
			AxisPointer: &opts.AxisPointer{Type: "line", Label: &opts.Label{Show: opts.Bool(false)}},
		}),
		echarts.WithLegendOpts(opts.Legend{
			Show: opts.Bool(len(legend) > 0), Data: legend, Right: "12", Top: "34", Icon: "rect", ItemWidth: 16, ItemHeight: 4,
			TextStyle: &opts.TextStyle{FontSize: 12, Color: Ink},
		}),
	)
	chart.Accept(headings{titles: titles})
	return chart.JSON()
}

// From returns the axis with its positions counted from an origin.
func (a Axis) From(origin float64) Axis {
	moved := Axis{Name: a.Name, Lo: a.Lo - origin, Hi: a.Hi - origin, Log: a.Log}
	for _, t := range a.Ticks {
		moved.Ticks = append(moved.Ticks, Tick{At: t.At - origin, Label: t.Label})
	}
	return moved
}

// horizontal returns the axis below panel i.
func (a Axis) horizontal(i int) opts.XAxis {
	x := opts.XAxis{
		GridIndex: i, Name: a.Name, NameLocation: "middle", NameGap: 28, Type: a.kind(),
		AxisLabel: &opts.AxisLabel{Show: opts.Bool(a.Ticks == nil && !a.Hidden), Color: Faint, FontSize: 11, HideOverlap: opts.Bool(true)},
		AxisTick:  &opts.AxisTick{Show: opts.Bool(a.Ticks == nil && !a.Hidden)},
		AxisLine:  &opts.AxisLine{Show: opts.Bool(!a.Hidden), OnZero: opts.Bool(false), LineStyle: &opts.LineStyle{Color: Faint}},
		SplitLine: &opts.SplitLine{Show: opts.Bool(a.Ticks == nil && a.Labels == nil && !a.Hidden), LineStyle: &opts.LineStyle{Color: rule}},
	}
	if a.Labels != nil {
		x.Data = a.Labels
		x.AxisTick.Show = opts.Bool(false)
		x.AxisLabel.HideOverlap, x.AxisLabel.Interval = opts.Bool(false), "0"
		return x
	}
	if a.Lo < a.Hi {
		x.Min, x.Max = a.Lo, a.Hi
	}
	return x
}

// vertical returns the axis to the left of panel i.
func (a Axis) vertical(i int) opts.YAxis {
	y := opts.YAxis{
		GridIndex: i, Name: a.Name, NameLocation: "middle", NameGap: 44, Type: a.kind(),
		AxisLabel: &opts.AxisLabel{Show: opts.Bool(a.Ticks == nil && !a.Hidden), Color: Faint, FontSize: 11},
		AxisLine:  &opts.AxisLine{Show: opts.Bool(!a.Hidden), OnZero: opts.Bool(false), LineStyle: &opts.LineStyle{Color: Faint}},
		SplitLine: &opts.SplitLine{Show: opts.Bool(a.Ticks == nil && a.Labels == nil && !a.Hidden), LineStyle: &opts.LineStyle{Color: rule}},
	}
	if a.Labels != nil {
		y.Data, y.Inverse = a.Labels, opts.Bool(true)
		y.AxisLabel = &opts.AxisLabel{Show: opts.Bool(true), Color: Ink, FontSize: 12}
		return y
	}
	if a.Lo < a.Hi {
		y.Min, y.Max = a.Lo, a.Hi
	}
	if a.Hidden {
		y.Show = opts.Bool(false)
	}
	if a.Ticks != nil {
		y.MinInterval = a.Hi - a.Lo // go-echarts cannot hide ECharts' own ticks, and two of them are left
	}
	return y
}

func (a Axis) kind() string {
	switch {
	case a.Labels != nil:
		return "category"
	case a.Log:
		return "log"
	default:
		return "value"
	}
}

// tickLabels draws labelled lines at ticks: ECharts writes other texts than an
// axis' own numbers only by a function, which an option of pure data cannot
// have, but a line across the panel has a label of its own.
func tickLabels(x, y Axis) []echarts.SingleSeries {
	var lines []any
	for _, of := range []struct {
		axis  string
		ticks []Tick
	}{{"xAxis", x.Ticks}, {"yAxis", y.Ticks}} {
		for _, t := range of.ticks {
			// Without an opacity of its own a label has that of its line.
			lines = append(lines, map[string]any{"name": t.Label, of.axis: t.At, "label": map[string]any{"opacity": 1}})
		}
	}
	if lines == nil {
		return nil
	}
	below := "start"
	if y.Labels != nil {
		below = "end" // categories run from top to bottom
	}
	return []echarts.SingleSeries{{
		Type: "line", Data: []any{},
		MarkLines: &opts.MarkLines{Data: lines, MarkLineStyle: opts.MarkLineStyle{
			Symbol:    []string{"none", "none"},
			Label:     &opts.Label{Show: opts.Bool(true), Formatter: "{b}", Position: below, Color: Faint, FontSize: 11},
			LineStyle: &opts.LineStyle{Color: Shade, Width: 1, Type: "solid", Opacity: opts.Float(0.4)},
		}},
	}}
}

// Point is one item of a series: its position, and the text that a reader sees who points
// at it.
type Point struct {
	Name  string `json:"name,omitempty"`
	Value []any  `json:"value"`
}

// Steps returns a series that holds each value up to the next position.
func Steps(name, color string, turn string, fill float32, points []Point) echarts.SingleSeries {
	return echarts.SingleSeries{
		Name: name, Type: "line", Step: turn, ShowSymbol: opts.Bool(false), Data: points,
		Color:     color,
		LineStyle: &opts.LineStyle{Color: color, Width: 1.2},
		AreaStyle: &opts.AreaStyle{Color: color, Opacity: opts.Float(fill)},
	}
}

// Band shades a panel between two positions of one axis, "xAxis" or "yAxis".
func Band(axis string, lo, hi float64, label, position string) *opts.MarkAreas {
	return &opts.MarkAreas{
		Data: []any{[]any{map[string]any{axis: lo, "name": label}, map[string]any{axis: hi}}},
		MarkAreaStyle: opts.MarkAreaStyle{
			ItemStyle: &opts.ItemStyle{Color: Shade, Opacity: opts.Float(0.35)},
			Label:     &opts.Label{Show: opts.Bool(label != ""), Position: position, Color: Faint, FontSize: 11, Formatter: "{b}"},
		},
	}
}

// ShortAxis returns an axis from lo to hi, widened to ends that are short to write.
func ShortAxis(name string, lo, hi float64) Axis {
	unit := math.Pow(10, float64(Decade(hi-lo)-1))
	return Axis{Name: name, Lo: math.Floor(lo/unit) * unit, Hi: math.Ceil(hi/unit) * unit}
}
