// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"slices"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/charts/internal/plot"
)

// rebin spreads a histogram over the bins between rising edges, which are
// positions on an axis, and returns each bin's share of all finite values. A
// bin of the histogram that crosses an edge is split in proportion.
func rebin(h calib.Histogram, position func(float64) float64, edges []float64) []float64 {
	shares := make([]float64, len(edges)-1)
	var total float64
	for _, b := range h.Bins {
		lo32, hi32 := b.Bounds()
		if !plot.Finite(float64(b.Center())) {
			continue
		}
		total += float64(b.Count)
		lo, hi := position(float64(lo32)), position(float64(hi32))
		if b.Center() == 0 || hi <= lo { // the bin has no width
			lo = position(float64(b.Center()))
			hi = lo
		}
		if hi < edges[0] || lo > edges[len(edges)-1] || !plot.Finite(lo) {
			continue
		}
		first := max(0, upper(edges, lo)-1)
		for i := first; i < len(shares) && (edges[i] < hi || i == first); i++ {
			part := 1.0
			if hi > lo {
				part = max(0, min(hi, edges[i+1])-max(lo, edges[i])) / (hi - lo)
			}
			shares[i] += part * float64(b.Count)
		}
	}
	if total > 0 {
		for i := range shares {
			shares[i] /= total
		}
	}
	return shares
}

// upper returns the number of edges at or below v, at most one less than all:
// the last edge belongs to the last bin.
func upper(edges []float64, v float64) int {
	n, _ := slices.BinarySearchFunc(edges, v, func(e, v float64) int {
		if e <= v {
			return -1
		}
		return 1
	})
	return min(n, len(edges)-1)
}

// shareOf returns the share of the finite values whose bin's centre fulfils a
// condition.
func shareOf(h calib.Histogram, is func(v float64) bool) float64 {
	var n, total int64
	for _, b := range h.Bins {
		v := float64(b.Center())
		if !plot.Finite(v) {
			continue
		}
		total += b.Count
		if is(v) {
			n += b.Count
		}
	}
	if total == 0 {
		return 0
	}
	return float64(n) / float64(total)
}
