// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"slices"
	"time"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"github.com/gotriovit/gotriovit/triovit/integer/fast"
)

// classColors has the colour of each of [fast.Classes]: those of the roles that most of a
// class's steps have.
var classColors = []string{blue, vermillion, brown, mauve, shade}

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
	table, skyline := p.Table(), make([][]point, len(fast.Classes))
	high, at := 0.0, 0.0
	for _, s := range p.Steps {
		share := 100 * p.Share(s.MACs, max(s.Time, 1))
		high = max(high, share)
		end := at + milliseconds(s.Time)
		text := fmt.Sprintf("%s: %s ms, %s MMAC, %s %% of the peak", plainRoles(s.Op.Name), number(rounded(milliseconds(s.Time), 3)), number(rounded(float64(s.MACs)/1e6, 3)), number(rounded(share, 3)))
		c := slices.Index(fast.Classes, s.Class())
		times[c], products[c] = times[c]+s.Time, products[c]+s.MACs
		skyline[c] = append(skyline[c], point{text, []any{at, 0}}, point{text, []any{at, share}}, point{text, []any{end, share}}, point{text, []any{end, 0}})
		at = end
	}
	var series []echarts.SingleSeries
	var bars []opts.BarData
	var texts []point
	most := 0
	for c, class := range fast.Classes {
		if times[c] > times[most] {
			most = c
		}
		series = append(series, echarts.SingleSeries{Name: class, Type: "line", Data: skyline[c], ShowSymbol: opts.Bool(false), Color: classColors[c],
			LineStyle: &opts.LineStyle{Width: 0.5, Color: classColors[c]}, AreaStyle: &opts.AreaStyle{Color: classColors[c], Opacity: opts.Float(0.85)}})
		text := fmt.Sprintf("%s ms · %s", number(rounded(milliseconds(times[c]), 3)), percent(float64(times[c])/float64(took)))
		if products[c] > 0 {
			text += fmt.Sprintf(" · products at %s of the peak", percent(p.Share(products[c], times[c])))
		}
		bars = append(bars, opts.BarData{Name: class + ": " + text, Value: milliseconds(times[c]), ItemStyle: &opts.ItemStyle{Color: classColors[c]}})
		texts = append(texts, point{text, []any{milliseconds(times[c]), c}})
	}
	room := labelRoom(fast.Classes)
	panels := []panel{
		{title: "(a) each step: as wide as its time, as high as its share of the peak", left: left, top: top, width: width, height: height,
			x: shortAxis("ms of the steps, in the network's order", 0, at), y: axis{name: "% of the peak", lo: 0, hi: max(100, 1.05*high)}, series: series},
		{title: "(b) time of each class", left: room, top: barsTop, width: int(captionedWidth(figureWidth-room, texts)), height: pitch * len(fast.Classes),
			x: axis{name: "ms"}, y: axis{labels: fast.Classes}, series: []echarts.SingleSeries{{Name: "time", Type: "bar", BarWidth: "66%", Data: bars}, captions(texts)}},
	}
	name := fast.Classes[most]
	if most < 3 {
		name += " and what follows them"
	}
	title := fmt.Sprintf("%s take %s of %s ms; all products are %s of the peak", name,
		percent(float64(times[most])/float64(took)), number(rounded(milliseconds(took), 3)), percent(p.Share(macs, took)))
	subtitle := fmt.Sprintf("%s on the kernels %s, cores: %d; the peak is %s GMAC/s, measured on operands in the first-level caches", shortName(p.Network), p.Kernels, p.Cores, number(rounded(p.Peak/1e9, 3)))
	return newFigure(title, figureWidth, barsTop+pitch*len(fast.Classes)+60, compose(title, subtitle, nil, panels), table)
}
