// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/explore"
)

// frontData is a design-space exploration of one network.
type frontData struct {
	// Workload was charged by the timing model Model; Note is what the model
	// leaves out.
	Workload, Model, Note string
	// Cost is the measure on the other axis than pictures per second: explore.DSPs,
	// explore.BRAMs or explore.Energy.
	Cost explore.Objective
	// Fields are the varied fields of the configuration.
	Fields []string
	Points []frontPoint
	// Unrankable counts the points left out because their cost is not known,
	// for the reason Why.
	Unrankable int
	Why        string
}

// frontPoint is one configuration.
type frontPoint struct {
	// Values are the configuration's values of Fields, in their order.
	Values      []any
	DSPs, BRAMs int
	// MJ is the energy of one picture in mJ, NaN where it is not known.
	MJ float64
	// FPS are the pictures per second, GOPS the 10⁹ operations per second.
	FPS, GOPS float64
	// Front says that no other point has more FPS at no more cost, or less cost
	// with no fewer FPS.
	Front bool
	// Mark is the name that is written at a marked configuration, empty for all others.
	Mark string
}

// Front draws pictures per second against DSPs, block RAMs or energy per picture for a
// workload of a survey: its points, its Pareto front, and the marked configurations. Each
// of these must be one of the survey's points of known cost.
func Front(v *explore.Survey, workload string, cost explore.Objective, marked ...arch.Config) (*Figure, error) {
	front, err := v.Front(workload, explore.FPS, cost)
	if err != nil {
		return nil, fmt.Errorf("charts: %w", err)
	}
	d := frontData{Workload: workload, Model: v.Model, Note: v.Note, Cost: cost, Fields: v.Fields, Unrankable: front.Unrankable, Why: front.Why}
	best := make(map[arch.Config]bool)
	for _, p := range front.Points {
		best[p.Config] = true
	}
	place := make(map[arch.Config]int)
	for _, p := range v.Points {
		if p.Workload != workload || cost == explore.Energy && math.IsNaN(p.Joules) {
			continue
		}
		place[p.Config] = len(d.Points)
		d.Points = append(d.Points, frontPoint{Values: p.Values, DSPs: p.DSPs, BRAMs: p.BRAMs, MJ: 1e3 * p.Joules, FPS: p.FPS, GOPS: p.GOPS, Front: best[p.Config]})
	}
	for _, c := range marked {
		i, ok := place[c]
		if !ok {
			return nil, fmt.Errorf("charts: front of %s: configuration %q is none of the survey's %d points of known cost", workload, c, len(d.Points))
		}
		d.Points[i].Mark = c.Name
	}
	return d.Figure()
}

func (d frontData) check() error {
	if _, ok := frontCosts[d.Cost]; !ok {
		return fmt.Errorf("charts: front of %s: %v against %v: allowed are %v, %v and %v", d.Workload, explore.FPS, d.Cost, explore.DSPs, explore.BRAMs, explore.Energy)
	}
	if len(d.Points) == 0 {
		if d.Unrankable > 0 {
			return fmt.Errorf("charts: front of %s: %d points, and the %v of none is known: %s", d.Workload, d.Unrankable, d.Cost, d.Why)
		}
		return fmt.Errorf("charts: front of %s: no points", d.Workload)
	}
	for i, p := range d.Points {
		if len(p.Values) != len(d.Fields) {
			return fmt.Errorf("charts: front of %s: point %d has %d values, one for each of %d fields is allowed", d.Workload, i, len(p.Values), len(d.Fields))
		}
		if c := d.cost(p); !(c > 0) || !plot.Finite(c) || !(p.FPS > 0) || !plot.Finite(p.FPS) {
			return fmt.Errorf("charts: front of %s: point %d has %s, both must be positive", d.Workload, i, d.size(p))
		}
	}
	return nil
}

// frontCosts are the words of titles and axes for each cost.
var frontCosts = map[explore.Objective]struct{ unit, one, axis, at, less string }{
	explore.DSPs:   {"DSPs", "DSP", "DSPs", "on", "fewer"},
	explore.BRAMs:  {"block RAMs", "block RAM", "block RAMs of 36 Kbit", "with", "fewer"},
	explore.Energy: {"mJ", "mJ", "mJ per picture", "at", "less"},
}

// cost returns the cost of a point, in the unit of the figure's measure.
func (d frontData) cost(p frontPoint) float64 {
	switch d.Cost {
	case explore.Energy:
		return p.MJ
	case explore.BRAMs:
		return float64(p.BRAMs)
	}
	return float64(p.DSPs)
}

// costText writes the cost of a point with its unit.
func (d frontData) costText(p frontPoint) string {
	if d.Cost == explore.Energy {
		return plot.Number(p.MJ) + " mJ"
	}
	return plot.Count(int(d.cost(p))) + " " + frontCosts[d.Cost].unit
}

// size writes the pictures per second and the cost of a point.
func (d frontData) size(p frontPoint) string {
	return fmt.Sprintf("%s FPS %s %s", plot.Number(p.FPS), frontCosts[d.Cost].at, d.costText(p))
}

// name writes a point for a reader who points at it.
func (d frontData) name(p frontPoint) string {
	var values []string
	for i, f := range d.Fields {
		values = append(values, fmt.Sprintf("%s %v", f, p.Values[i]))
	}
	return strings.TrimPrefix(strings.Join(values, ", ")+": "+d.size(p), ": ")
}

// finding says whether the first marked configuration can be beaten by one that spends no
// more DSPs, whatever the cost that is drawn, or else where the front lies.
func (d frontData) finding() string {
	low, high, front := d.Points[0], d.Points[0], 0
	for _, p := range d.Points {
		if p.Front {
			front++
			if !low.Front || d.cost(p) < d.cost(low) {
				low = p
			}
			if !high.Front || d.cost(p) > d.cost(high) {
				high = p
			}
		}
	}
	for _, mark := range d.Points {
		if mark.Mark == "" {
			continue
		}
		equal := "" // a design that spends more DSPs is no rival
		if d.Cost != explore.DSPs && slices.ContainsFunc(d.Points, func(p frontPoint) bool { return p.DSPs > mark.DSPs }) {
			equal = " with no more DSPs"
		}
		better, best := 0, mark
		for _, p := range d.Points {
			if p.DSPs <= mark.DSPs && p.FPS >= mark.FPS && d.cost(p) <= d.cost(mark) && (p.FPS > mark.FPS || d.cost(p) < d.cost(mark)) {
				better++
				if p.FPS > best.FPS || p.FPS == best.FPS && d.cost(p) < d.cost(best) {
					best = p
				}
			}
		}
		switch better {
		case 0:
			words := frontCosts[d.Cost]
			return fmt.Sprintf("%s: none of %s designs%s has its %s FPS %s %s than %s",
				mark.Mark, plot.Count(len(d.Points)), equal, plot.Number(mark.FPS), words.at, words.less, d.costText(mark))
		case 1:
			return fmt.Sprintf("1 design%s beats %s, with %s", equal, mark.Mark, d.size(best))
		}
		return fmt.Sprintf("%s designs%s beat %s, the fastest with %s", plot.Count(better), equal, mark.Mark, d.size(best))
	}
	return fmt.Sprintf("%s of %s designs are not beaten, from %s to %s", plot.Count(front), plot.Count(len(d.Points)), d.size(low), d.size(high))
}

// span returns a base-2 logarithmic axis of whole octaves. Positions are
// exponents.
func span(name string, lo, hi float64) plot.Axis {
	from, to := math.Floor(math.Log2(lo)), math.Ceil(math.Log2(hi))
	a := plot.Axis{Name: name, Lo: from, Hi: max(to, from+1)}
	a.Ticks = plot.Octaves(a.Lo, a.Hi, 12)
	for at := a.Lo; at < a.Hi && a.Hi-a.Lo <= 2; at++ { // an axis of at most two octaves has ticks between them
		for _, part := range []float64{1.25, 1.5, 1.75} {
			a.Ticks = append(a.Ticks, plot.Tick{At: at + math.Log2(part)})
		}
	}
	for i := range a.Ticks {
		if at := a.Ticks[i].At; at >= 0 {
			a.Ticks[i].Label = plot.Grouped(plot.Rounded(math.Exp2(at), 6))
		} else {
			a.Ticks[i].Label = plot.Number(math.Exp2(at))
		}
	}
	return a
}

// staircase orders the front by cost.
func staircase(points []plot.Point) []plot.Point {
	slices.SortStableFunc(points, func(a, b plot.Point) int {
		return cmp.Compare(a.Value[0].(float64), b.Value[0].(float64))
	})
	return points
}

// Figure draws every point, the front as a staircase, and the marked points with
// the line of as many pictures per second for the same cost. Both axes are
// logarithmic, so that the largest design does not push the others together;
// points that would cover one another are drawn once. The table has them all.
func (d frontData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	const (
		left, top, width, height = 84, 112, 780, 420
		cell                     = 3 // distance in pixels within which points cover one another
	)
	first := d.Points[0]
	minCost, maxCost, minFPS, maxFPS := d.cost(first), d.cost(first), first.FPS, first.FPS
	table := plot.Columns(slices.Concat(d.Fields, []string{"DSPs", "BRAMs", "mJ", "FPS", "GOPS", "front", "marked"})...)
	for _, p := range d.Points {
		minCost, maxCost = min(minCost, d.cost(p)), max(maxCost, d.cost(p))
		minFPS, maxFPS = min(minFPS, p.FPS), max(maxFPS, p.FPS)
		table.Rows = append(table.Rows, slices.Concat(p.Values, []any{p.DSPs, p.BRAMs, p.MJ, p.FPS, p.GOPS, p.Front, p.Mark}))
	}
	costs := frontCosts[d.Cost]
	rayName := fmt.Sprintf("as many FPS from each %s as the marked", costs.one)
	x := span(costs.axis+", logarithmic", minCost, maxCost)
	y := span("pictures per second, logarithmic", minFPS, maxFPS)
	at := func(p frontPoint) (float64, float64) { return math.Log2(d.cost(p)), math.Log2(p.FPS) }

	var others, front, marks []plot.Point
	words := make(map[string][]plot.Point) // the texts, by the side of the mark on which they stand
	var ray []plot.Point
	taken := make(map[[2]int]bool)
	for _, p := range d.Points {
		px, py := at(p)
		if p.Mark != "" {
			marks = append(marks, plot.Point{Name: p.Mark + ", " + d.name(p), Value: []any{px, py}})
			word, side, height := p.Mark+": "+d.size(p), "left", (y.Hi-y.Lo)/24
			if plot.TextWidth(word, 12, false) > (px-x.Lo)/(x.Hi-x.Lo)*width {
				side, height = "right", -height // the text stands below the line
			}
			words[side] = append(words[side], plot.Point{Name: word, Value: []any{px, py + height}})
			if ray == nil {
				for _, end := range []float64{x.Lo, x.Hi} {
					ray = append(ray, plot.Point{Value: []any{end, py - px + end}})
				}
			}
		}
		if p.Front {
			front = append(front, plot.Point{Name: d.name(p), Value: []any{px, py}})
			continue
		}
		place := [2]int{int((px - x.Lo) / (x.Hi - x.Lo) * width / cell), int((py - y.Lo) / (y.Hi - y.Lo) * height / cell)}
		if !taken[place] {
			taken[place] = true
			others = append(others, plot.Point{Name: d.name(p), Value: []any{px, py}})
		}
	}
	front = staircase(front)
	const frontName, otherName = "front", "another is as good in both and better in one"
	line := plot.Steps(frontName, plot.Blue, "end", 0, front)
	line.ShowSymbol, line.Symbol, line.SymbolSize = opts.Bool(true), "circle", 8
	line.AreaStyle = nil
	series := []echarts.SingleSeries{line, {
		Name: otherName, Type: "scatter", SymbolSize: 5, Data: others, Color: plot.Shade,
	}}
	legend := []string{frontName, otherName}
	if len(marks) > 0 {
		diamonds := plot.Dots("marked", plot.Vermillion, true, marks)
		diamonds.Symbol, diamonds.SymbolSize = "diamond", 15
		legend = append(legend, rayName)
		series = append(series, echarts.SingleSeries{
			Name: rayName, Type: "line", ShowSymbol: opts.Bool(false), Data: ray, Color: plot.Vermillion,
			LineStyle: &opts.LineStyle{Color: plot.Vermillion, Width: 1, Type: "dashed"},
		}, diamonds)
		for _, side := range []string{"left", "right"} {
			series = append(series, echarts.SingleSeries{
				Type: "scatter", SymbolSize: 0.01, Data: words[side],
				Label: &opts.Label{Show: opts.Bool(true), Formatter: "{b}", Position: side, Color: plot.Vermillion, FontSize: 12},
			})
		}
	}
	p := plot.Panel{Left: left, Top: top, Width: width, Height: height, X: x, Y: y, Series: series}
	about := fmt.Sprintf("By the %s: %s.", d.Model, d.Note)
	if d.Unrankable > 0 {
		about += fmt.Sprintf(" %s designs are left out: %s.", plot.Count(d.Unrankable), d.Why)
	}
	subtitle := plot.ShortName(d.Workload) + "\n" + plot.Wrap(about, 12, plot.FigureWidth-24)
	return NewFigure(d.finding(), plot.FigureWidth, top+height+54, plot.Compose(d.finding(), subtitle, legend, []plot.Panel{p}), table)
}
