// SPDX-License-Identifier: Apache-2.0

package ablate

import (
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// An Ablation is the design without one choice, by both timing models.
type Ablation struct {
	// Name names the missing choice.
	Name string
	// DSPs and LUTs are the whole design's, with the line buffers that it needs (see
	// arch.Config).
	DSPs, LUTs              int
	ClosedForm, EventDriven hwsim.Estimate
}

// closedForm estimates by the authors' formulas.
func closedForm(w *workload.Workload, c arch.Config, scope hwsim.Scope) hwsim.Estimate {
	r, err := closed.Charge(w, c, scope)
	if err != nil {
		return hwsim.UnknownEstimate(err.Error())
	}
	return r.Estimate()
}

// eventDriven estimates by a simulation.
func eventDriven(w *workload.Workload, c arch.Config, scope hwsim.Scope, p hwsim.Pipelines) hwsim.Estimate {
	r, err := event.Simulate(w, c, event.Options{Scope: scope, Pipelines: p})
	if err != nil {
		return hwsim.UnknownEstimate(err.Error())
	}
	return r.Estimate(nil)
}

// counted returns an estimate with another estimate's count of operations: a rewritten
// workload does the same work, but has a different authors' count.
func counted(e, as hwsim.Estimate) hwsim.Estimate {
	e.GOPS = as.GOPS / as.FPS * e.FPS
	return e
}

// ablation joins two estimates. It is an error if both models have no result.
func ablation(name string, c arch.Config, closed, event hwsim.Estimate) (Ablation, error) {
	if closed.Unknown != "" && event.Unknown != "" {
		return Ablation{}, fmt.Errorf("ablation %q: %s; %s", name, closed.Unknown, event.Unknown)
	}
	return Ablation{Name: name, DSPs: c.DSPs(), LUTs: c.LUTs(), ClosedForm: closed, EventDriven: event}, nil
}

// Whole is the design with all choices. As for every ablation, it is an error only if both
// models refuse the design; the estimate of one model that refuses it is unknown.
func Whole(w *workload.Workload, c arch.Config, scope hwsim.Scope) (Ablation, error) {
	return ablation("nothing", c, closedForm(w, c, scope), eventDriven(w, c, scope, hwsim.BothPipelines))
}

// WithoutInterLayer is a design in which a depthwise convolution ends before the
// pointwise one behind it begins.
func WithoutInterLayer(w *workload.Workload, c arch.Config, scope hwsim.Scope) (Ablation, error) {
	closed := counted(closedForm(unstreamed(w), c, scope), closedForm(w, c, scope))
	return ablation("inter-layer pipeline", c, closed, eventDriven(w, c, scope, hwsim.IntraLayerPipeline))
}

// noDenominators is the reason why the closed form has no result for the attention's
// pipeline.
const noDenominators = "the closed form has no denominators to wait for"

// WithoutIntraLayer is a design that computes KᵀV, dividends and divisors of an
// attention one after the other, one half of the heads on each engine.
func WithoutIntraLayer(w *workload.Workload, c arch.Config, scope hwsim.Scope) (Ablation, error) {
	return ablation("intra-layer pipeline", c, hwsim.UnknownEstimate(noDenominators), eventDriven(w, c, scope, hwsim.InterLayerPipeline))
}

// WithoutPipelines is a design that does one operation after the other.
func WithoutPipelines(w *workload.Workload, c arch.Config, scope hwsim.Scope) (Ablation, error) {
	return ablation("both pipelines", c, hwsim.UnknownEstimate(noDenominators), eventDriven(w, c, scope, hwsim.NoPipelines))
}

// MATOnly is a design without R-MAC's depthwise mode: all lanes are channel-parallel, and
// a depthwise convolution takes the cycles of a convolution with one input channel. It
// does not stream, because it occupies all lanes.
func MATOnly(w *workload.Workload, c arch.Config, scope hwsim.Scope) (Ablation, error) {
	c.Depthwise = arch.ChannelParallel
	return ablation("R-MAC's depthwise mode", c, closedForm(w, c, scope), eventDriven(w, c, scope, hwsim.BothPipelines))
}

// MATOnlyWindows is [MATOnly] with a window's positions across a lane's MACs. It needs
// line buffers for the widest map that a depthwise convolution of the workload reads.
// Filling a line buffer before its first window costs no cycles here.
func MATOnlyWindows(w *workload.Workload, c arch.Config, scope hwsim.Scope) (Ablation, error) {
	c.Depthwise = arch.Windowed
	a, err := ablation("depthwise mode, windows on MAT", c, closedForm(w, c, scope), eventDriven(w, c, scope, hwsim.BothPipelines))
	a.LUTs += lineBufferLUTs(w, c, scope)
	return a, err
}

// lineBufferLUTs returns the look-up tables of line buffers that are large enough for
// every depthwise convolution of the workload.
func lineBufferLUTs(w *workload.Workload, c arch.Config, scope hwsim.Scope) int {
	most := 0
	for i := range w.Ops {
		if o := &w.Ops[i]; o.Form == workload.Depthwise && (!o.Head || scope == hwsim.Whole) {
			most = max(most, c.LineBufferLUTs(o.Kernel, o.W*o.Stride))
		}
	}
	return most
}

// OneMultiplication is a design whose DSPs make one multiplication each. Such DSPs also
// add their products; packed ones leave the sums to LUTs.
func OneMultiplication(w *workload.Workload, c arch.Config, scope hwsim.Scope) (Ablation, error) {
	c.MultiplicationsPerDSP = 1
	return ablation("packing of DSPs", c, closedForm(w, c, scope), eventDriven(w, c, scope, hwsim.BothPipelines))
}

// RealDividers is a design that divides, in place of rounding divisors to powers of two
// and shifting. The configuration's dividers, with their number, interval and latency,
// replace the log2 module and the shifter.
func RealDividers(w *workload.Workload, c arch.Config, scope hwsim.Scope) (Ablation, error) {
	c.Division = arch.DividerDivision
	return ablation("log2 divisors", c, hwsim.UnknownEstimate("the closed form has no division"), eventDriven(w, c, scope, hwsim.BothPipelines))
}

// unstreamed returns a workload without streams for the closed form. A grouped convolution
// behind a depthwise one is charged as in a stream, by its inputs per output. The
// aggregation is charged with a third of its channels, as the authors do.
func unstreamed(w *workload.Workload) *workload.Workload {
	ops := slices.Clone(w.Ops)
	for i := range ops {
		o := &ops[i]
		if o.Behind != "" {
			o.Groups = 1
			if o.Role == efficientvit.AggPW {
				o.Cout = max(1, o.Cout/3)
			}
		}
		o.Feeds, o.Behind = "", ""
	}
	return &workload.Workload{Name: w.Name, Ops: ops}
}
