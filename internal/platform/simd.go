// SPDX-License-Identifier: Apache-2.0

//go:build goexperiment.simd

package platform

import (
	"os"
	"simd/archsimd"
	"slices"
	"strings"
)

// SIMD names the widest vector instructions that the Go backend uses on this
// machine: "AVX-512", "AVX2" or, through Go's portable vectors only, "portable".
// It is empty in a build without GOEXPERIMENT=simd.
func SIMD() string {
	switch {
	case archsimd.X86.AVX512() && allowed("GOMLX_GO_SIMD_AVX512"):
		return "AVX-512"
	case archsimd.X86.AVX2() && allowed("GOMLX_GO_SIMD_AVX2"):
		return "AVX2"
	}
	return "portable"
}

// allowed reports whether GoMLX's switch of one kind of instructions is on.
func allowed(name string) bool {
	off := []string{"0", "false", "f", "no", "off", "disabled"}
	return !slices.Contains(off, strings.ToLower(os.Getenv(name)))
}
