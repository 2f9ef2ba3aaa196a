// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/calib/tables"
	"github.com/gotriovit/gotriovit/charts"
	"github.com/gotriovit/gotriovit/charts/quant"
	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/compare"
	"github.com/gotriovit/gotriovit/hwsim/energy"
	"github.com/gotriovit/gotriovit/hwsim/event"
)

var tableCommand = command{
	name: "table", about: "compute one of the paper's tables, with the paper's numbers beside it",
	help: `Tables I, II, IV, V, VI and VII score recipes on the model: each row has its score and
what it loses to floating point, the time of its calibration, the weights and tensors at
other widths, and right of the bar the paper's numbers with their marks. With -draws each
recipe is calibrated on several sets of pictures, and the table has means and deviations.
What is computed is cached: an interrupted table goes on.

Tables III and VIII are of the accelerator: what a configuration takes of its chip, and
how fast it runs networks beside other accelerators. They need no weights.

The folder of -out receives table.txt, table.json, table.csv and table.svg. In text and
CSV scores are percent, in JSON fractions.`,
	declare: func(f *flag.FlagSet) action {
		var t paperTable
		t.declareEvaluation(f)
		f.StringVar(&t.number, "n", "V", "`number` of the table, one of "+strings.Join(tableNumbers, ", "))
		f.IntVar(&t.options.Draws, "draws", 1, "`sets` of calibration pictures that are drawn")
		f.IntVar(&t.options.Pictures, "pictures", 0, "`number` of pictures of a draw; 0 for all, or half of them for several draws")
		f.Uint64Var(&t.options.Seed, "seed", 0, "`seed` of the first draw")
		f.StringVar(&t.networks, "networks", "", "comma-separated `networks` of Table VIII, each "+modelUsage+" (default b1-r224,b1-r288,b2-r224)")
		f.StringVar(&t.config, "config", "", "`file` of a configuration for Tables III and VIII, YAML; empty for the paper's")
		f.StringVar(&t.out, "out", "", "`folder` for the table as text, JSON, CSV and figure; empty for none")
		return func(ctx context.Context, _ []string) (output, error) { return t.run(ctx) }
	},
}

// tableNumbers are the numbers of all tables, in the paper's order.
var tableNumbers = []string{"I", "II", "III", "IV", "V", "VI", "VII", "VIII"}

// table holds the flags of the command.
type paperTable struct {
	inputs
	number, networks, config, out string
	options                       tables.Options
}

func (t *paperTable) run(ctx context.Context) (output, error) {
	accuracy := slices.Contains(tables.Numbers(), t.number)
	switch {
	case !slices.Contains(tableNumbers, t.number):
		return output{}, usagef("-n %.40q: allowed are %s", t.number, strings.Join(tableNumbers, ", "))
	case t.options.Draws < 1:
		return output{}, usagef("-draws %d: at least 1 is needed", t.options.Draws)
	case accuracy && (t.networks != "" || t.config != ""):
		return output{}, usagef("-networks and -config are of Tables III and VIII: Table %s scores the model", t.number)
	case !accuracy && t.options != tables.Options{Draws: 1}:
		return output{}, usagef("-draws, -pictures and -seed are of calibration: Table %s is of the accelerator", t.number)
	case t.number == "III" && t.networks != "":
		return output{}, usagef("-networks are of Table VIII: what Table III tells is the same for all")
	}
	if t.out != "" {
		if err := os.MkdirAll(t.out, 0o777); err != nil {
			return output{}, err
		}
	}
	if !accuracy {
		return t.hardware()
	}
	setup, err := t.openWeights(ctx)
	if err != nil {
		return output{}, err
	}
	made, err := tables.Make(ctx, t.number, setup.Folded, setup.Calibration, setup.Evaluation, t.options)
	if err != nil {
		return output{}, err
	}
	out := output{made.String(), made}
	return out, saveAs(t.out, "table", out, made.WriteCSV, func() (*charts.Figure, error) { return quant.PaperTable(made) })
}

// hardware returns Table III or VIII.
func (t *paperTable) hardware() (output, error) {
	h := hardware{path: t.config}
	config, err := h.config()
	if err != nil {
		return output{}, err
	}
	made := compare.Resources(config)
	if t.number == "VIII" {
		names := t.networks
		if names == "" {
			names = "b1-r224,b1-r288,b2-r224"
		}
		var designs []hwsim.Estimate
		for name := range strings.SplitSeq(names, ",") {
			both, err := estimates(strings.TrimSpace(name), config)
			if err != nil {
				return output{}, err
			}
			designs = append(designs, both...)
		}
		made = compare.Accelerators(designs...)
	}
	out := output{made.String(), made}
	return out, saveAs(t.out, "table", out, made.WriteCSV, func() (*charts.Figure, error) { return charts.Comparison(made) })
}

// estimates returns the estimates of both timing models for a network.
func estimates(name string, config arch.Config) ([]hwsim.Estimate, error) {
	w, err := operations(name)
	if err != nil {
		return nil, err
	}
	formula, err := closed.Charge(w, config, hwsim.Backbone)
	if err != nil {
		return nil, fmt.Errorf("closed form of %s: %w", name, err)
	}
	run, err := event.Simulate(w, config, event.Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines})
	if err != nil {
		return nil, fmt.Errorf("event-driven model of %s: %w", name, err)
	}
	return []hwsim.Estimate{formula.Estimate(), run.Estimate(energy.Derived45nm())}, nil
}
