// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// ImageFolder returns the pictures of a folder that has one folder per class,
// as ImageNet has them by WordNet id. The index of a class is its position
// among the folders in sorted order, unless [Words] gives another order.
func ImageFolder(ctx context.Context, dir string, p preprocess.Pipeline, options ...Option) (Dataset, error) {
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
	bar := progress.New("list "+d.name, len(folders))
	defer bar.Done()
	for _, name := range folders {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
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
		bar.Add(1)
	}
	bar.Done()
	if err := d.seal(ctx, options); err != nil {
		return nil, fmt.Errorf("image folder: %w", err)
	}
	return d, nil
}
