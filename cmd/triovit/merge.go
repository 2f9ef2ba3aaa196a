// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json/jsontext"
	"flag"
	"io"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/diagnose"
	"github.com/gotriovit/gotriovit/hwsim/explore"
	"github.com/gotriovit/gotriovit/internal/regular"
	"github.com/gotriovit/gotriovit/triovit"
)

var mergeCommand = command{
	name: "merge", arguments: "shard.json ...", about: "join the shards of an evaluation, a ladder, a diagnosis or an exploration",
	help: `Joins the files of all shards, in any order, to what the single run gives, exactly. A
shard that is missing, given twice, or of other pictures, another model, recipe, space or
platform is an error that names it and its file.

The files are those of "evaluate", "ladder", "diagnose" and "explore" with -shard and -out,
and tell which they are. -out is what it is to that command without -shard: a file for an
evaluation or an exploration, a folder for a ladder or a diagnosis.

A shard is a part of the work, so an artefact is none: "triovit evaluate -model
m.triovit -shard 1/2 -out 1.json" writes a report of it, as of a checkpoint by a recipe.`,
	declare: func(f *flag.FlagSet) action {
		out := outFile(f, "out", "`file` or folder for the joined result; empty for none")
		return func(_ context.Context, files []string) (output, error) {
			if len(files) == 0 {
				return output{}, usagef("no shard is given")
			}
			for _, file := range files {
				if triovit.IsArtefact(file) {
					return output{}, usagef("%s is an artefact, not a shard: \"triovit evaluate\" with -model, -shard and -out writes a report of it", file)
				}
			}
			switch formatOf(files[0]) {
			case calib.LadderFormat:
				return join(files, calib.ReadLadder, calib.MergeLadders, func(c *calib.Climb) (output, error) { return laddered(c, *out) })
			case diagnose.Format:
				return join(files, diagnose.ReadReport, diagnose.Merge, func(r *diagnose.Report) (output, error) { return diagnosed(r, nil, *out) })
			case explore.Format:
				return join(files, explore.ReadSurvey, explore.Merge, func(v *explore.Survey) (output, error) { return output{v.String(), v}, saveTo(*out, v.Save) })
			}
			return join(files, triovit.ReadReport, triovit.Merge, func(r *triovit.Report) (output, error) { return output{r.String(), r}, saveTo(*out, r.Save) })
		}
	},
}

// join reads the shards and merges them. done prints and saves the whole.
func join[T any](files []string, read func(file string) (T, error), merge func(shards ...T) (T, error), done func(whole T) (output, error)) (output, error) {
	shards, err := readAll(files, read)
	if err != nil {
		return output{}, err
	}
	whole, err := merge(shards...)
	if err != nil {
		return output{}, err
	}
	return done(whole)
}

// readAll reads the files on a command line.
func readAll[T any](files []string, read func(file string) (T, error)) ([]T, error) {
	var all []T
	for _, file := range files {
		r, err := read(file)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// formatOf returns the format that a shard's file begins with, or "". It returns no
// error: the function that reads the whole file reports it.
func formatOf(file string) string {
	f, err := regular.Open(file, 1<<40)
	if err != nil {
		return ""
	}
	defer f.Close()
	d := jsontext.NewDecoder(io.LimitReader(f, 1<<10))
	for _, want := range []string{"{", "format"} {
		if t, err := d.ReadToken(); err != nil || t.String() != want {
			return ""
		}
	}
	t, err := d.ReadToken()
	if err != nil {
		return ""
	}
	return t.String()
}
