// SPDX-License-Identifier: Apache-2.0

//go:build !goexperiment.simd

package platform

// SIMD returns an empty name, because this build uses no vector instructions.
func SIMD() string { return "" }
