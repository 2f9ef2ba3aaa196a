// SPDX-License-Identifier: Apache-2.0

package event

import (
	"fmt"
	"math"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/energy"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// Estimate returns the run's estimate for one picture. The table prices its events;
// without a table there is no energy.
func (r *Run) Estimate(t *energy.Table) hwsim.Estimate {
	batch := float64(r.Options.Batch)
	e := hwsim.Estimate{Model: "event-driven, " + r.Options.String(), Workload: r.Workload, Scope: r.Options.Scope, Config: r.Config,
		Cycles: float64(r.Cycles) / batch, FPS: r.FPS(), GOPS: r.GOPS(), Joules: math.NaN(), GOPSPerW: math.NaN(), Host: len(r.Host)}
	if t != nil {
		priced := t.Price(r.Counts())
		e.Joules, e.GOPSPerW = priced.Joules()/batch, priced.GOPSPerW()
		e.Pricing = hwsim.Pricing{Table: t.Name, Source: t.Source}
		_, missing := priced.Known()
		e.Pricing.Missing = strings.Join(missing, "; ")
	}
	return e
}

// everything is Options without its String method, so that every option is printed.
type everything Options

// Model returns [Simulate] as a timing model. The table prices the events; without one no
// energy is known. A simulation takes milliseconds, the closed form microseconds.
func Model(o Options, t *energy.Table) hwsim.Model {
	o.Events = false
	m := hwsim.Model{
		Name: "event-driven model, " + o.String(),
		Note: "energy is not priced",
		ID:   fmt.Sprintf("event-driven, %+v", everything(o.filled())),
	}
	if t != nil {
		m.ID += fmt.Sprintf(", %+v", *t)
		m.Note = fmt.Sprintf("energy by %s, %s", t.Name, energy.NotPriced)
	}
	m.Prepare = func(w *workload.Workload) (func(arch.Config) (hwsim.Estimate, error), error) {
		p, err := prepare(w, o)
		if err != nil {
			return nil, err
		}
		return func(c arch.Config) (hwsim.Estimate, error) {
			r, err := p.on(c)
			if err != nil {
				return hwsim.Estimate{}, err
			}
			return r.Estimate(t), nil
		}, nil
	}
	return m
}
