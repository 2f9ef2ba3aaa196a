// SPDX-License-Identifier: Apache-2.0

// Package event runs a workload on a model of the accelerator with memory, auxiliary units
// and unequal copies, which the closed form leaves out. For every cycle of every copy, it
// records whether each engine is busy, waits for a named cause, or has no work:
//
//	run, err := event.Simulate(w, arch.ZCU102(), event.Options{})
//	fmt.Println(run)
//
// Package schedule lists what runs in which order: steps follow one another, each is cut
// into tiles, and a tile into tasks. This package prices the tasks in cycles and finds
// their start times. A task passes three stages:
//
//   - Its weights, and the inputs of its tile that are not on the chip, are loaded as soon
//     as the off-chip memory is free and the buffer has room: well ahead where the buffer
//     is large. Stores wait for the memory in the same way. Transfers are served in one
//     fixed order.
//   - It starts when the engines are free and all its data has arrived. The data that
//     arrives last names the stall.
//   - It takes as long as the slowest of the engines, the buffers' ports and the auxiliary
//     units, which all work on it at the same time. The slowest one names the stall.
//
// All copies do a task together. A copy that waits for another with a larger share is
// charged with imbalance: sixteen copies cannot divide the 49 pixels of a 7×7 map.
//
// A tensor stays on the chip if, at each step of its life, all tensors alive fit the input
// and output buffers together; otherwise it is stored and loaded in tiles. The size of
// tiles is the same for all steps of a run. Unless the options give it, it is searched:
// first whole rows of some number of pixels, then rectangles of some number of bytes, down
// to single pixels, then parts of heads, down to single tokens. The order of events does
// not depend on the size or the speed of a memory. So a larger or faster memory never
// costs a cycle.
//
// [Step.Spending] splits the cycles of a step by the use of the multipliers: work, stalls,
// and the rounding of lanes and MACs. [Diff] splits the difference of two runs in the same
// terms, such as the gain of a pipeline or the loss by more lanes. [Run.Roofline] compares
// each step's throughput with the limits by multipliers and off-chip bandwidth.
// [Run.Counts] has the events that package energy prices.
package event
