// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// An Objective is what a front weighs.
type Objective uint8

// The objectives: more pictures per second, less energy for each, fewer DSP
// slices, fewer block RAMs.
const (
	FPS Objective = iota
	Energy
	DSPs
	BRAMs
)

// String names the objective in reports.
func (o Objective) String() string {
	switch o {
	case FPS:
		return "FPS"
	case Energy:
		return "energy per picture"
	case DSPs:
		return "DSPs"
	case BRAMs:
		return "BRAMs"
	default:
		return fmt.Sprintf("Objective(%d)", uint8(o))
	}
}

// score returns the point's value, of which more is better, or NaN where it is
// not known.
func (o Objective) score(p *Point) float64 {
	switch o {
	case FPS:
		return p.FPS
	case Energy:
		return -p.Joules
	case DSPs:
		return -float64(p.DSPs)
	case BRAMs:
		return -float64(p.BRAMs)
	default:
		return math.NaN()
	}
}

// A Front is the points of one workload that no other dominates.
type Front struct {
	Workload   string
	Objectives []Objective
	// Points are ordered by the first objective, the best last.
	Points []Point
	// Unrankable counts the points of which an objective is not known, so that
	// they are neither on the front nor beaten by it; Why is the first's reason.
	Unrankable int
	Why        string
	fields     []string
}

// Front returns the points of a workload that no other of its points dominates
// in the objectives, which are [FPS] and [DSPs] if none are given.
func (v *Survey) Front(workload string, objectives ...Objective) *Front {
	if len(objectives) == 0 {
		objectives = []Objective{FPS, DSPs}
	}
	f := &Front{Workload: workload, Objectives: objectives, fields: v.Fields}
	scores := make([]func(*Point) float64, len(objectives))
	for i, o := range objectives {
		scores[i] = o.score
	}
	var own []*Point
	for i := range v.Points {
		p := &v.Points[i]
		switch {
		case p.Workload != workload:
		case slices.ContainsFunc(scores, func(s func(*Point) float64) bool { return math.IsNaN(s(p)) }):
			f.Unrankable++
			f.Why = cmp.Or(f.Why, p.NoEnergy)
		default:
			own = append(own, p)
		}
	}
	for _, p := range Pareto(own, scores...) {
		f.Points = append(f.Points, *p)
	}
	slices.SortStableFunc(f.Points, func(a, b Point) int { return cmp.Compare(scores[0](&a), scores[0](&b)) })
	return f
}
