// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/compare"
)

// platformsData is the paper's Fig. 10: throughputs of processors, beside those
// of computed designs.
type platformsData struct {
	// Computed are throughputs by a timing model, and Printed are the paper's. They are
	// drawn apart, on axes of equal range.
	Computed, Printed []platformsRow
	// Notes are the limits of a comparison, for the subtitle.
	Notes []string
}

// platformsRow is the throughput of one platform on one network.
type platformsRow struct {
	Platform, Network string
	// GOPS is the throughput, NaN where the source does not state it.
	GOPS float64
	// Mark is the number's standing: V verified, I inferred, M from memory, U
	// unknown, C computed, or several with slashes for a number made of them.
	Mark string
}

// Platforms draws Fig. 10 with designs beside it, by the figure's own count of operations.
// A design of a network that is not in the figure is left out.
func Platforms(designs ...hwsim.Estimate) (*Figure, error) { return platformsOf(designs).Figure() }

func platformsOf(designs []hwsim.Estimate) platformsData {
	t := compare.Platforms(designs...)
	rows := func(from []compare.Row) []platformsRow {
		var list []platformsRow
		for _, r := range from {
			for i, n := range r.Numbers {
				if n.Mark != "" {
					list = append(list, platformsRow{r.Name, t.Columns[i], n.Value, string(n.Mark)})
				}
			}
		}
		return list
	}
	return platformsData{Computed: rows(t.Computed), Printed: rows(t.Printed), Notes: t.Notes}
}

func (d platformsData) check() error {
	if len(d.Printed) == 0 {
		return fmt.Errorf("charts: platforms: no printed rows, need at least one")
	}
	for i, r := range slices.Concat(d.Computed, d.Printed) {
		switch computed := strings.HasPrefix(r.Mark, string(compare.Computed)); {
		case r.Mark == "":
			return fmt.Errorf("charts: platforms: %s of %s has no mark, allowed are V, I, M, U and C", r.Network, r.Platform)
		case computed != (i < len(d.Computed)):
			return fmt.Errorf("charts: platforms: %s of %s has the mark %q: C belongs in Computed, all others in Printed", r.Network, r.Platform, r.Mark)
		case !math.IsNaN(r.GOPS) && (r.GOPS <= 0 || !plot.Finite(r.GOPS)):
			return fmt.Errorf("charts: platforms: %s of %s has %v GOPS, must be positive, or NaN where unknown", r.Network, r.Platform, r.GOPS)
		}
	}
	return nil
}

// finding sets the computed throughputs of the first network beside the printed
// ones.
func (d platformsData) finding() string {
	network := ""
	if i := slices.IndexFunc(d.Computed, func(r platformsRow) bool { return plot.Finite(r.GOPS) }); i >= 0 {
		network = d.Computed[i].Network
	}
	between := func(rows []platformsRow) string {
		lo, hi := math.Inf(1), 0.0
		for _, r := range rows {
			if plot.Finite(r.GOPS) && (network == "" || r.Network == network) {
				lo, hi = min(lo, r.GOPS), max(hi, r.GOPS)
			}
		}
		switch {
		case hi == 0:
			return "no GOPS"
		case lo == hi:
			return plot.Number(lo) + " GOPS"
		}
		return fmt.Sprintf("%s to %s GOPS", plot.Number(lo), plot.Number(hi))
	}
	if network == "" {
		return plot.Capital(between(d.Printed)) + " are printed for processors"
	}
	return fmt.Sprintf("%s: %s are computed, %s printed for processors", network, between(d.Computed), between(d.Printed))
}

// Figure draws one dot per throughput on a logarithmic axis, computed ones
// above, the paper's hollow and below. The table has one row per number.
func (d platformsData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	const (
		top, line, pitch, foot = 108, 16, 24, 92
		right                  = 250
		unit                   = "throughput, GOPS"
	)
	all := slices.Concat(d.Computed, d.Printed)
	var labels []string
	var values []float64
	table := plot.Columns("source", "platform", "network", "GOPS", "mark")
	for i, r := range all {
		labels = append(labels, r.Platform)
		values = append(values, r.GOPS)
		source := "printed"
		if i < len(d.Computed) {
			source = "computed"
		}
		table.Rows = append(table.Rows, []any{source, r.Platform, r.Network, r.GOPS, r.Mark})
	}
	left, x := plot.LabelRoom(labels), plot.Decades(unit, values)
	var panels []plot.Panel
	bottom := top + line*len(d.Notes)
	add := func(title, color string, filled bool, rows []platformsRow) {
		if len(rows) == 0 {
			return
		}
		if len(panels) > 0 {
			bottom += foot
		}
		p := plot.Panel{Title: title, Left: left, Top: bottom, Width: plot.FigureWidth - left - right, Height: pitch * len(rows), X: x}
		var marks, words []plot.Point
		for i, r := range rows {
			p.Y.Labels = append(p.Y.Labels, r.Platform)
			text, at := r.text(), x.Lo
			if plot.Finite(r.GOPS) {
				at = r.GOPS
				marks = append(marks, plot.Point{Name: r.Platform + ", " + text, Value: []any{at, i}})
			}
			words = append(words, plot.Point{Name: "  " + text, Value: []any{at, i}})
		}
		p.Series = []echarts.SingleSeries{plot.Dots(title, color, filled, marks), plot.Captions(words)}
		panels = append(panels, p)
		bottom += p.Height
	}
	add("Computed here", plot.ComputedColor, true, d.Computed)
	add("Printed in Fig. 10 of the paper, not computed here", plot.PrintedColor, false, d.Printed)
	subtitle := "Operations of a network, as Fig. 10 counts them, by its latency. [V] verified, [I] inferred, [U] unknown, [C] computed; [C/I] made of both."
	for _, n := range d.Notes {
		subtitle += "\n" + n
	}
	return NewFigure(d.finding(), plot.FigureWidth, bottom+54, plot.Compose(d.finding(), subtitle, nil, panels), table)
}

// text writes the number as it is printed, or a computed one to four digits,
// with its network and mark.
func (r platformsRow) text() string {
	switch {
	case !plot.Finite(r.GOPS):
		return fmt.Sprintf("%s: unknown [%s]", r.Network, r.Mark)
	case strings.HasPrefix(r.Mark, string(compare.Computed)):
		return fmt.Sprintf("%s: %s [%s]", r.Network, strconv.FormatFloat(plot.Rounded(r.GOPS, 4), 'f', -1, 64), r.Mark)
	}
	return fmt.Sprintf("%s: %s [%s]", r.Network, strconv.FormatFloat(r.GOPS, 'f', -1, 64), r.Mark)
}
