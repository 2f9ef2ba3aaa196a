// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"fmt"
	"math"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/energy"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// A Model says how fast a configuration is.
type Model struct {
	// Name and Note are printed with a survey: which model it is, and what it
	// leaves out.
	Name, Note string
	// Prepare checks a workload and returns what charges it on a configuration.
	// That is called by several goroutines at once.
	Prepare func(*workload.Workload) (func(arch.Config) (Measure, error), error)
}

// A Measure is what a model says about one workload on one configuration.
type Measure struct {
	// Cycles are those of one picture, of a batch the mean.
	Cycles float64
	// FPS are the pictures per second, GOPS the 10⁹ operations per second by
	// the authors' count.
	FPS, GOPS float64
	// Joules are those of one picture. Where they are not known they are NaN,
	// and NoEnergy says why.
	Joules   float64
	NoEnergy string
}

// ClosedForm returns the authors' formulas as a model.
func ClosedForm(scope hwsim.Scope) Model {
	return Model{
		Name: "closed form, " + string(scope),
		Note: "memory and auxiliary units take no time",
		Prepare: func(w *workload.Workload) (func(arch.Config) (Measure, error), error) {
			p, err := closed.Prepare(w, scope)
			if err != nil {
				return nil, err
			}
			return func(c arch.Config) (Measure, error) {
				r, err := p.On(c)
				if err != nil {
					return Measure{}, err
				}
				return Measure{Cycles: float64(r.Undivided) / float64(c.Copies), FPS: r.FPS(), GOPS: r.GOPS(),
					Joules: math.NaN(), NoEnergy: "the closed form counts no memory accesses"}, nil
			}, nil
		},
	}
}

// EventDriven returns event.Simulate as a model. Events are priced by the table;
// without one no energy is known. A simulation takes milliseconds where the
// closed form takes microseconds, and a cancelled survey ends those that it has
// begun.
func EventDriven(o event.Options, t *energy.Table) Model {
	o.Events = false
	m := Model{
		Name: "event-driven model, " + o.String(),
		Note: "energy is not priced",
	}
	if t != nil {
		m.Note = fmt.Sprintf("energy by %s, %s", t.Name, energy.NotPriced)
	}
	m.Prepare = func(w *workload.Workload) (func(arch.Config) (Measure, error), error) {
		if err := w.Validate(); err != nil {
			return nil, err
		}
		return func(c arch.Config) (Measure, error) {
			r, err := event.Simulate(w, c, o)
			if err != nil {
				return Measure{}, err
			}
			batch := float64(r.Options.Batch)
			measure := Measure{Cycles: float64(r.Cycles) / batch, FPS: r.FPS(), GOPS: r.GOPS(),
				Joules: math.NaN(), NoEnergy: "there is no energy table"}
			if t != nil {
				e := t.Price(r.Counts())
				measure.Joules, measure.NoEnergy = e.Joules()/batch, ""
				if _, missing := e.Known(); len(missing) > 0 {
					measure.NoEnergy = fmt.Sprintf("%s has no entry for %s", t.Name, strings.Join(missing, "; "))
				}
			}
			return measure, nil
		}, nil
	}
	return m
}
