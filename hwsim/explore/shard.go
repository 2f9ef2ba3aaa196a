// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/triovit/shard"
)

// Merge joins the surveys of all shards of one space, in any order, into the survey of the
// single run. A shard that is missing, given twice or of another space is an error that
// names it.
func Merge(shards ...*Survey) (*Survey, error) {
	shards, err := shard.Join(shards, (*Survey).part)
	if err != nil {
		return nil, err
	}
	merged := *shards[0]
	merged.file, merged.Shard, merged.Points = "", shard.Shard{Index: 1, Of: 1}, slices.Clone(merged.Points)
	for _, s := range shards[1:] {
		merged.Points = append(merged.Points, s.Points...)
		merged.Tried += s.Tried
		merged.OverLimit += s.OverLimit
		merged.Refused += s.Refused
		merged.Refusal = cmp.Or(merged.Refusal, s.Refusal)
	}
	return &merged, nil
}

// part returns the survey's shard and the space to which it belongs.
func (v *Survey) part() shard.Part {
	return shard.Part{Shard: v.Shard, File: v.file, Of: []shard.Trait{
		{Name: "model", Value: v.Model},
		{Name: "base", Value: v.Base.Name},
		{Name: "objectives", Value: fmt.Sprint(v.objectives())},
		{Name: "axes, values, limits or networks", Value: v.Space, Digest: true},
	}}
}
