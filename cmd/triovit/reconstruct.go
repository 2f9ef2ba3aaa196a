// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/reconstruct"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

var reconstructCommand = command{
	name: "reconstruct", about: "learn the rounding of a quantized model block by block, and write it as integers",
	help: `Quantizes the model by a recipe that rounds every tensor, then learns on the
calibration pictures how each weight is rounded and how large each tensor's step is,
one block after the other, so that a block makes of rounded inputs what the exact one
makes of exact inputs. No label is read. The file written by -out is an artefact, as
"freeze" writes it.

A block that is done is kept in the cache: an interrupted run goes on behind it. On XLA
an iteration takes a fraction of its time on the Go backend; -budget probes it, and
runs as many iterations as fit into a time. The preset Reference does what the released
code does, in 20000 iterations of each block and 5000 for activations. Its weights do
not all become integers: it is scored (-score) and not written, like a recipe that
leaves a tensor in float.`,
	declare: func(f *flag.FlagSet) action {
		var l learning
		l.quantization.declare(f, "", fmt.Sprintf(", empty for %q, or %q by the preset Reference", calib.Default.Name, calib.Released.Name))
		f.StringVar(&l.preset, "preset", "Strict", "Strict, which follows the paper's text, or Reference, which follows the released code")
		f.IntVar(&l.o.Steps, "steps", 0, "`number` of iterations of each block; 0 takes 600, or those of the preset Reference")
		f.DurationVar(&l.budget, "budget", 0, "`time` that the iterations may take, in place of their number")
		f.IntVar(&l.o.Batch, "batch", 0, "`pictures` or crops of an iteration; 0 takes 16, or 32 by the preset Reference")
		f.IntVar(&l.o.Crop, "crop", -1, "side in `pixels` of the square crops that stand for the pictures; 0 takes whole pictures; -1 takes crops of 192, darkened to 0.3 to 1 of their light, where a segmentation network's pictures are larger, and whole pictures by the preset Reference")
		f.IntVar(&l.o.Crops, "crops", 0, "`number` of crops; 0 takes four of each picture")
		f.Float64Var(&l.o.Exposure, "exposure", 0, "least `share` of its light to which a picture or crop is darkened, at most 1; 0 follows from -crop")
		f.Uint64Var(&l.o.Seed, "seed", 0, "`seed` of crops, batches and what stays exact")
		f.BoolVar(&l.score, "score", false, "score the model in floating point, by the recipe, learned, and learned in integers")
		f.IntVar(&l.sample, "sample", 1, "score one picture in `n`")
		l.out = outFile(f, "out", "`file` for the artefact; empty for none")
		return l.run
	},
}

// learning holds the flags of the command.
type learning struct {
	quantization
	preset string
	o      reconstruct.Options
	budget time.Duration
	score  bool
	out    *string
}

func (l *learning) run(ctx context.Context, _ []string) (output, error) {
	o, err := l.options()
	if err != nil {
		return output{}, usageError{err}
	}
	q, setup, named, err := l.onPictures(ctx, "a reconstruction")
	if err != nil {
		return output{}, err
	}
	if l.o.Crop < 0 && o.Quirks.Apart == 0 {
		o = o.For(q.Network(), setup.Calibration)
	}
	if o.Crop > 0 {
		o.Crops = cmp.Or(l.o.Crops, 4*setup.Calibration.Len())
	}
	o.Exposure = cmp.Or(l.o.Exposure, o.Exposure)
	if l.budget > 0 {
		if o, err = reconstruct.Budget(ctx, q, setup.Calibration, o, l.budget); err != nil {
			return output{}, err
		}
	}
	r, err := reconstruct.Run(ctx, q, setup.Calibration, o)
	if err != nil {
		return output{}, err
	}
	text := fmt.Sprintf("%s from %s, calibrated on %d pictures\n%s%s%s", q.Network().Name, r.Quantized.Source(), setup.Calibration.Len(), named, r.Options, r)
	out := reconstructed{Network: q.Network().Name, Recipe: r.Quantized.Recipe(), Blocks: r.Blocks}
	m, unfrozen := calib.Freeze(r.Quantized, integer.Limits{})
	switch {
	case unfrozen == nil:
		data, err := storeArtefact(m, *l.out)
		if err != nil {
			return output{}, err
		}
		text += data.String()
		out.Artefact = &data
	case *l.out != "":
		return output{}, unfrozen
	default:
		m, out.Unfrozen = nil, unfrozen.Error()
		text += fmt.Sprintf("no integers: %v\n", unfrozen)
	}
	if l.score {
		climb, err := scores(ctx, setup, named, r, m)
		if err != nil {
			return output{}, err
		}
		text += "\n" + climb.String()
		ladder := summarize(climb)
		out.Ladder = &ladder
	}
	return output{text, out}, nil
}

// options returns the options of the preset, changed by the flags that are given.
func (l *learning) options() (reconstruct.Options, error) {
	o, recipe := reconstruct.Strict(0), calib.Default.Name
	switch l.preset {
	case o.Preset:
	case reconstruct.Reference().Preset:
		o, recipe = reconstruct.Reference(), calib.Released.Name
		if *l.out != "" {
			return o, fmt.Errorf("-preset %s keeps weights between two codes, which -out %s cannot hold", l.preset, *l.out)
		}
	default:
		return o, fmt.Errorf("-preset %.60q: Strict and Reference are allowed", l.preset)
	}
	l.name = cmp.Or(l.name, recipe)
	switch {
	case l.o.Crop < -1 || l.o.Crop == 0 && l.o.Crops > 0:
		return o, fmt.Errorf("-crop %d, -crops %d: a side above 0, or 0 for whole pictures, or -1", l.o.Crop, l.o.Crops)
	case !(l.o.Exposure >= 0 && l.o.Exposure <= 1):
		return o, fmt.Errorf("-exposure %g: more than 0 and at most 1 is allowed, or 0", l.o.Exposure)
	case l.budget > 0 && o.Quirks.Apart > 0:
		return o, fmt.Errorf("-budget %s by -preset %s, whose iterations are the released code's", l.budget, l.preset)
	case l.o.Steps < 0 || l.o.Batch < 0 || l.o.Crops < 0:
		return o, fmt.Errorf("-steps %d, -batch %d, -crops %d: at least 1 is needed, or 0 for the preset's", l.o.Steps, l.o.Batch, l.o.Crops)
	case l.budget < 0 || l.budget > 0 && l.o.Steps > 0:
		return o, fmt.Errorf("-budget %s beside -steps %d: a time above 0 chooses the number of iterations", l.budget, l.o.Steps)
	case l.sample < 1:
		return o, fmt.Errorf("-sample %d: at least 1 is needed", l.sample)
	}
	o.Steps, o.Batch, o.Seed = cmp.Or(l.o.Steps, o.Steps), cmp.Or(l.o.Batch, o.Batch), l.o.Seed
	o.Crop = max(l.o.Crop, 0)
	return o, nil
}

// scores returns a ladder with the scores of the recipe, of the learned model and, if the
// model was frozen, of its integers.
func scores(ctx context.Context, s *triovit.Setup, recipe calib.Recipe, r *reconstruct.Result, m *integer.Model) (*calib.Climb, error) {
	climb, err := calib.RunLadder(ctx, s.Folded, s.Calibration, s.Evaluation, []calib.Recipe{recipe})
	if err != nil {
		return nil, err
	}
	if err := climb.Add(ctx, "reconstructed by "+r.Options.Preset, r.Quantized, s.Evaluation); err != nil || m == nil {
		return climb, err
	}
	frozen, err := triovit.NewFrozen(m, "reconstructed", nil)
	if err != nil {
		return nil, err
	}
	return climb, climb.Add(ctx, "the same in integers", frozen, s.Evaluation)
}

// onPictures quantizes the model on the calibration pictures. The setup that it returns
// has these pictures, which the purpose reads again, and the evaluation pictures.
func (z *quantization) onPictures(ctx context.Context, purpose string) (*calib.Quantized, *triovit.Setup, calib.Recipe, error) {
	none := calib.Recipe{}
	if z.path != "" {
		return nil, nil, none, usagef("-profile %s holds no pictures: %s reads those that calibrate", z.path, purpose)
	}
	named, err := z.get()
	if err != nil {
		return nil, nil, none, err
	}
	setup, err := z.openWeights(ctx)
	if err != nil {
		return nil, nil, none, err
	}
	q, _, err := z.quantize(ctx, setup, named)
	return q, setup, named, err
}

// reconstructed is the output as JSON. Recipe has the lines of the recipe and behind them
// the options of the reconstruction.
type reconstructed struct {
	Network  string              `json:"network"`
	Recipe   string              `json:"recipe"`
	Artefact *artefact           `json:"artefact,omitempty"`
	Unfrozen string              `json:"unfrozen,omitempty"` // the reason why there is no artefact
	Blocks   []reconstruct.Block `json:"blocks"`
	Ladder   *summary            `json:"ladder,omitempty"`
}
