// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/charts"
	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/gotriovit/gotriovit/calib/diagnose"
	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// Sensitivity is the measure of a model map with the SQNR of the logits where only one
// block is rounded. The other measures are those of package diagnose.
const Sensitivity = "sensitivity"

// ModelMap draws the blocks of a diagnosed network in order, each in the colour of a
// measure: "accumulated", "isolated", "saturation" or "occupancy" of its worst tensor, or
// "sensitivity". Beside the map stand the tensors of the worst block by the measure, with
// their isolated and accumulated SQNR. In a live figure, a click on a block shows that
// block's tensors, and a click on a name in the legend another measure's colours. The
// network is the report's, transforms included ([calib.Quantized.Network]).
func ModelMap(r *diagnose.Report, net *efficientvit.Network, measure string) (*charts.Figure, error) {
	m, err := newModelMap(r, net, measure)
	if err != nil {
		return nil, fmt.Errorf("charts: model map of %s: %w", r.Network, err)
	}
	return m.figure()
}

// modelMap is what a diagnosis says of each block of the network.
type modelMap struct {
	report   *diagnose.Report
	blocks   []mapBlock
	measures []mapMeasure
	chosen   int // index of the measure that colours the blocks at first
}

// A mapMeasure is a measure by which blocks are coloured.
type mapMeasure struct {
	diagnose.Measure
	// about is the subtitle's definition of a block's number.
	about string
	// values has a number for each block, NaN where there is none.
	values []float64
}

// A mapBlock is a block with the rounded tensors that its operations read.
type mapBlock struct {
	efficientvit.Range
	kind    string
	tensors []mapTensor
	// x and y are the centre of its box in pixels.
	x, y float64
}

// A mapTensor is a rounded tensor with its name as a block that reads it shows it.
type mapTensor struct {
	*diagnose.Tensor
	text string
}

// decibels says whether a measure is an SQNR.
func (m *mapMeasure) decibels() bool { return m.Name != "saturation" && m.Name != "occupancy" }

// title returns the measure's name as a sentence has it.
func (m *mapMeasure) title() string {
	if m.decibels() && m.Name != Sensitivity {
		return m.Name + " SQNR"
	}
	return m.Name
}

// text writes a value of the measure with its unit, decibels or percent.
func (m *mapMeasure) text(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case !m.decibels():
		return fmt.Sprintf("%.3g %%", 100*v)
	}
	return diagnose.Decibels(v).String() + " dB"
}

// abouts define a block's number, by the name of the measure.
var abouts = map[string]string{
	"accumulated": "the SQNR of the block's worst tensor, with the noise of all before it",
	"isolated":    "the SQNR that the block's worst grid alone leaves",
	"saturation":  "the largest share of a tensor's values beyond its grid",
	"occupancy":   "the smallest share of a grid's codes that occur",
	Sensitivity:   "the SQNR of the logits where the block alone is rounded",
}

func newModelMap(r *diagnose.Report, net *efficientvit.Network, measure string) (*modelMap, error) {
	m := &modelMap{report: r}
	at := map[string]int{} // index of the block that an operation is in, by its name
	for i, b := range net.Blocks() {
		m.blocks = append(m.blocks, mapBlock{Range: b, kind: plot.KindOf(net.Ops[b.From:b.To])})
		for _, op := range net.Ops[b.From:b.To] {
			at[op.Name] = i
		}
	}
	for i := range r.Tensors {
		t := &r.Tensors[i]
		roles := map[int][]string{} // roles of the readers, by the index of their block
		for _, reader := range t.Readers {
			b, ok := at[reader]
			if !ok {
				return nil, fmt.Errorf("network %s has no operation %q, which the report has: the report's own network is needed", net.Name, reader)
			}
			if role := net.Op(reader).Role.String(); !slices.Contains(roles[b], role) {
				roles[b] = append(roles[b], role)
			}
		}
		for b, roles := range roles {
			m.blocks[b].tensors = append(m.blocks[b].tensors, mapTensor{t, tensorText(t.Class, roles)})
		}
	}
	var names []string
	for _, of := range diagnose.Measures {
		m.measure(of, func(b *mapBlock) float64 {
			worst := math.NaN()
			for _, t := range b.tensors {
				if of.Name == "occupancy" && t.Codes == 0 {
					continue
				}
				if v := of.Of(t.Tensor); math.IsNaN(worst) || of.HighIsBad == (v > worst) {
					worst = v
				}
			}
			return worst
		})
	}
	alone := map[string]float64{}
	for _, u := range r.Units {
		if u.Level == diagnose.ByBlock {
			alone[u.Name] = float64(u.Only.SQNR)
		}
	}
	if len(alone) > 0 {
		m.measure(diagnose.Measure{Name: Sensitivity}, func(b *mapBlock) float64 {
			if v, ok := alone[b.Name]; ok {
				return v
			}
			return math.NaN()
		})
	}
	for _, of := range m.measures {
		names = append(names, of.Name)
	}
	if m.chosen = slices.Index(names, measure); m.chosen < 0 {
		return nil, fmt.Errorf("no measure %.40q: have %q (sensitivity needs the level %q)", measure, names, diagnose.ByBlock)
	}
	return m, nil
}

// tensorText names a tensor by its class and the roles of its readers, of which some are
// left out where there is no room for all.
func tensorText(class string, roles []string) string {
	const room = detailLeft - 12 - mapWidth - 20
	text := class + " of " + strings.Join(roles, ", ")
	for n := len(roles) - 1; n > 0 && plot.TextWidth(text, 12, false) > room; n-- {
		text = class + " of " + strings.Join(roles[:n], ", ") + ", …"
	}
	return text
}

func (m *modelMap) measure(of diagnose.Measure, value func(*mapBlock) float64) {
	values := make([]float64, len(m.blocks))
	for i := range m.blocks {
		values[i] = value(&m.blocks[i])
	}
	m.measures = append(m.measures, mapMeasure{of, abouts[of.Name], values})
}

// stage returns the name of stage n, which stands at the left of its rows of blocks.
func (m *modelMap) stage(n int) string {
	switch n {
	case 0:
		return "stem"
	case m.blocks[len(m.blocks)-1].Stage:
		return "head"
	}
	return fmt.Sprintf("stage %d", n)
}

// The names of the two series of a detail's dots.
const inIsolation, soFar = "in isolation", "accumulated so far"

// Sizes of the map in pixels.
const (
	mapTop                      = 138 // top of both panels
	mapRow                      = 5   // largest number of boxes in a row
	boxWidth, boxHeight, boxGap = 80, 38, 10
	mapMargin                   = 58 // room for the names of the stages
	mapWidth                    = mapMargin + mapRow*(boxWidth+boxGap)
	detailLeft, detailWidth     = 730, 150
	detailTitle                 = 560
	detailRow                   = 27
	detailRows                  = 16 // largest number of tensors that a detail shows
)

// place sets the position of each block's box. A stage begins a new row. It returns the
// height of all rows and the middle of each stage's first row, in pixels.
func (m *modelMap) place() (height float64, stages map[int]float64) {
	stages = map[int]float64{}
	column, y := 0, float64(boxHeight)/2
	for i := range m.blocks {
		b := &m.blocks[i]
		if i > 0 && (column == mapRow || b.Stage != m.blocks[i-1].Stage) {
			column, y = 0, y+boxHeight+boxGap
			if b.Stage != m.blocks[i-1].Stage {
				y += boxGap / 2
			}
		}
		if _, known := stages[b.Stage]; !known {
			stages[b.Stage] = y
		}
		b.x, b.y = mapMargin+boxWidth/2+float64(column)*(boxWidth+boxGap), y
		column++
	}
	return y + boxHeight/2 + 4, stages
}

// worst returns the index of the block with the worst value of a measure.
func (m *modelMap) worst(of *mapMeasure) int {
	worst := -1
	for i, v := range of.values {
		if !math.IsNaN(v) && (worst < 0 || of.HighIsBad == (v > of.values[worst]) && v != of.values[worst]) {
			worst = i
		}
	}
	return max(worst, 0)
}

// A mapBox is an item of a series of the map: a box, or the name of a stage.
type mapBox struct {
	Name       string          `json:"name"`
	Value      plot.Place      `json:"value"`
	SymbolSize plot.Place      `json:"symbolSize"`
	ItemStyle  *opts.ItemStyle `json:"itemStyle"`
	Label      map[string]any  `json:"label,omitempty"`
	// Detail is the index of the detail that a click on the box shows, -1 for none.
	Detail int `json:"detail"`
}

// bad is the colour of the worst value of a measure and missing that of a block without a
// value; the best value is white. These colours, and those of the texts on them, are the
// same in every theme.
var bad = [3]float64{0xE6, 0x7E, 0x36}

const missing, onMap = "#EDEDED", "#222222"

// colors returns a colour for each block: the nearer to the worst, the darker.
func (m *mapMeasure) colors() []string {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range m.values {
		if plot.Finite(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	if m.decibels() && high > 0 {
		low = max(low, 0) // more noise than signal is as bad as can be
	}
	colors := make([]string, len(m.values))
	for i, v := range m.values {
		if math.IsNaN(v) {
			colors[i] = missing
			continue
		}
		share := (min(max(v, low), high) - low) / max(high-low, 1e-9)
		if !m.HighIsBad {
			share = 1 - share
		}
		if low > high { // no value is finite: the worst or the best value there is
			share = 0
			if math.IsInf(v, 1) == m.HighIsBad {
				share = 1
			}
		}
		var rgb [3]int
		for c := range rgb {
			rgb[c] = int(math.Round(255 + share*(bad[c]-255)))
		}
		colors[i] = fmt.Sprintf("#%02X%02X%02X", rgb[0], rgb[1], rgb[2])
	}
	return colors
}

func (m *modelMap) figure() (*charts.Figure, error) {
	height, stages := m.place()
	most := 0
	for i := range m.blocks {
		most = max(most, min(len(m.blocks[i].tensors), detailRows))
	}
	high := max(int(height), most*detailRow)
	chosen := &m.measures[m.chosen]
	worst := m.worst(chosen)
	axis := m.decibels()
	detail := plot.Panel{Title: m.heading(worst), Left: detailLeft, Top: mapTop, Width: detailWidth, Height: most * detailRow, X: axis,
		Y: m.names(worst, most), Series: m.detail(worst, axis)}
	series := m.frame(stages)
	var legend []string
	for i := range m.measures {
		of := &m.measures[i]
		legend = append(legend, of.Name)
		colors := of.colors()
		var boxes []mapBox
		for j := range m.blocks {
			b := &m.blocks[j]
			boxes = append(boxes, mapBox{
				Name: fmt.Sprintf("%s, %s %s", b.Name, of.Name, of.text(of.values[j])), Value: plot.Place{b.x, -b.y}, SymbolSize: plot.Place{boxWidth, boxHeight}, Detail: j,
				ItemStyle: &opts.ItemStyle{Color: colors[j], BorderColor: plot.Shade, BorderWidth: 1, Opacity: opts.Float(1)},
				Label:     boxLabel("inside", fmt.Sprintf("{kind|%s}\n{value|%s}", b.kind, of.text(of.values[j]))),
			})
		}
		series = append(series, echarts.SingleSeries{Name: of.Name, Type: "scatter", Symbol: "roundRect", Data: boxes, Color: plot.Vermillion})
	}
	blocks := plot.Panel{Left: 12, Top: mapTop, Width: mapWidth, Height: int(height), Series: series,
		X: hiddenAxis(0, mapWidth), Y: hiddenAxis(-height, 0)}
	title := fmt.Sprintf("By %s the worst block is %s in %s: %s", chosen.title(), m.blocks[worst].kind, m.stage(m.blocks[worst].Stage), chosen.text(chosen.values[worst]))
	subtitle := plot.Wrap(fmt.Sprintf("%s on %s pictures of %s. A box is a block, the darker the worse: %s. Live, a click on a block shows its tensors, one on a name its colours.",
		plot.ShortName(m.report.Network), plot.Count(m.report.Images), m.report.Dataset, chosen.about), 12, plot.FigureWidth-24)
	option, ok := plot.Compose(title, subtitle, legend, []plot.Panel{blocks, detail}).(map[string]any)
	if !ok {
		return nil, fmt.Errorf("charts: an option is no object")
	}
	if titles, ok := option["title"].([]opts.Title); ok {
		titles[len(titles)-1].Left = fmt.Sprint(detailTitle)
		// A second legend would take the clicks of the first for its own.
		key := func(left int, name, color string) opts.Title {
			return opts.Title{Title: "● " + name, Left: fmt.Sprint(left), Top: fmt.Sprint(mapTop - 58), TitleStyle: &opts.TextStyle{FontSize: 12, FontWeight: "normal", Color: color}}
		}
		option["title"] = append(titles, key(detailTitle, inIsolation, plot.Blue), key(detailTitle+110, soFar, plot.Vermillion))
	}
	option["tooltip"] = map[string]any{"trigger": "item", "formatter": "{b}"}
	selected := map[string]bool{}
	for i, name := range legend {
		selected[name] = i == m.chosen
	}
	option["legend"] = map[string]any{"data": legend, "selectedMode": "single", "selected": selected, "left": 12 + mapMargin, "top": mapTop - 58,
		"icon": "roundRect", "itemWidth": 10, "itemHeight": 10, "textStyle": map[string]any{"fontSize": 12, "color": plot.Ink}}
	f, err := charts.NewFigure(title, plot.FigureWidth, mapTop+high+48, option, m.table())
	if err != nil {
		return nil, err
	}
	details := make([]any, len(m.blocks))
	for i := range m.blocks {
		details[i] = map[string]any{
			"title":  []any{map[string]any{}, map[string]any{"text": m.heading(i)}},
			"yAxis":  []any{map[string]any{}, map[string]any{"data": m.names(i, most).Labels}},
			"series": append([]echarts.SingleSeries{m.marker(i)}, m.detail(i, axis)...),
		}
	}
	return f.Answering(details)
}

// hiddenAxis returns an axis of positions in pixels, which is not drawn.
func hiddenAxis(lo, hi float64) plot.Axis { return plot.Axis{Lo: lo, Hi: hi, Hidden: true} }

// boxLabel returns the label of a box at a position of ECharts, such as "inside". The text
// names the styles kind, value and stage.
func boxLabel(position, text string) map[string]any {
	return map[string]any{"show": true, "position": position, "formatter": text, "rich": map[string]any{
		"kind":  map[string]any{"fontSize": 11, "lineHeight": 15, "color": onMap, "fontWeight": "bold"},
		"value": map[string]any{"fontSize": 11, "lineHeight": 15, "color": onMap},
		"stage": map[string]any{"fontSize": 12, "color": plot.Faint},
	}}
}

// gap is the item of a series at which its line is interrupted.
var gap = []any{"-", "-"}

// frame returns the series around the boxes: lines from each box to the next one of its
// row, the names of the stages, and the mark of the chosen block.
func (m *modelMap) frame(stages map[int]float64) []echarts.SingleSeries {
	var way, names []any
	for i := range m.blocks[1:] {
		if from, to := &m.blocks[i], &m.blocks[i+1]; from.y == to.y {
			way = append(way, []any{from.x + boxWidth/2, -from.y}, []any{to.x - boxWidth/2, -to.y}, gap)
		}
	}
	for n := range m.blocks[len(m.blocks)-1].Stage + 1 {
		if y, ok := stages[n]; ok {
			names = append(names, mapBox{Value: plot.Place{0, -y}, SymbolSize: plot.Place{0.01, 0.01}, ItemStyle: &opts.ItemStyle{}, Detail: -1, Label: boxLabel("right", "{stage|"+m.stage(n)+"}")})
		}
	}
	return []echarts.SingleSeries{
		{Type: "line", Data: way, ShowSymbol: opts.Bool(false), Color: plot.Shade, LineStyle: &opts.LineStyle{Color: plot.Shade, Width: 1.5}},
		{Type: "scatter", Data: names},
		m.marker(m.worst(&m.measures[m.chosen])),
	}
}

// marker returns the mark of block i: a larger box behind the block's own.
func (m *modelMap) marker(i int) echarts.SingleSeries {
	const border = 3
	b := &m.blocks[i]
	return echarts.SingleSeries{Id: "chosen", Type: "scatter", Symbol: "roundRect", Data: []any{mapBox{
		Name: b.Name, Value: plot.Place{b.x, -b.y}, SymbolSize: plot.Place{boxWidth + 2*border, boxHeight + 2*border}, Detail: i,
		ItemStyle: &opts.ItemStyle{Color: plot.Blue, Opacity: opts.Float(1)},
	}}}
}

// heading returns the title of block i's detail.
func (m *modelMap) heading(i int) string {
	b := &m.blocks[i]
	text := fmt.Sprintf("%s, %s: %s", b.kind, m.stage(b.Stage), plot.Several(len(b.tensors), "tensor"))
	if len(b.tensors) > detailRows {
		text += fmt.Sprintf(", the worst %d", detailRows)
	}
	return text
}

// shown returns the tensors of a block that its detail shows, in the order of the
// network: all, or those with the lowest accumulated SQNR.
func (m *modelMap) shown(i int) []mapTensor {
	all := slices.Clone(m.blocks[i].tensors)
	if len(all) <= detailRows {
		return all
	}
	ranked := slices.Clone(all)
	slices.SortStableFunc(ranked, func(a, b mapTensor) int { return cmp.Compare(a.Accumulated, b.Accumulated) })
	return slices.DeleteFunc(all, func(t mapTensor) bool { return !slices.Contains(ranked[:detailRows], t) })
}

// names returns the categories of a detail's axis: the block's tensors, and empty names
// for the rows below them.
func (m *modelMap) names(i, most int) plot.Axis {
	labels := make([]string, most)
	for j, t := range m.shown(i) {
		labels[j] = t.text
	}
	return plot.Axis{Labels: labels}
}

// decibels returns the axis of SQNR that the details of all blocks share.
func (m *modelMap) decibels() plot.Axis {
	low, high := math.Inf(1), math.Inf(-1)
	for i := range m.report.Tensors {
		t := &m.report.Tensors[i]
		for _, d := range []diagnose.Decibels{t.Isolated, t.Accumulated} {
			if v := float64(d); plot.Finite(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if low > high {
		low, high = 0, 60
	}
	const grid = 10
	return plot.Axis{Name: "SQNR, dB", Lo: grid * math.Floor(low/grid), Hi: max(grid*math.Ceil(high/grid), grid*math.Floor(low/grid)+grid)}
}

// detail is the series of a block's tensors: a line from the accumulated SQNR to that
// in isolation, and a dot for each. What is infinite stands at the end of the axis.
func (m *modelMap) detail(i int, a plot.Axis) []echarts.SingleSeries {
	inside := func(d diagnose.Decibels) float64 { return min(max(float64(d), a.Lo), a.Hi) }
	var spans []any
	isolated, accumulated := []plot.Point{}, []plot.Point{}
	for j, t := range m.shown(i) {
		name := fmt.Sprintf("%s: isolated %s dB, accumulated %s dB, %.3g %% saturated, %d of %d codes used", t.Name, t.Isolated, t.Accumulated, 100*t.Saturation(), t.Used, t.Codes)
		isolated = append(isolated, plot.Point{Name: name, Value: []any{inside(t.Isolated), j}})
		accumulated = append(accumulated, plot.Point{Name: name, Value: []any{inside(t.Accumulated), j}})
		spans = append(spans, []any{inside(t.Isolated), j}, []any{inside(t.Accumulated), j}, gap)
	}
	dots := func(name, color string, data []plot.Point) echarts.SingleSeries {
		// Symbols of a line without the line: those of a scatter plot are below other lines.
		return echarts.SingleSeries{Id: name, Name: name, Type: "line", Symbol: "circle", SymbolSize: 8, ShowSymbol: opts.Bool(true), Color: color,
			LineStyle: &opts.LineStyle{Opacity: opts.Float(0)}, Data: data}
	}
	return []echarts.SingleSeries{
		{Id: "spans", Type: "line", Data: spans, ShowSymbol: opts.Bool(false), Color: plot.Shade, LineStyle: &opts.LineStyle{Color: plot.Shade, Width: 2}},
		dots(inIsolation, plot.Blue, isolated), dots(soFar, plot.Vermillion, accumulated),
	}
}

// table has a row for each block, with its number by every measure.
func (m *modelMap) table() table.Table {
	t := plot.Columns("block", "kind", "stage", "tensors")
	for i := range m.measures {
		name := m.measures[i].Name
		if m.measures[i].decibels() {
			name += ", dB"
		}
		t.Columns = append(t.Columns, table.Column{Name: name})
	}
	for i := range m.blocks {
		b := &m.blocks[i]
		row := []any{b.Name, b.kind, m.stage(b.Stage), len(b.tensors)}
		for j := range m.measures {
			row = append(row, m.measures[j].values[i])
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
