// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/energy"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// Designs runs variants of EfficientViT, such as "b1-r224", by both timing models: two
// estimates for each, the closed form's first. Events are priced by [energy.Derived45nm].
func Designs(c arch.Config, scope hwsim.Scope, variants ...string) ([]hwsim.Estimate, error) {
	var list []hwsim.Estimate
	for _, name := range variants {
		w, err := workload.Variant(name)
		if err != nil {
			return nil, err
		}
		charged, err := closed.Charge(w, c, scope)
		if err != nil {
			return nil, err
		}
		run, err := event.Simulate(w, c, event.Options{Scope: scope})
		if err != nil {
			return nil, err
		}
		list = append(list, charged.Estimate(), run.Estimate(energy.Derived45nm()))
	}
	return list, nil
}
