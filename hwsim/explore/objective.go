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

// An Objective is a number that a front compares.
type Objective uint8

// The objectives: more pictures per second, less energy per picture, fewer DSP slices,
// fewer block RAMs. Energy ranks only configurations whose differences a table prices: see
// [Survey.Front].
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

// check returns an error for an undefined objective.
func (o Objective) check() error {
	if o > BRAMs {
		return fmt.Errorf("explore: no objective %d: have %s, %s, %s and %s", uint8(o), FPS, Energy, DSPs, BRAMs)
	}
	return nil
}

// pricedAxis returns an error for a field whose increase costs nothing in any energy
// table. Events are counted where a byte leaves a buffer, however many engines it is then
// broadcast to, and there is no static power. So a picture would always take less energy
// with more engines, wider ports or faster units.
func pricedAxis(field string) error {
	if slices.Contains(pricedFields, field) {
		return nil
	}
	return fmt.Errorf("explore: axis %q: %s cannot rank its points, for no table prices broadcast and static power: it ranks those that vary in %s", field, Energy, strings.Join(pricedFields, ", "))
}

// pricedFields are the fields whose cost is in the counted events.
var pricedFields = []string{"buffers.input.kib", "buffers.weight.kib", "buffers.output.kib", "buffers.divisor.kib", "copies_share", "depthwise", "division"}

// score returns the point's value, where more is better, or NaN where it is not known.
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

// noEnergy returns the reason why an energy is not known, or "".
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
	// Unrankable counts the points with an unknown objective. They are neither on the
	// front nor beaten by it. Why is the reason of the first.
	Unrankable int
	Why        string
	fields     []string
}

// Front returns the points of a workload that no other of its points dominates in the
// objectives, or in the survey's if none are given. A workload without points is an error,
// and so is [Energy] where an axis is a field whose energy no table prices, such as the
// copies.
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
