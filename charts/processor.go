// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"slices"
	"time"

	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/gotriovit/gotriovit/triovit/integer/fast"
)

// classColors has the colour of each of [fast.Classes]: those of the roles that most of a
// class's steps have.
var classColors = []string{plot.Blue, plot.Vermillion, plot.Brown, plot.Mauve, plot.Shade}

// Processor draws where the time of one picture goes on a processor. (a) has a bar for each
// step in the network's order, as wide as its time and as high as the share of the
// processor's peak that its products are: so the bar's area is the products, and the empty
// area above it is time that something else takes. (b) has the time of each class, in the
// colours of (a). The table has a row for each step.
func Processor(p *fast.Profile) (*Figure, error) {
	macs, took := p.Sum()
	if len(p.Steps) == 0 || !(took > 0) || !(p.Peak > 0) {
		return nil, fmt.Errorf("charts: a profile of %d steps, %v and a peak of %v: all must be positive", len(p.Steps), took, p.Peak)
	}
	const left, width, top, height, barsTop, pitch = 70, 790, 116, 240, 456, 24
	milliseconds := func(d time.Duration) float64 { return 1e3 * d.Seconds() }
	times, products := make([]time.Duration, len(fast.Classes)), make([]int64, len(fast.Classes))
	table, skyline := p.Table(), make([][]plot.Point, len(fast.Classes))
	high, at := 0.0, 0.0
	for _, s := range p.Steps {
		share := 100 * p.Share(s.MACs, max(s.Time, 1))
		high = max(high, share)
		end := at + milliseconds(s.Time)
		text := fmt.Sprintf("%s: %s ms, %s MMAC, %s %% of the peak", plot.PlainRoles(s.Op.Name), plot.Number(plot.Rounded(milliseconds(s.Time), 3)), plot.Number(plot.Rounded(float64(s.MACs)/1e6, 3)), plot.Number(plot.Rounded(share, 3)))
		c := slices.Index(fast.Classes, s.Class())
		times[c], products[c] = times[c]+s.Time, products[c]+s.MACs
		skyline[c] = append(skyline[c], plot.Point{Name: text, Value: []any{at, 0}}, plot.Point{Name: text, Value: []any{at, share}}, plot.Point{Name: text, Value: []any{end, share}}, plot.Point{Name: text, Value: []any{end, 0}})
		at = end
	}
	var series []echarts.SingleSeries
	var bars []opts.BarData
	var texts []plot.Point
	most := 0
	for c, class := range fast.Classes {
		if times[c] > times[most] {
			most = c
		}
		series = append(series, echarts.SingleSeries{Name: class, Type: "line", Data: skyline[c], ShowSymbol: opts.Bool(false), Color: classColors[c],
			LineStyle: &opts.LineStyle{Width: 0.5, Color: classColors[c]}, AreaStyle: &opts.AreaStyle{Color: classColors[c], Opacity: opts.Float(0.85)}})
		text := fmt.Sprintf("%s ms · %s", plot.Number(plot.Rounded(milliseconds(times[c]), 3)), plot.Percent(float64(times[c])/float64(took)))
		if products[c] > 0 {
			text += fmt.Sprintf(" · products at %s of the peak", plot.Percent(p.Share(products[c], times[c])))
		}
		bars = append(bars, opts.BarData{Name: class + ": " + text, Value: milliseconds(times[c]), ItemStyle: &opts.ItemStyle{Color: classColors[c]}})
		texts = append(texts, plot.Point{Name: text, Value: []any{milliseconds(times[c]), c}})
	}
	room := plot.LabelRoom(fast.Classes)
	panels := []plot.Panel{
		{Title: "(a) each step: as wide as its time, as high as its share of the peak", Left: left, Top: top, Width: width, Height: height,
			X: plot.ShortAxis("ms of the steps, in the network's order", 0, at), Y: plot.Axis{Name: "% of the peak", Lo: 0, Hi: max(100, 1.05*high)}, Series: series},
		{Title: "(b) time of each class", Left: room, Top: barsTop, Width: int(plot.CaptionedWidth(plot.FigureWidth-room, texts)), Height: pitch * len(fast.Classes),
			X: plot.Axis{Name: "ms"}, Y: plot.Axis{Labels: fast.Classes}, Series: []echarts.SingleSeries{{Name: "time", Type: "bar", BarWidth: "66%", Data: bars}, plot.Captions(texts)}},
	}
	name := fast.Classes[most]
	if most < 3 {
		name += " and what follows them"
	}
	title := fmt.Sprintf("%s take %s of %s ms; all products are %s of the peak", name,
		plot.Percent(float64(times[most])/float64(took)), plot.Number(plot.Rounded(milliseconds(took), 3)), plot.Percent(p.Share(macs, took)))
	subtitle := fmt.Sprintf("%s on the kernels %s, cores: %d; the peak is %s GMAC/s, measured on operands in the first-level caches", plot.ShortName(p.Network), p.Kernels, p.Cores, plot.Number(plot.Rounded(p.Peak/1e9, 3)))
	return NewFigure(title, plot.FigureWidth, barsTop+pitch*len(fast.Classes)+60, plot.Compose(title, subtitle, nil, panels), table)
}
