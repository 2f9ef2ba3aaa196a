// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Config is one accelerator. It holds no pointer: a copy is independent, and
// two are compared with ==.
type Config struct {
	// Name heads reports.
	Name string
	// MAT computes everything but depthwise convolutions; RMAC computes all.
	MAT, RMAC Engine
	// Depthwise is the way in which depthwise convolutions run.
	Depthwise Depthwise
	// Copies is the number of pairs of engines.
	Copies int
	// CopiesShare is the dimension that the copies divide among them.
	CopiesShare Share
	// ClockMHz is the clock of the whole design in MHz.
	ClockMHz float64
	// MultiplierBits is the width of the weights that a multiplier takes in one pass.
	// Wider weights, and the 8-bit factors of the attention's products, take several
	// passes. The other factor has 8 bits.
	MultiplierBits int
	// PipelineDepth is the cycles from a MAC's operands to its result. At the start of
	// each task the engines wait for that time until their pipelines are full.
	PipelineDepth int
	// MultiplicationsPerDSP is the number of multiplications that one DSP slice makes per
	// cycle. MultiplicationsPerDSP4 is the number for multipliers of at most 4 bits.
	MultiplicationsPerDSP, MultiplicationsPerDSP4 int
	// Division is the way in which the attention divides.
	Division  Division
	Buffers   Buffers
	OffChip   OffChip
	Auxiliary Auxiliary
	// HostMElementsPerS is the number of 10⁶ elements of softmax, GELU or LayerNorm that
	// the host computes per second; 0 where it is not known.
	HostMElementsPerS float64
}

// An Engine is the size of one of the two engines in one copy.
type Engine struct {
	// Lanes work in parallel on output channels, or in R-MAC's depthwise mode
	// on output pixels of a row.
	Lanes int
	// MACs are the multiply-accumulates of one lane per cycle: over input channels, or in
	// R-MAC's depthwise mode over channels.
	MACs int
}

// Multipliers returns the multiplications that the engine makes per cycle.
func (e Engine) Multipliers() int { return e.Lanes * e.MACs }

// A Share is the dimension that the copies of the engines divide among them.
type Share string

// The shares.
const (
	Pixels   Share = "pixels"   // copies share the output pixels of one operation
	Channels Share = "channels" // copies share the output channels of one operation
	Batch    Share = "batch"    // each copy takes a picture of its own
)

// Shares returns every share.
func Shares() []Share { return []Share{Pixels, Channels, Batch} }

// A Depthwise is a way to run depthwise convolutions.
type Depthwise string

// The ways.
const (
	// Reconfigured is R-MAC's depthwise mode.
	Reconfigured Depthwise = "reconfigured"
	// ChannelParallel is the design that Section V argues against, MAT alone: R-MAC has as
	// many multipliers but no depthwise mode, so that it is a second MAT. A lane sums over
	// the only input channel of its output, and all but one of its MACs are idle. A
	// depthwise convolution occupies the lanes of both engines, so that it does not stream
	// into the pointwise convolution.
	ChannelParallel Depthwise = "channel-parallel"
	// Windowed is ChannelParallel with a window's positions across the MACs of a lane, so
	// that all of them work. The positions come from line buffers in front of every lane
	// ([Config.LineBufferLUTs]), which the paper rejects.
	Windowed Depthwise = "windowed"
)

// A Division is a way to divide the attention's dividends by its divisors.
type Division string

// The ways.
const (
	// Log2Division rounds divisors to powers of two and shifts.
	Log2Division Division = "log2"
	// DividerDivision has dividers in place of the log2 module and the shifter, like the
	// companion paper. Divisors are then accumulators of [Config.DivisorBytes].
	DividerDivision Division = "dividers"
)

// DivisorBytes returns the size of one divisor in the divisor buffer: of the exponent of a
// power of two, or of an accumulator of 32 bits.
func (c Config) DivisorBytes() int {
	if c.Division == DividerDivision {
		return 4
	}
	return 1
}

// Buffers are the memories on the chip, shared by all copies.
type Buffers struct {
	Input, Weight, Output Buffer
	// Divisor holds the attention's divisors until their dividends are computed (Section
	// V, intra-layer pipeline).
	Divisor Buffer
}

// Capacity returns the bytes of the input and the output buffer together, which
// change roles from layer to layer.
func (b Buffers) Capacity() int64 { return b.Input.Bytes() + b.Output.Bytes() }

// A Buffer is one memory on the chip.
type Buffer struct {
	KiB int
	// PortBytes is the bytes per cycle between the buffer and the engines.
	PortBytes int
}

// Bytes returns the buffer's capacity in bytes.
func (b Buffer) Bytes() int64 { return int64(b.KiB) << 10 }

// OffChip is the memory behind the buffers.
type OffChip struct {
	// MBPerS is the bandwidth in 10⁶ bytes per second.
	MBPerS float64
	// LatencyCycles is the number of cycles between a request and its first byte.
	LatencyCycles int
}

// Auxiliary is the throughput of the auxiliary units, in elements per cycle of one copy.
type Auxiliary struct {
	SumK    int // units that add rows of ReLU(K) to ΣK
	Log2    int // units that round divisors to powers of two
	Shifter int // units that divide by shifting
	// Dividers replace Log2 and Shifter in a design of [DividerDivision]. Each begins a
	// division every DividerInterval cycles (its initiation interval), and gives the
	// quotient DividerLatency cycles later.
	Dividers, DividerInterval, DividerLatency int

	Requantize int // units that bring accumulators to the grid of their readers
	Activation int // units of Hardswish and ReLU
	Add        int // units of residual additions
	Resize     int // units that make output elements of a bicubic upsampling
	Pool       int // units that take input elements of the global average pooling

	// MultiplierBits is the width of the factors by which the units multiply, sign
	// included. AccumulatorBits is the width of the accumulators that are requantized.
	// They are the integer.Limits of the models that the accelerator runs.
	MultiplierBits, AccumulatorBits int
}

// Multipliers returns the multiplications of all copies per cycle.
func (c Config) Multipliers() int {
	return (c.MAT.Multipliers() + c.RMAC.Multipliers()) * c.Copies
}

// PeakGOPS returns the 10⁹ operations per second of engines that never wait, at two
// operations per multiply-accumulate.
func (c Config) PeakGOPS() float64 {
	return 2 * float64(c.Multipliers()) * c.ClockMHz / 1e3
}

// String returns the configuration on one line: its arrays, clock, DSPs of the engines and
// of the auxiliary units, and peak.
func (c Config) String() string {
	return fmt.Sprintf("%s: (%d×%d + %d×%d)×%d at %g MHz, %d + %d DSPs, peak %.1f GOPS",
		c.Name, c.RMAC.Lanes, c.RMAC.MACs, c.MAT.Lanes, c.MAT.MACs, c.Copies, c.ClockMHz, c.EngineDSPs(), c.AuxiliaryDSPs(), c.PeakGOPS())
}

// Validate checks every value against its range. The error names the first field outside
// of its range.
func (c Config) Validate() error {
	if err := checkName(c.Name); err != nil {
		return fmt.Errorf("configuration: name: %w", err)
	}
	for i := range fields {
		if err := fields[i].check(&c); err != nil {
			return fmt.Errorf("configuration %q: %s: %w", c.Name, fields[i].path, err)
		}
	}
	return nil
}

// maxName keeps a name on one line of a report.
const maxName = 80

func checkName(name string) error {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	if name == "" || len(name) > maxName || !utf8.ValidString(name) || strings.TrimSpace(name) != name || strings.ContainsFunc(name, unprintable) {
		return fmt.Errorf("%.*q must be 1 to %d bytes of printable text without spaces around them", maxName, name, maxName)
	}
	return nil
}
