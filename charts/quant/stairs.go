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
	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// Stairs draws the effect of one symmetric grid of the given bits on the channels of the
// input of a block's PW1, DW or PW2. (a) is the grid as stairs from value to rounded
// value, up to the range of the median channel; (b) is the number of codes of each
// channel, in the network's order. The block may be given by the end of its name. The
// table has one row per channel.
func Stairs(p *calib.Profile, net *efficientvit.Network, block string, role efficientvit.Role, bits int) (*charts.Figure, error) {
	pw1, dw, pw2, err := p.MBConv(net, block)
	if err != nil {
		return nil, fmt.Errorf("charts: %w", err)
	}
	stats := map[efficientvit.Role]*calib.TensorStats{efficientvit.PW1: pw1, efficientvit.DW: dw, efficientvit.PW2: pw2}[role]
	if stats == nil {
		return nil, fmt.Errorf("charts: the input of %s of %s: PW1, DW and PW2 are drawn", role, block)
	}
	q, err := calib.MinMax{Bits: bits}.Choose(stats, efficientvit.Point{Signed: true})
	if err != nil {
		return nil, fmt.Errorf("charts: %w", err)
	}
	return stairsData{Role: role.String(), Block: block, Min: stats.Min, Max: stats.Max, Grid: q.(grid.Uniform)}.Figure()
}

// stairsData are the ranges of a tensor's channels and the grid that they share.
type stairsData struct {
	Role, Block string
	Min, Max    []float32
	Grid        grid.Uniform
}

// codes returns the number of codes from a channel's minimum to its maximum.
func (d stairsData) codes(c int) int { return d.Grid.Code(d.Max[c]) - d.Grid.Code(d.Min[c]) + 1 }

// median returns the channel that has the median number of codes.
func (d stairsData) median() int {
	order := make([]int, len(d.Min))
	for c := range order {
		order[c] = c
	}
	slices.SortStableFunc(order, func(a, b int) int { return d.codes(a) - d.codes(b) })
	return order[len(order)/2]
}

// Figure draws (a) the stairs near zero and (b) the codes of each channel.
func (d stairsData) Figure() (*charts.Figure, error) {
	const top, height, left, width, left2, width2 = 96, 240, 70, 330, 480, 380
	m := d.median()
	bits := bitsOf(d.Grid.Lo, d.Grid.Hi)
	lo, hi := float64(d.Min[m]), float64(d.Max[m])
	room := 0.15 * (hi - lo)
	if !(room > 0) {
		room = float64(d.Grid.Scale)
	}
	from, to := lo-room, hi+room
	const samples = 600
	var stairs []plot.Point
	low, high := math.Inf(1), math.Inf(-1)
	for i := range samples + 1 {
		x := from + (to-from)*float64(i)/samples
		y := float64(d.Grid.Fake(float32(x)))
		low, high = min(low, y), max(high, y)
		stairs = append(stairs, plot.Point{Name: fmt.Sprintf("%s becomes %s, code %d", plot.Number(x), plot.Number(y), d.Grid.Code(float32(x))), Value: []any{x, y}})
	}
	low, high = min(low, from), max(high, to)
	rounded := echarts.SingleSeries{Name: "rounded", Type: "line", Data: stairs, ShowSymbol: opts.Bool(false), Color: plot.Blue, LineStyle: &opts.LineStyle{Color: plot.Blue, Width: 2},
		MarkAreas: plot.Band("xAxis", lo, hi, "the median channel's range", "insideTop")}
	exact := echarts.SingleSeries{Name: "exact", Type: "line", ShowSymbol: opts.Bool(false), Color: plot.Faint, LineStyle: &opts.LineStyle{Color: plot.Faint, Type: "dashed", Width: 1},
		Data: []plot.Point{{Name: "", Value: []any{from, from}}, {Name: "", Value: []any{to, to}}}}
	table := plot.Columns("channel", "min", "max", "codes")
	var dots []plot.Point
	few, most := 0, 1
	for c := range d.Min {
		n := d.codes(c)
		most = max(most, n)
		if n < 8 {
			few++
		}
		table.Rows = append(table.Rows, []any{c, d.Min[c], d.Max[c], n})
		dots = append(dots, plot.Point{Name: fmt.Sprintf("channel %d: %s to %s, codes: %d", c, plot.Number(float64(d.Min[c])), plot.Number(float64(d.Max[c])), n), Value: []any{c, n}})
	}
	codes := echarts.SingleSeries{Name: "codes", Type: "scatter", SymbolSize: 4, Color: plot.Vermillion, Data: dots, MarkAreas: plot.Band("yAxis", 0.8, 8, "fewer than 8 codes", "insideTopRight")}
	panels := []plot.Panel{
		{Title: fmt.Sprintf("(a) the grid, step %s, where the median channel lies", plot.Number(float64(d.Grid.Scale))), Left: left, Top: top, Width: width, Height: height,
			X: plot.ShortAxis("value", from, to), Y: plot.ShortAxis("rounded value", low, high), Series: []echarts.SingleSeries{exact, rounded}},
		{Title: "(b) codes that each channel has, logarithmic", Left: left2, Top: top, Width: width2, Height: height,
			X: plot.Axis{Name: "channel", Lo: 0, Hi: float64(len(d.Min))}, Y: plot.Axis{Name: "codes", Log: true, Lo: 0.8, Hi: float64(max(10, 2*most))}, Series: []echarts.SingleSeries{codes}},
	}
	title := fmt.Sprintf("%d bits: the median channel has %s of %s codes, %s of %s channels fewer than 8",
		bits, plot.Count(d.codes(m)), plot.Count(d.Grid.Hi-d.Grid.Lo+1), plot.Count(few), plot.Count(len(d.Min)))
	return charts.NewFigure(title, plot.FigureWidth, top+height+54, plot.Compose(title, fmt.Sprintf("input of %s in %s", d.Role, plot.BlockTitle(d.Block)), nil, panels), table)
}
