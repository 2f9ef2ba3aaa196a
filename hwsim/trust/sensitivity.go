// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// A Sensitivity holds the cycles under changes of each number that a configuration
// assumes.
type Sensitivity struct {
	Workload string
	Config   arch.Config
	// Cycles are the cycles of the unchanged configuration.
	Cycles int64
	// Swings has every assumed number, sorted by the change in cycles, the largest first.
	// Equal ones are in the order of the fields.
	Swings []Swing
	// Zeros are the assumptions of 0, which has neither half nor double. Words are the
	// assumptions that are not numbers.
	Zeros, Words arch.Assumptions
}

// A Swing is one assumption at half and at double its value.
type Swing struct {
	arch.Assumption
	Half, Double Trial
}

// A Trial is a run with another value.
type Trial struct {
	// Value is half or double the assumed value, rounded up where the field is a whole
	// number, and kept within the field's range.
	Value string
	// Cycles are NaN where the model refuses the value; Refusal is the reason.
	Cycles  float64
	Refusal string
}

// most returns the larger difference of the two trials from the given cycles.
func (s *Swing) most(cycles int64) float64 {
	size := func(t Trial) float64 {
		if math.IsNaN(t.Cycles) {
			return math.Inf(1)
		}
		return math.Abs(t.Cycles - float64(cycles))
	}
	return max(size(s.Half), size(s.Double))
}

// NewSensitivity runs one picture for each value. The error is that of the unchanged
// configuration.
func NewSensitivity(w *workload.Workload, c arch.Config, o event.Options) (*Sensitivity, error) {
	base, err := event.Simulate(w, c, o)
	if err != nil {
		return nil, err
	}
	s := &Sensitivity{Workload: w.Name, Config: c, Cycles: base.Cycles}
	for _, a := range c.Assumptions() {
		swing := Swing{Assumption: a}
		number := true
		for _, side := range []struct {
			times float64
			to    *Trial
		}{{0.5, &swing.Half}, {2, &swing.Double}} {
			scaled, value, ok := c.Scaled(a.Field, side.times)
			if number = ok; !number {
				break
			}
			*side.to = Trial{Value: value, Cycles: math.NaN()}
			if r, err := event.Simulate(w, scaled, o); err != nil {
				side.to.Refusal = err.Error()
			} else {
				side.to.Cycles = float64(r.Cycles)
			}
		}
		switch {
		case !number:
			s.Words = append(s.Words, a)
		case a.Value == "0":
			s.Zeros = append(s.Zeros, a)
		default:
			s.Swings = append(s.Swings, swing)
		}
	}
	slices.SortStableFunc(s.Swings, func(a, b Swing) int { return cmp.Compare(b.most(s.Cycles), a.most(s.Cycles)) })
	return s, nil
}

// A Depth is a run with some depth of the engines' pipelines.
type Depth struct {
	Depth  int
	Cycles int64
	// Fill is the part of the cycles in which a pipeline fills.
	Fill int64
}

// Depths runs one picture with each depth from 0 to the deepest.
func Depths(w *workload.Workload, c arch.Config, o event.Options, deepest int) ([]Depth, error) {
	if _, err := c.With("pipeline_depth", deepest); err != nil {
		return nil, fmt.Errorf("depths: %w", err)
	}
	var list []Depth
	for depth := range deepest + 1 {
		c.PipelineDepth = depth
		r, err := event.Simulate(w, c, o)
		if err != nil {
			return nil, err
		}
		fill := r.MAT.Stalls[event.PipelineFill]
		list = append(list, Depth{depth, r.Cycles, max(fill, r.RMAC.Stalls[event.PipelineFill]) / int64(c.Copies)})
	}
	return list, nil
}
