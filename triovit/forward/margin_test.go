// SPDX-License-Identifier: Apache-2.0

//go:build goexperiment.simd && !windows

package forward

import (
	"runtime/debug"
	"simd"
	"testing"
)

// TestPartialLoadsDoNotFault fills pages with tensors whose last row is a part
// of a vector. Without the margin one of them ends with the heap. When a version
// of Go passes without it, the margin has had its day.
func TestPartialLoadsDoNotFault(t *testing.T) {
	if _, err := Backend(); err != nil {
		t.Fatal(err)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	tensors := make([][]float32, 16<<10) // 128 MiB
	defer func() {
		if fault := recover(); fault != nil {
			t.Errorf("%v", fault)
		}
	}()
	for i := range tensors {
		tensors[i] = make([]float32, 2048) // a page of Go's heap
		v, _ := simd.LoadFloat32sPart(tensors[i][2045:])
		v.StorePart(tensors[i][:1]) // or nothing would be loaded
	}
}
