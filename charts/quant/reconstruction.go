// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"fmt"

	"github.com/gotriovit/gotriovit/charts"
	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/gotriovit/gotriovit/calib/reconstruct"
)

// Reconstruction draws the reconstruction of a block: its error during the iterations,
// relative to that of the recipe's roundings, and the learned roundings of its weights
// before they became hard. The error for an unknown block lists the known ones.
func Reconstruction(r *reconstruct.Result, block string) (*charts.Figure, error) {
	var names []string
	for i := range r.Blocks {
		if b := &r.Blocks[i]; b.Name == block {
			return reconstructionFigure(r, b)
		}
		names = append(names, r.Blocks[i].Name)
	}
	return nil, fmt.Errorf("charts: no reconstructed block %q: have %q", block, names)
}

func reconstructionFigure(r *reconstruct.Result, b *reconstruct.Block) (*charts.Figure, error) {
	const (
		left, width         = 84, 640
		top, high, gap, low = 112, 200, 84, 160
	)
	table := plot.Columns("iteration", "error", "rounding", "weights")
	most, fullest := 1.0, 1
	var losses, bars []plot.Point
	every := float64(r.Options.Steps) / float64(max(1, len(b.Loss)))
	for i, loss := range b.Loss {
		iteration := every * float64(i+1)
		most = max(most, loss)
		losses = append(losses, plot.Point{Name: fmt.Sprintf("up to iteration %.0f: %.3f of the first error", iteration, loss), Value: []any{iteration, loss}})
		table.Rows = append(table.Rows, []any{iteration, loss, nil, nil})
	}
	for i, n := range b.Rounding {
		fullest = max(fullest, n)
		at := (float64(i) + 0.5) / reconstruct.Bins
		bars = append(bars, plot.Point{Name: fmt.Sprintf("%.2f to %.2f: %s weights", at-0.5/reconstruct.Bins, at+0.5/reconstruct.Bins, plot.Count(n)), Value: []any{at, n}})
		table.Rows = append(table.Rows, []any{nil, nil, at, n})
	}
	panels := []plot.Panel{
		{
			Title: "(a) error of the block's output beside that of the recipe's roundings", Left: left, Top: top, Width: width, Height: high,
			X: plot.Axis{Name: "iterations", Lo: 0, Hi: float64(r.Options.Steps)}, Y: plot.Axis{Lo: 0, Hi: most},
			Series: []echarts.SingleSeries{{Name: "error", Type: "line", Data: losses, Color: plot.Blue, Symbol: "circle", SymbolSize: 4, LineStyle: &opts.LineStyle{Color: plot.Blue, Width: 1.8}}},
		},
		{
			Title: "(b) weights by their learned rounding before it became hard", Left: left, Top: top + high + gap, Width: width, Height: low,
			X: plot.Axis{Name: "0 rounds down, 1 rounds up", Lo: 0, Hi: 1}, Y: plot.Axis{Lo: 0, Hi: float64(fullest)},
			Series: []echarts.SingleSeries{{Name: "weights", Type: "bar", Data: bars, Color: plot.Blue}},
		},
	}
	title := fmt.Sprintf("%s of %s roundings left the nearest code, the error went from %.2g to %.2g", plot.Count(b.Flipped), plot.Count(b.Weights), b.Before, b.After)
	subtitle := fmt.Sprintf("Block %s; the errors are shares of the exact output's energy.", plot.BlockTitle(b.Name))
	return charts.NewFigure(title, plot.FigureWidth, top+high+gap+low+54, plot.Compose(title, subtitle, nil, panels), table)
}
