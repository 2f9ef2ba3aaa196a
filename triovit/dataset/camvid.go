// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"context"
	"fmt"

	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// The size of CamVid's pictures and labels in the 11-class distribution.
const (
	camVidWidth  = 480
	camVidHeight = 360
	camVidVoid   = 11 // the label of pixels without a class
)

func camVidCoding() *coding {
	return newCoding("0 to 10, and 11 for void", identity(len(CamVidClasses)), camVidVoid).sized(camVidWidth, camVidHeight, preprocess.Bilinear)
}

// CamVid returns the road scenes of a split, "train" or "val": the pictures in
// dir/split, resized to 960x704 with the bilinear filter, and the labels of the
// same names in dir/splitannot, 480x360, 0 to 10 for the classes and 11 for
// void, which becomes [Ignore].
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
