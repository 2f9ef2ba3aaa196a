// SPDX-License-Identifier: Apache-2.0

package preprocess

import (
	"fmt"
	"math"
)

// Filter is a resampling filter of Pillow.
type Filter uint8

const (
	Bilinear Filter = iota // triangle of support 1
	Bicubic                // cubic convolution of support 2 with a = -0.5
)

// String returns the filter's name as it appears in descriptions.
func (f Filter) String() string {
	switch f {
	case Bilinear:
		return "bilinear"
	case Bicubic:
		return "bicubic"
	}
	return fmt.Sprintf("Filter(%d)", uint8(f))
}

// support returns the distance, in source pixels, at which the filter ends.
func (f Filter) support() float64 {
	if f == Bicubic {
		return 2
	}
	return 1
}

// at returns the filter's value at distance x.
func (f Filter) at(x float64) float64 {
	x = math.Abs(x)
	if f == Bicubic {
		const a = -0.5
		switch {
		case x < 1:
			return ((a+2)*x-(a+3))*x*x + 1
		case x < 2:
			return (((x-5)*x+8)*x - 4) * a
		}
		return 0
	}
	if x < 1 {
		return 1 - x
	}
	return 0
}

// precision is the number of fraction bits of a tap: 32 bits less the 8 of a
// pixel and two of headroom (Pillow, Resample.c, PRECISION_BITS).
const precision = 32 - 8 - 2

// taps says how one output position sums the input: weights for the positions
// first, first+1, ... in fixed point.
type taps struct {
	first   int
	weights []int32
}

// resampling returns the taps of every output position when n positions are
// resampled to out (Pillow, Resample.c, precompute_coeffs and
// normalize_coeffs_8bpc). Shrinking widens the filter by the scale, so that
// every input position contributes.
func resampling(n, out int, f Filter) []taps {
	scale := float64(n) / float64(out)
	stretch := max(scale, 1)
	support := f.support() * stretch
	all := make([]taps, out)
	var w []float64
	for i := range all {
		center := (float64(i) + 0.5) * scale
		first := max(int(center-support+0.5), 0)
		last := min(int(center+support+0.5), n)
		w = w[:0]
		sum := 0.0
		for x := first; x < last; x++ {
			v := f.at((float64(x) - center + 0.5) * (1 / stretch))
			w = append(w, v)
			sum += v
		}
		weights := make([]int32, len(w))
		for x, v := range w {
			if sum != 0 {
				v /= sum
			}
			weights[x] = int32(math.Round(v * (1 << precision))) // halves away from zero, as Pillow
		}
		all[i] = taps{first, weights}
	}
	return all
}

// Resize returns the picture resampled to w by h pixels as Pillow's
// Image.resize does: antialiased, first along the rows and then along the
// columns, each pass in fixed point and rounded to 8 bits (libImaging,
// Resample.c). Newer versions of Pillow (13.0) begin with the columns where a
// picture becomes wider and less high at once; no protocol here does that. It
// panics if a side is not positive; [Pipeline.Apply] checks. Beside the result
// it holds the resampled rows of one output row only, so that a large
// photograph is not held twice.
func (m *RGB) Resize(w, h int, f Filter) *RGB {
	if w == m.W && h == m.H {
		return m
	}
	out := NewRGB(w, h)
	columns, rows := resampling(m.W, w, f), resampling(m.H, h, f)
	window := 0
	for _, t := range rows {
		window = max(window, len(t.weights))
	}
	stride := 3 * w
	ring := make([]uint8, window*stride) // row y of the picture, resampled, at y mod window
	sums := make([]int32, stride)
	next := 0 // the row to be resampled next
	for y, t := range rows {
		for i := range sums {
			sums[i] = roundHalf
		}
		for next = max(next, t.first); next < t.first+len(t.weights); next++ {
			resampleRow(ring[next%window*stride:][:stride], m.Pix[next*m.W*3:][:m.W*3], columns)
		}
		for i, k := range t.weights {
			for x, v := range ring[(t.first+i)%window*stride:][:stride] {
				sums[x] += int32(v) * k
			}
		}
		for x, sum := range sums {
			out.Pix[y*stride+x] = clip8(sum)
		}
	}
	return out
}

// resampleRow writes the pixels that the taps sum from src to dst.
func resampleRow(dst, src []uint8, columns []taps) {
	for x, t := range columns {
		r, g, b := int32(roundHalf), int32(roundHalf), int32(roundHalf)
		from := src[t.first*3:]
		for i, k := range t.weights {
			p := from[i*3 : i*3+3 : i*3+3]
			r += int32(p[0]) * k
			g += int32(p[1]) * k
			b += int32(p[2]) * k
		}
		dst[x*3], dst[x*3+1], dst[x*3+2] = clip8(r), clip8(g), clip8(b)
	}
}

// roundHalf, the start of a sum, rounds it to nearest.
const roundHalf = 1 << (precision - 1)

func clip8(sum int32) uint8 { return uint8(min(max(sum>>precision, 0), 255)) }

// ResizeShorter returns the picture resampled so that its shorter side has the
// given length and the longer one keeps the aspect ratio, rounded down as
// torchvision does.
func (m *RGB) ResizeShorter(side int, f Filter) *RGB {
	w, h := shorter(m.W, m.H, side)
	return m.Resize(w, h, f)
}

// shorter returns the size of a w by h picture whose shorter side becomes side.
func shorter(w, h, side int) (int, int) {
	if w <= h {
		return side, side * h / w
	}
	return side * w / h, side
}
