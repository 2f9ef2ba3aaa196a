// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
)

// An Objective is what a front weighs.
type Objective uint8

// The objectives: more pictures per second, less energy for each, fewer DSP
// slices, fewer block RAMs. Energy ranks only what a table prices: see [Survey.Front].
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

// MarshalText is the objective's name.
func (o Objective) MarshalText() ([]byte, error) { return []byte(o.String()), o.check() }

// UnmarshalText reads the objective's name.
func (o *Objective) UnmarshalText(name []byte) error {
	for *o = FPS; *o <= BRAMs; *o++ {
		if o.String() == string(name) {
			return nil
		}
	}
	return fmt.Errorf("explore: no objective %.40q: have %s, %s, %s and %s", name, FPS, Energy, DSPs, BRAMs)
}

// check refuses what is no objective.
func (o Objective) check() error {
	if o > BRAMs {
		return fmt.Errorf("explore: no objective %d: have %s, %s, %s and %s", uint8(o), FPS, Energy, DSPs, BRAMs)
	}
	return nil
}

// pricedAxis refuses a field of which more is free by any energy table. Events are
// counted where a byte leaves a buffer, however many engines it is then broadcast to, and
// there is no static power: with more engines, wider ports or faster units a picture
// would always take less energy.
func pricedAxis(field string) error {
	if slices.Contains(pricedFields, field) {
		return nil
	}
	return fmt.Errorf("explore: axis %q: %s cannot rank its points, for no table prices broadcast and static power: it ranks those that vary in %s", field, Energy, strings.Join(pricedFields, ", "))
}

// pricedFields are the fields of which the counted events have the price.
var pricedFields = []string{"buffers.input.kib", "buffers.weight.kib", "buffers.output.kib", "buffers.divisor.kib", "copies_share", "depthwise", "division"}

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

// noEnergy says why an energy is not known, and nothing where it is.
func noEnergy(p *hwsim.Pricing) string {
	switch {
	case p.Uncounted != "":
		return p.Uncounted
	case p.Table == "":
		return "there is no energy table"
	case p.Missing != "":
		return fmt.Sprintf("%s has no entry for %s", p.Table, p.Missing)
	}
	return ""
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
// in the objectives, which are the survey's if none are given. It refuses a
// workload of which the survey has no point, and [Energy] where an axis is a field whose
// energy no table prices, such as the copies.
func (v *Survey) Front(workload string, objectives ...Objective) (*Front, error) {
	if !slices.Contains(v.Workloads(), workload) {
		return nil, fmt.Errorf("explore: no points of workload %q: have those of %q", workload, v.Workloads())
	}
	for _, o := range objectives {
		if err := o.check(); err != nil {
			return nil, err
		}
		if o != Energy {
			continue
		}
		for _, field := range v.Fields {
			if err := pricedAxis(field); err != nil {
				return nil, err
			}
		}
	}
	return v.front(workload, objectives...), nil
}

// objectives returns the survey's.
func (v *Survey) objectives() []Objective {
	if len(v.Objectives) == 0 {
		return []Objective{FPS, DSPs}
	}
	return v.Objectives
}

func (v *Survey) front(workload string, objectives ...Objective) *Front {
	if len(objectives) == 0 {
		objectives = v.objectives()
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
			f.Why = cmp.Or(f.Why, noEnergy(&p.Pricing))
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
