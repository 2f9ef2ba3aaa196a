// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/gotriovit/gotriovit/calib/reconstruct"
)

// Reconstruction draws the reconstruction of a block: its error during the iterations,
// relative to that of the recipe's roundings, and the learned roundings of its weights
// before they became hard. The error for an unknown block lists the known ones.
func Reconstruction(r *reconstruct.Result, block string) (*Figure, error) {
	var names []string
	for i := range r.Blocks {
		if b := &r.Blocks[i]; b.Name == block {
			return reconstructionFigure(r, b)
		}
		names = append(names, r.Blocks[i].Name)
	}
	return nil, fmt.Errorf("charts: no reconstructed block %q: have %q", block, names)
}

func reconstructionFigure(r *reconstruct.Result, b *reconstruct.Block) (*Figure, error) {
	const (
		left, width         = 84, 640
		top, high, gap, low = 112, 200, 84, 160
	)
	table := columns("iteration", "error", "rounding", "weights")
	most, fullest := 1.0, 1
	var losses, bars []point
	every := float64(r.Options.Steps) / float64(max(1, len(b.Loss)))
	for i, loss := range b.Loss {
		iteration := every * float64(i+1)
		most = max(most, loss)
		losses = append(losses, point{fmt.Sprintf("up to iteration %.0f: %.3f of the first error", iteration, loss), []any{iteration, loss}})
		table.Rows = append(table.Rows, []any{iteration, loss, nil, nil})
	}
	for i, n := range b.Rounding {
		fullest = max(fullest, n)
		at := (float64(i) + 0.5) / reconstruct.Bins
		bars = append(bars, point{fmt.Sprintf("%.2f to %.2f: %s weights", at-0.5/reconstruct.Bins, at+0.5/reconstruct.Bins, count(n)), []any{at, n}})
		table.Rows = append(table.Rows, []any{nil, nil, at, n})
	}
	panels := []panel{
		{
			title: "(a) error of the block's output beside that of the recipe's roundings", left: left, top: top, width: width, height: high,
			x: axis{name: "iterations", lo: 0, hi: float64(r.Options.Steps)}, y: axis{lo: 0, hi: most},
			series: []echarts.SingleSeries{{Name: "error", Type: "line", Data: losses, Color: blue, Symbol: "circle", SymbolSize: 4, LineStyle: &opts.LineStyle{Color: blue, Width: 1.8}}},
		},
		{
			title: "(b) weights by their learned rounding before it became hard", left: left, top: top + high + gap, width: width, height: low,
			x: axis{name: "0 rounds down, 1 rounds up", lo: 0, hi: 1}, y: axis{lo: 0, hi: float64(fullest)},
			series: []echarts.SingleSeries{{Name: "weights", Type: "bar", Data: bars, Color: blue}},
		},
	}
	title := fmt.Sprintf("%s of %s roundings left the nearest code, the error went from %.2g to %.2g", count(b.Flipped), count(b.Weights), b.Before, b.After)
	subtitle := fmt.Sprintf("Block %s; the errors are shares of the exact output's energy.", blockTitle(b.Name))
	return newFigure(title, figureWidth, top+high+gap+low+54, compose(title, subtitle, nil, panels), table)
}
