// SPDX-License-Identifier: Apache-2.0

// Package platform names the means of computation of a program: the backend chosen by the
// environment, and the vector instructions that the Go backend uses. It compiles no tensor
// library, so that a diagnosis of milliseconds can use it.
package platform

import (
	"fmt"
	"os"
	"sync"
)

// Slowdown is the cost of a build without vector instructions, in words. With and without
// GOEXPERIMENT=simd, in interleaved rounds, the cases of triovit/forward's
// BenchmarkForward differed by 4 to 7 times with AVX-512, most in batches, and B1 at 224
// by 4.5 times with AVX2 only.
const Slowdown = "several times slower"

// WarnWithoutSIMD warns once per process, on standard error, if the program was built
// without vector instructions.
var WarnWithoutSIMD = sync.OnceFunc(func() {
	if SIMD() == "" {
		fmt.Fprintf(os.Stderr, "built without GOEXPERIMENT=simd: networks run %s\n", Slowdown)
	}
})
