// SPDX-License-Identifier: Apache-2.0

// Package arch describes a Trio-ViT accelerator as data: how many lanes its two
// engines have, how often they are copied, how fast the clock is, what the
// buffers and the memory behind them can move, and what the auxiliary units do
// per cycle.
//
// # Which hardware
//
// The MAT engine (multipliers and adder trees) sums over the input channels of
// one output pixel in each lane; its lanes compute different output channels.
// The R-MAC engine (reconfigurable multiply-accumulate) does the same, or runs
// a depthwise convolution: then a lane holds different channels, the lanes hold
// neighbouring pixels of a row, and the kernel's positions follow one another in
// time. Both together are copied:
//
//	(R-MAC lanes × MACs + MAT lanes × MACs) × copies
//
// A count of operations per second here takes one multiply-accumulate as two
// operations, as the paper does.
//
// # Stated and assumed
//
// The paper's text leaves most sizes open. So a configuration can say of each of
// its values where it comes from: [Config.Assumptions] lists every value that
// neither the paper nor its companion (ISCAS 2024, the same arrays, board and
// clock) states, and every value that was changed from what they state. A
// report prints that list.
//
// # From a file
//
// [Read] takes YAML. What the file leaves out keeps the value of [ZCU102], so a
// design is written as its difference from the paper's:
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
