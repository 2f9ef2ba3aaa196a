// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// A Bridge splits the difference between the closed form's and the event-driven model's
// cycles by cause.
type Bridge struct {
	Workload string
	Config   arch.Config
	// ClosedForm is the closed form's cycles of one picture, not rounded. EventDriven is
	// the event-driven model's. The Terms add up to the difference.
	ClosedForm  float64
	Terms       []Term
	EventDriven int64
}

// A Term is the cycles of one cause.
type Term struct {
	Cause  string
	Cycles float64
}

// The causes, in the order of a bridge.
const (
	// Aggregation is the closed form's error in the operations that it charges: it charges
	// a third of the aggregation's pointwise convolution.
	Aggregation = "aggregation"
	// Divisors are the operations for which the closed form charges nothing.
	Divisors = "divisors"
	// Imbalance is the wait for the copy with the largest share of an operation.
	Imbalance = "imbalance"
	// IntraLayer is the change by the intra-layer pipeline, without memory and units.
	IntraLayer = "intra-layer pipeline"
	// Units is the wait for auxiliary units, Memory the wait for ports, buffers and
	// off-chip memory, and Fill the cycles that fill the engines' pipelines.
	Units  = "auxiliary units"
	Memory = "memory"
	Fill   = "pipeline fill"
)

// NewBridge runs one picture by both models. It returns their errors.
func NewBridge(w *workload.Workload, c arch.Config, scope hwsim.Scope) (*Bridge, error) {
	charged, err := closed.Charge(w, c, scope)
	if err != nil {
		return nil, err
	}
	copies := float64(c.Copies)
	b := &Bridge{Workload: w.Name, Config: c, ClosedForm: float64(charged.Undivided) / copies}
	cycles, streamed := make(map[string]int64), make(map[string]bool)
	for i := range charged.Ops {
		cycles[charged.Ops[i].Name] = charged.Ops[i].Cycles
		streamed[charged.Ops[i].Streamed] = true
	}
	shallow := c
	shallow.PipelineDepth = 0
	simulate := func(c arch.Config, o event.Options) (*event.Run, error) {
		o.Scope = scope
		return event.Simulate(w, c, o)
	}
	// The closed form has the inter-layer pipeline and neither memory nor units.
	ideal, err := simulate(shallow, event.Options{Pipelines: hwsim.InterLayerPipeline, FreeMemory: true, FreeAuxiliary: true})
	if err != nil {
		return nil, err
	}
	var aggregation, divisors, imbalance float64
	for i := range ideal.Steps {
		s := &ideal.Steps[i]
		switch own, ok := cycles[s.Name]; {
		case ok:
			aggregation += float64(s.OneCopy-own) / copies
		case streamed[s.Name]:
			aggregation += float64(s.OneCopy) / copies
		default:
			divisors += float64(s.OneCopy) / copies
		}
		imbalance += float64(s.Imbalance(c.Copies)) / copies
	}
	b.Terms = []Term{{Aggregation, aggregation}, {Divisors, divisors}, {Imbalance, imbalance}}
	b.EventDriven = ideal.Cycles
	for _, next := range []struct {
		cause  string
		config arch.Config
		o      event.Options
	}{
		{IntraLayer, shallow, event.Options{FreeMemory: true, FreeAuxiliary: true}},
		{Units, shallow, event.Options{FreeMemory: true}},
		{Memory, shallow, event.Options{}},
		{Fill, c, event.Options{}},
	} {
		r, err := simulate(next.config, next.o)
		if err != nil {
			return nil, err
		}
		b.Terms = append(b.Terms, Term{next.cause, float64(r.Cycles - b.EventDriven)})
		b.EventDriven = r.Cycles
	}
	return b, nil
}
