// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// A UnitCount is a run with a given number of an auxiliary unit in each copy.
type UnitCount struct {
	PerCopy int
	Cycles  int64
	// DSPs and LUTs are the whole design's.
	DSPs, LUTs int
}

// Counts runs one picture with each number of units in the given field, such as
// "auxiliary.requantize".
func Counts(w *workload.Workload, c arch.Config, o event.Options, field string, numbers ...int) ([]UnitCount, error) {
	var list []UnitCount
	for _, n := range numbers {
		other, err := c.With(field, n)
		if err != nil {
			return nil, err
		}
		r, err := event.Simulate(w, other, o)
		if err != nil {
			return nil, err
		}
		list = append(list, UnitCount{n, r.Cycles, other.DSPs(), other.LUTs()})
	}
	return list, nil
}

// Fewest returns the smallest number of units in the given field for which a picture takes
// no more cycles than with unlimited units. It is at most the number of the engines'
// multipliers in a copy.
func Fewest(w *workload.Workload, c arch.Config, o event.Options, field string) (int, error) {
	enough := c.MAT.Multipliers() + c.RMAC.Multipliers()
	most, err := Counts(w, c, o, field, enough)
	if err != nil {
		return 0, err
	}
	low, high := 0, enough // low is too few units and high is enough: more units never cost a cycle
	for high-low > 1 {
		middle := (low + high) / 2
		tried, err := Counts(w, c, o, field, middle)
		if err != nil {
			return 0, err
		}
		if tried[0].Cycles > most[0].Cycles {
			low = middle
		} else {
			high = middle
		}
	}
	return high, nil
}

// A Demand is a picture's use of the auxiliary units of one kind.
type Demand struct {
	arch.Products
	// Elements are the elements of one picture. PerCycle is their mean per cycle in all
	// copies.
	Elements int64
	PerCycle float64
	// Fewest is the least number of units in a copy for which no cycle is spent waiting.
	Fewest int
	// Slices are the DSPs of the units in all copies.
	Slices int
}

// Demands are the demands for every kind of unit that multiplies.
type Demands []Demand

// NewDemands runs one picture and returns its demands.
func NewDemands(w *workload.Workload, c arch.Config, scope hwsim.Scope) (Demands, error) {
	o := event.Options{Scope: scope}
	r, err := event.Simulate(w, c, o)
	if err != nil {
		return nil, err
	}
	var list Demands
	for _, p := range c.Products() {
		d := Demand{Products: p, Elements: r.Elements[event.Multiplies(p.Field)], Slices: p.Units * p.DSPs() * c.Copies}
		d.PerCycle = float64(d.Elements) / float64(r.Cycles)
		if d.Fewest, err = Fewest(w, c, o, p.Field); err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}
