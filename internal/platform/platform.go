// SPDX-License-Identifier: Apache-2.0

// Package platform says what a program computes with: the backend that it is
// asked for, and the vector instructions that the Go backend uses. It compiles no
// tensor library, so that a diagnosis of milliseconds can ask it.
package platform

import (
	"fmt"
	"os"
	"sync"
)

// Slowdown is what a build without vector instructions costs, in words. With and
// without GOEXPERIMENT=simd, in interleaved rounds, the cases of triovit/forward's
// BenchmarkForward differed by 4 to 7 times with AVX-512, most in batches, and B1
// at 224 by 4.5 times where there is only AVX2.
const Slowdown = "several times slower"

// WarnWithoutSIMD says once per process, on standard error, that the program was
// built without vector instructions. With them it says nothing.
var WarnWithoutSIMD = sync.OnceFunc(func() {
	if SIMD() == "" {
		fmt.Fprintf(os.Stderr, "built without GOEXPERIMENT=simd: networks run %s\n", Slowdown)
	}
})
