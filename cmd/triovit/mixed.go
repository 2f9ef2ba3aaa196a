// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/mixed"
	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

var mixedCommand = command{
	name: "mixed", about: "choose the width of each convolution's weights under a budget",
	help: `Rounds the weights of one convolution at a time to each of the widths, and scores the
logits on the calibration pictures. Then it chooses the widths of least noise whose
price keeps to the budget: cycles of the simulated accelerator for the whole network,
bytes of the weights, or their mean bits. A share such as 70% is that of the widest
weights' price. The chosen widths stand beside uniform ones, and are printed as a recipe
in Go; -out writes the model by it as an artefact, as "freeze" does.

The paper's multipliers take 8 bits, so that narrower weights save memory traffic only.
A configuration with "multiplier_bits: 4" takes weights of up to 4 bits in one turn and
wider ones in two. What is scored is kept in the cache.`,
	declare: func(f *flag.FlagSet) action {
		m := mixture{price: "cycles"}
		m.inputs.declare(f)
		f.StringVar(&m.recipe, "recipe", calib.TrioViTPlusInteger.Name, "`name` of the recipe that has all but the widths: "+recipeNames())
		f.StringVar(&m.bits, "bits", "4,6,8", "comma-separated `widths` of weights to choose from")
		choice(f, &m.price, "price", "what the budget `counts`", prices, prices)
		f.StringVar(&m.budget, "budget", "70%", "`budget`, a number of what the price counts or a share of the widest weights' price")
		f.StringVar(&m.hardware.path, "config", "", "`file` of the accelerator's configuration, YAML; empty for the paper's")
		f.IntVar(&m.options.Pictures, "pictures", 16, "how many `pictures` the logits are scored on, held in memory")
		table := outFile(f, "csv", "`file` for a line per convolution with its noise at each width; empty for none")
		out := outFile(f, "out", "`file` for the artefact; empty for none")
		return func(ctx context.Context, _ []string) (output, error) {
			r, err := m.run(ctx)
			if err != nil {
				return output{}, err
			}
			if err := writeFiles(written{*table, r.Sensitivity.WriteCSV}); err != nil {
				return output{}, err
			}
			text := fmt.Sprintf("%s\n%s", r, r.Chosen.Go(fmt.Sprintf("must.M1(calib.RecipeNamed(%q))", m.recipe)))
			if *out == "" {
				return output{text, r}, nil
			}
			data, err := freeze(r.Quantized, integer.Limits{}, *out)
			return output{text + "\n" + data.String(), r}, err
		}
	},
}

var prices = []string{"cycles", "bytes", "bits"}

// mixture holds the flags of the command.
type mixture struct {
	inputs
	hardware                    hardware
	recipe, bits, price, budget string
	options                     mixed.Options
}

func (m *mixture) run(ctx context.Context) (*mixed.Result, error) {
	if m.options.Pictures < 1 {
		return nil, usagef("-pictures %d: at least 1 is needed", m.options.Pictures)
	}
	for text := range strings.SplitSeq(m.bits, ",") {
		b, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || b < calib.MinBits || b > 8 {
			return nil, usagef("-bits %.60q: allowed are whole numbers from %d to 8, with commas between them", m.bits, calib.MinBits)
		}
		m.options.Bits = append(m.options.Bits, b)
	}
	named, err := calib.RecipeNamed(m.recipe)
	if err != nil {
		return nil, usageError{err}
	}
	budget, err := parseBudget(m.budget)
	if err != nil {
		return nil, err
	}
	setup, err := m.openWeights(ctx)
	if err != nil {
		return nil, err
	}
	p, err := m.priceOf(setup.Model.Net)
	if err != nil {
		return nil, err
	}
	return mixed.Run(ctx, setup.Folded, setup.Calibration, named, p, budget, m.options)
}

// parseBudget reads a number, or a share if a percent sign follows it.
func parseBudget(text string) (mixed.Budget, error) {
	number, share := strings.CutSuffix(text, "%")
	amount, err := strconv.ParseFloat(number, 64)
	if err != nil || !(amount > 0) || amount > 1e18 {
		return mixed.Budget{}, usagef("-budget %.40q: allowed is a positive number such as 200000, or a share such as 70%%", text)
	}
	if share {
		amount /= 100
	}
	return mixed.Budget{Amount: amount, Share: share}, nil
}

// priceOf returns the price that the flag names.
func (m *mixture) priceOf(net *efficientvit.Network) (mixed.Price, error) {
	switch m.price {
	case "bytes":
		return mixed.Bytes(net), nil
	case "bits":
		return mixed.MeanBits(net), nil
	}
	c, err := m.hardware.config()
	if err != nil {
		return mixed.Price{}, err
	}
	w, err := workload.FromNetwork(net)
	return mixed.Price{Unit: "cycles", Of: event.PriceWidths(w, c, event.Options{Scope: hwsim.Whole})}, err
}
