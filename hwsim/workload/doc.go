// SPDX-License-Identifier: Apache-2.0

// Package workload lists what an accelerator has to compute for one picture:
// operations with their sizes, and the unit that each of them needs.
//
// # From a network
//
// [FromNetwork] reads a efficientvit.Network, of a classifier or a segmentation
// model, at any resolution, before or after folding and transforms. Every
// operation of the network ends in one of three ways:
//
//   - It multiplies, and an engine runs it: convolutions, depthwise
//     convolutions and the attention's matrix products.
//   - A named auxiliary unit runs it, at its own throughput: the sum over K,
//     the rounding of divisors to powers of two, the shift that divides,
//     requantization wherever the network has a quantization point, Hardswish
//     and ReLU, residual additions, upsampling and pooling. What neither an
//     engine nor such a unit can do is work of the host, by name: LayerNorm, and
//     in a standard ViT softmax and GELU.
//   - It moves nothing and computes nothing: the split and the joining of
//     heads and channels are addresses, and a BatchNorm or a scale per channel
//     is multiplied into the requantization that follows.
//
// A depthwise convolution whose only reader is a pointwise one, directly or
// through operations on single elements, is marked as streaming into it: that is
// the paper's inter-layer pipeline (Section V, Fig. 9).
//
//	net, err := efficientvit.Describe("b1-r224")
//	w, err := workload.FromNetwork(net)
//
// [Workload.Tensors] says which operation reads what another one left, and so
// how long a memory has to keep it.
//
// # Standard ViTs
//
// [DeiT] lists the operations of DeiT-Tiny, -Small and -Base, without weights:
// what the paper compares EfficientViT with, and what its accelerator cannot
// run alone.
//
// # Counts
//
// One multiply-accumulate (MAC) is two operations, as in the paper. The count of
// a list is derived from its sizes; a test holds it against the count that the
// network itself makes.
package workload
