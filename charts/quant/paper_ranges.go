// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/charts"
	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/paper"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// PaperFig3 draws the paper's Fig. 3 of one MBConv: for the inputs of PW1, DW and PW2
// the maximum and the minimum of each channel, in the network's order, and the counts of
// all values. All axes are linear. The block may be given by the end of its name, as for
// [Ranges].
//
// The paper draws the MBConv that opens the last stage of EfficientViT-B1 (inferred), over
// some 64 pictures; here it is any MBConv, over the pictures of the profile.
func PaperFig3(prof *calib.Profile, net *efficientvit.Network, block string) (*charts.Figure, error) {
	pw1, dw, pw2, err := prof.MBConv(net, block)
	if err != nil {
		return nil, fmt.Errorf("charts: Fig. 3: %w", err)
	}
	return paperRanges{Block: block, Inputs: []paperInput{
		inputOf(efficientvit.PW1, pw1), inputOf(efficientvit.DW, dw), inputOf(efficientvit.PW2, pw2),
	}}.Figure()
}

// PaperFig6 draws the paper's Fig. 6 (its number is inferred): the inputs of DW behind
// channel-wise migration and of PW2 behind filter-wise shifting, as [PaperFig3] draws
// them. The network is a transformed one, such as that of [calib.Quantized.Exact], and the
// profile one of that network's tensors.
//
// The paper's factors kept the sign of a channel without positive values (inferred). Here
// the profile's factors are those that its recipe chose.
func PaperFig6(prof *calib.Profile, net *efficientvit.Network, block string) (*charts.Figure, error) {
	inputs, err := repaired(prof, net, block)
	if err != nil {
		return nil, fmt.Errorf("charts: Fig. 6: %w", err)
	}
	return paperRanges{Block: block, Inputs: inputs}.Figure()
}

// Repaired draws the four panels of [PaperFig6], each row below the same tensor without
// the transform: the input of DW before and after migration, then the input of PW2 before
// and after shifting. The profile before is that of the network, the profile after is that
// of the transformed network, as [PaperFig6] takes it.
func Repaired(before *calib.Profile, net *efficientvit.Network, after *calib.Profile, transformed *efficientvit.Network, block string) (*charts.Figure, error) {
	_, dw, pw2, err := before.MBConv(net, block)
	if err != nil {
		return nil, fmt.Errorf("charts: before and after: %w", err)
	}
	inputs, err := repaired(after, transformed, block)
	if err != nil {
		return nil, fmt.Errorf("charts: before and after: %w", err)
	}
	d := paperRanges{Block: block}
	for i, was := range []paperInput{inputOf(efficientvit.DW, dw), inputOf(efficientvit.PW2, pw2)} {
		d.Inputs = append(d.Inputs, was, inputs[i])
	}
	return d.figure()
}

// repaired returns the inputs of a block's DW behind migration and of its PW2 behind
// shifting, in this order.
func repaired(prof *calib.Profile, net *efficientvit.Network, block string) ([]paperInput, error) {
	_, before, _, err := prof.MBConv(net, block)
	if err != nil {
		return nil, err
	}
	var inputs []paperInput
	for _, of := range []struct {
		role efficientvit.Role
		kind efficientvit.Kind
		what string
	}{{efficientvit.DW, efficientvit.Scale, "migration"}, {efficientvit.PW2, efficientvit.Shift, "shifting"}} {
		for i := range net.Ops {
			op := &net.Ops[i]
			if op.Block != before.Block || op.Role != of.role || op.Kind != efficientvit.Conv {
				continue
			}
			if made := net.Op(op.Inputs[0]); made.Kind != of.kind {
				return nil, fmt.Errorf("%s of %s reads %q, which is no %s: a network behind migration and shifting is needed", plot.RoleLabel(of.role), block, made.Name, of.kind)
			}
			stats, err := prof.Tensor(op.Inputs[0])
			if err != nil {
				return nil, err
			}
			in := inputOf(of.role, stats)
			in.Behind = of.what
			inputs = append(inputs, in)
		}
	}
	return inputs, nil
}

// paperRanges are some inputs of one MBConv.
type paperRanges struct {
	Block  string
	Inputs []paperInput
}

// paperInput is the input of one convolution.
type paperInput struct {
	// Role is the convolution's, as it is labelled; Behind is the transform that made the
	// tensor, empty where none did.
	Role, Behind string
	Min, Max     []float32
	Hist         calib.Histogram
}

func inputOf(role efficientvit.Role, s *calib.TensorStats) paperInput {
	if s == nil {
		return paperInput{Role: plot.RoleLabel(role)}
	}
	return paperInput{Role: plot.RoleLabel(role), Min: s.Min, Max: s.Max, Hist: s.Hist}
}

// name is what titles call the input.
func (p paperInput) name() string {
	if p.Behind == "" {
		return p.Role + " input"
	}
	return p.Role + " input after " + p.Behind
}

func (d paperRanges) check() error {
	if len(d.Inputs) == 0 {
		return fmt.Errorf("charts: inputs of %s: none, need one at least", d.Block)
	}
	for _, p := range d.Inputs {
		if len(p.Min) == 0 || len(p.Min) != len(p.Max) {
			return fmt.Errorf("charts: inputs of %s: the %s has %d minima and %d maxima, need one of each per channel", d.Block, p.name(), len(p.Min), len(p.Max))
		}
		for i := range p.Min {
			if !plot.Finite(float64(p.Min[i])) || !plot.Finite(float64(p.Max[i])) {
				return fmt.Errorf("charts: inputs of %s: channel %d of the %s runs from %v to %v, must be finite", d.Block, i, p.name(), p.Min[i], p.Max[i])
			}
		}
		if p.Hist.Total() == 0 {
			return fmt.Errorf("charts: inputs of %s: no value of the %s was counted: a profile of the network's own tensors is needed", d.Block, p.name())
		}
	}
	return nil
}

// extent returns the smallest minimum and the largest maximum.
func (p paperInput) extent() (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for i := range p.Min {
		lo, hi = min(lo, float64(p.Min[i])), max(hi, float64(p.Max[i]))
	}
	return lo, hi
}

// spread returns the largest magnitude of a channel over that of the median channel: by
// so much one step is too large for half of the channels.
func (p paperInput) spread() float64 {
	peaks := make([]float64, len(p.Min))
	for i := range peaks {
		peaks[i] = max(float64(p.Max[i]), -float64(p.Min[i]))
	}
	slices.Sort(peaks)
	middle := peaks[len(peaks)/2]
	lo, hi := p.extent()
	return max(hi, -lo) / middle
}

// oneSided counts the channels of which one side of zero holds nothing, or less than a
// tenth of the other.
func (p paperInput) oneSided() int {
	n := 0
	for i := range p.Min {
		lo, hi := float64(p.Min[i]), float64(p.Max[i])
		if up, down := max(hi, 0), max(-lo, 0); min(up, down) < 0.1*max(up, down) {
			n++
		}
	}
	return n
}

// finding tells how far the channels of DW's input differ and how many channels of PW2's
// input lie on one side of zero: the two causes that the paper names. Of a tensor that is
// drawn twice, before and after a transform, it tells both numbers.
func (d paperRanges) finding() string {
	var widest, sided []string
	channels := 0
	for _, p := range d.Inputs {
		switch p.Role {
		case plot.RoleLabel(efficientvit.DW):
			widest = append(widest, plot.Times(p.spread()))
		case plot.RoleLabel(efficientvit.PW2):
			sided, channels = append(sided, plot.Count(p.oneSided())), len(p.Min)
		}
	}
	var found []string
	if widest != nil {
		found = append(found, fmt.Sprintf("DW: widest channel %s the median", strings.Join(widest, " → ")))
	}
	if sided != nil {
		found = append(found, fmt.Sprintf("PW2: %s of %s on one side of zero", strings.Join(sided, " → "), plot.Count(channels)))
	}
	if found == nil {
		return "Inputs of " + d.Block
	}
	return strings.Join(found, "; ")
}

// Figure draws the inputs, and compares them with the paper's figure.
func (d paperRanges) Figure() (*charts.Figure, error) {
	f, err := d.figure()
	if err != nil {
		return nil, err
	}
	return f.Against("%s", d.beside()), nil
}

// figure draws a row of two panels for each input. The table has a row per channel.
func (d paperRanges) figure() (*charts.Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	const (
		top, pitch, height  = 112, 232, 150
		left, width         = 74, 400
		left2, right, nBins = 574, 24, 64
	)
	table := plot.Columns("input", "channel", "min", "max")
	var panels []plot.Panel
	for i, p := range d.Inputs {
		var maxima, minima []plot.Point
		for c := range p.Min {
			table.Rows = append(table.Rows, []any{p.name(), c, p.Min[c], p.Max[c]})
			text := fmt.Sprintf("channel %d: %s to %s", c, plot.Number(float64(p.Min[c])), plot.Number(float64(p.Max[c])))
			maxima = append(maxima, plot.Point{Name: text, Value: []any{c, p.Max[c]}})
			minima = append(minima, plot.Point{Name: text, Value: []any{c, p.Min[c]}})
		}
		lo, hi := roundRange(p.extent())
		y := top + i*pitch
		panels = append(panels, plot.Panel{
			Title: fmt.Sprintf("(%c) %s, by channel", 'a'+2*i, p.name()),
			Left:  left, Top: y, Width: width, Height: height,
			X: plot.Axis{Name: "channel index", Lo: 0, Hi: float64(max(1, len(p.Min)-1))}, Y: plot.Axis{Name: "value"},
			Series: []echarts.SingleSeries{penLine(maxName, plot.MaximumColor, maxima), penLine(minName, plot.MinimumColor, minima)},
		}, plot.Panel{
			Title: fmt.Sprintf("(%c) all values", 'b'+2*i),
			Left:  left2, Top: y, Width: plot.FigureWidth - left2 - right, Height: height,
			X: plot.Axis{Name: "value", Lo: lo, Hi: hi}, Y: plot.Axis{Name: "count"},
			Series: []echarts.SingleSeries{countSteps(p.Hist, lo, hi, nBins)},
		})
	}
	title := d.finding()
	subtitle := fmt.Sprintf("%s, channels in the network's order.\nOn one side of zero: the other side reaches less than a tenth as far.", plot.BlockTitle(d.Block))
	return charts.NewFigure(title, plot.FigureWidth, top+len(d.Inputs)*pitch-24, plot.Compose(title, subtitle, []string{maxName, minName}, panels), table)
}

// beside holds the inputs of DW and PW2 against those of the paper's figure.
func (d paperRanges) beside() string {
	number, printed := 3, map[string]paper.Peak{"DW": paper.Fig3DW, "PW2": paper.Fig3PW2}
	var told []string
	for _, p := range d.Inputs {
		if p.Behind != "" {
			number, printed = 6, map[string]paper.Peak{"DW": paper.Fig6DW, "PW2": paper.Fig6PW2}
		}
		if like, ok := printed[p.Role]; ok {
			lo, hi := p.extent()
			told = append(told, fmt.Sprintf("the %s runs from %.3g to %.3g (paper: %.3g to %.3g [V])", p.name(), lo, hi, like.Low, like.High))
		}
	}
	what := "agrees: one flat floor, maxima that differ by channel"
	if number == 6 {
		what = "agrees: maxima of DW that are nearly one, PW2 around zero"
	}
	for _, p := range d.Inputs {
		switch lo, _ := p.extent(); {
		case number == 3 && p.Role == "DW" && (p.spread() < 2 || lo < -0.376):
			what = "differs: DW's channels are alike, or reach below Hardswish's floor"
		case number == 6 && p.Role == "DW" && p.spread() > 2:
			what = "differs: DW's channels are still unlike"
		case number == 6 && p.Role == "PW2" && p.oneSided() > 0:
			what = "differs: channels of PW2 are still on one side of zero"
		}
	}
	return fmt.Sprintf("**Fig. %d.** The shape %s; the ranges are another network's: %s.", number, what, strings.Join(told, ", "))
}

// penLine is a thin line through points.
func penLine(name, color string, points []plot.Point) echarts.SingleSeries {
	return echarts.SingleSeries{
		Name: name, Type: "line", ShowSymbol: opts.Bool(false), Data: points, Color: color,
		LineStyle: &opts.LineStyle{Color: color, Width: 1.2},
	}
}

// countSteps are the counts of a histogram over equal bins of values.
func countSteps(h calib.Histogram, lo, hi float64, n int) echarts.SingleSeries {
	if lo == hi {
		lo, hi = lo-0.5, hi+0.5
	}
	edges := plot.Spaced(lo, hi, n)
	total := 0.0
	for _, b := range h.Bins {
		if plot.Finite(float64(b.Center())) {
			total += float64(b.Count)
		}
	}
	var points []plot.Point
	for i, share := range rebin(h, identity, edges) {
		counted := math.Round(share * total)
		points = append(points, plot.Point{Name: fmt.Sprintf("%s to %s: %s values", plot.Number(edges[i]), plot.Number(edges[i+1]), plot.Number(counted)), Value: []any{edges[i], counted}})
	}
	points = append(points, plot.Point{Value: []any{hi, points[len(points)-1].Value[1]}})
	return plot.Steps("count", plot.CountColor, "end", 0.45, points)
}

// roundRange widens a range to multiples of a step of one digit, 1, 2 or 5, of which it
// then holds eight at most.
func roundRange(lo, hi float64) (float64, float64) {
	if !(lo < hi) {
		return lo - 0.5, hi + 0.5
	}
	unit := math.Pow10(plot.Decade(hi-lo) - 1)
	for _, n := range []float64{1, 2, 5, 10, 20} {
		if step := n * unit; (hi-lo)/step <= 8 {
			return step * math.Floor(lo/step), step * math.Ceil(hi/step)
		}
	}
	return lo, hi
}
