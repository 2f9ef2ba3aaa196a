// SPDX-License-Identifier: Apache-2.0

//go:build !goexperiment.simd

package kernel

import "golang.org/x/sys/cpu"

// avx2 returns the kernels for AVX2, nil where the processor has none. Go's vectors want
// GOEXPERIMENT=simd. Without them only the products of bytes in assembly are there, and all
// other kernels are the portable ones.
func avx2() *Set {
	if !cpu.X86.HasAVX2 {
		return nil
	}
	s := Portable()
	s.Name, s.Multiply = "avx2", multiplyPairs
	return s
}
