// SPDX-License-Identifier: Apache-2.0

// Package event runs a workload on a model of the accelerator that has what the
// closed form leaves out. It says for every cycle of every copy of each engine
// whether it is busy, waits for a named cause, or has no work:
//
//	run, err := event.Simulate(w, arch.ZCU102(), event.Options{})
//	fmt.Println(run)
//
// Package schedule says what runs in which order: steps follow one another, each is
// cut into tiles, and a tile into tasks. This package prices the tasks and finds when
// they take place. Three things happen to a task:
//
//   - Its weights, and the inputs of its tile where they are not on the chip, are
//     loaded as soon as the off-chip memory is free and the buffer has room, well
//     ahead where it is large. What is stored goes the same way. Transfers are
//     served in one fixed order.
//   - It starts when the engines are free and everything has arrived. What comes
//     last names the stall.
//   - It takes as long as the slowest of the engines, the buffers' ports and the
//     auxiliary units, which all work on it at the same time. The slowest names
//     the stall.
//
// All copies do a task together. What one waits for another that has a larger
// share is imbalance: sixteen copies cannot divide the 49 pixels of a 7×7 map.
//
// A tensor stays on the chip if at each step of its life all that is alive fits
// the input and output buffers together; else it is stored and loaded in tiles.
// The size of tiles is searched, the same for all steps of a run, unless the
// options give it: whole rows of so many pixels, then rectangles of so many bytes,
// down to single pixels, then with parts of heads, down to single tokens. Since
// the order of events never depends on how large or how fast a memory is, more of
// either never costs a cycle.
//
// [Step.Spending] says what the multipliers of a step are spent on, stalls and the
// rounding of lanes and MACs alike, and [Diff] splits the difference of two runs in
// the same terms: why more lanes take longer, or what a pipeline brings.
// [Run.Roofline] holds what each step attains against multipliers and off-chip
// bandwidth. [Run.Counts] has the events that package energy prices.
package event
