// SPDX-License-Identifier: Apache-2.0

package preprocess

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
)

// The largest picture that is decoded; a file's header is believed only up to
// here. 8192x4096, for example, is allowed.
const (
	maxSide      = 1 << 14
	maxPixels    = 1 << 25
	allowedSizes = "allowed are 1 to 16384 a side and 33554432 in all"
)

// A picture of more than freePixels, Cityscapes' 2048x1024, needs a file that
// may hold it: pixelsPerByte is more than a baseline JPEG reaches, whose 16x16
// pixels take at least 12 bits, and than a PNG of a scene does. A few bytes
// that claim a giant are refused; a decoder would take its memory before it
// sees that the pixels are missing.
const (
	freePixels    = 1 << 21
	pixelsPerByte = 256
)

func sizeAllowed(w, h int) bool {
	return 1 <= w && w <= maxSide && 1 <= h && h <= maxSide && w*h <= maxPixels
}

// DecodeFile decodes the PNG or JPEG file at path; see [Decode]. Its errors
// name the file.
func DecodeFile(path string) (*RGB, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open a picture: %w", err)
	}
	m, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// Decode decodes the contents of a PNG or JPEG file and converts the picture to
// RGB as Pillow's Image.open(path).convert("RGB") does: transparency is dropped,
// of 16-bit colours the high byte is kept, gray is repeated three times;
// orientation tags and colour profiles are ignored. Pixels of a PNG are equal to
// Pillow's, those of a JPEG within the 4 levels by which inverse DCTs differ. The
// two exceptions are rare: 16-bit gray keeps its high byte where Pillow
// saturates, and CMYK is converted by image/color.
//
// The size is limited to 2^14 pixels a side, and to 2^25 pixels, and above 2^21
// pixels to 256 for each byte of the file; this is checked before anything of
// that size is allocated.
func Decode(data []byte) (*RGB, error) {
	format, header, decode := "PNG", png.DecodeConfig, png.Decode
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
	case bytes.HasPrefix(data, []byte("\xff\xd8")):
		format, header, decode = "JPEG", jpeg.DecodeConfig, jpeg.Decode
	default:
		return nil, fmt.Errorf("no picture: %d bytes that start with %q, allowed are PNG and JPEG files", len(data), data[:min(8, len(data))])
	}
	config, err := header(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("header of a %s: %w", format, err)
	}
	w, h := config.Width, config.Height
	if !sizeAllowed(w, h) {
		return nil, fmt.Errorf("%s of %dx%d pixels: %s", format, w, h, allowedSizes)
	}
	if w*h > max(freePixels, pixelsPerByte*len(data)) {
		return nil, fmt.Errorf("%s of %dx%d pixels in %d bytes: allowed are %d for each byte above %d pixels", format, w, h, len(data), pixelsPerByte, freePixels)
	}
	picture, err := decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("decode a %s: %w", format, err)
	}
	return toRGB(picture)
}

// toRGB copies the pixels of what image/png and image/jpeg return.
func toRGB(picture image.Image) (*RGB, error) {
	size := picture.Bounds()
	out := NewRGB(size.Dx(), size.Dy())
	switch p := picture.(type) {
	case *image.YCbCr:
		out.fromYCbCr(p)
	case *image.Gray:
		out.fill(p.Pix, p.Stride, 1, [3]int{0, 0, 0})
	case *image.Gray16:
		out.fill(p.Pix, p.Stride, 2, [3]int{0, 0, 0})
	case *image.RGBA: // opaque: PNG without alpha, or RGB stored in a JPEG
		out.fill(p.Pix, p.Stride, 4, [3]int{0, 1, 2})
	case *image.NRGBA:
		out.fill(p.Pix, p.Stride, 4, [3]int{0, 1, 2})
	case *image.RGBA64:
		out.fill(p.Pix, p.Stride, 8, [3]int{0, 2, 4})
	case *image.NRGBA64:
		out.fill(p.Pix, p.Stride, 8, [3]int{0, 2, 4})
	case *image.Paletted:
		out.fromPaletted(p)
	case *image.CMYK:
		for i := range size.Dx() * size.Dy() {
			c := p.CMYKAt(i%size.Dx(), i/size.Dx())
			out.Pix[3*i], out.Pix[3*i+1], out.Pix[3*i+2] = color.CMYKToRGB(c.C, c.M, c.Y, c.K)
		}
	default:
		return nil, fmt.Errorf("decode a picture: pixels of kind %T are not supported", picture)
	}
	return out, nil
}

// fill takes pixels of step bytes whose channels start at the given bytes.
func (m *RGB) fill(pix []uint8, stride, step int, channel [3]int) {
	for y := range m.H {
		row := pix[y*stride:]
		dst := m.Pix[y*m.W*3 : (y+1)*m.W*3]
		for x := range m.W {
			for c, at := range channel {
				dst[3*x+c] = row[x*step+at]
			}
		}
	}
}

func (m *RGB) fromPaletted(p *image.Paletted) {
	var table [256][3]uint8
	for i, entry := range p.Palette {
		c := color.NRGBAModel.Convert(entry).(color.NRGBA)
		if n, ok := entry.(color.NRGBA); ok {
			c = n // keeps the colour of transparent entries
		}
		table[i] = [3]uint8{c.R, c.G, c.B}
	}
	for y := range m.H {
		for x, index := range p.Pix[y*p.Stride : y*p.Stride+m.W] {
			copy(m.Pix[(y*m.W+x)*3:], table[index][:])
		}
	}
}
