// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"runtime"

	"github.com/gotriovit/gotriovit/internal/platform"
)

// margin is how many bytes the heap reserves beyond what tensors take.
const margin = 1 << 30

// reserveMargin keeps tensors away from the end of the heap's memory. The
// partial loads of package simd, by which the Go backend reads the last elements
// of a row, read a whole vector and mask it afterwards (Go 1.27.4): up to 60
// bytes beyond a tensor, a fault where the memory ends there too. Go fills its
// heap from the lowest address on and keeps what it has grown to, so it grows
// once by a piece that nothing ever uses: addresses, no memory. On Windows, where
// free memory cannot be read, that would not help.
func reserveMargin() {
	if platform.SIMD() == "" || runtime.GOOS == "windows" {
		return
	}
	runtime.KeepAlive(make([]byte, margin))
	runtime.GC() // or the piece would count when the next collection is planned
}
