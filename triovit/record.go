// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/internal/jsonfloat"
	"github.com/gotriovit/gotriovit/internal/regular"
	"github.com/gotriovit/gotriovit/triovit/dataset"
)

// reportFormat stands in a saved report.
const reportFormat = "gotriovit report 1"

// A record is a report in JSON. The scores are for people and other programs:
// a report that is read computes them from the outcomes anew.
type record struct {
	Format      string              `json:"format"`
	Network     string              `json:"network"`
	Label       string              `json:"label"`
	Predictor   string              `json:"predictor"`
	Platform    string              `json:"platform"`
	Source      string              `json:"source,omitempty"`
	Dataset     string              `json:"dataset"`
	Fingerprint string              `json:"fingerprint"`
	Pictures    int                 `json:"pictures"`
	Shard       Shard               `json:"shard"`
	Task        string              `json:"task"`
	Classes     []string            `json:"classes"`
	Remarks     []string            `json:"remarks,omitempty"`
	Images      int                 `json:"images"`
	Scores      map[string]Estimate `json:"scores"`
	IoU         []jsonfloat.Float   `json:"iou,omitempty"`
	Outcomes    []Outcome           `json:"outcomes,omitempty"`
}

// MarshalJSON writes fractions as {"value": ..., "lo": ..., "hi": ...}, null where
// they are NaN.
func (e Estimate) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Value jsonfloat.Float `json:"value"`
		Lo    jsonfloat.Float `json:"lo"`
		Hi    jsonfloat.Float `json:"hi"`
	}{jsonfloat.Float(e.Value), jsonfloat.Float(e.Lo), jsonfloat.Float(e.Hi)})
}

// MarshalJSON writes the report with its outcomes. Scores are fractions with
// the bounds of their 95 % intervals, null where there is none.
func (r *Report) MarshalJSON() ([]byte, error) {
	f := record{Format: reportFormat, Network: r.Network, Label: r.Label, Predictor: r.Predictor, Platform: r.Platform, Source: r.Source,
		Dataset: r.Dataset, Fingerprint: r.Fingerprint, Pictures: r.Pictures, Shard: r.Shard, Task: r.Task.String(),
		Classes: r.Classes, Remarks: r.Remarks, Images: r.Images, Outcomes: r.Outcomes}
	if r.Task == dataset.Classification {
		f.Scores = map[string]Estimate{"top-1": r.Top1, "top-5": r.Top5}
	} else {
		f.Scores = map[string]Estimate{"mIoU": r.MIoU}
	}
	for _, v := range r.IoU {
		f.IoU = append(f.IoU, jsonfloat.Float(v))
	}
	return json.Marshal(f)
}

// maxPixels bounds a cell that is read, so that sums do not overflow.
const maxPixels = 1 << 40

// UnmarshalJSON reads what MarshalJSON wrote. Of the scores only the outcomes
// are believed.
func (r *Report) UnmarshalJSON(data []byte) error {
	var f record
	if err := json.Unmarshal(data, &f); err != nil {
		return err
	}
	if f.Format != reportFormat {
		return fmt.Errorf("the format is %.40q, want %q", f.Format, reportFormat)
	}
	read := Report{Network: f.Network, Label: f.Label, Predictor: f.Predictor, Platform: f.Platform, Source: f.Source, Dataset: f.Dataset,
		Fingerprint: f.Fingerprint, Pictures: f.Pictures, Shard: f.Shard, Classes: f.Classes, Remarks: f.Remarks, Outcomes: f.Outcomes}
	if err := f.Shard.check(); err != nil {
		return err
	}
	switch f.Task {
	case dataset.Classification.String():
		read.Task = dataset.Classification
	case dataset.Segmentation.String():
		read.Task = dataset.Segmentation
		if len(f.Classes) > dataset.Ignore {
			return fmt.Errorf("a segmentation of %d classes: allowed are up to %d", len(f.Classes), dataset.Ignore)
		}
	default:
		return fmt.Errorf("the task is %.40q: want %s or %s", f.Task, dataset.Classification, dataset.Segmentation)
	}
	if len(f.Classes) == 0 {
		return errors.New("there are no classes")
	}
	ids := make(map[string]bool, len(f.Outcomes))
	for _, o := range f.Outcomes {
		if ids[o.ID] {
			return fmt.Errorf("two outcomes of picture %.80q", o.ID)
		}
		ids[o.ID] = true
		if o.Rank < 0 || o.Rank >= len(f.Classes) {
			return fmt.Errorf("picture %.80q: the right class has rank %d, allowed are 0 to %d", o.ID, o.Rank, len(f.Classes)-1)
		}
		for _, c := range o.Cells {
			if c[0] < 0 || c[1] < 0 || c[2] < 1 || max(c[0], c[1]) >= int64(len(f.Classes)) || c[2] > maxPixels {
				return fmt.Errorf("picture %.80q: cell %d is not [truth, predicted, pixels] of %d classes", o.ID, c, len(f.Classes))
			}
		}
	}
	read.score()
	*r = read
	return nil
}

// UnmarshalJSON reads an outcome of a report.
func (o *Outcome) UnmarshalJSON(data []byte) error {
	type plain Outcome
	read := struct {
		*plain
		Rank number `json:"rank"`
	}{plain: (*plain)(o)}
	err := json.Unmarshal(data, &read)
	o.Rank = int(read.Rank)
	return err
}

// UnmarshalJSON reads the three numbers of a cell.
func (c *Cell) UnmarshalJSON(data []byte) error {
	var read []number
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	if len(read) != len(c) {
		return fmt.Errorf("a cell of %d numbers: want [truth, predicted, pixels]", len(read))
	}
	for i, n := range read {
		c[i] = int64(n)
	}
	return nil
}

// A number is a whole number in a file. Package json takes null for 0, which as a
// rank is a right answer.
type number int64

func (n *number) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return errors.New("null where a whole number is wanted")
	}
	return json.Unmarshal(data, (*int64)(n))
}

// Save writes the report to a file, which is complete or absent.
func (r *Report) Save(path string) error {
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("save report %s: %w", path, err)
	}
	if err := atomicfile.WriteData(path, append(data, '\n')); err != nil {
		return fmt.Errorf("save report %s: %w", path, err)
	}
	return nil
}

// maxReport bounds a report's size in bytes. One of 50,000 pictures and 150 classes
// takes less.
const maxReport = 256 << 20

// ReadReport reads a report that [Report.Save] wrote. Errors of [Merge] name
// its file.
func ReadReport(path string) (*Report, error) {
	data, err := regular.Read(path, maxReport)
	if err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	r := new(Report)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("read report %s: not a file of Report.Save or \"triovit evaluate -out\": %w", path, err)
	}
	r.file = path
	return r, nil
}
