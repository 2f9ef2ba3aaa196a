// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// The endings of Cityscapes' files.
const (
	cityPicture  = "_leftImg8bit.png"
	cityLabelIDs = "_gtFine_labelIds.png"
	cityTrainIDs = "_gtFine_labelTrainIds.png"
)

// cityscapesIDs maps the label ids that are evaluated to train ids
// (cityscapesScripts, helpers/labels.py).
var cityscapesIDs = map[uint8]uint8{
	7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9, 23: 10,
	24: 11, 25: 12, 26: 13, 27: 14, 28: 15, 31: 16, 32: 17, 33: 18,
}

func cityscapesCoding(ending string) *coding {
	if ending == cityTrainIDs {
		return newCoding("train ids 0 to 18, and 255 for void", identity(len(CityscapesClasses)), Ignore)
	}
	void := []uint8{Ignore} // some tools write the license plate's -1
	for id := range uint8(34) {
		if _, ok := cityscapesIDs[id]; !ok {
			void = append(void, id)
		}
	}
	return newCoding("label ids 0 to 33", cityscapesIDs, void...)
}

// Cityscapes returns the street scenes of a split, "train" or "val": the
// pictures leftImg8bit/split/city/*_leftImg8bit.png in dir, 2048x1024, with the
// labels gtFine/split/city/*_gtFine_labelIds.png or, where there are none of
// those, *_gtFine_labelTrainIds.png. Ids that are not evaluated become [Ignore].
//
// The zero pipeline is the reference's evaluation: the network sees the
// pictures as they are, and its logits are resized bicubically to the labels
// (EfficientViT, eval_efficientvit_seg_model.py). Whatever the pipeline, scores
// are taken at 2048x1024.
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
	if err := p.Check(); err != nil {
		return nil, err
	}
	cities, err := list(filepath.Join(dir, "leftImg8bit", split), true)
	if err != nil {
		return nil, err
	}
	d := &files{name: "Cityscapes " + split, task: Segmentation, classes: names(CityscapesClasses[:]), dir: dir, pipeline: p}
	ending := ""
	for _, city := range cities {
		pictures, err := list(filepath.Join(dir, "leftImg8bit", split, city), false)
		if err != nil {
			return nil, err
		}
		for _, picture := range pictures {
			id := strings.Join([]string{"leftImg8bit", split, city, picture}, "/")
			frame, ok := strings.CutSuffix(picture, cityPicture)
			if !ok {
				return nil, fmt.Errorf("%s: want a name that ends with %s", d.path(id), cityPicture)
			}
			label := strings.Join([]string{"gtFine", split, city, frame}, "/")
			if ending == "" { // one kind for the whole split
				ending = cityLabelIDs
				if _, err := os.Stat(d.path(label + cityLabelIDs)); err != nil {
					ending = cityTrainIDs
				}
			}
			if _, err := os.Stat(d.path(label + ending)); err != nil {
				return nil, fmt.Errorf("%s: no label: want %s or %s in %s", d.path(id), frame+cityLabelIDs, frame+cityTrainIDs, filepath.Dir(d.path(label)))
			}
			d.entries = append(d.entries, entry{id: id, label: label + ending})
		}
	}
	labels, err := filepath.Glob(filepath.Join(escape(d.path("gtFine/"+split)), "*", "*"+ending))
	if err != nil {
		return nil, err
	}
	if len(d.entries) > 0 && len(labels) > len(d.entries) {
		return nil, fmt.Errorf("%s: %d pictures for the %d labels in gtFine", filepath.Join(dir, "leftImg8bit", split), len(d.entries), len(labels))
	}
	d.coding = cityscapesCoding(ending).sized(2048, 1024, preprocess.Bicubic)
	return d, d.seal(ctx, options)
}

// escape quotes what filepath.Glob would take as a pattern.
func escape(path string) string {
	return strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]").Replace(path)
}
