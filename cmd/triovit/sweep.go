// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/tables"
	"github.com/gotriovit/gotriovit/charts"
	"github.com/gotriovit/gotriovit/charts/quant"
)

var sweepCommand = command{
	name: "sweep", about: "score a recipe by few and by many calibration pictures",
	help: `Calibrates a recipe on growing numbers of pictures, each drawn several times by seeds,
and prints the mean and the deviation of the scores over the draws. Draws of one seed are
nested, and all pictures are drawn once. What is computed is cached: an interrupted sweep
goes on.

The folder of -out receives sweep.txt, sweep.json, sweep.csv and sweep.svg. In text and
CSV scores are percent, in JSON fractions.`,
	declare: func(f *flag.FlagSet) action {
		var s sweep
		s.declareEvaluation(f)
		s.recipe.declare(f, calib.TrioViT.Name, "")
		f.Func("sizes", "comma-separated `numbers` of pictures (default 2, 4, 8, ... and all)", func(text string) error {
			s.options.Sizes = nil
			for word := range strings.SplitSeq(text, ",") {
				n, err := strconv.Atoi(strings.TrimSpace(word))
				if err != nil {
					return fmt.Errorf("%.40q is no number of pictures", word)
				}
				s.options.Sizes = append(s.options.Sizes, n)
			}
			return nil
		})
		f.IntVar(&s.options.Draws, "draws", 5, "`sets` that are drawn of each size")
		f.Uint64Var(&s.options.Seed, "seed", 0, "`seed` of the first draw")
		f.StringVar(&s.out, "out", "", "`folder` for the sweep as text, JSON, CSV and figure; empty for none")
		return func(ctx context.Context, _ []string) (output, error) { return s.run(ctx) }
	},
}

// sweep holds the flags of the command.
type sweep struct {
	inputs
	recipe
	options tables.SweepOptions
	out     string
}

func (s *sweep) run(ctx context.Context) (output, error) {
	if s.options.Draws < 1 {
		return output{}, usagef("-draws %d: at least 1 is needed", s.options.Draws)
	}
	named, err := s.get()
	if err != nil {
		return output{}, err
	}
	if s.out != "" {
		if err := os.MkdirAll(s.out, 0o777); err != nil {
			return output{}, err
		}
	}
	setup, err := s.openWeights(ctx)
	if err != nil {
		return output{}, err
	}
	made, err := tables.Pictures(ctx, setup.Folded, setup.Calibration, setup.Evaluation, named, s.options)
	if err != nil {
		return output{}, err
	}
	out := output{made.String(), made}
	return out, saveAs(s.out, "sweep", out, made.WriteCSV, func() (*charts.Figure, error) { return quant.PicturesSweep(made) })
}
