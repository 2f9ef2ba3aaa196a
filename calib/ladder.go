// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/forward"
)

// A Climb is what each recipe of a ladder leaves of a model's accuracy.
type Climb struct {
	// Model says which model; Calibration and Evaluation which pictures.
	Model                   string
	Calibration, Evaluation string
	CalibrationImages       int
	// Float is the score before any quantization.
	Float *triovit.Report
	Rungs []Rung
}

// A Rung is one recipe's score.
type Rung struct {
	Recipe Recipe
	// Report is nil where the network makes something of a picture that is not
	// finite: there is no score then.
	Report *triovit.Report
	// Changes is what the recipe did.
	Changes []Change
	// AgainstFloat compares with the float network, picture by picture: its
	// interval is far narrower than either score's. It is nil without a score.
	AgainstFloat *triovit.Paired
	// Unscored says why there is no score.
	Unscored error
}

// RunLadder profiles a model on calibration pictures and scores it on others:
// in floating point first, then quantized by each recipe. A recipe by which the
// network makes something that is not finite has no score; where the float network
// does, that is an error. Everything is cached: a second call costs seconds, an
// interrupted one goes on.
func RunLadder(ctx context.Context, model *triovit.Folded, calibration, evaluation dataset.Dataset, recipes []Recipe) (*Climb, error) {
	c := &Climb{Model: model.Source, Calibration: calibration.Name(), Evaluation: evaluation.Name(), CalibrationImages: calibration.Len()}
	profile, err := Observe(ctx, model, calibration)
	if err != nil {
		return nil, err
	}
	float, err := forward.New(model)
	if err != nil {
		return nil, err
	}
	if c.Float, err = triovit.Evaluate(ctx, float, evaluation, triovit.Titled("float"), triovit.Labelled("float")); err != nil {
		return nil, err
	}
	for i, recipe := range recipes {
		q, err := calibrate(ctx, model, profile, calibration, recipe)
		if err != nil {
			return nil, err
		}
		report, err := triovit.Evaluate(ctx, q, evaluation, triovit.Titled(fmt.Sprintf("%s (%d of %d)", recipe.Name, i+1, len(recipes))), triovit.Labelled(recipe.Name))
		rung := Rung{Recipe: recipe, Report: report, Changes: q.Changes}
		if errors.As(err, new(*triovit.NotFiniteError)) {
			rung.Unscored, err = err, nil
		} else if err == nil {
			rung.AgainstFloat, err = triovit.Compare(c.Float, report)
		}
		if err != nil {
			return nil, err
		}
		c.Rungs = append(c.Rungs, rung)
	}
	return c, nil
}

// Add scores another predictor of the same network, such as an artefact, on the
// ladder's evaluation pictures, and appends it as a rung of that name.
func (c *Climb) Add(ctx context.Context, name string, p triovit.Predictor, evaluation dataset.Dataset) error {
	report, err := triovit.Evaluate(ctx, p, evaluation, triovit.Titled(name), triovit.Labelled(name))
	if err != nil {
		return err
	}
	paired, err := triovit.Compare(c.Float, report)
	if err == nil {
		c.Rungs = append(c.Rungs, Rung{Recipe: Recipe{Name: name}, Report: report, AgainstFloat: paired})
	}
	return err
}

// Worst returns the rung that loses most against float, the first without a score if
// there is one. A climb without rungs has none: that is a zero Rung.
func (c *Climb) Worst() (worst Rung) {
	loss := func(r Rung) float64 {
		if r.AgainstFloat == nil {
			return math.Inf(1)
		}
		return -r.AgainstFloat.Difference.Value
	}
	for i, r := range c.Rungs {
		if i == 0 || loss(r) > loss(worst) {
			worst = r
		}
	}
	return worst
}

// Each calls do for the float network and then for every rung, with the name
// that tables and figures give it. The report of a rung without a score is nil.
func (c *Climb) Each(do func(name string, report *triovit.Report, changes []Change)) {
	do("float", c.Float, nil)
	for _, r := range c.Rungs {
		do(r.Recipe.Name, r.Report, r.Changes)
	}
}

// String is the ladder as a table, with intervals and the numbers of pictures.
func (c *Climb) String() string {
	var s strings.Builder
	_, metric := c.Float.Score()
	fmt.Fprintf(&s, "%s, %s on %d pictures of %s, calibrated on %d of %s\n",
		c.Model, metric, c.Float.Images, c.Evaluation, c.CalibrationImages, c.Calibration)
	w := tabwriter.NewWriter(&s, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "recipe\t%s %%\t95 %% interval\tminus float\t95 %% interval\t\n", metric)
	score := func(name string, r *triovit.Report) {
		e, _ := r.Score()
		fmt.Fprintf(w, "%s\t%.2f\t%.2f to %.2f\t", name, 100*e.Value, 100*e.Lo, 100*e.Hi)
	}
	score("float", c.Float)
	fmt.Fprint(w, "\t\t\n")
	var unscored []string
	for _, r := range c.Rungs {
		if r.Unscored != nil {
			fmt.Fprintf(w, "%s\tno score\t\t\t\t\n", r.Recipe.Name)
			unscored = append(unscored, fmt.Sprintf("no score: %v\n", r.Unscored))
			continue
		}
		score(r.Recipe.Name, r.Report)
		d := r.AgainstFloat.Difference
		fmt.Fprintf(w, "%+.2f\t%+.2f to %+.2f\t\n", 100*d.Value, 100*d.Lo, 100*d.Hi)
	}
	w.Flush()
	s.WriteString(strings.Join(unscored, ""))
	for _, remark := range c.Float.Remarks {
		fmt.Fprintln(&s, remark)
	}
	return s.String()
}
