// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"

	"github.com/gotriovit/gotriovit/internal/platform"
)

// margin is how many bytes of addresses the heap has free when a graph starts to
// run, beside what it and those in flight hold.
const margin = 1 << 30

// inFlight is what the graphs that run at this moment hold of the process's one
// heap, in bytes.
var inFlight struct {
	sync.Mutex
	held int
}

// keepMargin keeps the tensors of a graph that is about to run, and holds so many
// bytes, away from the end of the heap. The partial loads of package simd, by which
// the Go backend reads the last elements of a row, read a whole vector and mask it
// afterwards (Go 1.27.4): up to 60 bytes beyond a tensor, a fault where the heap
// ends there too. Go fills its heap from the lowest address on and keeps what it
// has grown to, so where too little is free, it grows once by a piece that is
// dropped unused: addresses, no memory. On Windows, where free memory cannot be
// read, that would not help. The caller calls done when the graph has run.
func keepMargin(held int) (done func()) {
	if platform.SIMD() == "" || runtime.GOOS == "windows" {
		return func() {}
	}
	inFlight.Lock()
	defer inFlight.Unlock()
	inFlight.held += held
	if want := margin + inFlight.held; freeAddresses() < uint64(want) {
		var piece strings.Builder // which does not write zeros into it, as make would
		piece.Grow(want)
		runtime.KeepAlive(piece.Cap())
		runtime.GC() // or the piece would count when the next collection is planned
	}
	return func() {
		inFlight.Lock()
		defer inFlight.Unlock()
		inFlight.held -= held
	}
}

// freeAddresses returns how many bytes the heap has grown by and does not use.
func freeAddresses() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() + s[1].Value.Uint64()
}
