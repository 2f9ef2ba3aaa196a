// SPDX-License-Identifier: Apache-2.0

package tables

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/paper"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
)

// Options choose the calibration pictures of a table. The zero value takes all of them,
// once.
type Options struct {
	// Draws is the number of sets of calibration pictures; 0 means one.
	Draws int
	// Pictures is the number of pictures in a draw, without repeats. 0 means all of them
	// for one draw, half of them for several.
	Pictures int
	// Seed draws the first set, Seed+1 the second, and so on.
	Seed uint64
}

// filled returns the options with defaults in place of zeros. Several draws that would be
// equal are an error.
func (o Options) filled(calibration dataset.Dataset) (Options, error) {
	n := calibration.Len()
	if o.Draws < 0 {
		return o, fmt.Errorf("%d draws of calibration pictures: at least 1 is needed", o.Draws)
	}
	o.Draws = max(1, o.Draws)
	if o.Pictures == 0 {
		o.Pictures = n
		if o.Draws > 1 {
			o.Pictures = (n + 1) / 2
		}
	}
	if n > 0 && o.Draws > 1 && o.Pictures == n { // an empty set has an error of its own
		return o, fmt.Errorf("%d draws of all %d pictures of %s are one and the same: draw fewer pictures, or once", o.Draws, n, calibration.Name())
	}
	return o, nil
}

// I makes Table I: accuracy against the width of activations, with weights of 8 bits.
func I(ctx context.Context, model *triovit.Folded, calibration, evaluation dataset.Dataset, o Options) (*Table, error) {
	return Make(ctx, "I", model, calibration, evaluation, o)
}

// II makes Table II: the tensors that lose the accuracy in W8A8, left in float or rounded
// alone.
func II(ctx context.Context, model *triovit.Folded, calibration, evaluation dataset.Dataset, o Options) (*Table, error) {
	return Make(ctx, "II", model, calibration, evaluation, o)
}

// IV makes Table IV: the accuracy in float and by the paper's recipe.
func IV(ctx context.Context, model *triovit.Folded, calibration, evaluation dataset.Dataset, o Options) (*Table, error) {
	return Make(ctx, "IV", model, calibration, evaluation, o)
}

// V makes Table V: the ablation of the techniques.
func V(ctx context.Context, model *triovit.Folded, calibration, evaluation dataset.Dataset, o Options) (*Table, error) {
	return Make(ctx, "V", model, calibration, evaluation, o)
}

// VI makes Table VI: a grid for each channel of DW's inputs against channel-wise
// migration.
func VI(ctx context.Context, model *triovit.Folded, calibration, evaluation dataset.Dataset, o Options) (*Table, error) {
	return Make(ctx, "VI", model, calibration, evaluation, o)
}

// VII makes Table VII: the ablation on a segmentation.
func VII(ctx context.Context, model *triovit.Folded, calibration, evaluation dataset.Dataset, o Options) (*Table, error) {
	return Make(ctx, "VII", model, calibration, evaluation, o)
}

// Make makes the table of the given number, one of [Numbers]. A recipe whose network
// computes a value that is not finite has no score, and the table gives the reason.
// Everything is cached: a second call takes seconds, and an interrupted call resumes.
func Make(ctx context.Context, number string, model *triovit.Folded, calibration, evaluation dataset.Dataset, o Options) (*Table, error) {
	i := slices.IndexFunc(definitions, func(d definition) bool { return d.number == number })
	if i < 0 {
		return nil, fmt.Errorf("no table %.40q of accuracies: have %s", number, strings.Join(Numbers(), ", "))
	}
	t, err := definitions[i].make(ctx, model, calibration, evaluation, o)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", number, err)
	}
	return t, nil
}

func (d *definition) make(ctx context.Context, model *triovit.Folded, calibration, evaluation dataset.Dataset, o Options) (*Table, error) {
	o, err := o.filled(calibration)
	if err != nil {
		return nil, err
	}
	t := d.layout()
	t.Network, t.Source = model.Net.Name, model.Source
	var recipes []calib.Recipe
	for i, l := range d.lines {
		if l.recipe == nil {
			continue
		}
		r, err := l.recipe(model.Net)
		if err != nil {
			return nil, err
		}
		t.Rows[i].Recipe = r
		recipes = append(recipes, r)
	}
	for draw := range o.Draws {
		climb, err := climbOn(ctx, model, calibration, evaluation, recipes, o.Pictures, o.Seed+uint64(draw))
		if err != nil {
			return nil, err
		}
		if draw == 0 {
			_, t.Metric = climb.Float.Score()
			t.Setting = settingOf(calibration, o, climb.Float)
		}
		if err := t.add(climb, draw == 0); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// climbOn scores recipes that are calibrated on one draw of calibration pictures.
func climbOn(ctx context.Context, model *triovit.Folded, calibration, evaluation dataset.Dataset, recipes []calib.Recipe, pictures int, seed uint64) (*calib.Climb, error) {
	drawn, err := dataset.Draw(calibration, pictures, seed)
	if err != nil {
		return nil, err
	}
	return calib.RunLadder(ctx, model, drawn, evaluation, recipes)
}

func settingOf(calibration dataset.Dataset, o Options, float *triovit.Report) Setting {
	return Setting{Calibration: calibration.Name(), CalibrationImages: calibration.Len(), Draws: o.Draws, Pictures: o.Pictures, Seed: o.Seed,
		Evaluation: float.Dataset, EvaluationImages: float.Images, Remarks: float.Remarks}
}

// layout returns the table's rows with the paper's numbers and without computed ones.
func (d *definition) layout() *Table {
	printed := paper.Numbered(d.number)
	t := &Table{Number: d.number, About: printed.About, Columns: printed.Columns, Missing: printed.Missing,
		Printed: fmt.Sprintf("%s %%, %s, Table %s", printed.Metric, printed.Dataset, d.number), Notes: append(slices.Clone(d.notes), rounding)}
	taken := map[string]bool{}
	beside := func(name string) []paper.Cell {
		taken[name] = true
		if cells := printed.Row(name); cells != nil {
			return cells
		}
		unknown := paper.Cell{Value: math.NaN(), Mark: paper.Unknown, Source: "the paper has no number that is known to be this row's"}
		return slices.Repeat([]paper.Cell{unknown}, len(printed.Columns))
	}
	for _, l := range d.lines {
		name := l.printed
		if name == "" {
			name = l.name
		}
		t.Rows = append(t.Rows, Row{Name: l.name, Beside: beside(name)})
	}
	for _, c := range d.contrasts {
		t.Contrasts = append(t.Contrasts, Contrast{Name: c.name, First: c.first, Second: c.second, Beside: beside(c.name)})
	}
	for _, r := range printed.Rows {
		if !taken[r.Name] {
			t.Unpaired = append(t.Unpaired, r)
		}
	}
	return t
}

// add takes the scores of one draw. The float network does not depend on the draw, and is
// taken with the first.
func (t *Table) add(climb *calib.Climb, first bool) error {
	reports := map[string]*triovit.Report{}
	rungs := climb.Rungs
	for i := range t.Rows {
		r := &t.Rows[i]
		if r.float() {
			reports[r.Name] = climb.Float
			if first {
				score, _ := climb.Float.Score()
				r.Scores = []Score{{Score: score}}
			}
			continue
		}
		reports[r.Name] = rungs[0].Report
		r.Scores = append(r.Scores, scoreOf(&rungs[0]))
		r.Others = otherWidths(r.Recipe, rungs[0].Precisions)
		rungs = rungs[1:]
	}
	for i := range t.Contrasts {
		c := &t.Contrasts[i]
		var paired *triovit.Paired
		if a, b := reports[c.First], reports[c.Second]; a != nil && b != nil {
			var err error
			if paired, err = triovit.Compare(a, b); err != nil {
				return err
			}
		}
		c.Differences = append(c.Differences, paired)
	}
	return nil
}

func scoreOf(r *calib.Rung) Score {
	s := Score{AgainstFloat: r.AgainstFloat, Timing: r.Timing, Score: noEstimate}
	if r.Unscored != nil {
		s.Unscored = r.Unscored.Error()
	} else {
		s.Score, _ = r.Report.Score()
	}
	return s
}
