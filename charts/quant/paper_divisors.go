// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"fmt"
	"math"

	"github.com/gotriovit/gotriovit/charts"
	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/paper"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// PaperFig4 draws the paper's Fig. 4 for one MSA: (a) the counts of its divisors and, on a
// second axis, the values to which a uniform grid of 4 bits and a log2 grid of 4 bits
// round them; (b) the same near zero, where the uniform grid has 8 bits. The block may be
// given by the end of its name, as for [Divisors].
//
// As in the paper log2 rounds to the nearest power in the log domain, so that the stairs
// step at √2·2^k, and its 16 codes end at the floor of the largest divisor's logarithm.
// The paper draws the last MSA of EfficientViT-B1, with divisors to 1,599 and a zoom to 5.
// Here the zoom ends at 0.8 steps of the grid of 8 bits, the same share of a step as in
// the paper.
func PaperFig4(prof *calib.Profile, net *efficientvit.Network, block string) (*charts.Figure, error) {
	stats, err := prof.Divisors(net, block)
	if err != nil {
		return nil, fmt.Errorf("charts: Fig. 4: %w", err)
	}
	d := paperDivisors{Block: block, Hist: stats.Hist, Largest: float64(stats.Max[0])}
	point := efficientvit.Point{Class: efficientvit.DivisorOperand}
	four, err := calib.MinMax{Bits: 4}.Choose(stats, point)
	if err != nil {
		return nil, fmt.Errorf("charts: Fig. 4 of %s: %w", block, err)
	}
	eight, err := calib.MinMax{Bits: 8}.Choose(stats, point)
	if err != nil {
		return nil, fmt.Errorf("charts: Fig. 4 of %s: %w", block, err)
	}
	log2, err := calib.LogDomain{Floor: true}.Choose(stats, point)
	if err != nil {
		return nil, fmt.Errorf("charts: Fig. 4 of %s: %w", block, err)
	}
	d.Four, d.Eight, d.Log2 = four.(grid.Uniform), eight.(grid.Uniform), log2.(grid.Log2)
	return d.Figure()
}

// paperDivisors are the divisors of one MSA with three grids.
type paperDivisors struct {
	Block       string
	Hist        calib.Histogram
	Largest     float64
	Four, Eight grid.Uniform
	Log2        grid.Log2
}

func (d paperDivisors) check() error {
	step := float64(d.Four.Scale)
	switch {
	case !(d.Largest > 0) || !plot.Finite(d.Largest):
		return fmt.Errorf("charts: Fig. 4 of %s: the largest divisor is %v, must be positive and finite", d.Block, d.Largest)
	case !(step > 0) || !(d.Eight.Scale > 0) || d.Four.Lo != 0 || d.Eight.Lo != 0 || d.Four.Hi != 15 || d.Eight.Hi != 255:
		return fmt.Errorf("charts: Fig. 4 of %s: the uniform grids are %s and %s, need codes 0 to 15 and 0 to 255", d.Block, d.Four, d.Eight)
	case d.Log2.Hi < d.Log2.Lo || d.Log2.Hi-d.Log2.Lo > 255 || d.Log2.Unit != 1:
		return fmt.Errorf("charts: Fig. 4 of %s: log2 codes %d to %d in units of %v, need rising codes in units of 1", d.Block, d.Log2.Lo, d.Log2.Hi, d.Log2.Unit)
	}
	return nil
}

// A stair is an interval of values, from its first value to that of the next stair, which
// a quantizer rounds to one level.
type stair struct{ from, level float64 }

// uniformStairs returns the stairs of a uniform grid for values from 0 to the largest.
func uniformStairs(g grid.Uniform, to float64) []stair {
	stairs := []stair{{0, 0}}
	for q := 1; q <= g.Hi; q++ {
		if from := (float64(q) - 0.5) * float64(g.Scale); from <= to {
			stairs = append(stairs, stair{from, float64(g.Value(q))})
		}
	}
	return stairs
}

// log2Stairs returns the stairs of a log2 grid for values from 0 to the largest.
func log2Stairs(g grid.Log2, to float64) []stair {
	stairs := []stair{{0, float64(g.Value(g.Lo))}}
	for c := g.Lo; c < g.Hi; c++ {
		if from := float64(g.Boundary(c)); from <= to {
			stairs = append(stairs, stair{from, float64(g.Value(c + 1))})
		}
	}
	return stairs
}

// stairLine returns the line of stairs for values up to an end.
func stairLine(name, color string, stairs []stair, to float64) echarts.SingleSeries {
	var points []plot.Point
	for _, s := range stairs {
		points = append(points, plot.Point{Name: fmt.Sprintf("%s: %s from %s on", name, plot.Number(s.level), plot.Number(s.from)), Value: []any{s.from, s.level}})
	}
	points = append(points, plot.Point{Value: []any{to, stairs[len(stairs)-1].level}})
	return echarts.SingleSeries{
		Name: name, Type: "line", Step: "end", ShowSymbol: opts.Bool(false), Data: points, Color: color,
		LineStyle: &opts.LineStyle{Color: color, Width: 2},
	}
}

// share returns the share of the positive divisors below a value.
func (d paperDivisors) share(below float64) float64 {
	return shareOf(d.Hist, func(v float64) bool { return v > 0 && v < below })
}

// Figure draws both panels. The table has a row per stair.
func (d paperDivisors) Figure() (*charts.Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	const (
		top, height       = 124, 300
		left, width       = 84, 420
		left2, width2     = 650, 220
		nBins             = 96
		log2Name          = "log2, 4 bits"
		uniformName       = "uniform: 4 bits in (a), 8 bits in (b)"
		counted, quantity = "count of divisors", "quantized value"
	)
	_, zoom := roundRange(0, 0.8*float64(d.Eight.Scale))
	_, wide := roundRange(0, d.Largest)
	table := plot.Columns("panel", "grid", "from", "quantized value")
	stairs := func(panel, name, color string, list []stair, to float64) echarts.SingleSeries {
		for _, s := range list {
			table.Rows = append(table.Rows, []any{panel, name, s.from, s.level})
		}
		return stairLine(name, color, list, to)
	}
	a := []echarts.SingleSeries{
		stairs("a", uniformName, plot.UniformColor, uniformStairs(d.Four, wide), wide),
		stairs("a", log2Name, plot.Log2Color, log2Stairs(d.Log2, wide), wide),
	}
	b := []echarts.SingleSeries{
		stairs("b", uniformName, plot.UniformColor, uniformStairs(d.Eight, zoom), zoom),
		stairs("b", log2Name, plot.Log2Color, log2Stairs(d.Log2, zoom), zoom),
	}
	near := log2Stairs(d.Log2, zoom)
	panels := []plot.Panel{{
		Title: "(a) the divisors and two grids",
		Left:  left, Top: top, Width: width, Height: height,
		X: plot.Axis{Name: "divisor", Lo: 0, Hi: wide}, Y: plot.Axis{Name: counted},
		Series: []echarts.SingleSeries{countSteps(d.Hist, 0, wide, nBins)},
		Right:  plot.Axis{Name: quantity, Lo: 0, Hi: plot.NiceTop(max(d.Largest, math.Exp2(float64(d.Log2.Hi))))}, OnRight: a,
	}, {
		Title: "(b) near zero",
		Left:  left2, Top: top, Width: width2, Height: height,
		X: plot.Axis{Name: "divisor", Lo: 0, Hi: zoom}, Y: plot.Axis{Name: quantity}, Series: b,
	}}
	title := fmt.Sprintf("Below %s, where %s of the divisors lie, 8 bits uniform have %s, 4 bits log2 %s",
		plot.Number(zoom), plot.Percent(d.share(zoom)), plot.Several(len(uniformStairs(d.Eight, zoom)), "value"), plot.Count(len(near)))
	subtitle := fmt.Sprintf("%s. \nlog2 codes %s to %s: their stairs step at √2·2ᵏ.", plot.BlockTitle(d.Block), plot.Power2(d.Log2.Lo), plot.Power2(d.Log2.Hi))
	f, err := charts.NewFigure(title, plot.FigureWidth, top+height+54, plot.Compose(title, subtitle, []string{uniformName, log2Name}, panels), table)
	if err != nil {
		return nil, err
	}
	return f.Against("**Fig. 4.** The stairs agree: log2 steps at √2·2ᵏ and ends at code %d, the floor of the largest divisor's logarithm (paper: %d [V]). The divisors do not: they reach %s (paper: %s [V]), and %s of them lie below the first step of 8 uniform bits, %s.",
		d.Log2.Hi, paper.Fig4TopCode, plot.Number(d.Largest), plot.Count(paper.Fig4Largest), plot.Percent(d.share(float64(d.Eight.Scale)/2)), plot.Number(float64(d.Eight.Scale)/2)), nil
}
