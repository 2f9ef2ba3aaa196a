// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"fmt"
	"math"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/integer"
)

// A Device holds the resources of a chip.
type Device struct {
	Name string
	// DSPs are its DSP slices, BRAMs its block RAMs of 36 Kbit, LUTs its look-up tables
	// of six inputs.
	DSPs, BRAMs, LUTs int
}

// XCZU9EG is the chip of the ZCU102 board (AMD DS891, Zynq UltraScale+ overview).
func XCZU9EG() Device { return Device{"XCZU9EG", 2520, 912, 274080} }

// Without returns in words the resources that the device lacks for a configuration, empty
// where the configuration fits by [Config.DSPs], [Config.BRAMs] and [Config.LUTs].
func (d Device) Without(c Config) string {
	var lacks []string
	for _, r := range []struct {
		what      string
		need, has int
	}{{"DSPs", c.DSPs(), d.DSPs}, {"block RAMs", c.BRAMs(), d.BRAMs}, {"LUTs", c.LUTs(), d.LUTs}} {
		if r.need > r.has {
			lacks = append(lacks, fmt.Sprintf("%d of %d %s", r.has, r.need, r.what))
		}
	}
	return strings.Join(lacks, ", ")
}

// A block RAM of 36 Kbit as a memory of bytes: 512 words of 8 bytes, of which it reads one
// and writes one per cycle (AMD UG573, simple dual port). The parity bits are not used.
const (
	bramBytes     = 4096
	bramPortBytes = 8
)

// BRAMs returns the block RAMs of 36 Kbit of the buffer: enough side by side for the width
// of its port, and enough such rows for its bytes. So a wide port on a small buffer takes
// more block RAMs than its bytes need.
func (b Buffer) BRAMs() int {
	wide := up(b.PortBytes, bramPortBytes)
	return wide * up(b.KiB*1024, wide*bramBytes)
}

// BRAMs returns the block RAMs of all buffers. Memories between the buffers and the
// engines are not known and not included.
func (c Config) BRAMs() int {
	b := c.Buffers
	return b.Input.BRAMs() + b.Weight.BRAMs() + b.Output.BRAMs() + b.Divisor.BRAMs()
}

// DSPs returns the DSP slices of the engines, as the papers count them, and of the
// auxiliary units, which this package estimates.
func (c Config) DSPs() int { return c.EngineDSPs() + c.AuxiliaryDSPs() }

// EngineDSPs returns the DSP slices of the engines' multipliers, 1024 for the papers'
// 2048 multipliers.
func (c Config) EngineDSPs() int { return up(c.Multipliers(), c.packed()) }

// packed returns the number of the engines' multiplications that share a DSP slice.
func (c *Config) packed() int {
	if c.MultiplierBits <= 4 {
		return c.MultiplicationsPerDSP4
	}
	return c.MultiplicationsPerDSP
}

// PackedSums returns the largest number of products that a DSP slice with several
// multiplications may add up. It is 0 for a slice with one multiplication, whose sum of 48
// bits is not bounded here. The multiplications of a slice share one factor. Their other
// factors lie side by side in the port of 27 bits, and so do the products in the sum: a
// sum that grows into its upper neighbour spoils it. Of two products of 8 bits, 18 bits
// apart, seven may add up (AMD WP486).
func (c Config) PackedSums() int {
	n := c.packed()
	if n == 1 {
		return 0
	}
	apart := (integer.OperandPort - 1 - c.MultiplierBits) / (n - 1)
	largest := 1 << (c.MultiplierBits + activationBits - 2)
	return max(1, (1<<max(0, apart-1)-1)/largest)
}

// activationBits is the width in bits of an activation, one factor of every multiplication
// of the engines.
const activationBits = 8

// Products are the multiplications of one kind of auxiliary unit.
type Products struct {
	// Field is the path in YAML of the number of such units in a copy, and Units that
	// number.
	Field string
	Units int
	// A and B are the signed bits of the two factors of an element's product.
	A, B int
}

// DSPs returns the slices that one unit needs to begin one element in every cycle.
func (p Products) DSPs() int { return slicesFor(p.A, p.B) }

// Products lists the auxiliary units that multiply, by calib/INTEGER.md. A requantization
// multiplies an accumulator by its factor. Hardswish multiplies a pre-activation of 16
// bits by its gate, which fits one port; a ReLU passes the same unit and is counted alike.
// A residual sum has two factors, one of which is counted with the sum's requantization. A
// quotient's factor is counted with its requantization. A resizer multiplies by constants,
// in look-up tables. Sums, shifts, thresholds and sequential dividers multiply nothing.
// The host computes LayerNorm.
func (c Config) Products() []Products {
	a := &c.Auxiliary
	return []Products{
		{"auxiliary.requantize", a.Requantize, a.AccumulatorBits, a.MultiplierBits},
		{"auxiliary.activation", a.Activation, 16, integer.MultiplierPort},
		{"auxiliary.add", a.Add, activationBits, a.MultiplierBits},
	}
}

// AuxiliaryDSPs returns the DSP slices of the auxiliary units' multiplications. No paper
// states them.
func (c Config) AuxiliaryDSPs() int {
	n := 0
	for _, p := range c.Products() {
		n += p.Units * p.DSPs()
	}
	return n * c.Copies
}

// slicesFor returns the DSP slices of one multiplication of signed factors of a and b
// bits.
func slicesFor(a, b int) int {
	const wide, narrow = integer.OperandPort, integer.MultiplierPort
	return min(parts(a, wide)*parts(b, narrow), parts(a, narrow)*parts(b, wide))
}

// parts returns the number of factors of a port's width that together form a signed factor
// of the given bits. All but the highest have no sign.
func parts(bits, port int) int {
	if bits <= port {
		return 1
	}
	return 1 + up(bits-port, port-1)
}

// LUTs is the number of look-up tables of six inputs in one part of the design.
type LUTs struct {
	Part string
	N    int
}

// LUTs returns the sum of [Config.LUTParts].
func (c Config) LUTs() int {
	n := 0
	for _, p := range c.LUTParts() {
		n += p.N
	}
	return n
}

// LUTParts estimates the look-up tables of the arithmetic in all copies. No paper states
// them. One LUT adds or compares one bit, and may choose between two operands before the
// sum. Alternatively it chooses one of four for one bit, or one of two for two bits.
// Control, addresses, wires and registers are not included.
//
// A slice with one multiplication sums in its own adder. Packed slices add up at most
// [Config.PackedSums] products, so longer sums need adders of LUTs. The lower of two
// packed products changes the upper one by a carry, which these adders correct. R-MAC's
// depthwise mode needs an adder for each MAC, because each MAC has its own sum. R-MAC's
// packed slices share an activation in one mode and a weight in the other, so all their
// operands pass a multiplexer.
func (c Config) LUTParts() []LUTs {
	a := &c.Auxiliary
	sum := a.AccumulatorBits
	tree := func(e Engine) int { return e.Lanes * (c.treeLUTs(e.MACs) + sum) }
	mat, rmac, modes := tree(c.MAT), tree(c.RMAC), 0
	if c.Depthwise == Reconfigured {
		rmac = c.RMAC.Multipliers() * sum
		modes = up(c.RMAC.Multipliers(), c.packed()) * up(c.packed()*activationBits+activationBits, 2)
	}
	if c.packed() == 1 {
		mat, rmac, modes = 0, 0, 0
	}
	const code, widest = 8, 16 // bits of most results, and bits of the pre-activations
	const divisor = 32         // bits of the number that a divider subtracts
	division := []LUTs{{"log2 module", a.Log2 * thresholds * sum}, {"shifter", a.Shifter * (barrel(code, maxShift+thresholds) + 2*code)}}
	if c.Division == DividerDivision {
		division = []LUTs{{"dividers", a.Dividers * 2 * divisor}}
	}
	list := append([]LUTs{
		{"MAT's sums", mat},
		{"R-MAC's sums", rmac},
		{"operands of R-MAC's two modes", modes},
		{"requantization", a.Requantize * (barrel(widest, maxShift) + 2*widest)},
		{"activation", a.Activation * (3*widest + barrel(sum, sum-widest))},
		{"sum over K", a.SumK * sum},
		{"resizer", a.Resize * taps * digits * (activationBits + constant)},
		{"pooling adder", a.Pool * sum},
	}, division...)
	for i := range list {
		list[i].N *= c.Copies
	}
	return list
}

const (
	thresholds = 15                  // number of thresholds between the log2 module's 16 codes
	maxShift   = integer.SumPort - 2 // largest shift of a requantization
	// A bicubic output sums four products along the width and four along the height. Its
	// constants of 12 bits are multiplied by Booth digits of two bits each.
	taps, constant, digits = 8, 12, 6
)

// treeLUTs returns the look-up tables of a tree that adds the given number of products.
func (c *Config) treeLUTs(products int) int {
	if products <= c.PackedSums() {
		return 0 // the slices add the products one after the other
	}
	n := 0
	for bits := c.MultiplierBits + activationBits + 1; products > 1; bits++ {
		n += products / 2 * bits
		products = up(products, 2)
	}
	return n
}

// barrel returns the look-up tables of a shifter with the given bits of output, in stages
// that choose one of four.
func barrel(bits, most int) int {
	n := 0
	for step := 1; step <= most; step *= 4 {
		n += bits + step - 1
	}
	return n
}

// LineBufferLUTs returns the look-up tables of the line buffers that channel-parallel
// lanes need to take a window's positions at once, for maps of at most the given width in
// pixels. Each lane of both engines stores all rows of the window but the newest, 64 bits
// per LUT. Each MAC chooses its position among those that take turns.
func (c Config) LineBufferLUTs(kernel, width int) int {
	memory := (kernel - 1) * up(width*activationBits, 64)
	turns := up(kernel*kernel, min(c.MAT.MACs, c.RMAC.MACs))
	choice := min(c.MAT.MACs, c.RMAC.MACs) * activationBits * up(turns-1, 3)
	return (c.MAT.Lanes + c.RMAC.Lanes) * c.Copies * (memory + choice)
}

// ScaledUnits returns the configuration with the auxiliary units of another configuration,
// in proportion to the multipliers of a copy, rounded up.
func (c Config) ScaledUnits(of Config) Config {
	own, others := c.MAT.Multipliers()+c.RMAC.Multipliers(), of.MAT.Multipliers()+of.RMAC.Multipliers()
	to, from := &c.Auxiliary, &of.Auxiliary
	for _, u := range []struct {
		to   *int
		from int
	}{{&to.SumK, from.SumK}, {&to.Log2, from.Log2}, {&to.Shifter, from.Shifter}, {&to.Dividers, from.Dividers}, {&to.Requantize, from.Requantize},
		{&to.Activation, from.Activation}, {&to.Add, from.Add}, {&to.Resize, from.Resize}, {&to.Pool, from.Pool}} {
		*u.to = min(maxRate, int(math.Ceil(float64(u.from)*float64(own)/float64(others))))
	}
	return c
}

// up returns ⌈a/b⌉.
func up(a, b int) int { return (a + b - 1) / b }
