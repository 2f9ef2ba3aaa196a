// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/energy"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/internal/paper"
)

// A Design is a computed row: what a timing model says about one network on one
// configuration.
type Design struct {
	Config arch.Config
	// Model says which timing model; Network is the workload's, of which Scope ran.
	Model, Network string
	Scope          hwsim.Scope
	// FPS are pictures per second; GOPS are by the authors' operation count.
	FPS, GOPS float64
	// EventGOPSPerW are the operations, by that count, for the energy of the
	// counted events, in 10⁹ per joule. It is NaN where that is not known; Energy
	// says by which table, or why not. It is no device's power.
	EventGOPSPerW float64
	Energy        string
	// Host counts the operations that only a host can do, and which take no
	// time.
	Host int
}

// ClosedForm returns a result as a design. It has no energy.
func ClosedForm(r *closed.Result) Design {
	d := Design{
		Config: r.Config, Model: fmt.Sprintf("%s, %s", r.Model, r.Scope), Network: r.Workload, Scope: r.Scope,
		FPS: r.FPS(), GOPS: r.GOPS(),
		EventGOPSPerW: math.NaN(), Energy: "the closed form counts no memory accesses",
	}
	for i := range r.Omitted {
		if r.Omitted[i].Why == hwsim.NoUnit {
			d.Host++
		}
	}
	return d
}

// EventDriven returns a run as a design. Its events are priced by the table; a
// nil table prices none.
func EventDriven(r *event.Run, t *energy.Table) Design {
	d := Design{
		Config: r.Config, Model: "event-driven, " + r.Options.String(), Network: r.Workload, Scope: r.Options.Scope,
		FPS: r.FPS(), GOPS: r.GOPS(),
		EventGOPSPerW: math.NaN(), Energy: "no energy table is given", Host: len(r.Host),
	}
	if t == nil {
		return d
	}
	e := t.Price(r.Counts())
	d.EventGOPSPerW = e.GOPSPerW()
	if _, missing := e.Known(); len(missing) > 0 {
		d.Energy = fmt.Sprintf("%s (%s) has no entry for %s", t.Name, t.Source, strings.Join(missing, "; "))
	} else {
		d.Energy = fmt.Sprintf("by %s (%s), %s", t.Name, t.Source, energy.NotPriced)
	}
	return d
}

// String names the design in a row.
func (d *Design) String() string { return fmt.Sprintf("%s (%s)", d.Config.Name, d.Model) }

// metric returns the design's value. No timing model has the power of a device.
func (d *Design) metric(m paper.Metric) Number {
	switch m {
	case paper.FPS:
		return computed(d.FPS)
	case paper.GOPS:
		return computed(d.GOPS)
	case paper.GOPSPerDSP:
		return computed(d.GOPS / float64(d.Config.DSPs()))
	default: // GOPS/W
		return unknown
	}
}

// notes says which designs leave work to a host.
func notes(designs []Design) []string {
	var list []string
	for _, d := range designs {
		note := fmt.Sprintf("%s: operations that only a host can do take no time, %d of them", d.Network, d.Host)
		if d.Host > 0 && !slices.Contains(list, note) {
			list = append(list, note)
		}
	}
	return list
}

// processorNotes are the notes of designs beside processors, which run whole networks.
func processorNotes(designs []Design) []string {
	list := notes(designs)
	if slices.ContainsFunc(designs, func(d Design) bool { return d.Scope != hwsim.Whole }) {
		list = append(list, "processors run the whole network: a design that runs the backbone alone has less to do")
	}
	return list
}

// configs returns the configurations of the designs, each once.
func configs(designs []Design) []arch.Config {
	var list []arch.Config
	for i := range designs {
		if c := designs[i].Config; !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

// energyNotes says what the designs' energies are of.
func energyNotes(designs []Design) []string {
	var list []string
	for _, d := range designs {
		if note := fmt.Sprintf("events of %s: %s", d.Model, d.Energy); !slices.Contains(list, note) {
			list = append(list, note)
		}
	}
	return list
}

// Accelerators returns the accelerators that the paper compares itself with,
// and designs beside them. Printed GOPS/W are of the power of a device; what a
// run's events take by a published table is not comparable with it, and has a
// column of its own.
func Accelerators(designs ...Design) *Table {
	t := &Table{Title: "Accelerators (Table VIII of the paper, whose own cells are not at hand)",
		Columns: []string{"DSPs", "FPS", "GOPS", "GOPS/W", "GOPS/DSP", "FPS/DSP", "GOPS/W of events"},
		Notes:   append(notes(designs), energyNotes(designs)...), Configs: configs(designs)}
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
		dsps := computed(float64(d.Config.DSPs()))
		t.Computed = append(t.Computed, Row{Name: d.String(), Network: d.Network, Numbers: []Number{
			dsps, d.metric(paper.FPS), d.metric(paper.GOPS), d.metric(paper.GOPSPerW), d.metric(paper.GOPSPerDSP),
			d.metric(paper.FPS).over(dsps), computed(d.EventGOPSPerW)}})
	}
	return t
}

// Platforms returns the throughputs of Fig. 10 in GOPS, and those of designs by
// the figure's own count: the network's printed operations by the latency. The
// columns are the figure's networks; a design of another network has no column
// and is left out.
func Platforms(designs ...Design) *Table {
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
		if i := column(t.Columns, d.Network); i >= 0 {
			gop := paper.NetworkGOP(d.Network)
			r := row(d.String())
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

// Speedups returns how many times more pictures per second each design makes
// than the platforms of Fig. 10 that run the same network.
func Speedups(designs ...Design) *Table {
	t := &Table{Title: "Pictures per second, beside processors with the same network (Fig. 10)",
		Columns: []string{"FPS", "FPS of the platform", "speed-up"}, Notes: processorNotes(designs), Configs: configs(designs)}
	for i := range designs {
		d := &designs[i]
		for _, p := range paper.Platforms() {
			for _, bar := range p.Bars {
				if strings.EqualFold(bar.Network, d.Network) {
					ours, theirs := d.metric(paper.FPS), printed(bar.GOPS).over(printed(paper.NetworkGOP(bar.Network)))
					t.Computed = append(t.Computed, Row{Name: d.String() + " over " + p.Name, Network: d.Network,
						Numbers: []Number{ours, theirs, ours.over(theirs)}})
				}
			}
		}
	}
	return t
}
