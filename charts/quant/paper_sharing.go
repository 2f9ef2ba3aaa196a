// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/charts"
	"github.com/gotriovit/gotriovit/charts/internal/plot"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
)

// PaperFig5 draws the paper's Fig. 5 from the grids of a quantized network: the values
// that share a scaling factor in (a) a generic convolution, (b) a depthwise and (c) a
// pointwise one. Equal colours are one factor: an activation has one factor, weights have
// one for each filter. The factors are those of the first MBConv's convolutions; for (a)
// those of the stem's convolution, where the recipe rounds it. The paper's figure has no
// numbers.
func PaperFig5(q *calib.Quantized) (*charts.Figure, error) {
	net, grids := q.Network(), q.Quantizers()
	d := paperSharing{}
	for _, of := range []struct {
		about string
		is    func(op *efficientvit.Op) bool
	}{
		{"generic convolution", func(op *efficientvit.Op) bool { return op.Kernel > 1 && op.Groups == 1 }},
		{"depthwise convolution", func(op *efficientvit.Op) bool { return op.Role == efficientvit.DW }},
		{"pointwise convolution", func(op *efficientvit.Op) bool { return op.Role == efficientvit.PW1 }},
	} {
		i := slices.IndexFunc(net.Ops, func(op efficientvit.Op) bool {
			return op.Kind == efficientvit.Conv && of.is(&op) && len(q.WeightGrids[op.Name]) > 0
		})
		if i < 0 {
			continue // the recipe leaves all convolutions of this kind in float
		}
		op := &net.Ops[i]
		p := sharingPanel{About: of.about, Role: plot.RoleLabel(op.Role), Kernel: op.Kernel, Channels: lastOf(net.Op(op.Inputs[0]).Shape), Depthwise: op.Depthwise()}
		if u, ok := grids[op.Inputs[0]].(grid.Uniform); ok {
			p.Activation = float64(u.Scale)
		}
		for _, g := range q.WeightGrids[op.Name] {
			p.Filters = append(p.Filters, float64(g.Scale))
		}
		d.Panels = append(d.Panels, p)
	}
	return d.Figure()
}

func lastOf(shape []int) int {
	if len(shape) == 0 {
		return 1
	}
	return shape[len(shape)-1]
}

// paperSharing are the drawn convolutions with their scaling factors.
type paperSharing struct{ Panels []sharingPanel }

type sharingPanel struct {
	About, Role      string
	Kernel, Channels int
	Depthwise        bool
	// Activation is the factor of the input, 0 where it is not rounded to a uniform grid.
	Activation float64
	// Filters are the factors of the weights, one for each filter.
	Filters []float64
}

// distinct returns the number of different factors.
func distinct(factors []float64) int {
	sorted := slices.Clone(factors)
	slices.Sort(sorted)
	return len(slices.Compact(sorted))
}

// Figure draws a panel for each convolution. The table has a row per factor.
func (d paperSharing) Figure() (*charts.Figure, error) {
	if len(d.Panels) == 0 {
		return nil, fmt.Errorf("charts: Fig. 5: the recipe rounds the weights of no convolution")
	}
	const (
		top, pitch   = 76, 174
		cell, filter = 13, 4 // side of a cell in pixels, number of filters that are drawn
		shownDepth   = 4     // number of channels that are drawn
	)
	filterColors := []string{plot.Vermillion, plot.Green, plot.Mauve, plot.Yellow}
	table := plot.Columns("convolution", "of", "index", "factor")
	s := &sketch{}
	filters, factors := 0, 0
	for i, p := range d.Panels {
		y := float64(10 + i*pitch)
		s.Note(plot.Place{12, y}, plot.Labelled(fmt.Sprintf("(%c) %s: %s, %d×%d", 'a'+i, p.About, p.Role, p.Kernel, p.Kernel)))
		text := "activation: in float"
		color := plot.Shade
		if p.Activation > 0 {
			text, color = fmt.Sprintf("activation: one factor, %s, for %s", plot.Number(p.Activation), plot.Several(p.Channels, "channel")), plot.Blue
			table.Rows = append(table.Rows, []any{p.Role, "activation", 0, p.Activation})
		}
		s.Note(plot.Place{12, y + 22}, plot.Labelled("", text))
		s.sheets(plot.Place{30, y + 44}, min(shownDepth, p.Channels), 6, cell, color, p.Role+" input")
		s.Note(plot.Place{330, y + 22}, plot.Labelled("", fmt.Sprintf("weights: %s for %s", plot.Several(distinct(p.Filters), "factor"), plot.Several(len(p.Filters), "filter"))))
		shown := min(filter, len(p.Filters))
		for k := range shown {
			x := 350 + float64(k)*135
			depth := min(shownDepth, p.Channels)
			if p.Depthwise {
				depth = 1
			}
			s.sheets(plot.Place{x, y + 44}, depth, p.Kernel, cell, filterColors[k], fmt.Sprintf("filter %d", k))
			s.Note(plot.Place{x - 8, y + 116}, plot.Labelled("", fmt.Sprintf("filter %d: %s", k, plot.Number(p.Filters[k]))))
		}
		for k, f := range p.Filters {
			table.Rows = append(table.Rows, []any{p.Role, "filter", k, f})
		}
		filters += len(p.Filters)
		factors += distinct(p.Filters)
	}
	title := fmt.Sprintf("One factor for an activation, %s for %s", plot.Count(factors), plot.Several(filters, "filter"))
	subtitle := fmt.Sprintf("Equal colours share a scaling factor. The first %d filters and %d channels are drawn.", filter, shownDepth)
	height := pitch*len(d.Panels) + 10
	f, err := charts.NewFigure(title, plot.FigureWidth, top+height, s.Option(title, subtitle, top, plot.FigureWidth, height), table)
	if err != nil {
		return nil, err
	}
	return f.Against("**Fig. 5.** As in the paper, an activation has one factor and each filter its own: %s over %s. The paper's figure has colours, and no numbers.", plot.Several(factors, "factor"), plot.Several(filters, "filter")), nil
}

// sheets draws squares of cells behind one another, the last of them in front.
func (s *sketch) sheets(at plot.Place, sheets, side int, cell float64, color, name string) {
	const shift = 7
	for k := range sheets {
		x, y := at[0]+float64(sheets-1-k)*shift, at[1]+float64(k)*shift
		for r := range side {
			for c := range side {
				s.Fill(name, plot.Place{x + float64(c)*cell, y + float64(r)*cell}, cell-1, cell-1, plot.Ground)
				s.Fill(name, plot.Place{x + float64(c)*cell + 1, y + float64(r)*cell + 1}, cell-2, cell-2, color)
			}
		}
	}
}
