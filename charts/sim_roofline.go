// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/gotriovit/gotriovit/hwsim"
)

// RooflineData is what each step of a run attains, under the two roofs of its
// accelerator: off-chip bandwidth and multipliers.
type RooflineData struct {
	// Workload was run on Config with these Pipelines.
	Workload, Config, Pipelines string
	// PeakGOPS is the roof of the multipliers, GBPerS the off-chip bandwidth in
	// 10⁹ bytes per second.
	PeakGOPS, GBPerS float64
	// Steps are in the order of the network; Total is the whole run.
	Steps []RooflinePoint
	Total RooflinePoint
}

// RooflinePoint is one step.
type RooflinePoint struct {
	Name, Label string
	// Operations are two per multiply-accumulate; Bytes go to and from off-chip
	// memory.
	Operations, Bytes float64
	Cycles            float64
	// GOPS are the 10⁹ operations per second that the step attains.
	GOPS float64
}

// intensity returns the operations per byte: infinite where nothing leaves the
// chip.
func (p RooflinePoint) intensity() float64 { return p.Operations / p.Bytes }

// Roofline draws the roofline of an event-driven run.
func Roofline(r *hwsim.Run) (*Figure, error) {
	l := r.Roofline()
	d := RooflineData{Workload: r.Workload, Config: r.Config.Name, Pipelines: r.Options.Pipelines.String(), PeakGOPS: l.PeakGOPS, GBPerS: l.GBPerS}
	place := func(name string, p *hwsim.RooflinePoint) RooflinePoint {
		return RooflinePoint{Name: name, Label: p.Label, Operations: float64(p.Operations), Bytes: float64(p.Bytes), Cycles: float64(p.Cycles), GOPS: p.GOPS}
	}
	for i := range l.Steps {
		d.Steps = append(d.Steps, place(blockName(l.Steps[i].Name), &l.Steps[i]))
	}
	d.Total = place("whole run", &l.Run)
	return d.Figure()
}

func (d RooflineData) check() error {
	if !(d.PeakGOPS > 0) || !finite(d.PeakGOPS) || !(d.GBPerS > 0) || !finite(d.GBPerS) {
		return fmt.Errorf("charts: roofline of %s: roofs of %v GOPS and %v GB/s, both must be positive", d.Workload, d.PeakGOPS, d.GBPerS)
	}
	for _, p := range append(slices.Clone(d.Steps), d.Total) {
		for _, v := range []float64{p.Operations, p.Bytes, p.Cycles, p.GOPS} {
			if !(v >= 0) || !finite(v) {
				return fmt.Errorf("charts: roofline of %s: %s has %v operations, %v bytes, %v cycles and %v GOPS, none may be negative", d.Workload, p.Name, p.Operations, p.Bytes, p.Cycles, p.GOPS)
			}
		}
	}
	if !slices.ContainsFunc(d.Steps, RooflinePoint.drawn) || !(d.Total.Bytes > 0) || !d.Total.drawn() {
		return fmt.Errorf("charts: roofline of %s: no step multiplies, or nothing is moved off-chip", d.Workload)
	}
	return nil
}

// drawn says whether the point has a place on logarithmic axes.
func (p RooflinePoint) drawn() bool { return p.GOPS > 0 }

// ridge returns the operations per byte from which on the multipliers are the
// lower roof.
func (d RooflineData) ridge() float64 { return d.PeakGOPS / d.GBPerS }

// roof returns what a step can attain.
func (d RooflineData) roof(p RooflinePoint) float64 { return min(d.PeakGOPS, d.GBPerS*p.intensity()) }

// bound names the lower roof over a step.
func (d RooflineData) bound(p RooflinePoint) string {
	switch {
	case p.Operations == 0:
		return "no multiplications"
	case p.intensity() < d.ridge():
		return "bandwidth"
	}
	return "compute"
}

// text describes a point; several steps may share it.
func (d RooflineData) text(p RooflinePoint, steps int) string {
	name := p.Name
	if steps > 1 {
		name = fmt.Sprintf("%s and %d more", p.Name, steps-1)
	}
	intensity := "no off-chip bytes"
	if p.Bytes > 0 {
		intensity = number(p.intensity()) + " operations per byte"
	}
	return fmt.Sprintf("%s (%s): %s, %s GOPS of %s, bound by %s, %s cycles",
		name, p.Label, intensity, number(p.GOPS), number(d.roof(p)), d.bound(p), count(int(math.Round(p.Cycles))))
}

// finding says which roof is the lower one for how much of the time.
func (d RooflineData) finding() string {
	cycles, low := 0.0, 0.0
	for _, p := range d.Steps {
		cycles += p.Cycles
		if d.bound(p) == "bandwidth" {
			low += p.Cycles
		}
	}
	what := "Off-chip bandwidth is the lower roof in " + percent(low/max(cycles, 1)) + " of the cycles"
	return fmt.Sprintf("%s; %s of %s GOPS are attained", what, number(d.Total.GOPS), number(d.PeakGOPS))
}

// rooflineKind is all steps with one label.
type rooflineKind struct {
	sum   RooflinePoint
	color string
}

// kinds sums the steps by label, the most cycles first.
func (d RooflineData) kinds() []rooflineKind {
	var list []rooflineKind
	for _, p := range d.Steps {
		i := slices.IndexFunc(list, func(k rooflineKind) bool { return k.sum.Label == p.Label })
		if i < 0 {
			i = len(list)
			list = append(list, rooflineKind{sum: RooflinePoint{Label: p.Label}})
		}
		sum := &list[i].sum
		sum.GOPS = (sum.GOPS*sum.Cycles + p.GOPS*p.Cycles) / max(sum.Cycles+p.Cycles, 1)
		sum.Operations, sum.Bytes, sum.Cycles = sum.Operations+p.Operations, sum.Bytes+p.Bytes, sum.Cycles+p.Cycles
	}
	slices.SortStableFunc(list, func(a, b rooflineKind) int { return cmp.Compare(b.sum.Cycles, a.sum.Cycles) })
	for i := range list {
		list[i].color = partColor(i)
	}
	return list
}

// rooflineMark is the place of one step, or of several that coincide.
type rooflineMark struct {
	point RooflinePoint
	steps int
}

// marks joins the steps of a label whose positions coincide.
func (d RooflineData) marks(label string) []rooflineMark {
	var list []rooflineMark
	near := func(a, b float64) bool { return a == b || math.Abs(a/b-1) < 1e-3 }
	for _, p := range d.Steps {
		if p.Label != label || !p.drawn() {
			continue
		}
		i := slices.IndexFunc(list, func(m rooflineMark) bool {
			return near(m.point.intensity(), p.intensity()) && near(m.point.GOPS, p.GOPS)
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
func (d RooflineData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	const (
		top, height     = 122, 400
		left, right     = 84, 36
		pitch, foot     = 24, 96
		smallest, large = 7, 44 // diameters
	)
	table := Table{Columns: []string{"step", "label", "operations", "off-chip bytes", "operations per byte", "cycles", "GOPS", "roof, GOPS", "bound"}}
	lo, hi, least := d.Total.intensity(), d.ridge(), d.Total.GOPS
	onChip, above, idle := false, false, 0
	for _, p := range d.Steps {
		table.Rows = append(table.Rows, []any{p.Name, p.Label, p.Operations, p.Bytes, p.intensity(), p.Cycles, p.GOPS, d.roof(p), d.bound(p)})
		switch {
		case !p.drawn():
			idle++
			continue
		case p.Bytes == 0:
			onChip = true
		default:
			lo, hi = min(lo, p.intensity()), max(hi, p.intensity())
		}
		least = min(least, p.GOPS)
		above = above || p.GOPS > d.roof(p)*(1+1e-9)
	}
	x := span("operations per off-chip byte, logarithmic", min(lo, d.ridge()/2), hi*1.4)
	y := span("attained GOPS, logarithmic", least/1.2, d.PeakGOPS*1.6)
	infinite := x.hi + (x.hi-x.lo)/12
	if onChip {
		x.name += "; ∞ leaves nothing"
		x.ticks = append(x.ticks, tick{infinite, "∞"})
		x.hi = infinite + (x.hi-x.lo)/20
	}
	place := func(p RooflinePoint) []any {
		if p.Bytes == 0 {
			return []any{infinite, math.Log2(p.GOPS)}
		}
		return []any{math.Log2(p.intensity()), math.Log2(p.GOPS)}
	}
	ridge, peak, bandwidth := math.Log2(d.ridge()), math.Log2(d.PeakGOPS), math.Log2(d.GBPerS)
	from := max(x.lo, y.lo-bandwidth) // where the slope enters the panel
	slope, level := fmt.Sprintf("off-chip memory: %s GB/s", number(d.GBPerS)), fmt.Sprintf("multipliers: %s GOPS", number(d.PeakGOPS))
	roofs := echarts.SingleSeries{Type: "line", ShowSymbol: opts.Bool(false), Color: ink, LineStyle: &opts.LineStyle{Color: ink, Width: 2}, Data: []point{
		{slope, []any{from, from + bandwidth}}, {"ridge", []any{ridge, peak}}, {level, []any{x.hi, peak}},
	}}
	whole := dots("whole run", ink, true, []point{{d.text(d.Total, 1), place(d.Total)}})
	whole.Symbol, whole.SymbolSize = "diamond", 14
	lift := 30 * (y.hi - y.lo) / height // clear of the marks on the roof
	before := captions([]point{{level, []any{x.hi, peak + lift}}})
	before.Label.Position = "left"
	after := captions([]point{ // the slope may leave no room to its left
		{slope, []any{from + 0.2*(ridge-from), from + 0.2*(ridge-from) + bandwidth}},
		{"ridge: " + number(d.ridge()) + " operations per byte", []any{ridge, peak + lift}},
	})
	at := place(d.Total)
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
			most = max(most, m.point.Cycles)
			marks = append(marks, bubble{point{d.text(m.point, m.steps), place(m.point)}, m.point.Cycles,
				&opts.ItemStyle{Color: k.color, BorderColor: "#FFFFFF", BorderWidth: 1, Opacity: opts.Float(0.85)}})
		}
		share := fmt.Sprintf("%s cycles · %s", count(int(math.Round(k.sum.Cycles))), d.attained(k.sum))
		labels = append(labels, k.sum.Label)
		bars = append(bars, opts.BarData{Name: k.sum.Label + ": " + share, Value: k.sum.Cycles, ItemStyle: &opts.ItemStyle{Color: k.color}})
		words = append(words, point{share, []any{k.sum.Cycles, i}})
	}
	slices.SortStableFunc(marks, func(a, b bubble) int { return cmp.Compare(b.SymbolSize, a.SymbolSize) }) // none behind a larger one
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
	subtitle := fmt.Sprintf("%s on %s, event-driven, %s.", d.Workload, d.Config, d.Pipelines)
	if idle > 0 {
		subtitle += fmt.Sprintf(" %d steps without multiplications are in (b) and the table only.", idle)
	}
	if above {
		subtitle += "\nA step may lie above the slope: its weights were loaded while the steps before it computed."
	}
	return newFigure(d.finding(), figureWidth, byKind.top+byKind.height+54, compose(d.finding(), subtitle, nil, []panel{main, byKind}), table)
}

// attained says how much of its roof a kind of steps attains.
func (d RooflineData) attained(p RooflinePoint) string {
	if p.Operations == 0 {
		return d.bound(p)
	}
	return fmt.Sprintf("%s of %s GOPS", number(p.GOPS), number(d.roof(p)))
}
