// SPDX-License-Identifier: Apache-2.0

package dataset

import "fmt"

// pair adds the pictures of one folder with the labels of the same names in another
// folder. The extensions may differ. Both folders are paths below the data set's
// folder, with slashes. A picture without a label, and a label without a picture, are
// errors.
func (d *files) pair(pictures, labels string) error {
	pictureIDs, err := d.list(pictures)
	if err != nil {
		return err
	}
	labelIDs, err := d.list(labels)
	if err != nil {
		return err
	}
	unused := make(map[string]string, len(labelIDs))
	for _, label := range labelIDs {
		name := stem(label[len(labels):])
		if twin, twice := unused[name]; twice {
			return fmt.Errorf("%s: a second label of this name, beside %s", d.path(label), twin)
		}
		unused[name] = label
	}
	for _, picture := range pictureIDs {
		name := stem(picture[len(pictures):])
		label, ok := unused[name]
		if !ok {
			return fmt.Errorf("%s: no label of this name in %s", d.path(picture), labels)
		}
		delete(unused, name)
		d.entries = append(d.entries, entry{id: picture, label: label})
	}
	for _, label := range labelIDs {
		if _, ok := unused[stem(label[len(labels):])]; ok {
			return fmt.Errorf("%s: no picture of this name in %s", d.path(label), pictures)
		}
	}
	return nil
}
