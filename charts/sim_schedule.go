// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// scheduleData is what the engines and the off-chip memory do while a network's
// blocks run: the paper's Fig. 9, as it was simulated.
type scheduleData struct {
	// Workload was run on Config with these Options.
	Workload, Config, Options string
	Panels                    []schedulePanel
}

// schedulePanel is one block or step.
type schedulePanel struct {
	// Block is its name in the network, and Label what the panel's title calls it.
	Block, Label string
	// Cycles are those from the start of the block or step to its end.
	Cycles float64
	Tasks  []scheduleTask
}

// scheduleTask is an operation's work on a lane, or a transfer, from cycle Start to End
// of the block.
type scheduleTask struct {
	Lane scheduleLane
	// Op is the label of the operation's role, empty for an operation of another block.
	Op         string
	Start, End float64
}

// A scheduleLane is one of the rows of a schedule.
type scheduleLane int

// The lanes, from top to bottom.
const (
	matLane scheduleLane = iota
	rmacLane
	loadLane
	storeLane
)

// scheduleLanes are the names of the lanes.
var scheduleLanes = [...]string{matLane: "MAT", rmacLane: "R-MAC", loadLane: "loads", storeLane: "stores"}

// Schedule draws the schedule of blocks of an event-driven run, which must have kept its
// events. A name is that of a block, or, for a closer look, of a step, such as the first
// KᵀV of an attention's pipeline; "backbone." may be left out.
func Schedule(r *event.Run, blocks ...string) (*Figure, error) {
	if len(r.Events) == 0 {
		return nil, fmt.Errorf("charts: schedule of %s: the run kept no events: set the option Events", r.Workload)
	}
	d := scheduleData{Workload: r.Workload, Config: r.Config.Name, Options: r.Options.String()}
	for _, block := range blocks {
		p, err := schedule(r, plot.BlockName(block))
		if err != nil {
			return nil, err
		}
		d.Panels = append(d.Panels, p)
	}
	return d.Figure()
}

// schedule returns the panel of one block or step: those events of a run that lie within
// its cycles.
func schedule(r *event.Run, block string) (schedulePanel, error) {
	var known []string
	own := make(map[string]map[string]string) // labels of the operations of each drawn step, by the step's name
	steps := make(map[string]string)          // label of each drawn step, for its loads and stores
	label := plot.BlockLabel(block)
	for _, s := range r.Steps {
		name := plot.BlockName(s.Block)
		switch block {
		case plot.BlockName(s.Name):
			label = plot.PlainRoles(s.Label)
			if s.Block != "" {
				label = plot.BlockLabel(s.Block) + ", " + label
			}
			fallthrough
		case name:
			own[s.Name], steps[s.Name] = s.Labels, s.Label
		}
		if name != "" && !slices.Contains(known, name) {
			known = append(known, name)
		}
	}
	from, to := int64(math.MaxInt64), int64(0)
	for _, e := range r.Events {
		if _, ok := own[e.Op]; ok && e.Kind == event.ComputeEvent {
			from, to = min(from, e.Start), max(to, e.End)
		}
	}
	if from > to {
		return schedulePanel{}, fmt.Errorf("charts: schedule of %s: no block or step %q runs on the engines: have the blocks %s", r.Workload, block, strings.Join(known, ", "))
	}
	p := schedulePanel{Block: block, Label: label, Cycles: float64(to - from)}
	for _, e := range r.Events {
		start, end := max(e.Start, from), min(e.End, to)
		if start >= end {
			continue
		}
		add := func(lane scheduleLane, op string) {
			if op == "" {
				return
			}
			name := ""
			if labels, ok := own[e.Op]; ok {
				name = plot.PlainRoles(cmp.Or(labels[op], steps[e.Op]))
			}
			p.Tasks = append(p.Tasks, scheduleTask{lane, name, float64(start - from), float64(end - from)})
		}
		switch e.Kind {
		case event.ComputeEvent:
			add(matLane, e.MAT)
			add(rmacLane, e.RMAC)
		case event.LoadEvent:
			add(loadLane, e.Op)
		case event.StoreEvent:
			add(storeLane, e.Op)
		}
	}
	return p, nil
}

func (d scheduleData) check() error {
	if len(d.Panels) == 0 {
		return fmt.Errorf("charts: schedule of %s: no blocks, need at least one", d.Workload)
	}
	for _, p := range d.Panels {
		if !(p.Cycles > 0) || !plot.Finite(p.Cycles) {
			return fmt.Errorf("charts: schedule of %s: %s takes %v cycles, must be positive", d.Workload, p.Block, p.Cycles)
		}
		for _, t := range p.Tasks {
			if t.Lane < 0 || int(t.Lane) >= len(scheduleLanes) || !(0 <= t.Start && t.Start < t.End && t.End <= p.Cycles) {
				return fmt.Errorf("charts: schedule of %s: %q of %s on lane %d from %v to %v, must be a lane of %d and within the block's %v cycles",
					d.Workload, t.Op, p.Block, t.Lane, t.Start, t.End, len(scheduleLanes), p.Cycles)
			}
		}
	}
	return nil
}

// lanes returns the lanes of both engines, and those of loads and stores that occur.
func (p schedulePanel) lanes() []scheduleLane {
	list := []scheduleLane{matLane, rmacLane}
	for _, lane := range []scheduleLane{loadLane, storeLane} {
		if len(p.merge(lane, 0)) > 0 {
			list = append(list, lane)
		}
	}
	return list
}

func laneNames(lanes []scheduleLane) []string {
	var names []string
	for _, l := range lanes {
		names = append(names, scheduleLanes[l])
	}
	return names
}

// merge joins the tasks of a lane that follow one another in the same operation
// with less than a gap between them.
func (p schedulePanel) merge(lane scheduleLane, gap float64) []scheduleTask {
	var own, merged []scheduleTask
	for _, t := range p.Tasks {
		if t.Lane == lane {
			own = append(own, t)
		}
	}
	slices.SortStableFunc(own, func(a, b scheduleTask) int { return cmp.Compare(a.Start, b.Start) })
	for _, t := range own {
		if last := len(merged) - 1; last >= 0 && merged[last].Op == t.Op && t.Start-merged[last].End <= gap {
			merged[last].End = max(merged[last].End, t.End)
			continue
		}
		merged = append(merged, t)
	}
	return merged
}

// shares returns the cycles in which both engines have a task, and those of them
// in which it is not the same operation.
func (p schedulePanel) shares() (both, apart float64) {
	mat, rmac := p.merge(matLane, 0), p.merge(rmacLane, 0)
	for _, a := range mat {
		for _, b := range rmac {
			cycles := max(0, min(a.End, b.End)-max(a.Start, b.Start))
			both += cycles
			if a.Op != b.Op {
				apart += cycles
			}
		}
	}
	return both, apart
}

// finding tells, over all panels, in which share of the cycles the engines run two
// operations, and in which one together.
func (d scheduleData) finding() string {
	var both, apart, total float64
	for _, p := range d.Panels {
		b, a := p.shares()
		both, apart, total = both+b, apart+a, total+p.Cycles
	}
	return fmt.Sprintf("The engines run two operations at once in %s of the cycles, one together in %s", plot.Percent(apart/total), plot.Percent((both-apart)/total))
}

// finding tells the share of two operations in one panel.
func (p schedulePanel) finding() string {
	_, apart := p.shares()
	return fmt.Sprintf("%s: two operations at once in %s of %s cycles", p.Label, plot.Percent(apart/p.Cycles), plot.Count(int(p.Cycles)))
}

// Figure draws a panel per block: when each engine works on which operation, and
// when off-chip memory moves data, that of other blocks in grey. The table has
// one row per task, with the name of the block or step in the network.
func (d scheduleData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	const (
		top, pitch, foot = 116, 38, 100
		left, width      = 84, 780
		thick            = 18
		letters          = 11 // font size in pixels
	)
	table := plot.Columns("block", "lane", "operation", "start", "end")
	var panels []plot.Panel
	bottom := top
	for i, p := range d.Panels {
		for _, t := range p.Tasks {
			table.Rows = append(table.Rows, []any{p.Block, scheduleLanes[t.Lane], t.Op, t.Start, t.End})
		}
		lanes := p.lanes()
		pixel := p.Cycles / width
		series := make(map[string]*echarts.SingleSeries)
		var order []string
		for row, lane := range lanes {
			tasks := p.merge(lane, pixel)
			hover := scheduleLanes[lane] + ": " + summary(tasks)
			for _, t := range tasks {
				s := series[t.Op]
				if s == nil {
					color := plot.Shade
					if t.Op != "" {
						color = plot.LabelColor(t.Op)
						order = append(order, t.Op)
					}
					s = &echarts.SingleSeries{
						Name: t.Op, Type: "line", ShowSymbol: opts.Bool(false), Data: []plot.Point{}, Color: color,
						LineStyle: &opts.LineStyle{Color: color, Width: thick},
					}
					series[t.Op] = s
				}
				s.Data = append(s.Data.([]plot.Point), plot.Point{Name: hover, Value: []any{t.Start, row}}, plot.Point{Name: hover, Value: []any{t.End, row}}, plot.Point{Name: hover, Value: []any{"-", row}})
			}
		}
		var words []echarts.SingleSeries
		for _, l := range p.labels(pixel) {
			word := plot.Captions([]plot.Point{{Name: l.op, Value: []any{l.at, slices.Index(lanes, l.lane)}}})
			word.Label.FontSize = letters
			if l.above {
				word.SymbolSize, word.ItemStyle = thick, &opts.ItemStyle{Color: "rgba(0,0,0,0)"}
				word.Label.Position = "top"
			} else {
				word.Label.Color = plot.OnColor(series[l.op].Color)
			}
			words = append(words, word)
		}
		drawn := []echarts.SingleSeries{}
		if s := series[""]; s != nil {
			drawn = append(drawn, *s)
		}
		for _, op := range order {
			drawn = append(drawn, *series[op])
		}
		if i > 0 {
			bottom += foot
		}
		panels = append(panels, plot.Panel{
			Title: fmt.Sprintf("(%c) %s", 'a'+i, p.finding()),
			Left:  left, Top: bottom, Width: width, Height: pitch * len(lanes),
			X:      plot.Axis{Name: "cycles from the start", Hi: p.Cycles},
			Y:      plot.Axis{Labels: laneNames(lanes)},
			Series: append(drawn, words...),
		})
		bottom += pitch * len(lanes)
	}
	subtitle := fmt.Sprintf("%s on %s, event-driven, %s.\nA bar is a task with its stalls, however many multipliers are busy; grey is memory traffic of other blocks.", plot.ShortName(d.Workload), d.Config, d.Options)
	return NewFigure(d.finding(), plot.FigureWidth, bottom+54, plot.Compose(d.finding(), subtitle, nil, panels), table)
}

// A scheduleLabel names a bar of an engine, inside or above.
type scheduleLabel struct {
	op    string
	lane  scheduleLane
	at    float64
	above bool
}

// labels names every operation where it first has room in each engine's lane. One
// that has none is named above a bar, in the lane where no other name is in its
// way.
func (p schedulePanel) labels(pixel float64) []scheduleLabel {
	const letter, margin = 6.5, 6
	width := func(op string) float64 { return pixel * (letter*float64(utf8.RuneCountInString(op)) + margin) }
	var labels []scheduleLabel
	named := make(map[string]bool)
	for _, lane := range []scheduleLane{matLane, rmacLane} {
		here := make(map[string]bool)
		for _, t := range p.merge(lane, pixel) {
			if !here[t.Op] && width(t.Op) < t.End-t.Start {
				here[t.Op], named[t.Op] = true, true
				labels = append(labels, scheduleLabel{op: t.Op, lane: lane, at: t.Start})
			}
		}
	}
	free := make(map[scheduleLane]float64) // the cycle from which on no name stands above the lane
	for _, lane := range []scheduleLane{matLane, rmacLane} {
		for _, t := range p.merge(lane, pixel) {
			if middle := (t.Start + t.End) / 2; !named[t.Op] && middle-width(t.Op)/2 >= free[lane] {
				named[t.Op], free[lane] = true, middle+width(t.Op)/2
				labels = append(labels, scheduleLabel{op: t.Op, lane: lane, at: middle, above: true})
			}
		}
	}
	return labels
}

// summary lists the first tasks of a lane for a reader who points at it.
func summary(tasks []scheduleTask) string {
	const most = 6
	var list []string
	for _, t := range tasks {
		if t.Op != "" && len(list) < most {
			list = append(list, fmt.Sprintf("%s %s to %s", t.Op, plot.Count(int(t.Start)), plot.Count(int(t.End))))
		}
	}
	if len(list) == 0 {
		return "nothing of this block"
	}
	return strings.Join(list, ", ")
}

// PaperFig9 draws the paper's Fig. 9 of an event-driven run of an EfficientViT, which must
// have kept its events: (a) and (b) the inter-layer pipeline, in which R-MAC's depthwise
// convolution streams into MAT's pointwise one, in the first and the last MBConv; (c) the
// intra-layer pipeline of the last MSA, and (d) one step of it. The paper draws schemes;
// here the length of a bar is its simulated cycles, stalls included.
func PaperFig9(r *event.Run) (*Figure, error) {
	var first, last, msa, product string
	for _, s := range r.Steps {
		switch {
		case strings.HasPrefix(s.Label, efficientvit.DW.String()+" + "):
			if first == "" {
				first = s.Block
			}
			last = s.Block
		case strings.HasPrefix(s.Label, efficientvit.KTV.String()):
			msa, product = s.Block, s.Name
		}
	}
	if first == "" || msa == "" {
		return nil, fmt.Errorf("charts: Fig. 9: %s has no MBConv whose DW streams into PW2, or no MSA: a run of an EfficientViT's backbone is needed", r.Workload)
	}
	f, err := Schedule(r, slices.Compact([]string{first, last, msa, product})...)
	if err != nil {
		return nil, err
	}
	inner, err := schedule(r, plot.BlockName(product))
	if err != nil {
		return nil, err
	}
	_, apart := inner.shares()
	return f.Against("**Fig. 9.** Both pipelines are the paper's: DW on R-MAC beside PW2 on MAT, and KᵀV of a head beside the divisors and dividends of the head before, for %s of such a step. The paper draws schemes; the lengths here are simulated.",
		plot.Percent(apart/inner.Cycles)), nil
}
