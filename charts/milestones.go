// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"math"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/gotriovit/gotriovit/triovit/builtin"
)

// Milestones draws when a network becomes hard to quantize: the float score of the
// networks saved during a training, and below it the points that each recipe loses to
// float at each width of weights and activations. Every milestone has the same recipes and
// widths in the same order.
func Milestones(all []builtin.Milestone) (*Figure, error) {
	if len(all) < 2 {
		return nil, fmt.Errorf("charts: a curve of %d milestones: at least 2 are needed", len(all))
	}
	const (
		left, width         = 84, 640
		top, high, gap, low = 112, 110, 60, 280
		floatName           = "float"
	)
	first, last := all[0], all[len(all)-1]
	series := make([]echarts.SingleSeries, len(first.Losses))
	table := columns("step", "decay", "recipe", "bits", "float mIoU", "lost", "low", "high")
	most, score := 0., []point{}
	for _, m := range all {
		if len(m.Losses) != len(first.Losses) {
			return nil, fmt.Errorf("charts: step %d has %d losses, step %d has %d", m.Step, len(m.Losses), first.Step, len(first.Losses))
		}
		score = append(score, point{fmt.Sprintf("step %s: %.1f %%", count(m.Step), 100*m.MIoU), []any{m.Step, 100 * m.MIoU}})
		for i, l := range m.Losses {
			if l.Recipe != first.Losses[i].Recipe || l.Bits != first.Losses[i].Bits {
				return nil, fmt.Errorf("charts: step %d has %s where step %d has %s", m.Step, lossName(l), first.Step, lossName(first.Losses[i]))
			}
			most = max(most, 100*l.MIoU)
			table.Rows = append(table.Rows, []any{m.Step, m.Decay, l.Recipe, l.Bits, m.MIoU, l.MIoU, l.Lo, l.Hi})
			points, _ := series[i].Data.([]point)
			series[i].Data = append(points, point{
				fmt.Sprintf("%s, step %s: %.1f points (%.1f to %.1f)", lossName(l), count(m.Step), 100*l.MIoU, 100*l.Lo, 100*l.Hi),
				[]any{m.Step, 100 * l.MIoU},
			})
		}
	}
	names := make([]string, len(series))
	for i, l := range first.Losses {
		color, dash := lossStyle(l)
		names[i] = lossName(l)
		series[i].Name, series[i].Type, series[i].Color = names[i], "line", color
		series[i].Symbol, series[i].SymbolSize = "circle", 4
		series[i].LineStyle = &opts.LineStyle{Color: color, Width: 1.8, Type: dash}
	}
	x := axis{name: "steps of training", lo: 0, hi: float64(last.Step)}
	above := x
	above.hidden, above.name = true, ""
	panels := []panel{
		{
			title: "(a) mIoU in float, %",
			left:  left, top: top, width: width, height: high, x: above, y: axis{lo: 0, hi: 100},
			series: []echarts.SingleSeries{{
				Name: floatName, Type: "line", Data: score, Color: faint, Symbol: "circle", SymbolSize: 4,
				LineStyle: &opts.LineStyle{Color: faint, Width: 1.8},
			}},
		},
		{
			title: "(b) points of mIoU lost to float",
			left:  left, top: top + high + gap, width: width, height: low, x: x, y: axis{lo: 0, hi: 10 * math.Ceil(most/10)},
			series: series,
		},
	}
	title := fmt.Sprintf("%s loses %.1f points after %s steps, %.1f after %s",
		names[0], 100*max(0, first.Losses[0].MIoU), count(first.Step), 100*max(0, last.Losses[0].MIoU), count(last.Step))
	subtitle := "The built-in model along its training"
	return newFigure(title, figureWidth, top+high+gap+low+54, compose(title, subtitle, names, panels), table)
}

func lossName(l builtin.Loss) string { return fmt.Sprintf("%s, %d bits", l.Recipe, l.Bits) }

// lossStyle returns the colour of a loss's recipe and the dashes of its width in bits.
func lossStyle(l builtin.Loss) (color, dash string) {
	color = vermillion
	switch l.Recipe {
	case "MSAUniform":
		color = green
	case "TrioViTPlus":
		color = blue
	}
	switch l.Bits {
	case 8:
		return color, "solid"
	case 7:
		return color, "dashed"
	}
	return color, "dotted"
}
