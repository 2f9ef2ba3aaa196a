// SPDX-License-Identifier: Apache-2.0

// Package diagnose finds out where a quantized network loses its accuracy.
//
// [Run] runs the network twice on the same pictures, exact and quantized, and holds
// every tensor against its exact one:
//
//	q, err := calib.Calibrate(ctx, model, pictures, calib.TrioViTPlusInteger)
//	r, err := diagnose.Run(ctx, q, pictures, diagnose.Options{})
//	fmt.Println(r)                          // warnings, the worst tensors and blocks
//	hurts := r.Ranked(diagnose.ByBlock)[0]  // the block whose rounding hurts most
//
// # What is told
//
//   - [Tensor]: the signal-to-quantization-noise ratio (SQNR) of each rounded tensor and
//     of each convolution's weights, once in isolation, which blames the tensor's own
//     grid, and once accumulated, which also has the noise of everything before it.
//     Beside it stand saturated values, the codes that occur, divisors that become the
//     integer 0, and the operations that read the tensor: the output of depth_conv.act
//     is the input of PW2, and it is PW2 that suffers from its grid.
//   - [Unit]: leave-one-out scores of each class of points, block or operation. Only
//     rounds nothing else, and AllBut everything else. What is low in both is worth
//     more bits or another grid. The score is the SQNR of the logits, for which a few
//     pictures without labels are enough; [Options].Metric adds top-1 or mIoU.
//   - [Parity]: what the recipe's transforms alone change.
//   - [Preprocessing]: what the pictures look like to the network.
//   - Warnings: tensors that saturate, divisors that become 0, values that are not
//     finite ([calib.CheckHealth] counts these alone), transforms that change the
//     function.
//
// [Weights] scores the weights of each convolution alone, of which package mixed makes a
// choice of widths, and [Logits] the whole network. Package charts draws a report as a map
// of the network's blocks.
//
// # How
//
// One graph has both forms of everything that is rounded, and takes with the pictures
// which of the two each operand and each weight has. So it is compiled once for the
// hundreds of networks of the leave-one-out scores.
//
// With [Options].Shard a run computes a part of the leave-one-out scores, and the first
// part all else; [Merge] makes of all parts the report of the single run.
//
// SQNRs do not add up: a tensor's accumulated SQNR may be better than its isolated one
// where noises cancel, and an AllBut score may be worse than that of the whole.
package diagnose
