// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/triovit"
)

var simulateCommand = command{
	name: "simulate", about: "how many cycles an accelerator takes for a network, and where they go",
	help: `Runs a network's operations on a configuration of the paper's accelerator; no
weights are needed. The event-driven model simulates engines, buffers and off-chip
memory; the closed form is the authors' formula, which knows no memory.

The trace opens in ui.perfetto.dev and chrome://tracing. A configuration's file gives
its differences from the paper's, such as "version: 1" and "copies: 8".`,
	declare: func(f *flag.FlagSet) action {
		var h hardware
		h.declare(f, "event")
		name := f.String("model", "b1-r224", modelUsage)
		trace := f.String("trace", "", "`file` for the events of the first round, JSON; empty for none")
		table := f.String("csv", "", "`file` for a line per step; empty for none")
		return func(context.Context, []string) (output, error) {
			config, err := h.config()
			if err != nil {
				return output{}, err
			}
			w, err := operations(*name)
			if err != nil {
				return output{}, err
			}
			if h.closed() {
				if *trace != "" || *table != "" {
					return output{}, usagef("-trace and -csv need -timing event: the closed form has no events")
				}
				r, err := hwsim.ClosedForm(w, config, h.options.Scope)
				if err != nil {
					return output{}, err
				}
				return output{r.String(), closedData(r)}, nil
			}
			h.options.Events = *trace != ""
			r, err := hwsim.Simulate(w, config, h.options)
			if err != nil {
				return output{}, err
			}
			if *trace != "" {
				if err := atomicfile.Write(*trace, r.WriteTrace); err != nil {
					return output{}, err
				}
			}
			if *table != "" {
				if err := atomicfile.Write(*table, r.WriteCSV); err != nil {
					return output{}, err
				}
			}
			return output{r.String(), r}, nil
		}
	},
}

const modelUsage = "`network`: a variant such as b1-r224 or seg-b0-cityscapes, deit-small, or a workload's .yaml"

// operations returns the workload of a variant, a standard ViT or a file.
func operations(name string) (*workload.Workload, error) {
	switch {
	case slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(name)):
		return workload.ReadFile(name)
	case strings.HasPrefix(name, "deit"):
		return workload.DeiT(name)
	}
	net, err := triovit.Describe(name)
	if err != nil {
		return nil, err
	}
	return workload.FromNetwork(net)
}

// hardware is the flags that say on what, and by which model, a network runs.
type hardware struct {
	path, timing string
	options      hwsim.Options
}

var timings = []string{"event", "closed"}

func (h *hardware) declare(f *flag.FlagSet, timing string) {
	f.StringVar(&h.path, "config", "", "`file` of a configuration, YAML; empty for the paper's")
	h.timing, h.options = timing, hwsim.Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines}
	choice(f, &h.timing, "timing", "`model`: event-driven or closed form", timings, timings)
	choice(f, &h.options.Scope, "scope", "`part` of the network", []string{"backbone", "whole"}, []hwsim.Scope{hwsim.Backbone, hwsim.Whole})
	choice(f, &h.options.Pipelines, "pipelines", "the `pipelines` of the event-driven model", []string{"none", "inter", "intra", "both"},
		[]hwsim.Pipelines{hwsim.NoPipelines, hwsim.InterLayerPipeline, hwsim.IntraLayerPipeline, hwsim.BothPipelines})
	f.IntVar(&h.options.Batch, "batch", 1, "`pictures` of the event-driven model")
	f.IntVar(&h.options.WeightBits, "weight-bits", 8, "`bits` of the weights in the event-driven model")
}

func (h *hardware) closed() bool { return h.timing == "closed" }

func (h *hardware) config() (arch.Config, error) {
	if h.path == "" {
		return arch.ZCU102(), nil
	}
	return arch.ReadFile(h.path)
}

// choice declares a flag with one of the named values, of which the present one
// is the default.
func choice[T comparable](f *flag.FlagSet, value *T, name, usage string, names []string, values []T) {
	present := names[slices.Index(values, *value)]
	f.Func(name, fmt.Sprintf("%s, one of %s (default %s)", usage, strings.Join(names, ", "), present), func(s string) error {
		i := slices.Index(names, s)
		if i < 0 {
			return fmt.Errorf("allowed are %s", strings.Join(names, ", "))
		}
		*value = values[i]
		return nil
	})
}

// closedForm is the JSON form of a result of the closed form, named as that of
// a run of the event-driven model.
type closedForm struct {
	Model         string            `json:"model"`
	Workload      string            `json:"workload"`
	Scope         hwsim.Scope       `json:"scope"`
	Configuration arch.Config       `json:"configuration"`
	Assumptions   []arch.Assumption `json:"assumptions"`
	DSPs          int               `json:"dsps"`
	Cycles        int64             `json:"cycles"`
	FPS           float64           `json:"fps"`
	GOPS          float64           `json:"gops"`
	FullGOPS      float64           `json:"gops_all_macs"`
	MACs          int64             `json:"macs"`
	Notes         []string          `json:"notes"`
	Roles         []roleShare       `json:"roles"`
}

type roleShare struct {
	Label       string  `json:"label"`
	Operations  int     `json:"operations"`
	Cycles      int64   `json:"cycles_of_one_copy"`
	Share       float64 `json:"share"`
	Utilization float64 `json:"utilization"`
}

func closedData(r *hwsim.Result) closedForm {
	c := closedForm{r.Model, r.Workload, r.Scope, r.Config, r.Assumptions(), r.Config.DSPs(), r.Cycles, r.FPS(), r.GOPS(), r.FullGOPS(), r.MACs, r.Notes(), nil}
	for _, p := range r.ByRole() {
		c.Roles = append(c.Roles, roleShare{p.Label, p.Ops, p.Cycles, p.Share, p.Utilization})
	}
	return c
}
