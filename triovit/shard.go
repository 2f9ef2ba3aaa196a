// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Shard is one of Of nearly equal parts of an evaluation, numbered from 1:
// what one job of many computes, each on its own machine.
//
//	report, err := triovit.Evaluate(ctx, q, data, triovit.Sharded(triovit.Shard{Index: 2, Of: 4}))
//	...
//	whole, err := triovit.Merge(reports...)
//
// A shard holds the pictures of consecutive batches. Where there are more
// shards than batches some are empty, and merge like the others.
type Shard struct{ Index, Of int }

// whole is the shard that is everything.
var whole = Shard{1, 1}

// maxShards bounds what a shard's name may claim.
const maxShards = 1 << 20

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
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Of) }

func (s Shard) check() error {
	if s.Of < 1 || s.Of > maxShards || s.Index < 1 || s.Index > s.Of {
		return fmt.Errorf("shard %s: allowed are 1/n to n/n, with n from 1 to %d", s, maxShards)
	}
	return nil
}

// share returns the shard's part of n things, from begin to before end.
func (s Shard) share(n int) (begin, end int) {
	return n * (s.Index - 1) / s.Of, n * s.Index / s.Of
}

// Merge joins the reports of all shards of one evaluation, in any order, to the
// report that the single run gives. A shard that is missing, given twice, or of
// another evaluation (other pictures, another model, recipe or platform) is an
// error that names it. So are shards of which none has a score; single ones may
// lack it.
func Merge(shards ...*Report) (*Report, error) {
	if len(shards) == 0 {
		return nil, errors.New("no shards are given")
	}
	first := shards[0]
	for _, s := range shards {
		if err := s.foreign(first); err != nil {
			return nil, err
		}
	}
	seen := make(map[int]*Report, len(shards))
	for _, s := range shards {
		if twin := seen[s.Shard.Index]; twin != nil {
			return nil, fmt.Errorf("%s is given twice%s", s.who(), twin.again())
		}
		seen[s.Shard.Index] = s
	}
	merged := *first
	merged.file, merged.Shard, merged.Outcomes = "", whole, nil
	for i := 1; i <= first.Shard.Of; i++ {
		if seen[i] == nil {
			return nil, fmt.Errorf("shard %s is missing: %d of %d are given", Shard{i, first.Shard.Of}, len(shards), first.Shard.Of)
		}
		merged.Outcomes = append(merged.Outcomes, seen[i].Outcomes...)
	}
	if len(merged.Outcomes) != merged.Pictures {
		return nil, fmt.Errorf("the shards have %d outcomes, the data set %d pictures", len(merged.Outcomes), merged.Pictures)
	}
	merged.score()
	if err := merged.unscored(); err != nil {
		return nil, err
	}
	return &merged, nil
}

// foreign says in what the report belongs to another evaluation than the first.
func (r *Report) foreign(first *Report) error {
	for _, c := range []struct{ what, got, want string }{
		{"data set", r.Dataset, first.Dataset},
		{"network", r.Network, first.Network},
		{"recipe", r.Label, first.Label},
		{"platform", r.Platform, first.Platform},
		{"number of shards", strconv.Itoa(r.Shard.Of), strconv.Itoa(first.Shard.Of)},
	} {
		if c.got != c.want {
			return fmt.Errorf("%s has another %s, %q, than %s, %q", r.who(), c.what, c.got, first.who(), c.want)
		}
	}
	if r.Fingerprint != first.Fingerprint || r.Pictures != first.Pictures || r.Task != first.Task || !slices.Equal(r.Classes, first.Classes) {
		return fmt.Errorf("%s has other pictures, labels or preprocessing than %s", r.who(), first.who())
	}
	if r.Predictor != first.Predictor {
		return fmt.Errorf("%s has other weights or grids than %s", r.who(), first.who())
	}
	return nil
}

// who names the report in errors.
func (r *Report) who() string {
	if r.file == "" {
		return "shard " + r.Shard.String()
	}
	return fmt.Sprintf("shard %s (%s)", r.Shard, r.file)
}

// again names where else a shard is.
func (r *Report) again() string {
	if r.file == "" {
		return ""
	}
	return ", also as " + r.file
}
