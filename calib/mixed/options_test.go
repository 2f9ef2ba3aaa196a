// SPDX-License-Identifier: Apache-2.0

package mixed

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestZeroOptions: the zero value tries the widths and pictures of its comment.
func TestZeroOptions(t *testing.T) {
	if diff := cmp.Diff(Options{Bits: []int{4, 6, 8}, Pictures: 16}, Options{}.filled()); diff != "" {
		t.Error(diff)
	}
	given := Options{Bits: []int{8, 5, 8}, Pictures: 3}
	if diff := cmp.Diff(Options{Bits: []int{5, 8}, Pictures: 3}, given.filled()); diff != "" || given.Bits[0] != 8 {
		t.Errorf("%s, and the caller's are %v", diff, given.Bits)
	}
}
