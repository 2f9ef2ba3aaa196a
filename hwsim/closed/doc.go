// SPDX-License-Identifier: Apache-2.0

// Package closed computes the cycles of a workload by the formula that evidently gave the
// published 780.2 GOPS: the authors' own count of cycles per layer (facts of Section V;
// the script that held it was withdrawn). It simulates nothing.
//
//	result, err := closed.Charge(w, arch.ZCU102(), hwsim.Backbone)
//	fmt.Println(result)
//
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
// The closed form has no memory: buffers are unlimited, and transfers are free. So are the
// auxiliary units, the sum over K, the divisors and the division. Copies divide every
// operation without a remainder. In the aggregation it charges a third of the grouped
// convolution's output channels. A [Result] lists each of these as an omission or a note,
// with its count, so that no operation is lost silently: the multiply-accumulates of the
// charged and of the omitted operations add up to those of the network.
package closed
