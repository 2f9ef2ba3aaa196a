// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/gotriovit/gotriovit/internal/cache"
)

// subset is a part of another set. It implements [Dataset].
type subset struct {
	Dataset
	name        string
	indices     []int
	fingerprint string
}

func (d *subset) Name() string        { return d.name }
func (d *subset) Len() int            { return len(d.indices) }
func (d *subset) ID(i int) string     { return d.Dataset.ID(d.indices[i]) }
func (d *subset) Fingerprint() string { return d.fingerprint }

func (d *subset) Load(i int) (*Item, error) {
	if err := within(d, i); err != nil {
		return nil, err
	}
	return d.Dataset.Load(d.indices[i])
}

func newSubset(d Dataset, how string, indices []int) Dataset {
	parts := []string{d.Fingerprint()}
	for _, i := range indices {
		parts = append(parts, strconv.Itoa(i))
	}
	name := fmt.Sprintf("%s, %s (%d of %d)", d.Name(), how, len(indices), d.Len())
	return &subset{d, name, indices, cache.Key(parts...)}
}

// Subset returns the set of the pictures with the given ids, in that order. An id that
// the set does not have is an error.
func Subset(d Dataset, ids ...string) (Dataset, error) {
	index := make(map[string]int, d.Len())
	for i := range d.Len() {
		index[d.ID(i)] = i
	}
	var indices []int
	for _, id := range ids {
		i, ok := index[id]
		if !ok {
			return nil, fmt.Errorf("subset of %s: no picture %q among its %d", d.Name(), id, d.Len())
		}
		indices = append(indices, i)
	}
	return newSubset(d, "as listed", indices), nil
}

// Head returns the set of the first n pictures, or of all if there are fewer. An n
// below 1 is an error.
func Head(d Dataset, n int) (Dataset, error) {
	if n < 1 {
		return nil, fmt.Errorf("first %d pictures of %s: allowed are 1 to %d", n, d.Name(), d.Len())
	}
	return part(d, n, "the first", func(i int) int { return i }), nil
}

// Spread returns the set of n pictures that are spread evenly over the set and begin
// with the first. It returns all if there are fewer. An n below 1 is an error.
func Spread(d Dataset, n int) (Dataset, error) {
	if n < 1 {
		return nil, fmt.Errorf("%d pictures spread over %s: allowed are 1 to %d", n, d.Name(), d.Len())
	}
	return part(d, n, "evenly spread", func(i int) int { return i * d.Len() / n }), nil
}

// part returns n pictures of a set, with the indices at(0) to at(n-1). It returns the
// whole set if that has at most n pictures.
func part(d Dataset, n int, how string, at func(i int) int) Dataset {
	if n >= d.Len() {
		return d
	}
	indices := make([]int, n)
	for i := range indices {
		indices[i] = at(i)
	}
	return newSubset(d, how, indices)
}

// Every returns every n-th picture, beginning with the first. Sets list the pictures of
// a scene or class one after another, so this part has pictures of all of them. An n
// below 1 is an error.
func Every(d Dataset, n int) (Dataset, error) {
	if n < 1 {
		return nil, fmt.Errorf("one picture in %d of %s: allowed are 1 to %d", n, d.Name(), d.Len())
	}
	if n == 1 || d.Len() == 0 {
		return d, nil
	}
	var indices []int
	for i := 0; i < d.Len(); i += n {
		indices = append(indices, i)
	}
	return newSubset(d, fmt.Sprintf("one in %d", n), indices), nil
}

// Draw returns n pictures that the seed draws without repeats, in the order of the set.
// For one seed, a smaller draw is a part of each larger draw, and a draw of all
// pictures is the set itself. An n below 1, or above the number of pictures, is an
// error. An empty set is returned unchanged, because its Load says why it is empty.
func Draw(d Dataset, n int, seed uint64) (Dataset, error) {
	if d.Len() == 0 {
		return d, nil
	}
	if n < 1 || n > d.Len() {
		return nil, fmt.Errorf("a draw of %d pictures from %s: allowed are 1 to %d", n, d.Name(), d.Len())
	}
	if n == d.Len() {
		return d, nil
	}
	drawn := rand.New(rand.NewPCG(seed, 0)).Perm(d.Len())[:n]
	slices.Sort(drawn)
	return newSubset(d, fmt.Sprintf("drawn by seed %d", seed), drawn), nil
}
