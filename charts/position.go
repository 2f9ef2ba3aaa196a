// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/calib"
)

// A tick is a labelled place on an axis.
type tick struct {
	at    float64
	label string
}

// symlog places values on a symmetric-logarithmic axis, the inverse hyperbolic sine: one
// unit per decade for magnitudes above unit, nearly linear below. So an outlier and the
// many values around zero are both visible, and a distribution has no kink between the two
// parts.
type symlog struct{ unit float64 }

// symlogDecades bounds how many decades an axis spans on either side.
const symlogDecades = 4

// newSymlog chooses the unit so that all but the smallest twentieth of the
// magnitudes, zeros left out, are spread by decades.
func newSymlog(magnitudes []float64) symlog {
	var m []float64
	for _, v := range magnitudes {
		if v > 0 && finite(v) {
			m = append(m, v)
		}
	}
	if len(m) == 0 {
		return symlog{unit: 1}
	}
	slices.Sort(m)
	low := decade(m[len(m)/20])
	high := decade(m[len(m)-1])
	return symlog{unit: math.Pow(10, float64(max(low, high-symlogDecades)))}
}

// decade returns the power of ten at or below v.
func decade(v float64) int { return int(math.Floor(math.Log10(v))) }

func (s symlog) position(v float64) float64 { return math.Asinh(v/(2*s.unit)) / math.Ln10 }

// value writes the number whose position is at.
func (s symlog) value(at float64) string { return number(2 * s.unit * math.Sinh(at*math.Ln10)) }

// tickGap is the smallest distance of two labels, as a part of the axis.
const tickGap = 0.11

// ticks returns ticks between two positions: zero, the powers of ten from the unit
// on, and such of the other values as have room for their label.
func (s symlog) ticks(lo, hi float64, others []float64) []tick {
	values := []float64{0}
	for k := range symlogDecades + 2 {
		v := s.unit * math.Pow(10, float64(k))
		values = append(values, v, -v)
	}
	var ticks []tick
	for _, v := range append(values, others...) {
		at := s.position(v)
		near := func(t tick) bool { return math.Abs(t.at-at) < tickGap*(hi-lo) }
		if at >= lo && at <= hi && !slices.ContainsFunc(ticks, near) {
			ticks = append(ticks, tick{at: at, label: number(v)})
		}
	}
	return ticks
}

// octaves returns at most n ticks at powers of two. A tick's position is the exponent.
func octaves(lo, hi float64, n int) []tick {
	step := max(1, math.Ceil((hi-lo)/float64(n)))
	var ticks []tick
	for at := math.Ceil(lo/step) * step; at <= hi; at += step {
		ticks = append(ticks, tick{at: at, label: power2(int(at))})
	}
	return ticks
}

var superscripts = strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴",
	"5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹")

func power2(exponent int) string { return "2" + superscripts.Replace(strconv.Itoa(exponent)) }

// rebin spreads a histogram over the bins between rising edges, which are
// positions on an axis, and returns each bin's share of all finite values. A
// bin of the histogram that crosses an edge is split in proportion.
func rebin(h calib.Histogram, position func(float64) float64, edges []float64) []float64 {
	shares := make([]float64, len(edges)-1)
	var total float64
	for _, b := range h.Bins {
		lo32, hi32 := b.Bounds()
		if !finite(float64(b.Center())) {
			continue
		}
		total += float64(b.Count)
		lo, hi := position(float64(lo32)), position(float64(hi32))
		if b.Center() == 0 || hi <= lo { // the bin has no width
			lo = position(float64(b.Center()))
			hi = lo
		}
		if hi < edges[0] || lo > edges[len(edges)-1] || !finite(lo) {
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

// spaced returns the n+1 edges of n bins of equal width from lo to hi.
func spaced(lo, hi float64, n int) []float64 {
	edges := make([]float64, n+1)
	for i := range edges {
		edges[i] = lo + (hi-lo)*float64(i)/float64(n)
	}
	return edges
}

// shareOf returns the share of the finite values whose bin's centre fulfils a
// condition.
func shareOf(h calib.Histogram, is func(v float64) bool) float64 {
	var n, total int64
	for _, b := range h.Bins {
		v := float64(b.Center())
		if !finite(v) {
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

// number writes a number as a reader wants it: three significant digits,
// thousands apart, no exponent where that can be avoided.
func number(v float64) string {
	if !finite(v) {
		return strings.TrimPrefix(strconv.FormatFloat(v, 'g', -1, 64), "+")
	}
	return grouped(rounded(v, 3))
}

// count writes a whole number with its thousands apart.
func count(n int) string { return grouped(float64(n)) }

func grouped(r float64) string {
	if r == 0 {
		return "0"
	}
	if m := math.Abs(r); m < 1e-4 || m >= 1e7 {
		return strings.Replace(strconv.FormatFloat(r, 'g', 3, 64), "-", "−", 1)
	}
	digits := strconv.FormatFloat(math.Abs(r), 'f', -1, 64)
	whole, fraction, found := strings.Cut(digits, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if found {
		whole += "." + fraction
	}
	if r < 0 {
		whole = "−" + whole
	}
	return whole
}

// percent writes a share, 1 for all, in percent.
func percent(share float64) string {
	switch p := 100 * share; {
	case share == 0:
		return "none"
	case p < 0.1:
		return "under 0.1 %"
	case p > 99.9 && share < 1:
		return "over 99.9 %"
	case p < 10:
		return strconv.FormatFloat(p, 'f', 1, 64) + " %"
	default:
		return strconv.FormatFloat(p, 'f', 0, 64) + " %"
	}
}

// capital returns a sentence with its first letter in upper case.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
