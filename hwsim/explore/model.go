// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
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
	// Cycles are those of one picture.
	Cycles int64
	// FPS are the pictures per second, GOPS the 10⁹ operations per second by
	// the authors' count.
	FPS, GOPS float64
}

// ClosedForm returns the authors' formulas as a model.
func ClosedForm(scope hwsim.Scope) Model {
	return Model{
		Name: "closed form, " + string(scope),
		Note: "memory and auxiliary units take no time",
		Prepare: func(w *workload.Workload) (func(arch.Config) (Measure, error), error) {
			p, err := hwsim.Prepare(w, scope)
			if err != nil {
				return nil, err
			}
			return func(c arch.Config) (Measure, error) {
				r, err := p.ClosedForm(c)
				if err != nil {
					return Measure{}, err
				}
				return Measure{Cycles: r.Cycles, FPS: r.FPS(), GOPS: r.GOPS()}, nil
			}, nil
		},
	}
}
