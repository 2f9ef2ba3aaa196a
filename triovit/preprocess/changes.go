// SPDX-License-Identifier: Apache-2.0

package preprocess

import (
	"fmt"
	"strconv"
	"strings"
)

// Changes are what a user wants otherwise in a [Pipeline] that is chosen for a
// network and its pictures. The zero value changes nothing.
type Changes struct {
	Width, Height int      // size of the result in pixels, 0 to leave the size
	CropRatio     *float64 // crop ratio, nil to leave it
	Filter        *Filter  // filter, nil to leave it
}

// ParseChanges reads changes as a command line has them, any of the three in any
// order: "size=256,crop=0.95,filter=bilinear". A size is that of a square or
// width x height, as in "size=512x256"; the others are the fields of [Pipeline].
func ParseChanges(text string) (Changes, error) {
	var c Changes
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		ok := true
		switch name {
		case "":
			ok = text == ""
		case "size":
			w, h, both := strings.Cut(value, "x")
			if !both {
				h = w
			}
			var errW, errH error
			c.Width, errW = strconv.Atoi(w)
			c.Height, errH = strconv.Atoi(h)
			ok = errW == nil && errH == nil && inputSizes.allow(c.Width, c.Height)
		case "crop":
			ratio, err := strconv.ParseFloat(value, 64)
			c.CropRatio, ok = &ratio, err == nil
		case "filter":
			filter := Bilinear
			if value == Bicubic.String() {
				filter = Bicubic
			}
			c.Filter, ok = &filter, value == filter.String()
		default:
			ok = false
		}
		if !ok {
			return Changes{}, fmt.Errorf("preprocessing %q: allowed are size=256 or size=512x256, crop=0.95 and filter=bilinear or bicubic, with commas between them", text)
		}
	}
	return c, c.Apply(Classification(1)).Check()
}

// Apply returns the pipeline with the changes.
func (c Changes) Apply(p Pipeline) Pipeline {
	if c.Width > 0 {
		p.Width, p.Height = c.Width, c.Height
	}
	if c.CropRatio != nil {
		p.CropRatio = *c.CropRatio
	}
	if c.Filter != nil {
		p.Filter = *c.Filter
	}
	return p
}
