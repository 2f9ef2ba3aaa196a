// SPDX-License-Identifier: Apache-2.0

package preprocess

import "github.com/gotriovit/gotriovit/triovit/preprocess/internal/kernel"

// A plane holds the samples of one component of a JPEG.
type plane struct {
	pix              []uint8
	stride, step     int // elements of pix between two rows, and between two samples of a row
	repeatX, repeatY int // number of pixels that a sample stands for, across and down
}

// An upsampler brings a plane to the resolution of the picture row by row, as
// libjpeg does by default (jdsample.c, "fancy" upsampling): where a direction is
// halved, an output sample is 3/4 of the nearer and 1/4 of the farther input
// sample. The biases of the two phases differ, so that errors of rounding do not
// add up.
type upsampler struct {
	plane
	w, h   int // numbers of columns and rows of the plane
	smooth bool
	near   []uint8  // one row of the plane where its samples lie apart
	far    []uint8  // another such row
	sums   []uint16 // one row of the plane after the vertical step, with its ends twice
	out    []uint8  // one row of the picture, with one sample more where its width is odd
}

// newUpsampler returns the upsampler to a picture of w by h pixels.
func newUpsampler(p plane, w, h int) *upsampler {
	u := &upsampler{plane: p, w: (w + p.repeatX - 1) / p.repeatX, h: (h + p.repeatY - 1) / p.repeatY}
	// libjpeg repeats samples at a quarter of the resolution and in planes
	// too narrow for a first, an inner and a last column.
	u.smooth = u.repeatY <= 2 && (u.repeatX == 1 || u.repeatX == 2 && u.w > 2)
	if u.step > 1 {
		u.near, u.far = make([]uint8, u.w), make([]uint8, u.w)
	}
	if u.repeatX > 1 || u.repeatY > 1 {
		u.sums, u.out = make([]uint16, u.w+2), make([]uint8, u.w*u.repeatX)
	}
	return u
}

// samples returns the samples of row y of the plane. Where they lie apart, buffer takes
// them.
func (u *upsampler) samples(y int, buffer []uint8) []uint8 {
	row := u.pix[y*u.stride:]
	if u.step == 1 {
		return row[:u.w]
	}
	for x := range buffer {
		buffer[x] = row[x*u.step]
	}
	return buffer
}

// row returns the samples of the picture's row y, and perhaps one more; the next call
// overwrites them.
func (u *upsampler) row(y int) []uint8 {
	near := u.samples(y/u.repeatY, u.near)
	switch {
	case u.repeatX == 1 && u.repeatY == 1:
		return near
	case !u.smooth:
		for x := range u.out {
			u.out[x] = near[x/u.repeatX]
		}
		return u.out
	}
	far := near
	if u.repeatY == 2 {
		farther := y/2 - 1 + y&1*2 // the next line clamps the row at the borders
		far = u.samples(min(max(farther, 0), u.h-1), u.far)
	}
	k, n := kernel.Best(), len(u.sums)
	k.Sum(u.sums[1:n-1], near, far)
	even, odd := uint16(8), uint16(7)
	switch {
	case u.repeatX == 1:
		for x, sum := range u.sums[1 : n-1] {
			u.out[x] = uint8((sum + 1 + uint16(y&1)) >> 2) // the bias alternates between rows
		}
		return u.out
	case u.repeatY == 1:
		even, odd = 4, 8 // libjpeg has 1 and 2 here, and sums of a quarter
	}
	u.sums[0], u.sums[n-1] = u.sums[1], u.sums[n-2]
	k.Interpolate(u.out, u.sums, even, odd)
	return u.out
}
