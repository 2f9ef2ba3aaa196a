// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestCubics: weights at the half between two places, as the kernel with
// a = -0.75 has them, and the border repeated.
func TestCubics(t *testing.T) {
	got := cubics(2, 4)[1] // the weights at 0.25
	want := cubic{[4]int{0, 0, 1, 1}, [4]float32{-0.10546875, 0.87890625, 0.26171875, -0.03515625}}
	if got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if half := cubics(4, 2)[0]; half.weight != [4]float32{-0.09375, 0.59375, 0.59375, -0.09375} || half.at != [4]int{0, 0, 1, 2} {
		t.Errorf("between two: %v", half)
	}
}

// TestCubicsProperties: weights add up to one, and at the size that it has a
// tensor stays as it is.
func TestCubicsProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := rapid.IntRange(1, 40).Draw(t, "from"), rapid.IntRange(1, 90).Draw(t, "to")
		for i, c := range cubics(from, to) {
			sum := c.weight[0] + c.weight[1] + c.weight[2] + c.weight[3]
			if math.Abs(float64(sum)-1) > 1e-6 || !slices.IsSorted(c.at[:]) || c.at[0] < 0 || c.at[3] >= from {
				t.Fatalf("place %d: %v", i, c)
			}
			if from == to && (c.at[1] != i || c.weight != [4]float32{0, 1, 0, 0}) {
				t.Fatalf("place %d of the same size: %v", i, c)
			}
		}
	})
}

// TestBicubic: a pixel has the class whose sum over the sixteen neighbours is the largest,
// and the filter decides.
func TestBicubic(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	logits := make([]float32, 6*8*5)
	for i := range logits {
		logits[i] = float32(rng.NormFloat64())
	}
	shape := []int{6, 8, 5}
	cubic := Bicubic(logits, shape, 32, 24)
	if slices.Equal(cubic, Bilinear(logits, shape, 32, 24)) {
		t.Error("the filter does not decide")
	}
	// By definition: the sum over both sides at once, in float64.
	at := func(y, x, k int) float64 {
		sum := 0.0
		for i, ty := 0, cubics(6, 24)[y]; i < 4; i++ {
			for j, tx := 0, cubics(8, 32)[x]; j < 4; j++ {
				sum += float64(ty.weight[i]) * float64(tx.weight[j]) * float64(logits[(ty.at[i]*8+tx.at[j])*5+k])
			}
		}
		return sum
	}
	for i, class := range cubic {
		for k := range 5 {
			if at(i/32, i%32, k) > at(i/32, i%32, int(class))+1e-5 {
				t.Fatalf("place %d has class %d, class %d is larger", i, class, k)
			}
		}
	}
}

// TestBilinear: a pixel has the class whose interpolated logit is the largest. By definition,
// in float64, a place of the logits weighs 1 at its own centre and falls to 0 at the centres
// of its neighbours, and pixels beyond the outer centres have the logits of the border.
func TestBilinear(t *testing.T) {
	const classes = 4
	weight := func(pixel, place, from, to int) float64 {
		at := (float64(pixel)+0.5)*float64(from)/float64(to) - 0.5
		return max(0, 1-math.Abs(min(max(at, 0), float64(from-1))-float64(place)))
	}
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.IntRange(1, 5)
		sh, sw := side.Draw(t, "rows"), side.Draw(t, "columns")
		h, w := rapid.IntRange(1, 16).Draw(t, "h"), rapid.IntRange(1, 16).Draw(t, "w")
		n := sh * sw * classes
		logits := rapid.SliceOfN(rapid.Float32Range(-9, 9), n, n).Draw(t, "logits")
		for i, class := range Bilinear(logits, []int{sh, sw, classes}, w, h) {
			var sums [classes]float64
			for j, x := range logits {
				place := j / classes
				sums[j%classes] += weight(i/w, place/sw, sh, h) * weight(i%w, place%sw, sw, w) * float64(x)
			}
			if best := slices.Max(sums[:]); best > sums[class]+1e-5 {
				t.Fatalf("pixel %d, %d has class %d of %v", i%w, i/w, class, sums)
			}
		}
	})
}

func BenchmarkBicubic(b *testing.B) {
	logits := make([]float32, 128*256*19)
	for b.Loop() {
		Bicubic(logits, []int{128, 256, 19}, 2048, 1024)
	}
}
