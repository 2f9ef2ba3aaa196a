// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"

	"github.com/gotriovit/gotriovit/charts/internal/plot"
	"github.com/gotriovit/gotriovit/hwsim/arch"
)

// PaperFig7 draws the paper's Fig. 7 with the sizes of a configuration: (a) lanes of MAT,
// multipliers before an adder tree and an accumulator; (b) a lane of R-MAC, a chain of
// units whose multiplexers choose the operand of the addition; (c) the chain in
// down-forward accumulation, for pointwise convolutions, and (d) in self-accumulation, for
// depthwise ones. Paths that a mode does not use are dashed.
//
// As in the paper the last unit has no demultiplexer. With adders of two operands it
// cannot take the chain and accumulate at the same time; the drawing keeps the paper's
// form. In a configuration without the depthwise mode the feedback is unused everywhere,
// and (d) describes how the configuration runs depthwise convolutions instead.
func PaperFig7(c arch.Config) (*Figure, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("charts: Fig. 7: %w", err)
	}
	const top, height = 70, 580
	s := &sketch{}
	s.matLanes(c.MAT, plot.Place{12, 10})
	reconfigured := c.Depthwise == arch.Reconfigured
	s.Note(plot.Place{462, 10}, plot.Labelled(fmt.Sprintf("(b) one of %s of R-MAC", plot.Several(c.RMAC.Lanes, "lane")), "inputs and weights come from above"))
	s.chain(c.RMAC, plot.Place{462, 74}, reconfigured, true)
	s.Note(plot.Place{12, 352}, plot.Labelled("(c) down-forward accumulation: pointwise and other",
		fmt.Sprintf("units: input channels 0 to %d; lanes: output channels", c.RMAC.MACs-1)))
	s.chain(c.RMAC, plot.Place{12, 412}, false, true)
	if reconfigured {
		s.Note(plot.Place{462, 352 + 15./2}, plot.Labelled("(d) self-accumulation: depthwise", // this head has one line more than that of (c), and is centred
			fmt.Sprintf("units: channels 0 to %d; lanes: neighbouring pixels of a row;", c.RMAC.MACs-1), "in each cycle a position of the kernel; a sum from every unit"))
		s.chain(c.RMAC, plot.Place{462, 412}, true, false)
	} else {
		does := "one unit of a lane works, at a channel of its own"
		if c.Depthwise == arch.Windowed {
			does = "units take the positions of a window, from line buffers"
		}
		s.Note(plot.Place{462, 352}, plot.Labelled("(d) no depthwise mode: the chain of (c)", does))
	}
	title := fmt.Sprintf("A lane of MAT adds %s products to one sum", plot.Count(c.MAT.MACs))
	if reconfigured {
		title += fmt.Sprintf(", a lane of R-MAC to one sum or to %s", plot.Count(c.RMAC.MACs))
	} else {
		title += fmt.Sprintf(", a lane of R-MAC %s", plot.Count(c.RMAC.MACs))
	}
	subtitle := plot.Wrap(fmt.Sprintf("%s, one of %s. Trapezoids are multiplexers, dashed paths are not taken.", c.Name, copiesOf(c.Copies)), 12, plot.FigureWidth-24)
	table := plot.Columns("panel", "part", "number", "across")
	table.Rows = [][]any{
		{"a", "lanes of MAT", c.MAT.Lanes, "output channels"}, {"a", "multipliers of a lane", c.MAT.MACs, "input channels"},
		{"c", "lanes of R-MAC", c.RMAC.Lanes, "output channels"}, {"c", "units of a lane", c.RMAC.MACs, "input channels"},
	}
	if reconfigured {
		table.Rows = append(table.Rows, []any{"d", "lanes of R-MAC", c.RMAC.Lanes, "output pixels of a row"}, []any{"d", "units of a lane", c.RMAC.MACs, "channels"})
	}
	f, err := NewFigure(title, plot.FigureWidth, top+height, s.Option(title, subtitle, top, plot.FigureWidth, height), table)
	if err != nil {
		return nil, err
	}
	mode := "as in the paper R-MAC has both modes of accumulation"
	if !reconfigured {
		mode = "unlike the paper's, its R-MAC has one mode"
	}
	return f.Against("**Fig. 7.** The parts are the paper's, and %s; the sizes, %d×%d in MAT and %d×%d in R-MAC, are the companion paper's or the configuration's own.",
		mode, c.MAT.Lanes, c.MAT.MACs, c.RMAC.Lanes, c.RMAC.MACs), nil
}

func copiesOf(n int) string {
	if n == 1 {
		return "1 copy"
	}
	return plot.Count(n) + " copies"
}

// indices returns the indices of the drawn units of n: all of up to three, else the first
// two and the last, with -1 in the place of those that are left out.
func indices(n int) []int {
	switch {
	case n > 3:
		return []int{0, 1, -1, n - 1}
	case n == 3:
		return []int{0, 1, 2}
	}
	return []int{0, 1}[:n]
}

// The outlines of a multiplexer, a demultiplexer and an adder tree, as symbols of ECharts.
const (
	multiplexer   = "path://M0,0L1,0.6L1,2.4L0,3Z"
	demultiplexer = "path://M1,0L0,0.6L0,2.4L1,3Z"
	adderTree     = "path://M0,0L2,1L2,3L0,4Z"
)

// matLanes draws the first and the last lane of MAT.
func (s *sketch) matLanes(e arch.Engine, at plot.Place) {
	x, y := at[0], at[1]
	s.Note(plot.Place{x, y}, plot.Labelled(fmt.Sprintf("(a) %s of MAT", plot.Several(e.Lanes, "lane")), "inputs are broadcast, weights private to a lane"))
	bus := plot.Place{x + 34, y + 44}
	for k, lane := range []int{0, e.Lanes - 1} {
		if k == 1 && e.Lanes == 1 {
			break
		}
		top := y + 44 + float64(k)*142
		s.Frame(fmt.Sprintf("lane %d of MAT", lane), plot.Place{x + 60, top}, 370, 124, "")
		s.Note(plot.Place{x + 330, top + 108}, plot.Labelled("", fmt.Sprintf("lane %d", lane)))
		list := indices(e.MACs)
		pitch := 112 / float64(len(list))
		for i, n := range list {
			cy := top + 6 + pitch*(float64(i)+0.5)
			if n < 0 {
				s.Note(plot.Place{x + 122, cy}, plot.Labelled("…"))
				continue
			}
			s.Shape(fmt.Sprintf("multiplier %d", n), "rect", plot.Place{x + 130, cy}, 56, min(20, pitch-6), plot.MatColor, fmt.Sprintf("{on|× %d}", n))
			s.Path(plot.MatColor, plot.Place{x + 158, cy}, plot.Place{x + 190, cy})
			s.Path(plot.Green, plot.Place{bus[0], cy}, plot.Place{x + 102, cy})
		}
		middle := top + 62
		s.Shape("adder tree", adderTree, plot.Place{x + 224, middle}, 68, 106, plot.MatColor, "{on|adder\ntree}")
		s.Path(plot.MatColor, plot.Place{x + 258, middle}, plot.Place{x + 288, middle})
		s.Shape("adder", "circle", plot.Place{x + 300, middle}, 24, 24, plot.MatColor, "{on|+}")
		s.Path(plot.MatColor, plot.Place{x + 312, middle}, plot.Place{x + 340, middle})
		s.Shape("register", "rect", plot.Place{x + 364, middle}, 48, 24, plot.MatColor, "{on|register}")
		s.Path(plot.MatColor, plot.Place{x + 364, middle - 12}, plot.Place{x + 364, middle - 34}, plot.Place{x + 300, middle - 34}, plot.Place{x + 300, middle - 12})
		s.Path(plot.MatColor, plot.Place{x + 388, middle}, plot.Place{x + 436, middle})
	}
	if e.Lanes > 1 {
		s.Route(plot.Green, "solid", bus, plot.Place{bus[0], y + 44 + 142 + 110})
	}
	if e.Lanes > 2 {
		s.Note(plot.Place{x + 226, y + 176}, plot.Labelled("⋮"))
	}
	s.Note(plot.Place{x - 4, y + 34}, plot.Labelled("", "inputs"))
}

// chain draws a lane of R-MAC with all its paths. self says that each unit keeps its sum,
// and forward that it hands the sum to the next unit. The paths of a mode that is not set
// are dashed.
func (s *sketch) chain(e arch.Engine, at plot.Place, self, forward bool) {
	const pitch = 128
	list := indices(e.MACs)
	line := func(used bool, through ...plot.Place) {
		if used {
			s.Path(plot.RmacColor, through...)
		} else {
			s.Unused(through...)
		}
	}
	x, y := at[0]+14, at[1]+60
	for i, n := range list {
		last := i == len(list)-1
		if n < 0 {
			s.Note(plot.Place{x + 6, y}, plot.Labelled("…"))
			x += 40
			continue
		}
		name := fmt.Sprintf("unit %d", n)
		s.Path(plot.Ink, plot.Place{x + 50, y - 64}, plot.Place{x + 50, y - 50})
		s.Path(plot.Ink, plot.Place{x + 70, y - 64}, plot.Place{x + 70, y - 50})
		s.Shape(name+": multiplier", "rect", plot.Place{x + 60, y - 38}, 44, 22, plot.RmacColor, fmt.Sprintf("{on|× %d}", n))
		s.Path(plot.RmacColor, plot.Place{x + 60, y - 27}, plot.Place{x + 60, y - 12})
		s.Shape(name+": adder", "circle", plot.Place{x + 60, y}, 24, 24, plot.RmacColor, "{on|+}")
		s.Shape(name+": multiplexer", multiplexer, plot.Place{x + 20, y}, 14, 40, plot.RmacColor, "")
		line(self || forward, plot.Place{x + 27, y}, plot.Place{x + 48, y})
		if i == 0 {
			s.Note(plot.Place{x - 16, y - 12}, plot.Labelled("", "0"))
			line(forward, plot.Place{x - 4, y - 12}, plot.Place{x + 13, y - 12})
		}
		s.Shape(name+": register", "rect", plot.Place{x + 56, y + 50}, 52, 22, plot.RmacColor, "{on|register}")
		if last {
			line(true, plot.Place{x + 72, y}, plot.Place{x + 96, y}, plot.Place{x + 96, y + 50}, plot.Place{x + 82, y + 50})
			line(true, plot.Place{x + 56, y + 61}, plot.Place{x + 56, y + 82})
		} else {
			line(self || forward, plot.Place{x + 72, y}, plot.Place{x + 89, y})
			s.Shape(name+": demultiplexer", demultiplexer, plot.Place{x + 96, y}, 14, 40, plot.RmacColor, "")
			line(self, plot.Place{x + 96, y + 16}, plot.Place{x + 96, y + 50}, plot.Place{x + 82, y + 50})
			next := x + pitch + 13
			if list[i+1] < 0 {
				next = x + pitch
			}
			line(forward, plot.Place{x + 103, y - 12}, plot.Place{next, y - 12})
			if list[i+1] < 0 {
				line(forward, plot.Place{x + pitch + 26, y - 12}, plot.Place{x + pitch + 53, y - 12})
			}
			if !forward {
				line(true, plot.Place{x + 56, y + 61}, plot.Place{x + 56, y + 82})
			}
		}
		line(self || last, plot.Place{x + 30, y + 50}, plot.Place{x + 4, y + 50}, plot.Place{x + 4, y + 12}, plot.Place{x + 13, y + 12})
		x += pitch
	}
}
