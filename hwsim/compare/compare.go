// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/internal/paper"
)

// A Design is a computed row: what a timing model says about one network on one
// configuration.
type Design struct {
	// Name says which configuration and which model; Network is the workload's.
	Name, Network string
	DSPs          int
	// FPS are pictures per second; GOPS are by the authors' operation count;
	// GOPSPerW is NaN where the model has no power.
	FPS, GOPS, GOPSPerW float64
	// Host counts the operations that only a host can do, and which take no
	// time.
	Host int
}

// ClosedForm returns a result as a design. Its power is unknown.
func ClosedForm(r *hwsim.Result) Design {
	d := Design{
		Name: fmt.Sprintf("%s (%s, %s)", r.Config.Name, r.Model, r.Scope), Network: r.Workload,
		DSPs: r.Config.DSPs(), FPS: r.FPS(), GOPS: r.GOPS(), GOPSPerW: math.NaN(),
	}
	for i := range r.Omitted {
		if r.Omitted[i].Why == hwsim.NoUnit {
			d.Host++
		}
	}
	return d
}

// metric returns the design's value.
func (d *Design) metric(m paper.Metric) Number {
	switch m {
	case paper.FPS:
		return computed(d.FPS)
	case paper.GOPS:
		return computed(d.GOPS)
	case paper.GOPSPerW:
		return computed(d.GOPSPerW)
	default: // GOPS/DSP
		return computed(d.GOPS / float64(d.DSPs))
	}
}

// notes says which designs leave work to a host.
func notes(designs []Design) []string {
	var list []string
	for _, d := range designs {
		if d.Host > 0 {
			list = append(list, fmt.Sprintf("%s: operations that only a host can do take no time, %d of them", d.Network, d.Host))
		}
	}
	return list
}

// Accelerators returns the accelerators that the paper compares itself with,
// and designs beside them.
func Accelerators(designs ...Design) *Table {
	t := &Table{Title: "Accelerators (Table VIII of the paper, whose own cells are not at hand)",
		Columns: []string{"DSPs", "FPS", "GOPS", "GOPS/W", "GOPS/DSP", "FPS/DSP"}, Notes: notes(designs)}
	for _, a := range paper.Accelerators() {
		row := Row{Name: a.Name + " on " + a.Device, Network: a.Network}
		for _, c := range []paper.Cell{a.DSPs, a.FPS, a.GOPS, a.GOPSPerW, a.GOPSPerDSP, a.FPSPerDSP} {
			row.Numbers = append(row.Numbers, printed(c))
		}
		t.Printed = append(t.Printed, row)
	}
	for i := range designs {
		d := &designs[i]
		dsps := computed(float64(d.DSPs))
		t.Computed = append(t.Computed, Row{Name: d.Name, Network: d.Network, Numbers: []Number{
			dsps, d.metric(paper.FPS), d.metric(paper.GOPS), d.metric(paper.GOPSPerW), d.metric(paper.GOPSPerDSP),
			d.metric(paper.FPS).over(dsps)}})
	}
	return t
}

// Platforms returns the throughputs of Fig. 10 in GOPS, and those of designs by
// the figure's own count: the network's printed operations by the latency. The
// columns are the figure's networks; a design of another network has no column
// and is left out.
func Platforms(designs ...Design) *Table {
	t := &Table{Title: "Throughput in GOPS on processors (Fig. 10 of the paper)", Notes: notes(designs)}
	for _, p := range paper.Platforms() {
		for _, bar := range p.Bars {
			if !slices.Contains(t.Columns, bar.Network) {
				t.Columns = append(t.Columns, bar.Network)
			}
		}
	}
	row := func(name string) Row {
		return Row{Name: name, Numbers: slices.Repeat([]Number{none}, len(t.Columns))}
	}
	for _, p := range paper.Platforms() {
		r := row(p.Name)
		for _, bar := range p.Bars {
			r.Numbers[column(t.Columns, bar.Network)] = printed(bar.GOPS)
		}
		t.Printed = append(t.Printed, r)
	}
	for _, d := range designs {
		if i := column(t.Columns, d.Network); i >= 0 {
			gop := paper.NetworkGOP(d.Network)
			r := row(d.Name)
			r.Numbers[i] = Number{d.FPS * gop.Value, Computed + "/" + gop.Mark}
			t.Computed = append(t.Computed, r)
		}
	}
	t.Notes = append(t.Notes, fmt.Sprintf("Fig. 10 prints also %v GOPS, whose bars are not known", paper.Unplaced()))
	return t
}

// column returns the index of a network, compared without case, or -1.
func column(columns []string, network string) int {
	return slices.IndexFunc(columns, func(c string) bool { return strings.EqualFold(c, network) })
}

// Speedups returns how many times more pictures per second each design makes
// than the platforms of Fig. 10 that run the same network.
func Speedups(designs ...Design) *Table {
	t := &Table{Title: "Pictures per second, beside processors with the same network (Fig. 10)",
		Columns: []string{"FPS", "FPS of the platform", "speed-up"}, Notes: notes(designs)}
	for i := range designs {
		d := &designs[i]
		for _, p := range paper.Platforms() {
			for _, bar := range p.Bars {
				if strings.EqualFold(bar.Network, d.Network) {
					ours, theirs := d.metric(paper.FPS), printed(bar.GOPS).over(printed(paper.NetworkGOP(bar.Network)))
					t.Computed = append(t.Computed, Row{Name: d.Name + " over " + p.Name, Network: d.Network,
						Numbers: []Number{ours, theirs, ours.over(theirs)}})
				}
			}
		}
	}
	return t
}
