// SPDX-License-Identifier: Apache-2.0

// Package register steps one copy of the Trio-ViT accelerator cycle by cycle, with
// operands of 8 bits in its multipliers and sums in its 32-bit accumulators. A formula for
// cycles can be wrong in two ways: it can count work that the hardware could not do in
// that time, or leave out work that the hardware must do. Both errors show here, because
// the cycles are counted, not computed, and the resulting integers are compared with those
// of the reference executor of package integer.
//
// # The hardware
//
// A configuration (package arch) has the number of lanes of each engine and of MACs in a
// lane (Section V of the paper):
//
//   - A lane of MAT is multipliers, an adder tree and an accumulator. The lanes
//     are given the same input channels and the filters of different output
//     channels. Kernel positions and slices of input channels follow in time.
//   - A lane of R-MAC is a chain of MACs with a register each. In pointwise mode
//     a lane computes the same sum as a lane of MAT: each MAC adds its product to
//     the sum from the MAC above and hands it on, and the last MAC accumulates. In
//     depthwise mode each MAC keeps a sum of its own: MACs are channels, lanes are
//     neighbouring output pixels of a row, kernel positions follow in time.
//
// Controllers are chains of counters. They give each engine one step per clock, which
// passes multipliers and adders without a register between them: a pipeline would add its
// depth to every operation, once. A sum begins with its bias. Operands are always ready,
// and the auxiliary units (requantization, Hardswish, ΣK, log2, shifter) take no time;
// both are modelled by the event-driven model.
//
// # The operations
//
// Operations of an [integer.Model] and their operands go in, integers and a
// [Trace] come out:
//
//	y, trace, err := register.Convolution(c, x, conv)
//	y, trace, err := register.Depthwise(c, x, conv)
//	y, trace, err := register.InterLayer(c, x, dw, units, pw)
//	y, trace, err := register.Product(c, &integer.MatMul{OverTokens: true}, k, v)
//	y, trace, err := register.IntraLayer(c, q, k, v, attention)
//
// The engines add products. Package integer computes everything behind a sum: [Units] are
// its requantizations, Hardswish and thresholds, and its division is the shifter. A
// multiplier takes codes of 8 bits, signed or (as ΣK) unsigned, and weights of 8 bits;
// wider operands are an error.
//
// In both pipelines R-MAC makes the operands that MAT waits for. MAT takes the first work
// whose operands are complete: tile by tile, with as many output channels in a tile as
// both engines have lanes, and within a tile pixel by pixel. When R-MAC has finished it
// joins, and from then on both engines get the same input channels. A sum that MAT had
// begun is then computed again; [Trace] counts it as discarded. Where the paper is silent,
// these rules are those that the closed form charges. The tokens of the divisors are taken
// to lie across the lanes; this is an assumption too, because one column would keep one
// lane busy.
//
// A [Watch] receives all registers after every cycle, and the products of the cycle. A
// [Recording] keeps and prints both; a [VCD] writes the registers for a waveform viewer.
//
// # Against the closed form
//
// This package shares only the description of the hardware with the other timing
// models. Convolutions of one group, depthwise convolutions and matrix products of
// an even number of heads take exactly the cycles of hwsim's closed form. So do
// streamed pairs, except for the differences below. A test checks each of them.
// EfficientViT-B1 at 224 takes 4009042 cycles of one copy. The closed form has
// 4005490. Every operation takes the same cycles except the aggregations, which
// take 3552 more.
//
//   - Waiting. The closed form lets MAT work from the first pixels on. Where MAT
//     is faster than the depthwise convolution it runs out of pixels, and the
//     last ones come only when R-MAC ends: the closed form is too short. This is
//     the case in the aggregation of B0 and B1 (kernel 5, 16 channels per group).
//   - Passes. The closed form counts outputs, as if lanes could be filled with
//     two pixels at once. They share their input channels, so that a tile takes
//     MAT alone ⌈channels/lanes⌉ passes: the closed form is too short where MAT's
//     lanes do not divide the tile.
//   - Last tile. A narrower last tile takes MAT fewer passes, while the closed form counts
//     its channels as those of a full one: it is too long. If passes are lost too, it
//     may be too short.
//   - Groups. A tile does not reach into the next group, which has other input channels.
//     So the tiles differ from those of the closed form, which ignores groups: it is
//     mostly too short where the lanes do not divide a group's output channels, and seldom
//     too long.
//   - Aggregation. The closed form charges a third of the aggregation's output
//     channels, as the authors do.
//   - Odd heads. MAT alone computes an odd head. The closed form rounds the heads of both
//     engines up.
//
// The closed form has no rule for convolutions of several groups on their own, for R-MAC
// lanes of fewer MACs than MAT's, and for the intra-layer pipeline. For these only the
// integers are compared, and the pipeline's cycles with a count by hand.
package register
