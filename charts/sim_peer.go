// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"fmt"
	"math"

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
			if !(v > 0) || !finite(v) {
				return fmt.Errorf("charts: peer of %s: role %q has %v cycles, must be positive", d.Workload, r.Name, v)
			}
		}
	}
	for _, c := range d.Depthwise {
		if !(c.Cycles > 0) || !(d.RMAC > 0) || !finite(c.Cycles) || !finite(d.RMAC) {
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
			count(int(math.Round(d.RMAC))), d.Array, times(lo), times(hi))
	}
	var ours, side, one float64
	for _, r := range d.Roles {
		ours, side, one = ours+r.Accelerator, side+r.SideBySide, one+r.OneGroup
	}
	return fmt.Sprintf("Without depthwise convolutions a %s takes %s to %s the cycles", d.Array, times(side/ours), times(one/ours))
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
	table := columns("of", "name", "on", "cycles")
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
	left, x := max(labelRoom(names), labelRoom(counts)), decades(unit, values)

	var hover []string
	var from, to []float64
	var a, b, c, words []point
	for i, r := range d.Roles {
		lo, hi := min(r.Accelerator, r.SideBySide, r.OneGroup), max(r.Accelerator, r.SideBySide, r.OneGroup)
		from, to = append(from, lo), append(to, hi)
		text := times(r.SideBySide / r.Accelerator)
		if more := times(r.OneGroup / r.Accelerator); more != text {
			text += " to " + more
		}
		name := fmt.Sprintf("%s: %s; side by side %s, one group %s", r.Name, cyclesText(r.Accelerator), cyclesText(r.SideBySide), cyclesText(r.OneGroup))
		hover = append(hover, name)
		a = append(a, point{name, []any{r.Accelerator, i}})
		b = append(b, point{name, []any{r.SideBySide, i}})
		c = append(c, point{name, []any{r.OneGroup, i}})
		words = append(words, point{"  " + text, []any{hi, i}})
	}
	panels := []panel{{
		title: "(a) by role; × says how many times more the array takes",
		left:  left, top: top, width: figureWidth - left - right, height: pitch * len(names),
		x: x, y: axis{labels: names},
		series: []echarts.SingleSeries{spans(hover, from, to), dots(ours, blue, true, a), dots(one, vermillion, false, c), dots(side, vermillion, true, b), captions(words)},
	}}
	bottom := top + panels[0].height
	if len(d.Depthwise) > 0 {
		alone := []point{{counts[0] + ": " + cyclesText(d.RMAC), []any{d.RMAC, 0}}}
		words := []point{{"  " + count(int(math.Round(d.RMAC))), []any{d.RMAC, 0}}}
		title := "(b) the depthwise convolutions alone"
		var array []point
		for i, c := range d.Depthwise {
			if c.Other {
				title = "(b) the depthwise convolutions alone; * all filters read one channel"
			}
			at := []any{c.Cycles, i + 1}
			array = append(array, point{counts[i+1] + ": " + cyclesText(c.Cycles), at})
			words = append(words, point{fmt.Sprintf("  %s %s", count(int(math.Round(c.Cycles))), times(c.Cycles/d.RMAC)), at})
		}
		panels = append(panels, panel{
			title: title,
			left:  left, top: bottom + foot, width: figureWidth - left - right, height: pitch * len(counts),
			x: x, y: axis{labels: counts},
			series: []echarts.SingleSeries{dots(ours, blue, true, alone), dots("array", vermillion, true, array), captions(words)},
		})
		bottom += foot + pitch*len(counts)
	}
	subtitle := fmt.Sprintf("%s, equal clocks, no memory\non %s and on a %s", shortName(d.Workload), d.Accelerator, d.Array)
	return newFigure(d.finding(), figureWidth, bottom+54, compose(d.finding(), subtitle, []string{ours, side, one}, panels), table)
}

func cyclesText(v float64) string { return count(int(math.Round(v))) + " cycles" }
