// SPDX-License-Identifier: Apache-2.0

package event

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
)

// TestOptionsString: a report names every option that is not the default.
func TestOptionsString(t *testing.T) {
	for want, o := range map[string]Options{
		"backbone, both pipelines": {},
		"backbone, no pipelines":   {Pipelines: hwsim.NoPipelines},
		"whole, both pipelines":    {Scope: hwsim.Whole, Batch: 1, WeightBits: 8},
		"backbone, no pipelines, batch of 4, 4-bit weights, weights of another width in 1 operations, free memory": {Pipelines: hwsim.NoPipelines, Batch: 4, WeightBits: 4, WeightBitsOf: map[string]int{"a": 2}, FreeMemory: true},
		"backbone, no pipelines, tiles of 64 pixels, free auxiliary units":                                         {Pipelines: hwsim.NoPipelines, TilePixels: 64, FreeAuxiliary: true},
	} {
		if got := o.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if s := paperRun(t, func(_ *arch.Config, o *Options) { o.WeightBits = 4 }).String(); !strings.HasPrefix(s, "event-driven, efficientvit-b1-r224, backbone, both pipelines, 4-bit weights, copies share pixels\n") {
		t.Errorf("the page does not say of which weights:\n%.200s", s)
	}
}

// TestZeroOptions: nothing said is the paper's design, run as the authors do.
func TestZeroOptions(t *testing.T) {
	want := Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines, Batch: 1, WeightBits: 8}
	if diff := cmp.Diff(want, Options{}.filled()); diff != "" {
		t.Error(diff)
	}
	zero, said := paperRun(t, func(*arch.Config, *Options) {}), paperRun(t, func(_ *arch.Config, o *Options) { *o = want })
	if zero.Cycles != said.Cycles || zero.String() != said.String() {
		t.Errorf("%d cycles, %d with the options said", zero.Cycles, said.Cycles)
	}
}
