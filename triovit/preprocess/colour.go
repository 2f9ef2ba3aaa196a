// SPDX-License-Identifier: Apache-2.0

package preprocess

// colours says which colours the components of a JPEG are.
type colours uint8

const (
	gray colours = iota
	ycc
	rgb
	cmyk // Adobe's: 255 is no ink
	ycck // cmyk whose first three components are stored as ycc
)

// convert converts one row of components to red, green and blue, dst [W, 3].
func (c colours) convert(dst []uint8, rows *[4][]uint8) {
	for x, first := range rows[0] {
		pixel := dst[3*x : 3*x+3 : 3*x+3]
		switch c {
		case gray:
			pixel[0], pixel[1], pixel[2] = first, first, first
		case rgb:
			pixel[0], pixel[1], pixel[2] = first, rows[1][x], rows[2][x]
		case ycc:
			pixel[0], pixel[1], pixel[2] = fromYCC(first, rows[1][x], rows[2][x])
		case cmyk:
			light := rows[3][x]
			pixel[0], pixel[1], pixel[2] = lit(^first, light), lit(^rows[1][x], light), lit(^rows[2][x], light)
		case ycck:
			light := rows[3][x]
			r, g, b := fromYCC(first, rows[1][x], rows[2][x])
			pixel[0], pixel[1], pixel[2] = lit(r, light), lit(g, light), lit(b, light)
		}
	}
}

// fromYCC converts one pixel with 16 fraction bits, as libjpeg's tables do
// (jdcolor.c, build_ycc_rgb_table).
func fromYCC(y, cb, cr uint8) (r, g, b uint8) {
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

// lit returns light less its product with ink, both of 255, as Pillow does
// (Convert.c, cmyk2rgb): the light that black leaves and a colour's ink passes.
func lit(ink, light uint8) uint8 {
	product := int(ink)*int(light) + 128
	return light - uint8((product>>8+product)>>8)
}
