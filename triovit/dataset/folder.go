// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"fmt"
	"path/filepath"

	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// ImageFolder returns the pictures of a folder that has one folder per class,
// as ImageNet has them by WordNet id. The index of a class is its position
// among the folders in sorted order, unless [Words] gives another order.
func ImageFolder(dir string, p preprocess.Pipeline, options ...Option) (Dataset, error) {
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("image folder %s: %w", dir, err)
	}
	folders, err := list(dir, true)
	if err != nil {
		return nil, fmt.Errorf("image folder: %w", err)
	}
	d := &files{
		name:     filepath.Base(filepath.Dir(filepath.Clean(dir))) + " " + filepath.Base(dir),
		task:     Classification,
		classes:  folders,
		dir:      dir,
		pipeline: p,
	}
	classes, path := &wordList{ids: folders}, apply(options).words
	if path != "" {
		if classes, err = readWords(path); err != nil {
			return nil, fmt.Errorf("image folder: %w", err)
		}
		d.classes = classes.words
	}
	index := classes.index()
	for _, name := range folders {
		class, ok := index[name]
		if !ok {
			return nil, fmt.Errorf("image folder: %s: not one of the %d classes in %s", filepath.Join(dir, name), len(index), path)
		}
		pictures, err := list(filepath.Join(dir, name), false)
		if err != nil {
			return nil, fmt.Errorf("image folder: %w", err)
		}
		for _, picture := range pictures {
			d.entries = append(d.entries, entry{id: name + "/" + picture, class: class})
		}
	}
	if err := d.seal(options); err != nil {
		return nil, fmt.Errorf("image folder: %w", err)
	}
	return d, nil
}
