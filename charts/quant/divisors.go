// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/gotriovit/gotriovit/charts"
	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// Divisors draws the paper's Fig. 4 for one MSA: its divisors, the 8-bit uniform grid that
// spans them and the 4-bit log2 codes that end at the largest of them. The block may be
// given by the end of its name, such as "stages.3.op_list.2.context_module". The error for
// an unknown block lists those of the network.
func Divisors(prof *calib.Profile, net *efficientvit.Network, block string) (*charts.Figure, error) {
	stats, err := prof.Divisors(net, block)
	if err != nil {
		return nil, fmt.Errorf("charts: %w", err)
	}
	point := efficientvit.Point{Class: efficientvit.DivisorOperand, Bits: 8}
	uniform, err := calib.MinMax{}.Choose(stats, point)
	if err != nil {
		return nil, fmt.Errorf("charts: %w", err)
	}
	log2, err := calib.LogDomain{}.Choose(stats, point)
	if err != nil {
		return nil, fmt.Errorf("charts: %w", err)
	}
	return divisorsData{Block: stats.Block, Hist: stats.Hist, Uniform: uniform.(grid.Uniform), Log2: log2.(grid.Log2)}.Figure()
}

// divisorsData is the data of the paper's Fig. 4 for one MSA: the divisors
// ReLU(Q)·ΣReLU(K), and the two grids that may quantize them.
type divisorsData struct {
	// Block is the MSA's name in the network.
	Block string
	// Hist counts the divisors of all tokens, heads and pictures.
	Hist calib.Histogram
	// Uniform is the unsigned grid of equal steps; under min-max calibration its
	// largest code stands for the largest divisor.
	Uniform grid.Uniform
	// Log2 is the grid of powers of two, in units of one; the released code has
	// the codes -6 to 9 (section 2.5).
	Log2 grid.Log2
}

// divisorSummary are statistics of the divisors for the two grids. Shares are of all
// finite divisors.
type divisorSummary struct {
	low, high    float64 // smallest and largest positive divisor
	zeros        float64 // share that is zero (or less) before any quantization
	zeroed       float64 // share that the uniform grid rounds to zero, without zeros
	below, above float64 // share that log2 clamps to its smallest and its largest code
	released     float64 // share above the largest of the released codes
	small        float64 // the first percentile of the divisors
}

func (d divisorsData) summary() divisorSummary {
	s := divisorSummary{low: math.Inf(1)}
	for _, b := range d.Hist.Bins {
		if v := float64(b.Center()); v > 0 && plot.Finite(v) {
			s.low, s.high = min(s.low, v), max(s.high, v)
		}
	}
	s.zeros = shareOf(d.Hist, func(v float64) bool { return v <= 0 })
	s.zeroed = shareOf(d.Hist, func(v float64) bool { return v > 0 && d.Uniform.Code(float32(v)) == 0 })
	all := d.Log2 // the log2 grid with a code for every divisor
	all.Lo, all.Hi = math.MinInt8, math.MaxInt8
	s.below = shareOf(d.Hist, func(v float64) bool { return v > 0 && all.Code(float32(v)) < d.Log2.Lo })
	s.above = shareOf(d.Hist, func(v float64) bool { return v > 0 && all.Code(float32(v)) > d.Log2.Hi })
	end := math.Sqrt2 * math.Exp2(releasedTop)
	s.released = shareOf(d.Hist, func(v float64) bool { return v > end })
	s.small = float64(d.Hist.Quantile(0.01))
	return s
}

// releasedTop is the largest code of the released code's grid, [calib.ReleasedCodes].
const releasedTop = 9

// finding describes the effect of each grid on small divisors. These matter most: the
// relative error of a quotient is that of its divisor.
func (d divisorsData) finding(s divisorSummary, names []string) string {
	if s.zeroed >= 0.001 || s.below+s.above > 0 || !(s.small > 0) {
		return fmt.Sprintf("%s (step %s) rounds %s of the divisors to 0; %s clamps %s",
			plot.Capital(names[0]), plot.Number(d.step()), plot.Percent(s.zeroed), names[1], plot.Percent(s.below+s.above))
	}
	return fmt.Sprintf("One divisor in a hundred may err by %s or more on the %s grid; by %s at most on %s",
		plot.Percent(min(1, d.step()/2/s.small)), names[0], plot.Percent(math.Sqrt2-1), names[1])
}

// step returns the step of the uniform grid, in units of a divisor.
func (d divisorsData) step() float64 { return float64(d.Uniform.Scale) }

// bitsOf is the number of bits that hold the codes from lo to hi.
func bitsOf(lo, hi int) int { return bits.Len(uint(hi - lo)) }

func (d divisorsData) check() error {
	switch {
	case d.Uniform.Lo != 0 || d.Uniform.Zero != 0 || d.Uniform.Hi < 3 || d.Uniform.Hi > math.MaxUint16:
		return fmt.Errorf("charts: divisors of %s: uniform codes %d to %d with zero %d, allowed are 0 to 3 up to 0 to %d with zero 0",
			d.Block, d.Uniform.Lo, d.Uniform.Hi, d.Uniform.Zero, math.MaxUint16)
	case !(d.step() > 0) || !plot.Finite(d.step()):
		return fmt.Errorf("charts: divisors of %s: uniform step %v, must be positive", d.Block, d.step())
	case d.Log2.Lo > d.Log2.Hi || d.Log2.Lo < -126 || d.Log2.Hi > 126:
		return fmt.Errorf("charts: divisors of %s: log2 exponents %d to %d, need lowest to highest within -126 to 126", d.Block, d.Log2.Lo, d.Log2.Hi)
	case d.Log2.Unit != 1 || d.Log2.Integer:
		return fmt.Errorf("charts: divisors of %s: log2 codes in units of %v, of integers %t: powers of two themselves are allowed", d.Block, d.Log2.Unit, d.Log2.Integer)
	}
	return nil
}

// Figure draws the paper's Fig. 4: (a) the distribution of the divisors over
// octaves, above the values that each grid can represent; (b) the same near
// zero, on a linear axis of divisors. The table has one row per bin of the histogram, with
// the value that each grid puts in the bin's place.
func (d divisorsData) Figure() (*charts.Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	s := d.summary()
	if s.high == 0 {
		return nil, fmt.Errorf("charts: divisors of %s: the histogram holds no positive finite divisor", d.Block)
	}
	const (
		top, height, gap, rugs = 112, 216, 8, 48
		left, width            = 92, 400
		left2, width2          = 606, 268
		distName               = "share of divisors"
		uniformName, log2Name  = "uniform", "log2"
	)
	names := []string{
		fmt.Sprintf("%d-bit uniform", bitsOf(d.Uniform.Lo, d.Uniform.Hi)),
		fmt.Sprintf("%d-bit log2", bitsOf(d.Log2.Lo, d.Log2.Hi)),
	}

	// Positions in (a) are exponents of two.
	lo := math.Floor(min(math.Log2(s.low), float64(d.Log2.Lo))) - 0.5
	hi := math.Ceil(max(math.Log2(s.high), float64(d.Log2.Hi))) + 0.5
	wide := plot.Axis{Name: "divisor, logarithmic", Lo: lo, Hi: hi, Ticks: plot.Octaves(lo, hi, 10)}
	shares := rebin(d.Hist, math.Log2, plot.Spaced(lo, hi, int(2*(hi-lo))))
	dist := shareSteps(distName, shares, lo, hi, func(at float64) string { return plot.Number(math.Exp2(at)) })
	if cut := math.Log2(d.step() / 2); cut > lo {
		dist.MarkAreas = plot.Band("xAxis", lo, min(cut, hi), "uniform: rounds to 0", "top")
	}
	var uniform, log2 []plot.Point
	for k := 1; k <= d.Uniform.Code(float32(s.high)); k++ {
		v := float64(k) * d.step()
		uniform = append(uniform, plot.Point{Name: fmt.Sprintf("uniform code %d: %s", k, plot.Number(v)), Value: []any{math.Log2(v), names[0]}})
	}
	for e := d.Log2.Lo; e <= d.Log2.Hi; e++ {
		log2 = append(log2, plot.Point{Name: fmt.Sprintf("log2 code %d: %s", e, plot.Number(math.Exp2(float64(e)))), Value: []any{e, names[1]}})
	}

	// Panel (b) spans two and a half steps of the uniform grid.
	near := roundUp(min(2.5*d.step(), s.high))
	zoomed := rebin(d.Hist, identity, plot.Spaced(0, near, 48))
	zoom, floor, ceiling := distribution(distName, zoomed, 0, near, plot.Number)
	if cut := d.step() / 2; cut < near {
		zoom.MarkAreas = plot.Band("xAxis", 0, cut, "rounds to 0", "top")
	}
	var uniformNear, log2Near []plot.Point
	for _, k := range []float64{0, 1, 2} {
		if v := k * d.step(); v <= near {
			uniformNear = append(uniformNear, plot.Point{Name: plot.Number(v), Value: []any{v, names[0]}})
		}
	}
	for e := d.Log2.Lo; e <= d.Log2.Hi && math.Exp2(float64(e)) <= near; e++ {
		log2Near = append(log2Near, plot.Point{Name: plot.Power2(e), Value: []any{math.Exp2(float64(e)), names[1]}})
	}

	panels := []plot.Panel{
		{
			Title: fmt.Sprintf("(a) divisors span %s to %s: %.0f octaves", plot.Number(s.low), plot.Number(s.high), math.Log2(s.high/s.low)),
			Left:  left, Top: top, Width: width, Height: height,
			X:      plot.Axis{Lo: lo, Hi: hi, Hidden: true},
			Y:      plot.Axis{Name: "divisors per half octave, %"},
			Series: []echarts.SingleSeries{dist},
		},
		{
			Left: left, Top: top + height + gap, Width: width, Height: rugs, X: wide, Y: plot.Axis{Labels: names},
			Series: []echarts.SingleSeries{rug(uniformName, plot.Vermillion, uniform), rug(log2Name, plot.Blue, log2)},
		},
		{
			Title: fmt.Sprintf("(b) near zero: %d uniform codes, %d of log2", len(uniformNear), len(log2Near)),
			Left:  left2, Top: top, Width: width2, Height: height,
			X:      plot.Axis{Lo: 0, Hi: near, Hidden: true},
			Y:      plot.Axis{Name: "divisors per bin, %", Log: true, Lo: floor, Hi: ceiling},
			Series: []echarts.SingleSeries{zoom},
		},
		{
			Left: left2, Top: top + height + gap, Width: width2, Height: rugs,
			X: plot.Axis{Name: "divisor, linear", Lo: 0, Hi: near}, Y: plot.Axis{Labels: names},
			Series: []echarts.SingleSeries{rug(uniformName, plot.Vermillion, uniformNear), rug(log2Name, plot.Blue, log2Near)},
		},
	}
	title := d.finding(s, names)
	subtitle := fmt.Sprintf("%s\nlog2 codes %s to %s clamp %s above, %s below; the released code's end at %s, below %s of the divisors. 0 already: %s.",
		plot.BlockTitle(d.Block), plot.Power2(d.Log2.Lo), plot.Power2(d.Log2.Hi), plot.Percent(s.above), plot.Percent(s.below), plot.Power2(releasedTop), plot.Percent(s.released), plot.Percent(s.zeros))
	return charts.NewFigure(title, plot.FigureWidth, top+height+gap+rugs+54, plot.Compose(title, subtitle, nil, panels), d.table())
}

// table lists the bins of the histogram with the values that each grid puts in their place.
func (d divisorsData) table() table.Table {
	t := plot.Columns("low", "high", "count", "uniform", "log2")
	for _, b := range d.Hist.Bins {
		lo, hi := b.Bounds()
		v := b.Center()
		uniform, log2 := math.NaN(), math.NaN()
		if plot.Finite(float64(v)) {
			uniform = float64(d.Uniform.Fake(v))
		}
		if v > 0 {
			log2 = float64(d.Log2.Fake(v))
		}
		t.Rows = append(t.Rows, []any{lo, hi, b.Count, uniform, log2})
	}
	return t
}

func identity(v float64) float64 { return v }

// shareSteps returns the series of the shares of bins, drawn in percent. The bins have
// equal width, from position lo to hi.
func shareSteps(name string, shares []float64, lo, hi float64, value func(at float64) string) echarts.SingleSeries {
	edges := plot.Spaced(lo, hi, len(shares))
	points := make([]plot.Point, 0, len(edges))
	for i, v := range shares {
		text := fmt.Sprintf("%s to %s: %s", value(edges[i]), value(edges[i+1]), plot.Percent(v))
		points = append(points, plot.Point{Name: text, Value: []any{edges[i], 100 * v}})
	}
	points = append(points, plot.Point{Value: []any{hi, points[len(points)-1].Value[1]}})
	return plot.Steps(name, plot.Green, "end", 0.3, points)
}

// rug returns the series of one row of strokes: a stroke for each value that a grid can
// represent.
func rug(name, color string, points []plot.Point) echarts.SingleSeries {
	return echarts.SingleSeries{
		Name: name, Type: "scatter", Symbol: "rect", SymbolSize: []float64{1.5, 16}, Color: color, Data: points,
		ItemStyle: &opts.ItemStyle{Color: color},
	}
}

// roundUp returns the next larger number of one significant digit: an axis ends at a
// number that is short to write.
func roundUp(x float64) float64 {
	if !(x > 0) {
		return x
	}
	unit := math.Pow(10, math.Floor(math.Log10(x)))
	return math.Ceil(x/unit-1e-9) * unit
}
