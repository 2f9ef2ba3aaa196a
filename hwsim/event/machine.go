// SPDX-License-Identifier: Apache-2.0

package event

import (
	"sync"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/schedule"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// A layout is the part of a workload's rounds that depends on the room for activations,
// and on neither the engines nor any rate. All configurations with equal room share it. It
// does not change.
type layout struct {
	schedule *schedule.Schedule
	tilings  []schedule.Tiling
	grids    [][]schedule.Grid // the grids of each tiling, by step
	units    [][]unitWork      // the work of the auxiliary units, by step
	steps    []Step            // names and multiply-accumulates of the steps, for one picture
	alike    []int             // index of the first step with equal operations
}

// layoutKey is the part of a configuration on which a layout depends.
type layoutKey struct {
	depthwise arch.Depthwise
	division  arch.Division
	capacity  int64
	pictures  int64
}

func newLayout(w *workload.Workload, c *arch.Config, o *Options, pictures int64) (l *layout, err error) {
	defer count.Catch(&err)
	l = &layout{}
	if l.schedule, err = schedule.New(w, *c, scheduled(o, pictures)); err != nil {
		return nil, err
	}
	list := l.schedule.Steps
	l.tilings = l.schedule.Tilings(int64(o.TilePixels))
	for _, t := range l.tilings {
		grids := make([]schedule.Grid, len(list))
		for i := range list {
			grids[i] = l.schedule.Grid(&list[i], t)
		}
		l.grids = append(l.grids, grids)
	}
	seen := make(map[stepShape]int)
	for i := range list {
		s := &list[i]
		l.units = append(l.units, elements(s, c.Division))
		macs, paper := s.MACs()
		step := Step{Name: s.Lead().Name, Label: s.Label(), Block: s.Lead().Block, MACs: macs, PaperMACs: paper}
		for _, o := range s.Ops {
			step.Ops = append(step.Ops, o.Name)
		}
		step.Labels = make(map[string]string)
		for _, o := range s.Engine {
			step.Labels[o.Name] = o.Label
		}
		l.steps = append(l.steps, step)
		shape := shapeOf(s, &l.schedule.Engines)
		if _, ok := seen[shape]; !ok {
			seen[shape] = i
		}
		l.alike = append(l.alike, seen[shape])
	}
	return l, nil
}

// scheduled returns the options of a schedule.
func scheduled(o *Options, pictures int64) schedule.Options {
	return schedule.Options{Scope: o.Scope, Pipelines: o.Pipelines, Pictures: pictures,
		WeightBits: o.WeightBits, WeightBitsOf: o.WeightBitsOf, FreeMemory: o.FreeMemory}
}

// elements returns the work of each auxiliary unit in a step, by its stall.
func elements(s *schedule.Step, d arch.Division) []unitWork {
	var sums [stallEnd]int64
	for _, o := range s.Ops {
		if unit := unitOf(o, d); unit != workload.Engines {
			sums[unitStall[unit]] += o.Elements
		}
	}
	var list []unitWork
	for u := SumKUnit; u < stallEnd; u++ {
		if sums[u] > 0 {
			list = append(list, unitWork{u, sums[u]})
		}
	}
	return list
}

// unitOf returns the unit that runs an operation. Real dividers divide in place of the
// shifter, by divisors that are not rounded: log2's elements stay with the engines, which
// computed them.
func unitOf(o *workload.Operation, d arch.Division) workload.Unit {
	switch {
	case d != arch.DividerDivision:
	case o.Unit == workload.Log2:
		return workload.Engines
	case o.Unit == workload.Shifter:
		return workload.Divider
	}
	return o.Unit
}

// A stepShape is the part of a step on which its prices depend.
type stepShape struct {
	mapping schedule.Mapping
	ops     [3]opShape
}

type opShape struct {
	form                                  workload.Form
	divisor                               bool
	h, w, cout, cin, groups, kernel, bits int
	stride, heads, rows, inner, cols      int
}

func shapeOf(s *schedule.Step, e *schedule.Engines) stepShape {
	shape := stepShape{mapping: s.Mapping}
	for i, o := range s.Engine {
		shape.ops[i] = opShape{o.Form, o.Role == workload.Divisor, o.H, o.W, o.Cout, o.Cin, o.Groups, o.Kernel, int(e.Bits(o)), o.Stride, o.Heads, o.Rows, o.Inner, o.Cols}
	}
	return shape
}

// A pricing holds the prices of the tiles of all steps, for engines of some size.
type pricing struct {
	pricer
	single pricer // the pricer of a single copy, for counting the imbalance
	mu     sync.Mutex
	known  map[priceKey]*price
}

type priceKey struct {
	step int // index of the first step with equal operations
	area schedule.Area
}

// pricingKey is the part of a configuration on which prices depend.
type pricingKey struct {
	mat, rmac              arch.Engine
	depthwise              arch.Depthwise
	share                  arch.Share
	copies, bits           int
	divisorBytes, divisors int64
	pictures               int64
}

func pricingFor(c *arch.Config, o *Options, pictures int64) pricingKey {
	k := pricingKey{mat: c.MAT, rmac: c.RMAC, depthwise: c.Depthwise, share: c.CopiesShare, copies: c.Copies, bits: c.MultiplierBits,
		divisorBytes: int64(c.DivisorBytes()), pictures: pictures}
	if !o.FreeMemory {
		k.divisors = c.Buffers.Divisor.Bytes() / (k.divisorBytes * pictures)
	}
	return k
}

func newPricing(k pricingKey, o *Options) *pricing {
	p := &pricing{known: make(map[priceKey]*price)}
	p.pricer = pricer{divisorBytes: k.divisorBytes, divisors: k.divisors, spans: o.Events,
		Engines: schedule.Engines{MAT: k.mat, RMAC: k.rmac, Depthwise: k.depthwise, Share: k.share, Copies: int64(k.copies), Pictures: k.pictures,
			MultiplierBits: int64(k.bits), WeightBits: o.WeightBits, WeightBitsOf: o.WeightBitsOf}}
	p.single = p.pricer
	p.single.Share, p.single.Copies, p.single.Pictures, p.single.spans, p.single.divisors = arch.Pixels, 1, 1, false, 0
	return p
}

// of returns the price of the tiles of one area. It is computed once for all steps with
// equal operations and for all configurations that share the pricing.
func (p *pricing) of(alike int, s *schedule.Step, a schedule.Area) *price {
	key := priceKey{alike, a}
	p.mu.Lock()
	known, ok := p.known[key]
	p.mu.Unlock()
	if ok {
		return known
	}
	known = p.price(s, a)
	known.oneCopy = p.single.cycles(s, a)
	p.mu.Lock()
	p.known[key] = known
	p.mu.Unlock()
	return known
}

// A machine runs rounds of a number of pictures on one configuration.
type machine struct {
	config   *arch.Config
	options  *Options
	pictures int64
	layout   *layout
	schedule schedule.Schedule // the schedule of the layout, with the configuration's engines
	prices   *pricing
	plans    map[planKey]*plan
	rates    [stallEnd]int64
	turns    *[]Turn // the list to which the clock appends the tasks, nil without a reader
}

type planKey struct {
	step int
	grid schedule.Grid
}

func newMachine(c *arch.Config, o *Options, pictures int64, l *layout, p *pricing) *machine {
	m := &machine{config: c, options: o, pictures: pictures, layout: l, schedule: *l.schedule, prices: p, plans: make(map[planKey]*plan)}
	m.schedule.Engines = p.Engines
	m.rates = rates(c, o, pictures)
	return m
}

// rates returns the bytes or elements per cycle of ports and units, 0 where they are free.
func rates(c *arch.Config, o *Options, pictures int64) (r [stallEnd]int64) {
	b, a := c.Buffers, c.Auxiliary
	if !o.FreeMemory {
		r[InputPort], r[WeightPort] = int64(b.Input.PortBytes), int64(b.Weight.PortBytes)
		r[OutputPort], r[DivisorPort] = int64(b.Output.PortBytes), int64(b.Divisor.PortBytes)
	}
	if !o.FreeAuxiliary {
		active := int64(c.Copies)
		if c.CopiesShare == arch.Batch {
			active = pictures
		}
		for s, rate := range [stallEnd]int{SumKUnit: a.SumK, Log2Unit: a.Log2, ShifterUnit: a.Shifter, DividerUnit: a.Dividers, RequantizeUnit: a.Requantize,
			ActivationUnit: a.Activation, AdderUnit: a.Add, ResizerUnit: a.Resize, PoolUnit: a.Pool} {
			if Stall(s) >= SumKUnit {
				r[s] = int64(rate) * active
			}
		}
	}
	return r
}
