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
// A model is planned once, as a list of steps. Codes of 8 bits are stored as bytes. A step
// is a convolution with the operations behind it: requantizations, Hardswish and residual
// sums. It runs in tiles whose accumulators never leave the nearest cache. A branch of the
// attention takes two steps. An operation without a kernel, such as one on 16-bit codes,
// is computed by the reference's functions. Tensors that are not needed at the same time
// share memory.
//
// The processor's instructions decide which kernels run, or the environment variable
// TRIOVIT_KERNEL: "vnni" (AVX-512 with VNNI), "avxvnni" (AVX-VNNI), "avx2", "neon", "wasm",
// "portable". "neon" and "wasm" want a build with GOEXPERIMENT=simd. Without it "avx2" has the
// products of bytes and Hardswish alone, and the portable loops for the rest.
package fast
