// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/diagnose"
	"github.com/gotriovit/gotriovit/charts/quant"
	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

var diagnoseCommand = command{
	name: "diagnose", about: "say which tensor, block or operation of a quantized model loses its accuracy",
	help: `Quantizes the model by a recipe and compares every rounded tensor with the exact one
on the calibration pictures: in isolation and with everything rounded, as signal to
noise in decibels, with saturated values and unused codes. Then it rounds each part
alone, and everything but it. Warnings come first, the worst lines of each table
follow. The folder of -out receives diagnose.txt, tensors.csv, units.csv and
diagnose.json with all lines, and map.html, the network's blocks coloured by a measure,
which shows the tensors of the block that is clicked.

A shard i/n has the i-th of n shares of these scores, counted from 1, and the first shard
compares the tensors, too. Its -out is one file; "triovit merge" joins those of all shards
and writes the folder, without the map.

What a reader mends by this is chosen by these pictures, so that they are not those of
the evaluation. What is done is kept in the cache: an interrupted run goes on behind it.`,
	declare: func(f *flag.FlagSet) action {
		var d diagnosis
		d.declare(f, calib.TrioViTPlusInteger.Name, "")
		f.StringVar(&d.levels, "levels", "class,block,operation", "comma-separated `levels` of the parts: class, block, operation, tensor")
		f.IntVar(&d.options.Pictures, "pictures", 16, "how many `pictures` the parts are scored on, held in memory")
		f.BoolVar(&d.options.Metric, "metric", false, "also score each part by top-1 or mIoU on all pictures")
		f.StringVar(&d.out, "out", "", "`folder` for the report and its tables, or the file of a shard; empty for none")
		declareShard(f, &d.options.Shard, "the scores without and with each part")
		return func(ctx context.Context, _ []string) (output, error) { return d.report(ctx) }
	},
}

// diagnosis holds the flags of the command.
type diagnosis struct {
	quantization
	options     diagnose.Options
	levels, out string
}

func (d *diagnosis) report(ctx context.Context) (output, error) {
	if d.options.Pictures < 1 {
		return output{}, usagef("-pictures %d: at least 1 is needed", d.options.Pictures)
	}
	for name := range strings.SplitSeq(d.levels, ",") {
		level := diagnose.Level(strings.TrimSpace(name))
		if !slices.Contains(diagnose.Levels, level) {
			return output{}, usagef("-levels %.60q: allowed are %q", d.levels, diagnose.Levels)
		}
		d.options.Levels = append(d.options.Levels, level)
	}
	if err := prepareOut(d.out, d.options.Shard); err != nil {
		return output{}, err
	}
	q, setup, _, err := d.onPictures(ctx, "a diagnosis")
	if err != nil {
		return output{}, err
	}
	r, err := diagnose.Run(ctx, q, setup.Calibration, d.options)
	if err != nil {
		return output{}, err
	}
	if !d.options.Shard.Whole() {
		return output{r.String(), r}, saveTo(d.out, r.Save)
	}
	return diagnosed(r, q.Network(), d.out)
}

// diagnosed returns the output of a whole diagnosis, and saves it in a folder if one is
// given. Without a network the folder gets no map.
func diagnosed(r *diagnose.Report, net *efficientvit.Network, folder string) (output, error) {
	return output{r.String(), r}, saveTo(folder, func(folder string) error { return saveDiagnosis(folder, r, net) })
}

// saveDiagnosis writes the report, its tables and its map into a folder.
func saveDiagnosis(folder string, r *diagnose.Report, net *efficientvit.Network) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	for name, write := range map[string]func(io.Writer) error{"tensors.csv": r.WriteTensors, "units.csv": r.WriteUnits} {
		if err := atomicfile.Write(filepath.Join(folder, name), write); err != nil {
			return err
		}
	}
	if err := atomicfile.WriteData(filepath.Join(folder, "diagnose.json"), append(data, '\n')); err != nil {
		return err
	}
	if err := atomicfile.WriteData(filepath.Join(folder, "diagnose.txt"), []byte(r.String())); err != nil {
		return err
	}
	if net == nil {
		return nil
	}
	figure, err := quant.ModelMap(r, net, diagnose.Measures[0].Name)
	if err != nil {
		return err
	}
	return figure.Save(filepath.Join(folder, "map.html"))
}
