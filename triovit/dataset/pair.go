// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"fmt"
	"path/filepath"
)

// pair adds the pictures of one folder with the labels of another, both given
// below the data set's folder with slashes. A picture without the label that
// labelOf names, and a label without a picture, are errors.
func (d *files) pair(pictures, labels string, labelOf func(picture string) string) error {
	pictureFolder, labelFolder := filepath.FromSlash(pictures), filepath.FromSlash(labels)
	pictureNames, err := list(filepath.Join(d.dir, pictureFolder), false)
	if err != nil {
		return err
	}
	labelNames, err := list(filepath.Join(d.dir, labelFolder), false)
	if err != nil {
		return err
	}
	unused := make(map[string]bool, len(labelNames))
	for _, label := range labelNames {
		unused[label] = true
	}
	for _, picture := range pictureNames {
		label := labelOf(picture)
		if !unused[label] {
			what := label
			if label == picture {
				what = "of this name"
			}
			return fmt.Errorf("%s: no label %s in %s", filepath.Join(d.dir, pictureFolder, picture), what, labelFolder)
		}
		delete(unused, label)
		d.entries = append(d.entries, entry{id: pictures + "/" + picture, label: labels + "/" + label})
	}
	for _, label := range labelNames {
		if unused[label] {
			return fmt.Errorf("%s: no picture of this name in %s", filepath.Join(d.dir, labelFolder, label), pictureFolder)
		}
	}
	return nil
}
