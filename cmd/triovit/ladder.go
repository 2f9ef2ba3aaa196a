// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/charts"
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
no score, and the table says of which picture. Where a recipe makes divisors 0, or many
values saturate, a warning below the table says so: "diagnose" tells all.`,
	declare: func(f *flag.FlagSet) action {
		var l ladder
		l.declareEvaluation(f)
		f.StringVar(&l.out, "out", "", "`folder` for ladder.txt, ladder.json and ladder.svg; empty for none")
		f.StringVar(&l.recipes, "recipes", "", "comma-separated `names` of recipes, empty for the ladder from Vanilla to \"TrioViTPlus every point\": "+recipeNames())
		f.StringVar(&l.artefacts, "artefacts", "", "comma-separated `files` of \"triovit freeze\", scored behind the recipes")
		f.BoolVar(&l.costs, "costs", false, "score TrioViTPlus and, one at a time, each further kind of tensor in integers")
		return func(ctx context.Context, _ []string) (output, error) { return l.run(ctx) }
	},
}

// ladder holds the flags of the command.
type ladder struct {
	inputs
	out, recipes, artefacts string
	costs                   bool
}

func (l ladder) run(ctx context.Context) (output, error) {
	if l.costs && l.recipes != "" {
		return output{}, usagef("-costs is given, and so is -recipes: -costs has recipes of its own")
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
	if l.out != "" {
		if err := os.MkdirAll(l.out, 0o777); err != nil {
			return output{}, err
		}
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
	climb, err := calib.RunLadder(ctx, setup.Folded, setup.Calibration, setup.Evaluation, recipes)
	if err != nil {
		return output{}, err
	}
	for _, a := range frozen {
		if err := climb.Add(ctx, a.Source(), a, setup.Evaluation); err != nil {
			return output{}, err
		}
	}
	numbers := summarize(climb)
	if l.out != "" {
		err = save(climb, numbers, l.out)
	}
	return output{climb.String(), numbers}, err
}

// save writes the table, the numbers and the figure.
func save(climb *calib.Climb, numbers summary, folder string) error {
	figure, err := charts.Ladder(climb)
	if err != nil {
		return err
	}
	if err := figure.Save(filepath.Join(folder, "ladder.svg")); err != nil {
		return err
	}
	text, err := json.MarshalIndent(numbers, "", "\t")
	if err != nil {
		return err
	}
	if err := atomicfile.WriteData(filepath.Join(folder, "ladder.json"), append(text, '\n')); err != nil {
		return err
	}
	return atomicfile.WriteData(filepath.Join(folder, "ladder.txt"), []byte(climb.String()))
}

// summary is the JSON form of a ladder. Scores are fractions with 95 % intervals.
type summary struct {
	Model             string `json:"model"`
	Metric            string `json:"metric"`
	Calibration       string `json:"calibration"`
	CalibrationImages int    `json:"calibration_images"`
	Evaluation        string `json:"evaluation"`
	EvaluationImages  int    `json:"evaluation_images"`
	// Remarks are on how the pictures were read.
	Remarks []string `json:"remarks,omitempty"`
	Scores  []row    `json:"scores"`
}

type row struct {
	Recipe  string            `json:"recipe"`
	Score   *triovit.Estimate `json:"score"` // null where there is none
	Changes int               `json:"changes"`
	// AgainstFloat compares with the float network on the same pictures.
	AgainstFloat *triovit.Paired `json:"against_float,omitempty"`
	// Unscored says why there is no score.
	Unscored string `json:"unscored,omitempty"`
	// Warnings are those of the quantized network's health.
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
