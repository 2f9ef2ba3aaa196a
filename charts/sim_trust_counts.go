// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"

	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/trust"
)

// depthsData are the cycles of a run for each depth of the engines' pipelines.
type depthsData struct {
	Workload, Config string
	Depths           []trust.Depth
}

// Depths draws the cycles of a workload on a configuration against the depth of the
// engines' pipelines, in rising order.
func Depths(workload string, c arch.Config, list []trust.Depth) (*Figure, error) {
	return depthsData{workload, c.Name, list}.Figure()
}

func (d depthsData) check() error {
	if len(d.Depths) < 2 {
		return fmt.Errorf("charts: depths of %s: %d, need at least two", d.Workload, len(d.Depths))
	}
	for i, at := range d.Depths {
		if at.Cycles <= 0 || i > 0 && at.Depth <= d.Depths[i-1].Depth {
			return fmt.Errorf("charts: depths of %s: depth %d takes %d cycles, must be deeper than the one before and positive", d.Workload, at.Depth, at.Cycles)
		}
	}
	return nil
}

// finding tells the additional cycles of the deepest pipeline.
func (d depthsData) finding() string {
	first, last := d.Depths[0], d.Depths[len(d.Depths)-1]
	return fmt.Sprintf("%d stages cost %s of the cycles if every task fills them anew", last.Depth, plot.Percent(float64(last.Cycles-first.Cycles)/float64(first.Cycles)))
}

// Figure draws cycles against depth. The table has a row per depth.
func (d depthsData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	table := plot.Columns("depth", "cycles", "filling")
	var line []plot.Point
	for _, at := range d.Depths {
		table.Rows = append(table.Rows, []any{at.Depth, int(at.Cycles), int(at.Fill)})
		line = append(line, plot.Point{Name: fmt.Sprintf("depth %d: %s cycles", at.Depth, plot.Count(int(at.Cycles))), Value: []any{at.Depth, at.Cycles}})
	}
	first, last := d.Depths[0], d.Depths[len(d.Depths)-1]
	p := curve("", 84, 780, plot.Axis{Name: "pipeline stages", Lo: float64(first.Depth), Hi: float64(last.Depth)}, "cycles of one picture", 0, line)
	subtitle := fmt.Sprintf("%s on %s.\nThe authors' formulas have no stages: a result is there in the cycle of its operands.", plot.ShortName(d.Workload), d.Config)
	return NewFigure(d.finding(), plot.FigureWidth, p.Top+p.Height+rowsFoot, plot.Compose(d.finding(), subtitle, nil, []plot.Panel{p}), table)
}

// curve is a panel of one line from 0 upwards. A value above 0 is drawn as a bound.
func curve(title string, left, width int, x plot.Axis, unit string, bound float64, line []plot.Point) plot.Panel {
	s := plot.Dots(unit, plot.Blue, true, line)
	s.SymbolSize, s.LineStyle = 6, &opts.LineStyle{Color: plot.Blue, Width: 2}
	top := bound
	for _, p := range line {
		switch v := p.Value[1].(type) {
		case int64:
			top = max(top, float64(v))
		case int:
			top = max(top, float64(v))
		}
	}
	p := plot.Panel{Title: title, Left: left, Top: rowsTop + 24, Width: width, Height: 260, X: x,
		Y: plot.Axis{Name: unit, Lo: 0, Hi: plot.NiceTop(top)}, Series: []echarts.SingleSeries{s}}
	if bound > 0 {
		ends := []plot.Point{{Name: "the chip has " + whole(bound), Value: []any{x.Lo, bound}}, {Name: "the chip has " + whole(bound), Value: []any{x.Hi, bound}}}
		p.Series = append(p.Series, echarts.SingleSeries{Type: "line", ShowSymbol: opts.Bool(false), Data: ends, Color: plot.Vermillion,
			LineStyle: &opts.LineStyle{Color: plot.Vermillion, Width: 1, Type: "dashed"}})
	}
	return p
}

// unitsData are cycles and DSP slices for each number of an auxiliary unit in a copy.
type unitsData struct {
	Workload, Config, Unit string
	// Chosen is the configuration's own number. Chip is the number of the chip's DSP slices.
	Chosen int
	Chip   arch.Device
	Counts []trust.UnitCount
}

// UnitCounts draws the cycles of a workload and the DSP slices of the whole design against
// the number of one auxiliary unit in a copy. unit is its name in the plural. chosen is
// the configuration's own number, which must be among the counts.
func UnitCounts(workload string, c arch.Config, unit string, chosen int, list []trust.UnitCount) (*Figure, error) {
	return unitsData{workload, c.Name, unit, chosen, arch.XCZU9EG(), list}.Figure()
}

// chosen returns the count of the configuration's own number.
func (d unitsData) chosen() (trust.UnitCount, bool) {
	for _, n := range d.Counts {
		if n.PerCopy == d.Chosen {
			return n, true
		}
	}
	return trust.UnitCount{}, false
}

func (d unitsData) check() error {
	if _, ok := d.chosen(); !ok || len(d.Counts) < 2 {
		return fmt.Errorf("charts: %s of %s: %d counts must be at least two, with the chosen %d among them", d.Unit, d.Workload, len(d.Counts), d.Chosen)
	}
	for i, n := range d.Counts {
		if n.Cycles <= 0 || n.DSPs <= 0 || i > 0 && n.PerCopy <= d.Counts[i-1].PerCopy {
			return fmt.Errorf("charts: %s of %s: %d of them take %d cycles on %d DSPs, must be more than before and positive", d.Unit, d.Workload, n.PerCopy, n.Cycles, n.DSPs)
		}
	}
	return nil
}

// finding compares the chosen number with the largest.
func (d unitsData) finding() string {
	own, _ := d.chosen()
	most := d.Counts[len(d.Counts)-1]
	return fmt.Sprintf("%d %s a copy take %s DSPs less than %d, and cost %s of the cycles",
		own.PerCopy, d.Unit, plot.Count(most.DSPs-own.DSPs), most.PerCopy, plot.Percent(float64(own.Cycles-most.Cycles)/float64(most.Cycles)))
}

// Figure draws (a) cycles and (b) DSP slices. The table has a row per number.
func (d unitsData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	table := plot.Columns(d.Unit+" of a copy", "cycles", "DSPs", "LUTs", "chosen")
	var cycles, dsps []plot.Point
	for _, n := range d.Counts {
		name := fmt.Sprintf("%d: %s cycles, %s DSPs, %s LUTs", n.PerCopy, plot.Count(int(n.Cycles)), plot.Count(n.DSPs), plot.Count(n.LUTs))
		cycles = append(cycles, plot.Point{Name: name, Value: []any{n.PerCopy, n.Cycles}})
		dsps = append(dsps, plot.Point{Name: name, Value: []any{n.PerCopy, n.DSPs}})
		table.Rows = append(table.Rows, []any{n.PerCopy, int(n.Cycles), n.DSPs, n.LUTs, n.PerCopy == d.Chosen})
	}
	last := d.Counts[len(d.Counts)-1]
	x := plot.Axis{Name: d.Unit + " of a copy", Lo: 0, Hi: float64(last.PerCopy)}
	own, _ := d.chosen()
	mark := func(p plot.Panel, value any) plot.Panel {
		diamond := plot.Dots("", plot.Vermillion, true, []plot.Point{{Name: fmt.Sprintf("chosen: %d", own.PerCopy), Value: []any{own.PerCopy, value}}})
		diamond.Symbol, diamond.SymbolSize = "diamond", 13
		p.Series = append(p.Series, diamond)
		return p
	}
	const width, gap = 350, 90
	a := mark(curve("(a) cycles; the diamond is the preset's number", 84, width, x, "cycles of one picture", 0, cycles), own.Cycles)
	b := mark(curve("(b) DSPs of the whole design; dashed: of the chip", 84+width+gap, width, x, "DSP slices", float64(d.Chip.DSPs), dsps), own.DSPs)
	subtitle := fmt.Sprintf("%s on %s, by the event-driven model; slices by an estimate of our own.", plot.ShortName(d.Workload), d.Config)
	return NewFigure(d.finding(), plot.FigureWidth, a.Top+a.Height+rowsFoot, plot.Compose(d.finding(), subtitle, nil, []plot.Panel{a, b}), table)
}
