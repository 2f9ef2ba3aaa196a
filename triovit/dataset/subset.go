// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/gotriovit/gotriovit/internal/cache"
)

// subset is a part of another set.
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

// Subset returns the pictures with the given ids, in that order. An id that the
// set does not have is an error.
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

// Head returns the first n pictures, or all if there are fewer; n must be
// positive.
func Head(d Dataset, n int) (Dataset, error) {
	if n < 1 {
		return nil, fmt.Errorf("first %d pictures of %s: allowed are 1 to %d", n, d.Name(), d.Len())
	}
	return part(d, n, "the first", func(i int) int { return i }), nil
}

// Spread returns n pictures, evenly spread over the set and beginning with the first, or
// all if there are fewer; n must be positive.
func Spread(d Dataset, n int) (Dataset, error) {
	if n < 1 {
		return nil, fmt.Errorf("%d pictures spread over %s: allowed are 1 to %d", n, d.Name(), d.Len())
	}
	return part(d, n, "evenly spread", func(i int) int { return i * d.Len() / n }), nil
}

// part returns n pictures at the indices that at has, or all if there are not more.
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

// Every returns every n-th picture, beginning with the first: a part that
// spreads over scenes or classes, which are listed one after another; n must be
// positive.
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
// Of one seed, a draw of fewer pictures is a part of each draw of more, and a draw of
// all is the set itself. It is an error if n is less than 1 or more than there are. An
// empty set stays as it is, for its Load says why it is empty.
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
