// SPDX-License-Identifier: Apache-2.0

// Package peer runs EfficientViT on a plain accelerator of the same size: one
// weight-stationary systolic array of 64 rows and 32 columns, 2048 multipliers like the
// paper's. The comparison shows the gain of the R-MAC engine.
//
// # The array
//
// Each column holds the weights of one output channel, each row one term of its
// sum: an input channel at a kernel position. Weights stay, inputs stream in
// from the side, sums leave below. A layer with more terms than rows, or more
// output channels than columns, is cut into folds. A fold loads its weights row
// by row, fills the array, streams its outputs and drains:
//
//	rows + (rows + columns + outputs - 2) cycles
//
// This is SCALE-Sim's rule, and SCALE-Sim's total is one cycle less per layer. No memory
// is modelled: the inputs are always ready.
//
// # Depthwise convolutions
//
// An output channel of a depthwise convolution sums over its own channel only: 9 or 25 of
// 64 rows, and one column. Three countings show the cost:
//
//   - [SCALESim] is the simulator's report. A depthwise or grouped layer can only be
//     entered as one whose filters all read the same few channels, which is another layer:
//     32 columns work where only one could.
//   - [OneGroup] computes the layer: a fold holds one group, which for a
//     depthwise convolution is one channel.
//   - [SideBySide] places as many groups as fit on the diagonal of the array, with zeros
//     around them. It is the best that a plain array can do, if its input side can feed
//     every row from a different channel.
//
// The matrix products of the attention have one group per head; their second factor stays
// in the array, like weights. SCALE-Sim's list has convolutions only.
//
//	c, err := peer.Compare(w, peer.Array64x32(), arch.ZCU102())
//	fmt.Println(c)
//
// The denominators and the head, which the authors' closed form omits, are left out here
// too.
package peer
