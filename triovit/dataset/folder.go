// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// ImageFolder returns the pictures of a folder that has one folder per class, such as
// ImageNet's folders with WordNet ids as names. Pictures may be in folders below a
// class folder. The index of a class is its position among the class folders in
// [TextOrder], unless [Ordered] or [Words] gives another order.
func ImageFolder(ctx context.Context, dir string, p preprocess.Pipeline, options ...Option) (Dataset, error) {
	d, err := openImageFolder(ctx, dir, p, apply(options))
	if err != nil {
		return nil, fmt.Errorf("image folder: %w", err)
	}
	return d, nil
}

func openImageFolder(ctx context.Context, dir string, p preprocess.Pipeline, s *settings) (*files, error) {
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	folders, err := ClassFolders(dir)
	if err != nil {
		return nil, err
	}
	if len(folders) == 0 {
		return nil, fmt.Errorf("%s has no class folders", dir)
	}
	classes, err := s.classes(dir, folders)
	if err != nil {
		return nil, err
	}
	d := &files{name: nameOf(dir), task: Classification, classes: classes.words, dir: dir, pipeline: p}
	index := classes.index()
	var empty []string
	bar := progress.New("list "+d.name, len(folders))
	defer bar.Done()
	for _, name := range folders {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		class, ok := index[name]
		if !ok {
			return nil, fmt.Errorf("%s: not one of the %d classes in %s (-class-order text or natural takes the folders without a list)", filepath.Join(dir, name), len(index), s.words)
		}
		pictures, err := d.list(name)
		if err != nil {
			return nil, err
		}
		if len(pictures) == 0 {
			empty = append(empty, name)
		}
		for _, picture := range pictures {
			d.entries = append(d.entries, entry{id: picture, class: class})
		}
		bar.Add(1)
	}
	bar.Done()
	if len(empty) > 0 {
		s.remarks = append(s.remarks, "no picture lies in the class folders "+some(empty))
	}
	return d, d.seal(ctx, s)
}

// nameOf returns the name of a set: the names of its folder and of the folder around
// it.
func nameOf(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs // the path "." has no name
	}
	return filepath.Base(filepath.Dir(dir)) + " " + filepath.Base(dir)
}

// classes returns the classes of a set in dir. The names are those of its class
// folders, or those in its truth file. The classes are those of the list of [Words] if
// there is one. Otherwise they are the names and those of the split of [Beside], in the
// order of [Ordered].
func (s *settings) classes(dir string, names []string) (*wordList, error) {
	var order Order
	if s.order != nil {
		order = *s.order
	}
	if int(order) >= len(orders) {
		return nil, fmt.Errorf("%s: classes in %v: allowed are %v and %v", dir, order, TextOrder, NaturalOrder)
	}
	if s.words != "" {
		list, err := readWords(s.words, names)
		switch {
		case err != nil || s.order == nil:
			return list, err
		case len(without(names, list.ids)) == 0:
			list.sort(order.compare)
			return list, nil
		}
		s.remarks = append(s.remarks, fmt.Sprintf("%s lists other classes than the folders and is not used", filepath.Base(s.words)))
	}
	if s.beside != "" {
		others, err := ClassFolders(s.beside)
		if err != nil {
			return nil, err
		}
		here, there := without(names, others), without(others, names)
		if len(here) > 0 && len(there) > 0 {
			return nil, fmt.Errorf("%s and %s have other classes: %s only in the first, %s only in the second: both must have the same, or a list must give all",
				dir, s.beside, some(here), some(there))
		}
		names = append(slices.Clone(names), there...)
	}
	if remark := order.remark(names); remark != "" {
		s.remarks = append(s.remarks, remark)
	}
	names = order.sorted(names)
	if s.unlike != "" {
		list, err := readWords(s.unlike, names)
		if err != nil {
			return nil, err
		}
		if class := firstDifference(list.ids, names); class >= 0 {
			s.remarks = append(s.remarks, fmt.Sprintf("classes are not numbered as in %s: class %d is %q, and %q there: -class-order %[1]s takes its order",
				filepath.Base(s.unlike), class, names[class], list.ids[class]))
		}
	}
	return &wordList{ids: names, words: names}, nil
}

// without returns the names that are not in others, sorted.
func without(names, others []string) []string {
	known := make(map[string]bool, len(others))
	for _, name := range others {
		known[name] = true
	}
	return slices.Sorted(func(yield func(string) bool) {
		for _, name := range names {
			if !known[name] && !yield(name) {
				return
			}
		}
	})
}
