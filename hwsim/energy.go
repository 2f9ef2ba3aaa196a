// SPDX-License-Identifier: Apache-2.0

package hwsim

import (
	"fmt"
	"math"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/internal/paper"
)

// An EnergyTable is what one event costs, as published for one process. A run
// counts events and knows no table.
type EnergyTable struct {
	// Name says which process, Source where it is published.
	Name, Source string
	// Multiply8 and Add32 are one operation of integers of so many bits, in pJ.
	Multiply8, Add32 float64
	// SRAM is what a byte of a memory of at most so many KiB costs, the
	// smallest first, in pJ. Larger memories are unknown.
	SRAM []SRAMEnergy
	// DRAM is what a byte of off-chip memory costs, in pJ.
	DRAM float64
	// Units is what one element costs in an auxiliary unit, in pJ. Units that
	// are not in it are unknown.
	Units map[workload.Unit]float64
	// Sources says where an entry comes from that Source alone does not explain,
	// by its event in YAML (see [ReadEnergyTable]). Of a buffer's byte it is in SRAM.
	Sources map[string]string
}

// The names of entries that are no unit's.
const (
	multiplication = "8-bit multiplication"
	accumulation   = "32-bit accumulation"
	bufferByte     = "buffer byte"
	offChipByte    = "off-chip byte"
)

// SRAMEnergy is an entry of an [EnergyTable].
type SRAMEnergy struct {
	KiB  int
	Byte float64 // pJ
	// Source is as those of the table's Sources.
	Source string
}

// part prices one kind of event.
func (t *EnergyTable) part(event string, count int64, each float64) EnergyPart {
	return EnergyPart{Event: event, Count: count, Each: each, Source: t.Sources[event]}
}

// buffer prices the bytes of a named memory, unknown if no entry holds it.
func (t *EnergyTable) buffer(name string, count int64, kib int) EnergyPart {
	p := EnergyPart{Event: name + " " + bufferByte, Count: count, Each: math.NaN()}
	for _, s := range t.SRAM {
		if kib <= s.KiB {
			p.Each, p.Source = s.Byte, s.Source
			break
		}
	}
	return p
}

// Energy is a run's events with what they cost by one table.
type Energy struct {
	Table *EnergyTable
	Parts []EnergyPart
	run   *Run
}

// An EnergyPart is one kind of event.
type EnergyPart struct {
	Event string
	Count int64
	// Each is the energy of one event in pJ, NaN where the table has none.
	Each float64
	// Source is that of the entry, empty where it is the table's.
	Source string
}

// Joules returns the energy of all events of the part; NaN where it is unknown,
// but 0 where nothing happened.
func (p *EnergyPart) Joules() float64 {
	if p.Count == 0 {
		return 0
	}
	return float64(p.Count) * p.Each / 1e12
}

// NotPriced says what no table of events has, and no energy of a run.
const NotPriced = "without leakage, clock, control and the host"

// Energy prices the events of a run, [NotPriced].
func (r *Run) Energy(t *EnergyTable) *Energy {
	b, n := r.Config.Buffers, &r.Traffic
	macs := r.MAT.MACs + r.RMAC.MACs
	e := &Energy{Table: t, run: r, Parts: []EnergyPart{
		t.part(multiplication, macs, t.Multiply8),
		t.part(accumulation, macs, t.Add32),
		t.buffer("input", n.InputLoads+n.InputPort, b.Input.KiB),
		t.buffer("weight", n.WeightLoads+n.WeightPort, b.Weight.KiB),
		t.buffer("output", n.Stores+n.OutputPort, b.Output.KiB),
		t.buffer("divisor", n.DivisorPort, b.Divisor.KiB),
		t.part(offChipByte, n.OffChip(), t.DRAM),
	}}
	for _, u := range workload.Units() {
		if count := r.Elements[u]; count > 0 {
			each, ok := t.Units[u]
			if !ok {
				each = math.NaN()
			}
			e.Parts = append(e.Parts, t.part(u.String(), count, each))
		}
	}
	return e
}

// Joules returns the energy of the run, NaN where that of any event is unknown.
func (e *Energy) Joules() float64 {
	var sum float64
	for i := range e.Parts {
		sum += e.Parts[i].Joules()
	}
	return sum
}

// Known returns the energy of the events that the table knows, and the others.
func (e *Energy) Known() (joules float64, unknown []string) {
	for i := range e.Parts {
		if p := &e.Parts[i]; math.IsNaN(p.Joules()) {
			unknown = append(unknown, p.Event)
		} else {
			joules += p.Joules()
		}
	}
	return joules, unknown
}

// GOPSPerW returns the operations by the authors' count for the energy of the
// events, in 10⁹ per joule; NaN where that is unknown. It is no device's: see
// [Run.Energy].
func (e *Energy) GOPSPerW() float64 { return 2 * float64(e.run.PaperMACs) / e.Joules() / 1e9 }

// Unpriced counts the events of which the table says nothing.
func (e *Energy) Unpriced() int64 {
	var n int64
	for i := range e.Parts {
		if p := &e.Parts[i]; math.IsNaN(p.Joules()) {
			n += p.Count
		}
	}
	return n
}

// String is the energy on a page.
func (e *Energy) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "energy of %s through %s by %s\n(%s)\n", pictures(e.run.Options.Batch), e.run.Workload, e.Table.Name, e.Table.Source)
	millijoules := func(j float64) string {
		if math.IsNaN(j) {
			return "unknown"
		}
		return fmt.Sprintf("%.4f", 1e3*j)
	}
	table(&s, "event\tmillions\tpJ each\tmJ\t", func(row func(string, ...any)) {
		for i := range e.Parts {
			p := &e.Parts[i]
			each := "unknown"
			if !math.IsNaN(p.Each) {
				each = fmt.Sprintf("%.4g", p.Each)
			}
			row("%s\t%.3f\t%s\t%s\t", p.Event, float64(p.Count)/1e6, each, millijoules(p.Joules()))
		}
	})
	known, unknown := e.Known()
	fmt.Fprintf(&s, "total: %s mJ; the known events are %s mJ", millijoules(e.Joules()), millijoules(known))
	if len(unknown) > 0 {
		fmt.Fprintf(&s, ", and of %s, %.3f million events, the table says nothing", strings.Join(unknown, "; "), float64(e.Unpriced())/1e6)
	}
	s.WriteByte('\n')
	for i := range e.Parts {
		if p := &e.Parts[i]; p.Source != "" {
			fmt.Fprintf(&s, "%s: %s\n", p.Event, p.Source)
		}
	}
	perWatt := "unknown"
	if x := e.GOPSPerW(); !math.IsNaN(x) {
		perWatt = fmt.Sprintf("%.1f", x)
	}
	fmt.Fprintf(&s, "events alone, %s: %s GOPS/W by the authors' count\n", NotPriced, perWatt)
	printed := paper.CompanionB1()
	fmt.Fprintf(&s, "not comparable: the %s prints %v GOPS/W [%s] for %s, of the power of an FPGA board\n",
		printed.GOPSPerW.Source, printed.GOPSPerW.Value, printed.GOPSPerW.Mark, printed.Network)
	return s.String()
}
