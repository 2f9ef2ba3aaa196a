// SPDX-License-Identifier: Apache-2.0

package dataset

// generated is a set whose pictures are made when they are loaded.
type generated struct {
	memory // a memory without items
	n      int
	id     func(i int) string
	load   func(i int) *Item
}

// Generated returns a set of n pictures that load makes. Several goroutines may call load
// at once. It must return valid items, always the same, under the names of id, and the
// fingerprint must be that of [Memory] for all of them.
func Generated(name string, task Task, classes []string, n int, fingerprint string, id func(i int) string, load func(i int) *Item) Dataset {
	return &generated{memory{name: name, task: task, classes: classes, fingerprint: fingerprint}, n, id, load}
}

func (d *generated) Len() int        { return d.n }
func (d *generated) ID(i int) string { return d.id(i) }

func (d *generated) Load(i int) (*Item, error) {
	if err := within(d, i); err != nil {
		return nil, err
	}
	return d.load(i), nil
}
