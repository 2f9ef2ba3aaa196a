// SPDX-License-Identifier: Apache-2.0

// Package shard divides work that outgrows one machine into numbered parts. A shard is one
// of n parts of an evaluation, a ladder, a diagnosis or an exploration, computed on any
// machine. [Join] sorts the results of all shards, given in any order, and returns an
// error that names a shard that is missing, given twice or of other work:
//
//	begin, end := shard.Shard{Index: 2, Of: 4}.Share(100) // 25 to before 50
//
// A cluster's own scheduler starts the shards: docs/CLUSTER.md has the script.
package shard

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Shard is one of Of nearly equal parts, numbered from 1; one job computes one shard.
// The zero Shard is the whole, as 1/1 is.
type Shard struct{ Index, Of int }

// most bounds the numbers in a shard's name.
const most = 1 << 20

// UnmarshalText reads the shard's name, "2/4".
func (s *Shard) UnmarshalText(name []byte) error {
	index, of, ok := strings.Cut(string(name), "/")
	i, err := strconv.Atoi(index)
	n, err2 := strconv.Atoi(of)
	if !ok || err != nil || err2 != nil {
		return fmt.Errorf("shard %.40q: want i/n, such as 2/4", name)
	}
	*s = Shard{i, n}
	return s.check()
}

// MarshalText is the shard's name.
func (s Shard) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String is the shard's name, "2/4".
func (s Shard) String() string {
	s = s.numbered()
	return fmt.Sprintf("%d/%d", s.Index, s.Of)
}

// Whole reports whether the shard is the whole.
func (s Shard) Whole() bool { return s.numbered() == Shard{1, 1} }

// numbered is the shard with its numbers, 1/1 for the zero Shard.
func (s Shard) numbered() Shard {
	if s == (Shard{}) {
		return Shard{1, 1}
	}
	return s
}

// Checked returns the shard with its numbers, 1/1 for the zero Shard. A shard that does
// not lie between 1/n and n/n is an error.
func (s Shard) Checked() (Shard, error) {
	s = s.numbered()
	return s, s.check()
}

func (s Shard) check() error {
	if s.Of < 1 || s.Of > most || s.Index < 1 || s.Index > s.Of {
		return fmt.Errorf("shard %d/%d: allowed are 1/n to n/n, with n from 1 to %d", s.Index, s.Of, most)
	}
	return nil
}

// Share returns the shard's part of n things, from begin to before end. Where there are
// more shards than things some parts are empty.
func (s Shard) Share(n int) (begin, end int) {
	s = s.numbered()
	return n * (s.Index - 1) / s.Of, n * s.Index / s.Of
}

// A Part names the shard of a result, and the work to which it belongs.
type Part struct {
	Shard Shard
	// File is the file from which the result was read, or empty.
	File string
	// Of are the traits of the work, equal in all of its shards.
	Of []Trait
}

// A Trait is a property that the shards of one work have in common.
type Trait struct {
	// Name is a noun, such as "network".
	Name, Value string
	// Digest marks a hash, which errors leave out.
	Digest bool
}

// String names the part in errors.
func (p Part) String() string {
	if p.File == "" {
		return "shard " + p.Shard.String()
	}
	return fmt.Sprintf("shard %s (%s)", p.Shard, p.File)
}

// foreign returns an error with the trait in which the part's work differs from the first
// part's.
func (p Part) foreign(first Part) error {
	for i, t := range p.Of {
		switch want := first.Of[i]; {
		case t.Value == want.Value:
		case t.Digest:
			return fmt.Errorf("%s has other %s than %s", p, t.Name, first)
		default:
			return fmt.Errorf("%s has another %s, %.200q, than %s, %.200q", p, t.Name, t.Value, first, want.Value)
		}
	}
	if p.Shard.Of != first.Shard.Of {
		return fmt.Errorf("%s has another number of shards, \"%d\", than %s, \"%d\"", p, p.Shard.Of, first, first.Shard.Of)
	}
	return nil
}

// Join returns the results in the order of their shards. A shard that is missing, given
// twice, or of other work is an error that names it.
func Join[T any](results []T, part func(T) Part) ([]T, error) {
	if len(results) == 0 {
		return nil, errors.New("no shards are given")
	}
	parts := make([]Part, len(results))
	for i, r := range results {
		parts[i] = part(r)
		var err error
		if parts[i].Shard, err = parts[i].Shard.Checked(); err != nil {
			return nil, err
		}
		if err := parts[i].foreign(parts[0]); err != nil {
			return nil, err
		}
	}
	at := make(map[int]int, len(results)) // index of each shard's result
	for i, p := range parts {
		if twin, ok := at[p.Shard.Index]; ok {
			also := ""
			if parts[twin].File != "" {
				also = ", also as " + parts[twin].File
			}
			return nil, fmt.Errorf("%s is given twice%s", p, also)
		}
		at[p.Shard.Index] = i
	}
	of := parts[0].Shard.Of
	var ordered []T
	for i := 1; i <= of; i++ {
		j, ok := at[i]
		if !ok {
			return nil, fmt.Errorf("shard %s is missing: %d of %d are given", Shard{i, of}, len(results), of)
		}
		ordered = append(ordered, results[j])
	}
	return ordered, nil
}
