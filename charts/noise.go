// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"context"
	"fmt"
	"math"
	"slices"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// ChannelNoise is the rounding noise of each channel of the inputs of every MBConv's PW1,
// DW and PW2, each on a symmetric min-max grid of its own.
type ChannelNoise struct {
	bits, pictures int
	inputs         []noiseData
}

// noisePictures is how many pictures a channel's signal and noise are sums over.
const noisePictures = 4

// NewChannelNoise runs a folded network in floating point on four of the calibration
// pictures and rounds those inputs to the given bits. The grids follow from the profile's
// ranges. No rounded value reaches another operation.
func NewChannelNoise(ctx context.Context, model *triovit.Folded, p *calib.Profile, calibration dataset.Dataset, bits int) (*ChannelNoise, error) {
	n := &ChannelNoise{bits: bits}
	if err := n.measure(ctx, model, p, calibration); err != nil {
		return nil, fmt.Errorf("charts: noise of the channels of %s: %w", model.Net.Name, err)
	}
	return n, nil
}

func (n *ChannelNoise) measure(ctx context.Context, model *triovit.Folded, p *calib.Profile, calibration dataset.Dataset) error {
	some, err := dataset.Spread(calibration, min(noisePictures, calibration.Len()))
	if err != nil {
		return err
	}
	readers := map[string][]int{} // of a tensor, as indices of inputs
	for _, block := range model.Net.BlocksWith(efficientvit.DW) {
		pw1, dw, pw2, err := p.MBConv(model.Net, block)
		if err != nil {
			return err
		}
		for i, stats := range []*calib.TensorStats{pw1, dw, pw2} {
			if stats == nil {
				return fmt.Errorf("block %s has no PW1, DW and PW2", block)
			}
			q, err := calib.MinMax{Bits: n.bits}.Choose(stats, efficientvit.Point{Signed: true})
			if err != nil {
				return err
			}
			channels := len(stats.Min)
			readers[stats.Name] = append(readers[stats.Name], len(n.inputs))
			n.inputs = append(n.inputs, noiseData{
				Role: mbconvRoles[i], Block: block, Bits: n.bits, Min: stats.Min, Max: stats.Max, Grid: q.(grid.Uniform),
				Signal: make([]float64, channels), Noise: make([]float64, channels),
			})
		}
	}
	runner, err := forward.NewTapped(model.Model, func(op *efficientvit.Op) bool { return readers[op.Name] != nil })
	if err != nil {
		return err
	}
	pictures, items, err := triovit.LoadBatch(ctx, model.Net, some, 0, some.Len())
	if err != nil {
		return err
	}
	n.pictures = len(items)
	tensors, err := runner.Run(pictures)
	if err != nil {
		return err
	}
	for i := range model.Net.Ops {
		if reads := readers[model.Net.Ops[i].Name]; reads != nil {
			for _, k := range reads {
				n.inputs[k].add(tensors[0])
			}
			tensors = tensors[1:]
		}
	}
	return nil
}

// mbconvRoles are the convolutions of an MBConv in order.
var mbconvRoles = [...]efficientvit.Role{efficientvit.PW1, efficientvit.DW, efficientvit.PW2}

// Figure draws the channels of the input of a block's PW1, DW or PW2: (a) each channel's
// ratio of signal to rounding noise (SQNR) in decibels, in the network's order, and (b) the
// same against the channel's range in steps of the grid. The block's name is one of
// [efficientvit.Network.BlocksWith]. A channel without a signal has no dot. The table has
// one row per channel.
func (n *ChannelNoise) Figure(block string, role efficientvit.Role) (*Figure, error) {
	for _, d := range n.inputs {
		if d.Block == block && d.Role == role {
			d.Pictures = n.pictures
			return d.Figure()
		}
	}
	return nil, fmt.Errorf("charts: noise of the input of %s of %s: PW1, DW and PW2 of an MBConv are drawn", RoleLabel(role), block)
}

// noiseData are the channels of one tensor.
type noiseData struct {
	Role           efficientvit.Role
	Block          string
	Bits, Pictures int
	Min, Max       []float32
	Grid           grid.Uniform
	// Signal is the sum of a channel's squared values, Noise that of its squared errors.
	Signal, Noise []float64
}

// add rounds values, [..., C], and adds their energies.
func (d *noiseData) add(values []float32) {
	for i, v := range values {
		c := i % len(d.Signal)
		miss := float64(d.Grid.Fake(v)) - float64(v)
		d.Signal[c] += float64(v) * float64(v)
		d.Noise[c] += miss * miss
	}
}

// decibels returns a channel's SQNR, NaN where signal or noise is zero.
func (d noiseData) decibels(c int) float64 {
	if d.Signal[c] == 0 || d.Noise[c] == 0 {
		return math.NaN()
	}
	return 10 * math.Log10(d.Signal[c]/d.Noise[c])
}

// steps returns the range of a channel in steps, and leastSteps for a smaller one.
func (d noiseData) steps(c int) float64 {
	return max(leastSteps, (float64(d.Max[c])-float64(d.Min[c]))/float64(d.Grid.Scale))
}

// leastSteps is the smallest range that panel (b) tells apart: a channel of so small a
// range is a constant for the grid.
const leastSteps = 0.1

// quietDecibels is the SQNR below which the noise is more than a tenth of the signal's
// amplitude.
const quietDecibels = 20

// Figure draws both panels on one axis of decibels.
func (d noiseData) Figure() (*Figure, error) {
	const top, height, left, width, left2, width2 = 112, 240, 70, 400, 548, 320
	table := columns("channel", "min", "max", "range in steps", "SQNR dB")
	var byChannel, byRange []point
	var found, ranges []float64
	below := 0
	for c := range d.Signal {
		db, steps := d.decibels(c), d.steps(c)
		table.Rows = append(table.Rows, []any{c, d.Min[c], d.Max[c], steps, db})
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
