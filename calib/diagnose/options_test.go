// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestZeroOptions: the zero value leaves out every level, on 16 pictures.
func TestZeroOptions(t *testing.T) {
	if diff := cmp.Diff(Options{Levels: []Level{ByClass, ByBlock, ByOperation}, Pictures: 16}, Options{}.filled()); diff != "" {
		t.Error(diff)
	}
}
