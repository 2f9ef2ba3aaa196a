// SPDX-License-Identifier: Apache-2.0

//go:build goexperiment.simd && !windows

package forward

import (
	"runtime"
	"runtime/debug"
	"simd"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// TestPartialLoadsDoNotFault fills pages with tensors whose last row is a part
// of a vector. Without the margin one of them ends with the heap. When a version
// of Go passes without it, the margin has had its day.
func TestPartialLoadsDoNotFault(t *testing.T) {
	defer keepAddresses()()
	defer keepMargin(0)()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	tensors := make([][]float32, 16<<10) // the tensors take 128 MiB
	defer func() {
		if fault := recover(); fault != nil {
			t.Errorf("%v", fault)
		}
	}()
	for i := range tensors {
		tensors[i] = make([]float32, 2048) // each takes a page of Go's heap
		v, _ := simd.LoadFloat32sPart(tensors[i][2045:])
		v.StorePart(tensors[i][:1]) // without this store no page would be loaded
	}
}

// TestRunsInFlightHaveAMarginEach: of two graphs that begin together, neither
// holds anything yet.
func TestRunsInFlightHaveAMarginEach(t *testing.T) {
	defer keepAddresses()()
	const held = 512 << 20
	for range 2 {
		defer keepMargin(held)()
	}
	if got, want := freeAddresses(), uint64(margin+2*held-margin/8); got < want {
		t.Errorf("%d bytes of addresses are free, want %d", got, want)
	}
}

// keepAddresses takes the addresses that others' margins left free.
func keepAddresses() (done func()) {
	var held strings.Builder
	held.Grow(int(freeAddresses()) + 1)
	return func() { runtime.KeepAlive(held.Cap()) }
}

// TestTappedTensorsAreCounted: what a run returns it holds until its end.
func TestTappedTensorsAreCounted(t *testing.T) {
	model := withConstants(t, "b0-r224")
	tapped, err := NewTapped(model, func(*efficientvit.Op) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := tapped.Run(syntheticInput(64, 64))
	if err != nil {
		t.Fatal(err)
	}
	returned := 0
	for _, x := range outputs {
		returned += len(x)
	}
	if tapped.held < returned {
		t.Errorf("%d elements are counted, %d are returned", tapped.held, returned)
	}
}
