// SPDX-License-Identifier: Apache-2.0

package efficientvit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAt: a network at another size equals the network that is described at that size.
func TestAt(t *testing.T) {
	for _, variant := range VariantNames() {
		t.Run(variant, func(t *testing.T) {
			at, err := Describe(variant)
			if err != nil {
				t.Fatal(err)
			}
			if at, err = at.At(96, 160); err != nil {
				t.Fatal(err)
			}
			want, err := Describe(variant, InputSize(96, 160))
			if err != nil {
				t.Fatal(err)
			}
			at.Name = want.Name // the names of some variants include the size
			if diff := cmp.Diff(want, at); diff != "" {
				t.Error(diff)
			}
		})
	}
	net, err := Describe("seg-b0-cityscapes")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := net.At(50, 64); err == nil || !strings.Contains(err.Error(), "at 50×64: Add") {
		t.Errorf("a size whose maps do not add has the error %v", err)
	}
}
