// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"fmt"

	"github.com/gotriovit/gotriovit/triovit/shard"
)

// A Shard is one of Of nearly equal parts of an evaluation, numbered from 1. One job
// computes one shard, each on its own machine.
//
//	report, err := triovit.Evaluate(ctx, q, data, triovit.Sharded(triovit.Shard{Index: 2, Of: 4}))
//	...
//	whole, err := triovit.Merge(reports...)
//
// A shard holds the pictures of consecutive batches. Where there are more shards than
// batches some are empty, and merge like the others.
type Shard = shard.Shard

// whole is the only shard of an evaluation that is not divided.
var whole = Shard{Index: 1, Of: 1}

// Merge joins the reports of all shards of one evaluation, in any order, into the report
// that the single run gives. A shard that is missing, given twice, or of another
// evaluation (other pictures, another model, recipe or platform) is an error that names
// it. Shards may lack a score, but not all of them.
func Merge(shards ...*Report) (*Report, error) {
	shards, err := shard.Join(shards, (*Report).part)
	if err != nil {
		return nil, err
	}
	merged := *shards[0]
	merged.file, merged.Shard, merged.Outcomes = "", whole, nil
	for _, s := range shards {
		merged.Outcomes = append(merged.Outcomes, s.Outcomes...)
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

// part returns the report's shard and the evaluation to which it belongs.
func (r *Report) part() shard.Part {
	return shard.Part{Shard: r.Shard, File: r.file, Of: []shard.Trait{
		{Name: "data set", Value: r.Dataset},
		{Name: "network", Value: r.Network},
		{Name: "recipe", Value: r.Label},
		{Name: "platform", Value: r.Platform},
		{Name: "pictures, labels or preprocessing", Value: fmt.Sprintf("%s %d %d %q", r.Fingerprint, r.Pictures, r.Task, r.Classes), Digest: true},
		{Name: "weights or grids", Value: r.Predictor, Digest: true},
	}}
}
