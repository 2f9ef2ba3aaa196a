// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/dataset"
)

// A Report is the score of one evaluation.
type Report struct {
	// Network and Dataset are names; Images is how many pictures were scored.
	Network, Dataset string
	Images           int
	Task             dataset.Task
	// Top1 and Top5 are a classifier's, as fractions, with 95 % Wilson
	// intervals.
	Top1, Top5 Estimate
	// MIoU is a segmentation's mean over the classes of the intersection over
	// union of the summed confusion matrix, with a 95 % bootstrap interval over
	// pictures. A class that neither truth nor prediction has is left out.
	MIoU Estimate
	// Classes and IoU are the data set's classes and each one's intersection
	// over union, NaN for one that does not occur.
	Classes []string
	IoU     []float64
	// Confusion counts pixels, [truth][predicted].
	Confusion [][]int64
}

// An Estimate is a fraction with the bounds of its 95 % interval.
type Estimate struct{ Value, Lo, Hi float64 }

// String gives percent, as in "45.75 % (43.58 to 47.94)".
func (e Estimate) String() string {
	return fmt.Sprintf("%.2f %% (%.2f to %.2f)", 100*e.Value, 100*e.Lo, 100*e.Hi)
}

// Score returns the report's main number, top-1 or mIoU, and its name.
func (r *Report) Score() (Estimate, string) {
	if r.Task == dataset.Classification {
		return r.Top1, "top-1"
	}
	return r.MIoU, "mIoU"
}

// String tells the score with its interval and the number of pictures.
func (r *Report) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s on %d pictures of %s: ", r.Network, r.Images, r.Dataset)
	if r.Task == dataset.Classification {
		fmt.Fprintf(&s, "top-1 %s, top-5 %s", r.Top1, r.Top5)
	} else {
		fmt.Fprintf(&s, "mIoU %s", r.MIoU)
	}
	return s.String()
}

func newReport(network string, data dataset.Dataset, outcomes []outcome) *Report {
	r := &Report{Network: network, Dataset: data.Name(), Images: len(outcomes), Task: data.Task(), Classes: data.Classes()}
	if r.Task == dataset.Classification {
		top1, top5 := 0, 0
		for _, o := range outcomes {
			if o.Rank < 1 {
				top1++
			}
			if o.Rank < 5 {
				top5++
			}
		}
		r.Top1, r.Top5 = Wilson(top1, len(outcomes)), Wilson(top5, len(outcomes))
		return r
	}
	n := len(r.Classes)
	sum := make([]int64, n*n)
	for _, o := range outcomes {
		addCounts(sum, o.Confusion)
	}
	r.IoU = iou(sum, n)
	r.MIoU = bootstrap(outcomes, n)
	r.MIoU.Value = mean(r.IoU)
	r.Confusion = slices.Collect(slices.Chunk(sum, n))
	return r
}

func addCounts(sum, counts []int64) {
	for i, v := range counts {
		sum[i] += v
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
		all[c] = float64(hit) / float64(truth+predicted-hit) // NaN for 0/0
	}
	return all
}

// mean leaves out NaN.
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

// Wilson returns k successes of n with the 95 % score interval.
func Wilson(k, n int) Estimate {
	const z = 1.959963984540054
	p, size := float64(k)/float64(n), float64(n)
	center := (p + z*z/(2*size)) / (1 + z*z/size)
	half := z / (1 + z*z/size) * math.Sqrt(p*(1-p)/size+z*z/(4*size*size))
	return Estimate{p, max(center-half, 0), min(center+half, 1)}
}

// resamples is the number of draws of a bootstrap interval; the seed is fixed,
// so that the same outcomes give the same interval.
const resamples = 1000

// bootstrap returns the 2.5 % and 97.5 % quantiles of the mIoU over draws of
// the pictures with replacement.
func bootstrap(outcomes []outcome, n int) Estimate {
	rng := rand.New(rand.NewPCG(1, 2))
	draws := make([]float64, resamples)
	sum := make([]int64, n*n)
	for d := range draws {
		clear(sum)
		for range outcomes {
			addCounts(sum, outcomes[rng.IntN(len(outcomes))].Confusion)
		}
		draws[d] = mean(iou(sum, n))
	}
	slices.Sort(draws)
	return Estimate{Lo: draws[resamples*25/1000], Hi: draws[resamples*975/1000-1]}
}
