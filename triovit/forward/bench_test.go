// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"testing"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// BenchmarkForward runs folded networks with synthetic weights; the time is
// that of one batch.
func BenchmarkForward(b *testing.B) {
	for _, c := range []struct {
		name, variant string
		h, w, n       int
	}{
		{"B1-224/batch1", "b1-r224", 224, 224, 1},
		{"B1-224/batch8", "b1-r224", 224, 224, 8},
		{"B0-128/batch16", "b0-r224", 128, 128, 16},
		{"Seg-B0-704x960/batch1", "seg-b0-cityscapes", 704, 960, 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			net, err := efficientvit.Describe(c.variant, efficientvit.InputSize(c.h, c.w))
			if err != nil {
				b.Fatal(err)
			}
			model := &triovit.Model{Net: net, Weights: weights.Synthetic(net.Params())}
			folded, err := model.Fold()
			if err != nil {
				b.Fatal(err)
			}
			exec, err := New(folded)
			if err != nil {
				b.Fatal(err)
			}
			input := weights.SyntheticInput(c.n * 3 * c.h * c.w)
			for b.Loop() {
				if _, err := exec.Predict(input); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
