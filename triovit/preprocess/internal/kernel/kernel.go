// SPDX-License-Identifier: Apache-2.0

// Package kernel has the inner loops of decoding and resizing pictures, for each kind of
// processor. Each is a plain function, whose comment is the loop that it equals.
// [Portable] is these loops in Go, and every other [Set] computes the same bytes.
//
// A kernel reads and writes no elements but those in its comment.
package kernel

// Precision is the number of fraction bits of a weight of [Set.Weigh]: 32 bits less the
// 8 of a sample and two of headroom (Pillow, Resample.c, PRECISION_BITS).
const Precision = 32 - 8 - 2

// A Set is the kernels of one kind of processor.
type Set struct {
	// Transpose makes columns of rows of bytes:
	//
	//	y[j·ldy + r] = x[r·ldx + j], r < rows, j < n
	Transpose func(y []byte, ldy int, x []byte, ldx, rows, n int)

	// Weigh sums rows of bytes, stride bytes apart, with a weight each. Sums fit 32
	// bits.
	//
	//	y[i] = clamp((1<<(Precision-1) + Σ_k x[k·stride + i]·w[k]) >> Precision, 0, 255)
	Weigh func(y, x []byte, stride int, w []int32)

	// Sum weighs two rows of samples for [Set.Interpolate]:
	//
	//	s[i] = 3·near[i] + far[i]
	Sum func(s []uint16, near, far []byte)

	// Interpolate doubles the samples of a row. The sums s have one more at each end.
	//
	//	y[2i]     = (3·s[i+1] + s[i] + even) >> 4
	//	y[2i + 1] = (3·s[i+1] + s[i+2] + odd) >> 4
	Interpolate func(y []byte, s []uint16, even, odd uint16)

	// Colours converts luma and the differences of blue and red to red, green and blue
	// with 16 fraction bits, as libjpeg's tables do (jdcolor.c, build_ycc_rgb_table):
	//
	//	rgb[3i]     = clamp(y[i] + (RedFromCr·(cr[i]-128) + half) >> 16, 0, 255)
	//	rgb[3i + 1] = clamp(y[i] + (half - GreenFromCb·(cb[i]-128) - GreenFromCr·(cr[i]-128)) >> 16, 0, 255)
	//	rgb[3i + 2] = clamp(y[i] + (BlueFromCb·(cb[i]-128) + half) >> 16, 0, 255)
	Colours func(rgb, y, cb, cr []byte)
}

// Factors of [Set.Colours], in units of 2⁻¹⁶.
const (
	RedFromCr   = 91881  // the factor 1.40200
	GreenFromCb = 22554  // the factor 0.34414
	GreenFromCr = 46802  // the factor 0.71414
	BlueFromCb  = 116130 // the factor 1.77200
	half        = 1 << 15
)

// Portable returns the loops in Go, which run on every processor.
func Portable() *Set { return &portable }

// Best returns the fastest set that this processor can run.
func Best() *Set {
	if s := native(); s != nil {
		return s
	}
	return &portable
}
