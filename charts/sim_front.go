// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/explore"
)

// FrontData is a design-space exploration of one network.
type FrontData struct {
	// Workload was charged by the timing model Model; Note is what the model
	// leaves out.
	Workload, Model, Note string
	// Fields are the varied fields of the configuration.
	Fields []string
	Points []FrontPoint
}

// FrontPoint is one configuration.
type FrontPoint struct {
	// Values are those of the fields.
	Values []any
	DSPs   int
	// FPS are the pictures per second, GOPS the 10⁹ operations per second.
	FPS, GOPS float64
	// Front says that no other point has more FPS with no more DSPs, or fewer
	// DSPs with no fewer FPS.
	Front bool
	// Mark names a configuration to be pointed out; empty for all others.
	Mark string
}

// Front draws pictures per second against DSPs for a workload of a survey, its
// Pareto front, and the configurations to be pointed out, each of which must be
// one of the survey's points.
func Front(v *explore.Survey, workload string, marked ...arch.Config) (*Figure, error) {
	d := FrontData{Workload: workload, Model: v.Model, Note: v.Note, Fields: v.Fields}
	front := make(map[arch.Config]bool)
	for _, p := range v.Front(workload) {
		front[p.Config] = true
	}
	place := make(map[arch.Config]int)
	for _, p := range v.Points {
		if p.Workload == workload {
			place[p.Config] = len(d.Points)
			d.Points = append(d.Points, FrontPoint{Values: p.Values, DSPs: p.DSPs, FPS: p.FPS, GOPS: p.GOPS, Front: front[p.Config]})
		}
	}
	for _, c := range marked {
		i, ok := place[c]
		if !ok {
			return nil, fmt.Errorf("charts: front of %s: configuration %q is none of the survey's %d points", workload, c, len(d.Points))
		}
		d.Points[i].Mark = c.Name
	}
	return d.Figure()
}

func (d FrontData) check() error {
	if len(d.Points) == 0 {
		return fmt.Errorf("charts: front of %s: no points", d.Workload)
	}
	for i, p := range d.Points {
		if len(p.Values) != len(d.Fields) {
			return fmt.Errorf("charts: front of %s: point %d has %d values, one for each of %d fields is allowed", d.Workload, i, len(p.Values), len(d.Fields))
		}
		if p.DSPs <= 0 || !(p.FPS > 0) || !finite(p.FPS) {
			return fmt.Errorf("charts: front of %s: point %d has %v FPS on %d DSPs, both must be positive", d.Workload, i, p.FPS, p.DSPs)
		}
	}
	return nil
}

// name writes a point as the pointer brings it up.
func (d FrontData) name(p FrontPoint) string {
	var values []string
	for i, f := range d.Fields {
		values = append(values, fmt.Sprintf("%s %v", f, p.Values[i]))
	}
	return strings.TrimPrefix(strings.Join(values, ", ")+": "+p.size(), ": ")
}

func (p FrontPoint) size() string {
	return fmt.Sprintf("%s FPS on %s DSPs", number(p.FPS), count(p.DSPs))
}

// finding says whether the first marked configuration can be beaten, or else
// where the front lies.
func (d FrontData) finding() string {
	low, high, front := d.Points[0], d.Points[0], 0
	for _, p := range d.Points {
		if p.Front {
			front++
			if !low.Front || p.DSPs < low.DSPs {
				low = p
			}
			if !high.Front || p.DSPs > high.DSPs {
				high = p
			}
		}
	}
	for _, mark := range d.Points {
		if mark.Mark == "" {
			continue
		}
		if mark.Front {
			return fmt.Sprintf("%s is on the front: none of %s designs has its %s FPS on fewer than %s DSPs",
				mark.Mark, count(len(d.Points)), number(mark.FPS), count(mark.DSPs))
		}
		better, best := 0, mark
		for _, p := range d.Points {
			if p.FPS >= mark.FPS && p.DSPs <= mark.DSPs && (p.FPS > mark.FPS || p.DSPs < mark.DSPs) {
				better++
				if p.FPS > best.FPS || p.FPS == best.FPS && p.DSPs < best.DSPs {
					best = p
				}
			}
		}
		beat := count(better) + " designs beat"
		if better == 1 {
			beat = "1 design beats"
		}
		return fmt.Sprintf("%s %s (%s), the fastest with %s", beat, mark.Mark, mark.size(), best.size())
	}
	return fmt.Sprintf("%s of %s designs are not beaten, from %s to %s", count(front), count(len(d.Points)), low.size(), high.size())
}

// span returns a base-2 logarithmic axis of whole octaves. Positions are
// exponents.
func span(name string, lo, hi float64) axis {
	from, to := math.Floor(math.Log2(lo)), math.Ceil(math.Log2(hi))
	a := axis{name: name, lo: from, hi: max(to, from+1)}
	a.ticks = octaves(a.lo, a.hi, 12)
	for i := range a.ticks {
		if at := a.ticks[i].at; at >= 0 {
			a.ticks[i].label = count(int(math.Exp2(at)))
		} else {
			a.ticks[i].label = number(math.Exp2(at))
		}
	}
	return a
}

// staircase orders the front by DSPs.
func staircase(points []point) []point {
	slices.SortStableFunc(points, func(a, b point) int {
		return cmp.Compare(a.Value[0].(float64), b.Value[0].(float64))
	})
	return points
}

// Figure draws every point, the front as a staircase, and the marked points with
// the line of as many pictures per second from each DSP. Both axes are
// logarithmic, so that the largest design does not push the others together;
// points that would cover one another are drawn once. The table has them all.
func (d FrontData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	const (
		left, top, width, height = 84, 96, 780, 420
		cell                     = 3 // pixels within which points cover one another
	)
	first := d.Points[0]
	minDSPs, maxDSPs, minFPS, maxFPS := first.DSPs, first.DSPs, first.FPS, first.FPS
	table := Table{Columns: append(append([]string{}, d.Fields...), "DSPs", "FPS", "GOPS", "front", "marked")}
	for _, p := range d.Points {
		minDSPs, maxDSPs = min(minDSPs, p.DSPs), max(maxDSPs, p.DSPs)
		minFPS, maxFPS = min(minFPS, p.FPS), max(maxFPS, p.FPS)
		table.Rows = append(table.Rows, append(append([]any{}, p.Values...), p.DSPs, p.FPS, p.GOPS, p.Front, p.Mark))
	}
	x := span("DSPs, logarithmic", float64(minDSPs), float64(maxDSPs))
	y := span("pictures per second, logarithmic", minFPS, maxFPS)
	at := func(p FrontPoint) (float64, float64) { return math.Log2(float64(p.DSPs)), math.Log2(p.FPS) }

	var others, front, marks, words []point
	var ray []point
	taken := make(map[[2]int]bool)
	for _, p := range d.Points {
		px, py := at(p)
		if p.Mark != "" {
			marks = append(marks, point{p.Mark + ", " + d.name(p), []any{px, py}})
			words = append(words, point{p.Mark + ": " + p.size(), []any{px, py + (y.hi-y.lo)/24}})
			if ray == nil {
				for _, end := range []float64{x.lo, x.hi} {
					ray = append(ray, point{Value: []any{end, py - px + end}})
				}
			}
		}
		if p.Front {
			front = append(front, point{d.name(p), []any{px, py}})
			continue
		}
		place := [2]int{int((px - x.lo) / (x.hi - x.lo) * width / cell), int((py - y.lo) / (y.hi - y.lo) * height / cell)}
		if !taken[place] {
			taken[place] = true
			others = append(others, point{d.name(p), []any{px, py}})
		}
	}
	front = staircase(front)
	const frontName, otherName, rayName = "front", "another is as good in both and better in one", "as many FPS from each DSP as the marked"
	line := steps(frontName, blue, "end", 0, front)
	line.ShowSymbol, line.Symbol, line.SymbolSize = opts.Bool(true), "circle", 8
	line.AreaStyle = nil
	series := []echarts.SingleSeries{line, {
		Name: otherName, Type: "scatter", SymbolSize: 5, Data: others, Color: shade,
	}}
	legend := []string{frontName, otherName}
	if len(marks) > 0 {
		diamonds := dots("marked", vermillion, true, marks)
		diamonds.Symbol, diamonds.SymbolSize = "diamond", 15
		legend = append(legend, rayName)
		series = append(series, echarts.SingleSeries{
			Name: rayName, Type: "line", ShowSymbol: opts.Bool(false), Data: ray, Color: vermillion,
			LineStyle: &opts.LineStyle{Color: vermillion, Width: 1, Type: "dashed"},
		}, diamonds, echarts.SingleSeries{
			Type: "scatter", SymbolSize: 0.01, Data: words,
			Label: &opts.Label{Show: opts.Bool(true), Formatter: "{b}", Position: "left", Color: vermillion, FontSize: 12},
		})
	}
	p := panel{left: left, top: top, width: width, height: height, x: x, y: y, series: series}
	subtitle := fmt.Sprintf("%s\nBy the %s: %s.", d.Workload, d.Model, d.Note)
	return newFigure(d.finding(), figureWidth, top+height+54, compose(d.finding(), subtitle, legend, []panel{p}), table)
}
