// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/energy"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/integer"
)

var simulateCommand = command{
	name: "simulate", about: "how many cycles an accelerator takes for a network, and where they go",
	help: `Runs a network's operations on a configuration of the paper's accelerator; no
weights are needed. The event-driven model simulates engines, buffers and off-chip
memory; the closed form is the authors' formula, which knows no memory.

The trace opens in ui.perfetto.dev and chrome://tracing. A configuration's file gives
its differences from the paper's, such as "version: 1" and "copies: 8". The energy is
that of the counted events, and unknown where the table lacks one. With -against the
network runs on that configuration, too, and the difference in cycles is shown cause
by cause, for all and for the steps in which it is largest.`,
	declare: func(f *flag.FlagSet) action {
		var h hardware
		h.declare(f, "event")
		name := f.String("model", "b1-r224", "`network`: "+modelUsage)
		trace := outFile(f, "trace", "`file` for the events of the first round, JSON; empty for none")
		against := f.String("against", "", "`file` of a configuration to compare with, YAML; empty for none")
		table := outFile(f, "csv", "`file` for a line per step, or per operation of the closed form; empty for none")
		return func(context.Context, []string) (output, error) {
			if err := h.check(); err != nil {
				return output{}, err
			}
			config, err := h.config()
			if err != nil {
				return output{}, err
			}
			w, err := operations(*name)
			if err != nil {
				return output{}, err
			}
			if h.closed() {
				if *trace != "" || *against != "" {
					return output{}, usagef("-trace and -against need -timing event: the closed form has no events")
				}
				r, err := closed.Charge(w, config, h.options.Scope)
				if err != nil {
					return output{}, err
				}
				return output{r.String(), r}, writeFiles(written{*table, r.WriteCSV})
			}
			prices, err := h.energy()
			if err != nil {
				return output{}, err
			}
			h.options.Events = *trace != ""
			r, err := event.Simulate(w, config, h.options)
			if err != nil {
				return output{}, err
			}
			e := prices.Price(r.Counts())
			text, data := r.String()+e.String(), extended{r, []field{{"energy", e}}}
			if *against != "" {
				d, err := h.difference(w, r, *against)
				if err != nil {
					return output{}, err
				}
				text, data.fields = text+d.String(), append(data.fields, field{"difference", d})
			}
			return output{text, data}, writeFiles(written{*trace, r.WriteTrace}, written{*table, r.WriteCSV})
		}
	},
}

// extended is a run whose JSON form has further fields.
type extended struct {
	run    *event.Run
	fields []field
}

type field struct {
	name  string
	value any
}

func (e extended) MarshalJSON() ([]byte, error) {
	data, err := json.Marshal(e.run)
	if err != nil {
		return nil, err
	}
	for _, f := range e.fields {
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		data = fmt.Appendf(data[:len(data)-1], ",%q:%s}", f.name, value)
	}
	return data, nil
}

// difference simulates the workload on the configuration in a file. It returns the
// difference between that run and the given one.
func (h *hardware) difference(w *workload.Workload, run *event.Run, path string) (*event.Difference, error) {
	c, err := arch.ReadFile(path)
	if err != nil {
		return nil, err
	}
	from, err := event.Simulate(w, c, h.options)
	if err != nil {
		return nil, err
	}
	return event.Diff(from, run)
}

// written is a file that a flag names, with the function that writes it. An empty path
// writes no file.
type written struct {
	path  string
	write func(io.Writer) error
}

func writeFiles(files ...written) error {
	for _, f := range files {
		if f.path == "" {
			continue
		}
		if err := atomicfile.Write(f.path, f.write); err != nil {
			return err
		}
	}
	return nil
}

// modelUsage says in a flag's help how to name a network.
const modelUsage = "a variant such as b1-r224 or seg-b0-cityscapes, deit-small, a workload's .yaml, or an artefact of \"triovit freeze\", whose weights have widths of their own"

// operations returns the workload of a variant, a standard ViT or a file.
func operations(name string) (*workload.Workload, error) {
	switch {
	case slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(name)):
		return workload.ReadFile(name)
	case strings.HasPrefix(name, "deit"):
		return workload.DeiT(name)
	case integer.IsArtefact(name):
		m, err := integer.ReadFile(name)
		if err != nil {
			return nil, err
		}
		return workload.FromModel(m)
	}
	net, err := efficientvit.Describe(name)
	if err != nil {
		return nil, err
	}
	return workload.FromNetwork(net)
}

// hardware is the flags that choose the accelerator, the timing model and its options.
type hardware struct {
	path, timing, prices string
	options              event.Options
}

var timings = []string{"event", "closed"}

func (h *hardware) declare(f *flag.FlagSet, timing string) {
	f.StringVar(&h.path, "config", "", "`file` of a configuration, YAML; empty for the paper's")
	h.timing, h.options = timing, event.Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines}
	choice(f, &h.timing, "timing", "`model`: event-driven or closed form", timings, timings)
	choice(f, &h.options.Scope, "scope", "`part` of the network", []string{"backbone", "whole"}, []hwsim.Scope{hwsim.Backbone, hwsim.Whole})
	choice(f, &h.options.Pipelines, "pipelines", "the `pipelines` of the event-driven model", []string{"none", "inter", "intra", "both"},
		[]hwsim.Pipelines{hwsim.NoPipelines, hwsim.InterLayerPipeline, hwsim.IntraLayerPipeline, hwsim.BothPipelines})
	f.StringVar(&h.prices, "energy", "", "`file` of an energy table for the event-driven model, YAML; empty for published 45 nm entries and what is derived from them")
	f.IntVar(&h.options.Batch, "batch", 1, "`pictures` of the event-driven model")
	f.IntVar(&h.options.WeightBits, "weight-bits", 8, "`bits` of the weights in the event-driven model")
	f.Func("weight-bits-of", "width of one operation's weights, `operation=bits` by its name in -csv or -json; may be repeated", h.widthOf)
}

// widthOf reads an entry such as "stem=4": an operation and the bits of its weights.
func (h *hardware) widthOf(text string) error {
	name, width, ok := strings.Cut(text, "=")
	bits, err := strconv.Atoi(width)
	switch {
	case !ok || name == "":
		return errors.New("want operation=bits")
	case err != nil:
		return fmt.Errorf("%.40q is no number of bits", width)
	}
	if h.options.WeightBitsOf == nil {
		h.options.WeightBitsOf = map[string]int{}
	}
	h.options.WeightBitsOf[name] = bits
	return nil
}

// check returns a usage error for options that the closed form would ignore. It refuses 0
// for a batch or a width too, since 0 means a default in event.Options.
func (h *hardware) check() error {
	o := &h.options
	switch {
	case o.Batch == 0 || o.WeightBits == 0:
		return usagef("-batch %d, -weight-bits %d: at least 1 is needed", o.Batch, o.WeightBits)
	case h.closed() && (h.prices != "" || o.Batch != 1 || o.WeightBits != 8 || len(o.WeightBitsOf) > 0 || o.Pipelines != hwsim.BothPipelines):
		return usagef("-batch, -energy, -pipelines, -weight-bits and -weight-bits-of need -timing event: the closed form counts single pictures, 8-bit weights, the inter-layer pipeline and no events")
	}
	return nil
}

func (h *hardware) closed() bool { return h.timing == "closed" }

// energy returns the table that prices the events. The closed form has no events.
func (h *hardware) energy() (*energy.Table, error) {
	if h.prices == "" {
		return energy.Derived45nm(), nil
	}
	return energy.ReadFile(h.prices)
}

func (h *hardware) config() (arch.Config, error) {
	if h.path == "" {
		return arch.ZCU102(), nil
	}
	return arch.ReadFile(h.path)
}

// choice declares a flag for one of the named values. The default is the value's present
// one.
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
