// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"encoding/json"
	"fmt"

	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/internal/jsonlist"
	"github.com/gotriovit/gotriovit/internal/regular"
	"github.com/gotriovit/gotriovit/triovit/shard"
)

// Merge joins the reports of all shards of one diagnosis, in any order, into the report of
// the single run. A shard that is missing, given twice or of another diagnosis (another
// model, recipe, platform, other pictures or options) is an error that names it.
func Merge(shards ...*Report) (*Report, error) {
	shards, err := shard.Join(shards, (*Report).part)
	if err != nil {
		return nil, err
	}
	merged := *shards[0]
	merged.file, merged.Shard, merged.Units = "", shard.Shard{Index: 1, Of: 1}, nil
	for _, s := range shards {
		merged.Units = append(merged.Units, s.Units...)
	}
	return &merged, nil
}

// part returns the report's shard and the diagnosis to which it belongs.
func (r *Report) part() shard.Part {
	return shard.Part{Shard: r.Shard, File: r.file, Of: []shard.Trait{
		{Name: "network", Value: r.Network},
		{Name: "source", Value: r.Source},
		{Name: "data set", Value: r.Dataset},
		{Name: "platform", Value: r.Platform},
		{Name: "weights, recipe, pictures, levels or metric", Value: r.ID, Digest: true},
	}}
}

// Format is the format's name at the start of a saved report.
const Format = "gotriovit diagnosis 1"

// A record is the form of a report in a file.
type record struct {
	Format string `json:"format"`
	*Report
}

// Save writes the report to a file, which is complete or absent.
func (r *Report) Save(path string) error {
	if err := atomicfile.WriteJSON(path, record{Format, r}, maxReport); err != nil {
		return fmt.Errorf("save diagnosis %s: %w", path, err)
	}
	return nil
}

// maxReport bounds a report's file, in bytes. A tensor or unit takes some hundred bytes.
const maxReport = 2 << 20

// least is the least size in bytes of a table's line in a file: a longer list than the
// file can hold is refused before it is allocated.
const least = 64

// ReadReport reads a report that [Report.Save] wrote. Errors of [Merge] name its file.
func ReadReport(path string) (*Report, error) {
	r, err := regular.Parse(path, maxReport, "diagnosis", `Report.Save or "triovit diagnose -shard"`, parse)
	if err != nil {
		return nil, err
	}
	r.file = path
	return r, nil
}

func parse(data []byte) (*Report, error) {
	// These lists replace the report's own, and are bounded.
	f := struct {
		record
		Warnings texts
		Tensors  lines[Tensor]
		Units    lines[Unit]
	}{record: record{Report: new(Report)}}
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, err
	}
	if f.Format != Format || f.Report == nil {
		return nil, fmt.Errorf("the format is %.40q, want %q", f.Format, Format)
	}
	r := f.Report
	r.Warnings, r.Tensors, r.Units = f.Warnings, f.Tensors, f.Units
	var err error
	r.Shard, err = r.Shard.Checked()
	return r, err
}

// lines are the lines of a table.
type lines[T any] []T

func (l *lines[T]) UnmarshalJSON(data []byte) error {
	return jsonlist.Unmarshal((*[]T)(l), data, '{', len(data)/least)
}

type texts []string

func (t *texts) UnmarshalJSON(data []byte) error {
	return jsonlist.Unmarshal((*[]string)(t), data, '"', len(data)/len(`"",`))
}
