// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gotriovit/gotriovit/internal/cache"
	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// files is a set of pictures in a folder.
type files struct {
	name        string
	task        Task
	classes     []string
	dir         string
	pipeline    preprocess.Pipeline
	coding      *coding // of the label maps, for segmentation
	entries     []entry
	fingerprint string
}

// entry is one picture before it is read.
type entry struct {
	id    string // path of the picture below dir, with slashes
	label string // path of its label map, for segmentation
	class int    // its class, for classification
}

func (d *files) Name() string        { return d.name }
func (d *files) Task() Task          { return d.task }
func (d *files) Classes() []string   { return d.classes }
func (d *files) Len() int            { return len(d.entries) }
func (d *files) ID(i int) string     { return d.entries[i].id }
func (d *files) Fingerprint() string { return d.fingerprint }

// path returns where the file of an id lies.
func (d *files) path(id string) string { return filepath.Join(d.dir, filepath.FromSlash(id)) }

// seal applies the options and sets the fingerprint, when everything else is
// set. It reads every file, unless the cache remembers them or ctx ends.
func (d *files) seal(ctx context.Context, options []Option) error {
	if len(d.entries) == 0 {
		return fmt.Errorf("%s: no pictures", d.dir)
	}
	if most, all := apply(options).most, d.entries; most > 0 && most < len(all) {
		d.entries = make([]entry, most)
		for i := range d.entries {
			d.entries[i] = all[i*len(all)/most]
		}
		d.name += fmt.Sprintf(", spread (%d of %d)", most, len(all))
	}
	parts := append([]string{d.task.String(), d.pipeline.String()}, d.classes...)
	if d.coding != nil && d.coding.logits != preprocess.Bilinear {
		parts = append(parts, "logits "+d.coding.logits.String())
	}
	var all []string
	for _, e := range d.entries {
		parts = append(parts, e.id, e.label, strconv.Itoa(e.class))
		all = append(all, e.id)
		if e.label != "" {
			all = append(all, e.label)
		}
	}
	contents, err := d.contents(ctx, all)
	d.fingerprint = cache.Key(append(parts, contents)...)
	return err
}

// settled is the age at which a file's time tells its contents: file systems
// keep times in steps of up to two seconds, and a file that changes twice within
// a step has one time for both contents.
const settled = 3 * time.Second

// contentsVersion changes when the same files would have another hash.
const contentsVersion = 1

// contents hashes the files with the given ids. Reading them all takes a
// while in a large set, so the result is remembered in the stage cache for as
// long as no file changes its size or its time; where one is not settled yet,
// nothing is remembered.
func (d *files) contents(ctx context.Context, ids []string) (string, error) {
	abs, err := filepath.Abs(d.dir)
	if err != nil {
		return "", err
	}
	store, now := cache.Open(""), time.Now()
	inputs := []string{abs}
	for _, id := range ids {
		info, err := os.Stat(d.path(id))
		if err != nil {
			return "", err
		}
		if !info.Mode().IsRegular() { // a device may have no end
			return "", fmt.Errorf("%s: %v, allowed are regular files", d.path(id), info.Mode().Type())
		}
		if now.Sub(info.ModTime()) < settled {
			store = nil
		}
		inputs = append(inputs, id, strconv.FormatInt(info.Size(), 10), strconv.FormatInt(info.ModTime().UnixNano(), 10))
	}
	return cache.Do(store, "dataset contents", contentsVersion, inputs, func() (string, error) {
		bar := progress.New("hash "+d.name, len(ids))
		defer bar.Done()
		var sums []string
		for _, id := range ids {
			if ctx.Err() != nil {
				return "", context.Cause(ctx)
			}
			sum, err := hashFile(d.path(id))
			if err != nil {
				return "", err
			}
			sums = append(sums, sum)
			bar.Add(1)
		}
		return cache.Key(sums...), nil
	})
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Load implements [Dataset].
func (d *files) Load(i int) (*Item, error) {
	if err := within(d, i); err != nil {
		return nil, err
	}
	e := d.entries[i]
	path := d.path(e.id)
	picture, err := preprocess.DecodeFile(path)
	if err != nil {
		return nil, err
	}
	item := &Item{ID: e.id, Width: picture.W, Height: picture.H, Label: Label{Class: e.class}}
	if d.task == Segmentation {
		item.Label, err = d.coding.read(d.path(e.label), picture.W, picture.H)
		if err != nil {
			return nil, err
		}
	}
	item.Image, err = d.pipeline.Apply(picture)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return item, nil
}

// list returns the names in a folder, sorted, of its folders or of its
// pictures. Hidden files are left out; any other file is an error, as it may
// be a picture in a format that would be missed.
func list(dir string, folders bool) ([]string, error) {
	found, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, file := range found {
		if strings.HasPrefix(file.Name(), ".") {
			continue
		}
		path := filepath.Join(dir, file.Name())
		info, err := os.Stat(path) // follows links
		if err != nil {
			return nil, err
		}
		switch extension := strings.ToLower(filepath.Ext(file.Name())); {
		case folders && !info.IsDir():
			return nil, fmt.Errorf("%s: a file, allowed are folders of pictures", path)
		case !folders && (info.IsDir() || extension != ".png" && extension != ".jpg" && extension != ".jpeg"):
			return nil, fmt.Errorf("%s: no picture, allowed are .png, .jpg and .jpeg files", path)
		}
		all = append(all, file.Name())
	}
	return all, nil
}
