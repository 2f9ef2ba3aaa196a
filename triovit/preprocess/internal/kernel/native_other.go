// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 || !goexperiment.simd

package kernel

// native returns no set: only Go's vectors for amd64, which want GOEXPERIMENT=simd, are
// faster than the portable loops.
func native() *Set { return nil }
