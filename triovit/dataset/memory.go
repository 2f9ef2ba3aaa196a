// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/gotriovit/gotriovit/internal/cache"
)

// memory is a set whose pictures the program made. It implements [Dataset].
type memory struct {
	name        string
	task        Task
	classes     []string
	items       []*Item
	fingerprint string
}

// Memory returns a set of pictures that need no files, such as scenes that the program
// draws. An error names an item whose size or label is invalid, or whose id is not
// unique. The items must not be changed afterwards.
func Memory(name string, task Task, classes []string, items []*Item) (Dataset, error) {
	parts := append([]string{task.String()}, classes...)
	known := make(map[string]bool, len(items))
	for _, item := range items {
		if known[item.ID] {
			return nil, fmt.Errorf("data set %s: two pictures are called %q", name, item.ID)
		}
		known[item.ID] = true
		if err := check(item, task, len(classes)); err != nil {
			return nil, fmt.Errorf("data set %s: picture %q: %w", name, item.ID, err)
		}
		sum := sha256.New()
		sum.Write(item.Image.Pix)
		sum.Write(item.Label.Map)
		parts = append(parts, item.ID, hex.EncodeToString(sum.Sum(nil)))
		for _, n := range []int{item.Image.W, item.Image.H, item.Label.Class, item.Label.W, item.Label.H} {
			parts = append(parts, strconv.Itoa(n))
		}
	}
	return &memory{name, task, classes, items, cache.Key(parts...)}, nil
}

// check returns an error if an item of a set with the given number of classes is
// invalid.
func check(item *Item, task Task, classes int) error {
	m, label := item.Image, item.Label
	switch {
	case m == nil || m.W < 1 || m.H < 1 || len(m.Pix) != m.W*m.H*3:
		return fmt.Errorf("no picture, or not one of W*H*3 bytes")
	case task == Classification:
		if label.Class < 0 || label.Class >= classes {
			return fmt.Errorf("class %d: allowed are 0 to %d", label.Class, classes-1)
		}
	case label.W < 1 || label.H < 1 || len(label.Map) != label.W*label.H:
		return fmt.Errorf("%d labels for %dx%d pixels", len(label.Map), label.W, label.H)
	default:
		for i, class := range label.Map {
			if class != Ignore && int(class) >= classes {
				return fmt.Errorf("label %d at (%d, %d): allowed are 0 to %d, and %d to ignore", class, i%label.W, i/label.W, classes-1, Ignore)
			}
		}
	}
	return nil
}

func (d *memory) Name() string        { return d.name }
func (d *memory) Task() Task          { return d.task }
func (d *memory) Classes() []string   { return d.classes }
func (d *memory) Len() int            { return len(d.items) }
func (d *memory) ID(i int) string     { return d.items[i].ID }
func (d *memory) Fingerprint() string { return d.fingerprint }
func (d *memory) Remarks() []string   { return nil }

func (d *memory) Load(i int) (*Item, error) {
	if err := within(d, i); err != nil {
		return nil, err
	}
	return d.items[i], nil
}

// absent is an empty set in place of one that could not be opened.
type absent struct {
	memory
	why error
}

// Absent returns an empty set in place of one that could not be opened. Its Load
// returns the reason why as an error.
func Absent(name string, task Task, why error) Dataset {
	return &absent{memory{name: name, task: task, fingerprint: cache.Key(name)}, why}
}

func (d *absent) Load(int) (*Item, error) { return nil, d.why }
