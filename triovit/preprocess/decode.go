// SPDX-License-Identifier: Apache-2.0

package preprocess

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"

	"github.com/gotriovit/gotriovit/internal/regular"
)

// sizes says which sizes, in pixels, are allowed.
type sizes struct {
	side  int // longest side in pixels
	total int // largest number of pixels
}

// pictureSizes are the sizes that Pillow opens: up to twice its MAX_IMAGE_PIXELS,
// with sides up to libjpeg's JPEG_MAX_DIMENSION.
var pictureSizes = sizes{side: 65500, total: 178956970}

func (s sizes) allow(w, h int) bool {
	return 1 <= w && w <= s.side && 1 <= h && h <= s.side && w*h <= s.total
}

func (s sizes) String() string {
	return fmt.Sprintf("allowed are 1 to %d a side and %d in all", s.side, s.total)
}

// maxFile is the size in bytes of the largest file that is read. It is above
// what any usual coding of the largest picture takes.
const maxFile = 1<<31 - 1

// DecodeFile decodes the PNG or JPEG file at path; see [Decode]. Its errors
// name the file.
func DecodeFile(path string) (*RGB, error) {
	data, err := regular.Read(path, maxFile)
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
// of 16-bit colours the high byte is kept, gray is repeated three times, CMYK is
// taken for Adobe's; orientation tags and colour profiles are ignored. Pixels of
// a PNG are equal to Pillow's, those of a JPEG within the 4 levels by which
// inverse DCTs differ. Two exceptions are rare: 16-bit gray keeps its high byte
// where Pillow saturates, and coefficients that no encoder writes, in a damaged JPEG,
// may overflow.
//
// A picture has at most 178956970 pixels, as Pillow's have, and 65500 a side, as
// libjpeg's have. A header alone costs no memory: a file too small for the pixels
// that its header claims is refused before anything of their size is allocated.
//
// Some rare JPEGs that Pillow reads are refused by what they are: arithmetic
// coding, a sampling factor of 3, other sampling factors of four components than
// 1x1 or 2x2, 1x1, 1x1, 2x2, an incomplete progressive JPEG, and one with both
// restart markers and subsampled chroma.
func Decode(data []byte) (*RGB, error) {
	switch {
	case bytes.HasPrefix(data, []byte(magicPNG)):
		return decodePNG(data)
	case bytes.HasPrefix(data, []byte(magicJPEG)):
		return decodeJPEG(data)
	}
	return nil, fmt.Errorf("%s: allowed are PNG and JPEG pictures", Kind(data))
}

// checkSize refuses a picture that is larger than allowed, or whose pixels take
// more bytes than its file has.
func checkSize(format string, w, h, least, size int) error {
	switch {
	case !pictureSizes.allow(w, h):
		return fmt.Errorf("%s of %dx%d pixels: %v", format, w, h, pictureSizes)
	case least > size:
		return fmt.Errorf("%s of %dx%d pixels in %d bytes: so many pixels take at least %d", format, w, h, size, least)
	}
	return nil
}

// inWords returns err in words where it says that the file was cut off.
func inWords(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return errors.New("the file is cut off")
	}
	return err
}

// deflates is the most bytes that a byte of a PNG's data stands for: deflate
// codes 258 bytes in two bits.
const deflates = 1032

func decodePNG(data []byte) (*RGB, error) {
	config, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("header of a PNG: %w", inWords(err))
	}
	w, h := config.Width, config.Height
	bits := int(data[pngDepth]) * pngColourTypes[data[pngColours]].channels // bits of a pixel
	if err := checkSize("PNG", w, h, w*h*bits/(8*deflates), len(data)); err != nil {
		return nil, err
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("decode a PNG: %w", inWords(err))
	}
	return toRGB(picture)
}

// toRGB copies the pixels of what image/png returns.
func toRGB(picture image.Image) (*RGB, error) {
	size := picture.Bounds()
	out := NewRGB(size.Dx(), size.Dy())
	switch p := picture.(type) {
	case *image.Gray:
		out.fill(p.Pix, p.Stride, 1, [3]int{0, 0, 0})
	case *image.Gray16:
		out.fill(p.Pix, p.Stride, 2, [3]int{0, 0, 0})
	case *image.RGBA: // the picture is opaque
		out.fill(p.Pix, p.Stride, 4, [3]int{0, 1, 2})
	case *image.NRGBA:
		out.fill(p.Pix, p.Stride, 4, [3]int{0, 1, 2})
	case *image.RGBA64: // the picture is opaque
		out.fill(p.Pix, p.Stride, 8, [3]int{0, 2, 4})
	case *image.NRGBA64:
		out.fill(p.Pix, p.Stride, 8, [3]int{0, 2, 4})
	case *image.Paletted:
		out.fromPaletted(p)
	default:
		return nil, errors.New("decode a PNG: its colours are of a kind that is not read")
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
			c = n // transparent entries keep their colour
		}
		table[i] = [3]uint8{c.R, c.G, c.B}
	}
	for y := range m.H {
		for x, index := range p.Pix[y*p.Stride : y*p.Stride+m.W] {
			copy(m.Pix[(y*m.W+x)*3:], table[index][:])
		}
	}
}
