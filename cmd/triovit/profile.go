// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/calib"
)

var profileCommand = command{
	name: "profile", about: "observe every tensor's range over calibration pictures",
	help: `Runs the folded model in floating point over the calibration pictures, writes the
statistics of every tensor to a file, and prints the tensors whose channels differ
most: those that plain quantization hurts.

Machines with other vector instructions may observe other last digits. Where
several machines are to share grids, make the profile once and give it to
"quantize" and "evaluate" by -profile.`,
	declare: func(f *flag.FlagSet) action {
		var in inputs
		in.declare(f)
		out := outFile(f, "out", "`file` for the profile; empty for none")
		return func(ctx context.Context, _ []string) (output, error) {
			setup, err := in.openWeights(ctx)
			if err != nil {
				return output{}, err
			}
			p, err := calib.Observe(ctx, setup.Folded, setup.Calibration)
			if err != nil {
				return output{}, err
			}
			spreads, err := p.Spreads(setup.Model.Net, 8)
			if err != nil {
				return output{}, err
			}
			if *out != "" {
				if err := p.Save(*out); err != nil {
					return output{}, err
				}
			}
			head := fmt.Sprintf("%d tensors of %s from %s over %d pictures of %s\n", len(p.Tensors), p.Network, setup.Model.Source, len(p.Images), setup.Calibration.Name())
			remarks := setup.Calibration.Remarks()
			for _, remark := range remarks {
				head += remark + "\n"
			}
			return output{head + calib.SpreadTable(spreads, 12).String(), profileData(p, setup.Model.Source, remarks)}, nil
		}
	},
}

// observed is the JSON form of a profile, with a row for each tensor and no histogram.
type observed struct {
	Network string   `json:"network"`
	Source  string   `json:"source"`
	Model   string   `json:"model"`
	Images  int      `json:"images"`
	Remarks []string `json:"remarks,omitempty"` // remarks on how the pictures were read
	Tensors []extent `json:"tensors"`
}

type extent struct {
	Name  string  `json:"name"`
	Role  string  `json:"role"`
	Shape []int   `json:"shape"`
	Min   float32 `json:"min"`
	Max   float32 `json:"max"`
}

func profileData(p *calib.Profile, source string, remarks []string) observed {
	o := observed{p.Network, source, p.Model, len(p.Images), remarks, nil}
	for _, s := range p.Tensors {
		o.Tensors = append(o.Tensors, extent{s.Name, s.Role.String(), s.Shape, slices.Min(s.Min), slices.Max(s.Max)})
	}
	return o
}
