// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"math"

	"github.com/gotriovit/gotriovit/charts/internal/plot"

	echarts "github.com/go-echarts/go-echarts/v2/charts"
	"github.com/gotriovit/gotriovit/hwsim/peer"
)

// peerData is one network on a plain weight-stationary array and on a Trio-ViT
// accelerator, in cycles.
type peerData struct {
	Workload, Array, Accelerator string
	Roles                        []peerRole
	// RMAC is the cycles of R-MAC alone for all depthwise convolutions, NaN
	// where there are none, and Depthwise those of the array by each counting.
	RMAC      float64
	Depthwise []peerCount
}

// peerRole are the cycles of one role of operations on both designs.
type peerRole struct {
	Name string
	// Accelerator is its cycles; SideBySide and OneGroup are the array's, with
	// as many groups at a time as fit, and with one.
	Accelerator, SideBySide, OneGroup float64
}

// peerCount are the array's cycles for the depthwise convolutions by one way to count.
type peerCount struct {
	Counting string
	Cycles   float64
	// Other says that the count is of another layer than the network's.
	Other bool
}

// Peer draws the gain of R-MAC: the cycles of a plain array beside those of MAT and R-MAC.
func Peer(c *peer.Comparison) (*Figure, error) {
	one, side := c.Timing(peer.OneGroup), c.Timing(peer.SideBySide)
	config := c.Accelerator.Config
	d := peerData{
		Workload: c.Accelerator.Workload, Accelerator: config.Name, RMAC: math.NaN(),
		Array: fmt.Sprintf("%d×%d array", one.Array.Rows, one.Array.Cols),
	}
	role := make(map[string]int)
	for _, p := range c.Accelerator.ByRole() {
		role[p.Label] = len(d.Roles)
		d.Roles = append(d.Roles, peerRole{Name: p.Label, Accelerator: float64(p.Cycles) / float64(config.Copies)})
	}
	of := make(map[string]int) // index of the role under which an operation is charged, by the operation's name
	for _, o := range c.Accelerator.Ops {
		of[o.Name] = role[o.Label]
		if o.Streamed != "" {
			of[o.Streamed] = role[o.Label]
		}
	}
	for i, l := range one.Layers {
		r := &d.Roles[of[l.Name]]
		r.OneGroup += float64(l.Cycles)
		r.SideBySide += float64(side.Layers[i].Cycles)
	}
	if c.Depthwise > 0 {
		d.RMAC = c.Depthwise
		add := func(name string, r *peer.Timing) {
			d.Depthwise = append(d.Depthwise, peerCount{name, float64(r.DepthwiseCycles()), r.Counting == peer.SCALESim})
		}
		for _, r := range c.Timings {
			add(string(r.Counting), r)
			if r.Counting != peer.SCALESim {
				add(string(r.Counting)+", folds overlapped", r.Overlapped())
			}
		}
	}
	return d.Figure()
}

func (d peerData) check() error {
	if len(d.Roles) == 0 {
		return fmt.Errorf("charts: peer of %s: no roles", d.Workload)
	}
	for _, r := range d.Roles {
		for _, v := range []float64{r.Accelerator, r.SideBySide, r.OneGroup} {
			if !(v > 0) || !plot.Finite(v) {
				return fmt.Errorf("charts: peer of %s: role %q has %v cycles, must be positive", d.Workload, r.Name, v)
			}
		}
	}
	for _, c := range d.Depthwise {
		if !(c.Cycles > 0) || !(d.RMAC > 0) || !plot.Finite(c.Cycles) || !plot.Finite(d.RMAC) {
			return fmt.Errorf("charts: peer of %s: depthwise %q has %v cycles and R-MAC %v, both must be positive", d.Workload, c.Counting, c.Cycles, d.RMAC)
		}
	}
	return nil
}

// finding compares the depthwise convolutions, or all where there are none.
func (d peerData) finding() string {
	lo, hi := math.Inf(1), 0.0
	for _, c := range d.Depthwise {
		if !c.Other {
			lo, hi = min(lo, c.Cycles/d.RMAC), max(hi, c.Cycles/d.RMAC)
		}
	}
	if hi > 0 {
		return fmt.Sprintf("R-MAC runs the depthwise convolutions in %s cycles; a %s takes %s to %s",
			plot.Count(int(math.Round(d.RMAC))), d.Array, plot.Times(lo), plot.Times(hi))
	}
	var ours, side, one float64
	for _, r := range d.Roles {
		ours, side, one = ours+r.Accelerator, side+r.SideBySide, one+r.OneGroup
	}
	return fmt.Sprintf("Without depthwise convolutions a %s takes %s to %s the cycles", d.Array, plot.Times(side/ours), plot.Times(one/ours))
}

// Figure draws (a) the cycles of each role on both, and (b) those of the
// depthwise convolutions by each counting beside R-MAC's. The axes are
// logarithmic. The table has one row per number.
func (d peerData) Figure() (*Figure, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	const (
		top, pitch, foot = 124, 26, 96
		right            = 130
		ours, side, one  = "MAT + R-MAC", "array, groups side by side", "array, one group at a time"
		unit             = "cycles of one picture"
	)
	table := plot.Columns("of", "name", "on", "cycles")
	var names, counts []string
	var values []float64
	for _, r := range d.Roles {
		names = append(names, r.Name)
		values = append(values, r.Accelerator, r.SideBySide, r.OneGroup)
		for i, on := range []string{ours, side, one} {
			table.Rows = append(table.Rows, []any{"role", r.Name, on, values[len(values)-3+i]})
		}
	}
	if len(d.Depthwise) > 0 {
		counts = []string{"R-MAC alone"}
		table.Rows = append(table.Rows, []any{"depthwise", counts[0], ours, d.RMAC})
	}
	for _, c := range d.Depthwise {
		name := "array, " + c.Counting
		if c.Other {
			name += " *"
		}
		counts = append(counts, name)
		values = append(values, c.Cycles)
		table.Rows = append(table.Rows, []any{"depthwise", name, "array", c.Cycles})
	}
	left, x := max(plot.LabelRoom(names), plot.LabelRoom(counts)), plot.Decades(unit, values)

	var hover []string
	var from, to []float64
	var a, b, c, words []plot.Point
	for i, r := range d.Roles {
		lo, hi := min(r.Accelerator, r.SideBySide, r.OneGroup), max(r.Accelerator, r.SideBySide, r.OneGroup)
		from, to = append(from, lo), append(to, hi)
		text := plot.Times(r.SideBySide / r.Accelerator)
		if more := plot.Times(r.OneGroup / r.Accelerator); more != text {
			text += " to " + more
		}
		name := fmt.Sprintf("%s: %s; side by side %s, one group %s", r.Name, cyclesText(r.Accelerator), cyclesText(r.SideBySide), cyclesText(r.OneGroup))
		hover = append(hover, name)
		a = append(a, plot.Point{Name: name, Value: []any{r.Accelerator, i}})
		b = append(b, plot.Point{Name: name, Value: []any{r.SideBySide, i}})
		c = append(c, plot.Point{Name: name, Value: []any{r.OneGroup, i}})
		words = append(words, plot.Point{Name: "  " + text, Value: []any{hi, i}})
	}
	panels := []plot.Panel{{
		Title: "(a) by role; × says how many times more the array takes",
		Left:  left, Top: top, Width: plot.FigureWidth - left - right, Height: pitch * len(names),
		X: x, Y: plot.Axis{Labels: names},
		Series: []echarts.SingleSeries{plot.Spans(hover, from, to), plot.Dots(ours, plot.Blue, true, a), plot.Dots(one, plot.Vermillion, false, c), plot.Dots(side, plot.Vermillion, true, b), plot.Captions(words)},
	}}
	bottom := top + panels[0].Height
	if len(d.Depthwise) > 0 {
		alone := []plot.Point{{Name: counts[0] + ": " + cyclesText(d.RMAC), Value: []any{d.RMAC, 0}}}
		words := []plot.Point{{Name: "  " + plot.Count(int(math.Round(d.RMAC))), Value: []any{d.RMAC, 0}}}
		title := "(b) the depthwise convolutions alone"
		var array []plot.Point
		for i, c := range d.Depthwise {
			if c.Other {
				title = "(b) the depthwise convolutions alone; * all filters read one channel"
			}
			at := []any{c.Cycles, i + 1}
			array = append(array, plot.Point{Name: counts[i+1] + ": " + cyclesText(c.Cycles), Value: at})
			words = append(words, plot.Point{Name: fmt.Sprintf("  %s %s", plot.Count(int(math.Round(c.Cycles))), plot.Times(c.Cycles/d.RMAC)), Value: at})
		}
		panels = append(panels, plot.Panel{
			Title: title,
			Left:  left, Top: bottom + foot, Width: plot.FigureWidth - left - right, Height: pitch * len(counts),
			X: x, Y: plot.Axis{Labels: counts},
			Series: []echarts.SingleSeries{plot.Dots(ours, plot.Blue, true, alone), plot.Dots("array", plot.Vermillion, true, array), plot.Captions(words)},
		})
		bottom += foot + pitch*len(counts)
	}
	subtitle := fmt.Sprintf("%s, equal clocks, no memory\non %s and on a %s", plot.ShortName(d.Workload), d.Accelerator, d.Array)
	return NewFigure(d.finding(), plot.FigureWidth, bottom+54, plot.Compose(d.finding(), subtitle, []string{ours, side, one}, panels), table)
}

func cyclesText(v float64) string { return plot.Count(int(math.Round(v))) + " cycles" }
