// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"pgregory.net/rapid"
)

// statsOf returns the statistics of a tensor of one channel with a picture's
// values in each argument.
func statsOf(t interface{ Fatal(...any) }, pictures ...[]float32) *TensorStats {
	c := newCollector(&efficientvit.Op{Name: "x", Shape: []int{len(pictures[0]), 1}})
	for _, values := range pictures {
		if err := c.add(values); err != nil {
			t.Fatal(err)
		}
	}
	s := c.finish()
	if err := s.check(len(pictures)); err != nil {
		t.Fatal(err)
	}
	return s
}

// distributions are some that activations have: bell, heavy tails, one side,
// few far values, few distinct values.
var distributions = map[string]func(rng *rand.Rand, i int) float64{
	"normal":  func(rng *rand.Rand, _ int) float64 { return rng.NormFloat64() },
	"laplace": func(rng *rand.Rand, _ int) float64 { return math.Copysign(rng.ExpFloat64(), rng.NormFloat64()) },
	"cubed":   func(rng *rand.Rand, _ int) float64 { return math.Pow(rng.NormFloat64(), 3) },
	"hardswish": func(rng *rand.Rand, _ int) float64 {
		v := rng.NormFloat64()
		return v * min(max(v+3, 0), 6) / 6
	},
	"outliers": func(rng *rand.Rand, i int) float64 {
		if i%500 == 7 {
			return 30 * rng.NormFloat64()
		}
		return rng.NormFloat64()
	},
	"few":     func(rng *rand.Rand, _ int) float64 { return math.Round(rng.NormFloat64()) },
	"uniform": func(rng *rand.Rand, _ int) float64 { return 2*rng.Float64() - 1 },
}

// drawn returns n values of a distribution in some unit.
func drawn(distribution string, n int, unit float64, seed uint64) []float32 {
	rng := rand.New(rand.NewPCG(seed, 1))
	xs := make([]float32, n)
	for i := range xs {
		xs[i] = float32(unit * distributions[distribution](rng, i))
	}
	return xs
}

// sample draws n values of any of the distributions.
func sample(t *rapid.T, n int) []float32 {
	return drawn(rapid.SampledFrom(slices.Sorted(maps.Keys(distributions))).Draw(t, "distribution"), n,
		math.Exp2(rapid.Float64Range(-12, 12).Draw(t, "log2 of the unit")), rapid.Uint64().Draw(t, "seed"))
}

// lpError is the mean of |x − x̂|^p over the values themselves.
func lpError(xs []float32, q Quantizer, p float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += math.Pow(math.Abs(float64(x)-float64(q.Fake(x))), p)
	}
	return sum / float64(len(xs))
}

// searched returns the error, over the values themselves, of the grid that a
// search picks from their histogram, and that of the best of the same
// candidates, found by trying them all.
func searched(t interface{ Fatal(...any) }, search LpSearch, xs []float32, bits int) (got, best float64) {
	q, err := search.Choose(statsOf(t, xs), efficientvit.Point{Bits: bits, Signed: true})
	if err != nil {
		t.Fatal(err)
	}
	lo, hi := float64(slices.Min(xs)), float64(slices.Max(xs))
	best = math.Inf(1)
	for i := range search.candidates() {
		keep := 1 - float64(i)/100
		best = min(best, lpError(xs, gridOf(lo*keep, hi*keep, bits, true, search.Affine), search.P))
	}
	return lpError(xs, q, search.P), best
}

// blur returns the mean of |x − u|^p over values x and all u in the bin of x: how
// far a histogram moves them.
func blur(xs []float32, p float64) float64 {
	lo, hi := float64(slices.Min(xs)), float64(slices.Max(xs))
	sum := 0.0
	for _, x := range xs {
		near, far := Bin{Key: uint16(math.Float32bits(x) >> 16)}.within(lo, hi)
		if v := float64(x); far > near {
			sum += (math.Pow(v-near, p+1) + math.Pow(far-v, p+1)) / ((p + 1) * (far - near))
		}
	}
	return sum / float64(len(xs))
}

// TestSearchIsNearlyExact bounds what the histogram costs the search, whatever
// the values. The distance to a grid changes by no more than its argument, so by
// Minkowski's inequality a histogram changes the norm of each candidate's error by
// at most that of the blur: the pick is worse than the best by twice as much.
func TestSearchIsNearlyExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := sample(t, 4000)
		search := rapid.SampledFrom([]LpSearch{L24, {P: 2.4, Affine: true}, OMSE}).Draw(t, "search")
		got, best := searched(t, search, xs, rapid.SampledFrom([]int{4, 6, 8}).Draw(t, "bits"))
		norm := func(mean float64) float64 { return math.Pow(mean, 1/search.P) }
		rounding := 1e-6 * float64(max(slices.Max(xs), -slices.Min(xs)))
		if bound := norm(best) + 2*norm(blur(xs, search.P)) + rounding; norm(got) > bound {
			t.Errorf("%s: an error of norm %g, the best candidate's is %g, the bound %g", search, norm(got), norm(best), bound)
		}
	})
}

// TestSearchOfDistributions: where values are spread over their bins, the pick has
// at most a tenth more error than the best.
func TestSearchOfDistributions(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(distributions)) {
		if name == "few" {
			continue // whole numbers lie at the ends of bins
		}
		t.Run(name, func(t *testing.T) {
			for _, search := range []LpSearch{L24, {P: 2.4, Affine: true}, OMSE} {
				for _, bits := range []int{4, 6, 8} {
					if got, best := searched(t, search, drawn(name, 4000, 1, 5), bits); got > 1.1*best {
						t.Errorf("%s in %d bits: an error of %g, the best candidate has %g", search, bits, got, best)
					}
				}
			}
		})
	}
}

// TestGridErrorIsAnIntegral: the closed form equals a sum over narrow slices.
func TestGridErrorIsAnIntegral(t *testing.T) {
	u := grid.Uniform{Scale: 0.5, Zero: 3, Lo: 0, Hi: 7} // values from −1.5 to 2
	for _, p := range []float64{1, 2, 2.4} {
		e := gridError{p: p, lo: -3, hi: 4, half: math.Pow(0.5, p+1)}
		for _, to := range []float64{-4, -1.6, -1.1, -0.2, 0, 0.25, 0.9, 2, 2.2, 5} {
			want, slices := 0.0, 200000
			for i := range slices {
				x := to * (float64(i) + 0.5) / float64(slices)
				want += math.Pow(math.Abs(x-float64(u.Fake(float32(x)))), p) * to / float64(slices)
			}
			if got := e.integral(to/0.5) * math.Pow(0.5, p+1); math.Abs(got-want) > 1e-4*max(1, math.Abs(want)) {
				t.Errorf("p %g from 0 to %g: %g, the sum is %g", p, to, got, want)
			}
		}
	}
}

// TestOMSE: of a normal distribution on 4 bits, the clipping that is best lies
// near 2.55 deviations (Banner et al., arXiv 1810.05723, Table 1).
func TestOMSE(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	xs := make([]float32, 400000)
	for i := range xs {
		xs[i] = float32(rng.NormFloat64())
	}
	q, err := OMSE.Choose(statsOf(t, xs), efficientvit.Point{Bits: 4, Signed: true})
	if err != nil {
		t.Fatal(err)
	}
	if clip := 7.5 * q.(grid.Uniform).Scale; clip < 2.4 || clip > 2.8 {
		t.Errorf("clips at %g deviations", clip)
	}
}

// TestObserversByHand is a table of small tensors whose grids follow by hand.
func TestObserversByHand(t *testing.T) {
	thousand := make([]float32, 1000) // values from 1 to 1000
	for i := range thousand {
		thousand[i] = float32(i + 1)
	}
	signed, unsigned := efficientvit.Point{Bits: 8, Signed: true}, efficientvit.Point{Bits: 8}
	for _, c := range []struct {
		name     string
		observer Observer
		pictures [][]float32
		point    efficientvit.Point
		end      float64 // the largest value of the grid
		within   float64 // the relative tolerance
	}{
		{"a search keeps a range without tails", L24, [][]float32{{-1, -0.5, 0.5, 1}}, signed, 1, 0.02},
		{"a search of zeros", L24, [][]float32{{0, 0, 0}}, signed, 127, 0},
		{"percentile of 1 to 1000", Percentile{Percent: 90}, [][]float32{thousand}, unsigned, 900, 0.008},
		{"percentile of both ends", Percentile{Percent: 90}, [][]float32{negated(thousand)}, signed, 900, 0.008},
		{"percentile of all", Percentile{Percent: 100}, [][]float32{thousand}, unsigned, 1000, 1e-6},
		{"EMA of one picture", EMA{}, [][]float32{{-2, 1}}, signed, 2, 1e-6},
		{"EMA of maxima 1, 3, 3", EMA{Weight: 0.5}, [][]float32{{0, 1}, {0, 3}, {0, 3}}, unsigned, 2.5, 1e-6},
		{"EMA of minima -4, 0", EMA{Weight: 0.25}, [][]float32{{-4, 1}, {0, 1}}, signed, 3, 1e-6},
		{"entropy of a uniform distribution", Entropy{}, [][]float32{thousand}, unsigned, 1000, 0.01},
		{"entropy with a far value", Entropy{}, [][]float32{append([]float32{8000}, thousand...)}, unsigned, 1000, 0.05},
		{"entropy of 16 bits", Entropy{}, [][]float32{append([]float32{8000}, thousand...)}, efficientvit.Point{Bits: 16}, 8000, 1e-6},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := c.observer.Choose(statsOf(t, c.pictures...), c.point)
			if err != nil {
				t.Fatal(err)
			}
			if got := float64(q.Fake(math.MaxFloat32)); math.Abs(got-c.end) > c.within*c.end {
				t.Errorf("%s: the grid ends at %g, want %g", c.observer, got, c.end)
			}
		})
	}
}

func negated(xs []float32) []float32 {
	ys := slices.Clone(xs)
	for i := range ys {
		ys[i] = -ys[i]
	}
	return ys
}

// TestObserverLaws: whatever the values, a rule's step is positive, its grid
// keeps zero and does not reach beyond the range that was seen, and it does not
// depend on the unit: twice the values, twice the step.
func TestObserverLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := sample(t, 300)
		observer := rapid.SampledFrom(Observers).Draw(t, "observer")
		point := efficientvit.Point{Bits: rapid.IntRange(MinBits, 9).Draw(t, "bits"), Signed: true}
		choose := func(xs []float32) grid.Uniform {
			q, err := observer.Choose(statsOf(t, xs[:150], xs[150:]), point)
			if err != nil {
				t.Fatal(err)
			}
			return q.(grid.Uniform)
		}
		q := choose(xs)
		widest := float64(max(-slices.Min(xs), slices.Max(xs)))
		if !(q.Scale > 0) || q.Fake(0) != 0 {
			t.Errorf("%s: %s", observer, q)
		}
		if end := float64(q.Fake(math.MaxFloat32)); end > widest*(1+1e-5)+float64(q.Scale) {
			t.Errorf("%s: %s ends at %g, the values at %g", observer, q, end, widest)
		}
		twice := slices.Clone(xs)
		for i := range twice {
			twice[i] *= 2
		}
		if d := choose(twice); math.Abs(float64(d.Scale)/float64(q.Scale)-2) > 1e-5 {
			t.Errorf("%s: steps of %g and, for twice the values, %g", observer, q.Scale, d.Scale)
		}
	})
}

// TestPercentileIsMonotone: a higher percentile never makes a narrower grid.
func TestPercentileIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := statsOf(t, sample(t, 300))
		percents := []float64{rapid.Float64Range(50.001, 100).Draw(t, "a"), rapid.Float64Range(50.001, 100).Draw(t, "b")}
		slices.Sort(percents)
		var steps []float32
		for _, p := range percents {
			lo, hi := float64(s.Hist.Quantile(1-p/100)), float64(s.Hist.Quantile(p/100))
			if max(-lo, hi) <= 0 {
				t.Skip("nothing but zeros is left")
			}
			q, err := Percentile{Percent: p}.Choose(s, efficientvit.Point{Bits: 8, Signed: true})
			if err != nil {
				t.Fatal(err)
			}
			steps = append(steps, q.(grid.Uniform).Scale)
		}
		if steps[0] > steps[1] {
			t.Errorf("percentiles %v have steps of %v", percents, steps)
		}
	})
}

// TestEntropyIsNearlyExact: with the values counted in equal bins, as TensorRT
// counts them, the threshold that the histogram leads to has hardly more
// divergence than the best.
func TestEntropyIsNearlyExact(t *testing.T) {
	const levels = 128
	for name := range distributions {
		t.Run(name, func(t *testing.T) {
			xs := drawn(name, 1<<18, 3, 1)
			s := statsOf(t, xs)
			largest := float64(max(-s.Min[0], s.Max[0]))
			counts := make([]float64, entropyBins)
			for _, x := range xs {
				counts[min(int(math.Abs(float64(x))/largest*entropyBins), entropyBins-1)]++
			}
			exact := newEntropySums(counts)
			got := exact.divergence(entropyThreshold(magnitudes(s.Hist, float64(s.Min[0]), float64(s.Max[0]), largest), levels), levels)
			if least := exact.divergence(entropyThreshold(counts, levels), levels); got > least+0.01 {
				t.Errorf("a divergence of %g, the least is %g", got, least)
			}
		})
	}
}

// TestEntropyDivergence holds the sums to the definition, written out.
func TestEntropyDivergence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(0, 9).Draw(t, "n")) }), 4, 30).Draw(t, "counts")
		levels := rapid.IntRange(1, 4).Draw(t, "levels")
		keep := rapid.IntRange(levels, len(counts)).Draw(t, "keep")
		p, q, inside, total := slices.Clone(counts[:keep]), make([]float64, keep), 0.0, 0.0
		for i, n := range counts {
			total += n
			if i < keep {
				inside += n
			} else {
				p[keep-1] += n
			}
		}
		want := 0.0
		for level := range levels {
			first, end := level*keep/levels, (level+1)*keep/levels
			count, occupied := 0.0, 0.0
			for _, n := range counts[first:end] {
				count, occupied = count+n, occupied+min(n, 1)
			}
			for i := first; i < end; i++ {
				if q[i] = count / occupied / inside; p[i] > 0 {
					want += p[i] / total * math.Log(p[i]/total/q[i])
				}
			}
		}
		got := newEntropySums(counts).divergence(keep, levels)
		if finite := !math.IsNaN(want) && !math.IsInf(want, 0); finite && math.Abs(got-want) > 1e-9 || !finite && got < math.Inf(1) {
			t.Errorf("%g, by definition %g", got, want)
		}
	})
}

// TestCalibrateLooksAtTransformedTensors: a recipe that transforms and searches
// needs what the transforms make of the values. Quantize alone says so.
func TestCalibrateLooksAtTransformedTensors(t *testing.T) {
	model, profile := small(t)
	plain, err := Quantize(model, profile, TrioViTPlus)
	if err != nil {
		t.Fatal(err)
	}
	for _, observer := range []Observer{L24, EMA{}} {
		recipe := TrioViTPlus.By(observer)
		if _, err := Quantize(model, profile, recipe); err == nil || !strings.Contains(err.Error(), "Calibrate") {
			t.Errorf("%s: Quantize says %v", recipe.Name, err)
		}
		q, err := Calibrate(context.Background(), model, noise(t, 6, 64), recipe)
		if err != nil {
			t.Fatal(err)
		}
		if len(q.Changes) != len(plain.Changes) || len(q.quantizers) != len(plain.quantizers) {
			t.Errorf("%s: %d changes and %d quantizers, by min-max %d and %d", recipe.Name, len(q.Changes), len(q.quantizers), len(plain.Changes), len(plain.quantizers))
		}
		finer := 0
		for name, quantizer := range q.quantizers {
			if u, ok := quantizer.(grid.Uniform); ok && u.Scale < 0.999*plain.quantizers[name].(grid.Uniform).Scale {
				finer++
			}
		}
		if finer == 0 {
			t.Errorf("%s: no grid is finer than that of min-max", recipe.Name)
		}
	}
}

// TestRecipesByName: every recipe by every observer has a name that finds it,
// and no name has the comma that separates names.
func TestRecipesByName(t *testing.T) {
	for _, base := range Named() {
		for _, observer := range Observers {
			want := base.By(observer)
			got, err := RecipeNamed(want.Name)
			if err != nil || got.String() != want.String() || strings.Contains(want.Name, ",") {
				t.Errorf("%q: found %q, %v", want.Name, got, err)
			}
		}
	}
}
