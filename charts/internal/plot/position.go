// SPDX-License-Identifier: Apache-2.0

package plot

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/table"
)

// A Tick is a labelled place on an axis.
type Tick struct {
	At    float64
	Label string
}

// Symlog places values on a symmetric-logarithmic axis, the inverse hyperbolic sine: one
// unit per decade for magnitudes above Unit, nearly linear below. So an outlier and the
// many values around zero are both visible, and a distribution has no kink between the two
// parts.
type Symlog struct{ Unit float64 }

// symlogDecades bounds how many decades an axis spans on either side.
const symlogDecades = 4

// NewSymlog chooses the unit so that all but the smallest twentieth of the
// magnitudes, zeros left out, are spread by decades.
func NewSymlog(magnitudes []float64) Symlog {
	var m []float64
	for _, v := range magnitudes {
		if v > 0 && Finite(v) {
			m = append(m, v)
		}
	}
	if len(m) == 0 {
		return Symlog{Unit: 1}
	}
	slices.Sort(m)
	low := Decade(m[len(m)/20])
	high := Decade(m[len(m)-1])
	return Symlog{Unit: math.Pow(10, float64(max(low, high-symlogDecades)))}
}

// Decade returns the power of ten at or below v.
func Decade(v float64) int { return int(math.Floor(math.Log10(v))) }

func (s Symlog) Position(v float64) float64 { return math.Asinh(v/(2*s.Unit)) / math.Ln10 }

// Value writes the number whose position is at.
func (s Symlog) Value(at float64) string { return Number(2 * s.Unit * math.Sinh(at*math.Ln10)) }

// tickGap is the smallest distance of two labels, as a part of the axis.
const tickGap = 0.11

// Ticks returns ticks between two positions: zero, the powers of ten from the unit
// on, and such of the other values as have room for their label.
func (s Symlog) Ticks(lo, hi float64, others []float64) []Tick {
	values := []float64{0}
	for k := range symlogDecades + 2 {
		v := s.Unit * math.Pow(10, float64(k))
		values = append(values, v, -v)
	}
	var ticks []Tick
	for _, v := range append(values, others...) {
		at := s.Position(v)
		near := func(t Tick) bool { return math.Abs(t.At-at) < tickGap*(hi-lo) }
		if at >= lo && at <= hi && !slices.ContainsFunc(ticks, near) {
			ticks = append(ticks, Tick{At: at, Label: Number(v)})
		}
	}
	return ticks
}

// Octaves returns at most n ticks at powers of two. A tick's position is the exponent.
func Octaves(lo, hi float64, n int) []Tick {
	step := max(1, math.Ceil((hi-lo)/float64(n)))
	var ticks []Tick
	for at := math.Ceil(lo/step) * step; at <= hi; at += step {
		ticks = append(ticks, Tick{At: at, Label: Power2(int(at))})
	}
	return ticks
}

var superscripts = strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴",
	"5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹")

// Power2 writes the power of two with an exponent.
func Power2(exponent int) string { return "2" + superscripts.Replace(strconv.Itoa(exponent)) }

// Spaced returns the n+1 edges of n bins of equal width from lo to hi.
func Spaced(lo, hi float64, n int) []float64 {
	edges := make([]float64, n+1)
	for i := range edges {
		edges[i] = lo + (hi-lo)*float64(i)/float64(n)
	}
	return edges
}

// Number writes a number as a reader wants it: three significant digits,
// thousands apart, no exponent where that can be avoided.
func Number(v float64) string {
	if !Finite(v) {
		return strings.TrimPrefix(strconv.FormatFloat(v, 'g', -1, 64), "+")
	}
	return Grouped(Rounded(v, 3))
}

// Count writes a whole number with its thousands apart.
func Count(n int) string { return Grouped(float64(n)) }

// Grouped writes a number with its thousands apart, and with an exponent if it is below
// 1e-4 or from 1e7 on.
func Grouped(r float64) string {
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

// Percent writes a share, 1 for all, in percent.
func Percent(share float64) string {
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

// Capital returns a sentence with its first letter in upper case.
func Capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// Several writes a number with its noun, in the plural for all numbers but 1.
func Several(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return Count(n) + " " + thing + "s"
}

// Columns returns the table behind a figure with these columns and no rows.
func Columns(names ...string) table.Table { return table.Table{Columns: table.Columns(names...)} }

// Finite reports whether v is a number that can be drawn.
func Finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Rounded returns v with the given number of significant digits.
func Rounded(v float64, digits int) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	if err != nil {
		return v
	}
	return r
}

// NoScore stands in the place of a score that is missing.
const NoScore = "no score"

// AxisEnd returns the end of an axis that begins at zero and holds the value top. The end
// has one significant digit.
func AxisEnd(top float64) float64 {
	if top == 0 {
		return 1
	}
	unit := math.Pow(10, float64(Decade(top)))
	return math.Ceil(top/unit) * unit
}
