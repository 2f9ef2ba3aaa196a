// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/forward"
)

var evaluateCommand = command{
	name: "evaluate", about: "score a model in floating point, by a recipe, on stored grids, or an artefact",
	help: `Prints top-1 and top-5 of a classifier or mIoU of a segmentation, with 95 %
intervals. The file written by -out holds the outcome of every picture too: "merge"
joins those of all shards, "report" prints and compares them. JSON on standard output
is the same as the file.

An artefact of "triovit freeze" is told from a checkpoint by its content, and scored
in integers by the fast executor, whose integers are the reference's: it holds its
recipe, so that -recipe, -quantized and -profile are refused.

A shard i/n is the i-th of n parts, counted from 1. Every shard must be computed from
the same model, pictures, recipe and platform.`,
	declare: func(f *flag.FlagSet) action {
		var in inputs
		var p profiled
		var r recipe
		in.declareEvaluation(f)
		p.declare(f)
		r.declare(f, "", ", empty for floating point")
		var part triovit.Shard
		declareShard(f, &part, "the pictures to score")
		stored := f.String("quantized", "", "`file` of \"triovit quantize\", instead of -recipe")
		out := outFile(f, "out", "`file` for the report with its outcomes, JSON; empty for none")
		return func(ctx context.Context, _ []string) (output, error) {
			if *stored != "" && r != wordless {
				return output{}, usagef("-quantized is given, and so is -recipe or a width: the file holds them")
			}
			if *stored == "" && r.name == "" && (p.path != "" || r != wordless) {
				return output{}, usagef("-profile or a width is given without -recipe or -quantized: floating point has neither")
			}
			var g *grids
			if *stored != "" {
				var err error
				if g, err = readGrids(*stored); err != nil {
					return output{}, err
				}
				r = *g.recipe()
			}
			predictor, label, setup, err := predict(ctx, in, p, r)
			if err != nil {
				return output{}, err
			}
			if g != nil {
				if err := g.verify(predictor.(*calib.Quantized)); err != nil {
					return output{}, fmt.Errorf("%s: %w", *stored, err)
				}
			}
			report, err := triovit.Evaluate(ctx, predictor, setup.Evaluation,
				triovit.Titled(label+" "+part.String()), triovit.Labelled(label), triovit.Sharded(part))
			if err != nil {
				return output{}, err
			}
			return output{report.String(), report}, saveTo(*out, report.Save)
		}
	},
}

// predict returns the predictor that is scored: the model quantized by a recipe, or the
// float model if the recipe has no name. It checks the flags before it looks at the
// pictures.
func predict(ctx context.Context, in inputs, p profiled, r recipe) (triovit.Predictor, string, *triovit.Setup, error) {
	var named calib.Recipe
	if r.name != "" {
		var err error
		if named, err = r.get(); err != nil {
			return nil, "", nil, err
		}
	}
	if r.name != "" && triovit.IsArtefact(in.model) {
		return nil, "", nil, usagef("%s is an artefact, which holds its recipe: -recipe and -quantized are for checkpoints", in.model)
	}
	setup, err := in.open(ctx)
	if err != nil {
		return nil, "", nil, err
	}
	if setup.Frozen != nil {
		return setup.Frozen, "integers", setup, nil
	}
	if r.name == "" {
		float, err := forward.New(setup.Folded)
		return float, "float", setup, err
	}
	q, _, err := p.quantize(ctx, setup, named)
	return q, named.Name, setup, err
}
