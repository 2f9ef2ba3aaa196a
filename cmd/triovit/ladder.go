// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/charts"
	"github.com/gotriovit/gotriovit/charts/quant"
	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/triovit"
)

var ladderCommand = command{
	name: "ladder", about: "score every recipe side by side, with the figure",
	help: `Profiles the model on the calibration pictures, scores it in floating point and
quantized by each recipe on the others, and prints the table. The folder of -out
receives ladder.txt, ladder.json and ladder.svg; the JSON compares each recipe with
floating point, picture by picture. Scores and differences are percent in text, and
fractions in JSON. A recipe by which the network makes something that is not finite has
no score, and the table says of which picture. With -integers each recipe is also scored
with every point rounded and as the integers that "freeze" makes of that, and lines below
the table say by how much integers and fake quantization differ. Where a recipe makes divisors 0, or many
values saturate, a warning below the table says so: "diagnose" tells all.

A shard i/n is the i-th of n parts of the pictures to score, counted from 1. Its -out is
one file; "triovit merge" joins those of all shards and writes the folder.`,
	declare: func(f *flag.FlagSet) action {
		var l ladder
		l.declareEvaluation(f)
		f.StringVar(&l.out, "out", "", "`folder` for ladder.txt, ladder.json and ladder.svg, or the file of a shard; empty for none")
		declareShard(f, &l.shard, "the pictures to score")
		f.StringVar(&l.recipes, "recipes", "", "comma-separated `names` of recipes, empty for the ladder from Vanilla to \"TrioViTPlus every point\": "+recipeNames())
		f.StringVar(&l.artefacts, "artefacts", "", "comma-separated `files` of \"triovit freeze\", scored behind the recipes")
		f.BoolVar(&l.integers, "integers", false, "score each recipe also with every point rounded, and the integers made of that")
		f.BoolVar(&l.costs, "costs", false, "score TrioViTPlus and, one at a time, each further kind of tensor in integers")
		return func(ctx context.Context, _ []string) (output, error) { return l.run(ctx) }
	},
}

// ladder holds the flags of the command.
type ladder struct {
	inputs
	out, recipes, artefacts string
	costs, integers         bool
	shard                   triovit.Shard
}

func (l ladder) run(ctx context.Context) (output, error) {
	if l.costs && l.recipes != "" {
		return output{}, usagef("-costs is given, and so is -recipes: -costs has recipes of its own")
	}
	if l.costs && l.integers {
		return output{}, usagef("-costs and -integers are given: every recipe of -costs makes the same integers")
	}
	recipes := calib.Ladder
	if l.recipes != "" {
		recipes = nil
		for name := range strings.SplitSeq(l.recipes, ",") {
			r, err := calib.RecipeNamed(strings.TrimSpace(name))
			if err != nil {
				return output{}, usageError{err}
			}
			recipes = append(recipes, r)
		}
	}
	var frozen []*triovit.Frozen
	if l.artefacts != "" {
		for path := range strings.SplitSeq(l.artefacts, ",") {
			a, err := triovit.ReadFrozen(strings.TrimSpace(path))
			if err != nil {
				return output{}, err
			}
			frozen = append(frozen, a)
		}
	}
	if err := prepareOut(l.out, l.shard); err != nil {
		return output{}, err
	}
	if triovit.IsArtefact(l.model) {
		return output{}, usagef("%s is an artefact, which holds integers: -artefacts scores it beside the checkpoint that it was made of", l.model)
	}
	setup, err := l.open(ctx)
	if err != nil {
		return output{}, err
	}
	if l.costs {
		recipes = append([]calib.Recipe{calib.TrioViTPlus}, calib.Costs(calib.TrioViTPlus, setup.Model.Net)...)
	}
	n := len(recipes) + len(frozen)
	if l.integers {
		every := calib.WithEveryPoint(recipes)
		n += len(every) // at most so many: fake quantization of some recipes, integers of each
		recipes = every
	}
	if n > calib.MaxRungs && !l.shard.Whole() {
		return output{}, usagef("%d recipes and artefacts: a shard has at most %d", n, calib.MaxRungs)
	}
	climb, err := calib.RunLadder(ctx, setup.Folded, setup.Calibration, setup.Evaluation, recipes, triovit.Sharded(l.shard))
	if err != nil {
		return output{}, err
	}
	if l.integers {
		if err := climb.AddIntegers(ctx, setup.Folded, setup.Calibration, setup.Evaluation); err != nil {
			return output{}, err
		}
	}
	for _, a := range frozen {
		if err := climb.Add(ctx, a.Source(), a, setup.Evaluation); err != nil {
			return output{}, err
		}
	}
	if !l.shard.Whole() {
		return output{climb.String(), summarize(climb)}, saveTo(l.out, climb.Save)
	}
	return laddered(climb, l.out)
}

// laddered returns the output of a whole ladder, and saves it in a folder if one is
// given.
func laddered(climb *calib.Climb, folder string) (output, error) {
	out := output{climb.String(), summarize(climb)}
	return out, saveAs(folder, "ladder", out, nil, func() (*charts.Figure, error) { return quant.Ladder(climb) })
}

// saveAs writes the output of a command into a folder, under a name, as text and as JSON.
// It also writes the table as CSV, if there is one, and the figure. It writes nothing if
// the folder is empty.
func saveAs(folder, name string, out output, table func(io.Writer) error, draw func() (*charts.Figure, error)) error {
	if folder == "" {
		return nil
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	path := func(ending string) string { return filepath.Join(folder, name+ending) }
	figure, err := draw()
	if err != nil {
		return err
	}
	if err := figure.Save(path(".svg")); err != nil {
		return err
	}
	text, err := json.MarshalIndent(out.data, "", "\t")
	if err != nil {
		return err
	}
	if err := atomicfile.WriteData(path(".json"), append(text, '\n')); err != nil {
		return err
	}
	if table != nil {
		if err := atomicfile.Write(path(".csv"), table); err != nil {
			return err
		}
	}
	return atomicfile.WriteData(path(".txt"), []byte(out.text))
}

// summary is the JSON form of a ladder. Scores are fractions with 95 % intervals.
type summary struct {
	Model             string `json:"model"`
	Metric            string `json:"metric"`
	Calibration       string `json:"calibration"`
	CalibrationImages int    `json:"calibration_images"`
	Evaluation        string `json:"evaluation"`
	EvaluationImages  int    `json:"evaluation_images"`
	// Remarks describe how the pictures were read.
	Remarks []string `json:"remarks,omitempty"`
	Scores  []row    `json:"scores"`
}

type row struct {
	Recipe  string            `json:"recipe"`
	Score   *triovit.Estimate `json:"score"` // null where there is no score
	Changes int               `json:"changes"`
	// AgainstFloat is the comparison with the float network on the same pictures.
	AgainstFloat *triovit.Paired `json:"against_float,omitempty"`
	// Unscored is the reason why there is no score.
	Unscored string `json:"unscored,omitempty"`
	// Warnings are the warnings about the quantized network's health.
	Warnings []string `json:"warnings,omitempty"`
}

func summarize(c *calib.Climb) summary {
	score, metric := c.Float.Score()
	s := summary{Model: c.Model, Metric: metric, Calibration: c.Calibration, CalibrationImages: c.CalibrationImages,
		Evaluation: c.Evaluation, EvaluationImages: c.Float.Images, Remarks: c.Float.Remarks, Scores: []row{{Recipe: "float", Score: &score}}}
	for _, r := range c.Rungs {
		line := row{Recipe: r.Recipe.Name, Changes: len(r.Changes), AgainstFloat: r.AgainstFloat, Warnings: r.Warnings}
		if r.Unscored != nil {
			line.Unscored = r.Unscored.Error()
		} else {
			score, _ := r.Report.Score()
			line.Score = &score
		}
		s.Scores = append(s.Scores, line)
	}
	return s
}
