// SPDX-License-Identifier: Apache-2.0

package hwsim

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit"
)

// A Scope says how much of a workload is charged.
type Scope string

// The scopes.
const (
	// Backbone leaves out the classifier or segmentation head, as the authors
	// do.
	Backbone Scope = "backbone"
	// Whole charges the head by the same rules.
	Whole Scope = "whole"
)

// ClosedForm charges a workload by the authors' formulas, restated in the
// package comment. It refuses a configuration or an operation that they cannot
// express: an R-MAC lane with fewer MACs than a MAT lane, which could not keep
// step where both work on one operation, and a grouped convolution that no
// depthwise one feeds.
func ClosedForm(w *workload.Workload, c arch.Config, scope Scope) (*Result, error) {
	if scope != Backbone && scope != Whole {
		return nil, fmt.Errorf("closed form: no scope %q: have %q and %q", scope, Backbone, Whole)
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("closed form: %w", err)
	}
	if c.RMAC.MACs < c.MAT.MACs {
		return nil, fmt.Errorf("closed form: configuration %q: rmac.macs %d is below mat.macs %d: the formulas let both engines work in step on one operation", c.Name, c.RMAC.MACs, c.MAT.MACs)
	}
	if err := w.Validate(); err != nil {
		return nil, fmt.Errorf("closed form: %w", err)
	}
	charged := 0
	for i := range w.Ops {
		if omitted(&w.Ops[i], scope) == "" {
			charged++
		}
	}
	// Sized in advance: a sweep over configurations is mostly allocation.
	r := &Result{Model: "closed form", Workload: w.Name, Config: c, Scope: scope,
		Ops: make([]OpCycles, 0, charged), Omitted: make([]Omission, 0, len(w.Ops)-charged)}
	e := engines{mat: c.MAT, rmac: c.RMAC}
	for i := range w.Ops {
		o := &w.Ops[i]
		if why := omitted(o, scope); why != "" {
			r.Omitted = append(r.Omitted, Omission{Name: o.Name, Unit: o.Unit, MACs: o.MACs(), Elements: o.Elements, Why: why})
			if why != headOmitted {
				r.MACs += o.MACs()
			}
			continue
		}
		if o.Feeds != "" {
			continue // charged with the pointwise convolution that it feeds
		}
		charged, err := e.charge(w, i)
		if err != nil {
			return nil, fmt.Errorf("closed form: workload %q: %s %q: %w", w.Name, o.Form, o.Name, err)
		}
		r.Ops = append(r.Ops, charged)
		r.Undivided += charged.Cycles
		r.SetUp += charged.SetUp
		r.MACs += charged.MACs
		r.PaperMACs += charged.PaperMACs
	}
	if r.Undivided == 0 {
		return nil, fmt.Errorf("closed form: workload %q: no operation of the %s runs on the engines", w.Name, scope)
	}
	copies := int64(c.Copies)
	r.Cycles = (r.Undivided + copies/2) / copies
	return r, nil
}

// Why an operation is omitted.
const (
	headOmitted      = "the authors' formulas end with the backbone"
	divisorOmitted   = "the authors' formulas have no denominator"
	auxiliaryOmitted = "auxiliary units are free in the closed form"
	hostOmitted      = "the accelerator has no unit for it"
)

// omitted says why the closed form charges nothing for an operation, or "".
func omitted(o *workload.Operation, scope Scope) string {
	switch {
	case o.Head && scope == Backbone:
		return headOmitted
	case o.Role == triovit.Divisor || o.Unit == workload.SumAdder:
		return divisorOmitted
	case o.Unit == workload.Host:
		return hostOmitted
	case o.Unit != workload.Engines:
		return auxiliaryOmitted
	}
	return ""
}

// engines is one copy of both engines.
type engines struct{ mat, rmac arch.Engine }

// charge returns the cycles of operation i, with those of the depthwise
// convolution that feeds it.
func (e engines) charge(w *workload.Workload, i int) (OpCycles, error) {
	o := &w.Ops[i]
	c := OpCycles{Name: o.Name, Label: o.Label, Block: o.Block, MACs: o.MACs(), PaperMACs: o.MACs()}
	switch {
	case o.Form == workload.Product:
		c.Rule, c.Cycles = HalvedHeads, e.product(o)
	case o.Form == workload.Depthwise:
		c.Rule, c.Cycles = RMACAlone, e.depthwise(o)
	case o.Behind != "":
		if o.Role == triovit.AggPW {
			c.PaperMACs = 0 // the authors count no operations for it
		}
		dw := feeder(w.Ops[:i], o.Behind)
		c.Rule, c.Streamed = InterLayer, dw.Name
		c.Label = dw.Label + " + " + o.Label
		c.MACs += dw.MACs()
		c.PaperMACs += dw.MACs()
		c.Cycles, c.SetUp = e.streamed(dw, o)
	case o.Groups > 1:
		return c, fmt.Errorf("%d groups: the formulas know grouped convolutions only behind a depthwise one", o.Groups)
	default:
		c.Rule, c.Cycles = BothEngines, e.convolution(o)
	}
	return c, nil
}

// feeder returns the operation of that name, which a valid workload lists
// shortly before the one that it feeds.
func feeder(ops []workload.Operation, name string) *workload.Operation {
	i := len(ops) - 1
	for ops[i].Name != name {
		i--
	}
	return &ops[i]
}

// lanes returns the lanes of both engines.
func (e engines) lanes() int { return e.mat.Lanes + e.rmac.Lanes }

// convolution is the rule for both engines, channel-parallel.
func (e engines) convolution(o *workload.Operation) int64 {
	return ceil(o.Cout, e.lanes()) * ceil(o.Cin, e.mat.MACs) * pixels(o) * square(o.Kernel)
}

// depthwise is the rule for R-MAC in depthwise mode: pixels of a row across the
// lanes, channels within a lane.
func (e engines) depthwise(o *workload.Operation) int64 {
	return ceil(o.W, e.rmac.Lanes) * int64(o.H) * ceil(o.Cout, e.rmac.MACs) * square(o.Kernel)
}

// product is the rule for the attention's matrix products: half of the heads on
// each engine, and the slower engine ends it.
func (e engines) product(o *workload.Operation) int64 {
	half := ceil(o.Heads, 2) * int64(o.Rows)
	on := func(e arch.Engine) int64 { return half * ceil(o.Cols, e.Lanes) * ceil(o.Inner, e.MACs) }
	return max(on(e.mat), on(e.rmac))
}

// streamed is the rule for a depthwise convolution and the pointwise one behind
// it. The second result is the set-up, the depthwise convolution's first pixels,
// where the pointwise one outlasts it.
func (e engines) streamed(dw, pw *workload.Operation) (cycles, setUp int64) {
	cout := int64(pw.Cout)
	if pw.Role == triovit.AggPW {
		// The authors charge as many output channels as the block has, though
		// q, k and v are three times as many.
		cout = max(1, cout/3) // a list made by hand may have fewer than three
	}
	lanes, area := int64(e.lanes()), pixels(pw)
	perPixel := ceil(pw.Cin, e.mat.MACs) // steps for one output
	alone := e.depthwise(dw)
	setUp = ceil(dw.Cout, e.rmac.MACs) * square(dw.Kernel)

	// MAT alone makes outputs in groups of as many channels as both engines
	// have lanes.
	group := min(lanes, cout)
	made := (alone - setUp) / perPixel * int64(e.mat.Lanes)
	done := made / (lanes * area) * group // channels
	if done >= cout {
		return alone, 0
	}
	// Both engines finish the group that was begun, then the others.
	rest := max(0, area-(made-done*area)/group)
	cycles = alone + perPixel*rest
	if left := cout - done - group; left > 0 {
		cycles += (left + lanes - 1) / lanes * perPixel * area
	}
	if cycles == alone {
		return alone, 0
	}
	return cycles, setUp
}

func pixels(o *workload.Operation) int64 { return int64(o.H) * int64(o.W) }

func square(kernel int) int64 { return int64(kernel) * int64(kernel) }

// ceil returns ⌈a/b⌉.
func ceil(a, b int) int64 { return (int64(a) + int64(b) - 1) / int64(b) }
