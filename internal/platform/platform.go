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

// Slowdown is what a build without vector instructions costs, in words. The 4x is
// what BenchmarkForward of triovit/forward shows for B1 at 224 with and without
// GOEXPERIMENT=simd on a machine with AVX2; AVX-512 is twice as wide and more.
const Slowdown = "about 10x slower (4x where there is only AVX2)"

// WarnWithoutSIMD says once per process, on standard error, that the program was
// built without vector instructions. With them it says nothing.
var WarnWithoutSIMD = sync.OnceFunc(func() {
	if SIMD() == "" {
		fmt.Fprintf(os.Stderr, "built without GOEXPERIMENT=simd: networks run %s\n", Slowdown)
	}
})
