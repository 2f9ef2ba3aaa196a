// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"strings"

	"github.com/gotriovit/gotriovit/internal/regular"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// A coding says how the label files of a set are read.
type coding struct {
	class   [256]int16 // the class of each level, Ignore, or invalid
	allowed string     // the valid levels in words, for errors
	w, h    int        // width and height in pixels of every picture and label, 0 for any size
	logits  preprocess.Filter
}

// invalid is the class of a level that no label may have.
const invalid = -1

// newCoding returns the coding in which levels have the given classes, and the levels of
// void are ignored. allowed names the valid levels in errors.
func newCoding(allowed string, class map[uint8]uint8, void ...uint8) *coding {
	c := &coding{allowed: allowed}
	for i := range c.class {
		c.class[i] = invalid
	}
	for level, to := range class {
		c.class[level] = int16(to)
	}
	for _, level := range void {
		c.class[level] = Ignore
	}
	return c
}

// sized returns the coding for pictures of w by h pixels, to which a filter brings the
// network's logits.
func (c *coding) sized(w, h int, logits preprocess.Filter) *coding {
	c.w, c.h, c.logits = w, h, logits
	return c
}

// checkWhole returns an error for a pipeline that crops pictures, since the labels are of
// whole pictures, and for an invalid pipeline.
func checkWhole(p preprocess.Pipeline) error {
	if p.CropRatio != 0 {
		return fmt.Errorf("preprocessing with a crop ratio of %v: the labels are of the whole picture, allowed is 0", p.CropRatio)
	}
	return p.Check()
}

// read reads the label file of a picture of w by h pixels. Errors begin with the path.
func (c *coding) read(path string, w, h int) (Label, error) {
	if c.w != 0 && (w != c.w || h != c.h) {
		return Label{}, fmt.Errorf("%s: its picture has %dx%d pixels: allowed are %dx%d", path, w, h, c.w, c.h)
	}
	data, err := regular.Read(path, maxLabels(w, h))
	if err != nil {
		return Label{}, err
	}
	label, err := c.parse(data, w, h)
	if err != nil {
		return Label{}, fmt.Errorf("%s: %w", path, err)
	}
	return label, nil
}

// maxLabels returns the largest size in bytes of the file of a map of w by h labels: two
// bytes for each pixel, which deflate never needs, and 16 MiB for the other parts of a PNG.
func maxLabels(w, h int) int64 { return 2*int64(w)*int64(h) + 16<<20 }

// parse decodes a PNG of w by h pixels, whose gray levels or palette indices are labels.
func (c *coding) parse(data []byte, w, h int) (Label, error) {
	kind := preprocess.Kind(data)
	unfit := fmt.Errorf("decode labels: %s, allowed are PNGs of opaque 8-bit gray levels or of palette indices", kind)
	config, err := png.DecodeConfig(bytes.NewReader(data))
	switch {
	case !strings.HasPrefix(kind, "a PNG"):
		return Label{}, unfit
	case err != nil:
		return Label{}, fmt.Errorf("decode labels: %w", err)
	}
	if config.Width != w || config.Height != h {
		return Label{}, fmt.Errorf("labels of %dx%d pixels for a picture of %dx%d", config.Width, config.Height, w, h)
	}
	// Depth and colour type are the header's last fields. image/png stretches levels of
	// fewer bits to 255.
	if depth, colours := data[24], data[25]; colours == 0 && depth < 8 {
		return Label{}, unfit
	}
	decoded, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return Label{}, fmt.Errorf("decode labels: %w", err)
	}
	var pix []uint8 // the labels: neither kind of image has gaps between rows
	switch m := decoded.(type) {
	case *image.Gray:
		pix = m.Pix
	case *image.Paletted:
		pix = m.Pix
	default:
		return Label{}, unfit
	}
	for i, level := range pix {
		class := c.class[level]
		if class == invalid {
			return Label{}, fmt.Errorf("label %d at (%d, %d): allowed are %s", level, i%w, i/w, c.allowed)
		}
		pix[i] = uint8(class)
	}
	return Label{Map: pix, W: w, H: h, Logits: c.logits}, nil
}

// identity returns the map from each of the first n levels to itself.
func identity(n int) map[uint8]uint8 {
	class := make(map[uint8]uint8, n)
	for i := range n {
		class[uint8(i)] = uint8(i)
	}
	return class
}
