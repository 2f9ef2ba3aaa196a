// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"fmt"
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/charts"
	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/gotriovit/gotriovit/calib/diagnose"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// leastSteps is the smallest range that panel (b) tells apart: a channel of so small a
// range is a constant for the grid.
const leastSteps = 0.1

// quietDecibels is the SQNR below which the noise is more than a tenth of the signal's
// amplitude.
const quietDecibels = 20

// ChannelNoise draws the channels of the input of a block's PW1, DW or PW2, of all that
// [diagnose.Channels] measured: (a) each channel's ratio of signal to rounding noise (SQNR)
// in decibels, in the network's order, and (b) the same against the channel's range in
// steps of the grid. The block's name is one of [efficientvit.Network.BlocksWith]. A
// channel without signal or without noise has no dot. The table has one row per channel.
func ChannelNoise(all []diagnose.ChannelNoise, block string, role efficientvit.Role) (*charts.Figure, error) {
	for i := range all {
		if all[i].Block == block && all[i].Role == role {
			return noiseData{&all[i]}.Figure()
		}
	}
	return nil, fmt.Errorf("charts: noise of the input of %s of %s: PW1, DW and PW2 of an MBConv are drawn", plot.RoleLabel(role), block)
}

// noiseData are the channels of one input.
type noiseData struct{ *diagnose.ChannelNoise }

// Figure draws both panels on one axis of decibels.
func (d noiseData) Figure() (*charts.Figure, error) {
	const top, height, left, width, left2, width2 = 112, 240, 70, 400, 548, 320
	table := plot.Columns("channel", "min", "max", "range in steps", "SQNR dB")
	var byChannel, byRange []plot.Point
	var found, ranges []float64
	below := 0
	for c := range d.Signal {
		db, steps := float64(d.SQNR(c)), max(leastSteps, d.Steps(c))
		table.Rows = append(table.Rows, []any{c, d.Min[c], d.Max[c], d.Steps(c), db})
		if !plot.Finite(db) {
			continue
		}
		if db < quietDecibels {
			below++
		}
		found, ranges = append(found, db), append(ranges, steps)
		text := fmt.Sprintf("channel %d: %.1f dB, range %s steps", c, db, plot.Number(steps))
		byChannel = append(byChannel, plot.Point{Name: text, Value: []any{c, db}})
		byRange = append(byRange, plot.Point{Name: text, Value: []any{steps, db}})
	}
	if found == nil {
		return nil, fmt.Errorf("charts: noise of the input of %s of %s: none of %d channels has both a signal and noise", plot.RoleLabel(d.Role), d.Block, len(d.Signal))
	}
	lo, hi := 10*math.Floor(min(0, slices.Min(found))/10), 10*math.Ceil(max(quietDecibels, slices.Max(found))/10)
	x := plot.Decades("range of the channel in steps, logarithmic", ranges)
	marks := func(points []plot.Point) echarts.SingleSeries {
		return echarts.SingleSeries{Name: "channel", Type: "scatter", SymbolSize: 4, Color: plot.RoleColor(d.Role), Data: points,
			MarkAreas: plot.Band("yAxis", lo, quietDecibels, "noise over a tenth of the signal", "insideBottomRight")}
	}
	// A channel whose values fill its range evenly has 20·log10(range in steps) decibels.
	even := func(db float64) plot.Point {
		return plot.Point{Name: fmt.Sprintf("values spread evenly: %.0f dB", db), Value: []any{math.Pow(10, db/20), db}}
	}
	from, to := max(lo, 20*math.Log10(x.Lo)), min(hi, 20*math.Log10(x.Hi))
	line := echarts.SingleSeries{Name: "even", Type: "line", ShowSymbol: opts.Bool(false), Color: plot.Faint,
		LineStyle: &opts.LineStyle{Color: plot.Faint, Type: "dashed", Width: 1}, Data: []plot.Point{even(from), even(to)}}
	second := marks(byRange)
	second.MarkAreas.MarkAreaStyle.Label.Show = opts.Bool(false)
	panels := []plot.Panel{
		{Title: "(a) SQNR of each channel", Left: left, Top: top, Width: width, Height: height,
			X: plot.Axis{Name: "channel index", Lo: 0, Hi: float64(max(1, len(d.Signal)-1))}, Y: plot.Axis{Name: "dB", Lo: lo, Hi: hi}, Series: []echarts.SingleSeries{marks(byChannel)}},
		{Title: "(b) against the channel's range", Left: left2, Top: top, Width: width2, Height: height,
			X: x, Y: plot.Axis{Name: "dB", Lo: lo, Hi: hi}, Series: []echarts.SingleSeries{line, second}},
	}
	slices.Sort(found)
	role := plot.RoleLabel(d.Role)
	title := fmt.Sprintf("%s input at %d bits: median channel %.0f dB, %s of %s below %d dB", role, d.Bits, found[len(found)/2], plot.Count(below), plot.Count(len(d.Signal)), quietDecibels)
	subtitle := fmt.Sprintf("%s, %s. Ranges below %v steps are drawn at %[3]v.\nDashed: channels whose values fill their range evenly. They lose 6 dB where their range is halved.",
		plot.BlockTitle(d.Block), plot.Several(d.Pictures, "calibration picture"), leastSteps)
	return charts.NewFigure(title, plot.FigureWidth, top+height+54, plot.Compose(title, subtitle, nil, panels), table)
}
