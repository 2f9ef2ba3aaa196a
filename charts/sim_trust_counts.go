// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"math"

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
	return fmt.Sprintf("%d stages cost %s of the cycles if every task fills them anew", last.Depth, percent(float64(last.Cycles-first.Cycles)/float64(first.Cycles)))
}

// Figure draws cycles against depth. The table has a row per depth.
func (d depthsData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	table := columns("depth", "cycles", "filling")
	var line []point
	for _, at := range d.Depths {
		table.Rows = append(table.Rows, []any{at.Depth, int(at.Cycles), int(at.Fill)})
		line = append(line, point{fmt.Sprintf("depth %d: %s cycles", at.Depth, count(int(at.Cycles))), []any{at.Depth, at.Cycles}})
	}
	first, last := d.Depths[0], d.Depths[len(d.Depths)-1]
	p := curve("", 84, 780, axis{name: "pipeline stages", lo: float64(first.Depth), hi: float64(last.Depth)}, "cycles of one picture", 0, line)
	subtitle := fmt.Sprintf("%s on %s.\nThe authors' formulas have no stages: a result is there in the cycle of its operands.", shortName(d.Workload), d.Config)
	return newFigure(d.finding(), figureWidth, p.top+p.height+rowsFoot, compose(d.finding(), subtitle, nil, []panel{p}), table)
}

// curve is a panel of one line from 0 upwards. A value above 0 is drawn as a bound.
func curve(title string, left, width int, x axis, unit string, bound float64, line []point) panel {
	s := dots(unit, blue, true, line)
	s.SymbolSize, s.LineStyle = 6, &opts.LineStyle{Color: blue, Width: 2}
	top := bound
	for _, p := range line {
		switch v := p.Value[1].(type) {
		case int64:
			top = max(top, float64(v))
		case int:
			top = max(top, float64(v))
		}
	}
	p := panel{title: title, left: left, top: rowsTop + 24, width: width, height: 260, x: x,
		y: axis{name: unit, lo: 0, hi: niceTop(top)}, series: []echarts.SingleSeries{s}}
	if bound > 0 {
		ends := []point{{"the chip has " + whole(bound), []any{x.lo, bound}}, {"the chip has " + whole(bound), []any{x.hi, bound}}}
		p.series = append(p.series, echarts.SingleSeries{Type: "line", ShowSymbol: opts.Bool(false), Data: ends, Color: vermillion,
			LineStyle: &opts.LineStyle{Color: vermillion, Width: 1, Type: "dashed"}})
	}
	return p
}

// niceTop returns the end of an axis that begins at 0: one of 1, 1.5, 2, 3, 4, 5, 6 and 8
// of a decade, above the value.
func niceTop(value float64) float64 {
	decade := math.Pow10(decade(value))
	for _, n := range []float64{1, 1.5, 2, 3, 4, 5, 6, 8} {
		if value < n*decade {
			return n * decade
		}
	}
	return 10 * decade
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
		own.PerCopy, d.Unit, count(most.DSPs-own.DSPs), most.PerCopy, percent(float64(own.Cycles-most.Cycles)/float64(most.Cycles)))
}

// Figure draws (a) cycles and (b) DSP slices. The table has a row per number.
func (d unitsData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	table := columns(d.Unit+" of a copy", "cycles", "DSPs", "LUTs", "chosen")
	var cycles, dsps []point
	for _, n := range d.Counts {
		name := fmt.Sprintf("%d: %s cycles, %s DSPs, %s LUTs", n.PerCopy, count(int(n.Cycles)), count(n.DSPs), count(n.LUTs))
		cycles = append(cycles, point{name, []any{n.PerCopy, n.Cycles}})
		dsps = append(dsps, point{name, []any{n.PerCopy, n.DSPs}})
		table.Rows = append(table.Rows, []any{n.PerCopy, int(n.Cycles), n.DSPs, n.LUTs, n.PerCopy == d.Chosen})
	}
	last := d.Counts[len(d.Counts)-1]
	x := axis{name: d.Unit + " of a copy", lo: 0, hi: float64(last.PerCopy)}
	own, _ := d.chosen()
	mark := func(p panel, value any) panel {
		diamond := dots("", vermillion, true, []point{{fmt.Sprintf("chosen: %d", own.PerCopy), []any{own.PerCopy, value}}})
		diamond.Symbol, diamond.SymbolSize = "diamond", 13
		p.series = append(p.series, diamond)
		return p
	}
	const width, gap = 350, 90
	a := mark(curve("(a) cycles; the diamond is the preset's number", 84, width, x, "cycles of one picture", 0, cycles), own.Cycles)
	b := mark(curve("(b) DSPs of the whole design; dashed: of the chip", 84+width+gap, width, x, "DSP slices", float64(d.Chip.DSPs), dsps), own.DSPs)
	subtitle := fmt.Sprintf("%s on %s, by the event-driven model; slices by an estimate of our own.", shortName(d.Workload), d.Config)
	return newFigure(d.finding(), figureWidth, a.top+a.height+rowsFoot, compose(d.finding(), subtitle, nil, []panel{a, b}), table)
}
