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
	class   [256]int16 // class of a level, Ignore, or invalid
	allowed string     // the valid levels, for people
	w, h    int        // size of every picture and label; 0 for any
	logits  preprocess.Filter
}

const invalid = -1

// newCoding returns the coding in which the levels have these classes and those
// of void are ignored.
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

// sized returns the coding for pictures of one size, whose logits are brought
// to it by a filter.
func (c *coding) sized(w, h int, logits preprocess.Filter) *coding {
	c.w, c.h, c.logits = w, h, logits
	return c
}

// checkWhole reports what is wrong with a pipeline for pictures whose labels are of
// the whole picture.
func checkWhole(p preprocess.Pipeline) error {
	if p.CropRatio != 0 {
		return fmt.Errorf("preprocessing with a crop ratio of %v: the labels are of the whole picture, allowed is 0", p.CropRatio)
	}
	return p.Check()
}

// read reads the label file of a picture of w by h pixels.
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

// maxLabels bounds the file of a map of w by h labels, in bytes: twice its pixels,
// which deflate never needs, and what a PNG has beside them.
func maxLabels(w, h int) int64 { return 2*int64(w)*int64(h) + 16<<20 }

// parse decodes a PNG whose gray levels or palette indices are labels, of w by
// h pixels.
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
	// The header's last fields: image/png stretches levels of fewer bits to 255.
	if depth, colours := data[24], data[25]; colours == 0 && depth < 8 {
		return Label{}, unfit
	}
	decoded, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return Label{}, fmt.Errorf("decode labels: %w", err)
	}
	var pix []uint8 // both kinds are stored without gaps between rows
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

// identity maps the first n levels to themselves.
func identity(n int) map[uint8]uint8 {
	class := make(map[uint8]uint8, n)
	for i := range n {
		class[uint8(i)] = uint8(i)
	}
	return class
}
