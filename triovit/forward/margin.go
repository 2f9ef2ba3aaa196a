// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"runtime"
	"runtime/metrics"
	"strings"

	"github.com/gotriovit/gotriovit/internal/platform"
)

// margin is how many bytes of addresses the heap has free when a graph starts to
// run, beside what its tensors take.
const margin = 1 << 30

// keepMargin keeps tensors away from the end of the heap. The partial loads of
// package simd, by which the Go backend reads the last elements of a row, read a
// whole vector and mask it afterwards (Go 1.27.4): up to 60 bytes beyond a
// tensor, a fault where the heap ends there too. Go fills its heap from the
// lowest address on and keeps what it has grown to, so where less than margin and
// more bytes are free, it grows once by a piece that is dropped unused: addresses,
// no memory. On Windows, where free memory cannot be read, that would not help.
func keepMargin(more int) {
	if platform.SIMD() == "" || runtime.GOOS == "windows" {
		return
	}
	if want := margin + more; freeAddresses() < uint64(want) {
		var piece strings.Builder // which does not write zeros into it, as make would
		piece.Grow(want)
		runtime.KeepAlive(piece.Cap())
		runtime.GC() // or the piece would count when the next collection is planned
	}
}

// freeAddresses returns how many bytes the heap has grown by and does not use.
func freeAddresses() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() + s[1].Value.Uint64()
}
