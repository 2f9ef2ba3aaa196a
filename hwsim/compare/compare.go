// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/internal/paper"
)

// Accelerators returns the accelerators that the paper compares itself with,
// and the results beside them. The results' GOPS are by the authors' operation
// count; their GOPS/W is unknown, for the timing has no energy.
func Accelerators(results ...*hwsim.Result) *Table {
	t := &Table{Title: "Accelerators (Table VIII of the paper, whose own cells are not at hand)",
		Columns: []string{"DSPs", "FPS", "GOPS", "GOPS/W", "GOPS/DSP", "FPS/DSP"}, Notes: notes(results)}
	for _, a := range paper.Accelerators() {
		row := Row{Name: a.Name + " on " + a.Device, Network: a.Network}
		for _, c := range []paper.Cell{a.DSPs, a.FPS, a.GOPS, a.GOPSPerW, a.GOPSPerDSP, a.FPSPerDSP} {
			row.Numbers = append(row.Numbers, printed(c))
		}
		t.Printed = append(t.Printed, row)
	}
	for _, r := range results {
		dsps := computed(float64(r.Config.DSPs()))
		t.Computed = append(t.Computed, Row{Name: name(r), Network: r.Workload, Numbers: []Number{
			dsps, metric(r, paper.FPS), metric(r, paper.GOPS), metric(r, paper.GOPSPerW), metric(r, paper.GOPSPerDSP),
			metric(r, paper.FPS).over(dsps)}})
	}
	return t
}

// name says what made a result.
func name(r *hwsim.Result) string {
	return fmt.Sprintf("%s (%s, %s)", r.Config.Name, r.Model, r.Scope)
}

// metric returns a result's value.
func metric(r *hwsim.Result, m paper.Metric) Number {
	switch m {
	case paper.FPS:
		return computed(r.FPS())
	case paper.GOPS:
		return computed(r.GOPS())
	case paper.GOPSPerDSP:
		return computed(r.GOPS() / float64(r.Config.DSPs()))
	default: // GOPS/W
		return unknown
	}
}

// notes says of which results the accelerator cannot do all.
func notes(results []*hwsim.Result) []string {
	var list []string
	for _, r := range results {
		host := 0
		for i := range r.Omitted {
			if r.Omitted[i].Why == hwsim.NoUnit {
				host++
			}
		}
		if host > 0 {
			list = append(list, fmt.Sprintf("%s: operations that only a host can do take no time, %d of them", r.Workload, host))
		}
	}
	return list
}

// Platforms returns the throughputs of Fig. 10 in GOPS, and those of results by
// the figure's own count: the network's printed operations by the latency. The
// columns are the figure's networks; a result of another network has no column
// and is left out.
func Platforms(results ...*hwsim.Result) *Table {
	t := &Table{Title: "Throughput in GOPS on processors (Fig. 10 of the paper)", Notes: notes(results)}
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
	for _, result := range results {
		if i := column(t.Columns, result.Workload); i >= 0 {
			gop := paper.NetworkGOP(result.Workload)
			r := row(name(result))
			r.Numbers[i] = Number{result.FPS() * gop.Value, Computed + "/" + gop.Mark}
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

// Speedups returns how many times more pictures per second each result makes
// than the platforms of Fig. 10 that run the same network.
func Speedups(results ...*hwsim.Result) *Table {
	t := &Table{Title: "Pictures per second, beside processors with the same network (Fig. 10)",
		Columns: []string{"FPS", "FPS of the platform", "speed-up"}, Notes: notes(results)}
	for _, r := range results {
		for _, p := range paper.Platforms() {
			for _, bar := range p.Bars {
				if strings.EqualFold(bar.Network, r.Workload) {
					ours, theirs := metric(r, paper.FPS), printed(bar.GOPS).over(printed(paper.NetworkGOP(bar.Network)))
					t.Computed = append(t.Computed, Row{Name: name(r) + " over " + p.Name, Network: r.Workload,
						Numbers: []Number{ours, theirs, ours.over(theirs)}})
				}
			}
		}
	}
	return t
}
