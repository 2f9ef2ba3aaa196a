// SPDX-License-Identifier: Apache-2.0

//go:build goexperiment.simd

package platform

import (
	"os"
	"simd/archsimd"
	"slices"
	"strings"
)

// SIMD returns the name of the widest vector instructions that the Go backend uses on
// this machine: "AVX-512", "AVX2", or "portable" if it uses only Go's portable vectors.
// The name is empty in a build without GOEXPERIMENT=simd.
func SIMD() string {
	switch {
	case archsimd.X86.AVX512() && allowed("GOMLX_GO_SIMD_AVX512"):
		return "AVX-512"
	case archsimd.X86.AVX2() && allowed("GOMLX_GO_SIMD_AVX2"):
		return "AVX2"
	}
	return "portable"
}

// allowed reports whether GoMLX's environment variable for one kind of instructions
// does not switch it off.
func allowed(name string) bool {
	off := []string{"0", "false", "f", "no", "off", "disabled"}
	return !slices.Contains(off, strings.ToLower(os.Getenv(name)))
}
