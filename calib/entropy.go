// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"math"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// Entropy is TensorRT's calibration (Migacz, "8-bit inference with TensorRT", GTC 2017).
// It clips at the threshold with the smallest Kullback-Leibler divergence between the
// observed distribution and its quantization. Magnitudes are counted in 2,048 equal bins.
// A threshold is the end of a bin, and magnitudes beyond it count in the last bin kept. A
// grid with at least as many codes as bins is that of [MinMax].
type Entropy struct{}

// entropyBins is the number of bins in TensorRT's calibration.
const entropyBins = 2048

// String names the rule.
func (Entropy) String() string { return "entropy" }

// Choose returns a symmetric or unsigned grid.Uniform.
func (Entropy) Choose(stats *TensorStats, point efficientvit.Point) (Quantizer, error) {
	lo, hi, err := stats.distribution(point)
	if err != nil {
		return nil, err
	}
	largest, levels := hi, 1<<point.Bits
	if point.Signed {
		largest, levels = max(-lo, hi), levels/2
	}
	counts := magnitudes(stats.Hist, lo, hi, largest)
	keep := entropyThreshold(counts, levels)
	end := largest * float64(keep) / entropyBins
	return gridOf(-end, end, point.Bits, point.Signed, false), nil
}

// magnitudes counts |x| in equal bins from 0 to largest. A histogram bin beyond the first
// is spread evenly over its own width. Magnitudes beyond largest count in the last bin.
func magnitudes(h Histogram, lo, hi, largest float64) []float64 {
	counts := make([]float64, entropyBins)
	if !(largest > 0) {
		return counts
	}
	for _, b := range h.Bins {
		near, far := b.within(lo, hi)
		if near < 0 {
			near, far = -far, -near
		}
		near, far = near/largest*entropyBins, far/largest*entropyBins
		first, last := min(int(near), entropyBins-1), min(int(far), entropyBins-1)
		if first == last {
			counts[first] += float64(b.Count)
			continue
		}
		for i := first; i <= last; i++ {
			part := min(far, float64(i+1)) - max(near, float64(i))
			counts[i] += float64(b.Count) * part / (far - near)
		}
	}
	return counts
}

// entropyThreshold returns the number of bins to keep, the one with the smallest
// divergence between the counts and their quantization to levels.
func entropyThreshold(counts []float64, levels int) int {
	sums := newEntropySums(counts)
	best, least := len(counts), math.Inf(1)
	for keep := len(counts); keep >= levels; keep-- {
		if d := sums.divergence(keep, levels); d < least {
			best, least = keep, d
		}
	}
	return best
}

// entropySums holds prefix sums over the bins: of n, of n·ln n, and the number of bins
// that are not empty. Index k covers the first k bins.
type entropySums struct{ n, nLogN, occupied []float64 }

func newEntropySums(counts []float64) entropySums {
	s := entropySums{make([]float64, 1, len(counts)+1), make([]float64, 1, len(counts)+1), make([]float64, 1, len(counts)+1)}
	for i, n := range counts {
		held := 0.0
		if n > 0 {
			held = 1
		}
		s.n, s.nLogN, s.occupied = append(s.n, s.n[i]+n), append(s.nLogN, s.nLogN[i]+xLogX(n)), append(s.occupied, s.occupied[i]+held)
	}
	return s
}

func xLogX(x float64) float64 {
	if !(x > 0) {
		return 0
	}
	return x * math.Log(x)
}

// divergence returns Σ p·ln(p/q) over the first keep bins. p are the counts, with the
// counts beyond them added to the last bin. q are the counts averaged over the non-empty
// bins of each level.
func (s entropySums) divergence(keep, levels int) float64 {
	total, inside := s.n[len(s.n)-1], s.n[keep]
	beyond := total - inside
	sum := s.nLogN[keep-1] + xLogX(inside-s.n[keep-1]+beyond) - xLogX(total)
	for level := range levels {
		first, end := level*keep/levels, (level+1)*keep/levels
		count := s.n[end] - s.n[first]
		p := count
		if level == levels-1 {
			p += beyond
		}
		if p > 0 {
			sum -= p * math.Log(count/(s.occupied[end]-s.occupied[first])/inside)
		}
	}
	return sum / total
}
