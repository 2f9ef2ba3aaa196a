// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/gotriovit/gotriovit/charts"
	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// Ranges draws the paper's Fig. 3 of one MBConv. The block may be given by the
// end of its name, such as "stages.3.op_list.2.local_module"; the error for an
// unknown one lists those that the network has.
func Ranges(prof *calib.Profile, net *efficientvit.Network, block string) (*charts.Figure, error) {
	pw1, dw, pw2, err := prof.MBConv(net, block)
	if err != nil {
		return nil, fmt.Errorf("charts: %w", err)
	}
	data := rangesData{Block: block}
	for i, input := range []struct {
		role  efficientvit.Role
		stats *calib.TensorStats
	}{{efficientvit.PW1, pw1}, {efficientvit.DW, dw}, {efficientvit.PW2, pw2}} {
		if input.stats == nil {
			return nil, fmt.Errorf("charts: ranges of %s: the block has no %s", block, input.role)
		}
		s := input.stats
		data.Panels[i] = rangesPanel{Role: input.role.String(), Tensor: s.Name, Min: s.Min, Max: s.Max, Hist: s.Hist}
	}
	return data.Figure()
}

// The quantizer that the figure measures ranges against is the paper's
// baseline: symmetric and uniform, 8 bits, one step for the whole tensor
// (section 2.1). Its codes run from -127 to 127.
const (
	topCode  = 127
	codes    = 2*topCode + 1
	fewCodes = 16 // a channel with fewer codes has less than 4 bits left
	oneSided = 3  // a channel is one-sided when one side of zero is longer than this many times the other
)

// rangesData is the data of the paper's Fig. 3 for one MBConv: the inputs of its three
// convolutions, PW1, DW and PW2, in this order.
type rangesData struct {
	// Block is the MBConv's name in the network.
	Block string
	// Panels are the inputs of PW1, DW and PW2.
	Panels [3]rangesPanel
}

// rangesPanel is one tensor of a [rangesData].
type rangesPanel struct {
	// Role is the operation that the tensor feeds: PW1, DW or PW2.
	Role string
	// Tensor is the tensor's name in the network.
	Tensor string
	// Min and Max are the smallest and the largest value of each channel.
	Min, Max []float32
	// Hist counts all values of the tensor.
	Hist calib.Histogram
}

// rangeSummary are statistics of a panel.
type rangeSummary struct {
	channels  int     // number of channels whose range is finite
	broken    int     // number of channels whose range is not finite
	low, high float64 // smallest non-zero and largest magnitude that any channel reaches
	top       int     // the channel that reaches high
	step      float64 // step of the 8-bit grid
	few       int     // number of channels with fewer than fewCodes codes
	off       int     // number of one-sided channels
	zeroed    float64 // share of all values that round to zero
}

// magnitude returns the largest absolute value of channel i.
func (p rangesPanel) magnitude(i int) float64 {
	return max(math.Abs(float64(p.Min[i])), math.Abs(float64(p.Max[i])))
}

// summary returns the statistics of a panel.
func (p rangesPanel) summary() rangeSummary {
	s := rangeSummary{top: -1}
	for i := range p.Min {
		m := p.magnitude(i)
		if !plot.Finite(m) {
			s.broken++
			continue
		}
		s.channels++
		if s.top < 0 || m > s.high {
			s.high, s.top = m, i
		}
		if m > 0 && (s.low == 0 || m < s.low) {
			s.low = m
		}
	}
	s.step = s.high / topCode
	for i := range p.Min {
		if !plot.Finite(p.magnitude(i)) {
			continue
		}
		lo, hi := float64(p.Min[i]), float64(p.Max[i])
		if p.codes(i, s.step) < fewCodes {
			s.few++
		}
		if far, near := max(hi, -lo), min(hi, -lo); far > oneSided*near {
			s.off++
		}
	}
	s.zeroed = shareOf(p.Hist, func(v float64) bool { return math.Abs(v) < s.step/2 })
	return s
}

// check returns an error for a panel without channels, or with a minimum but no maximum.
func (d rangesData) check() error {
	for _, p := range d.Panels {
		if len(p.Min) == 0 || len(p.Min) != len(p.Max) {
			return fmt.Errorf("charts: ranges of %s: the %s input %q has %d minima and %d maxima, need one of each per channel",
				d.Block, p.Role, p.Tensor, len(p.Min), len(p.Max))
		}
	}
	return nil
}

// finding describes the tensor with the largest harm by 8 bits.
func (d rangesData) finding(sums []rangeSummary) string {
	worst := 0
	for i := range sums {
		if sums[i].few*max(1, sums[worst].channels) > sums[worst].few*max(1, sums[i].channels) {
			worst = i
		}
	}
	s, role := sums[worst], d.Panels[worst].Role
	switch {
	case s.channels == 0:
		return fmt.Sprintf("No channel of the %s input has a finite range", role)
	case s.high == 0:
		return fmt.Sprintf("The %s input is 0 throughout", role)
	case s.few == 0:
		return fmt.Sprintf("One 8-bit step serves every channel of PW1, DW and PW2: all get at least %d of its %d codes", fewCodes, codes)
	default:
		return fmt.Sprintf("One 8-bit step for the %s input leaves %s of %s channels fewer than %d of its %d codes",
			role, plot.Count(s.few), plot.Count(s.channels), fewCodes, codes)
	}
}

// Figure draws the paper's Fig. 3: for each tensor the range of every channel
// and the distribution of all values, on one symmetric-logarithmic scale. The
// table has one row per tensor and channel.
func (d rangesData) Figure() (*charts.Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	const (
		top, pitch, height = 118, 252, 160
		left, width        = 74, 440
		left2, right, bins = 596, 24, 96
	)
	var (
		panels []plot.Panel
		sums   []rangeSummary
	)
	for i, p := range d.Panels {
		s := p.summary()
		sums = append(sums, s)
		scale, lo, hi := p.axisRange()
		value := plot.Axis{Name: "value", Lo: lo, Hi: hi, Ticks: scale.Ticks(lo, hi, p.extremes())}
		zero := scale.Position(s.step / 2)
		y := top + i*pitch
		panels = append(panels, plot.Panel{
			Title: fmt.Sprintf("(%c) %s input: %s", 'a'+2*i, p.Role, s.describe()),
			Left:  left, Top: y, Width: width, Height: height,
			X:      plot.Axis{Name: "channels, sorted by maximum", Labels: ranks(len(p.Min)), Ticks: rankTicks(len(p.Min))},
			Y:      value.From(lo),
			Series: p.channelSeries(s, func(v float64) float64 { return scale.Position(v) - lo }),
		})

		shares := rebin(p.Hist, scale.Position, plot.Spaced(lo, hi, bins))
		dist, floor, ceiling := distribution(distName, shares, lo, hi, scale.Value)
		dist.MarkAreas = plot.Band("xAxis", -zero, zero, "", "inside")
		panels = append(panels, plot.Panel{
			Title: fmt.Sprintf("(%c) step %s: %s round to 0", 'b'+2*i, plot.Number(s.step), plot.Percent(s.zeroed)),
			Left:  left2, Top: y, Width: plot.FigureWidth - left2 - right, Height: height,
			X: value, Y: plot.Axis{Name: "values per bin, %", Log: true, Lo: floor, Hi: ceiling},
			Series: []echarts.SingleSeries{dist},
		})
	}
	title := d.finding(sums)
	subtitle := fmt.Sprintf("%s\nGrey: rounds to 0. One-sided: one side of zero is over %d times as long. Value axes are linear near 0, logarithmic beyond.", plot.BlockTitle(d.Block), oneSided)
	option := plot.Compose(title, subtitle, []string{maxName, minName, distName}, panels)
	return charts.NewFigure(title, plot.FigureWidth, top+3*pitch-30, option, d.table())
}

// describe writes the statistics of one panel as its title.
func (s rangeSummary) describe() string {
	text := "no finite range"
	switch {
	case s.channels > 0 && s.low == 0:
		text = "every channel is 0"
	case s.channels > 0:
		text = fmt.Sprintf("peaks %s to %s (%s×), %s of %s one-sided",
			plot.Number(s.low), plot.Number(s.high), plot.Number(s.high/s.low), plot.Count(s.off), plot.Count(s.channels))
	}
	if s.broken > 0 {
		text += fmt.Sprintf(", %d not finite", s.broken)
	}
	return text
}

// extremes returns the finite ends of the tensor's range.
func (p rangesPanel) extremes() []float64 {
	var lo, hi float64
	for i := range p.Min {
		if plot.Finite(p.magnitude(i)) {
			lo, hi = min(lo, float64(p.Min[i])), max(hi, float64(p.Max[i]))
		}
	}
	return []float64{lo, hi}
}

// axisRange returns the scale of a panel and the positions that it spans, zero
// among them.
func (p rangesPanel) axisRange() (scale plot.Symlog, lo, hi float64) {
	magnitudes := make([]float64, len(p.Min))
	for i := range magnitudes {
		magnitudes[i] = p.magnitude(i)
	}
	scale = plot.NewSymlog(magnitudes)
	ends := p.extremes()
	lo, hi = scale.Position(ends[0]), scale.Position(ends[1])
	if lo == hi {
		return scale, -1, 1
	}
	below, above := 0.04, 0.16 // the wider side has the label of the peak
	if -ends[0] > ends[1] {
		below, above = above, below
	}
	return scale, lo - below*(hi-lo), hi + above*(hi-lo)
}

// The series of the range panels and of the distributions, as the legend names
// them.
const (
	maxName  = "channel maximum"
	minName  = "channel minimum"
	distName = "share of all values"
)

// manyChannels is how many minima are drawn as one line. They are in no order,
// and more of them would fill the panel with strokes; dots do not.
const manyChannels = 128

// channelSeries returns the minima, and stacked on them the ranges up to the
// maxima, so that what is filled is what a channel holds. Stacking needs
// positions that are not negative.
func (p rangesPanel) channelSeries(s rangeSummary, position func(float64) float64) []echarts.SingleSeries {
	order := make([]int, len(p.Min))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(p.Max[a], p.Max[b]), cmp.Compare(p.Min[a], p.Min[b]))
	})
	minima, spans := make([]plot.Point, len(order)), make([]plot.Point, len(order))
	top := 0
	for rank, c := range order {
		minima[rank] = plot.Point{Name: p.describe(c), Value: []any{rank, nil}}
		spans[rank] = minima[rank]
		if !plot.Finite(p.magnitude(c)) {
			continue
		}
		lo, hi := position(float64(p.Min[c])), position(float64(p.Max[c]))
		minima[rank].Value, spans[rank].Value = []any{rank, lo}, []any{rank, hi - lo}
		if c == s.top {
			top = rank
		}
	}
	lower := plot.Steps(minName, plot.Vermillion, "middle", 0, minima)
	upper := plot.Steps(maxName, plot.Blue, "middle", 0.2, spans)
	lower.Stack, upper.Stack = "range", "range"
	lower.MarkAreas = plot.Band("yAxis", position(-s.step/2), position(s.step/2), "", "inside")
	series := []echarts.SingleSeries{lower, upper}
	if len(order) > manyChannels {
		lower.LineStyle.Opacity = opts.Float(0)
		series = append(series, echarts.SingleSeries{Name: minName, Type: "scatter", SymbolSize: 2, Color: plot.Vermillion, Data: minima})
	}
	if s.top >= 0 {
		series = append(series, p.peak(s.top, top, position))
	}
	return series
}

func (p rangesPanel) describe(channel int) string {
	return fmt.Sprintf("channel %d: %s to %s", channel, plot.Number(float64(p.Min[channel])), plot.Number(float64(p.Max[channel])))
}

// peak returns the mark of the channel that sets the step, at its largest magnitude.
func (p rangesPanel) peak(channel, rank int, position func(float64) float64) echarts.SingleSeries {
	v, place := float64(p.Max[channel]), "top"
	if -float64(p.Min[channel]) > v {
		v, place = float64(p.Min[channel]), "bottom"
	}
	side := "left"
	if rank > len(p.Min)/2 {
		side = "right"
	}
	return echarts.SingleSeries{
		Type: "scatter", Symbol: "circle", SymbolSize: 6, Color: plot.Ink,
		Data: []plot.Point{{Name: fmt.Sprintf("channel %d: %s", channel, plot.Number(v)), Value: []any{rank, position(v)}}},
		Label: &opts.Label{
			Show: opts.Bool(true), Formatter: "{b}", Position: place, Align: side, Color: plot.Ink, FontSize: 11,
		},
	}
}

// ranks returns the categories of an axis of n channels: their ranks, from 1.
func ranks(n int) []string {
	labels := make([]string, n)
	for i := range labels {
		labels[i] = strconv.Itoa(i + 1)
	}
	return labels
}

// rankTicks returns some ten ticks at round ranks of n channels.
func rankTicks(n int) []plot.Tick {
	step := 1
	for _, factor := range []int{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000} {
		if step = factor; n <= 10*step {
			break
		}
	}
	ticks := []plot.Tick{{At: 0, Label: "1"}}
	for rank := step; rank <= n; rank += step {
		if rank > 1 {
			ticks = append(ticks, plot.Tick{At: float64(rank - 1), Label: plot.Count(rank)})
		}
	}
	return ticks
}

// table lists the channels of each tensor in the network's order.
func (d rangesData) table() table.Table {
	t := plot.Columns("input", "tensor", "channel", "min", "max", "codes")
	for _, p := range d.Panels {
		step := p.summary().step
		for c := range p.Min {
			t.Rows = append(t.Rows, []any{p.Role, p.Tensor, c, p.Min[c], p.Max[c], p.codes(c, step)})
		}
	}
	return t
}

// codes returns how many codes of a grid of this step lie in a channel's range, NaN where
// the range is not finite. A step of 0 means that every value is 0, which has one code.
func (p rangesPanel) codes(channel int, step float64) float64 {
	if !plot.Finite(p.magnitude(channel)) {
		return math.NaN()
	}
	if step == 0 {
		return 1
	}
	return math.Round(float64(p.Max[channel])/step) - math.Round(float64(p.Min[channel])/step) + 1
}

// distribution returns the series of shares, in percent, over equal bins of
// positions, and the range of the logarithmic axis that shows them: an empty
// bin lies on its floor.
func distribution(name string, shares []float64, lo, hi float64, value func(position float64) string) (s echarts.SingleSeries, floor, ceiling float64) {
	var held []float64
	for _, v := range shares {
		if v > 0 {
			held = append(held, 100*v)
		}
	}
	floor, ceiling = 1e-3, 100
	if len(held) > 0 {
		smallest := slices.MinFunc(held, cmp.Compare[float64])
		floor = math.Pow(10, float64(max(-5, plot.Decade(smallest))))
	}
	s = shareSteps(name, shares, lo, hi, value)
	for _, p := range s.Data.([]plot.Point) {
		p.Value[1] = max(floor, p.Value[1].(float64))
	}
	return s, floor, ceiling
}
