// SPDX-License-Identifier: Apache-2.0

// Package workload lists the operations that an accelerator computes for one picture, with
// their sizes, and the unit that each of them needs.
//
// # From a network
//
// [FromNetwork] reads an efficientvit.Network, of a classifier or a segmentation model, at
// any resolution, before or after folding and transforms. Every operation of the network
// ends in one of three ways:
//
//   - It multiplies, and an engine runs it: convolutions, depthwise
//     convolutions and the attention's matrix products.
//   - A named auxiliary unit runs it, at the unit's throughput: the sum over K, the
//     rounding of divisors to powers of two, the shift that divides, requantization
//     wherever the network has a quantization point, Hardswish and ReLU, residual
//     additions, upsampling and pooling. An operation for which there is neither an engine
//     nor a unit is work of the host: LayerNorm, and in a standard ViT softmax and GELU.
//   - It takes no unit: splitting and joining heads and channels only changes addresses,
//     and a BatchNorm or a scale per channel is multiplied into the requantization that
//     follows.
//
// A depthwise convolution whose only reader is a pointwise one, directly or
// through operations on single elements, is marked as streaming into it: that is
// the paper's inter-layer pipeline (Section V, Fig. 9).
//
//	net, err := efficientvit.Describe("b1-r224")
//	w, err := workload.FromNetwork(net)
//
// [Workload.Tensors] lists the operations that read each operation's output, and so how
// long a memory has to keep it.
//
// # Standard ViTs
//
// [DeiT] lists the operations of DeiT-Tiny, -Small and -Base, without weights. The paper
// compares EfficientViT with them, and its accelerator cannot run them without a host.
//
// # Counts
//
// One multiply-accumulate (MAC) is two operations, as in the paper. The count of a list is
// derived from its sizes; a test compares it with the network's own count.
package workload
