// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/gotriovit/gotriovit/hwsim/event"
)

// rooflineData is what each step of a run attains, under the two roofs of its
// accelerator: off-chip bandwidth and multipliers.
type rooflineData struct {
	// Workload was run on Config with these Options.
	Workload, Config, Options string
	Roofline                  event.Roofline
}

// Roofline draws the roofline of an event-driven run.
func Roofline(r *event.Run) (*Figure, error) {
	return rooflineData{r.Workload, r.Config.Name, r.Options.String(), *r.Roofline()}.Figure()
}

func (d rooflineData) check() error {
	l := &d.Roofline
	if !(l.PeakGOPS > 0) || !plot.Finite(l.PeakGOPS) || !(l.GBPerS > 0) || !plot.Finite(l.GBPerS) {
		return fmt.Errorf("charts: roofline of %s: roofs of %v GOPS and %v GB/s, both must be positive", d.Workload, l.PeakGOPS, l.GBPerS)
	}
	if len(l.Steps) == 0 || l.Run.Bytes == 0 {
		return fmt.Errorf("charts: roofline of %s: no step multiplies, or nothing is moved off-chip", d.Workload)
	}
	for _, p := range append(slices.Clone(l.Steps), l.Run) {
		if p.Operations < 1 || p.Cycles < 1 || p.Bytes < 0 || !(p.GOPS > 0) || !plot.Finite(p.GOPS) {
			return fmt.Errorf("charts: roofline of %s: %s has %d operations, %d bytes, %d cycles and %v GOPS, all but bytes must be positive", d.Workload, p.Name, p.Operations, p.Bytes, p.Cycles, p.GOPS)
		}
	}
	return nil
}

// text writes a point for a reader who points at it. steps is the number of steps that
// share the point.
func (d rooflineData) text(p *event.RooflinePoint, steps int) string {
	name := plot.BlockName(p.Name)
	if steps > 1 {
		name = fmt.Sprintf("%s and %d more", name, steps-1)
	}
	if p.Label != "" {
		name += " (" + plot.PlainRoles(p.Label) + ")"
	}
	intensity := "no off-chip bytes"
	if p.Bytes > 0 {
		intensity = plot.Number(p.Intensity()) + " operations per byte"
	}
	return fmt.Sprintf("%s: %s, %s, bound by %s, %s cycles", name, intensity, d.attained(p), d.Roofline.Bound(p), plot.Count(int(p.Cycles)))
}

// attained writes the throughput of a point and that of its roof, in GOPS.
func (d rooflineData) attained(p *event.RooflinePoint) string {
	return fmt.Sprintf("%s of %s GOPS", plot.Number(p.GOPS), plot.Number(d.Roofline.Roof(p.Intensity())))
}

// finding tells in which share of the cycles the off-chip bandwidth is the lower roof.
func (d rooflineData) finding() string {
	l := &d.Roofline
	var cycles, low int64
	for i := range l.Steps {
		p := &l.Steps[i]
		cycles += p.Cycles
		if l.Bound(p) == "bandwidth" {
			low += p.Cycles
		}
	}
	what := "Off-chip bandwidth is the lower roof in " + plot.Percent(float64(low)/float64(cycles)) + " of the cycles"
	return fmt.Sprintf("%s; %s of %s GOPS are attained", what, plot.Number(l.Run.GOPS), plot.Number(l.PeakGOPS))
}

// rooflineKind is the sum of all steps with one label.
type rooflineKind struct {
	sum   event.RooflinePoint
	color string
}

// kinds sums the steps by label, the most cycles first.
func (d rooflineData) kinds() []rooflineKind {
	var list []rooflineKind
	for _, p := range d.Roofline.Steps {
		i := slices.IndexFunc(list, func(k rooflineKind) bool { return k.sum.Label == p.Label })
		if i < 0 {
			i = len(list)
			list = append(list, rooflineKind{sum: event.RooflinePoint{Label: p.Label}})
		}
		sum := &list[i].sum
		before, more := float64(sum.Cycles), float64(p.Cycles)
		sum.GOPS = (sum.GOPS*before + p.GOPS*more) / (before + more)
		sum.Operations, sum.Bytes, sum.Cycles = sum.Operations+p.Operations, sum.Bytes+p.Bytes, sum.Cycles+p.Cycles
	}
	slices.SortStableFunc(list, func(a, b rooflineKind) int { return cmp.Compare(b.sum.Cycles, a.sum.Cycles) })
	for i := range list {
		list[i].color = plot.LabelColor(list[i].sum.Label)
	}
	return list
}

// rooflineMark is the place of one step, or of several that coincide.
type rooflineMark struct {
	point event.RooflinePoint
	steps int
}

// marks joins the steps of a label whose positions coincide.
func (d rooflineData) marks(label string) []rooflineMark {
	var list []rooflineMark
	near := func(a, b float64) bool { return a == b || math.Abs(a/b-1) < 1e-3 }
	for _, p := range d.Roofline.Steps {
		if p.Label != label {
			continue
		}
		i := slices.IndexFunc(list, func(m rooflineMark) bool {
			return near(m.point.Intensity(), p.Intensity()) && near(m.point.GOPS, p.GOPS)
		})
		if i < 0 {
			list = append(list, rooflineMark{p, 1})
			continue
		}
		list[i].point.Cycles += p.Cycles
		list[i].steps++
	}
	return list
}

// bubble is a [point] with a size in pixels and a colour of its own.
type bubble struct {
	plot.Point
	SymbolSize float64         `json:"symbolSize"`
	ItemStyle  *opts.ItemStyle `json:"itemStyle"`
}

// Figure draws (a) the roofs and under them each step, its area by its cycles and
// its colour by (b), the cycles of each kind of step and what of its roof it
// attains. Steps without off-chip bytes stand at ∞. The table has one row per
// step.
func (d rooflineData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	const (
		top, height     = 122, 400
		left, right     = 84, 36
		pitch, foot     = 24, 96
		smallest, large = 7, 44 // diameters of the smallest and the largest bubble
	)
	table := plot.Columns("step", "label", "operations", "off-chip bytes", "operations per byte", "cycles", "GOPS", "roof, GOPS", "bound")
	l := &d.Roofline
	lo, hi, least := l.Run.Intensity(), l.Ridge(), l.Run.GOPS
	onChip, above := false, false
	for i := range l.Steps {
		p := &l.Steps[i]
		intensity := p.Intensity()
		roof := l.Roof(intensity)
		table.Rows = append(table.Rows, []any{plot.BlockName(p.Name), p.Label, float64(p.Operations), float64(p.Bytes), intensity, float64(p.Cycles), p.GOPS, roof, l.Bound(p)})
		if p.Bytes == 0 {
			onChip = true
		} else {
			lo, hi = min(lo, intensity), max(hi, intensity)
		}
		least = min(least, p.GOPS)
		above = above || p.GOPS > roof*(1+1e-9)
	}
	x := span("operations per off-chip byte, logarithmic", min(lo, l.Ridge()/2), hi*1.4)
	y := span("attained GOPS, logarithmic", least/1.2, l.PeakGOPS*1.6)
	infinite := x.Hi + (x.Hi-x.Lo)/12
	if onChip {
		x.Name += "; ∞ leaves nothing"
		x.Ticks = append(x.Ticks, plot.Tick{At: infinite, Label: "∞"})
		x.Hi = infinite + (x.Hi-x.Lo)/20
	}
	place := func(p *event.RooflinePoint) []any {
		if p.Bytes == 0 {
			return []any{infinite, math.Log2(p.GOPS)}
		}
		return []any{math.Log2(p.Intensity()), math.Log2(p.GOPS)}
	}
	ridge, peak, bandwidth := math.Log2(l.Ridge()), math.Log2(l.PeakGOPS), math.Log2(l.GBPerS)
	from := max(x.Lo, y.Lo-bandwidth) // the slope of the bandwidth enters the panel here
	slope, level := fmt.Sprintf("off-chip memory: %s GB/s", plot.Number(l.GBPerS)), fmt.Sprintf("multipliers: %s GOPS", plot.Number(l.PeakGOPS))
	roofs := echarts.SingleSeries{Type: "line", ShowSymbol: opts.Bool(false), Color: plot.Ink, LineStyle: &opts.LineStyle{Color: plot.Ink, Width: 2}, Data: []plot.Point{
		{Name: slope, Value: []any{from, from + bandwidth}}, {Name: "ridge", Value: []any{ridge, peak}}, {Name: level, Value: []any{x.Hi, peak}},
	}}
	run := l.Run
	run.Name = "whole run"
	whole := plot.Dots("whole run", plot.Ink, true, []plot.Point{{Name: d.text(&run, 1), Value: place(&run)}})
	whole.Symbol, whole.SymbolSize = "diamond", 14
	lift := 30 * (y.Hi - y.Lo) / height // the caption stands above the marks that lie on the roof
	before := plot.Captions([]plot.Point{{Name: level, Value: []any{x.Hi, peak + lift}}})
	before.Label.Position = "left"
	after := plot.Captions([]plot.Point{ // these captions stand at the right, since the slope may leave no room at the left
		{Name: slope, Value: []any{from + 0.2*(ridge-from), from + 0.2*(ridge-from) + bandwidth}},
		{Name: "ridge: " + plot.Number(l.Ridge()) + " operations per byte", Value: []any{ridge, peak + lift}},
	})
	at := place(&run)
	below := plot.Captions([]plot.Point{{Name: "whole run", Value: []any{at[0], at[1].(float64) - 0.6*lift}}})
	below.Label.Position = "inside"

	kinds := d.kinds()
	var marks []bubble
	var labels []string
	var bars []opts.BarData
	var words []plot.Point
	most := 0.0
	for i, k := range kinds {
		for _, m := range d.marks(k.sum.Label) {
			cycles := float64(m.point.Cycles)
			most = max(most, cycles)
			marks = append(marks, bubble{plot.Point{Name: d.text(&m.point, m.steps), Value: place(&m.point)}, cycles,
				&opts.ItemStyle{Color: k.color, BorderColor: k.color, BorderWidth: 2, Opacity: opts.Float(0.55)}})
		}
		share := fmt.Sprintf("%s cycles · %s", plot.Count(int(k.sum.Cycles)), d.attained(&k.sum))
		labels = append(labels, plot.PlainRoles(k.sum.Label))
		bars = append(bars, opts.BarData{Name: k.sum.Label + ": " + share, Value: float64(k.sum.Cycles), ItemStyle: &opts.ItemStyle{Color: k.color}})
		words = append(words, plot.Point{Name: share, Value: []any{float64(k.sum.Cycles), i}})
	}
	slices.SortStableFunc(marks, func(a, b bubble) int { return cmp.Compare(b.SymbolSize, a.SymbolSize) }) // the smaller bubble is in front of the larger one
	for i := range marks {
		marks[i].SymbolSize = max(smallest, large*math.Sqrt(marks[i].SymbolSize/most))
	}
	steps := plot.Dots("steps", plot.Blue, true, nil)
	steps.Data = marks
	main := plot.Panel{
		Title: "(a) each step under the roofs; its area is its cycles",
		Left:  left, Top: top, Width: plot.FigureWidth - left - right, Height: height, X: x, Y: y,
		Series: []echarts.SingleSeries{roofs, steps, whole, before, after, below},
	}
	room := plot.LabelRoom(labels)
	byKind := plot.Panel{
		Title: "(b) by kind, in the colours of (a), and what is attained of the roof",
		Left:  room, Top: top + height + foot, Width: int(plot.CaptionedWidth(plot.FigureWidth-room, words)), Height: pitch * len(kinds),
		X: plot.Axis{Name: "cycles"}, Y: plot.Axis{Labels: labels},
		Series: []echarts.SingleSeries{{Name: "kind", Type: "bar", BarWidth: "66%", Data: bars}, plot.Captions(words)},
	}
	subtitle := fmt.Sprintf("%s on %s, event-driven, %s.", plot.ShortName(d.Workload), d.Config, d.Options)
	if above {
		subtitle += "\nA step may lie above the slope: its weights were loaded while the steps before it computed."
	}
	return NewFigure(d.finding(), plot.FigureWidth, byKind.Top+byKind.Height+54, plot.Compose(d.finding(), subtitle, nil, []plot.Panel{main, byKind}), table)
}
