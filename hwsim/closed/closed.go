// SPDX-License-Identifier: Apache-2.0

package closed

import (
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// Charge charges a workload by the authors' formulas, which the package comment restates.
// It returns an error for a configuration or an operation that they cannot express: an
// R-MAC lane with fewer MACs than a MAT lane, which could not keep step where both work on
// one operation; multipliers of fewer than 8 bits; and a grouped convolution that no
// depthwise one feeds. A depthwise convolution on channel-parallel or windowed lanes
// follows the rule of any convolution, with one input channel or the window's positions as
// channels, and does not stream. The formulas contain no division of the attention.
func Charge(w *workload.Workload, c arch.Config, scope hwsim.Scope) (*Result, error) {
	p, err := prepare(w, scope)
	if err != nil {
		return nil, err
	}
	return p.on(c)
}

// A prepared is a workload that was checked once, to be charged on many
// configurations. Several goroutines may share it.
type prepared struct {
	workload string
	scope    hwsim.Scope
	charges  []charge
	omitted  []hwsim.Omission
	// macs and paperMACs are those of [Result]; no configuration changes them.
	macs, paperMACs int64
}

// A charge is an operation with its rule, and in an inter-layer stream also the depthwise
// convolution that feeds it.
type charge struct {
	op, dw *workload.Operation
	cost   OpCycles // the operation's entry in the result, without its cycles
}

// prepare checks a workload and finds the rule of each of its operations, with
// the errors of [Charge].
func prepare(w *workload.Workload, scope hwsim.Scope) (*prepared, error) {
	scope, err := scope.Checked()
	if err != nil {
		return nil, fmt.Errorf("closed form: %w", err)
	}
	if err := w.Validate(); err != nil {
		return nil, fmt.Errorf("closed form: %w", err)
	}
	p := &prepared{workload: w.Name, scope: scope}
	ops := slices.Clone(w.Ops) // the caller may change its own operations
	for i := range ops {
		o := &ops[i]
		if why := omitted(o, scope); why != "" {
			p.omitted = append(p.omitted, hwsim.Omission{Name: o.Name, Label: o.Label, Unit: o.Unit, MACs: o.MACs(), Elements: o.Elements, Why: why})
			if why != headOmitted {
				p.macs += o.MACs()
			}
			continue
		}
		if o.Feeds != "" {
			continue // the operation is charged with the pointwise convolution that it feeds
		}
		c, err := ruled(ops, i)
		if err != nil {
			return nil, fmt.Errorf("closed form: workload %q: %s %q: %w", w.Name, o.Form, o.Name, err)
		}
		p.charges = append(p.charges, c)
		p.macs += c.cost.MACs
		p.paperMACs += c.cost.PaperMACs
	}
	if len(p.charges) == 0 {
		return nil, fmt.Errorf("closed form: workload %q: no operation of the %s runs on the engines", w.Name, scope)
	}
	return p, nil
}

// on charges the workload on a configuration, with the errors of [Charge]. The results of one workload share their omissions.
func (p *prepared) on(c arch.Config) (*Result, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("closed form: %w", err)
	}
	if c.RMAC.MACs < c.MAT.MACs {
		return nil, fmt.Errorf("closed form: configuration %q: rmac.macs %d is below mat.macs %d: the formulas let both engines work in step on one operation", c.Name, c.RMAC.MACs, c.MAT.MACs)
	}
	if c.MultiplierBits < 8 {
		return nil, fmt.Errorf("closed form: configuration %q: multiplier_bits %d: the formulas know weights of 8 bits", c.Name, c.MultiplierBits)
	}
	r := &Result{Model: "closed form", Workload: p.workload, Config: c, Scope: p.scope,
		Ops: make([]OpCycles, len(p.charges)), Omitted: slices.Clip(p.omitted),
		MACs: p.macs, PaperMACs: p.paperMACs}
	e := engines{mat: c.MAT, rmac: c.RMAC}
	for i := range p.charges {
		o := &r.Ops[i]
		*o = p.charges[i].cost
		if c.Depthwise != arch.Reconfigured && (o.Rule == RMACAlone || o.Rule == InterLayer) {
			o.Rule, o.Cycles = BothEngines, e.channelParallel(&p.charges[i], c.Depthwise == arch.Windowed)
		} else {
			o.Cycles, o.SetUp = e.cycles(&p.charges[i])
		}
		r.Undivided += o.Cycles
		r.SetUp += o.SetUp
	}
	copies := int64(c.Copies)
	r.Cycles = (r.Undivided + copies/2) / copies
	return r, nil
}

// The reasons to omit an operation.
const (
	headOmitted      = "the authors' formulas end with the backbone"
	divisorOmitted   = "the authors' formulas have no denominator"
	auxiliaryOmitted = "auxiliary units are free in the closed form"
)

// omitted returns the reason why the closed form charges nothing for an operation, or "".
func omitted(o *workload.Operation, scope hwsim.Scope) string {
	switch {
	case o.Head && scope == hwsim.Backbone:
		return headOmitted
	case o.Role == efficientvit.Divisor || o.Unit == workload.SumAdder:
		return divisorOmitted
	case o.Unit == workload.Host:
		return hwsim.NoUnit
	case o.Unit != workload.Engines:
		return auxiliaryOmitted
	}
	return ""
}

// ruled returns the charge of operation i.
func ruled(ops []workload.Operation, i int) (charge, error) {
	o := &ops[i]
	c := charge{op: o, cost: OpCycles{Name: o.Name, Label: o.Label, Block: o.Block, MACs: o.MACs(), PaperMACs: o.MACs()}}
	switch {
	case o.Form == workload.Product:
		c.cost.Rule = HalvedHeads
	case o.Form == workload.Depthwise:
		c.cost.Rule = RMACAlone
	case o.Behind != "":
		if o.Role == efficientvit.AggPW {
			c.cost.PaperMACs = 0 // the authors count no operations for this convolution
		}
		c.dw = feeder(ops[:i], o.Behind)
		c.cost.Rule, c.cost.Streamed = InterLayer, c.dw.Name
		c.cost.Label = c.dw.Label + " + " + o.Label
		c.cost.MACs += c.dw.MACs()
		c.cost.PaperMACs += c.dw.MACs()
	case o.Groups > 1:
		return c, fmt.Errorf("%d groups: the formulas know grouped convolutions only behind a depthwise one", o.Groups)
	default:
		c.cost.Rule = BothEngines
	}
	return c, nil
}

// feeder returns the operation with the given name. A valid workload lists it shortly
// before the operation that it feeds.
func feeder(ops []workload.Operation, name string) *workload.Operation {
	i := len(ops) - 1
	for ops[i].Name != name {
		i--
	}
	return &ops[i]
}

// engines is one copy of both engines.
type engines struct{ mat, rmac arch.Engine }

// cycles returns the cycles of a charge, and the part of them that is the set-up of a
// stream.
func (e engines) cycles(c *charge) (cycles, setUp int64) {
	switch c.cost.Rule {
	case HalvedHeads:
		return e.product(c.op), 0
	case RMACAlone:
		return e.depthwise(c.op), 0
	case InterLayer:
		return e.streamed(c.dw, c.op)
	default:
		return e.convolution(c.op), 0
	}
}

// lanes returns the lanes of both engines.
func (e engines) lanes() int { return e.mat.Lanes + e.rmac.Lanes }

// convolution is the rule for both engines, channel-parallel.
func (e engines) convolution(o *workload.Operation) int64 {
	return ceil(o.Cout, e.lanes()) * ceil(o.Cin, e.mat.MACs) * pixels(o) * square(o.Kernel)
}

// channelParallel is the rule for both engines for a depthwise convolution, and for the
// pointwise one behind it. Windowed lanes sum over a window's positions as over input
// channels.
func (e engines) channelParallel(c *charge, windowed bool) int64 {
	depthwise := func(o workload.Operation) int64 {
		if windowed {
			o.Cin, o.Kernel = o.Kernel*o.Kernel, 1
		}
		return e.convolution(&o)
	}
	if c.dw == nil {
		return depthwise(*c.op)
	}
	pw := *c.op
	pw.Cout = int(charged(c.op))
	return depthwise(*c.dw) + e.convolution(&pw)
}

// charged returns the charged output channels of a pointwise convolution in a stream. For
// the aggregation the authors charge as many as the block has channels, though q, k and v
// have three times as many.
func charged(pw *workload.Operation) int64 {
	if pw.Role == efficientvit.AggPW {
		return int64(max(1, pw.Cout/3)) // a workload made by hand may have fewer than three channels
	}
	return int64(pw.Cout)
}

// depthwise is the rule for R-MAC in depthwise mode: pixels of a row across the lanes,
// channels across the MACs of a lane.
func (e engines) depthwise(o *workload.Operation) int64 {
	return ceil(o.W, e.rmac.Lanes) * int64(o.H) * ceil(o.Cout, e.rmac.MACs) * square(o.Kernel)
}

// product is the rule for the attention's matrix products: half of the heads on each
// engine, and the slower engine decides.
func (e engines) product(o *workload.Operation) int64 {
	half := ceil(o.Heads, 2) * int64(o.Rows)
	on := func(e arch.Engine) int64 { return half * ceil(o.Cols, e.Lanes) * ceil(o.Inner, e.MACs) }
	return max(on(e.mat), on(e.rmac))
}

// streamed is the rule for a depthwise convolution and the pointwise one behind it. The
// second result is the set-up: the cycles of the depthwise convolution's first pixels,
// where the pointwise convolution outlasts it, else 0.
func (e engines) streamed(dw, pw *workload.Operation) (cycles, setUp int64) {
	cout := charged(pw)
	lanes, area := int64(e.lanes()), pixels(pw)
	perPixel := ceil(pw.Cin, e.mat.MACs) // cycles for one output
	alone := e.depthwise(dw)
	setUp = ceil(dw.Cout, e.rmac.MACs) * square(dw.Kernel)

	// MAT alone makes outputs in groups of channels as wide as both engines' lanes.
	group := min(lanes, cout)
	made := (alone - setUp) / perPixel * int64(e.mat.Lanes)
	done := made / (lanes * area) * group // number of finished channels
	if done >= cout {
		return alone, 0
	}
	// Both engines finish the group that MAT has begun, then the others.
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
