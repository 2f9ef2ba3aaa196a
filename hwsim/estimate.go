// SPDX-License-Identifier: Apache-2.0

package hwsim

import (
	"math"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// An Estimate is the result of a timing model for one workload on one configuration.
// Surveys, ablations and comparisons consist of estimates.
type Estimate struct {
	// Model names the timing model with every option that is not the default. Workload
	// names the workload. Scope is the estimated part of it.
	Model, Workload string
	Scope           Scope
	Config          arch.Config
	// Cycles are the cycles of one picture, not rounded; for a batch the mean.
	Cycles float64
	// FPS are the pictures per second, GOPS the 10⁹ operations per second by the
	// authors' count.
	FPS, GOPS float64
	// Joules is the energy of the counted events of one picture. GOPSPerW is the
	// operations by the authors' count per energy, in 10⁹ per joule. Neither contains a
	// device's power. Both are NaN where Pricing reports that they are not known.
	Joules, GOPSPerW float64
	Pricing          Pricing
	// Host counts the operations that only a host can do; their time is not included.
	Host int
	// Unknown is the reason why the model has no result; all numbers are NaN then.
	Unknown string
}

// A Pricing names the sources of an energy.
type Pricing struct {
	// Table and Source name the energy table and where it is published; both are
	// empty where none was given.
	Table, Source string
	// Missing names the counted events that the table has no entry for, with "; "
	// between them.
	Missing string
	// Uncounted is the reason why the model counts no events that a table could price.
	Uncounted string
}

// Known reports whether every counted event has a price.
func (p *Pricing) Known() bool { return p.Uncounted == "" && p.Table != "" && p.Missing == "" }

// UnknownEstimate returns the estimate of a model without a result, with the reason.
func UnknownEstimate(why string) Estimate {
	nan := math.NaN()
	return Estimate{Cycles: nan, FPS: nan, GOPS: nan, Joules: nan, GOPSPerW: nan, Unknown: why}
}

// A Model is a timing model with its options: it estimates workloads on configurations.
type Model struct {
	// Name and Note are printed with a survey: the name of the model, and the effects that
	// it leaves out.
	Name, Note string
	// ID identifies everything that estimates depend on, apart from workload and
	// configuration. Parts of a survey are joined only where their IDs are equal.
	ID string
	// Prepare checks a workload and returns a function that estimates it on a
	// configuration. Several goroutines may call that function at once.
	Prepare func(*workload.Workload) (func(arch.Config) (Estimate, error), error)
}
