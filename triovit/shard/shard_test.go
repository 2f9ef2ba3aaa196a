// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/internal/linked"
)

func TestLight(t *testing.T) { linked.Light(t) }

func TestName(t *testing.T) {
	for _, c := range []struct {
		name string
		want Shard
		err  string
	}{
		{"2/4", Shard{2, 4}, ""},
		{"1/1", Shard{1, 1}, ""},
		{"0/4", Shard{}, "shard 0/4: allowed are 1/n to n/n"},
		{"0/0", Shard{}, "shard 0/0: allowed are"},
		{"5/4", Shard{}, "shard 5/4"},
		{"1/2000000", Shard{}, "from 1 to 1048576"},
		{"2", Shard{}, `shard "2": want i/n`},
		{"a/b", Shard{}, `shard "a/b"`},
		{"", Shard{}, "want i/n"},
	} {
		var got Shard
		err := got.UnmarshalText([]byte(c.name))
		switch {
		case c.err == "" && (err != nil || got != c.want || got.String() != c.name):
			t.Errorf("%q: %v (%v), want %v", c.name, got, err, c.want)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%q: error %v, want %q", c.name, err, c.err)
		}
	}
	if got, err := (Shard{}).Checked(); got != (Shard{1, 1}) || err != nil || !got.Whole() || (Shard{}).String() != "1/1" {
		t.Errorf("the zero shard is %v (%v), want 1/1", got, err)
	}
}

// TestShare: the shards of any number of things have each of them once, in order, and
// differ in size by one at most.
func TestShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		things, of := rapid.IntRange(0, 1<<20).Draw(t, "things"), rapid.IntRange(1, 100).Draw(t, "of")
		next, least, largest := 0, things, 0
		for i := 1; i <= of; i++ {
			begin, end := Shard{i, of}.Share(things)
			if begin != next || end < begin {
				t.Fatalf("shard %d has %d to %d, the one before it ends at %d", i, begin, end, next)
			}
			next, least, largest = end, min(least, end-begin), max(largest, end-begin)
		}
		if next != things || largest-least > 1 {
			t.Errorf("%d of %d things are shared, %d to %d to a shard", next, things, least, largest)
		}
	})
}

// TestJoin: shards in any order come back in theirs; what is not all shards of one work
// is named.
func TestJoin(t *testing.T) {
	part := func(shard Shard, file, work string) Part {
		return Part{shard, file, []Trait{{Name: "work", Value: work}, {Name: "hash", Value: "h" + work, Digest: true}}}
	}
	same := func(p Part) Part { return p }
	rapid.Check(t, func(t *rapid.T) {
		var parts []Part
		for i := range rapid.IntRange(1, 12).Draw(t, "n") {
			parts = append(parts, part(Shard{i + 1, 0}, "", "a"))
		}
		for i := range parts {
			parts[i].Shard.Of = len(parts)
		}
		got, err := Join(rapid.Permutation(parts).Draw(t, "order"), same)
		if err != nil || !slices.EqualFunc(got, parts, func(a, b Part) bool { return a.Shard == b.Shard }) {
			t.Errorf("%v (%v), want %v", got, err, parts)
		}
	})
	one, two := part(Shard{1, 2}, "a.json", "a"), part(Shard{2, 2}, "b.json", "a")
	hashed := part(Shard{2, 2}, "c.json", "a")
	hashed.Of[1].Value = "other"
	for _, c := range []struct {
		name  string
		parts []Part
		want  string
	}{
		{"none", nil, "no shards are given"},
		{"missing", []Part{two}, "shard 1/2 is missing: 1 of 2 are given"},
		{"doubled", []Part{one, one, two}, "shard 1/2 (a.json) is given twice, also as a.json"},
		{"doubled without files", []Part{part(Shard{1, 2}, "", "a"), part(Shard{1, 2}, "", "a")}, "shard 1/2 is given twice"},
		{"other work", []Part{one, part(Shard{2, 2}, "c.json", "b")}, `shard 2/2 (c.json) has another work, "b", than shard 1/2 (a.json), "a"`},
		{"other hash", []Part{one, hashed}, "shard 2/2 (c.json) has other hash than shard 1/2 (a.json)"},
		{"other number", []Part{one, part(Shard{2, 3}, "", "a")}, `shard 2/3 has another number of shards, "3", than shard 1/2 (a.json), "2"`},
		{"no shard", []Part{part(Shard{3, 2}, "", "a")}, "shard 3/2: allowed are"},
		{"one beside the whole", []Part{part(Shard{}, "", "a"), two}, `shard 2/2 (b.json) has another number of shards, "2", than shard 1/1, "1"`},
	} {
		if _, err := Join(c.parts, same); err == nil || err.Error() != c.want && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}
