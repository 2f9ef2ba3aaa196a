// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"math"
	"slices"

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
func ChannelNoise(all []diagnose.ChannelNoise, block string, role efficientvit.Role) (*Figure, error) {
	for i := range all {
		if all[i].Block == block && all[i].Role == role {
			return noiseData{&all[i]}.Figure()
		}
	}
	return nil, fmt.Errorf("charts: noise of the input of %s of %s: PW1, DW and PW2 of an MBConv are drawn", RoleLabel(role), block)
}

// noiseData are the channels of one input.
type noiseData struct{ *diagnose.ChannelNoise }

// Figure draws both panels on one axis of decibels.
func (d noiseData) Figure() (*Figure, error) {
	const top, height, left, width, left2, width2 = 112, 240, 70, 400, 548, 320
	table := columns("channel", "min", "max", "range in steps", "SQNR dB")
	var byChannel, byRange []point
	var found, ranges []float64
	below := 0
	for c := range d.Signal {
		db, steps := float64(d.SQNR(c)), max(leastSteps, d.Steps(c))
		table.Rows = append(table.Rows, []any{c, d.Min[c], d.Max[c], d.Steps(c), db})
		if !finite(db) {
			continue
		}
		if db < quietDecibels {
			below++
		}
		found, ranges = append(found, db), append(ranges, steps)
		text := fmt.Sprintf("channel %d: %.1f dB, range %s steps", c, db, number(steps))
		byChannel = append(byChannel, point{text, []any{c, db}})
		byRange = append(byRange, point{text, []any{steps, db}})
	}
	if found == nil {
		return nil, fmt.Errorf("charts: noise of the input of %s of %s: none of %d channels has both a signal and noise", RoleLabel(d.Role), d.Block, len(d.Signal))
	}
	lo, hi := 10*math.Floor(min(0, slices.Min(found))/10), 10*math.Ceil(max(quietDecibels, slices.Max(found))/10)
	x := decades("range of the channel in steps, logarithmic", ranges)
	marks := func(points []point) echarts.SingleSeries {
		return echarts.SingleSeries{Name: "channel", Type: "scatter", SymbolSize: 4, Color: roleColor(d.Role), Data: points,
			MarkAreas: band("yAxis", lo, quietDecibels, "noise over a tenth of the signal", "insideBottomRight")}
	}
	// A channel whose values fill its range evenly has 20·log10(range in steps) decibels.
	even := func(db float64) point {
		return point{fmt.Sprintf("values spread evenly: %.0f dB", db), []any{math.Pow(10, db/20), db}}
	}
	from, to := max(lo, 20*math.Log10(x.lo)), min(hi, 20*math.Log10(x.hi))
	line := echarts.SingleSeries{Name: "even", Type: "line", ShowSymbol: opts.Bool(false), Color: faint,
		LineStyle: &opts.LineStyle{Color: faint, Type: "dashed", Width: 1}, Data: []point{even(from), even(to)}}
	second := marks(byRange)
	second.MarkAreas.MarkAreaStyle.Label.Show = opts.Bool(false)
	panels := []panel{
		{title: "(a) SQNR of each channel", left: left, top: top, width: width, height: height,
			x: axis{name: "channel index", lo: 0, hi: float64(max(1, len(d.Signal)-1))}, y: axis{name: "dB", lo: lo, hi: hi}, series: []echarts.SingleSeries{marks(byChannel)}},
		{title: "(b) against the channel's range", left: left2, top: top, width: width2, height: height,
			x: x, y: axis{name: "dB", lo: lo, hi: hi}, series: []echarts.SingleSeries{line, second}},
	}
	slices.Sort(found)
	role := RoleLabel(d.Role)
	title := fmt.Sprintf("%s input at %d bits: median channel %.0f dB, %s of %s below %d dB", role, d.Bits, found[len(found)/2], count(below), count(len(d.Signal)), quietDecibels)
	subtitle := fmt.Sprintf("%s, %s. Ranges below %v steps are drawn at %[3]v.\nDashed: channels whose values fill their range evenly. They lose 6 dB where their range is halved.",
		blockTitle(d.Block), several(d.Pictures, "calibration picture"), leastSteps)
	return newFigure(title, figureWidth, top+height+54, compose(title, subtitle, nil, panels), table)
}
