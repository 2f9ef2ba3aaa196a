// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/triovit/shard"
)

// A Survey holds the estimated points of a space.
type Survey struct {
	// Model and Note are the model's.
	Model, Note string
	// Base is the space's Base: every point's configuration apart from its values on the
	// axes.
	Base arch.Config
	// Objectives are the space's.
	Objectives []Objective
	// Fields are the paths of the axes.
	Fields []string
	// Points are the points within the limits that the model can estimate, by workload,
	// then in the order of the axes, the last varying fastest.
	Points []Point
	// Shard is the space's shard. Space is a hash of everything that its shards have in
	// common, by which [Merge] recognizes them.
	Shard shard.Shard
	Space string
	// Tried counts all combinations of configurations and workloads; in a shard, those of
	// the shard. OverLimit counts those beyond the limits, and Refused those that the
	// model cannot estimate. Refusal is the reason of the first.
	Tried, OverLimit, Refused int
	Refusal                   error

	file string // path of the file from which the survey was read, or empty
}

// A Point is one workload on one configuration.
type Point struct {
	hwsim.Estimate
	// Values are the configuration's on the axes.
	Values []any
	// DSPs are the DSP slices of engines and auxiliary units. BRAMs are the block RAMs of
	// 36 Kbit of the buffers.
	DSPs, BRAMs int
}

// Utilization returns GOPS as a share of the configuration's peak.
func (p *Point) Utilization() float64 { return p.GOPS / p.Config.PeakGOPS() }

// Sweep estimates every combination on all processors. Errors are a value that a field
// cannot have, a space without workloads, and more than 2^20 points. For a space with a
// shard it estimates that part. A long sweep shows its progress. If ctx ends first, its
// cause is returned.
func Sweep(ctx context.Context, s Space) (*Survey, error) {
	size, err := s.size()
	if err != nil {
		return nil, err
	}
	charges := make([]func(arch.Config) (hwsim.Estimate, error), len(s.Workloads))
	for i, w := range s.Workloads {
		if charges[i], err = s.Model.Prepare(w); err != nil {
			return nil, fmt.Errorf("explore: %w", err)
		}
	}
	begin, end := s.Shard.Share(size * len(charges))
	total := end - begin
	outcomes := make([]outcome, total)
	bar := progress.New("explore", total)
	defer bar.Done()
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= total {
					return
				}
				at := begin + i
				outcomes[i] = s.try(at%size, charges[at/size])
				bar.Add(1)
			}
		})
	}
	workers.Wait()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("explore: %w", context.Cause(ctx))
	}
	return s.survey(outcomes, begin, size), nil
}

// An outcome is a point, or the reason why there is none; neither where it is beyond the
// limits.
type outcome struct {
	point   *Point
	refusal error
}

// try estimates the configuration with the given index.
func (s *Space) try(index int, charge func(arch.Config) (hwsim.Estimate, error)) outcome {
	c, values, err := s.at(index)
	if err != nil {
		return outcome{refusal: err}
	}
	if !s.Limits.allow(&c) {
		return outcome{}
	}
	e, err := charge(c)
	if err != nil {
		return outcome{refusal: err}
	}
	e.Config = c
	return outcome{point: &Point{Estimate: e, Values: values, DSPs: c.DSPs(), BRAMs: c.BRAMs()}}
}

// survey collects the outcomes of the combinations from begin on. Each workload has size
// combinations.
func (s *Space) survey(outcomes []outcome, begin, size int) *Survey {
	v := &Survey{Model: s.Model.Name, Note: s.Model.Note, Base: s.Base, Objectives: s.Objectives, Shard: s.Shard, Space: s.hash(), Tried: len(outcomes)}
	for _, axis := range s.Axes {
		v.Fields = append(v.Fields, axis.Field)
	}
	for i, o := range outcomes {
		switch {
		case o.point != nil:
			o.point.Workload = s.Workloads[(begin+i)/size].Name
			v.Points = append(v.Points, *o.point)
		case o.refusal != nil:
			v.Refused++
			v.Refusal = cmp.Or(v.Refusal, o.refusal)
		default:
			v.OverLimit++
		}
	}
	return v
}

// Assumptions lists the assumptions of every point: those of the base, without the fields
// of the axes, whose values each point has.
func (v *Survey) Assumptions() arch.Assumptions {
	return slices.DeleteFunc(v.Base.Assumptions(), func(a arch.Assumption) bool { return slices.Contains(v.Fields, a.Field) })
}

// Workloads returns the names of the workloads that have points, in their order.
func (v *Survey) Workloads() []string {
	var names []string
	for i := range v.Points {
		if n := v.Points[i].Workload; len(names) == 0 || names[len(names)-1] != n {
			names = append(names, n)
		}
	}
	return names
}
