// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/gotriovit/gotriovit/hwsim"
)

// PaperFig10 draws the paper's Fig. 10: the throughput of general platforms on DeiT and
// EfficientViT, as bars on a logarithmic axis from 1 to 10,000 GOPS. The designs stand on
// a separate axis of equal range, by the figure's count of operations.
//
// Each printed number has its mark: the values are the paper's, and their assignment to
// bars is inferred. The paper's own bars are not at hand.
func PaperFig10(designs ...hwsim.Estimate) (*Figure, error) {
	return paperPlatforms{platformsOf(designs)}.Figure()
}

// paperPlatforms are the throughputs of [platformsData], drawn as bars.
type paperPlatforms struct{ platformsData }

type networkStyle struct {
	name, label, color string
	place              int
}

// networkStyles are the labels and colours of Fig. 10's networks. Each has one of three
// places beside a platform, since a platform runs one of the two families of networks.
var networkStyles = []networkStyle{
	{"deit-tiny", "DeiT-Tiny", plot.Sky, 0}, {"deit-small", "DeiT-Small", plot.Mint, 1}, {"deit-base", "DeiT-Base", plot.Mauve, 2},
	{"efficientvit-b1-r224", "EfficientViT-B1", plot.Blue, 0}, {"efficientvit-b2-r224", "EfficientViT-B2", plot.Vermillion, 1},
}

// networkPlace returns the index of a network's style, and -1 for a network that Fig. 10
// does not have.
func networkPlace(name string) int {
	return slices.IndexFunc(networkStyles, func(n networkStyle) bool { return strings.EqualFold(n.name, name) })
}

// Figure draws the printed panel and the computed one. The table is that of [Platforms].
func (d paperPlatforms) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	const (
		top, height = 140, 330
		left, foot  = 74, 74
		barWidth    = 18
	)
	computed := d.byPlatform(d.Computed)
	printed := d.byPlatform(d.Printed)
	width := plot.FigureWidth - left - 24
	share := width
	if len(computed) > 0 {
		share = (width - 60) * len(printed) / (len(printed) + len(computed))
	}
	y := plot.Axis{Name: "throughput, GOPS", Log: true, Lo: 1, Hi: 10000}
	bars := func(title string, at, wide int, rows []platformsRow, names []string) plot.Panel {
		room := float64(wide) / float64(max(1, len(names)))
		p := plot.Panel{Title: title, Left: at, Top: top, Width: wide, Height: height, Y: y}
		for _, n := range names {
			p.X.Labels = append(p.X.Labels, plot.Wrap(hyphened(n, room-4), 11, room-4))
		}
		var places [3][]any
		for k := range places {
			places[k] = slices.Repeat([]any{"-"}, len(names))
		}
		for _, r := range rows {
			k := networkPlace(r.Network)
			if k < 0 || !plot.Finite(r.GOPS) {
				continue
			}
			n := networkStyles[k]
			places[n.place][slices.Index(names, r.Platform)] = map[string]any{"name": r.value(), "value": r.GOPS, "itemStyle": opts.ItemStyle{Color: n.color},
				"label": map[string]any{"show": true, "formatter": "{b}", "position": "insideTop", "rotate": 90, "align": "right", "verticalAlign": "middle", "color": plot.OnColor(n.color), "fontSize": 11}}
		}
		for k, data := range places {
			if slices.ContainsFunc(data, func(v any) bool { return v != "-" }) {
				p.Series = append(p.Series, echarts.SingleSeries{Name: fmt.Sprintf("%s %d", title, k), Type: "bar", BarWidth: fmt.Sprint(barWidth), BarGap: "20%", Data: data})
			}
		}
		return p
	}
	panels := []plot.Panel{bars("(a) printed in the paper, not computed here", left, share, d.Printed, printed)}
	if len(computed) > 0 {
		panels = append(panels, bars("(b) computed here", left+share+60, width-share-60, d.Computed, computed))
	}
	var legend []string
	for _, n := range networkStyles {
		legend = append(legend, n.label)
		panels[0].Series = append(panels[0].Series, echarts.SingleSeries{Name: n.label, Type: "line", Data: []any{}, Color: n.color})
	}
	subtitle := "A network's operations, as the figure counts them, by its latency.\n[I] which bar a printed number is was inferred; [C/I] a computed latency by that count."
	table, err := d.platformsData.Figure()
	if err != nil {
		return nil, err
	}
	f, err := NewFigure(d.finding(), plot.FigureWidth, top+height+foot, lowerLegend(plot.Compose(d.finding(), subtitle, legend, panels), 76), table.Table())
	if err != nil {
		return nil, err
	}
	const network = "efficientvit-b1-r224" // the network of the figure's B1 bars
	most := func(rows []platformsRow) (gops float64) {
		for _, r := range rows {
			if strings.EqualFold(r.Network, network) && plot.Finite(r.GOPS) {
				gops = max(gops, r.GOPS)
			}
		}
		return gops
	}
	return f.Against("**Fig. 10.** The platforms' bars are the paper's own %d numbers, which bar each is being inferred; its accelerator's bars are not at hand. On EfficientViT-B1 up to %s GOPS are computed, beside the %s GOPS [I] of the fastest platform.",
		len(d.byNumber()), plot.Number(most(d.Computed)), plot.Number(most(d.Printed))), nil
}

// lowerLegend puts the legend of an option below a subtitle of two lines.
func lowerLegend(option any, top int) any {
	if tree, ok := option.(map[string]any); ok {
		if l, ok := tree["legend"].(opts.Legend); ok {
			l.Top, l.Right, l.Left = fmt.Sprint(top), "", "68"
			tree["legend"] = l
		}
	}
	return option
}

// byPlatform returns the platforms that have a number, in order.
func (d paperPlatforms) byPlatform(rows []platformsRow) []string {
	var names []string
	for _, r := range rows {
		if plot.Finite(r.GOPS) && !slices.Contains(names, r.Platform) {
			names = append(names, r.Platform)
		}
	}
	return names
}

// value writes the throughput in GOPS with its mark.
func (r platformsRow) value() string {
	return fmt.Sprintf("%s [%s]", plot.Grouped(plot.Rounded(r.GOPS, 4)), r.Mark)
}

// camel matches the place at which a name of two joined words may be divided.
var camel = regexp.MustCompile(`([a-z])([A-Z])`)

// hyphened divides the words of a label that are wider than so many pixels.
func hyphened(text string, width float64) string {
	words := strings.Fields(text)
	for i, w := range words {
		if plot.TextWidth(w, 11, false) > width {
			words[i] = camel.ReplaceAllString(w, "$1- $2")
		}
	}
	return strings.Join(words, " ")
}

// byNumber returns the printed throughputs that the paper states.
func (d paperPlatforms) byNumber() []platformsRow {
	return slices.DeleteFunc(slices.Clone(d.Printed), func(r platformsRow) bool { return !plot.Finite(r.GOPS) })
}
