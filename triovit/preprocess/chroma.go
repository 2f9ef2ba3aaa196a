// SPDX-License-Identifier: Apache-2.0

package preprocess

// A plane holds the samples of one component of a JPEG.
type plane struct {
	pix              []uint8
	stride, step     int // elements of pix between two rows, and between two samples of a row
	repeatX, repeatY int // pixels that a sample stands for, across and down
}

// An upsampler brings a plane to the resolution of the picture row by row, as
// libjpeg does by default (jdsample.c, "fancy" upsampling): where a direction is
// halved, an output sample is 3/4 of the nearer and 1/4 of the farther input
// sample. The biases of the two phases differ, so that errors of rounding do not
// add up.
type upsampler struct {
	plane
	w, h   int // columns and rows of the plane
	smooth bool
	sums   []int32 // one row of the plane after the vertical step
	out    []uint8 // one row of the picture
}

// newUpsampler returns the upsampler to a picture of w by h pixels.
func newUpsampler(p plane, w, h int) *upsampler {
	u := &upsampler{plane: p, w: (w + p.repeatX - 1) / p.repeatX, h: (h + p.repeatY - 1) / p.repeatY}
	// libjpeg repeats samples at a quarter of the resolution and in planes
	// too narrow for a first, an inner and a last column.
	u.smooth = u.repeatY <= 2 && (u.repeatX == 1 || u.repeatX == 2 && u.w > 2)
	u.sums = make([]int32, u.w)
	u.out = make([]uint8, w)
	return u
}

// row returns the samples of the picture's row y; the next call overwrites them.
func (u *upsampler) row(y int) []uint8 {
	near := u.pix[y/u.repeatY*u.stride:]
	switch {
	case u.repeatX == 1 && u.repeatY == 1 && u.step == 1:
		return near[:u.w]
	case !u.smooth:
		for x := range u.out {
			u.out[x] = near[x/u.repeatX*u.step]
		}
		return u.out
	}
	// The vertical step leaves sums of the weight 1, or 4 where it has
	// interpolated.
	shift, even := 0, 0
	if u.repeatY == 1 {
		for x := range u.sums {
			u.sums[x] = int32(near[x*u.step])
		}
	} else {
		c := y/2 - 1 + y&1*2 // the farther row, clamped at the borders
		far := u.pix[min(max(c, 0), u.h-1)*u.stride:]
		for x := range u.sums {
			u.sums[x] = 3*int32(near[x*u.step]) + int32(far[x*u.step])
		}
		shift = 2
	}
	if u.repeatX == 1 {
		if shift > 0 {
			even = 1 + y&1 // the bias alternates between rows
		}
		for x, sum := range u.sums {
			u.out[x] = uint8((sum + int32(even)) >> shift)
		}
		return u.out
	}
	// Rows alone: biases 1 and 2 of 4. Rows and columns: 8 and 7 of 16.
	biasEven, biasOdd := int32(1), int32(2)
	if shift > 0 {
		biasEven, biasOdd = 8, 7
	}
	shift += 2
	for x := range u.out {
		c := x / 2
		sum := 3 * u.sums[c]
		if x&1 == 0 {
			sum += u.sums[max(c-1, 0)] + biasEven
		} else {
			sum += u.sums[min(c+1, u.w-1)] + biasOdd
		}
		u.out[x] = uint8(sum >> shift)
	}
	return u.out
}
