// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"context"
	"fmt"

	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// The size in pixels of CamVid's pictures and labels in the 11-class distribution.
const (
	camVidWidth  = 480
	camVidHeight = 360
	camVidVoid   = 11 // label of pixels without a class
)

func camVidCoding() *coding {
	return newCoding("0 to 10, and 11 for void", identity(len(CamVidClasses)), camVidVoid).sized(camVidWidth, camVidHeight, preprocess.Bilinear)
}

// CamVid returns the road scenes of a split, "train" or "val". The pictures are in
// dir/split and are resized to 960x704 with the bilinear filter. The labels have the
// same names, are in dir/splitannot and have 480x360 pixels. Labels 0 to 10 are the
// classes. Label 11 is void and becomes [Ignore].
func CamVid(ctx context.Context, dir, split string, options ...Option) (Dataset, error) {
	d := &files{
		name:     "CamVid " + split,
		task:     Segmentation,
		classes:  names(CamVidClasses[:]),
		dir:      dir,
		pipeline: preprocess.Fixed(960, 704, preprocess.Bilinear),
		coding:   camVidCoding(),
	}
	if err := d.pair(split, split+"annot"); err != nil {
		return nil, fmt.Errorf("CamVid: %w", err)
	}
	if err := d.seal(ctx, apply(options)); err != nil {
		return nil, fmt.Errorf("CamVid: %w", err)
	}
	return d, nil
}
