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
	"github.com/gotriovit/gotriovit/triovit/builtin"
)

// Milestones draws when a network becomes hard to quantize: the float score of the
// networks saved during a training, and below it the points that each recipe loses to
// float at each width of weights and activations. Every milestone has the same recipes and
// widths in the same order. The recipes are some of [calib.Vanilla], [calib.MSAUniform] and
// [calib.TrioViTPlus], which the subtitle explains.
func Milestones(all []builtin.Milestone) (*charts.Figure, error) {
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
	table := plot.Columns("step", "decay", "recipe", "bits", "float mIoU", "lost", "low", "high")
	most, score := 0., []plot.Point{}
	for _, m := range all {
		if len(m.Losses) != len(first.Losses) {
			return nil, fmt.Errorf("charts: step %d has %d losses, step %d has %d", m.Step, len(m.Losses), first.Step, len(first.Losses))
		}
		score = append(score, plot.Point{Name: fmt.Sprintf("step %s: %.1f %%", plot.Count(m.Step), 100*m.MIoU), Value: []any{m.Step, 100 * m.MIoU}})
		for i, l := range m.Losses {
			if l.Recipe != first.Losses[i].Recipe || l.Bits != first.Losses[i].Bits {
				return nil, fmt.Errorf("charts: step %d has %s where step %d has %s", m.Step, lossName(l), first.Step, lossName(first.Losses[i]))
			}
			most = max(most, 100*l.MIoU)
			table.Rows = append(table.Rows, []any{m.Step, m.Decay, l.Recipe, l.Bits, m.MIoU, l.MIoU, l.Lo, l.Hi})
			points, _ := series[i].Data.([]plot.Point)
			series[i].Data = append(points, plot.Point{
				Name:  fmt.Sprintf("%s, step %s: %.1f points (%.1f to %.1f)", lossName(l), plot.Count(m.Step), 100*l.MIoU, 100*l.Lo, 100*l.Hi),
				Value: []any{m.Step, 100 * l.MIoU},
			})
		}
	}
	var names, words, dashes []string
	for i, l := range first.Losses {
		recipe := slices.IndexFunc(milestoneRecipes[:], func(r milestoneRecipe) bool { return r.name == l.Recipe })
		if recipe < 0 {
			return nil, fmt.Errorf("charts: milestones by the recipe %q: allowed are %s, %s and %s", l.Recipe, milestoneRecipes[0].name, milestoneRecipes[1].name, milestoneRecipes[2].name)
		}
		r, dash := milestoneRecipes[recipe], milestoneDash(l.Bits)
		if !slices.Contains(names, r.name) {
			names, words = append(names, r.name), append(words, r.name+": "+r.about+".")
		}
		if text := fmt.Sprintf("%s: %d bits", dash, l.Bits); !slices.Contains(dashes, text) {
			dashes = append(dashes, text)
		}
		series[i].Name, series[i].Type, series[i].Color = r.name, "line", r.color
		series[i].Symbol, series[i].SymbolSize = "circle", 4
		series[i].LineStyle = &opts.LineStyle{Color: r.color, Width: 1.8, Type: dash}
	}
	x := plot.Axis{Name: "steps of training", Lo: 0, Hi: float64(last.Step)}
	above := x
	above.Hidden, above.Name = true, ""
	panels := []plot.Panel{
		{
			Title: "(a) mIoU in float, %",
			Left:  left, Top: top, Width: width, Height: high, X: above, Y: plot.Axis{Lo: 0, Hi: 100},
			Series: []echarts.SingleSeries{{
				Name: floatName, Type: "line", Data: score, Color: plot.Faint, Symbol: "circle", SymbolSize: 4,
				LineStyle: &opts.LineStyle{Color: plot.Faint, Width: 1.8},
			}},
		},
		{
			Title: "(b) points of mIoU lost to float",
			Left:  left, Top: top + high + gap, Width: width, Height: low, X: x, Y: plot.Axis{Lo: 0, Hi: 10 * math.Ceil(most/10)},
			Series: series,
		},
	}
	title := fmt.Sprintf("%s loses %.1f points of mIoU after %s steps of training, %.1f after %s",
		lossName(first.Losses[0]), 100*max(0, first.Losses[0].MIoU), plot.Count(first.Step), 100*max(0, last.Losses[0].MIoU), plot.Count(last.Step))
	subtitle := "The built-in model along its training. Lines are " + strings.Join(dashes, ", ") + ".\n" + plot.Wrap(strings.Join(words, " "), 12, plot.FigureWidth-40)
	return charts.NewFigure(title, plot.FigureWidth, top+high+gap+low+54, plot.Compose(title, subtitle, names, panels), table)
}

func lossName(l builtin.Loss) string { return fmt.Sprintf("%s at %d bits", l.Recipe, l.Bits) }

// A milestoneRecipe is a recipe's name in the legend, its explanation, and its colour.
type milestoneRecipe struct{ name, about, color string }

var milestoneRecipes = [...]milestoneRecipe{
	{calib.Vanilla.Name, "MBConvs as they are", plot.Vermillion},
	{calib.MSAUniform.Name, "migrated and shifted, uniform divisors", plot.Green},
	{calib.TrioViTPlus.Name, "the stem too, log2 divisors", plot.Blue},
}

// milestoneDash returns the dashes of the lines of a width.
func milestoneDash(bits int) string {
	switch bits {
	case 8:
		return "solid"
	case 7:
		return "dashed"
	}
	return "dotted"
}
