// SPDX-License-Identifier: Apache-2.0

package closed

import (
	"cmp"
	"slices"
	"time"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
)

// A Result is the cost of one picture by the closed form.
type Result struct {
	// Model names the timing model, Workload the workload.
	Model, Workload string
	Config          arch.Config
	Scope           hwsim.Scope
	// Ops are the charged operations in the order of the workload.
	Ops []OpCycles
	// Omitted are the operations for which the model charges nothing.
	Omitted []hwsim.Omission
	// Undivided is the sum of the cycles of Ops, the time of one copy of the engines.
	Undivided int64
	// Cycles is Undivided divided by the number of copies, rounded to nearest.
	Cycles int64
	// SetUp is the sum of the set-up cycles of Ops, a part of Undivided.
	SetUp int64
	// MACs counts the multiply-accumulates of the scope, with those of omitted
	// denominators. PaperMACs counts those that the authors count, without denominators
	// and without the aggregation's grouped convolution.
	MACs, PaperMACs int64
}

// A Rule is the formula by which an operation was charged.
type Rule string

// The rules, explained in the package comment.
const (
	BothEngines Rule = "both engines"
	RMACAlone   Rule = "R-MAC"
	InterLayer  Rule = "inter-layer"
	HalvedHeads Rule = "halved heads"
)

// OpCycles is the cost of one operation, or of two of which the first streams into the
// second.
type OpCycles struct {
	// Name is the operation's name. Streamed names the depthwise convolution that feeds
	// it, if there is one.
	Name     string `json:"name"`
	Streamed string `json:"streamed,omitempty"`
	// Label is the role, or both roles: "DW + PW2".
	Label string `json:"label"`
	Block string `json:"block"`
	Rule  Rule   `json:"rule"`
	// Cycles are the cycles of one copy that does the operation alone.
	Cycles int64 `json:"cycles_of_one_copy"`
	// SetUp is the part of Cycles before the first streamed pixel, where the pointwise
	// convolution outlasts the depthwise one; else 0.
	SetUp int64 `json:"set_up_cycles"`
	// MACs and PaperMACs are counted as in [Result].
	MACs      int64 `json:"macs"`
	PaperMACs int64 `json:"authors_macs"`
}

// exact returns the cycles before rounding, from which the rates are computed.
func (r *Result) exact() float64 { return float64(r.Undivided) / float64(r.Config.Copies) }

// seconds returns the time of one picture.
func (r *Result) seconds() float64 { return r.exact() / (r.Config.ClockMHz * 1e6) }

// Latency returns the time that one picture takes.
func (r *Result) Latency() time.Duration {
	return time.Duration(r.seconds() * float64(time.Second))
}

// FPS returns the pictures per second, one after another.
func (r *Result) FPS() float64 { return 1 / r.seconds() }

// GOPS returns the 10⁹ operations per second by the authors' operation count.
func (r *Result) GOPS() float64 { return 2 * float64(r.PaperMACs) / r.seconds() / 1e9 }

// AllGOPS returns the 10⁹ operations per second with every operation of the
// scope.
func (r *Result) AllGOPS() float64 { return 2 * float64(r.MACs) / r.seconds() / 1e9 }

// Utilization returns GOPS as a share of the configuration's peak.
func (r *Result) Utilization() float64 { return r.GOPS() / r.Config.PeakGOPS() }

// SetUpTwice returns the cycles, not rounded, and the GOPS if the set-up of every streamed
// pair that outlasts its depthwise convolution were charged once more. It is a fit. Of the
// formulas near the authors' it was picked because it gives 780.3 for the published 780.2
// GOPS of EfficientViT-B1, where the authors' gives 781.9. One number does not prove a
// formula.
func (r *Result) SetUpTwice() (cycles, gops float64) {
	cycles = float64(r.Undivided+r.SetUp) / float64(r.Config.Copies)
	return cycles, r.GOPS() * r.exact() / cycles
}

// A Part sums the operations of a [Result] with a common role or block.
type Part struct {
	// Label is the common role or block.
	Label string `json:"label"`
	// Ops counts the charged operations, a streamed pair as one.
	Ops int `json:"operations"`
	// Cycles are those of one copy; Share is their share of the result's.
	Cycles int64   `json:"cycles_of_one_copy"`
	Share  float64 `json:"share"`
	// PaperMACs is the authors' operation count. Utilization is its share of the
	// multipliers' capacity in these cycles.
	PaperMACs   int64   `json:"authors_macs"`
	Utilization float64 `json:"utilization"`
}

// ByRole returns a part per role, the most cycles first.
func (r *Result) ByRole() []Part {
	parts := r.parts(func(o *OpCycles) string { return o.Label })
	slices.SortStableFunc(parts, func(a, b Part) int { return cmp.Compare(b.Cycles, a.Cycles) })
	return parts
}

// ByBlock returns a part per block in the order of the network. Operations outside of
// blocks form one part with an empty label.
func (r *Result) ByBlock() []Part {
	return r.parts(func(o *OpCycles) string { return o.Block })
}

func (r *Result) parts(label func(*OpCycles) string) []Part {
	var parts []Part
	index := make(map[string]int)
	for i := range r.Ops {
		o := &r.Ops[i]
		l := label(o)
		j, ok := index[l]
		if !ok {
			j = len(parts)
			index[l] = j
			parts = append(parts, Part{Label: l})
		}
		parts[j].Ops++
		parts[j].Cycles += o.Cycles
		parts[j].PaperMACs += o.PaperMACs
	}
	perCycle := float64(r.Config.Multipliers()) / float64(r.Config.Copies)
	for i := range parts {
		p := &parts[i]
		p.Share = float64(p.Cycles) / float64(r.Undivided)
		p.Utilization = float64(p.PaperMACs) / (float64(p.Cycles) * perCycle)
	}
	return parts
}
