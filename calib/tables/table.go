// SPDX-License-Identifier: Apache-2.0

package tables

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/paper"
	"github.com/gotriovit/gotriovit/triovit"
)

// A Table is one of the paper's tables, computed on the caller's network and pictures,
// with the paper's numbers in separate fields.
type Table struct {
	// Number is the number of the paper's table, About its subject.
	Number, About string
	// Network and Source name the model. Metric is "top-1" or "mIoU".
	Network, Source, Metric string
	Setting
	// Rows are the float network and then the recipes. Contrasts are differences of two
	// rows that the paper prints as separate rows.
	Rows      []Row
	Contrasts []Contrast
	// Columns name the networks of the printed numbers. Printed names their unit and their
	// source.
	Columns []string
	Printed string
	// Unpaired are printed rows that cannot be assigned to one of Rows.
	Unpaired []paper.Row
	// Missing names the part of the printed table that is not at hand, empty where nothing
	// is missing.
	Missing string
	// Notes name the differences from the paper's experiment.
	Notes []string
}

// A Setting names the calibration pictures and the evaluation pictures.
type Setting struct {
	// Calibration has CalibrationImages pictures. Each of Draws draws, by seeds from Seed
	// on, takes Pictures of them.
	Calibration       string
	CalibrationImages int
	Draws, Pictures   int
	Seed              uint64
	Evaluation        string
	EvaluationImages  int
	// Remarks are the data set's remarks on how the evaluation pictures were read.
	Remarks []string
}

// A Row is a recipe, or the float network, whose Recipe has no name.
type Row struct {
	Name   string
	Recipe calib.Recipe
	// Scores has one score for each draw; the float network has one.
	Scores []Score
	// Others are the weights and tensors at other widths than the recipe's own, or in
	// floating point.
	Others []calib.Precision
	// Beside are the paper's numbers, one for each column.
	Beside []paper.Cell
}

// A Score is the score of a recipe in one draw of calibration pictures.
type Score struct {
	// Score is NaN without a score; Unscored is then the reason.
	Score    triovit.Estimate
	Unscored string
	// AgainstFloat compares with the float network, picture by picture. It is nil for the
	// float network and without a score.
	AgainstFloat *triovit.Paired
	// Timing is the duration of the calibration.
	Timing calib.Timing
}

// A Contrast is the difference of two rows, Second minus First.
type Contrast struct {
	Name, First, Second string
	// Differences has one for each draw, nil where one of the rows has no score.
	Differences []*triovit.Paired
	Beside      []paper.Cell
}

// A Spread is the mean and the deviation of a number over draws.
type Spread struct {
	// Draws is the number of draws with a number.
	Draws int
	// Mean is NaN without a number. Deviation is the sample's, and NaN with fewer than
	// two.
	Mean, Deviation float64
}

// spreadOf returns the spread of the numbers. NaN stands for a draw without a number, and
// is left out.
func spreadOf(numbers []float64) Spread {
	numbers = slices.DeleteFunc(slices.Clone(numbers), math.IsNaN)
	s := Spread{Draws: len(numbers), Deviation: math.NaN()}
	for _, x := range numbers {
		s.Mean += x
	}
	s.Mean /= float64(s.Draws)
	if s.Draws < 2 {
		return s
	}
	s.Deviation = 0
	for _, x := range numbers {
		s.Deviation += (x - s.Mean) * (x - s.Mean)
	}
	s.Deviation = math.Sqrt(s.Deviation / float64(s.Draws-1))
	return s
}

// Spread returns the spread of the scores, as fractions.
func (r *Row) Spread() Spread { return scoresOf(r.Scores) }

func scoresOf(scores []Score) Spread {
	numbers := make([]float64, len(scores))
	for i, s := range scores {
		numbers[i] = s.Score.Value
	}
	return spreadOf(numbers)
}

// Against returns the spread of the differences to the float network, as fractions.
func (r *Row) Against() Spread { return againstOf(r.Scores) }

func againstOf(scores []Score) Spread {
	numbers := make([]float64, len(scores))
	for i, s := range scores {
		numbers[i] = difference(s.AgainstFloat)
	}
	return spreadOf(numbers)
}

// Spread returns the spread of the differences, as fractions.
func (c *Contrast) Spread() Spread {
	numbers := make([]float64, len(c.Differences))
	for i, d := range c.Differences {
		numbers[i] = difference(d)
	}
	return spreadOf(numbers)
}

func difference(p *triovit.Paired) float64 {
	if p == nil {
		return math.NaN()
	}
	return p.Difference.Value
}

// float reports whether the row is the float network's.
func (r *Row) float() bool { return r.Recipe.Name == "" }

// timing returns the mean timing over the draws.
func timing(scores []Score) (mean calib.Timing) {
	n := time.Duration(len(scores))
	for _, s := range scores {
		mean.Observe += s.Timing.Observe / n
		mean.Quantize += s.Timing.Quantize / n
		mean.Cached = mean.Cached || s.Timing.Cached
	}
	return mean
}

// otherWidths returns the precisions that differ from the recipe's own widths on uniform
// grids.
func otherWidths(r calib.Recipe, all []calib.Precision) []calib.Precision {
	return slices.DeleteFunc(slices.Clone(all), func(p calib.Precision) bool {
		own := cmp.Or(r.ActivationBits, 8)
		if p.Class == calib.WeightsClass {
			own = cmp.Or(r.WeightBits, 8)
		}
		return p.Grid == "uniform" && p.Bits == own
	})
}
