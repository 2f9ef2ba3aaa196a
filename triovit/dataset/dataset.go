// SPDX-License-Identifier: Apache-2.0

// Package dataset reads labelled pictures, one at a time, as a network is
// scored on them.
//
// An accuracy is a statement about a network, a set of pictures and a protocol.
// A [Dataset] is the last two: it lists pictures under stable names, loads one
// together with its label after the preprocessing of the protocol, and has a
// fingerprint that changes whenever the pictures, the labels or the protocol
// do, so that a cached result belongs to what it was computed on.
//
//	val, err := dataset.CamVid(ctx, "data/camvid", "val")
//	if err != nil { ... }
//	for i := range val.Len() {
//		item, err := val.Load(i) // item.Image is 960x704, item.Label.Map 480x360
//		...
//	}
//
// Sets come from folders ([Cityscapes], [CamVid], [ADE20K], [ImageFolder],
// [ImageNetVal]) or from pictures drawn by the program ([Memory]); [Head],
// [Every], [Draw] and [Subset] take parts of them, and [AtMost] opens a part only.
// Nothing is skipped in silence: a picture without a label, a picture in another
// format or a label outside the classes is an error that names the file, and a
// file that is no picture, such as a README, stands in the set's remarks. Only the
// litter of systems and hidden files are passed over ([Litter]).
//
// To open a folder is to hash its files, which takes minutes for the gigabytes of
// a large one, the first time. It shows its progress, and returns ctx's error when
// ctx ends.
package dataset

import (
	"fmt"

	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// Task says what the labels are.
type Task uint8

const (
	Classification Task = iota // one class per picture
	Segmentation               // one class per pixel
)

// String returns "classification" or "segmentation".
func (t Task) String() string {
	switch t {
	case Classification:
		return "classification"
	case Segmentation:
		return "segmentation"
	}
	return fmt.Sprintf("Task(%d)", uint8(t))
}

// Ignore is the label of pixels that are not scored.
const Ignore = 255

// Label is the truth about one picture.
type Label struct {
	Class int     // index into the classes, for classification
	Map   []uint8 // [H, W] indices into the classes or Ignore, for segmentation
	W, H  int     // size of Map
	// Logits is the filter by which the protocol brings a network's logits to
	// the size of Map.
	Logits preprocess.Filter
}

// Item is one labelled picture. It may be shared: do not change it.
type Item struct {
	ID            string          // name within the set, a relative path with slashes
	Image         *preprocess.RGB // [H, W, 3], after the set's preprocessing
	Width, Height int             // size of the picture before it
	Label         Label
}

// Dataset is a fixed list of labelled pictures. Its methods may be called from
// several goroutines.
type Dataset interface {
	// Name says which pictures these are, for tables and figures.
	Name() string
	// Task says which fields of a label are set.
	Task() Task
	// Classes returns the names of the classes, in the order of the indices.
	Classes() []string
	// Len returns the number of pictures.
	Len() int
	// ID returns the name of picture i, 0 <= i < Len().
	ID(i int) string
	// Load reads and preprocesses picture i, 0 <= i < Len(); another i is an
	// error.
	Load(i int) (*Item, error)
	// Fingerprint identifies the pictures, their labels, the classes and the
	// preprocessing, independent of where the files lie: part of a cache key.
	Fingerprint() string
	// Remarks says what a reader of a score must know of how the set was read:
	// the order of the classes where people number them in two ways, what was
	// left out, what was assumed. It is empty where nothing is to be said.
	Remarks() []string
}

// NotEmpty returns why a set has no pictures, nil where it has some.
func NotEmpty(d Dataset) error {
	if d.Len() > 0 {
		return nil
	}
	_, err := d.Load(0) // says why
	return err
}

// within says that a set has no picture of a number.
func within(d Dataset, i int) error {
	if d.Len() == 0 {
		return fmt.Errorf("data set %s is empty", d.Name())
	}
	if i < 0 || i >= d.Len() {
		return fmt.Errorf("data set %s: no picture %d: there are %d, from 0", d.Name(), i, d.Len())
	}
	return nil
}
