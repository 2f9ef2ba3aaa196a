// SPDX-License-Identifier: Apache-2.0

package arch

// A Device is what a chip has.
type Device struct {
	Name string
	// DSPs are its DSP slices, BRAMs its block RAMs of 36 Kbit.
	DSPs, BRAMs int
}

// XCZU9EG is the chip of the ZCU102 board (AMD DS891, Zynq UltraScale+ overview).
func XCZU9EG() Device { return Device{"XCZU9EG", 2520, 912} }

// A block RAM of 36 Kbit as a memory of bytes: 512 words of 8 bytes, one of
// which it reads and one it writes in a cycle (AMD UG573, simple dual port). The
// parity bits are not used.
const (
	bramBytes     = 4096
	bramPortBytes = 8
)

// BRAMs returns the block RAMs of 36 Kbit that the buffer takes: as many side by
// side as its port is wide, and as many of these rows as its bytes fill. A wide
// port on a small buffer therefore takes more than its bytes need.
func (b Buffer) BRAMs() int {
	wide := (b.PortBytes + bramPortBytes - 1) / bramPortBytes
	deep := (b.KiB*1024 + wide*bramBytes - 1) / (wide * bramBytes)
	return wide * deep
}

// BRAMs returns the block RAMs of all buffers. What lies between them and the
// engines is not known and not in it.
func (c Config) BRAMs() int {
	b := c.Buffers
	return b.Input.BRAMs() + b.Weight.BRAMs() + b.Output.BRAMs() + b.Divisor.BRAMs()
}
