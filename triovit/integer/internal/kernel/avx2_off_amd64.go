// SPDX-License-Identifier: Apache-2.0

//go:build !goexperiment.simd

package kernel

import "golang.org/x/sys/cpu"

// avx2 returns the kernels for AVX2 and FMA, nil where the processor lacks one of them. Go's
// vectors want GOEXPERIMENT=simd. Without them only the products of bytes and the estimate of
// Hardswish are there, in assembly, and all other kernels are the portable ones.
func avx2() *Set {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		return nil
	}
	s := Portable()
	s.Name, s.Multiply = "avx2", multiplyPairs
	s.Hardswish = func(y []byte, ldy, rows int, acc []int32, s *[2]Scale, g *Gate, e *Estimate, n int) {
		estimatedHalves(hardswishExact, y, ldy, rows, acc, s, g, e, n)
	}
	return s
}

func hardswishExact(y []byte, ldy, rows int, acc []int32, s *[2]Scale, g *Gate, n int) {
	hardswish(y, ldy, rows, acc, s, g, nil, n)
}
