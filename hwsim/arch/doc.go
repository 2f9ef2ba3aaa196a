// SPDX-License-Identifier: Apache-2.0

// Package arch describes a Trio-ViT accelerator as data: the lanes of its two engines, the
// number of their copies, the clock, the bandwidth of the buffers and of the memory behind
// them, and the throughput of the auxiliary units per cycle.
//
// # Which hardware
//
// The MAT engine (multipliers and adder trees) sums over the input channels of one output
// pixel in each lane; its lanes compute different output channels. The R-MAC engine
// (reconfigurable multiply-accumulate) does the same, or runs a depthwise convolution. In
// a depthwise convolution the MACs of a lane hold different channels, the lanes hold
// neighbouring pixels of a row, and kernel positions follow one another in time. Both
// engines together are copied. The multipliers are:
//
//	(R-MAC lanes × MACs + MAT lanes × MACs) × copies
//
// A count of operations per second here takes one multiply-accumulate as two
// operations, as the paper does.
//
// # Stated and assumed
//
// The paper's text leaves most sizes open. So a configuration records the origin of each
// of its values. [Config.Assumptions] lists every value that neither the paper nor its
// companion (ISCAS 2024, the same arrays, board and clock) states, and every value that
// differs from the stated one. A report prints that list.
//
// # From a file
//
// [Read] reads YAML. A value that the file leaves out is that of [ZCU102], so a design is
// written as its difference from the paper's:
//
//	version: 1
//	name: half the copies
//	copies: 8
//	off_chip:
//	  mb_per_s: 9600
//
// An error names the file, the line, the field, the value and what is allowed.
// [Config.YAML] writes a configuration with all its fields, to start from.
package arch
