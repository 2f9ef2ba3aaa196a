// SPDX-License-Identifier: Apache-2.0

//go:build !goexperiment.simd

package platform

// SIMD names no vector instructions: this build has none.
func SIMD() string { return "" }
