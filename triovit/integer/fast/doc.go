// SPDX-License-Identifier: Apache-2.0

// Package fast runs integer models as fast as the processor can: the integers of
// [integer.Model.Run], bit for bit.
//
//	e, err := fast.New(model)
//	y, err := e.Run(codes)                    // as the reference executor
//	err = e.Logits(ctx, logits, codes)        // many pictures, without allocating
//
// # How
//
// A model is planned once. Codes of 8 bits are stored as bytes. A step is a
// convolution with all that follows it, requantizations, Hardswish and residual sums,
// in tiles whose accumulators never leave the nearest cache. All of a branch of the
// attention is two steps. What no kernel computes, operations of 16-bit codes among them, is
// computed by the reference's functions. Tensors that are not needed at once share
// memory.
//
// The kernels are chosen by what the processor has, or by the environment variable
// TRIOVIT_KERNEL: "vnni" (AVX-512 with VNNI), "avx2", "portable".
package fast
