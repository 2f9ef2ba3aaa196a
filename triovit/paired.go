// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/internal/jsonfloat"
	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit/dataset"
)

// A Paired compares two evaluations of the same pictures. A picture that is hard for one
// predictor is mostly hard for the other. So the interval of the difference is far
// narrower than the interval of either score.
type Paired struct {
	// A and B name the evaluations by their labels, or their networks.
	A, B string
	// Metric is "top-1" or "mIoU"; Images is how many pictures both scored.
	Metric string
	Images int
	// Difference is B's score minus A's, a fraction, with the 95 % interval of
	// 1,000 bootstrap draws over pictures, the same pictures for both.
	Difference Estimate
	// OnlyA and OnlyB count a classifier's pictures that only A, or only B, classifies
	// correctly: b and c of McNemar's test.
	OnlyA, OnlyB int
	// P is the two-sided p-value of McNemar's exact test: the probability of counts at
	// least as uneven as these if A and B were equally good. It is NaN for a segmentation.
	P float64
}

// Compare compares two reports on the same pictures. Reports on different pictures, labels
// or shards are an error, and so is a report without a score.
func Compare(a, b *Report) (*Paired, error) {
	switch {
	case a.Fingerprint != b.Fingerprint:
		return nil, fmt.Errorf("compare %s with %s: the pictures, labels or preprocessing differ (%d of %s, %d of %s)",
			a.name(), b.name(), a.Images, a.Dataset, b.Images, b.Dataset)
	case a.Shard != b.Shard:
		return nil, fmt.Errorf("compare %s with %s: shard %s has other pictures than shard %s", a.name(), b.name(), a.Shard, b.Shard)
	case a.Task != b.Task || !slices.Equal(a.Classes, b.Classes) || !slices.EqualFunc(a.Outcomes, b.Outcomes, func(x, y Outcome) bool { return x.ID == y.ID }):
		return nil, fmt.Errorf("compare %s with %s: the outcomes are not of the same pictures and classes", a.name(), b.name())
	}
	for _, r := range []*Report{a, b} {
		if err := r.unscored(); err != nil {
			return nil, fmt.Errorf("compare %s with %s: %s: %w", a.name(), b.name(), r.name(), err)
		}
	}
	scoreA, metric := a.Score()
	scoreB, _ := b.Score()
	p := &Paired{A: a.name(), B: b.name(), Metric: metric, Images: a.Images, P: math.NaN()}
	drawnA, drawnB := a.drawn(), b.drawn()
	p.Difference = bootstrap(a.Images, func(draw []int) float64 { return drawnB(draw) - drawnA(draw) })
	p.Difference.Value = scoreB.Value - scoreA.Value
	if a.Task == dataset.Classification {
		for i := range a.Outcomes {
			switch rightA, rightB := a.Outcomes[i].Rank < 1, b.Outcomes[i].Rank < 1; {
			case rightA && !rightB:
				p.OnlyA++
			case rightB && !rightA:
				p.OnlyB++
			}
		}
		p.P = mcNemar(p.OnlyA, p.OnlyB)
	}
	return p, nil
}

// Table is the comparison as [Comparisons] has it.
func (p *Paired) Table() table.Table { return Comparisons{p}.Table() }

// String is the text of the table, which ends with a line break.
func (p *Paired) String() string { return p.Table().String() }

// Comparisons are paired comparisons beside each other.
type Comparisons []*Paired

// Table has a row for each comparison: the difference in points with its 95 % interval, and
// for classifiers the pictures that only one of both has right, with the p-value of
// McNemar's exact test.
func (c Comparisons) Table() table.Table {
	t := table.Table{Columns: append([]table.Column{{Name: "evaluation"}, {Name: "minus"}, {Name: "score"}}, interval("difference", "points", "%+.2f")...)}
	t.Columns = append(t.Columns, table.Column{Name: "same pictures"})
	if slices.ContainsFunc(c, func(p *Paired) bool { return !math.IsNaN(p.P) }) {
		t.Columns = append(t.Columns, table.Columns("only it right", "only the other right")...)
		t.Columns = append(t.Columns, table.Column{Name: "McNemar's p", Format: "%.3g"})
	}
	for _, p := range c {
		row := append([]any{p.B, p.A, p.Metric}, p.Difference.cells()...)
		row = append(row, p.Images)
		if !math.IsNaN(p.P) {
			row = append(row, p.OnlyB, p.OnlyA, p.P)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// String is the text of the table, which ends with a line break.
func (c Comparisons) String() string { return c.Table().String() }

// MarshalJSON writes the comparison. Differences are fractions; the p-value is
// null for a segmentation.
func (p *Paired) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		A          string          `json:"a"`
		B          string          `json:"b"`
		Metric     string          `json:"metric"`
		Images     int             `json:"images"`
		Difference Estimate        `json:"difference"`
		OnlyA      int             `json:"only_a_right"`
		OnlyB      int             `json:"only_b_right"`
		P          jsonfloat.Float `json:"mcnemar_p"`
	}{p.A, p.B, p.Metric, p.Images, p.Difference, p.OnlyA, p.OnlyB, jsonfloat.Float(p.P)})
}

func (r *Report) name() string {
	if r.Label != "" {
		return r.Label
	}
	return r.Network
}

// mcNemar returns the two-sided p-value of b against c: twice the probability
// of at most min(b, c) heads in b+c throws of a fair coin (Q. McNemar, 1947, in
// its exact form).
func mcNemar(b, c int) float64 {
	n := float64(b + c)
	all, _ := math.Lgamma(n + 1)
	p := 0.0
	for k := 0.0; k <= float64(min(b, c)); k++ {
		chosen, _ := math.Lgamma(k + 1)
		rest, _ := math.Lgamma(n - k + 1)
		p += 2 * math.Exp(all-chosen-rest-n*math.Ln2)
	}
	return min(p, 1)
}
