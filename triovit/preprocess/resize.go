// SPDX-License-Identifier: Apache-2.0

package preprocess

import (
	"fmt"
	"math"

	"github.com/gotriovit/gotriovit/triovit/preprocess/internal/kernel"
)

// Filter is a resampling filter of Pillow.
type Filter uint8

const (
	Bilinear Filter = iota // a triangle of support 1
	Bicubic                // a cubic convolution of support 2 with a = -0.5
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

// taps says how one output position sums the input: weights for the positions
// first, first+1, ... in fixed point.
type taps struct {
	first   int
	weights []int32
}

// end returns the position behind the last one that is summed.
func (t taps) end() int { return t.first + len(t.weights) }

// resampling returns the taps of the output positions from..to-1 when n positions are
// resampled to out (Pillow, Resample.c, precompute_coeffs and
// normalize_coeffs_8bpc). Shrinking widens the filter by the scale, so that
// every input position contributes.
func resampling(n, out int, f Filter, from, to int) []taps {
	scale := float64(n) / float64(out)
	stretch := max(scale, 1)
	support := f.support() * stretch
	all := make([]taps, to-from)
	most := int(2*support) + 2 // largest number of taps of a position
	weights, w := make([]int32, 0, len(all)*most), make([]float64, 0, most)
	for i := range all {
		center := (float64(from+i) + 0.5) * scale
		first := max(int(center-support+0.5), 0)
		last := min(int(center+support+0.5), n)
		w = w[:0]
		sum := 0.0
		for x := first; x < last; x++ {
			v := f.at((float64(x) - center + 0.5) * (1 / stretch))
			w = append(w, v)
			sum += v
		}
		begin := len(weights)
		for _, v := range w {
			if sum != 0 {
				v /= sum
			}
			weights = append(weights, int32(math.Round(v*(1<<kernel.Precision)))) // a half is rounded away from zero, as in Pillow
		}
		all[i] = taps{first, weights[begin:]}
	}
	return all
}

// Resize returns the picture resampled to w by h pixels as Pillow's
// Image.resize does: antialiased, first along the rows and then along the
// columns, each pass in fixed point and rounded to 8 bits (libImaging,
// Resample.c). Newer versions of Pillow (13.0) begin with the columns where a
// picture becomes wider and less high at once; no protocol here does that. It
// panics if a side is not positive; [Pipeline.Apply] checks.
func (m *RGB) Resize(w, h int, f Filter) *RGB {
	return m.resizeCrop(w, h, f, 0, 0, w, h)
}

// stripRows is the number of rows that are resampled at once.
const stripRows = 32

// resizeCrop returns the cropW by cropH pixels whose top left corner is (x, y) in the
// picture resampled to w by h pixels. It computes no others.
//
// Both passes are one kernel, which sums rows. For the first pass, strips of rows are
// transposed. Beside the result it holds one strip and the resampled rows of about two
// output rows, so that a large photograph is not held twice.
func (m *RGB) resizeCrop(w, h int, f Filter, x, y, cropW, cropH int) *RGB {
	if w == m.W && h == m.H {
		if cropW == w && cropH == h {
			return m
		}
		return m.crop(x, y, cropW, cropH)
	}
	out := NewRGB(cropW, cropH)
	columns, rows := resampling(m.W, w, f, x, x+cropW), resampling(m.H, h, f, y, y+cropH)
	left, right, bottom := columns[0].first, columns[cropW-1].end(), rows[cropH-1].end()
	window := 0
	for _, t := range rows {
		window = max(window, len(t.weights))
	}
	const pixel = 3 * stripRows // bytes of a column of a strip
	k := kernel.Best()
	strip, narrow := make([]uint8, (right-left)*pixel), make([]uint8, cropW*pixel)
	stride := 3 * cropW
	begin, next := rows[0].first, rows[0].first
	// The resampled rows begin..next-1.
	held := make([]uint8, 0, min(2*window+stripRows, bottom-begin)*stride)
	for i, t := range rows {
		for next < t.end() {
			n := min(stripRows, bottom-next)
			if len(held)+n*stride > cap(held) {
				held = held[:copy(held, held[(t.first-begin)*stride:])]
				begin = t.first
			}
			k.Transpose(strip, stripRows, m.Pix[(next*m.W+left)*3:], m.W*3, n, (right-left)*3)
			for j, t := range columns {
				k.Weigh(narrow[j*pixel:][:pixel], strip[(t.first-left)*pixel:], pixel, t.weights)
			}
			held = held[:len(held)+n*stride]
			k.Transpose(held[(next-begin)*stride:], stride, narrow, stripRows, stride, n)
			next += n
		}
		k.Weigh(out.Pix[i*stride:][:stride], held[(t.first-begin)*stride:], stride, t.weights)
	}
	return out
}

// shorter returns the size of a w by h picture whose shorter side becomes side. The longer
// one keeps the aspect ratio, rounded down as torchvision does.
func shorter(w, h, side int) (int, int) {
	if w <= h {
		return side, side * h / w
	}
	return side * w / h, side
}
