// SPDX-License-Identifier: Apache-2.0

package event

import (
	"encoding/json"
	"math"

	"github.com/gotriovit/gotriovit/internal/jsonfloat"
)

// A Roofline compares a run and its steps with the two limits of an accelerator: the
// throughput of its multipliers and the bandwidth of its off-chip memory (Williams,
// Waterman and Patterson, "Roofline", CACM 2009). Operations are two per
// multiply-accumulate, over the whole scope, not only those that the authors count.
// Auxiliary units' operations are not included.
type Roofline struct {
	// PeakGOPS is the limit by the multipliers. GBPerS is the off-chip bandwidth in 10⁹
	// bytes per second, the slope below that limit.
	PeakGOPS, GBPerS float64
	Run              RooflinePoint
	// Steps are the run's steps that compute on the engines, in order.
	Steps []RooflinePoint
}

// A RooflinePoint is a run or a step of it.
type RooflinePoint struct {
	// Name is the step's name, or the workload's for the run. Label is the step's.
	Name, Label string
	Cycles      int64
	// Operations are two per multiply-accumulate. Bytes is the off-chip traffic.
	Operations, Bytes int64
	// GOPS is the throughput attained.
	GOPS float64
}

// Intensity returns the operations per byte of off-chip memory, +Inf where all of a step's
// data is on the chip.
func (p *RooflinePoint) Intensity() float64 {
	if p.Bytes == 0 {
		return math.Inf(1)
	}
	return float64(p.Operations) / float64(p.Bytes)
}

// Roofline returns the roofline of the run. Weights that are loaded ahead count for the
// step that uses them. So a step may lie above the slope; the run never does.
func (r *Run) Roofline() *Roofline {
	at := func(name, label string, cycles, macs, bytes int64) RooflinePoint {
		p := RooflinePoint{Name: name, Label: label, Cycles: cycles, Operations: 2 * macs, Bytes: bytes}
		if cycles > 0 {
			p.GOPS = float64(p.Operations) / r.seconds(cycles) / 1e9
		}
		return p
	}
	l := &Roofline{
		PeakGOPS: r.Config.PeakGOPS(),
		GBPerS:   r.Config.OffChip.MBPerS / 1e3,
		Run:      at(r.Workload, "", r.Cycles, r.MACs, r.Traffic.OffChip()),
	}
	for i := range r.Steps {
		if s := &r.Steps[i]; s.MACs > 0 {
			l.Steps = append(l.Steps, at(s.Name, s.Label, s.Cycles, s.MACs, s.Traffic.OffChip()))
		}
	}
	return l
}

// Ridge returns the operations per byte above which the multipliers are the limit.
func (l *Roofline) Ridge() float64 { return l.PeakGOPS / l.GBPerS }

// Roof returns the limit in GOPS at an intensity.
func (l *Roofline) Roof(intensity float64) float64 {
	return min(l.PeakGOPS, l.GBPerS*intensity)
}

// Bound names the limit of a point: "compute" or "bandwidth". Its stalls explain the
// distance to the limit.
func (l *Roofline) Bound(p *RooflinePoint) string {
	if p.Intensity() < l.Ridge() {
		return "bandwidth"
	}
	return "compute"
}

// MarshalJSON writes an intensity without bytes as null, and the bound by name.
func (l *Roofline) MarshalJSON() ([]byte, error) {
	type point struct {
		Name       string          `json:"name"`
		Label      string          `json:"label,omitempty"`
		Cycles     int64           `json:"cycles"`
		Operations int64           `json:"operations"`
		Bytes      int64           `json:"bytes"`
		Intensity  jsonfloat.Float `json:"operations_per_byte"`
		GOPS       float64         `json:"gops"`
		Bound      string          `json:"bound"`
	}
	at := func(p *RooflinePoint) point {
		return point{p.Name, p.Label, p.Cycles, p.Operations, p.Bytes, jsonfloat.Float(p.Intensity()), p.GOPS, l.Bound(p)}
	}
	steps := make([]point, len(l.Steps))
	for i := range l.Steps {
		steps[i] = at(&l.Steps[i])
	}
	return json.Marshal(map[string]any{"peak_gops": l.PeakGOPS, "gb_per_s": l.GBPerS, "ridge": l.Ridge(), "run": at(&l.Run), "steps": steps})
}
