// SPDX-License-Identifier: Apache-2.0

package event

import (
	"strings"
	"testing"

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
