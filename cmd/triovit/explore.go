// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/explore"
)

var exploreCommand = command{
	name: "explore", about: "try sizes of the accelerator within limits, and keep those that no other beats",
	help: `Tries every combination of the axes, each a field of the configuration as its YAML
names it and the values to try:

  triovit explore -model b1-r224,b2-r224 -dsps 1616 \
    -axis mat.lanes=4,8,16 -axis rmac.lanes=4,8,16 -axis copies=8,12,16

and prints each network's front: the configurations than which no other is better in
all objectives. JSON holds every point within the limits. The closed form tries
thousands of points a second; the event-driven model some hundreds, but knows memory
and the energy of events. Energy ranks designs that differ in sizes of buffers only, for
nothing prices what more engines or faster units take.

A shard i/n is the i-th of n parts of the combinations, counted from 1; "triovit merge"
joins the files that -out writes of all of them.`,
	declare: func(f *flag.FlagSet) action {
		var h hardware
		var s explore.Space
		h.declare(f, "closed")
		names := f.String("model", "b1-r224", "comma-separated `networks`, each "+modelUsage)
		f.Func("axis", "`field=values` to try, comma-separated; may be repeated. Fields: "+strings.Join(arch.Fields(), ", "), func(text string) error {
			a, err := axis(text)
			s.Axes = append(s.Axes, a)
			return err
		})
		f.IntVar(&s.Limits.DSPs, "dsps", 0, "at most so many `DSPs` of engines and auxiliary units, 0 for no limit")
		f.IntVar(&s.Limits.LUTs, "luts", 0, "at most so many `LUTs` of arithmetic by an estimate, 0 for no limit")
		f.IntVar(&s.Limits.BRAMs, "brams", 0, "at most so many `blocks` of RAM of 36 Kbit, 0 for no limit")
		f.IntVar(&s.Limits.BufferKiB, "buffer-kib", 0, "at most so many `KiB` of buffers, 0 for no limit")
		f.Float64Var(&s.Limits.MBPerS, "mb-per-s", 0, "at most so many `MB/s` of off-chip bandwidth, 0 for no limit")
		declareShard(f, &s.Shard, "the combinations to try")
		out := outFile(f, "out", "`file` for the survey, which \"triovit merge\" reads; empty for none")
		f.Func("objectives", fmt.Sprintf("comma-separated `objectives` of the front, of %s (default fps,dsps)", strings.Join(objectives, ", ")), func(text string) error {
			s.Objectives = nil
			for name := range strings.SplitSeq(text, ",") {
				i := slices.Index(objectives, strings.TrimSpace(name))
				if i < 0 {
					return fmt.Errorf("no objective %q: allowed are %s", name, strings.Join(objectives, ", "))
				}
				s.Objectives = append(s.Objectives, explore.Objective(i))
			}
			return nil
		})
		return func(ctx context.Context, _ []string) (output, error) {
			if len(s.Axes) == 0 {
				return output{}, usagef("no -axis is given: what is to vary?")
			}
			err := h.check()
			if err != nil {
				return output{}, err
			}
			if s.Base, err = h.config(); err != nil {
				return output{}, err
			}
			for name := range strings.SplitSeq(*names, ",") {
				w, err := operations(strings.TrimSpace(name))
				if err != nil {
					return output{}, err
				}
				s.Workloads = append(s.Workloads, w)
			}
			if s.Model, err = h.model(); err != nil {
				return output{}, err
			}
			v, err := explore.Sweep(ctx, s)
			if err != nil {
				return output{}, err
			}
			return output{v.String(), v}, saveTo(*out, v.Save)
		}
	},
}

// model returns the timing model of a survey.
func (h *hardware) model() (hwsim.Model, error) {
	if h.closed() {
		return closed.Model(h.options.Scope), nil
	}
	prices, err := h.energy()
	return event.Model(h.options, prices), err
}

// objectives are the names by which flags choose an [explore.Objective] of a front.
var objectives = []string{explore.FPS: "fps", explore.Energy: "energy", explore.DSPs: "dsps", explore.BRAMs: "brams"}

// axis reads an axis such as "mat.lanes=4,8". A value is a number or a word, as the field
// needs.
func axis(text string) (explore.Axis, error) {
	field, list, ok := strings.Cut(text, "=")
	if !ok || list == "" {
		return explore.Axis{}, errors.New("want field=value,value")
	}
	a := explore.Axis{Field: strings.TrimSpace(field)}
	for word := range strings.SplitSeq(list, ",") {
		word = strings.TrimSpace(word)
		var value any = word
		if n, err := strconv.Atoi(word); err == nil {
			value = n
		} else if x, err := strconv.ParseFloat(word, 64); err == nil {
			value = x
		}
		if _, err := arch.ZCU102().With(a.Field, value); err != nil {
			return a, err
		}
		a.Values = append(a.Values, value)
	}
	return a, nil
}
