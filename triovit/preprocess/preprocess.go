// SPDX-License-Identifier: Apache-2.0

// Package preprocess turns a picture file into the input of a network exactly
// as the reference implementations do.
//
// A published accuracy belongs to a network and to its preprocessing. The
// reference pipelines decode with libjpeg and resize with Pillow; a port that
// decodes or resizes differently feeds its network other pixels, and its
// accuracy drifts for no visible reason. Two differences matter most:
//
//   - JPEG files store chroma at half resolution. libjpeg interpolates it with
//     a triangle filter, Go's image/jpeg repeats it, which moves pixels by up to
//     95 levels. [Decode] upsamples the decoded planes as libjpeg does, whatever
//     their sampling factors.
//   - Pillow widens its resampling filter when it shrinks a picture
//     (antialiasing) and rounds to 8 bits after each of its two passes.
//     [RGB.Resize] repeats its fixed-point arithmetic.
//
// Usual JPEGs are decoded by github.com/gen2brain/jpegn, which registers itself with package
// image. So in a program that imports this package, image.Decode may read JPEGs by jpegn,
// without the checks of [Decode].
//
// The steps are a decoder, a [Pipeline] (the protocol of an evaluation, as
// data) and a normalization:
//
//	picture, err := preprocess.DecodeFile("tench.JPEG")
//	if err != nil { ... }
//	input, err := preprocess.ImageNet(224, 0.95).Apply(picture) // 224x224 pixels
//	if err != nil { ... }
//	x := make([]float32, len(input.Pix)) // [224, 224, 3]
//	input.Normalize(x)
//
// Pixels stay 8-bit integers up to the last step, so that two pipelines can be
// compared level by level.
package preprocess

import "fmt"

// RGB is a picture of 8-bit pixels.
type RGB struct {
	W, H int     // width and height in pixels
	Pix  []uint8 // red, green and blue of each pixel, row by row, [H, W, 3]
}

// NewRGB returns a black picture of w by h pixels. It panics if a side is not
// positive.
func NewRGB(w, h int) *RGB {
	if w <= 0 || h <= 0 {
		panic(fmt.Sprintf("preprocess: picture of %dx%d pixels: both sides must be positive", w, h))
	}
	return &RGB{W: w, H: h, Pix: make([]uint8, w*h*3)}
}

// crop returns the w by h pixels whose top left corner is (x, y).
func (m *RGB) crop(x, y, w, h int) *RGB {
	out := NewRGB(w, h)
	for row := range h {
		from := ((y+row)*m.W + x) * 3
		copy(out.Pix[row*w*3:(row+1)*w*3], m.Pix[from:from+w*3])
	}
	return out
}

// centre returns the top left corner of the cropW by cropH pixels in the middle of w by h.
// An odd margin is divided as torchvision does: the offset, a half, is rounded to the
// even neighbour. A crop larger than the picture is an error.
func centre(w, h, cropW, cropH int) (x, y int, err error) {
	if cropW <= 0 || cropH <= 0 || cropW > w || cropH > h {
		return 0, 0, fmt.Errorf("centre crop of %dx%d from a picture of %dx%d: allowed are 1x1 to %dx%d", cropW, cropH, w, h, w, h)
	}
	return halfToEven(w - cropW), halfToEven(h - cropH), nil
}

// halfToEven returns n/2 rounded to the nearest integer, halves to even.
func halfToEven(n int) int {
	half := n / 2
	return half + n&1&half
}

// A Normalization is the mean and the standard deviation of each channel on the
// scale 0..1.
type Normalization struct {
	Mean [3]float32 `json:"mean"`
	Std  [3]float32 `json:"std"`
}

// ImageNetNormalization is that with which every EfficientViT checkpoint was
// trained.
func ImageNetNormalization() Normalization {
	return Normalization{Mean: [3]float32{0.485, 0.456, 0.406}, Std: [3]float32{0.229, 0.224, 0.225}}
}

// Check reports means and deviations that no picture has.
func (n Normalization) Check() error {
	for c := range n.Mean {
		if !(n.Mean[c] >= 0 && n.Mean[c] <= 1 && n.Std[c] > 1e-6 && n.Std[c] <= 1) {
			return fmt.Errorf("normalization of channel %d by a mean of %g and a deviation of %g: 0 to 1 are allowed, and no deviation of 0", c, n.Mean[c], n.Std[c])
		}
	}
	return nil
}

// Table maps a channel and a level to the network's input, (level/255 - mean) /
// std. The three operations are the reference's, each rounded to float32.
func (n Normalization) Table() (table [3][256]float32) {
	for c := range table {
		for level := range table[c] {
			v := float32(level) / 255
			v -= n.Mean[c]
			table[c][level] = v / n.Std[c]
		}
	}
	return table
}

var normalized = ImageNetNormalization().Table()

// Normalize writes (level/255 - mean) / std with ImageNet's mean and standard
// deviation to dst, [H, W, 3] like the pixels. It panics if dst has not
// len(m.Pix) elements.
func (m *RGB) Normalize(dst []float32) {
	if len(dst) != len(m.Pix) {
		panic(fmt.Sprintf("preprocess: Normalize into %d elements: a picture of %dx%d needs %d", len(dst), m.W, m.H, len(m.Pix)))
	}
	for i := 0; i < len(dst); i += 3 {
		p := m.Pix[i : i+3 : i+3]
		dst[i] = normalized[0][p[0]]
		dst[i+1] = normalized[1][p[1]]
		dst[i+2] = normalized[2][p[2]]
	}
}
