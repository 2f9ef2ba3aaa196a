// SPDX-License-Identifier: Apache-2.0

package tables

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
)

// A Sweep is the accuracy of one recipe against the number of calibration pictures.
type Sweep struct {
	// Network and Source name the model. Metric is "top-1" or "mIoU".
	Network, Source, Metric string
	Recipe                  calib.Recipe
	// Setting holds the number of draws of each size; its own Pictures is 0.
	Setting
	// Float is the score of the float network.
	Float  triovit.Estimate
	Points []Point
}

// A Point holds the scores with one number of calibration pictures, by draw. The set of
// all pictures has one draw.
type Point struct {
	Pictures int
	Scores   []Score
}

// Spread returns the spread of the scores, as fractions.
func (p *Point) Spread() Spread { return scoresOf(p.Scores) }

// Against returns the spread of the differences to the float network, as fractions.
func (p *Point) Against() Spread { return againstOf(p.Scores) }

// SweepOptions say how a sweep draws pictures. The zero value draws each power of two of
// pictures 5 times, and takes all of them once.
type SweepOptions struct {
	// Sizes are the numbers of pictures; none means 2, 4, 8, ... and all.
	Sizes []int
	// Draws is the number of sets of each size; 0 means 5.
	Draws int
	// Seed draws the first set of each size, Seed+1 the second, and so on. Sets of one
	// seed are nested.
	Seed uint64
}

// filled returns the options for n calibration pictures, with defaults in place of zeros
// and with each size once, in rising order.
func (o SweepOptions) filled(n int) SweepOptions {
	o.Sizes = slices.Clone(o.Sizes)
	if len(o.Sizes) == 0 {
		for size := 2; size < n; size *= 2 {
			o.Sizes = append(o.Sizes, size)
		}
		o.Sizes = append(o.Sizes, n)
	}
	slices.Sort(o.Sizes)
	o.Sizes, o.Draws = slices.Compact(o.Sizes), cmp.Or(o.Draws, 5)
	return o
}

// Pictures scores a recipe by growing numbers of calibration pictures, each drawn several
// times. These are PTQ4ViT's two sweeps: accuracy against the number of pictures, and for
// one size the mean and the deviation over draws. Everything is cached, as for a table.
func Pictures(ctx context.Context, model *triovit.Folded, calibration, evaluation dataset.Dataset, recipe calib.Recipe, o SweepOptions) (*Sweep, error) {
	s, err := sweep(ctx, model, calibration, evaluation, recipe, o)
	if err != nil {
		return nil, fmt.Errorf("sweep of %s over calibration pictures: %w", recipe.Name, err)
	}
	return s, nil
}

func sweep(ctx context.Context, model *triovit.Folded, calibration, evaluation dataset.Dataset, recipe calib.Recipe, o SweepOptions) (*Sweep, error) {
	n := calibration.Len()
	o = o.filled(n)
	if o.Draws < 0 {
		return nil, fmt.Errorf("%d draws of each size: at least 1 is needed", o.Draws)
	}
	for _, size := range o.Sizes { // all sizes are checked before any of them is scored
		if _, err := dataset.Draw(calibration, size, o.Seed); err != nil {
			return nil, err
		}
	}
	s := &Sweep{Network: model.Net.Name, Source: model.Source, Recipe: recipe}
	for _, size := range o.Sizes {
		p := Point{Pictures: size}
		draws := o.Draws
		if size == n {
			draws = 1
		}
		for draw := range draws {
			climb, err := climbOn(ctx, model, calibration, evaluation, []calib.Recipe{recipe}, size, o.Seed+uint64(draw))
			if err != nil {
				return nil, err
			}
			p.Scores = append(p.Scores, scoreOf(&climb.Rungs[0]))
			s.Float, s.Metric = climb.Float.Score()
			s.Setting = settingOf(calibration, Options{Draws: o.Draws, Seed: o.Seed}, climb.Float)
		}
		s.Points = append(s.Points, p)
	}
	return s, nil
}

// Table is the sweep as a table of means and deviations.
func (s *Sweep) Table() table.Table {
	var text table.Writer
	fmt.Fprintf(&text, "%s (%s) by %s, %s of %d pictures of %s\n", s.Network, s.Source, s.Recipe.Name, s.Metric, s.EvaluationImages, s.Evaluation)
	fmt.Fprintf(&text, "calibrated on draws from %d of %s, seeds from %d; float has %s\n", s.CalibrationImages, s.Calibration, s.Seed, s.Float)
	cached := false
	text.Table("pictures\t"+strings.Join(heads(s.Metric, 2), "\t"), func(row func(string, ...any)) {
		for i := range s.Points {
			p := &s.Points[i]
			row("%d\t"+strings.ReplaceAll(strings.Join(spreadCells(p.Scores), "\t"), "%", "%%"), p.Pictures)
			cached = cached || timing(p.Scores).Cached
		}
	})
	if cached {
		text.WriteString(observedEarlier)
	}
	for i := range s.Points {
		for draw, score := range s.Points[i].Scores {
			if score.Unscored != "" {
				fmt.Fprintf(&text, "no score, %d pictures, seed %d: %s\n", s.Points[i].Pictures, s.Seed+uint64(draw), score.Unscored)
			}
		}
	}
	for _, remark := range s.Remarks {
		fmt.Fprintf(&text, "note: %s\n", remark)
	}
	return text.One()
}

// String is the text of [Sweep.Table], which ends with a line break.
func (s *Sweep) String() string { return s.Table().String() }

// WriteCSV writes a line for each draw of each size, in percent and seconds.
func (s *Sweep) WriteCSV(w io.Writer) error {
	records := [][]string{append([]string{"pictures", "seed"}, append(scoreColumns, "note")...)}
	for i := range s.Points {
		p := &s.Points[i]
		for draw, score := range p.Scores {
			key := []string{strconv.Itoa(p.Pictures), strconv.FormatUint(s.Seed+uint64(draw), 10)}
			records = append(records, append(append(key, score.record()...), score.Unscored))
		}
	}
	return csv.NewWriter(w).WriteAll(records)
}

// MarshalJSON writes the sweep; scores and differences are fractions.
func (s *Sweep) MarshalJSON() ([]byte, error) {
	type point struct {
		Pictures int         `json:"calibration_images"`
		Spread   *spreadJSON `json:"spread"`
		Minus    *spreadJSON `json:"minus_float"`
		Scores   []scoreJSON `json:"scores"`
	}
	var points []point
	for i := range s.Points {
		p := &s.Points[i]
		out := point{Pictures: p.Pictures, Spread: p.Spread().json(), Minus: p.Against().json()}
		for draw, score := range p.Scores {
			out.Scores = append(out.Scores, score.json(fmt.Sprintf("seed %d", s.Seed+uint64(draw))))
		}
		points = append(points, out)
	}
	return json.Marshal(struct {
		Network string           `json:"network"`
		Source  string           `json:"source"`
		Recipe  *recipeJSON      `json:"recipe"`
		Metric  string           `json:"metric"`
		Setting settingJSON      `json:"pictures"`
		Float   triovit.Estimate `json:"float"`
		Points  []point          `json:"points"`
	}{s.Network, s.Source, recipeOf(s.Recipe), s.Metric, settingJSON(s.Setting), s.Float, points})
}
