// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"

	"github.com/gotriovit/gotriovit/charts/internal/plot"
	"github.com/gotriovit/gotriovit/hwsim/register"
	"github.com/gotriovit/gotriovit/hwsim/trust"
	"github.com/gotriovit/gotriovit/table"
)

// stepData are the engines in one cycle of a recorded run.
type stepData struct {
	trust.Steps
	// At is the index of the cycle in the recording, from 0.
	At int
}

// Step draws both engines in one cycle, counted from 1: the factors at each MAC, the
// direction of the sums, and the registers at the cycle's end. It draws engines of up to 4
// lanes of 4 MACs.
func Step(s *trust.Steps, cycle int) (*Figure, error) { return stepData{*s, cycle - 1}.Figure() }

// Clock is the control over the cycles, which starts at the given cycle, counted from 1:
//
//	charts.Steer(func(at []int) (*charts.Figure, error) { return charts.Step(s, at[0]+1) }, charts.Clock(s, 1))
func Clock(s *trust.Steps, cycle int) Control {
	c := Control{Name: "cycle", At: cycle - 1}
	for _, now := range s.Cycles {
		c.Positions = append(c.Positions, fmt.Sprint(now.Cycle))
	}
	return c
}

// mostStepped bounds the lanes of an engine that are drawn, and the MACs of a lane.
const mostStepped = 4

func (d stepData) check() error {
	if d.At < 0 || d.At >= len(d.Cycles) {
		return fmt.Errorf("charts: cycle %d of %s, which has %d", d.At+1, d.Workload, len(d.Cycles))
	}
	c := d.Config
	if n := max(c.MAT.Lanes, c.MAT.MACs, c.RMAC.Lanes, c.RMAC.MACs); n > mostStepped {
		return fmt.Errorf("charts: a cycle of %s: an engine of %d lanes or MACs, up to %d are drawn", d.Workload, n, mostStepped)
	}
	return nil
}

// works tells the mode of an engine in the cycle, as the heading over its lanes.
func works(name string, lanes []register.Products) string {
	for _, p := range lanes {
		switch {
		case len(p.X) == 0:
		case p.Depthwise:
			return name + " keeps a channel in each MAC"
		default:
			return name + " sums input channels"
		}
	}
	return name + " waits"
}

// Figure draws a row per lane, MAT's on the left and R-MAC's on the right. The table has a
// row per MAC.
func (d stepData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	const top, header, pitch, middle = 76, 34, 96, 450
	now, c := d.Cycles[d.At], d.Config
	table := plot.Columns("engine", "lane", "MAC", "input", "weight", "register", "pixel", "channel")
	s := &sketch{}
	s.Note(plot.Place{12, 14}, plot.Labelled("MAT"))
	s.Note(plot.Place{middle + 12, 14}, plot.Labelled("R-MAC"))
	for i, p := range now.MATProducts {
		l := stepLane{engine: "MAT", lane: i, macs: c.MAT.MACs, products: p, registers: now.MAT[i : i+1], at: plot.Place{12, header + pitch*float64(i)}, color: plot.Blue}
		l.draw(s, &table)
	}
	for i, p := range now.RMACProducts {
		l := stepLane{engine: "R-MAC", lane: i, macs: c.RMAC.MACs, products: p, registers: now.RMAC[i], at: plot.Place{middle + 12, header + pitch*float64(i)}, color: plot.Vermillion}
		l.draw(s, &table)
	}
	height := header + pitch*max(c.MAT.Lanes, c.RMAC.Lanes)
	title := fmt.Sprintf("Cycle %d of %d: %s, %s", now.Cycle, len(d.Cycles), works("MAT", now.MATProducts), works("R-MAC", now.RMACProducts))
	subtitle := fmt.Sprintf("%s. In a MAC stands input × weight, behind the arrows the register at the cycle's end.\nPixels are outputs, counted row by row; grey MACs do nothing.", d.Workload)
	return NewFigure(title, plot.FigureWidth, top+height, s.Option(title, subtitle, top, plot.FigureWidth, height), table)
}

// A stepLane is one lane of an engine in one cycle.
type stepLane struct {
	engine     string
	lane, macs int
	products   register.Products
	registers  []int32 // one register of a lane of MAT, one for each MAC of a lane of R-MAC
	at         plot.Place
	color      string
}

// draw draws the MACs in a row, the ways of their products, and the registers: one for all
// behind the last MAC, in the depthwise mode one below each.
func (l stepLane) draw(s *sketch, t *table.Table) {
	const width, tall, room = 426.0, 30.0, 88.0
	pitch := (width - room) / float64(l.macs)
	size, behind := pitch-18, l.at[0]+width-room
	last := l.registers[len(l.registers)-1]
	p := l.products
	lane := fmt.Sprintf("%s lane %d", l.engine, l.lane+1)
	note := lane + " waits"
	if len(p.X) > 0 {
		note = fmt.Sprintf("lane %d: pixel %d, channel %d", l.lane+1, p.Pixel+1, p.Channel+1)
		if p.Depthwise && len(p.X) > 1 {
			note = fmt.Sprintf("lane %d: pixel %d, channels %d to %d", l.lane+1, p.Pixel+1, p.Channel+1, p.Channel+len(p.X))
		}
	}
	s.Note(plot.Place{l.at[0], l.at[1] + 8}, plot.Labelled("", note))
	y := l.at[1] + 20
	for i := range l.macs {
		x := l.at[0] + pitch*float64(i)
		color, text, name := plot.Shade, "", fmt.Sprintf("%s, MAC %d: nothing", lane, i+1)
		row := []any{l.engine, l.lane + 1, i + 1, "", "", "", "", ""}
		if i < len(p.X) {
			color, text = l.color, fmt.Sprintf("%d × %d", p.X[i], p.W[i])
			name = fmt.Sprintf("%s, MAC %d: %s", lane, i+1, text)
			register := last
			if p.Depthwise {
				register = l.registers[i]
			}
			row = []any{l.engine, l.lane + 1, i + 1, p.X[i], p.W[i], register, p.Pixel + 1, p.Channel + 1}
		}
		t.Rows = append(t.Rows, row)
		s.Box(name, plot.Place{x, y}, size, tall, color, "inside", plot.Labelled("", text))
		switch {
		case len(p.X) == 0:
		case p.Depthwise && i < len(p.X):
			s.register(name, plot.Place{x, y + tall + 14}, size, l.registers[i])
			s.Path(l.color, plot.Place{x + size/2, y + tall}, plot.Place{x + size/2, y + tall + 14})
		case l.engine == "MAT": // an adder tree adds the products
			s.Path(l.color, plot.Place{x + size/2, y + tall}, plot.Place{x + size/2, y + tall + 16}, plot.Place{behind, y + tall + 16})
		default: // the sum runs down the chain
			s.Path(l.color, plot.Place{x + size, y + tall/2}, plot.Place{x + pitch, y + tall/2})
		}
	}
	switch {
	case len(p.X) == 0 || p.Depthwise:
	case l.engine == "MAT":
		s.register(lane, plot.Place{behind, y + tall + 4}, room-20, last)
	default:
		s.register(lane, plot.Place{behind, y + 3}, room-20, last)
	}
}

// register draws a register with the sum that it holds at the end of the cycle.
func (s *sketch) register(name string, at plot.Place, w float64, holds int32) {
	const tall = 24
	s.Box(fmt.Sprintf("%s: the register holds %d", name, holds), at, w, tall, plot.Ink, "inside", plot.Labelled(fmt.Sprint(holds)))
}
