// SPDX-License-Identifier: Apache-2.0

// Package hwsim answers what Sections V and VI of the Trio-ViT paper answer for
// its accelerator, for any EfficientViT, any resolution and any size of the
// accelerator: how many cycles a picture takes and where they go.
//
// # From a network to a table
//
// A network becomes a list of operations (package workload), a configuration
// says how large the accelerator is (package arch), and a timing model turns
// both into a [Result] or a [Run]. Nothing here needs weights:
//
//	net, err := triovit.Describe("b1-r224")
//	w, err := workload.FromNetwork(net)
//	result, err := hwsim.ClosedForm(w, arch.ZCU102(), hwsim.Backbone)
//	fmt.Println(result)
//
// # The closed form
//
// [ClosedForm] is the formula by which the published 780.2 GOPS was evidently
// obtained: the authors' own count of cycles per layer (facts of Section V; the
// script that held it was withdrawn). It computes cycles, it simulates none.
// For one copy of the engines, with P MACs in each lane and all lanes together
// counted as L:
//
//   - A convolution, pointwise convolution or linear layer runs on both engines:
//     ⌈Cout/L⌉·⌈Cin/P⌉·H·W·k².
//   - A depthwise convolution runs on R-MAC alone: ⌈W/lanes⌉·H·⌈C/MACs⌉·k².
//     The pointwise convolution behind it starts on MAT meanwhile, and R-MAC
//     joins when it is done: the inter-layer pipeline.
//   - A matrix product of the attention is divided by heads, one half on each
//     engine: ⌈heads/2⌉·rows·⌈columns/lanes⌉·⌈inner/MACs⌉.
//
// The sum over all operations is divided by the number of copies, once.
//
// # What it leaves out
//
// The closed form has no memory: buffers are unlimited, transfers are free, and
// so are the auxiliary units, the sum over K, the divisors and the division.
// Copies divide every operation without a remainder. In the aggregation it
// charges a third of the grouped convolution's output channels. A [Result] lists
// each of these as an omission or a note, with its count, so that no operation
// is lost silently: the multiply-accumulates of what is charged and of what is
// omitted add up to those of the network.
//
// # The event-driven model
//
// [Simulate] has what the closed form leaves out, and says for every cycle of
// every copy of each engine whether it is busy, waits for a named cause, or has
// no work:
//
//	run, err := hwsim.Simulate(w, arch.ZCU102(), hwsim.Options{
//		Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines})
//	fmt.Println(run)
//
// A step of it is an operation of the engines, or two or three where a pipeline
// joins them, with the elementwise operations behind. Steps follow one another.
// Each is cut into tiles of rows, rectangles, heads or parts of the tokens of heads,
// and a tile into tasks, one for each set of output channels that the lanes compute at
// once. Three things happen to a task:
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
// [Run.Spending] says what the multipliers of a step are spent on, stalls and the
// rounding of lanes and MACs alike, and [Compare] splits the difference of two runs
// in the same terms: why more lanes take longer, or what a pipeline brings.
//
// [Run.Energy] prices the counted events by an [EnergyTable]: a published one, one
// with derived entries, or one of your own. [Run.Roofline] holds what each step
// attains against multipliers and off-chip bandwidth. VALIDATION.md beside this
// file says what agrees with what, and what is only assumed.
package hwsim
