// SPDX-License-Identifier: Apache-2.0

package tables

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestZeroOptions: a table takes all calibration pictures once, a sweep the powers of two
// five times and all pictures.
func TestZeroOptions(t *testing.T) {
	all := noise(t, "calibration", 6)
	got, err := Options{}.filled(all)
	if diff := cmp.Diff(Options{Draws: 1, Pictures: 6}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for n, sizes := range map[int][]int{1: {1}, 2: {2}, 6: {2, 4, 6}, 8: {2, 4, 8}} {
		if diff := cmp.Diff(SweepOptions{Sizes: sizes, Draws: 5}, SweepOptions{}.filled(n)); diff != "" {
			t.Errorf("of %d pictures: %s", n, diff)
		}
	}
}
