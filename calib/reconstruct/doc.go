// SPDX-License-Identifier: Apache-2.0

// Package reconstruct learns how a quantized network is rounded, block by block, so
// that each block makes of rounded inputs what the exact block makes of exact ones.
//
// Rounding to the nearest code is the best for one weight and not for their sum. So a
// rounding is learned for every weight (AdaRound; Nagel et al., ICML 2020), a step for
// every rounded activation (LSQ; Esser et al., ICLR 2020), for one block after the
// other (BRECQ; Li et al., ICLR 2021), while half of the activations' elements, drawn
// anew in every step, stay exact (QDrop; Wei et al., ICLR 2022). A last step, in closed
// form, fits a factor and an offset per channel to a block's output, which the filters
// of its last convolution take in (QwT-v2's idea).
//
//	q, err := calib.Calibrate(ctx, model, pictures, calib.TrioViTPlusInteger)
//	r, err := reconstruct.Run(ctx, q, pictures, reconstruct.Strict(600))
//	frozen, err := calib.Freeze(r.Quantized, integer.Limits{})
//
// The pictures are those that calibrated, and no others: no label is read. What comes
// out has integer codes and grids like any quantized network, and is frozen and scored
// as one.
//
// # Pipeline
//
// Blocks are those of [efficientvit.Network.Blocks], in order. The block's inputs are
// kept for all pictures twice: exact, and as the quantized blocks before make them. A
// step takes a batch of both, computes the target from the exact inputs, and moves the
// roundings and steps by Adam. Then the roundings become hard, and the block's outputs
// are computed for the next one. A block's result is cached under all that it depends
// on: an interrupted run goes on behind the last block that was done, and gives the
// bits of one that was not interrupted.
package reconstruct
