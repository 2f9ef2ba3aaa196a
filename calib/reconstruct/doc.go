// SPDX-License-Identifier: Apache-2.0

// Package reconstruct learns the rounding of a quantized network, block by block: with
// rounded inputs, each block shall make outputs as near as possible to those that the
// exact block makes from exact inputs.
//
// Rounding to the nearest code gives each weight its least error, but not the sum over
// weights. So a rounding up or down is learned for every weight (AdaRound; Nagel et al.,
// ICML 2020) and a step for every rounded activation (LSQ; Esser et al., ICLR 2020), one
// block after the other (BRECQ; Li et al., ICLR 2021). Meanwhile half of the activations'
// elements, drawn anew in every iteration, stay exact (QDrop; Wei et al., ICLR 2022).
// Behind that, a factor and an offset per channel may be fitted in closed form to a
// block's output and folded into the filters of its last convolution (QwT-v2's idea).
//
//	q, err := calib.Calibrate(ctx, model, pictures, calib.TrioViTPlusInteger)
//	r, err := reconstruct.Run(ctx, q, pictures, reconstruct.Strict(600))
//	frozen, err := calib.Freeze(r.Quantized, integer.Limits{})
//
// The pictures are the calibration pictures and no others, and no label is read. The
// result has integer codes and grids like any quantized network, and is frozen and scored
// as one.
//
// # Pipeline
//
// Blocks are those of [efficientvit.Network.Blocks], in order. The block's inputs are kept
// for all pictures twice: exact, and as computed by the quantized blocks before. An
// iteration takes a batch of both, computes the target from the exact inputs, and moves
// the roundings and steps by Adam. After the last iteration the roundings become hard,
// and the block's outputs are computed for the next block. A block's result is cached
// under the hash of everything it depends on. So an interrupted run resumes behind the
// last finished block, and its result has the bits of an uninterrupted run.
package reconstruct
