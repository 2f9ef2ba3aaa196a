// SPDX-License-Identifier: Apache-2.0

// Package energy prices the events that a run of the accelerator counts by a table
// of what one event costs: a published one, one with derived entries, or one of
// your own.
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

// A Table is what one event costs, as published for one process. A run counts
// events and knows no table.
type Table struct {
	// Name says which process, Source where it is published.
	Name, Source string
	// Multiply8 and Add32 are one operation of integers of so many bits, in pJ.
	Multiply8, Add32 float64
	// SRAM is what a byte of a memory of at most so many KiB costs, the
	// smallest first, in pJ. Larger memories are unknown.
	SRAM []SRAM
	// DRAM is what a byte of off-chip memory costs, in pJ.
	DRAM float64
	// Auxiliary is what a multiplication in an auxiliary unit costs for every 64
	// products of two bits in it, as many as an 8-bit one has, in pJ.
	Auxiliary float64
	// Units is what one element costs in an auxiliary unit without its
	// multiplications, in pJ. Units that are not in it are unknown.
	Units map[workload.Unit]float64
	// Sources says where an entry comes from that Source alone does not explain,
	// by its event in YAML (see [Read]). Of a buffer's byte it is in SRAM.
	Sources map[string]string
}

// The names of entries that are no unit's.
const (
	multiplication = "8-bit multiplication"
	auxiliary      = "8 by 8 bits multiplied in auxiliary units"
	accumulation   = "32-bit accumulation"
	bufferByte     = "buffer byte"
	offChipByte    = "off-chip byte"
)

// SRAM is what a byte of a memory costs, an entry of a [Table].
type SRAM struct {
	KiB  int
	Byte float64 // pJ
	// Source is as those of the table's Sources.
	Source string
}

// part prices one kind of event.
func (t *Table) part(event string, count int64, each float64) Part {
	return Part{Event: event, Count: count, Each: each, Source: t.Sources[event]}
}

// buffer prices the bytes of a memory, unknown if no entry holds it.
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

// Counts is the events of a run that energy is spent on, of all its pictures.
type Counts struct {
	// Workload names what was run, Batch is the number of pictures.
	Workload string
	Batch    int
	// MACs are the multiply-accumulates of the engines, PaperMACs the run's as the
	// authors count them.
	MACs, PaperMACs int64
	// Buffers are the memories on the chip, OffChip the bytes to and from off-chip
	// memory.
	Buffers []Buffer
	OffChip int64
	// Elements is what each auxiliary unit has done, BitProducts the products of two
	// bits in the multiplications of all of them.
	Elements    map[workload.Unit]int64
	BitProducts int64
}

// A Buffer is the bytes that a memory of KiB takes in and gives.
type Buffer struct {
	Name  string
	Bytes int64
	KiB   int
}

// A Breakdown is counted events with what they cost by one table.
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
	// Source is that of the entry, empty where it is the table's.
	Source string
}

// Joules returns the energy of all events of the part; NaN where it is unknown,
// but 0 where nothing happened.
func (p *Part) Joules() float64 {
	if p.Count == 0 {
		return 0
	}
	return float64(p.Count) * p.Each / 1e12
}

// NotPriced says what no table of events has, and no energy of a run.
const NotPriced = "without leakage, clock, control and the host"

// bitsOf8 is the products of two bits in an 8-bit multiplication.
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

// Joules returns the energy of the run, NaN where that of any event is unknown.
func (e *Breakdown) Joules() float64 {
	var sum float64
	for i := range e.Parts {
		sum += e.Parts[i].Joules()
	}
	return sum
}

// Known returns the energy of the events that the table knows, and the others.
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

// GOPSPerW returns the operations by the authors' count for the energy of the
// events, in 10⁹ per joule; NaN where that is unknown. It is no device's: see
// [Table.Price].
func (e *Breakdown) GOPSPerW() float64 { return 2 * float64(e.Counts.PaperMACs) / e.Joules() / 1e9 }

// Unpriced counts the events of which the table says nothing.
func (e *Breakdown) Unpriced() int64 {
	var n int64
	for i := range e.Parts {
		if p := &e.Parts[i]; math.IsNaN(p.Joules()) {
			n += p.Count
		}
	}
	return n
}

// Tables is the energy on a page.
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
