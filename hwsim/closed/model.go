// SPDX-License-Identifier: Apache-2.0

package closed

import (
	"cmp"
	"math"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// Estimate returns the result's estimate for one picture. It has no energy: the closed
// form counts no memory accesses.
func (r *Result) Estimate() hwsim.Estimate {
	e := hwsim.Estimate{Model: r.Model + ", " + string(r.Scope), Workload: r.Workload, Scope: r.Scope, Config: r.Config,
		Cycles: r.exact(), FPS: r.FPS(), GOPS: r.GOPS(), Joules: math.NaN(), GOPSPerW: math.NaN(),
		Pricing: hwsim.Pricing{Uncounted: "the closed form counts no memory accesses"}}
	for i := range r.Omitted {
		if r.Omitted[i].Why == hwsim.NoUnit {
			e.Host++
		}
	}
	return e
}

// Model returns the authors' formulas as a timing model.
func Model(scope hwsim.Scope) hwsim.Model {
	scope = cmp.Or(scope, hwsim.Backbone)
	return hwsim.Model{
		Name: "closed form, " + string(scope),
		Note: "memory and auxiliary units take no time",
		ID:   "closed form, " + string(scope),
		Prepare: func(w *workload.Workload) (func(arch.Config) (hwsim.Estimate, error), error) {
			p, err := prepare(w, scope)
			if err != nil {
				return nil, err
			}
			return func(c arch.Config) (hwsim.Estimate, error) {
				r, err := p.on(c)
				if err != nil {
					return hwsim.Estimate{}, err
				}
				return r.Estimate(), nil
			}, nil
		},
	}
}
