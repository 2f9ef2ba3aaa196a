// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// The ends of the names of Cityscapes' files.
const (
	cityPicture  = "_leftImg8bit.png"
	cityLabelIDs = "_gtFine_labelIds.png"
	cityTrainIDs = "_gtFine_labelTrainIds.png"
)

// cityscapesIDs maps the evaluated label ids to train ids (cityscapesScripts,
// helpers/labels.py).
var cityscapesIDs = map[uint8]uint8{
	7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9, 23: 10,
	24: 11, 25: 12, 26: 13, 27: 14, 28: 15, 31: 16, 32: 17, 33: 18,
}

func cityscapesCoding(ending string) *coding {
	if ending == cityTrainIDs {
		return newCoding("train ids 0 to 18, and 255 for void", identity(len(CityscapesClasses)), Ignore)
	}
	void := []uint8{Ignore} // some tools write -1, the id of license plates, as 255
	for id := range uint8(34) {
		if _, ok := cityscapesIDs[id]; !ok {
			void = append(void, id)
		}
	}
	return newCoding("label ids 0 to 33", cityscapesIDs, void...)
}

// Cityscapes returns the street scenes of a split, "train" or "val". The pictures are
// leftImg8bit/split/city/*_leftImg8bit.png in dir and have 2048x1024 pixels. The labels
// are gtFine/split/city/*_gtFine_labelIds.png. A split without such files has
// *_gtFine_labelTrainIds.png instead. Ids that are not evaluated become [Ignore].
//
// The zero pipeline is the reference's evaluation: the network gets the pictures
// unchanged, and its logits are resized bicubically to the labels (EfficientViT,
// eval_efficientvit_seg_model.py). Scores are computed at 2048x1024 with any pipeline.
func Cityscapes(ctx context.Context, dir, split string, p preprocess.Pipeline, options ...Option) (Dataset, error) {
	d, err := cityscapes(ctx, dir, split, p, options)
	if err != nil {
		return nil, fmt.Errorf("Cityscapes: %w", err)
	}
	return d, nil
}

func cityscapes(ctx context.Context, dir, split string, p preprocess.Pipeline, options []Option) (*files, error) {
	if split != "train" && split != "val" {
		return nil, fmt.Errorf("split %q: allowed are train and val, which have labels", split)
	}
	if err := checkWhole(p); err != nil {
		return nil, err
	}
	d := &files{name: "Cityscapes " + split, task: Segmentation, classes: names(CityscapesClasses[:]), dir: dir, pipeline: p}
	pictures, err := d.list("leftImg8bit/" + split)
	if err != nil {
		return nil, err
	}
	ending := ""
	used := make(map[string]bool, len(pictures))
	for _, id := range pictures {
		frame, ok := strings.CutSuffix(id, cityPicture)
		if !ok {
			return nil, fmt.Errorf("%s: want a name that ends with %s", d.path(id), cityPicture)
		}
		frame = "gtFine" + strings.TrimPrefix(frame, "leftImg8bit")
		if ending == "" { // the whole split has one kind of label file
			ending = cityLabelIDs
			if _, err := os.Stat(d.path(frame + cityLabelIDs)); err != nil {
				ending = cityTrainIDs
			}
		}
		label := frame + ending
		if _, err := os.Stat(d.path(label)); err != nil {
			return nil, fmt.Errorf("%s: no label: want %s or %s in %s", d.path(id), path.Base(frame+cityLabelIDs), path.Base(frame+cityTrainIDs), filepath.Dir(d.path(label)))
		}
		used[label] = true
		d.entries = append(d.entries, entry{id: id, label: label})
	}
	labels := "gtFine/" + split
	if err := walk(d.path(labels), func(id string, _ fs.FileInfo) error {
		if label := path.Join(labels, id); ending != "" && strings.HasSuffix(label, ending) && !used[label] {
			return fmt.Errorf("%s: no picture for this label in %s", d.path(label), d.path("leftImg8bit/"+split))
		}
		return nil
	}); err != nil {
		return nil, err
	}
	d.coding = cityscapesCoding(ending).sized(2048, 1024, preprocess.Bicubic)
	return d, d.seal(ctx, apply(options))
}
