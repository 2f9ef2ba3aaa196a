// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"slices"
	"strings"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/table"
)

// architectureData is the configuration that a figure draws.
type architectureData struct{ Config arch.Config }

// Architecture draws an accelerator like the paper's Fig. 8: memories, engines and
// auxiliary units with the configuration's own sizes. The error is that of the
// configuration's validation. [PaperFig7] draws the inside of the engines.
func Architecture(c arch.Config) (*Figure, error) { return architectureData{c}.Figure() }

// PaperFig8 is [Architecture] under the paper's number of the figure. The paper draws the
// blocks. Sizes, ports and rates are the configuration's, and the subtitle counts those
// that the papers do not state.
func PaperFig8(c arch.Config) (*Figure, error) {
	f, err := Architecture(c)
	if err != nil {
		return nil, err
	}
	return f.against("**Fig. 8.** The form (N×M + T×S)×L is the paper's; here it is (%d×%d + %d×%d)×%d, which makes %s multiplications a cycle. %s are not in the papers.",
		c.RMAC.Lanes, c.RMAC.MACs, c.MAT.Lanes, c.MAT.MACs, c.Copies, count(c.Multipliers()), capital(several(len(c.Assumptions()), "value"))), nil
}

// A place is a position in pixels from the upper left corner.
type place [2]float64

// A sketch is a drawing of boxes and arrows in pixels. ECharts draws it as the
// symbols of a scatter plot and the marked lines of that plot: the option stays
// data, while a custom series would need a function.
type sketch struct {
	boxes []sketchBox
	lines []any
}

type sketchBox struct {
	Name       string          `json:"name"`
	Value      place           `json:"value"` // the centre of the box
	Symbol     string          `json:"symbol"`
	SymbolSize place           `json:"symbolSize"`
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
		"heading": map[string]any{"fontSize": 13, "fontWeight": "bold", "lineHeight": 18, "color": ink},
		"text":    map[string]any{"fontSize": 11, "lineHeight": 15, "color": ink},
	}}
}

// labelled writes a heading over lines of smaller text.
func labelled(heading string, lines ...string) string {
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

// box draws a rectangle from its upper left corner. Its name is what the pointer
// brings up; its text is at a position of ECharts, such as "inside". The border
// is a rectangle of its own, because ECharts stretches that of a symbol with the
// symbol.
func (s *sketch) box(name string, at place, w, h float64, color, position, text string) {
	const border = 1.5
	s.fill(name, at, w, h, color)
	s.fill(name, place{at[0] + border, at[1] + border}, w-2*border, h-2*border, ground)
	s.boxes[len(s.boxes)-1].Label = newSketchLabel(text, position)
}

// frame shades a rectangle behind boxes that belong together. Its text is at the lower
// left.
func (s *sketch) frame(name string, at place, w, h float64, text string) {
	s.fill(name, at, w, h, frame)
	s.boxes[len(s.boxes)-1].Label = newSketchLabel(text, "insideBottomLeft")
}

func (s *sketch) fill(name string, at place, w, h float64, color string) {
	s.boxes = append(s.boxes, sketchBox{
		Name: name, Value: place{at[0] + w/2, at[1] + h/2}, Symbol: "rect", SymbolSize: place{w, h},
		ItemStyle: &opts.ItemStyle{Color: color},
	})
}

// shape draws a symbol of ECharts around its centre, with text inside.
func (s *sketch) shape(name, symbol string, centre place, w, h float64, color, text string) {
	s.boxes = append(s.boxes, sketchBox{
		Name: name, Value: centre, Symbol: symbol, SymbolSize: place{w, h}, ItemStyle: &opts.ItemStyle{Color: color},
		Label: &sketchLabel{true, text, "inside", map[string]any{"on": map[string]any{"fontSize": 11, "lineHeight": 14, "color": onColor(color)}}},
	})
}

// note writes text to the right of a position.
func (s *sketch) note(at place, text string) {
	s.boxes = append(s.boxes, sketchBox{Value: at, Symbol: "rect", SymbolSize: place{0.01, 0.01}, Label: newSketchLabel(text, "right")})
}

// path draws a line through positions, with an arrow at its end.
func (s *sketch) path(color string, through ...place) { s.route(color, "solid", through...) }

// unused draws the line of a path that nothing takes.
func (s *sketch) unused(through ...place) { s.route(shade, "dashed", through...) }

func (s *sketch) route(color, stroke string, through ...place) {
	for i := 1; i < len(through); i++ {
		end := "none"
		if i == len(through)-1 {
			end = "arrow"
		}
		s.lines = append(s.lines, []any{
			map[string]any{"coord": through[i-1], "symbol": "none", "lineStyle": opts.LineStyle{Color: color, Width: 1.8, Type: stroke}},
			map[string]any{"coord": through[i], "symbol": end, "symbolSize": 9},
		})
	}
}

// option returns the sketch under its title. Positions count from below the
// title.
func (s *sketch) option(title, subtitle string, top, width, height int) any {
	chart := echarts.NewScatter()
	chart.SetGlobalOptions(
		echarts.WithAnimation(false),
		echarts.WithInitializationOpts(opts.Initialization{BackgroundColor: ground}),
		echarts.WithTitleOpts(opts.Title{
			Title: title, Subtitle: subtitle, Left: "12", Top: "8",
			TitleStyle:    &opts.TextStyle{FontSize: 16, Color: ink},
			SubtitleStyle: &opts.TextStyle{FontSize: 12, Color: faint, LineHeight: 16},
		}),
		echarts.WithLegendOpts(opts.Legend{Show: opts.Bool(false)}),
		echarts.WithTooltipOpts(opts.Tooltip{Trigger: "item", Formatter: "{b}"}),
		echarts.WithGridOpts(opts.Grid{Left: "0", Top: fmt.Sprint(top), Width: fmt.Sprint(width), Height: fmt.Sprint(height)}),
		echarts.WithXAxisOpts(opts.XAxis{Type: "value", Show: opts.Bool(false), Min: 0, Max: width}),
		echarts.WithYAxisOpts(opts.YAxis{Type: "value", Show: opts.Bool(false), Min: 0, Max: height, Inverse: opts.Bool(true)}),
	)
	chart.MultiSeries = []echarts.SingleSeries{{
		Type: "scatter", Data: s.boxes, ItemStyle: &opts.ItemStyle{Opacity: opts.Float(1)},
		MarkLines: &opts.MarkLines{Data: s.lines, MarkLineStyle: opts.MarkLineStyle{
			Label: &opts.Label{Show: opts.Bool(false)}, LineStyle: &opts.LineStyle{Type: "solid"},
		}},
	}}
	return chart.JSON()
}

// cellsDrawn is the largest number of drawn lanes of an engine, and of drawn MACs of a
// lane.
const cellsDrawn = 16

// engine draws an engine with a cell for each MAC unit, one row per lane.
func (s *sketch) engine(name, does string, e arch.Engine, at place, w, h float64, color string) {
	cells := "a row per lane"
	rows, columns := min(e.Lanes, cellsDrawn), min(e.MACs, cellsDrawn)
	if rows < e.Lanes || columns < e.MACs {
		cells = fmt.Sprintf("%d × %d are drawn", rows, columns)
	}
	s.box(fmt.Sprintf("%s: %s multiplications per cycle", name, count(e.Multipliers())), at, w, h, color, "insideTop",
		labelled(name, does, several(e.Lanes, "lane")+" × "+several(e.MACs, "MAC"), cells))
	const header, margin, largest = 73, 10, 16
	cell := min((w-2*margin)/float64(columns), (h-header-margin)/float64(rows), largest)
	left := at[0] + (w-cell*float64(columns))/2
	for r := range rows {
		for c := range columns {
			s.fill(name, place{left + (float64(c)+0.1)*cell, at[1] + header + (float64(r)+0.1)*cell}, 0.8*cell, 0.8*cell, color)
		}
	}
}

// several writes a number with its noun, in the plural for all numbers but 1.
func several(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return count(n) + " " + thing + "s"
}

// auxiliaries returns the auxiliary units in the order of the configuration.
func (d architectureData) auxiliaries() []archUnit {
	a := &d.Config.Auxiliary
	list := []archUnit{
		{"ΣK", "row sums of ReLU(K)", a.SumK}, {"log2", "rounds divisors", a.Log2},
		{"shifter", "divides", a.Shifter}, {"requantize", "to the readers' grid", a.Requantize},
		{"activation", "Hardswish, ReLU", a.Activation}, {"adder", "residuals", a.Add},
		{"resizer", "bicubic upsampling", a.Resize}, {"pool", "global average", a.Pool},
	}
	if d.Config.Division == arch.DividerDivision {
		does := "a quotient every " + several(a.DividerInterval, "cycle")
		return slices.Replace(list, 1, 3, archUnit{"dividers", does, a.Dividers})
	}
	return list
}

type archUnit struct {
	name, does string
	rate       int // elements per cycle of one copy, or the number of dividers in a copy
}

// depthwise says whether R-MAC has a mode for depthwise convolutions.
func (d architectureData) depthwise() bool { return d.Config.Depthwise == arch.Reconfigured }

// shared names what the copies divide among them: pixels, channels or pictures.
func (d architectureData) shared() string {
	if d.Config.CopiesShare == arch.Batch {
		return "a picture each"
	}
	return "which divide the output " + string(d.Config.CopiesShare) + " of an operation"
}

// Figure draws the whole accelerator, with the flow of inputs, weights and results. The
// table has every size.
func (d architectureData) Figure() (*Figure, error) {
	c := d.Config
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("charts: architecture: %w", err)
	}
	const top, height = 72, 548
	s := &sketch{}
	d.whole(s)
	title := fmt.Sprintf("%s multipliers on %s DSPs reach %s GOPS at %s MHz, if they never wait",
		count(c.Multipliers()), count(c.EngineDSPs()), grouped(rounded(c.PeakGOPS(), 4)), number(c.ClockMHz))
	subtitle := wrap(fmt.Sprintf("%s: (%d×%d + %d×%d)×%d, R-MAC and MAT, lanes × MACs × copies. %s assumed or changed, not stated in the papers. Auxiliary units take %s DSPs more, by an estimate.",
		c.Name, c.RMAC.Lanes, c.RMAC.MACs, c.MAT.Lanes, c.MAT.MACs, c.Copies, several(len(c.Assumptions()), "value"), count(c.AuxiliaryDSPs())), 12, figureWidth-24)
	return newFigure(title, figureWidth, top+height, s.option(title, subtitle, top, figureWidth, height), d.table())
}

// whole draws the paper's Fig. 8: everything, from the off-chip memory down to
// the engines and back.
func (d architectureData) whole(s *sketch) {
	c := d.Config
	const in, weight, result = sky, brown, green
	s.box("off-chip memory", place{20, 30}, 860, 44, ink, "inside", labelled("off-chip memory",
		fmt.Sprintf("%s GB/s, latency of %s", number(c.OffChip.MBPerS/1e3), several(c.OffChip.LatencyCycles, "cycle"))))
	buffer := func(name string, b arch.Buffer, x, w float64, color string) {
		s.box(name, place{x, 112}, w, 56, color, "inside", labelled(name,
			count(b.KiB)+" KiB", "port of "+several(b.PortBytes, "byte")+" per cycle"))
	}
	buffer("input buffer", c.Buffers.Input, 20, 200, in)
	buffer("weight buffer", c.Buffers.Weight, 250, 200, weight)
	buffer("divisor buffer", c.Buffers.Divisor, 500, 180, result)
	buffer("output buffer", c.Buffers.Output, 700, 180, result)

	s.frame("copies", place{8, 228}, 884, 304, labelled("", copies(c.Copies)+", "+d.shared()))
	rmac, mat := "every operation", "all but depthwise convolutions"
	if !d.depthwise() {
		rmac, mat = "as MAT: it has one mode", rmac
	}
	s.engine("R-MAC engine", rmac, c.RMAC, place{20, 250}, 190, 210, rmacColor)
	s.engine("MAT engine", mat, c.MAT, place{260, 250}, 190, 210, matColor)
	s.box("auxiliary units", place{490, 250}, 390, 210, faint, "insideTop", labelled("auxiliary units", "elements per cycle of a copy"))
	for i, u := range d.auxiliaries() {
		x, y := 500+float64(i/4)*190, 292+float64(i%4)*41
		s.box(u.name+": "+u.does, place{x, y}, 180, 36, faint, "inside", labelled("", u.name+": "+count(u.rate), u.does))
	}

	s.path(in, place{120, 74}, place{120, 112})
	s.path(weight, place{350, 74}, place{350, 112})
	s.path(result, place{790, 112}, place{790, 74})
	s.path(in, place{95, 168}, place{95, 250})
	s.path(in, place{95, 190}, place{335, 190}, place{335, 250})
	s.path(weight, place{375, 168}, place{375, 250})
	s.path(weight, place{375, 208}, place{135, 208}, place{135, 250})
	s.path(result, place{115, 460}, place{115, 492}, place{685, 492}, place{685, 460})
	s.path(result, place{355, 460}, place{355, 492}, place{400, 492})
	s.path(result, place{560, 250}, place{560, 168})
	s.path(result, place{620, 168}, place{620, 250})
	s.path(result, place{790, 250}, place{790, 168})
	s.note(place{124, 93}, labelled("", "activations"))
	s.note(place{354, 93}, labelled("", "weights"))
	s.note(place{794, 93}, labelled("", "results"))
	s.note(place{402, 480}, labelled("", "sums"))
	if d.depthwise() { // without the mode no operation streams into another
		s.path(result, place{210, 355}, place{260, 355})
		s.note(place{222, 340}, labelled("", "DW"))
	}
	s.note(place{624, 209}, labelled("", "divisors"))
	s.note(place{794, 209}, labelled("", "8 bits"))
}

// copies writes how many copies the accelerator has of what the frame encloses.
func copies(n int) string {
	if n == 1 {
		return "this frame is there once"
	}
	return "this frame is there " + count(n) + " times"
}

func (d architectureData) table() table.Table {
	c := d.Config
	t := columns("part", "size", "value")
	add := func(part, size string, value any) { t.Rows = append(t.Rows, []any{part, size, value}) }
	for _, e := range []struct {
		name string
		arch.Engine
	}{{"R-MAC engine", c.RMAC}, {"MAT engine", c.MAT}} {
		add(e.name, "lanes", e.Lanes)
		add(e.name, "MACs per lane", e.MACs)
	}
	add("copies", "number", c.Copies)
	add("copies", "share", string(c.CopiesShare))
	add("clock", "MHz", c.ClockMHz)
	add("DSP", "multiplications per cycle", c.MultiplicationsPerDSP)
	add("DSPs", "engines", c.EngineDSPs())
	add("DSPs", "auxiliary units, estimated", c.AuxiliaryDSPs())
	for _, p := range c.LUTParts() {
		add("LUTs, estimated", p.Part, p.N)
	}
	for _, b := range []struct {
		name string
		arch.Buffer
	}{{"input buffer", c.Buffers.Input}, {"weight buffer", c.Buffers.Weight}, {"output buffer", c.Buffers.Output}, {"divisor buffer", c.Buffers.Divisor}} {
		add(b.name, "KiB", b.KiB)
		add(b.name, "bytes per cycle", b.PortBytes)
	}
	add("off-chip memory", "MB/s", c.OffChip.MBPerS)
	add("off-chip memory", "latency, cycles", c.OffChip.LatencyCycles)
	for _, u := range d.auxiliaries() {
		size := "elements per cycle of a copy"
		if u.name == "dividers" {
			size = "number in a copy"
		}
		add(u.name, size, u.rate)
	}
	return t
}
