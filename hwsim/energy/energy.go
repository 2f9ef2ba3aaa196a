// SPDX-License-Identifier: Apache-2.0

// Package energy prices the events that a run of the accelerator counts, by a table of the
// energy of one event: a published table, one with derived entries, or the caller's own.
//
//	fmt.Println(energy.Derived45nm().Price(run.Counts()))
package energy

import (
	"fmt"
	"math"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim/internal/page"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/internal/paper"
	"github.com/gotriovit/gotriovit/table"
)

// A Table holds the energies of single events, as published for one process. A run counts
// events independently of any table.
type Table struct {
	// Name names the process, Source the publication.
	Name, Source string
	// Multiply8 and Add32 are the energies of one integer operation of 8 and of 32 bits,
	// in pJ.
	Multiply8, Add32 float64
	// SRAM are the energies of a byte, in pJ, of memories of at most so many KiB, the
	// smallest first. The energy of a larger memory is unknown.
	SRAM []SRAM
	// DRAM is the energy of a byte of off-chip memory, in pJ.
	DRAM float64
	// Auxiliary is the energy, in pJ, of 64 one-bit products in a multiplication of an
	// auxiliary unit. An 8-bit multiplication has 64 of them.
	Auxiliary float64
	// Units are the energies of one element in an auxiliary unit, without its
	// multiplications, in pJ. The energy of a unit that is not in it is unknown.
	Units map[workload.Unit]float64
	// Sources are the origins of entries that do not come from Source alone, by the
	// event's name in YAML (see [Read]). The origin of a buffer's byte is in SRAM.
	Sources map[string]string
}

// The names of entries other than units.
const (
	multiplication = "8-bit multiplication"
	auxiliary      = "8 by 8 bits multiplied in auxiliary units"
	accumulation   = "32-bit accumulation"
	bufferByte     = "buffer byte"
	offChipByte    = "off-chip byte"
)

// SRAM is the energy of a byte of a memory, an entry of a [Table].
type SRAM struct {
	KiB  int
	Byte float64 // energy of a byte in pJ
	// Source is the origin of the entry, as in the table's Sources.
	Source string
}

// part prices one kind of event.
func (t *Table) part(event string, count int64, each float64) Part {
	return Part{Event: event, Count: count, Each: each, Source: t.Sources[event]}
}

// buffer prices the bytes of a memory. The price is unknown if no entry is large enough.
func (t *Table) buffer(b Buffer) Part {
	p := Part{Event: b.Name + " " + bufferByte, Count: b.Bytes, Each: math.NaN()}
	for _, s := range t.SRAM {
		if b.KiB <= s.KiB {
			p.Each, p.Source = s.Byte, s.Source
			break
		}
	}
	return p
}

// Counts are the events of a run that take energy, for all its pictures.
type Counts struct {
	// Workload names the workload. Batch is the number of pictures.
	Workload string
	Batch    int
	// MACs are the multiply-accumulates of the engines, PaperMACs the run's as the
	// authors count them.
	MACs, PaperMACs int64
	// Buffers are the memories on the chip, OffChip the bytes to and from off-chip
	// memory.
	Buffers []Buffer
	OffChip int64
	// Elements counts the elements that each auxiliary unit processes. BitProducts counts
	// the one-bit products in the multiplications of all units.
	Elements    map[workload.Unit]int64
	BitProducts int64
}

// A Buffer counts the bytes that a memory of KiB stores and delivers.
type Buffer struct {
	Name  string
	Bytes int64
	KiB   int
}

// A Breakdown is the energy of counted events by one table.
type Breakdown struct {
	Table  *Table
	Counts Counts
	Parts  []Part
}

// A Part is one kind of event.
type Part struct {
	Event string
	Count int64
	// Each is the energy of one event in pJ, NaN where the table has none.
	Each float64
	// Source is the origin of the entry, empty where it is the table's Source.
	Source string
}

// Joules returns the energy of all events of the part. It is 0 without events, and NaN
// where the price is unknown.
func (p *Part) Joules() float64 {
	if p.Count == 0 {
		return 0
	}
	return float64(p.Count) * p.Each / 1e12
}

// NotPriced names the energies that no table of events contains.
const NotPriced = "without leakage, clock, control and the host"

// bitsOf8 is the number of one-bit products in an 8-bit multiplication.
const bitsOf8 = 64

// Price prices the events of a run, [NotPriced].
func (t *Table) Price(c Counts) *Breakdown {
	e := &Breakdown{Table: t, Counts: c, Parts: []Part{
		t.part(multiplication, c.MACs, t.Multiply8),
		t.part(accumulation, c.MACs, t.Add32),
	}}
	for _, b := range c.Buffers {
		e.Parts = append(e.Parts, t.buffer(b))
	}
	e.Parts = append(e.Parts, t.part(offChipByte, c.OffChip, t.DRAM))
	e.Parts = append(e.Parts, t.part(auxiliary, c.BitProducts/bitsOf8, t.Auxiliary))
	for _, u := range workload.Units() {
		if count := c.Elements[u]; count > 0 {
			each, ok := t.Units[u]
			if !ok {
				each = math.NaN()
			}
			e.Parts = append(e.Parts, t.part(u.String(), count, each))
		}
	}
	return e
}

// Joules returns the energy of the run, NaN where the energy of any event is unknown.
func (e *Breakdown) Joules() float64 {
	var sum float64
	for i := range e.Parts {
		sum += e.Parts[i].Joules()
	}
	return sum
}

// Known returns the energy of the events with a price, and the names of the others.
func (e *Breakdown) Known() (joules float64, unknown []string) {
	for i := range e.Parts {
		if p := &e.Parts[i]; math.IsNaN(p.Joules()) {
			unknown = append(unknown, p.Event)
		} else {
			joules += p.Joules()
		}
	}
	return joules, unknown
}

// GOPSPerW returns the operations by the authors' count per energy of the events, in 10⁹
// per joule, NaN where the energy is unknown. It is not a device's GOPS/W: see
// [Table.Price].
func (e *Breakdown) GOPSPerW() float64 { return 2 * float64(e.Counts.PaperMACs) / e.Joules() / 1e9 }

// Unpriced counts the events without a price in the table.
func (e *Breakdown) Unpriced() int64 {
	var n int64
	for i := range e.Parts {
		if p := &e.Parts[i]; math.IsNaN(p.Joules()) {
			n += p.Count
		}
	}
	return n
}

// Tables returns the energy on a page.
func (e *Breakdown) Tables() table.Page {
	var s table.Writer
	fmt.Fprintf(&s, "energy of %s through %s by %s\n(%s)\n", page.Pictures(e.Counts.Batch), e.Counts.Workload, e.Table.Name, e.Table.Source)
	millijoules := func(j float64) string {
		if math.IsNaN(j) {
			return "unknown"
		}
		return fmt.Sprintf("%.4f", 1e3*j)
	}
	s.Table("event\tmillions\tpJ each\tmJ\t", func(row func(string, ...any)) {
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
	return s.Page()
}

// String is the text of [Breakdown.Tables], which ends with a line break.
func (e *Breakdown) String() string { return e.Tables().String() }
