// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"cmp"
	"fmt"
	"math"
	"slices"

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
	if !(l.PeakGOPS > 0) || !finite(l.PeakGOPS) || !(l.GBPerS > 0) || !finite(l.GBPerS) {
		return fmt.Errorf("charts: roofline of %s: roofs of %v GOPS and %v GB/s, both must be positive", d.Workload, l.PeakGOPS, l.GBPerS)
	}
	if len(l.Steps) == 0 || l.Run.Bytes == 0 {
		return fmt.Errorf("charts: roofline of %s: no step multiplies, or nothing is moved off-chip", d.Workload)
	}
	for _, p := range append(slices.Clone(l.Steps), l.Run) {
		if p.Operations < 1 || p.Cycles < 1 || p.Bytes < 0 || !(p.GOPS > 0) || !finite(p.GOPS) {
			return fmt.Errorf("charts: roofline of %s: %s has %d operations, %d bytes, %d cycles and %v GOPS, all but bytes must be positive", d.Workload, p.Name, p.Operations, p.Bytes, p.Cycles, p.GOPS)
		}
	}
	return nil
}

// text writes a point for a reader who points at it. steps is the number of steps that
// share the point.
func (d rooflineData) text(p *event.RooflinePoint, steps int) string {
	name := blockName(p.Name)
	if steps > 1 {
		name = fmt.Sprintf("%s and %d more", name, steps-1)
	}
	if p.Label != "" {
		name += " (" + plainRoles(p.Label) + ")"
	}
	intensity := "no off-chip bytes"
	if p.Bytes > 0 {
		intensity = number(p.Intensity()) + " operations per byte"
	}
	return fmt.Sprintf("%s: %s, %s, bound by %s, %s cycles", name, intensity, d.attained(p), d.Roofline.Bound(p), count(int(p.Cycles)))
}

// attained writes the throughput of a point and that of its roof, in GOPS.
func (d rooflineData) attained(p *event.RooflinePoint) string {
	return fmt.Sprintf("%s of %s GOPS", number(p.GOPS), number(d.Roofline.Roof(p.Intensity())))
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
	what := "Off-chip bandwidth is the lower roof in " + percent(float64(low)/float64(cycles)) + " of the cycles"
	return fmt.Sprintf("%s; %s of %s GOPS are attained", what, number(l.Run.GOPS), number(l.PeakGOPS))
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
		list[i].color = labelColor(list[i].sum.Label)
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
	point
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
	table := columns("step", "label", "operations", "off-chip bytes", "operations per byte", "cycles", "GOPS", "roof, GOPS", "bound")
	l := &d.Roofline
	lo, hi, least := l.Run.Intensity(), l.Ridge(), l.Run.GOPS
	onChip, above := false, false
	for i := range l.Steps {
		p := &l.Steps[i]
		intensity := p.Intensity()
		roof := l.Roof(intensity)
		table.Rows = append(table.Rows, []any{blockName(p.Name), p.Label, float64(p.Operations), float64(p.Bytes), intensity, float64(p.Cycles), p.GOPS, roof, l.Bound(p)})
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
	infinite := x.hi + (x.hi-x.lo)/12
	if onChip {
		x.name += "; ∞ leaves nothing"
		x.ticks = append(x.ticks, tick{infinite, "∞"})
		x.hi = infinite + (x.hi-x.lo)/20
	}
	place := func(p *event.RooflinePoint) []any {
		if p.Bytes == 0 {
			return []any{infinite, math.Log2(p.GOPS)}
		}
		return []any{math.Log2(p.Intensity()), math.Log2(p.GOPS)}
	}
	ridge, peak, bandwidth := math.Log2(l.Ridge()), math.Log2(l.PeakGOPS), math.Log2(l.GBPerS)
	from := max(x.lo, y.lo-bandwidth) // the slope of the bandwidth enters the panel here
	slope, level := fmt.Sprintf("off-chip memory: %s GB/s", number(l.GBPerS)), fmt.Sprintf("multipliers: %s GOPS", number(l.PeakGOPS))
	roofs := echarts.SingleSeries{Type: "line", ShowSymbol: opts.Bool(false), Color: ink, LineStyle: &opts.LineStyle{Color: ink, Width: 2}, Data: []point{
		{slope, []any{from, from + bandwidth}}, {"ridge", []any{ridge, peak}}, {level, []any{x.hi, peak}},
	}}
	run := l.Run
	run.Name = "whole run"
	whole := dots("whole run", ink, true, []point{{d.text(&run, 1), place(&run)}})
	whole.Symbol, whole.SymbolSize = "diamond", 14
	lift := 30 * (y.hi - y.lo) / height // the caption stands above the marks that lie on the roof
	before := captions([]point{{level, []any{x.hi, peak + lift}}})
	before.Label.Position = "left"
	after := captions([]point{ // these captions stand at the right, since the slope may leave no room at the left
		{slope, []any{from + 0.2*(ridge-from), from + 0.2*(ridge-from) + bandwidth}},
		{"ridge: " + number(l.Ridge()) + " operations per byte", []any{ridge, peak + lift}},
	})
	at := place(&run)
	below := captions([]point{{"whole run", []any{at[0], at[1].(float64) - 0.6*lift}}})
	below.Label.Position = "inside"

	kinds := d.kinds()
	var marks []bubble
	var labels []string
	var bars []opts.BarData
	var words []point
	most := 0.0
	for i, k := range kinds {
		for _, m := range d.marks(k.sum.Label) {
			cycles := float64(m.point.Cycles)
			most = max(most, cycles)
			marks = append(marks, bubble{point{d.text(&m.point, m.steps), place(&m.point)}, cycles,
				&opts.ItemStyle{Color: k.color, BorderColor: k.color, BorderWidth: 2, Opacity: opts.Float(0.55)}})
		}
		share := fmt.Sprintf("%s cycles · %s", count(int(k.sum.Cycles)), d.attained(&k.sum))
		labels = append(labels, plainRoles(k.sum.Label))
		bars = append(bars, opts.BarData{Name: k.sum.Label + ": " + share, Value: float64(k.sum.Cycles), ItemStyle: &opts.ItemStyle{Color: k.color}})
		words = append(words, point{share, []any{float64(k.sum.Cycles), i}})
	}
	slices.SortStableFunc(marks, func(a, b bubble) int { return cmp.Compare(b.SymbolSize, a.SymbolSize) }) // the smaller bubble is in front of the larger one
	for i := range marks {
		marks[i].SymbolSize = max(smallest, large*math.Sqrt(marks[i].SymbolSize/most))
	}
	steps := dots("steps", blue, true, nil)
	steps.Data = marks
	main := panel{
		title: "(a) each step under the roofs; its area is its cycles",
		left:  left, top: top, width: figureWidth - left - right, height: height, x: x, y: y,
		series: []echarts.SingleSeries{roofs, steps, whole, before, after, below},
	}
	room := labelRoom(labels)
	byKind := panel{
		title: "(b) by kind, in the colours of (a), and what is attained of the roof",
		left:  room, top: top + height + foot, width: int(captionedWidth(figureWidth-room, words)), height: pitch * len(kinds),
		x: axis{name: "cycles"}, y: axis{labels: labels},
		series: []echarts.SingleSeries{{Name: "kind", Type: "bar", BarWidth: "66%", Data: bars}, captions(words)},
	}
	subtitle := fmt.Sprintf("%s on %s, event-driven, %s.", shortName(d.Workload), d.Config, d.Options)
	if above {
		subtitle += "\nA step may lie above the slope: its weights were loaded while the steps before it computed."
	}
	return newFigure(d.finding(), figureWidth, byKind.top+byKind.height+54, compose(d.finding(), subtitle, nil, []panel{main, byKind}), table)
}
