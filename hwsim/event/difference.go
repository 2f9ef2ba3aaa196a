// SPDX-License-Identifier: Apache-2.0

package event

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/table"
)

// A Term is one use of cycles.
type Term uint8

// The terms. Those below are not stalls; one term for each [Stall] follows them, in the
// order of the stalls.
const (
	// Work is the cycles that the multiply-accumulates would take if every multiplier of
	// both engines made one in every cycle.
	Work Term = iota
	// LaneRounding is the loss in lanes without an output to make, where output channels,
	// or in R-MAC's depthwise mode pixels of a row, are not a multiple of the lanes.
	LaneRounding
	// MACRounding is the loss in idle MACs of busy lanes: input channels that are not a
	// multiple of them, MACs that one engine has more than the other where both keep step,
	// and further turns of narrow multipliers.
	MACRounding
	// NoWork is the time in which the step has no work for an engine.
	NoWork

	firstStall
	termEnd = firstStall + Term(stallEnd)
)

// termOf returns the term of a stall. [Imbalance], [Stream], [Partner] and [Channels] are
// also rounding: work that cannot be divided among the copies, in a pipeline, or between
// the engines, or that only one engine can do.
func termOf(s Stall) Term { return firstStall + Term(s) }

// String returns the term's name in reports.
func (t Term) String() string {
	switch t {
	case Work:
		return "work"
	case LaneRounding:
		return "rounding of lanes"
	case MACRounding:
		return "rounding of MACs"
	case NoWork:
		return "no work"
	}
	return Stall(t - firstStall).String()
}

// Spending holds the cycles of each term.
type Spending [termEnd]int64

// Cycles returns the sum over the terms.
func (s *Spending) Cycles() int64 {
	var sum int64
	for _, n := range s {
		sum += n
	}
	return sum
}

// add adds b, multiplied by times.
func (s *Spending) add(b *Spending, times int64) {
	for t := range s {
		s[t] += times * b[t]
	}
}

// ranked returns the terms other than 0, the largest first.
func (s *Spending) ranked() []Term {
	var list []Term
	for t, n := range s {
		if n != 0 {
			list = append(list, Term(t))
		}
	}
	size := func(t Term) int64 { return max(s[t], -s[t]) }
	slices.SortStableFunc(list, func(a, b Term) int { return cmp.Compare(size(b), size(a)) })
	return list
}

// String names the terms other than 0, the largest first.
func (s *Spending) String() string {
	var text []string
	for _, t := range s.ranked() {
		text = append(text, fmt.Sprintf("%s %+d", t, s[t]))
	}
	return strings.Join(text, ", ")
}

// MarshalJSON writes the terms by name, without those of no cycles.
func (s Spending) MarshalJSON() ([]byte, error) {
	named := make(map[string]int64)
	for t, n := range s {
		if n != 0 {
			named[Term(t).String()] = n
		}
	}
	return json.Marshal(named)
}

// Spending splits the cycles of a step on a configuration by term. Each term is in
// proportion to the multipliers that it concerns, in whole cycles that add up to the
// step's.
func (s *Step) Spending(c *arch.Config) Spending {
	var parts [termEnd]big.Int // cycles times multipliers, by term
	add := func(t Term, factors ...int64) {
		p := big.NewInt(1)
		for _, f := range factors {
			p.Mul(p, big.NewInt(f))
		}
		parts[t].Add(&parts[t], p)
	}
	for _, on := range []struct {
		a           *Account
		lanes, macs int
	}{{&s.MAT, c.MAT.Lanes, c.MAT.MACs}, {&s.RMAC, c.RMAC.Lanes, c.RMAC.MACs}} {
		a, lanes, macs := on.a, int64(on.lanes), int64(on.macs)
		add(Work, a.MACs)
		add(LaneRounding, a.Busy*lanes-a.Lanes, macs)
		add(MACRounding, a.Lanes, macs)
		add(MACRounding, -a.MACs)
		add(NoWork, a.Idle, lanes, macs)
		for cause, n := range a.Stalls {
			add(termOf(Stall(cause)), n, lanes, macs)
		}
	}
	all := big.NewInt(int64(c.Multipliers()))
	var spent Spending
	var sum, whole big.Int
	before := int64(0)
	for t := range parts {
		sum.Add(&sum, &parts[t])
		now := whole.Quo(&sum, all).Int64()
		spent[t], before = now-before, now
	}
	return spent
}

// Spending splits all cycles of the run, as [Step.Spending] splits a step's.
func (r *Run) Spending() Spending {
	var all Spending
	for i := range r.Steps {
		spent := r.Steps[i].Spending(&r.Config)
		all.add(&spent, 1)
	}
	all[termOf(OutputStore)] += r.Drain
	return all
}

// A Difference splits the difference in cycles of two runs of one workload by term.
type Difference struct {
	From, To *Run `json:"-"`
	// Cycles are the cycles of To less those of From, and Terms their parts by term.
	Cycles int64    `json:"cycles"`
	Terms  Spending `json:"terms"`
	// Steps match the steps of both runs. Where the runs have different steps, as with a
	// pipeline in one of them, the fewest steps with the same operations form one entry.
	// The last entry, without operations, is the storing of the last results.
	Steps []StepDifference `json:"steps"`
}

// A StepDifference is the part of a [Difference] that belongs to some operations.
type StepDifference struct {
	Ops []string `json:"operations"`
	// From and To are the cycles of both runs; Terms add up to To less From.
	From  int64    `json:"from"`
	To    int64    `json:"to"`
	Terms Spending `json:"terms"`
}

// Diff returns the difference between two runs. Runs with different operations or batches
// are an error.
func Diff(from, to *Run) (*Difference, error) {
	if from.Options.Batch != to.Options.Batch {
		return nil, fmt.Errorf("compare: batches of %d and %d", from.Options.Batch, to.Options.Batch)
	}
	different := fmt.Errorf("compare: %s and %s have different operations", from.Workload, to.Workload)
	d := &Difference{From: from, To: to, Cycles: to.Cycles - from.Cycles}
	a, b := from.Steps, to.Steps
	for len(a) > 0 && len(b) > 0 {
		var s StepDifference
		var left, right []string
		for len(left) == 0 || len(left) != len(right) {
			switch {
			case len(left) <= len(right) && len(a) > 0:
				s.From += a[0].Cycles
				left = append(left, a[0].Ops...)
				spent := a[0].Spending(&from.Config)
				s.Terms.add(&spent, -1)
				a = a[1:]
			case len(b) > 0:
				s.To += b[0].Cycles
				right = append(right, b[0].Ops...)
				spent := b[0].Spending(&to.Config)
				s.Terms.add(&spent, 1)
				b = b[1:]
			default:
				return nil, different
			}
		}
		if !slices.Equal(left, right) {
			return nil, different
		}
		s.Ops = left
		d.Steps = append(d.Steps, s)
	}
	if len(a)+len(b) > 0 {
		return nil, different
	}
	drain := StepDifference{Ops: []string{}, From: from.Drain, To: to.Drain}
	drain.Terms[termOf(OutputStore)] = to.Drain - from.Drain
	d.Steps = append(d.Steps, drain)
	for i := range d.Steps {
		d.Terms.add(&d.Steps[i].Terms, 1)
	}
	return d, nil
}

// shown is the largest number of steps in [Difference.Tables].
const shown = 10

// Tables has a table of all terms other than 0, and one of the steps that differ most.
func (d *Difference) Tables() table.Page {
	var s table.Writer
	fmt.Fprintf(&s, "%d cycles, %+d against %d on %s\n", d.To.Cycles, d.Cycles, d.From.Cycles, d.From.Config)
	if terms := d.Terms.ranked(); terms != nil {
		s.Table("because of\tcycles\t", func(row func(string, ...any)) {
			for _, t := range terms {
				row("%s\t%+d\t", t, d.Terms[t])
			}
		})
	}
	steps := slices.DeleteFunc(slices.Clone(d.Steps), func(s StepDifference) bool { return s.From == s.To })
	if len(steps) == 0 {
		return s.Page()
	}
	size := func(s StepDifference) int64 { return max(s.To-s.From, s.From-s.To) }
	slices.SortStableFunc(steps, func(a, b StepDifference) int { return cmp.Compare(size(b), size(a)) })
	fmt.Fprintf(&s, "%d steps differ, most of all these:\n", len(steps))
	s.Words("step\tcycles before\tcycles now\tdifference\tbecause of", func(row func(string, ...any)) {
		for _, step := range steps[:min(shown, len(steps))] {
			name := "storing the last results"
			if len(step.Ops) > 0 {
				name = step.Ops[0]
			}
			row("%s\t%d\t%d\t%+d\t%s", name, step.From, step.To, step.To-step.From, &step.Terms)
		}
	})
	return s.Page()
}

// String is the text of [Difference.Tables], which ends with a line break.
func (d *Difference) String() string { return d.Tables().String() }
