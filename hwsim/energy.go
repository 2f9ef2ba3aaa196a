// SPDX-License-Identifier: Apache-2.0

package hwsim

import (
	"fmt"
	"math"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim/workload"
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
	// by its name in YAML (see [ReadEnergyTable]).
	Sources map[string]string
}

// The names of entries that are no unit's.
const (
	multiplication = "8-bit multiplication"
	accumulation   = "32-bit accumulation"
	bufferByte     = "buffer byte" // with the KiB up to which it holds
	offChipByte    = "off-chip byte"
)

// bufferEntry names the entry of a size of memory.
func bufferEntry(kib int) string { return fmt.Sprintf("%s, %d KiB", bufferByte, kib) }

// SRAMEnergy is an entry of an [EnergyTable].
type SRAMEnergy struct {
	KiB  int
	Byte float64 // pJ
}

// part prices one kind of event by the entry of that name.
func (t *EnergyTable) part(event string, count int64, each float64, entry string) EnergyPart {
	return EnergyPart{Event: event, Count: count, Each: each, Source: t.Sources[entry]}
}

// buffer prices the bytes of a memory, unknown if no entry holds it.
func (t *EnergyTable) buffer(event string, count int64, kib int) EnergyPart {
	for _, s := range t.SRAM {
		if kib <= s.KiB {
			return t.part(event, count, s.Byte, bufferEntry(s.KiB))
		}
	}
	return t.part(event, count, math.NaN(), "")
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

// Energy prices the events of a run. Leakage, clocks and control are in no
// table of events and not in the result.
func (r *Run) Energy(t *EnergyTable) *Energy {
	b, n := r.Config.Buffers, &r.Traffic
	macs := r.MAT.MACs + r.RMAC.MACs
	e := &Energy{Table: t, run: r, Parts: []EnergyPart{
		t.part(multiplication, macs, t.Multiply8, multiplication),
		t.part(accumulation, macs, t.Add32, accumulation),
		t.buffer("input buffer, byte", n.InputLoads+n.InputPort, b.Input.KiB),
		t.buffer("weight buffer, byte", n.WeightLoads+n.WeightPort, b.Weight.KiB),
		t.buffer("output buffer, byte", n.Stores+n.OutputPort, b.Output.KiB),
		t.buffer("divisor buffer, byte", n.DivisorPort, b.Divisor.KiB),
		t.part("off-chip memory, byte", n.OffChip(), t.DRAM, offChipByte),
	}}
	for _, u := range workload.Units() {
		if count := r.Elements[u]; count > 0 {
			each, ok := t.Units[u]
			if !ok {
				each = math.NaN()
			}
			e.Parts = append(e.Parts, t.part(u.String()+", element", count, each, u.String()))
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
	return s.String()
}
