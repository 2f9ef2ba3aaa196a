// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// A Ranking holds the best configurations of a survey, estimated again by another model.
type Ranking struct {
	Workload string
	// By and Again name the survey's model and the other one.
	By, Again string
	// Reference is the reference configuration, such as the paper's, by both models. Best
	// are the fastest by the survey's model whose engines take no more DSP slices, the
	// fastest first. Tried counts the configurations that take no more.
	Reference Ranked
	Best      []Ranked
	Tried     int
}

// A Ranked is a point by both models.
type Ranked struct {
	Point
	// Again is the other model's estimate.
	Again hwsim.Estimate
}

// Faster returns those of Best that are faster than the reference by the other model, the
// fastest first.
func (r *Ranking) Faster() []Ranked {
	var list []Ranked
	for _, p := range r.Best {
		if p.Again.FPS > r.Reference.Again.FPS {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b Ranked) int { return cmp.Compare(b.Again.FPS, a.Again.FPS) })
	return list
}

// Rerank estimates the n fastest points of a workload by another model, among those whose
// engines take no more DSP slices than the reference's. The reference must be one of the
// survey's points, and is not among the n. The estimate of a configuration that the model
// refuses is unknown.
func (v *Survey) Rerank(w *workload.Workload, reference arch.Config, n int, again hwsim.Model) (*Ranking, error) {
	estimate, err := again.Prepare(w)
	if err != nil {
		return nil, err
	}
	r := &Ranking{Workload: w.Name, By: v.Model, Again: again.Name}
	ask := func(p Point) Ranked {
		e, err := estimate(p.Config)
		if err != nil {
			e = hwsim.UnknownEstimate(err.Error())
		}
		return Ranked{p, e}
	}
	var points []Point
	found := false
	for _, p := range v.Points {
		switch {
		case p.Workload != w.Name || p.Config.EngineDSPs() > reference.EngineDSPs():
		case p.Config == reference:
			r.Reference, found = ask(p), true
		default:
			points = append(points, p)
		}
	}
	if !found {
		return nil, fmt.Errorf("explore: configuration %q is none of the survey's points of %s: a reference has to be", reference.Name, w.Name)
	}
	r.Tried = len(points)
	slices.SortStableFunc(points, func(a, b Point) int { return cmp.Compare(b.FPS, a.FPS) })
	for _, p := range points[:min(n, len(points))] {
		r.Best = append(r.Best, ask(p))
	}
	return r, nil
}
