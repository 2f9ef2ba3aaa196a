// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/internal/jsonfloat"
	"github.com/gotriovit/gotriovit/internal/jsonlist"
	"github.com/gotriovit/gotriovit/internal/regular"
	"github.com/gotriovit/gotriovit/triovit/dataset"
)

// reportFormat is the format's name at the start of a saved report.
const reportFormat = "gotriovit report 1"

// A record is a report in JSON. Its scores are for people and other programs: a reader
// computes them from the outcomes anew.
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

// Bounds on a report's file, so that the memory of a reader for outcomes and cells, and
// its time for the draws of a bootstrap, are bounded. A draw has at most 2^17 pictures of
// 2^40 pixels, so that no sum overflows.
const (
	maxOutcomes = 1 << 17
	maxCells    = 1 << 21 // largest number of cells of all outcomes
	maxPixels   = 1 << 40 // largest number of pixels of a picture
	maxTexts    = 1 << 16 // largest number of classes, or of remarks
)

// UnmarshalJSON reads the output of MarshalJSON. It takes the outcomes and computes the
// scores from them.
func (r *Report) UnmarshalJSON(data []byte) error {
	// An outcome is an object with a list of cells, each cell a list. Too many of either
	// are refused before any is allocated.
	objects, lists := bytes.Count(data, []byte("{")), bytes.Count(data, []byte("["))
	if objects > 2*maxOutcomes || lists > maxCells+maxOutcomes {
		return fmt.Errorf("%d objects and %d lists: allowed are %d pictures and %d cells", objects, lists, maxOutcomes, maxCells)
	}
	var f struct {
		record
		Classes  texts    `json:"classes"`
		Remarks  texts    `json:"remarks"`
		Scores   skipped  `json:"scores"`
		IoU      skipped  `json:"iou"`
		Outcomes outcomes `json:"outcomes"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return err
	}
	if f.Format != reportFormat {
		return fmt.Errorf("the format is %.40q, want %q", f.Format, reportFormat)
	}
	read := Report{Network: f.Network, Label: f.Label, Predictor: f.Predictor, Platform: f.Platform, Source: f.Source, Dataset: f.Dataset,
		Fingerprint: f.Fingerprint, Pictures: f.Pictures, Classes: f.Classes, Remarks: f.Remarks}
	var err error
	if read.Shard, err = f.Shard.Checked(); err != nil {
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
	if i := slices.Index(f.Classes, ""); i >= 0 {
		return fmt.Errorf("class %d of %d has no name", i, len(f.Classes))
	}
	if f.Pictures < 0 || f.Pictures > maxOutcomes || len(f.Outcomes) > f.Pictures {
		return fmt.Errorf("%d outcomes of %d pictures: allowed are up to %d pictures, and no more outcomes", len(f.Outcomes), f.Pictures, maxOutcomes)
	}
	read.Outcomes = slices.Grow(read.Outcomes, len(f.Outcomes))
	ids, cells := make(map[string]bool, len(f.Outcomes)), 0
	for _, o := range f.Outcomes {
		if ids[o.ID] {
			return fmt.Errorf("two outcomes of picture %.80q", o.ID)
		}
		ids[o.ID] = true
		if err := o.check(read.Task, int64(len(f.Classes))); err != nil {
			return fmt.Errorf("picture %.80q: %w", o.ID, err)
		}
		if cells += len(o.Cells); cells > maxCells {
			return fmt.Errorf("picture %.80q: allowed are %d cells in all", o.ID, maxCells)
		}
		read.Outcomes = append(read.Outcomes, Outcome{o.ID, int(o.Rank), o.Cells})
	}
	read.score()
	*r = read
	return nil
}

// An outcomeRecord is an [Outcome] as it is read.
type outcomeRecord struct {
	ID    string `json:"id"`
	Rank  number `json:"rank"`
	Cells cells  `json:"cells"`
}

// check returns an error for an impossible outcome of a task with the given number of
// classes.
func (o *outcomeRecord) check(task dataset.Task, classes int64) error {
	if o.Rank < 0 || int64(o.Rank) >= classes {
		return fmt.Errorf("the right class has rank %d, allowed are 0 to %d", o.Rank, classes-1)
	}
	if task == dataset.Classification && len(o.Cells) > 0 {
		return fmt.Errorf("%d cells: a classification has none", len(o.Cells))
	}
	before, pixels := int64(-1), int64(0)
	for _, c := range o.Cells {
		if c[0] < 0 || c[1] < 0 || c[2] < 1 || max(c[0], c[1]) >= classes {
			return fmt.Errorf("cell %d is not [truth, predicted, pixels] of %d classes", c, classes)
		}
		at := c[0]*classes + c[1]
		if at <= before {
			return fmt.Errorf("cell %d is not behind the cell before it: they go by truth, then by prediction, each once", c)
		}
		before = at
		if c[2] > maxPixels-pixels {
			return fmt.Errorf("cell %d: a picture has at most %d pixels", c, int64(maxPixels))
		}
		pixels += c[2]
	}
	return nil
}

// skipped stands for a value that is not decoded.
type skipped struct{}

func (skipped) UnmarshalJSON([]byte) error { return nil }

// texts are the classes or the remarks.
type texts []string

func (t *texts) UnmarshalJSON(data []byte) error {
	return jsonlist.Unmarshal((*[]string)(t), data, '"', maxTexts)
}

type outcomes []outcomeRecord

func (o *outcomes) UnmarshalJSON(data []byte) error {
	return jsonlist.Unmarshal((*[]outcomeRecord)(o), data, '{', maxOutcomes)
}

type cells []Cell

func (c *cells) UnmarshalJSON(data []byte) error {
	return jsonlist.Unmarshal((*[]Cell)(c), data, '[', maxCells)
}

// UnmarshalJSON reads the three numbers of a cell.
func (c *Cell) UnmarshalJSON(data []byte) error {
	list := bytes.TrimSuffix(bytes.TrimPrefix(bytes.TrimSpace(data), []byte("[")), []byte("]"))
	if n := bytes.Count(list, []byte(",")) + 1; n != len(c) {
		return fmt.Errorf("a cell of %d numbers: want [truth, predicted, pixels]", n)
	}
	i := 0
	for text := range bytes.SplitSeq(list, []byte(",")) {
		if err := (*number)(&c[i]).UnmarshalJSON(bytes.TrimSpace(text)); err != nil {
			return err
		}
		i++
	}
	return nil
}

// A number is a whole number in a file. Package json reads null as 0, and a rank of 0 is a
// right answer.
type number int64

func (n *number) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return errors.New("null where a whole number is wanted")
	}
	v, err := strconv.ParseInt(string(data), 10, 64)
	if err != nil {
		return fmt.Errorf("%.40q where a whole number is wanted", data)
	}
	*n = number(v)
	return nil
}

// Save writes the report to a file, which is complete or absent. More than 131,072
// pictures or 2,097,152 cells are an error, as for [ReadReport].
func (r *Report) Save(path string) error {
	cells := 0
	for _, o := range r.Outcomes {
		cells += len(o.Cells)
	}
	if r.Pictures > maxOutcomes || cells > maxCells {
		return fmt.Errorf("save report %s: %d pictures and %d cells: allowed are %d and %d", path, r.Pictures, cells, maxOutcomes, maxCells)
	}
	if err := atomicfile.WriteJSON(path, r, maxReport); err != nil {
		return fmt.Errorf("save report %s: %w", path, err)
	}
	return nil
}

// maxReport bounds a report's size in bytes. A report of 50,000 pictures and 150 classes
// is smaller.
const maxReport = 256 << 20

// ReadReport reads a report that [Report.Save] wrote. Errors of [Merge] name
// its file.
func ReadReport(path string) (*Report, error) {
	r, err := regular.Parse(path, maxReport, "report", `Report.Save or "triovit evaluate -out"`, func(data []byte) (*Report, error) {
		r := new(Report)
		return r, json.Unmarshal(data, r)
	})
	if err != nil {
		return nil, err
	}
	r.file = path
	return r, nil
}
