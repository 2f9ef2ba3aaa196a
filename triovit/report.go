// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit/dataset"
)

// A Report is the score of one evaluation with the contribution of each picture. Scores
// are computed from these outcomes alone, so that reports of shards merge ([Merge]) and
// two reports on the same pictures compare ([Compare]).
type Report struct {
	// Network and Dataset are names. Label is the label given by [Labelled].
	Network, Label, Dataset string
	// Predictor identifies the model, the recipe and the platform, Fingerprint the data
	// set. Platform names the backend and processor, empty where they are not known.
	Predictor, Platform, Fingerprint string
	// Source is the origin of the weights, as in [Model.Source]. It is empty where the
	// predictor does not know it.
	Source string
	// Pictures is the size of the data set. The report covers a shard of it.
	Pictures int
	Shard    Shard
	Task     dataset.Task
	// Classes are the data set's. Remarks tell how the data set was read: the order of the
	// classes, the pictures left out, and assumptions.
	Classes []string
	Remarks []string
	// Outcomes are the outcomes of the shard's pictures in the data set's order.
	Outcomes []Outcome

	// Images is how many pictures were scored.
	Images int
	// Top1 and Top5 are a classifier's scores, as fractions, with 95 % Wilson intervals.
	Top1, Top5 Estimate
	// MIoU is a segmentation's mean over the classes of the intersection over union of the
	// summed confusion matrix, with a 95 % bootstrap interval over pictures. A class that
	// occurs in neither truth nor prediction is left out.
	MIoU Estimate
	// IoU is each class's intersection over union, NaN for one that does not
	// occur.
	IoU []float64
	// Confusion counts pixels, [truth][predicted].
	Confusion [][]int64

	file string // path of the file from which the report was read, or empty
}

// An Outcome is the contribution of one picture to a [Report].
type Outcome struct {
	// ID is the picture's name in the data set.
	ID string `json:"id"`
	// Rank is the rank of the right class among a classifier's logits, from 0.
	Rank int `json:"rank,omitempty"`
	// Cells are the nonzero cells of a segmentation's confusion matrix, by truth and then
	// by prediction.
	Cells []Cell `json:"cells,omitempty"`
}

// A Cell is the truth's class, the predicted class, and the number of pixels.
type Cell [3]int64

// An Estimate is a fraction with the bounds of its 95 % interval. All three are NaN
// without data.
type Estimate struct{ Value, Lo, Hi float64 }

// String returns percent, such as "45.75 % (43.58 to 47.94)", or "no score".
func (e Estimate) String() string {
	if math.IsNaN(e.Value) {
		return "no score"
	}
	return fmt.Sprintf("%.2f %% (%.2f to %.2f)", 100*e.Value, 100*e.Lo, 100*e.Hi)
}

// Score returns the report's main number, top-1 or mIoU, and its name.
func (r *Report) Score() (Estimate, string) {
	if r.Task == dataset.Classification {
		return r.Top1, "top-1"
	}
	return r.MIoU, "mIoU"
}

// Table has a row for each score, in percent with its 95 % interval, and below it the origin
// of the weights and the remarks. A report without a score has the reason in place of rows.
func (r *Report) Table() table.Table {
	t := table.Table{Title: fmt.Sprintf("%s on %d pictures of %s", named(r.Network, r.Label), r.Images, r.Dataset)}
	if r.Shard != whole {
		t.Title += fmt.Sprintf(", shard %s", r.Shard)
	}
	row := func(metric string, e Estimate) {
		t.Columns = append([]table.Column{{Name: "score"}}, interval("value", "%", "%.2f")...)
		t.Rows = append(t.Rows, append([]any{metric}, e.cells()...))
	}
	switch err := r.unscored(); {
	case err != nil:
		t.Notes = []string{err.Error()}
	case r.Task == dataset.Classification:
		row("top-1", r.Top1)
		row("top-5", r.Top5)
	default:
		row("mIoU", r.MIoU)
	}
	if r.Source != "" {
		t.Notes = append(t.Notes, "from "+r.Source)
	}
	t.Notes = append(t.Notes, r.Remarks...)
	return t
}

// String is the text of the table, which ends with a line break.
func (r *Report) String() string { return r.Table().String() }

// interval returns the columns of an estimate with the bounds of its 95 % interval.
func interval(name, unit, format string) []table.Column {
	return []table.Column{{Name: name, Unit: unit, Format: format}, {Name: "95 % from", Unit: unit, Format: format}, {Name: "to", Unit: unit, Format: format}}
}

// cells are the estimate's cells for the columns of interval, in percent.
func (e Estimate) cells() []any { return []any{100 * e.Value, 100 * e.Lo, 100 * e.Hi} }

// named returns a network's name with the label of its evaluation or the source of its
// weights, if it has one, to distinguish two of the same name.
func named(network, label string) string {
	if label == "" {
		return network
	}
	return fmt.Sprintf("%s (%s)", network, label)
}

// unscored returns the reason why there is no score, or nil. A shard may lack a score that
// the whole has.
func (r *Report) unscored() error {
	e, _ := r.Score()
	switch {
	case !math.IsNaN(e.Value):
		return nil
	case r.Images == 0:
		return errors.New("no score: there are no pictures")
	}
	return fmt.Errorf("no pixel is scored: all labels of %d pictures are void", r.Images)
}

// score computes the scores from the outcomes. Without a picture, or without a pixel that
// counts, scores are NaN.
func (r *Report) score() {
	r.Images = len(r.Outcomes)
	if r.Task == dataset.Classification {
		top1, top5 := 0, 0
		for _, o := range r.Outcomes {
			if o.Rank < 1 {
				top1++
			}
			if o.Rank < 5 {
				top5++
			}
		}
		r.Top1, r.Top5 = wilson(top1, r.Images), wilson(top5, r.Images)
		return
	}
	n := len(r.Classes)
	sum := make([]int64, n*n)
	for _, o := range r.Outcomes {
		addCells(sum, n, o.Cells)
	}
	r.IoU = iou(sum, n)
	r.MIoU = bootstrap(r.Images, r.drawn())
	r.MIoU.Value = mean(r.IoU)
	r.Confusion = slices.Collect(slices.Chunk(sum, n))
}

// drawn returns a function from a draw of the pictures to the main number, top-1 or mIoU.
// All draws share the memory of one confusion matrix.
func (r *Report) drawn() func(draw []int) float64 {
	if r.Task == dataset.Classification {
		return func(draw []int) float64 {
			right := 0
			for _, i := range draw {
				if r.Outcomes[i].Rank < 1 {
					right++
				}
			}
			return float64(right) / float64(len(draw))
		}
	}
	n := len(r.Classes)
	sum := make([]int64, n*n)
	return func(draw []int) float64 {
		clear(sum)
		for _, i := range draw {
			addCells(sum, n, r.Outcomes[i].Cells)
		}
		return mean(iou(sum, n))
	}
}

func addCells(sum []int64, classes int, cells []Cell) {
	for _, c := range cells {
		sum[c[0]*int64(classes)+c[1]] += c[2]
	}
}

// iou returns each class's intersection over union from a confusion matrix.
func iou(counts []int64, n int) []float64 {
	all := make([]float64, n)
	for c := range all {
		var truth, predicted int64
		for k := range n {
			truth += counts[c*n+k]
			predicted += counts[k*n+c]
		}
		hit := counts[c*n+c]
		all[c] = float64(hit) / float64(truth+predicted-hit) // 0/0 gives NaN
	}
	return all
}

// mean returns the mean of the numbers other than NaN.
func mean(x []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range x {
		if !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	return sum / float64(n)
}

// wilson returns k successes of n with the 95 % score interval of Wilson.
func wilson(k, n int) Estimate {
	const z = 1.959963984540054
	p, size := float64(k)/float64(n), float64(n)
	center := (p + z*z/(2*size)) / (1 + z*z/size)
	half := z / (1 + z*z/size) * math.Sqrt(p*(1-p)/size+z*z/(4*size*size))
	return Estimate{p, max(center-half, 0), min(center+half, 1)}
}

// resamples is the number of draws of a bootstrap interval; the seed is fixed,
// so that the same outcomes give the same interval.
const resamples = 1000

// bootstrap returns the 2.5 % and 97.5 % quantiles of a score over draws of n pictures
// with replacement. Draws without a pixel that counts have no score, and are left out.
func bootstrap(n int, score func(draw []int) float64) Estimate {
	rng := rand.New(rand.NewPCG(1, 2))
	scores, draw := make([]float64, resamples), make([]int, n)
	bar := progress.New("bootstrap", resamples)
	defer bar.Done()
	for s := range scores {
		for i := range draw {
			draw[i] = rng.IntN(n)
		}
		scores[s] = score(draw)
		bar.Add(1)
	}
	scores = slices.DeleteFunc(scores, math.IsNaN)
	slices.Sort(scores)
	k := len(scores)
	if k == 0 {
		return Estimate{math.NaN(), math.NaN(), math.NaN()}
	}
	return Estimate{Lo: scores[k*25/1000], Hi: scores[max(k*975/1000-1, 0)]}
}
