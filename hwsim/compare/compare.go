// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/energy"
	"github.com/gotriovit/gotriovit/internal/paper"
)

// rowName names an estimate in a row.
func rowName(e *hwsim.Estimate) string { return fmt.Sprintf("%s (%s)", e.Config.Name, e.Model) }

// metric returns the estimate's value. No timing model has the power of a device.
func metric(d *hwsim.Estimate, m paper.Metric) Number {
	switch m {
	case paper.FPS:
		return computed(d.FPS)
	case paper.GOPS:
		return computed(d.GOPS)
	case paper.GOPSPerDSP:
		return computed(d.GOPS / float64(d.Config.EngineDSPs()))
	default: // the unit is GOPS/W
		return unknown
	}
}

// notes names the designs that leave work to a host.
func notes(designs []hwsim.Estimate) []string {
	var list []string
	for _, d := range designs {
		note := fmt.Sprintf("%s: operations that only a host can do take no time, %d of them", d.Workload, d.Host)
		if d.Host > 0 && !slices.Contains(list, note) {
			list = append(list, note)
		}
	}
	return list
}

// auxiliaryNotes names the DSPs that a design has beside its engines'.
func auxiliaryNotes(designs []hwsim.Estimate) []string {
	var list []string
	for _, c := range configs(designs) {
		list = append(list, fmt.Sprintf("DSPs of %s are the engines', as the papers count them: with its auxiliary units it has %d by an estimate of our own", c.Name, c.DSPs()))
	}
	return list
}

// processorNotes are the notes of designs beside processors, which run whole networks.
func processorNotes(designs []hwsim.Estimate) []string {
	list := notes(designs)
	if slices.ContainsFunc(designs, func(d hwsim.Estimate) bool { return d.Scope != hwsim.Whole }) {
		list = append(list, "processors run the whole network: a design that runs the backbone alone has less to do")
	}
	return list
}

// configs returns the configurations of the designs, each once.
func configs(designs []hwsim.Estimate) []arch.Config {
	var list []arch.Config
	for i := range designs {
		if c := designs[i].Config; !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

// priced names the source of an energy's prices, or the reason why it is not known.
func priced(p *hwsim.Pricing) string {
	switch by := fmt.Sprintf("%s (%s)", p.Table, p.Source); {
	case p.Uncounted != "":
		return p.Uncounted
	case p.Table == "":
		return "no energy table is given"
	case p.Missing != "":
		return by + " has no entry for " + p.Missing
	default:
		return fmt.Sprintf("by %s, %s", by, energy.NotPriced)
	}
}

// energyNotes describes the designs' energies.
func energyNotes(designs []hwsim.Estimate) []string {
	var list []string
	for _, d := range designs {
		if note := fmt.Sprintf("events of %s: %s", d.Model, priced(&d.Pricing)); !slices.Contains(list, note) {
			list = append(list, note)
		}
	}
	return list
}

// Accelerators returns the accelerators with which the paper compares itself, and designs
// beside them. Printed GOPS/W use the power of a device. The energy of a run's events by a
// published table is not comparable with it, and has a column of its own.
func Accelerators(designs ...hwsim.Estimate) *Table {
	t := &Table{Title: "Accelerators (Table VIII of the paper, whose own cells are not at hand)",
		Columns: []string{"DSPs", "FPS", "GOPS", "GOPS/W", "GOPS/DSP", "FPS/DSP", "GOPS/W of events"},
		Notes:   slices.Concat(notes(designs), auxiliaryNotes(designs), energyNotes(designs)), Configs: configs(designs)}
	for _, a := range paper.Accelerators() {
		row := Row{Name: a.Name + " on " + a.Device, Network: a.Network}
		for _, c := range []paper.Cell{a.DSPs, a.FPS, a.GOPS, a.GOPSPerW, a.GOPSPerDSP, a.FPSPerDSP} {
			row.Numbers = append(row.Numbers, printed(c))
		}
		row.Numbers = append(row.Numbers, none)
		t.Printed = append(t.Printed, row)
	}
	for i := range designs {
		d := &designs[i]
		dsps := computed(float64(d.Config.EngineDSPs()))
		t.Computed = append(t.Computed, Row{Name: rowName(d), Network: d.Workload, Numbers: []Number{
			dsps, metric(d, paper.FPS), metric(d, paper.GOPS), metric(d, paper.GOPSPerW), metric(d, paper.GOPSPerDSP),
			metric(d, paper.FPS).over(dsps), computed(d.GOPSPerW)}})
	}
	return t
}

// Platforms returns the throughputs of Fig. 10 in GOPS, and those of designs by the
// figure's own count: the network's printed operations divided by the latency. The columns
// are the figure's networks; a design of another network is left out.
func Platforms(designs ...hwsim.Estimate) *Table {
	t := &Table{Title: "Throughput in GOPS on processors (Fig. 10 of the paper)", Notes: processorNotes(designs), Configs: configs(designs)}
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
		if i := column(t.Columns, d.Workload); i >= 0 {
			gop := paper.NetworkGOP(d.Workload)
			r := row(rowName(&d))
			r.Numbers[i] = Number{d.FPS * gop.Value, Computed + "/" + gop.Mark}
			t.Computed = append(t.Computed, r)
		}
	}
	var unplaced []string
	for _, x := range paper.Unplaced() {
		unplaced = append(unplaced, fmt.Sprint(x))
	}
	t.Notes = append(t.Notes, fmt.Sprintf("Fig. 10 prints also %s GOPS, whose bars are not known", strings.Join(unplaced, " and ")))
	return t
}

// column returns the index of a network, compared without case, or -1.
func column(columns []string, network string) int {
	return slices.IndexFunc(columns, func(c string) bool { return strings.EqualFold(c, network) })
}

// Speedups returns, for each design, the ratio of its pictures per second to those of the
// platforms of Fig. 10 that run the same network.
func Speedups(designs ...hwsim.Estimate) *Table {
	t := &Table{Title: "Pictures per second, beside processors with the same network (Fig. 10)",
		Columns: []string{"FPS", "FPS of the platform", "speed-up"}, Notes: processorNotes(designs), Configs: configs(designs)}
	for i := range designs {
		d := &designs[i]
		for _, p := range paper.Platforms() {
			for _, bar := range p.Bars {
				if strings.EqualFold(bar.Network, d.Workload) {
					ours, theirs := metric(d, paper.FPS), printed(bar.GOPS).over(printed(paper.NetworkGOP(bar.Network)))
					t.Computed = append(t.Computed, Row{Name: rowName(d) + " over " + p.Name, Network: d.Workload,
						Numbers: []Number{ours, theirs, ours.over(theirs)}})
				}
			}
		}
	}
	return t
}
