// SPDX-License-Identifier: Apache-2.0

// Package dataset reads labelled pictures, one at a time, in the form in which a
// network is scored on them.
//
// An accuracy belongs to a network, a set of pictures and a protocol. A [Dataset] holds
// the pictures and the protocol. It lists pictures under stable names. It loads one
// picture with its label, after the preprocessing of the protocol. Its fingerprint
// changes if the pictures, the labels or the protocol change, so a cached result is
// used only for the inputs from which it was computed.
//
//	val, err := dataset.CamVid(ctx, "data/camvid", "val")
//	if err != nil { ... }
//	for i := range val.Len() {
//		item, err := val.Load(i) // item.Image is 960x704, item.Label.Map 480x360
//		...
//	}
//
// Sets come from folders ([Cityscapes], [CamVid], [ADE20K], [ImageFolder],
// [ImageNetVal]) or from pictures that the program draws ([Memory]). [Head], [Every],
// [Draw] and [Subset] take parts of a set, and [AtMost] opens only a part. A picture
// without a label, a picture in another format or a label outside the classes is an
// error that names the file. A file that is no picture, such as a README, is named in
// the set's remarks. Only hidden files and those that operating systems leave in
// folders are ignored without a remark ([Litter]).
//
// Opening a folder hashes its files. For a folder of gigabytes this takes minutes the
// first time. It shows its progress, and returns ctx's error if ctx ends.
package dataset

import (
	"fmt"

	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// Task is the kind of a set's labels.
type Task uint8

const (
	Classification Task = iota // each picture has one class
	Segmentation               // each pixel has one class
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

// Label is the true class or label map of one picture.
type Label struct {
	Class int     // index into the classes, for classification
	Map   []uint8 // indices into the classes, or Ignore, [H, W], for segmentation
	W, H  int     // size of Map in pixels
	// Logits is the filter with which the protocol resizes a network's logits to the
	// size of Map.
	Logits preprocess.Filter
}

// Item is one labelled picture. Several callers may share it, so it must not be
// changed.
type Item struct {
	ID            string          // name within the set, a relative path with slashes
	Image         *preprocess.RGB // the picture after the set's preprocessing, [H, W, 3]
	Width, Height int             // size of the picture before the preprocessing, in pixels
	Label         Label
}

// Dataset is a fixed list of labelled pictures. Its methods may be called from
// several goroutines.
type Dataset interface {
	// Name names the pictures in tables and figures.
	Name() string
	// Task says which fields of a label are set.
	Task() Task
	// Classes returns the names of the classes, in the order of the indices.
	Classes() []string
	// Len returns the number of pictures.
	Len() int
	// ID returns the name of picture i, 0 <= i < Len().
	ID(i int) string
	// Load reads and preprocesses picture i, 0 <= i < Len(). Any other i is an error.
	Load(i int) (*Item, error)
	// Fingerprint identifies the pictures, their labels, the classes and the
	// preprocessing. It does not depend on the folder of the files. It is part of cache
	// keys.
	Fingerprint() string
	// Remarks are facts about the reading of the set that a reader of a score must
	// know: the order of the classes if two orders are in use, the files that were left
	// out, and assumptions. It is empty if there are none.
	Remarks() []string
}

// NotEmpty returns the error that explains why a set has no pictures, or nil if it has
// some.
func NotEmpty(d Dataset) error {
	if d.Len() > 0 {
		return nil
	}
	_, err := d.Load(0) // the error is the reason
	return err
}

// within returns an error if the set has no picture i.
func within(d Dataset, i int) error {
	if d.Len() == 0 {
		return fmt.Errorf("data set %s is empty", d.Name())
	}
	if i < 0 || i >= d.Len() {
		return fmt.Errorf("data set %s: no picture %d: there are %d, from 0", d.Name(), i, d.Len())
	}
	return nil
}
