// SPDX-License-Identifier: Apache-2.0

package reconstruct

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestZeroOptions: the zero value is the preset Strict, compensation included.
func TestZeroOptions(t *testing.T) {
	want := Options{Preset: "Strict", Steps: 600, Batch: 16, Exposure: 1, Keep: 0.5, RoundRate: 0.01, StepRate: 0.005, Regularizer: 0.1, Quirks: Quirks{Power: 2}}
	for name, o := range map[string]Options{"zero value": {}, "Strict": Strict(600)} {
		if diff := cmp.Diff(want, o.Filled()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
