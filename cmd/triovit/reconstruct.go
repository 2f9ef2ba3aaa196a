// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/reconstruct"
	"github.com/gotriovit/gotriovit/triovit/dataset"
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
a step takes a fraction of its time on the Go backend.`,
	declare: func(f *flag.FlagSet) action {
		var z quantization
		z.declare(f, calib.TrioViTPlusInteger.Name)
		// The rates are left to follow from the steps.
		usual := reconstruct.Strict(0)
		o := reconstruct.Options{Preset: usual.Preset, Compensate: usual.Compensate}
		f.IntVar(&o.Steps, "steps", usual.Steps, "`number` of steps of each block")
		f.IntVar(&o.Batch, "batch", usual.Batch, "`pictures` or crops of a step")
		f.IntVar(&o.Crop, "crop", 0, "side in `pixels` of the square crops that stand for the pictures; 0 takes whole pictures")
		f.IntVar(&o.Crops, "crops", 248, "`number` of crops")
		f.Uint64Var(&o.Seed, "seed", 0, "`seed` of crops, batches and what stays exact")
		out := outFile(f, "out", "`file` for the artefact; empty for none")
		return func(ctx context.Context, _ []string) (output, error) {
			if o.Steps < 1 || o.Batch < 1 {
				return output{}, usagef("-steps %d, -batch %d: at least 1 is needed", o.Steps, o.Batch)
			}
			if o.Crop == 0 {
				o.Crops = 0
			}
			if err := o.Check(); err != nil {
				return output{}, usageError{err}
			}
			r, images, err := z.reconstruct(ctx, o)
			if err != nil {
				return output{}, err
			}
			data, err := freeze(r.Quantized, integer.Limits{}, *out)
			if err != nil {
				return output{}, err
			}
			text := fmt.Sprintf("%s from %s, calibrated on %d pictures\n%s%s%s", data.Network, r.Quantized.Source(), images, data.Source.Recipe, r, data)
			return output{text, reconstructed{data, r.Blocks}}, nil
		}
	},
}

// reconstruct quantizes and reconstructs on the pictures that calibrated.
func (z *quantization) reconstruct(ctx context.Context, o reconstruct.Options) (*reconstruct.Result, int, error) {
	q, pictures, err := z.onPictures(ctx, "a reconstruction")
	if err != nil {
		return nil, 0, err
	}
	r, err := reconstruct.Run(ctx, q, pictures, o)
	return r, pictures.Len(), err
}

// onPictures quantizes, and returns the pictures that calibrated, which the purpose reads
// again.
func (z *quantization) onPictures(ctx context.Context, purpose string) (*calib.Quantized, dataset.Dataset, error) {
	if z.path != "" {
		return nil, nil, usagef("-profile %s holds no pictures: %s reads those that calibrate", z.path, purpose)
	}
	named, err := z.get()
	if err != nil {
		return nil, nil, err
	}
	setup, err := z.openWeights(ctx)
	if err != nil {
		return nil, nil, err
	}
	q, _, err := z.quantize(ctx, setup, named)
	return q, setup.Calibration, err
}

// reconstructed is the output as JSON.
type reconstructed struct {
	artefact
	Blocks []reconstruct.Block `json:"blocks"`
}
