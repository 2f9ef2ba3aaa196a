// SPDX-License-Identifier: Apache-2.0

package preprocess

import "image"

// fromYCbCr converts the planes of a JPEG with libjpeg's chroma upsampling and
// colour conversion.
func (m *RGB) fromYCbCr(p *image.YCbCr) {
	cb := newUpsampler(p, p.Cb)
	cr := newUpsampler(p, p.Cr)
	for y := range m.H {
		luma := p.Y[y*p.YStride : y*p.YStride+m.W]
		blue, red := cb.row(y), cr.row(y)
		dst := m.Pix[y*m.W*3 : (y+1)*m.W*3]
		for x, l := range luma {
			dst[3*x], dst[3*x+1], dst[3*x+2] = ycc(l, blue[x], red[x])
		}
	}
}

// ycc converts one pixel with 16 fraction bits, as libjpeg's tables do
// (jdcolor.c, build_ycc_rgb_table).
func ycc(y, cb, cr uint8) (r, g, b uint8) {
	const (
		redFromCr   = 91881  // 1.40200
		greenFromCb = 22554  // 0.34414
		greenFromCr = 46802  // 0.71414
		blueFromCb  = 116130 // 1.77200
		half        = 1 << 15
	)
	l, u, v := int32(y), int32(cb)-128, int32(cr)-128
	clip := func(v int32) uint8 { return uint8(min(max(v, 0), 255)) }
	return clip(l + (redFromCr*v+half)>>16),
		clip(l + (half-greenFromCb*u-greenFromCr*v)>>16),
		clip(l + (blueFromCb*u+half)>>16)
}

// An upsampler brings a chroma plane to the resolution of the luma plane row by
// row, as libjpeg does by default (jdsample.c, "fancy" upsampling): where a
// direction is halved, an output sample is 3/4 of the nearer and 1/4 of the
// farther input sample. The biases of the two phases differ, so that errors
// of rounding do not add up.
type upsampler struct {
	plane          []uint8
	stride, cw, ch int // the chroma plane
	stepX, stepY   int // luma samples per chroma sample
	smooth         bool
	sums           []int32 // one row after the vertical step
	out            []uint8
}

func newUpsampler(p *image.YCbCr, plane []uint8) *upsampler {
	u := &upsampler{plane: plane, stride: p.CStride, stepX: 1, stepY: 1}
	switch p.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		u.stepX = 2
	case image.YCbCrSubsampleRatio420:
		u.stepX, u.stepY = 2, 2
	case image.YCbCrSubsampleRatio440:
		u.stepY = 2
	case image.YCbCrSubsampleRatio411:
		u.stepX = 4
	case image.YCbCrSubsampleRatio410:
		u.stepX, u.stepY = 4, 2
	}
	w, h := p.Rect.Dx(), p.Rect.Dy()
	u.cw, u.ch = (w+u.stepX-1)/u.stepX, (h+u.stepY-1)/u.stepY
	// libjpeg repeats samples at a quarter of the resolution and in planes
	// too narrow for a first, an inner and a last column.
	u.smooth = u.stepX == 1 || u.stepX == 2 && u.cw > 2
	u.sums = make([]int32, u.cw)
	u.out = make([]uint8, w)
	return u
}

// row returns the samples of luma row y; the next call overwrites them.
func (u *upsampler) row(y int) []uint8 {
	near := u.plane[y/u.stepY*u.stride:][:u.cw]
	if !u.smooth {
		for x := range u.out {
			u.out[x] = near[x/u.stepX]
		}
		return u.out
	}
	// The vertical step leaves sums of the weight 1, or 4 where it has
	// interpolated.
	shift, even := 0, 0
	if u.stepY == 1 {
		for x, v := range near {
			u.sums[x] = int32(v)
		}
	} else {
		c := y/2 - 1 + y&1*2 // the farther row, clamped at the borders
		far := u.plane[min(max(c, 0), u.ch-1)*u.stride:][:u.cw]
		for x, v := range near {
			u.sums[x] = 3*int32(v) + int32(far[x])
		}
		shift = 2
	}
	if u.stepX == 1 {
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
			sum += u.sums[min(c+1, u.cw-1)] + biasOdd
		}
		u.out[x] = uint8(sum >> shift)
	}
	return u.out
}
