// SPDX-License-Identifier: Apache-2.0

package preprocess

import (
	"fmt"
	"math"
)

// Pipeline describes how a decoded picture becomes the network's pixels. It is
// plain data: two evaluations with equal Pipelines see equal pixels. The zero
// value leaves the picture as it is.
type Pipeline struct {
	// Width and Height are the size of the result in pixels.
	Width, Height int
	// CropRatio, in (0, 1], resizes the shorter side to ceil(min(Width,
	// Height)/CropRatio) and takes the centre: how much of the picture
	// remains. With 0 the whole picture is resized to Width by Height, its
	// aspect ratio not kept.
	CropRatio float64
	// RoundDown resizes the shorter side to floor(min(Width, Height)/CropRatio)
	// instead, as timm does (timm/data/transforms_factory.py).
	RoundDown bool
	// Filter resamples the picture.
	Filter Filter
}

// Fixed resizes the whole picture to w by h pixels. CamVid is scored with
// Fixed(960, 704, Bilinear).
func Fixed(w, h int, f Filter) Pipeline {
	return Pipeline{Width: w, Height: h, Filter: f}
}

// Classification resizes the whole picture to a square of the given
// resolution with the bicubic filter and crops nothing, as for Tiny ImageNet.
func Classification(resolution int) Pipeline {
	return Fixed(resolution, resolution, Bicubic)
}

// ImageNet is the evaluation protocol of ImageNet classifiers: the shorter side
// becomes ceil(resolution/cropRatio) with the bicubic filter, then the centre
// is cropped. EfficientViT's B1 is evaluated with a ratio of 0.95, B2 and B3 with 1.
func ImageNet(resolution int, cropRatio float64) Pipeline {
	return Pipeline{Width: resolution, Height: resolution, CropRatio: cropRatio, Filter: Bicubic}
}

// inputSizes are the sizes that a network is given.
var inputSizes = sizes{side: 1 << 14, total: 1 << 25}

// Check reports what is wrong with the pipeline, whatever the picture.
func (p Pipeline) Check() error {
	if p == (Pipeline{}) {
		return nil
	}
	switch {
	case !inputSizes.allow(p.Width, p.Height):
		return fmt.Errorf("preprocessing to %dx%d pixels: %v", p.Width, p.Height, inputSizes)
	case p.Filter != Bilinear && p.Filter != Bicubic:
		return fmt.Errorf("preprocessing with %v: allowed are bilinear and bicubic", p.Filter)
	case p.CropRatio != 0 && !(p.CropRatio >= minCropRatio && p.CropRatio <= 1):
		return fmt.Errorf("preprocessing with a crop ratio of %v: allowed are %v to 1, or 0 for no crop", p.CropRatio, minCropRatio)
	}
	return nil
}

// minCropRatio bounds the intermediate picture: below it hardly anything of
// the picture is left.
const minCropRatio = 0.1

// shorterSide returns the length of the shorter side before the crop.
func (p Pipeline) shorterSide() int {
	side := float64(min(p.Width, p.Height)) / p.CropRatio
	if p.RoundDown {
		return int(side)
	}
	return int(math.Ceil(side))
}

// Apply returns the network's pixels, [Height, Width, 3]. It never changes m,
// and returns m itself where nothing is to be done.
func (p Pipeline) Apply(m *RGB) (*RGB, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	switch {
	case p == Pipeline{}:
		return m, nil
	case p.CropRatio == 0:
		return m.Resize(p.Width, p.Height, p.Filter), nil
	}
	w, h := shorter(m.W, m.H, p.shorterSide())
	if !pictureSizes.allow(w, h) {
		return nil, fmt.Errorf("%v: a picture of %dx%d would become %dx%d: %v", p, m.W, m.H, w, h, pictureSizes)
	}
	x, y, err := centre(w, h, p.Width, p.Height)
	if err != nil {
		return nil, err
	}
	return m.resizeCrop(w, h, p.Filter, x, y, p.Width, p.Height), nil
}

// String describes the pipeline completely, so that it can serve in a cache
// key: "resize 960x704 bilinear", "shorter side 236 bicubic, centre 224x224".
func (p Pipeline) String() string {
	switch {
	case p == Pipeline{}:
		return "as is"
	case p.Check() != nil:
		return fmt.Sprintf("invalid: %dx%d, crop ratio %v, %v", p.Width, p.Height, p.CropRatio, p.Filter)
	case p.CropRatio == 0:
		return fmt.Sprintf("resize %dx%d %v", p.Width, p.Height, p.Filter)
	}
	return fmt.Sprintf("shorter side %d %v, centre %dx%d", p.shorterSide(), p.Filter, p.Width, p.Height)
}
