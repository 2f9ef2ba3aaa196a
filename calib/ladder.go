// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

// A Climb holds the score of a model under each recipe of a ladder.
type Climb struct {
	// Model names the model, Calibration and Evaluation name the sets of pictures.
	Model                   string
	Calibration, Evaluation string
	CalibrationImages       int
	// Float is the score before any quantization.
	Float *triovit.Report
	Rungs []Rung

	file string // path of the file from which the ladder was read, or empty
}

// A Rung is one recipe's score.
type Rung struct {
	Recipe Recipe
	// Report is nil where the network computes a value that is not finite: such a network
	// has no score.
	Report *triovit.Report
	// Changes lists the recipe's changes, and Precisions the resulting widths in bits.
	Changes    []Change
	Precisions []Precision
	// Timing is the time of a calibration by this recipe alone. A shard's file stores
	// neither Precisions nor Timing.
	Timing Timing
	// AgainstFloat compares with the float network, picture by picture. Its interval is
	// far narrower than the interval of either score. It is nil in a shard and without a
	// score.
	AgainstFloat *triovit.Paired
	// Unscored is the reason why there is no score.
	Unscored error
	// Warnings are those of the quantized network's health on a few of the calibration
	// pictures ([Warnings]).
	Warnings []string
}

// RunLadder profiles a model on calibration pictures and scores it on evaluation pictures:
// first in floating point, then quantized by each recipe. A quantized network that
// computes a value that is not finite has no score; for the float network this is an
// error. Everything is cached: a second call takes seconds, and an interrupted call
// resumes. With [triovit.Sharded] each network is scored on a shard of the pictures: see
// [MergeLadders].
func RunLadder(ctx context.Context, model *triovit.Folded, calibration, evaluation dataset.Dataset, recipes []Recipe, options ...triovit.EvaluateOption) (*Climb, error) {
	evaluate := func(p triovit.Predictor, title, label string) (*triovit.Report, error) {
		return triovit.Evaluate(ctx, p, evaluation, slices.Concat(options, []triovit.EvaluateOption{triovit.Titled(title), triovit.Labelled(label)})...)
	}
	c := &Climb{Model: model.Source, Calibration: calibration.Name(), Evaluation: evaluation.Name(), CalibrationImages: calibration.Len()}
	profile, pass, err := observe(ctx, model, calibration)
	if err != nil {
		return nil, err
	}
	float, err := forward.New(model)
	if err != nil {
		return nil, err
	}
	if c.Float, err = evaluate(float, "float", "float"); err != nil {
		return nil, err
	}
	for i, recipe := range recipes {
		q, timing, err := calibrate(ctx, model, profile, pass, calibration, recipe)
		if err != nil {
			return nil, err
		}
		warnings, err := Warnings(ctx, q, calibration)
		if err != nil {
			return nil, err
		}
		report, err := evaluate(q, fmt.Sprintf("%s (%d of %d)", recipe.Name, i+1, len(recipes)), recipe.Name)
		if err := c.add(Rung{Recipe: recipe, Report: report, Changes: q.Changes, Precisions: q.Precisions(), Timing: timing, Warnings: warnings}, err); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// WithEveryPoint returns the recipes with, behind each that leaves tensors in floating point,
// the one that rounds every point ([Recipe.Integer]), unless it is among the recipes.
func WithEveryPoint(recipes []Recipe) []Recipe {
	named := func(name string) bool {
		return slices.ContainsFunc(recipes, func(r Recipe) bool { return r.Name == name })
	}
	var all []Recipe
	for _, r := range recipes {
		all = append(all, r)
		if every := r.Integer(); !r.everyPoint() && !named(every.Name) {
			all = append(all, every)
		}
	}
	return all
}

// everyPoint reports whether the recipe rounds every point of the whole network.
func (r Recipe) everyPoint() bool {
	return r.Only.all() && slices.ContainsFunc(r.Points, func(p PointSelection) bool {
		return p.Where.all() && slices.Equal(p.Classes, EveryPoint.Classes)
	})
}

// inIntegers ends the name of a rung that integers scored.
const inIntegers = " in integers"

// AddIntegers scores the integers that [Freeze] makes by each of the ladder's recipes
// that rounds every point. Each is a rung behind the others, under the recipe's name with
// " in integers" behind it. A recipe that Freeze refuses has no score there.
func (c *Climb) AddIntegers(ctx context.Context, model *triovit.Folded, calibration, evaluation dataset.Dataset) error {
	for _, rung := range slices.Clone(c.Rungs) {
		if !rung.Recipe.everyPoint() {
			continue
		}
		q, err := Calibrate(ctx, model, calibration, rung.Recipe)
		if err != nil {
			return err
		}
		name := rung.Recipe.Name + inIntegers
		m, err := Freeze(q, integer.Limits{})
		if err != nil {
			c.Rungs = append(c.Rungs, Rung{Recipe: Recipe{Name: name}, Unscored: fmt.Errorf("%s: %w", name, err)})
			continue
		}
		frozen, err := triovit.NewFrozen(m, name, nil)
		if err == nil {
			err = c.Add(ctx, name, frozen, evaluation)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// add appends a rung, which the given error of its evaluation leaves without a score where
// a value is not finite. It compares the rung with the float network where both have scored
// all pictures.
func (c *Climb) add(rung Rung, err error) error {
	if errors.As(err, new(*triovit.NotFiniteError)) {
		rung.Unscored, err = err, nil
	}
	if err != nil {
		return err
	}
	if rung.Report != nil && rung.Report.Shard.Whole() {
		rung.AgainstFloat, err = triovit.Compare(c.Float, rung.Report)
	}
	c.Rungs = append(c.Rungs, rung)
	return err
}

// Add scores another predictor of the same network, such as an artefact, on the ladder's
// evaluation pictures (in a shard, on the shard's) and appends it as a rung of that name.
func (c *Climb) Add(ctx context.Context, name string, p triovit.Predictor, evaluation dataset.Dataset) error {
	report, err := triovit.Evaluate(ctx, p, evaluation, triovit.Sharded(c.Float.Shard), triovit.Titled(name), triovit.Labelled(name))
	return c.add(Rung{Recipe: Recipe{Name: name}, Report: report}, err)
}

// Loss returns the rung's loss against float as a fraction, infinite without a score.
func (r *Rung) Loss() float64 {
	if r.AgainstFloat == nil {
		return math.Inf(1)
	}
	return 0 - r.AgainstFloat.Difference.Value // a difference of 0 becomes 0, not -0
}

// Compare compares two of the ladder's predictors, picture by picture: each is a recipe's
// name, or "float".
func (c *Climb) Compare(a, b string) (*triovit.Paired, error) {
	reports := map[string]*triovit.Report{}
	var names []string
	c.Each(func(name string, report *triovit.Report, _ []Change) {
		reports[name] = report
		names = append(names, name)
	})
	for _, name := range []string{a, b} {
		if reports[name] == nil {
			return nil, fmt.Errorf("no score of %.60q: the ladder has %s", name, strings.Join(names, ", "))
		}
	}
	return triovit.Compare(reports[a], reports[b])
}

// Each calls do for the float network and then for every rung, with the name
// that tables and figures give it. The report of a rung without a score is nil.
func (c *Climb) Each(do func(name string, report *triovit.Report, changes []Change)) {
	do("float", c.Float, nil)
	for _, r := range c.Rungs {
		do(r.Recipe.Name, r.Report, r.Changes)
	}
}

// firstOf returns the first warning with the number of further ones.
func firstOf(warnings []string) string {
	if n := len(warnings) - 1; n > 0 {
		return fmt.Sprintf("%s; warnings in all: %d", warnings[0], n+1)
	}
	return warnings[0]
}

// Table is the ladder as a table, with intervals and the numbers of pictures.
func (c *Climb) Table() table.Table {
	var s table.Writer
	_, metric := c.Float.Score()
	fmt.Fprintf(&s, "%s, %s on %d pictures of %s", c.Model, metric, c.Float.Images, c.Evaluation)
	if !c.Float.Shard.Whole() {
		fmt.Fprintf(&s, ", shard %s", c.Float.Shard)
	}
	fmt.Fprintf(&s, ", calibrated on %d of %s\n", c.CalibrationImages, c.Calibration)
	var unscored []string
	s.Table("recipe\t"+metric+" %\t95 % interval\tminus float\t95 % interval", func(row func(string, ...any)) {
		score := func(name string, r *triovit.Report, against *triovit.Paired) {
			e, _ := r.Score()
			format, args := "%s\tno score\t", []any{name} // a shard's report has no score
			if !math.IsNaN(e.Value) {
				format, args = "%s\t%.2f\t%.2f to %.2f", append(args, 100*e.Value, 100*e.Lo, 100*e.Hi)
			}
			if against != nil {
				d := against.Difference
				format, args = format+"\t%+.2f\t%+.2f to %+.2f", append(args, 100*d.Value, 100*d.Lo, 100*d.Hi)
			}
			row(format, args...)
		}
		score("float", c.Float, nil)
		for _, r := range c.Rungs {
			if r.Unscored != nil {
				row("%s\tno score", r.Recipe.Name)
				unscored = append(unscored, fmt.Sprintf("no score: %v\n", r.Unscored))
				continue
			}
			score(r.Recipe.Name, r.Report, r.AgainstFloat)
		}
	})
	s.WriteString(strings.Join(unscored, ""))
	for _, r := range c.Rungs {
		if len(r.Warnings) > 0 {
			fmt.Fprintf(&s, "warning: %s: %s\n", r.Recipe.Name, firstOf(r.Warnings))
		}
	}
	for _, r := range c.Rungs {
		if off, err := c.Compare(r.Recipe.Name, r.Recipe.Name+inIntegers); err == nil {
			d := off.Difference
			fmt.Fprintf(&s, "%s minus %s: %+.2f points of %s (%+.2f to %+.2f)\n", off.B, off.A, 100*d.Value, off.Metric, 100*d.Lo, 100*d.Hi)
		}
	}
	for _, remark := range c.Float.Remarks {
		fmt.Fprintln(&s, remark)
	}
	return s.One()
}

// String is the text of [Climb.Table], which ends with a line break.
func (c *Climb) String() string { return c.Table().String() }
