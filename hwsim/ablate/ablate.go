// SPDX-License-Identifier: Apache-2.0

package ablate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit"
)

// An Ablation is the design without one choice.
type Ablation struct {
	// Name says what is missing.
	Name string
	// Cycles are those of one picture, not rounded; FPS the pictures per
	// second. Both are NaN where the closed form cannot tell, for the reason
	// Unknown.
	Cycles, FPS float64
	DSPs        int
	Unknown     string
}

// FPSPerDSP returns the pictures per second that one DSP is worth.
func (a *Ablation) FPSPerDSP() float64 { return a.FPS / float64(a.DSPs) }

// charge measures a rewritten design.
func charge(name string, ops []workload.Operation, w *workload.Workload, c arch.Config, scope hwsim.Scope) (Ablation, error) {
	r, err := hwsim.ClosedForm(&workload.Workload{Name: w.Name, Ops: ops}, c, scope)
	if err != nil {
		return Ablation{}, fmt.Errorf("ablation %q: %w", name, err)
	}
	return Ablation{Name: name, Cycles: float64(r.Undivided) / float64(c.Copies), FPS: r.FPS(), DSPs: c.DSPs()}, nil
}

// WithoutInterLayer charges a workload whose depthwise convolutions end before
// the pointwise ones behind them begin. The errors are those of
// hwsim.ClosedForm, as of every ablation.
func WithoutInterLayer(w *workload.Workload, c arch.Config, scope hwsim.Scope) (Ablation, error) {
	return charge("inter-layer pipeline", unstreamed(w), w, c, scope)
}

// MATOnly charges a design without R-MAC's depthwise mode: all lanes are
// channel-parallel, and a depthwise convolution takes the steps of one with one
// input channel. It streams into nothing, for all lanes are taken.
func MATOnly(w *workload.Workload, c arch.Config, scope hwsim.Scope) (Ablation, error) {
	ops := unstreamed(w)
	for i := range ops {
		if o := &ops[i]; o.Form == workload.Depthwise {
			o.Form, o.Groups = workload.Convolution, 1
		}
	}
	return charge("R-MAC's depthwise mode", ops, w, c, scope)
}

// MATOnlyWindows is [MATOnly] with a window's positions across a lane's MACs.
func MATOnlyWindows(w *workload.Workload, c arch.Config, scope hwsim.Scope) (Ablation, error) {
	ops := unstreamed(w)
	for i := range ops {
		if o := &ops[i]; o.Form == workload.Depthwise {
			o.Form, o.Groups = workload.Convolution, 1
			o.Cin, o.Kernel = o.Kernel*o.Kernel, 1
		}
	}
	return charge("R-MAC's depthwise mode, but with windows across MAT's lanes", ops, w, c, scope)
}

// OneMultiplication charges a design whose DSPs make one multiplication each.
func OneMultiplication(w *workload.Workload, c arch.Config, scope hwsim.Scope) (Ablation, error) {
	c.MultiplicationsPerDSP = 1
	return charge("packing of DSPs", w.Ops, w, c, scope)
}

// unstreamed returns the operations without streams. What was grouped behind a
// depthwise convolution is charged as in a stream, by its inputs per output, and
// the aggregation, as the authors charge it, with a third of its channels.
func unstreamed(w *workload.Workload) []workload.Operation {
	ops := slices.Clone(w.Ops)
	for i := range ops {
		o := &ops[i]
		if o.Behind != "" {
			o.Groups = 1
			if o.Role == triovit.AggPW {
				o.Cout = max(1, o.Cout/3)
			}
		}
		o.Feeds, o.Behind = "", ""
	}
	return ops
}

// A Study is a design and each of its ablations.
type Study struct {
	Workload  string
	Config    arch.Config
	Whole     Ablation
	Ablations []Ablation
}

// Run charges the design and every ablation.
func Run(w *workload.Workload, c arch.Config, scope hwsim.Scope) (*Study, error) {
	s := &Study{Workload: w.Name, Config: c}
	var err error
	if s.Whole, err = charge("nothing", w.Ops, w, c, scope); err != nil {
		return nil, err
	}
	for _, ablation := range []func(*workload.Workload, arch.Config, hwsim.Scope) (Ablation, error){
		WithoutInterLayer, MATOnly, MATOnlyWindows, OneMultiplication,
	} {
		a, err := ablation(w, c, scope)
		if err != nil {
			return nil, err
		}
		s.Ablations = append(s.Ablations, a)
	}
	for _, a := range []Ablation{
		{Name: "intra-layer pipeline", Unknown: "the closed form has no denominators to wait for"},
		{Name: "log2 divisors", Unknown: "the closed form has no division"},
	} {
		a.Cycles, a.FPS, a.DSPs = math.NaN(), math.NaN(), c.DSPs()
		s.Ablations = append(s.Ablations, a)
	}
	return s, nil
}

// String is the study on a page.
func (s *Study) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s\n", s.Workload, s.Config)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "without\tcycles\t×\tFPS\tDSPs\tFPS/DSP\t\n")
	for _, a := range slices.Concat([]Ablation{s.Whole}, s.Ablations) {
		if a.Unknown != "" {
			fmt.Fprintf(t, "%s\tunknown\t\tunknown\t%d\tunknown\t\n", a.Name, a.DSPs)
			continue
		}
		fmt.Fprintf(t, "%s\t%.0f\t%.2f\t%.1f\t%d\t%.3f\t\n", a.Name, a.Cycles, a.Cycles/s.Whole.Cycles, a.FPS, a.DSPs, a.FPSPerDSP())
	}
	t.Flush()
	for _, a := range s.Ablations {
		if a.Unknown != "" {
			fmt.Fprintf(&b, "unknown without %s: %s\n", a.Name, a.Unknown)
		}
	}
	b.WriteString("by the closed form: memory and auxiliary units take no time\n")
	return b.String()
}
