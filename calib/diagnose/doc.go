// SPDX-License-Identifier: Apache-2.0

// Package diagnose finds out where a quantized network loses its accuracy.
//
// [Run] runs the network twice on the same pictures, exact and quantized, and compares
// every tensor with its exact counterpart:
//
//	q, err := calib.Calibrate(ctx, model, pictures, calib.TrioViTPlusInteger)
//	r, err := diagnose.Run(ctx, q, pictures, diagnose.Options{})
//	fmt.Println(r)                          // warnings, the worst tensors and blocks
//	hurts := r.Ranked(diagnose.ByBlock)[0]  // the block whose rounding hurts most
//
// # Contents of a report
//
//   - [Tensor]: the signal-to-quantization-noise ratio (SQNR) of each rounded tensor and
//     of each convolution's weights. The isolated SQNR measures the tensor's own grid; the
//     accumulated SQNR also contains the noise of everything before the tensor. Beside
//     them stand the saturated values, the codes that occur, the divisors that become the
//     integer 0, and the operations that read the tensor. The readers matter: the output
//     of depth_conv.act is the input of PW2, and its grid harms PW2.
//   - [Unit]: leave-one-out scores of each class of points, block or operation. Only is
//     the score of the network in which nothing but the unit is rounded, AllBut of the
//     network in which everything but the unit is. A unit that is low in Only and high in AllBut is
//     worth more bits or another grid. The score is the SQNR of the logits, for which a few
//     pictures without labels are enough; [Options].Metric adds top-1 or mIoU.
//   - [Parity]: the change of the logits by the recipe's transforms alone.
//   - [Preprocessing]: statistics of the pictures as the network reads them.
//   - Warnings: tensors that saturate, divisors that become 0, values that are not finite
//     ([calib.CheckHealth] counts only these three), and transforms that change the
//     function.
//
// [Weights] scores the weights of each convolution alone; package mixed chooses widths
// from these scores. [Logits] scores the whole network. [Channels] measures the rounding
// noise of each channel of an MBConv's inputs, and needs no quantized network. Package
// charts draws a report as a map of the network's blocks.
//
// # How
//
// One graph contains every operand and every weight twice, exact and rounded, and takes
// with the pictures a mask that chooses between them. So it is compiled once for the
// hundreds of networks of the leave-one-out scores.
//
// With [Options].Shard a run computes a part of the leave-one-out scores; the first shard
// also computes everything else. [Merge] joins all shards into the report of the single
// run.
//
// SQNRs do not add up. A tensor's accumulated SQNR may be better than its isolated SQNR
// where noises cancel, and an AllBut score may be worse than the score of the whole
// network.
package diagnose
