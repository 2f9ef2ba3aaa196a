// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/internal/jsonlist"
	"github.com/gotriovit/gotriovit/internal/regular"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/shard"
)

// MergeLadders joins all shards of one ladder, in any order, to the ladder of the single
// run. A shard that is missing, given twice or of another ladder (other pictures, model,
// recipes or platform) is an error that names it. A recipe without a score in one shard
// has no score in the merged ladder.
func MergeLadders(shards ...*Climb) (*Climb, error) {
	shards, err := shard.Join(shards, (*Climb).part)
	if err != nil {
		return nil, err
	}
	merged := *shards[0]
	merged.file, merged.Rungs = "", nil
	reports := make([]*triovit.Report, len(shards))
	for i, s := range shards {
		reports[i] = s.Float
	}
	if merged.Float, err = triovit.Merge(reports...); err != nil {
		return nil, fmt.Errorf("float: %w", err)
	}
	for k, rung := range shards[0].Rungs {
		rung.Unscored = nil
		for i, s := range shards {
			reports[i] = s.Rungs[k].Report
			rung.Unscored = cmp.Or(rung.Unscored, s.Rungs[k].Unscored)
		}
		if rung.Report = nil; rung.Unscored == nil {
			rung.Report, err = triovit.Merge(reports...)
		}
		if err == nil {
			err = merged.add(rung, nil)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", rung.Recipe.Name, err)
		}
	}
	return &merged, nil
}

// part says which shard of which ladder this is.
func (c *Climb) part() shard.Part {
	var rungs []string
	for _, r := range c.Rungs {
		rungs = append(rungs, r.Recipe.Name)
	}
	return shard.Part{Shard: c.Float.Shard, File: c.file, Of: []shard.Trait{
		{Name: "model", Value: c.Model},
		{Name: "calibration", Value: fmt.Sprintf("%d of %s", c.CalibrationImages, c.Calibration)},
		{Name: "evaluation", Value: c.Evaluation},
		{Name: "platform", Value: c.Float.Platform},
		{Name: "recipes", Value: fmt.Sprintf("%q", rungs), Digest: true},
		{Name: "weights", Value: c.Float.Predictor, Digest: true},
	}}
}

// LadderFormat is the format's name at the start of a saved ladder.
const LadderFormat = "gotriovit ladder 1"

// A climbRecord is a ladder in a file.
type climbRecord struct {
	Format            string          `json:"format"`
	Model             string          `json:"model"`
	Calibration       string          `json:"calibration"`
	CalibrationImages int             `json:"calibration_images"`
	Evaluation        string          `json:"evaluation"`
	Float             *triovit.Report `json:"float"`
	Rungs             rungs           `json:"rungs"`
}

type rungRecord struct {
	Recipe   string          `json:"recipe"`
	Changes  changes         `json:"changes,omitempty"`
	Report   *triovit.Report `json:"report,omitempty"`
	Unscored string          `json:"unscored,omitempty"`
	Warnings warnings        `json:"warnings,omitempty"`
}

// MaxRungs is the largest number of recipes and artefacts in a saved ladder. The confusion
// matrices of one rung may take a reader 1 MiB.
const MaxRungs = 48

// maxChanges and maxWarnings bound the changes and warnings of one recipe in a file.
const maxChanges, maxWarnings = 1 << 16, 1 << 12

type rungs []rungRecord

func (r *rungs) UnmarshalJSON(data []byte) error {
	return jsonlist.Unmarshal((*[]rungRecord)(r), data, '{', MaxRungs)
}

type changes []Change

func (c *changes) UnmarshalJSON(data []byte) error {
	return jsonlist.Unmarshal((*[]Change)(c), data, '{', min(maxChanges, len(data)/len(`{"Op":"","What":""}`)))
}

type warnings []string

func (w *warnings) UnmarshalJSON(data []byte) error {
	return jsonlist.Unmarshal((*[]string)(w), data, '"', maxWarnings)
}

// Save writes the ladder, or a shard of one, to a file, which is complete or absent. More
// than [MaxRungs] rungs are an error, as for [ReadLadder].
func (c *Climb) Save(path string) error {
	if len(c.Rungs) > MaxRungs {
		return fmt.Errorf("save ladder %s: %d rungs: allowed are %d", path, len(c.Rungs), MaxRungs)
	}
	r := climbRecord{LadderFormat, c.Model, c.Calibration, c.CalibrationImages, c.Evaluation, c.Float, nil}
	for _, rung := range c.Rungs {
		line := rungRecord{Recipe: rung.Recipe.Name, Changes: rung.Changes, Report: rung.Report, Warnings: rung.Warnings}
		if rung.Unscored != nil {
			line.Unscored = rung.Unscored.Error()
		}
		r.Rungs = append(r.Rungs, line)
	}
	if err := atomicfile.WriteJSON(path, r, maxLadder); err != nil {
		return fmt.Errorf("save ladder %s: %w", path, err)
	}
	return nil
}

// maxLadder bounds a ladder's file, in bytes.
const maxLadder = 1 << 30

// ReadLadder reads a ladder that [Climb.Save] wrote. Errors of [MergeLadders] name its
// file. The file holds the names of recipes only. The comparison of a rung with the float
// network is computed anew, in a whole ladder.
func ReadLadder(path string) (*Climb, error) {
	c, err := regular.Parse(path, maxLadder, "ladder", `Climb.Save or "triovit ladder -shard"`, parseLadder)
	if err != nil {
		return nil, err
	}
	c.file = path
	return c, nil
}

func parseLadder(data []byte) (*Climb, error) {
	var r climbRecord
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, err
	}
	switch {
	case r.Format != LadderFormat:
		return nil, fmt.Errorf("the format is %.40q, want %q", r.Format, LadderFormat)
	case r.Float == nil:
		return nil, errors.New("there is no report of the float network")
	}
	c := &Climb{Model: r.Model, Calibration: r.Calibration, CalibrationImages: r.CalibrationImages, Evaluation: r.Evaluation, Float: r.Float}
	for _, line := range r.Rungs {
		rung := Rung{Recipe: Recipe{Name: line.Recipe}, Changes: line.Changes, Report: line.Report, Warnings: line.Warnings}
		switch {
		case (line.Report == nil) != (line.Unscored != ""):
			return nil, fmt.Errorf("recipe %.80q: a report or why there is none, and not both", line.Recipe)
		case line.Unscored != "":
			rung.Unscored = errors.New(line.Unscored)
		case line.Report.Shard != r.Float.Shard:
			return nil, fmt.Errorf("recipe %.80q: shard %s, of float %s", line.Recipe, line.Report.Shard, r.Float.Shard)
		}
		if err := c.add(rung, nil); err != nil {
			return nil, fmt.Errorf("recipe %.80q: %w", line.Recipe, err)
		}
	}
	return c, nil
}
