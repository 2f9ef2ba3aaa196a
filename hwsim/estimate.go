// SPDX-License-Identifier: Apache-2.0

package hwsim

import (
	"math"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// An Estimate is what a timing model says about one workload on one configuration.
// Surveys, ablations and comparisons are made of them.
type Estimate struct {
	// Model says which timing model, with what is not as usual; Workload what ran, of
	// which Scope.
	Model, Workload string
	Scope           Scope
	Config          arch.Config
	// Cycles are those of one picture, not rounded; of a batch the mean.
	Cycles float64
	// FPS are the pictures per second, GOPS the 10⁹ operations per second by the
	// authors' count.
	FPS, GOPS float64
	// Joules are those of the counted events of one picture, GOPSPerW the operations
	// by the authors' count for them, in 10⁹ per joule; no device's power is in
	// either. Both are NaN where Pricing says that they are not known.
	Joules, GOPSPerW float64
	Pricing          Pricing
	// Host counts the operations that only a host can do, and which take no time.
	Host int
	// Unknown is why the model cannot tell; all numbers are NaN then.
	Unknown string
}

// A Pricing says what an energy rests on.
type Pricing struct {
	// Table and Source name the energy table and where it is published; both are
	// empty where none was given.
	Table, Source string
	// Missing names the counted events that the table has no entry for, with "; "
	// between them.
	Missing string
	// Uncounted is why there are no events to price, whatever the table.
	Uncounted string
}

// Known says whether an energy has all that it needs.
func (p *Pricing) Known() bool { return p.Uncounted == "" && p.Table != "" && p.Missing == "" }

// UnknownEstimate is that of a model which cannot tell, and why.
func UnknownEstimate(why string) Estimate {
	nan := math.NaN()
	return Estimate{Cycles: nan, FPS: nan, GOPS: nan, Joules: nan, GOPSPerW: nan, Unknown: why}
}

// A Model is a timing model with its options: it says how fast a configuration is.
type Model struct {
	// Name and Note are printed with a survey: which model it is, and what it
	// leaves out.
	Name, Note string
	// ID tells everything that estimates depend on but workload and configuration. Parts
	// of a survey are joined only where it is the same.
	ID string
	// Prepare checks a workload and returns what estimates it on a configuration.
	// That is called by several goroutines at once.
	Prepare func(*workload.Workload) (func(arch.Config) (Estimate, error), error)
}
