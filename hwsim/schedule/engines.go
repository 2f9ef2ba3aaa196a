// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"cmp"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// Engines is the part of a configuration that decides which outputs a task has, and how
// many multiplier cycles they take.
type Engines struct {
	MAT, RMAC arch.Engine
	// Depthwise is how depthwise convolutions run.
	Depthwise arch.Depthwise
	// Share names the dimension that the copies divide among them.
	Share  arch.Share
	Copies int64
	// Pictures is the number of pictures that run at the same time: more than one only
	// where copies share a batch.
	Pictures int64
	// MultiplierBits is the width of the weights that a multiplier takes in one cycle.
	MultiplierBits int64
	// WeightBits is the width of the weights of operations without their own width.
	// WeightBitsOf has the widths of some operations by their names.
	WeightBits   int
	WeightBitsOf map[string]int
}

// Bits returns the width of an operation's weights.
func (e *Engines) Bits(o *workload.Operation) int64 {
	if b, ok := e.WeightBitsOf[o.Name]; ok {
		return int64(b)
	}
	return int64(cmp.Or(o.WeightBits, e.WeightBits))
}

// WeightBytes returns the bytes of the weights of some output channels.
func (e *Engines) WeightBytes(o *workload.Operation, channels int64) int64 {
	return count.Up(count.Mul(channels, int64(o.Cin), int64(o.Kernel), int64(o.Kernel), e.Bits(o)), 8)
}

// Lanes returns the lanes of both engines of one copy.
func (e *Engines) Lanes() int64 { return int64(e.MAT.Lanes + e.RMAC.Lanes) }

// Abreast returns the number of output channels that all copies compute at the same time.
func (e *Engines) Abreast() int64 {
	if e.Share == arch.Channels {
		return e.Lanes() * e.Copies
	}
	return e.Lanes()
}

// Rounds returns the number of rounds of an operation: in each, the engines begin new
// output channels.
func (e *Engines) Rounds(o *workload.Operation) int64 { return count.Up(int64(o.Cout), e.Abreast()) }

// Channels returns the output channels of the rounds from..to-1.
func (e *Engines) Channels(o *workload.Operation, from, to int64) Range {
	all := int64(o.Cout)
	return Range{min(all, from*e.Abreast()), min(all, to*e.Abreast())}
}

// turns returns the number of multiplier cycles for one pair of factors, of which a
// multiplier takes some bits per cycle. The factors of a product have 8 bits.
func (e *Engines) turns(o *workload.Operation) int64 {
	if o.Form == workload.Product {
		return count.Up(8, e.MultiplierBits)
	}
	return count.Up(e.Bits(o), e.MultiplierBits)
}

// Windowed reports whether the positions of an operation's kernel lie across the MACs of a
// lane.
func (e *Engines) Windowed(o *workload.Operation) bool {
	return o.Form == workload.Depthwise && e.Depthwise == arch.Windowed
}

// Steps returns the multiplier cycles for one output of an operation in a lane of the
// given number of MACs. Kernel positions that follow one another in time are not counted;
// positions across the MACs are.
func (e *Engines) Steps(o *workload.Operation, macs int) int64 {
	inner := o.Cin
	switch {
	case o.Form == workload.Product:
		inner = o.Inner
	case e.Windowed(o):
		inner = o.Kernel * o.Kernel
	}
	return count.Mul(count.Up(int64(inner), int64(macs)), e.turns(o))
}

// Alone returns the cycles for one output where MAT works alone.
func (e *Engines) Alone(o *workload.Operation) int64 { return e.Steps(o, e.MAT.MACs) }

// Together returns the cycles for one output where both engines keep step.
func (e *Engines) Together(o *workload.Operation) int64 {
	return e.Steps(o, min(e.MAT.MACs, e.RMAC.MACs))
}

// Set returns R-MAC's cycles for all channels of one set of pixels. A set has as many
// pixels as R-MAC has lanes.
func (e *Engines) Set(dw *workload.Operation) int64 {
	return count.Mul(count.Up(int64(dw.Cout), int64(e.RMAC.MACs)), int64(dw.Kernel), int64(dw.Kernel), e.turns(dw))
}

// Spread divides units of work among the copies. It returns the units of the busiest copy,
// and the units of all copies.
func (e *Engines) Spread(units int64) (most, all int64) {
	switch e.Share {
	case arch.Pixels:
		return count.Up(units, e.Copies), units
	case arch.Batch:
		return units, count.Mul(units, e.Pictures)
	}
	return units, units
}

// A Part is one copy's part of a tile of a depthwise convolution and of the pointwise
// convolution behind it.
type Part struct {
	// Sets is the number of sets of pixels of a row; R-MAC computes one set at a time.
	// Pixels is the number of pixels of the pointwise convolution.
	Sets, Pixels int64
	// Window is the cycles until R-MAC is free for the pointwise convolution, and
	// Depthwise R-MAC's busy cycles among them.
	Window, Depthwise int64
	// Groups is the number of groups of output channels, one channel per lane. Last is the
	// number of channels in the workload's last group if it is this copy's, else 0.
	Groups, Last int64
	// Ahead counts the groups × pixels that MAT makes before the end of the window, in
	// MATBusy cycles. Rest counts those that both engines make afterwards.
	Ahead, MATBusy, Rest int64
	// Cycles is the time of the whole part.
	Cycles int64
}

// Parts returns the parts of all copies; pw is nil without a stream. By the authors' rule,
// which package closed restates, MAT starts when the first set of pixels has all its
// channels, and never waits from then on. The pixels of the pointwise convolution are
// divided independently of R-MAC's sets: all copies read the one output buffer.
func (e *Engines) Parts(dw, pw *workload.Operation, a Area) []Part {
	sets := count.Mul(a.Rows, count.Up(a.Columns, int64(e.RMAC.Lanes)))
	px := count.Mul(a.Rows, a.Columns)
	cycles := count.Mul(int64(dw.Kernel), int64(dw.Kernel), e.turns(dw)) // cycles for one group of channels
	steps := count.Up(int64(dw.Cout), int64(e.RMAC.MACs))                // number of steps for the channels of one set
	groups := int64(1)
	var alone, both int64
	if pw != nil {
		groups = count.Up(int64(pw.Cout), e.Lanes())
		alone, both = e.Alone(pw), e.Together(pw)
	}
	parts := make([]Part, e.Copies)
	for i := range parts {
		c, p := int64(i), &parts[i]
		mine, longest := steps, steps
		p.Sets, p.Pixels, p.Groups = sets, px, groups
		holdsLast := true
		switch e.Share {
		case arch.Pixels:
			p.Sets = count.Share(sets, c+1, e.Copies) - count.Share(sets, c, e.Copies)
			p.Pixels = count.Share(px, c+1, e.Copies) - count.Share(px, c, e.Copies)
		case arch.Channels: // sets are dealt in turn, and all copies wait for the one with the most depthwise channels
			deal := func(n int64) int64 { return (n - min(n, c) + e.Copies - 1) / e.Copies }
			mine, longest = deal(steps), count.Up(steps, e.Copies)
			p.Groups = deal(groups)
			holdsLast = (groups-1)%e.Copies == c
		case arch.Batch:
			if c >= e.Pictures {
				p.Sets, p.Pixels = 0, 0
			}
		}
		p.Window = count.Mul(p.Sets, longest, cycles)
		p.Depthwise = count.Mul(p.Sets, mine, cycles)
		p.Cycles = p.Window
		if pw == nil || p.Pixels == 0 || p.Groups == 0 {
			continue
		}
		if holdsLast {
			p.Last = int64(pw.Cout) - (groups-1)*e.Lanes()
		}
		setUp := count.Mul(longest, cycles)
		p.Window = max(p.Window, setUp) // a copy without a set waits for another copy's
		lanes := int64(e.MAT.Lanes)
		group := min(e.Lanes(), int64(pw.Cout))
		made := count.Mul((p.Window-setUp)/alone, lanes)
		units := count.Mul(p.Groups, p.Pixels)
		p.Ahead = min(units, made/group)
		p.MATBusy = count.Mul(count.Up(count.Mul(p.Ahead, group), lanes), alone)
		p.Rest = units - p.Ahead
		p.Cycles = count.Add(p.Window, count.Mul(p.Rest, both))
	}
	return parts
}

// begun returns the rounds of output channels that the fastest and the slowest copy have
// begun when R-MAC joins.
func begun(parts []Part, rounds int64) (most, fewest int64) {
	fewest = rounds
	for i := range parts {
		if p := &parts[i]; p.Pixels > 0 && p.Groups > 0 {
			at := min(p.Ahead/p.Pixels, p.Groups-1)
			most, fewest = max(most, at), min(fewest, at)
		}
	}
	return most, fewest
}

// rest reports whether any output of a stream is left when R-MAC has finished the
// depthwise convolution.
func rest(parts []Part) bool {
	var window, end int64
	for i := range parts {
		window, end = max(window, parts[i].Window), max(end, parts[i].Cycles)
	}
	return end > window
}
