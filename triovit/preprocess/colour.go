// SPDX-License-Identifier: Apache-2.0

package preprocess

import "github.com/gotriovit/gotriovit/triovit/preprocess/internal/kernel"

// colours says which colours the components of a JPEG are.
type colours uint8

const (
	gray colours = iota
	ycc
	rgb
	cmyk // Adobe's CMYK, in which 255 is no ink
	ycck // CMYK whose first three components are stored as ycc
)

// convert converts one row of components to red, green and blue, dst [W, 3].
func (c colours) convert(dst []uint8, rows *[4][]uint8) {
	a, b, d, light := rows[0], rows[1], rows[2], rows[3]
	switch c {
	case gray:
		for x, level := range a {
			dst[3*x], dst[3*x+1], dst[3*x+2] = level, level, level
		}
	case rgb:
		for x := range a {
			dst[3*x], dst[3*x+1], dst[3*x+2] = a[x], b[x], d[x]
		}
	case cmyk:
		for x, light := range light {
			dst[3*x], dst[3*x+1], dst[3*x+2] = lit(^a[x], light), lit(^b[x], light), lit(^d[x], light)
		}
	case ycc, ycck:
		kernel.Best().Colours(dst, a, b, d)
		for x, light := range light {
			dst[3*x], dst[3*x+1], dst[3*x+2] = lit(dst[3*x], light), lit(dst[3*x+1], light), lit(dst[3*x+2], light)
		}
	}
}

// lit returns light less its product with ink, both of 255, as Pillow does
// (Convert.c, cmyk2rgb): the light that black leaves and a colour's ink passes.
func lit(ink, light uint8) uint8 {
	product := int(ink)*int(light) + 128
	return light - uint8((product>>8+product)>>8)
}
