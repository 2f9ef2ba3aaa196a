// SPDX-License-Identifier: Apache-2.0

package frozentest

import (
	"math/rand/v2"
	"testing"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/integer/fast"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// BenchmarkB1 and BenchmarkSegB0 time the fast executor on one picture, with
// synthetic weights. TRIOVIT_KERNEL chooses the kernels, -cpu the cores.
func BenchmarkB1(b *testing.B) { benchmark(b, "efficientvit-b1-r224", 224, 224) }

func BenchmarkSegB0(b *testing.B) { benchmark(b, "efficientvit-seg-b0-cityscapes", 704, 960) }

func benchmark(b *testing.B, variant string, height, width int) {
	net, err := efficientvit.Describe(variant, efficientvit.InputSize(height, width))
	if err != nil {
		b.Fatal(err)
	}
	model, err := (&triovit.Model{Net: net, Weights: weights.Synthetic(net.Params())}).Fold()
	if err != nil {
		b.Fatal(err)
	}
	noise := noise(b, 1, height, width)
	m, _ := frozen(b, model, noise, calib.TrioViTPlusInteger, oneSlice, noise, 1)
	e, err := fast.New(m)
	if err != nil {
		b.Fatal(err)
	}
	input := m.Input()
	rng := rand.New(rand.NewPCG(5, 6))
	picture := make([]int32, efficientvit.Size(input.Shape[:]))
	for i := range picture {
		picture[i] = int32(input.Grid.Lo + rng.IntN(input.Grid.Hi-input.Grid.Lo+1))
	}
	logits := make([]int32, efficientvit.Size(net.Output().Shape))
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Logits(b.Context(), logits, picture); err != nil {
			b.Fatal(err)
		}
	}
}
