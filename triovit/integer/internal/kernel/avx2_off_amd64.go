// SPDX-License-Identifier: Apache-2.0

//go:build !goexperiment.simd

package kernel

// avx2 returns nil: Go's vectors want GOEXPERIMENT=simd.
func avx2() *Set { return nil }
