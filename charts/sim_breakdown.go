// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"math"
	"strings"

	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)

// A breakdown is a total of cycles that is divided twice: into parts, and into
// blocks that hold some of each part.
type breakdown struct {
	title, subtitle string
	// of is the noun of a part, "role" or "cause". partsTitle and blocksTitle are the
	// titles of the two panels.
	of, partsTitle, blocksTitle string
	parts                       []breakdownPart
	blocks                      []cyclesBlock
	// brief says that the panel of the blocks is left out.
	brief bool
}

// breakdownPart is one part with its cycles, its colour, and a note behind its bar.
type breakdownPart struct {
	name, color, note string
	cycles            float64
}

// check returns an error where the cycles of a part are not the sum over its blocks.
func (b breakdown) check(what string) error {
	if len(b.parts) == 0 || len(b.blocks) == 0 {
		return fmt.Errorf("charts: %s: %d %ss and %d blocks, need at least one of each", what, len(b.parts), b.of, len(b.blocks))
	}
	sums := make([]float64, len(b.parts))
	for _, block := range b.blocks {
		if len(block.Cycles) != len(b.parts) {
			return fmt.Errorf("charts: %s: block %q has %d values, one for each of %d %ss is allowed", what, block.Name, len(block.Cycles), len(b.parts), b.of)
		}
		for i, c := range block.Cycles {
			sums[i] += c
		}
	}
	for i, p := range b.parts {
		if !(p.cycles >= 0) || !plot.Finite(p.cycles) || math.Abs(sums[i]-p.cycles) > 1e-6*p.cycles {
			return fmt.Errorf("charts: %s: %s %q has %v cycles, its blocks %v", what, b.of, p.name, p.cycles, sums[i])
		}
	}
	return nil
}

func (b breakdown) total() float64 {
	sum := 0.0
	for _, p := range b.parts {
		sum += p.cycles
	}
	return sum
}

// figure draws a bar for each part, and one for each block, stacked in the
// colours of the parts. The table has one row per block and part, with the name of the
// block in the network.
func (b breakdown) figure() (*Figure, error) {
	const (
		top, pitch, partPitch, foot = 116, 20, 24, 96
		unit                        = "cycles of one picture"
	)
	total := b.total()
	share := func(cycles float64) string {
		return fmt.Sprintf("%s · %s", plot.Count(int(math.Round(cycles))), plot.Percent(cycles/max(total, 1)))
	}
	var names, blocks []string
	var bars []opts.BarData
	var partTexts, blockTexts []plot.Point
	for i, p := range b.parts {
		names = append(names, p.name)
		text := share(p.cycles) + " · " + p.note
		bars = append(bars, opts.BarData{Name: p.name + ": " + text, Value: p.cycles, ItemStyle: &opts.ItemStyle{Color: p.color}})
		partTexts = append(partTexts, plot.Point{Name: text, Value: []any{p.cycles, i}})
	}
	table := plot.Columns("block", b.of, "cycles")
	stacks := make([][]opts.BarData, len(b.parts))
	for i, block := range b.blocks {
		blocks = append(blocks, plot.BlockLabel(block.Name))
		sum := 0.0
		var holds []string
		for j, c := range block.Cycles {
			sum += c
			if c > 0 {
				holds = append(holds, b.parts[j].name+" "+plot.Count(int(math.Round(c))))
				table.Rows = append(table.Rows, []any{block.Name, b.parts[j].name, c})
			}
		}
		text := fmt.Sprintf("%s: %s cycles (%s)", blocks[i], plot.Count(int(math.Round(sum))), strings.Join(holds, ", "))
		for j, c := range block.Cycles {
			stacks[j] = append(stacks[j], opts.BarData{Name: text, Value: c})
		}
		blockTexts = append(blockTexts, plot.Point{Name: share(sum), Value: []any{sum, i}})
	}
	left := max(plot.LabelRoom(names), plot.LabelRoom(blocks))
	width := int(min(plot.CaptionedWidth(plot.FigureWidth-left, partTexts), plot.CaptionedWidth(plot.FigureWidth-left, blockTexts)))
	byPart := plot.Panel{
		Title: b.partsTitle,
		Left:  left, Top: top, Width: width, Height: partPitch * len(names),
		X: plot.Axis{Name: unit}, Y: plot.Axis{Labels: names},
		Series: []echarts.SingleSeries{{Name: b.of, Type: "bar", BarWidth: "66%", Data: bars}, plot.Captions(partTexts)},
	}
	byBlock := plot.Panel{
		Title: b.blocksTitle,
		Left:  left, Top: top + byPart.Height + foot, Width: width, Height: pitch * len(blocks),
		X: plot.Axis{Name: unit}, Y: plot.Axis{Labels: blocks},
	}
	for i, p := range b.parts {
		byBlock.Series = append(byBlock.Series, echarts.SingleSeries{
			Name: p.name, Type: "bar", Stack: "block", BarWidth: "66%", Data: stacks[i], Color: p.color,
			ItemStyle: &opts.ItemStyle{Color: p.color},
		})
	}
	byBlock.Series = append(byBlock.Series, plot.Captions(blockTexts))
	if b.brief {
		byPart.Title = ""
		return NewFigure(b.title, plot.FigureWidth, top+byPart.Height+54, plot.Compose(b.title, b.subtitle, nil, []plot.Panel{byPart}), table)
	}
	return NewFigure(b.title, plot.FigureWidth, byBlock.Top+byBlock.Height+54,
		plot.Compose(b.title, b.subtitle, nil, []plot.Panel{byPart, byBlock}), table)
}
