// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/charts/internal/plot"
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
	return f.Against("**Fig. 8.** The form (N×M + T×S)×L is the paper's; here it is (%d×%d + %d×%d)×%d, which makes %s multiplications a cycle. %s are not in the papers.",
		c.RMAC.Lanes, c.RMAC.MACs, c.MAT.Lanes, c.MAT.MACs, c.Copies, plot.Count(c.Multipliers()), plot.Capital(plot.Several(len(c.Assumptions()), "value"))), nil
}

// cellsDrawn is the largest number of drawn lanes of an engine, and of drawn MACs of a
// lane.
const cellsDrawn = 16

// engine draws an engine with a cell for each MAC unit, one row per lane.
func (s *sketch) engine(name, does string, e arch.Engine, at plot.Place, w, h float64, color string) {
	cells := "a row per lane"
	rows, columns := min(e.Lanes, cellsDrawn), min(e.MACs, cellsDrawn)
	if rows < e.Lanes || columns < e.MACs {
		cells = fmt.Sprintf("%d × %d are drawn", rows, columns)
	}
	s.Box(fmt.Sprintf("%s: %s multiplications per cycle", name, plot.Count(e.Multipliers())), at, w, h, color, "insideTop",
		plot.Labelled(name, does, plot.Several(e.Lanes, "lane")+" × "+plot.Several(e.MACs, "MAC"), cells))
	const header, margin, largest = 73, 10, 16
	cell := min((w-2*margin)/float64(columns), (h-header-margin)/float64(rows), largest)
	left := at[0] + (w-cell*float64(columns))/2
	for r := range rows {
		for c := range columns {
			s.Fill(name, plot.Place{left + (float64(c)+0.1)*cell, at[1] + header + (float64(r)+0.1)*cell}, 0.8*cell, 0.8*cell, color)
		}
	}
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
		does := "a quotient every " + plot.Several(a.DividerInterval, "cycle")
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
		plot.Count(c.Multipliers()), plot.Count(c.EngineDSPs()), plot.Grouped(plot.Rounded(c.PeakGOPS(), 4)), plot.Number(c.ClockMHz))
	subtitle := plot.Wrap(fmt.Sprintf("%s: (%d×%d + %d×%d)×%d, R-MAC and MAT, lanes × MACs × copies. %s assumed or changed, not stated in the papers. Auxiliary units take %s DSPs more, by an estimate.",
		c.Name, c.RMAC.Lanes, c.RMAC.MACs, c.MAT.Lanes, c.MAT.MACs, c.Copies, plot.Several(len(c.Assumptions()), "value"), plot.Count(c.AuxiliaryDSPs())), 12, plot.FigureWidth-24)
	return NewFigure(title, plot.FigureWidth, top+height, s.Option(title, subtitle, top, plot.FigureWidth, height), d.table())
}

// whole draws the paper's Fig. 8: everything, from the off-chip memory down to
// the engines and back.
func (d architectureData) whole(s *sketch) {
	c := d.Config
	const in, weight, result = plot.Sky, plot.Brown, plot.Green
	s.Box("off-chip memory", plot.Place{20, 30}, 860, 44, plot.Ink, "inside", plot.Labelled("off-chip memory",
		fmt.Sprintf("%s GB/s, latency of %s", plot.Number(c.OffChip.MBPerS/1e3), plot.Several(c.OffChip.LatencyCycles, "cycle"))))
	buffer := func(name string, b arch.Buffer, x, w float64, color string) {
		s.Box(name, plot.Place{x, 112}, w, 56, color, "inside", plot.Labelled(name,
			plot.Count(b.KiB)+" KiB", "port of "+plot.Several(b.PortBytes, "byte")+" per cycle"))
	}
	buffer("input buffer", c.Buffers.Input, 20, 200, in)
	buffer("weight buffer", c.Buffers.Weight, 250, 200, weight)
	buffer("divisor buffer", c.Buffers.Divisor, 500, 180, result)
	buffer("output buffer", c.Buffers.Output, 700, 180, result)

	s.Frame("copies", plot.Place{8, 228}, 884, 304, plot.Labelled("", copies(c.Copies)+", "+d.shared()))
	rmac, mat := "every operation", "all but depthwise convolutions"
	if !d.depthwise() {
		rmac, mat = "as MAT: it has one mode", rmac
	}
	s.engine("R-MAC engine", rmac, c.RMAC, plot.Place{20, 250}, 190, 210, plot.RmacColor)
	s.engine("MAT engine", mat, c.MAT, plot.Place{260, 250}, 190, 210, plot.MatColor)
	s.Box("auxiliary units", plot.Place{490, 250}, 390, 210, plot.Faint, "insideTop", plot.Labelled("auxiliary units", "elements per cycle of a copy"))
	for i, u := range d.auxiliaries() {
		x, y := 500+float64(i/4)*190, 292+float64(i%4)*41
		s.Box(u.name+": "+u.does, plot.Place{x, y}, 180, 36, plot.Faint, "inside", plot.Labelled("", u.name+": "+plot.Count(u.rate), u.does))
	}

	s.Path(in, plot.Place{120, 74}, plot.Place{120, 112})
	s.Path(weight, plot.Place{350, 74}, plot.Place{350, 112})
	s.Path(result, plot.Place{790, 112}, plot.Place{790, 74})
	s.Path(in, plot.Place{95, 168}, plot.Place{95, 250})
	s.Path(in, plot.Place{95, 190}, plot.Place{335, 190}, plot.Place{335, 250})
	s.Path(weight, plot.Place{375, 168}, plot.Place{375, 250})
	s.Path(weight, plot.Place{375, 208}, plot.Place{135, 208}, plot.Place{135, 250})
	s.Path(result, plot.Place{115, 460}, plot.Place{115, 492}, plot.Place{685, 492}, plot.Place{685, 460})
	s.Path(result, plot.Place{355, 460}, plot.Place{355, 492}, plot.Place{400, 492})
	s.Path(result, plot.Place{560, 250}, plot.Place{560, 168})
	s.Path(result, plot.Place{620, 168}, plot.Place{620, 250})
	s.Path(result, plot.Place{790, 250}, plot.Place{790, 168})
	s.Note(plot.Place{124, 93}, plot.Labelled("", "activations"))
	s.Note(plot.Place{354, 93}, plot.Labelled("", "weights"))
	s.Note(plot.Place{794, 93}, plot.Labelled("", "results"))
	s.Note(plot.Place{402, 480}, plot.Labelled("", "sums"))
	if d.depthwise() { // without the mode no operation streams into another
		s.Path(result, plot.Place{210, 355}, plot.Place{260, 355})
		s.Note(plot.Place{222, 340}, plot.Labelled("", "DW"))
	}
	s.Note(plot.Place{624, 209}, plot.Labelled("", "divisors"))
	s.Note(plot.Place{794, 209}, plot.Labelled("", "8 bits"))
}

// copies writes how many copies the accelerator has of what the frame encloses.
func copies(n int) string {
	if n == 1 {
		return "this frame is there once"
	}
	return "this frame is there " + plot.Count(n) + " times"
}

func (d architectureData) table() table.Table {
	c := d.Config
	t := plot.Columns("part", "size", "value")
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
