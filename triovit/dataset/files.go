// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gotriovit/gotriovit/internal/cache"
	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/internal/regular"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// files is a set of pictures in a folder. It implements [Dataset].
type files struct {
	name        string
	task        Task
	classes     []string
	dir         string
	pipeline    preprocess.Pipeline
	coding      *coding // the coding of the label maps, for segmentation
	entries     []entry
	others      []string // files in the folder that are no pictures
	remarks     []string
	fingerprint string
}

// entry names the files and the class of one picture.
type entry struct {
	id    string // path of the picture below dir, with slashes
	label string // path of the label map, for segmentation
	class int    // index of the class, for classification
}

func (d *files) Name() string        { return d.name }
func (d *files) Task() Task          { return d.task }
func (d *files) Classes() []string   { return d.classes }
func (d *files) Len() int            { return len(d.entries) }
func (d *files) ID(i int) string     { return d.entries[i].id }
func (d *files) Fingerprint() string { return d.fingerprint }
func (d *files) Remarks() []string   { return d.remarks }

// path returns the path of the file with an id.
func (d *files) path(id string) string { return filepath.Join(d.dir, filepath.FromSlash(id)) }

// list returns the ids of the pictures below a folder of the set. It adds the files
// that are no pictures to d.others.
func (d *files) list(folder string) ([]string, error) {
	pictures, others, err := list(d.path(folder))
	for i, picture := range pictures {
		pictures[i] = path.Join(folder, picture)
	}
	for _, other := range others {
		d.others = append(d.others, path.Join(folder, other))
	}
	return pictures, err
}

// seal applies the options and sets the fingerprint. The other fields must be set
// before. It reads every file, unless the cache has their hash or ctx ends.
func (d *files) seal(ctx context.Context, s *settings) error {
	d.remarks = s.remarks
	if len(d.others) > 0 {
		d.remarks = append(d.remarks, "left out, as they are no .png, .jpg or .jpeg files: "+some(d.others))
	}
	if len(d.entries) == 0 {
		return errors.New(strings.Join(append([]string{d.dir + ": no pictures"}, d.remarks...), "; "))
	}
	if most, all := s.most, d.entries; most > 0 && most < len(all) {
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

// settled is the age from which a file's modification time identifies its contents.
// File systems store times in steps of up to two seconds. A file that changes twice
// within a step has the same time for both contents.
const settled = 3 * time.Second

// contentsVersion must be raised if a change of the code gives the same files another
// hash.
const contentsVersion = 1

// contents returns a hash of the files with the given ids. Hashing a large set takes
// minutes, so the stage cache stores the result. It is valid as long as no file changes
// its size or its time. If the age of one file is less than settled, nothing is stored.
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
		if err := regular.Check(d.path(id), info); err != nil {
			return "", err
		}
		if now.Sub(info.ModTime()) < settled {
			store = nil
		}
		inputs = append(inputs, id, strconv.FormatInt(info.Size(), 10), strconv.FormatInt(info.ModTime().UnixNano(), 10))
	}
	return cache.Do(ctx, store, "dataset contents", contentsVersion, inputs, func() (string, error) {
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
	f, err := regular.Open(path, math.MaxInt64)
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
