// SPDX-License-Identifier: Apache-2.0

// Package platform names the means of computation of a program: the backend that the
// environment chooses, and the vector instructions of the Go backend. It links no
// tensor library, so that a diagnosis can use it and still end within milliseconds.
package platform

import (
	"fmt"
	"os"
	"sync"
)

// Slowdown says in words how slow a build without vector instructions is. The cases of
// triovit/forward's BenchmarkForward were measured with and without GOEXPERIMENT=simd,
// in interleaved rounds. With AVX-512 the times differed by a factor of 4 to 7, and
// most for batches. With AVX2 only, the time of B1 at 224 pixels differed by a factor
// of 4.5.
const Slowdown = "several times slower"

// WarnWithoutSIMD warns once per process, on standard error, if the program was built
// without vector instructions.
var WarnWithoutSIMD = sync.OnceFunc(func() {
	if SIMD() == "" {
		fmt.Fprintf(os.Stderr, "built without GOEXPERIMENT=simd: networks run %s\n", Slowdown)
	}
})
