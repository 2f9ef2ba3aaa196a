// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"

	"github.com/gotriovit/gotriovit/internal/platform"
)

// margin is the number of bytes of free addresses that the heap must have when a graph
// starts to run, beside the memory of this graph and of those already running.
const margin = 1 << 30

// inFlight counts the bytes that the running graphs hold on the process's heap.
var inFlight struct {
	sync.Mutex
	held int
}

// keepMargin keeps the tensors of a graph that is about to run, and holds the given bytes,
// away from the end of the heap. The Go backend reads the last elements of a row with the
// partial loads of package simd, which read a whole vector and mask it afterwards (Go
// 1.27.4). They read up to 60 bytes beyond a tensor, which faults where the heap ends
// there too. Go fills its heap from the lowest address on and keeps the addresses that it
// has grown to. So where too few are free, keepMargin grows the heap once by a piece that
// is dropped unused: this takes addresses, not memory. On Windows, where free memory
// cannot be read, this would not help. The caller calls done when the graph has run.
func keepMargin(held int) (done func()) {
	if platform.SIMD() == "" || runtime.GOOS == "windows" {
		return func() {}
	}
	inFlight.Lock()
	defer inFlight.Unlock()
	inFlight.held += held
	if want := margin + inFlight.held; freeAddresses() < uint64(want) {
		var piece strings.Builder // a builder does not write zeros into the piece, as make would
		piece.Grow(want)
		runtime.KeepAlive(piece.Cap())
		runtime.GC() // otherwise the piece would count when the next collection is planned
	}
	return func() {
		inFlight.Lock()
		defer inFlight.Unlock()
		inFlight.held -= held
	}
}

// freeAddresses returns how many bytes of the heap's addresses are not in use.
func freeAddresses() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() + s[1].Value.Uint64()
}
