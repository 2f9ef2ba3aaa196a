// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// An Option changes how [ImageFolder] reads a folder.
type Option func(*folder)

type folder struct{ words string }

// Words names a file with the classes, one a line in the order of their
// indices: the name of the folder, white space, and the words by which the
// class is known. With it a folder may hold a part of the classes only.
func Words(path string) Option { return func(f *folder) { f.words = path } }

// ImageFolder returns the pictures of a folder that has one folder per class,
// as ImageNet has them by WordNet id. The index of a class is its position
// among the folders in sorted order, unless [Words] gives another order.
func ImageFolder(dir string, p preprocess.Pipeline, options ...Option) (Dataset, error) {
	var f folder
	for _, option := range options {
		option(&f)
	}
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
	ids := folders
	if f.words != "" {
		ids, d.classes, err = readWords(f.words)
		if err != nil {
			return nil, fmt.Errorf("image folder: %w", err)
		}
	}
	index := make(map[string]int, len(ids))
	for i, id := range ids {
		index[id] = i
	}
	for _, name := range folders {
		class, ok := index[name]
		if !ok {
			return nil, fmt.Errorf("image folder: %s: not one of the %d classes in %s", filepath.Join(dir, name), len(ids), f.words)
		}
		pictures, err := list(filepath.Join(dir, name), false)
		if err != nil {
			return nil, fmt.Errorf("image folder: %w", err)
		}
		for _, picture := range pictures {
			d.entries = append(d.entries, entry{id: name + "/" + picture, class: class})
		}
	}
	if err := d.seal(); err != nil {
		return nil, fmt.Errorf("image folder: %w", err)
	}
	return d, nil
}

func readWords(path string) (ids, words []string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	ids, words, err = parseWords(f)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return ids, words, nil
}

// parseWords reads lines of a class's folder, white space and its words.
func parseWords(r io.Reader) (ids, words []string, err error) {
	lines := bufio.NewScanner(r)
	known := make(map[string]bool)
	number := 0
	for lines.Scan() {
		number++
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		end := strings.IndexAny(line, " \t")
		if end < 0 {
			return nil, nil, fmt.Errorf("line %d: %q: want the name of a folder and the words of its class", number, line)
		}
		id := line[:end]
		if known[id] {
			return nil, nil, fmt.Errorf("line %d: class %q a second time", number, id)
		}
		known[id] = true
		ids = append(ids, id)
		words = append(words, strings.TrimSpace(line[end:]))
	}
	if err := lines.Err(); err != nil {
		return nil, nil, fmt.Errorf("line %d: %w", number+1, err)
	}
	if len(ids) == 0 {
		return nil, nil, fmt.Errorf("no classes")
	}
	return ids, words, nil
}
