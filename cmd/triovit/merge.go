// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"

	"github.com/gotriovit/gotriovit/triovit"
)

var mergeCommand = command{
	name: "merge", arguments: "report.json ...", about: "join the shards of an evaluation",
	help: `Joins the reports of all shards, in any order, to the report of the single run,
exactly. A shard that is missing, given twice, or of other pictures, another model,
recipe or platform is an error that names it and its file.

A shard is a part of the pictures, so an artefact is none: "triovit evaluate -model
m.triovit -shard 1/2 -out 1.json" writes a report of it, as of a checkpoint by a recipe.`,
	declare: func(f *flag.FlagSet) action {
		out := outFile(f, "out", "`file` for the joined report, JSON; empty for none")
		return func(_ context.Context, files []string) (output, error) {
			for _, file := range files {
				if triovit.IsArtefact(file) {
					return output{}, usagef("%s is an artefact, not a shard: \"triovit evaluate\" with -model, -shard and -out writes a report of it", file)
				}
			}
			shards, err := readReports(files, triovit.ReadReport)
			if err != nil {
				return output{}, err
			}
			report, err := triovit.Merge(shards...)
			if err != nil {
				return output{}, err
			}
			if *out != "" {
				if err := report.Save(*out); err != nil {
					return output{}, err
				}
			}
			return output{report.String(), report}, nil
		}
	},
}

// readReports reads the files that a command takes, at least one.
func readReports(files []string, read func(file string) (*triovit.Report, error)) ([]*triovit.Report, error) {
	if len(files) == 0 {
		return nil, usagef("no report is given")
	}
	var all []*triovit.Report
	for _, file := range files {
		r, err := read(file)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}
