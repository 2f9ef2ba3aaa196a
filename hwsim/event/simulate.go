// SPDX-License-Identifier: Apache-2.0

package event

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/internal/count"
	"github.com/gotriovit/gotriovit/hwsim/schedule"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/internal/progress"
)

// Simulate runs a workload on the event-driven model of the package comment. The error
// names the option, or wraps a [hwsim.CapacityError] of the operation that does not fit
// the configuration's buffers.
func Simulate(w *workload.Workload, c arch.Config, o Options) (*Run, error) {
	p, err := prepare(w, o)
	if err != nil {
		return nil, err
	}
	return p.on(c)
}

// A prepared is a workload that was checked once, to be run with equal options on many
// configurations. Configurations with equal room for activations share its schedule.
// Several goroutines may share it.
type prepared struct {
	workload *workload.Workload
	options  Options
	layouts  few[layoutKey, *layout]
	prices   few[pricingKey, *pricing]
}

// prepare checks a workload and options, with the errors of [Simulate].
func prepare(w *workload.Workload, o Options) (*prepared, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	if err := w.Validate(); err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	if err := o.known(w); err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	return &prepared{workload: w, options: o.filled()}, nil
}

// on runs the workload on a configuration, with the errors of [Simulate].
func (p *prepared) on(c arch.Config) (*Run, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	r, err := p.run(&c)
	if err != nil {
		return nil, fmt.Errorf("simulate: workload %q: %w", p.workload.Name, err)
	}
	return r, nil
}

// run runs the rounds of a batch. All but the last have the same number of pictures.
func (p *prepared) run(c *arch.Config) (r *Run, err error) {
	defer count.Catch(&err)
	pictures, full, rest := p.firstPictures(c), int64(p.options.Batch), int64(0)
	if c.CopiesShare == arch.Batch {
		full, rest = full/pictures, full%pictures
	}
	first, err := p.round(c, pictures, &p.options)
	if err != nil {
		return nil, err
	}
	r = newRun(p.workload.Name, c, &p.options, first)
	r.add(first, full)
	if rest > 0 {
		quiet := p.options
		quiet.Events = false
		last, err := p.round(c, rest, &quiet)
		if err != nil {
			return nil, err
		}
		r.add(last, 1)
	}
	count.Mul(r.Cycles, int64(c.Copies)) // this is an upper bound of an account's sum
	return r, nil
}

// firstPictures returns the number of pictures of the first round.
func (p *prepared) firstPictures(c *arch.Config) int64 {
	if c.CopiesShare == arch.Batch {
		return min(int64(c.Copies), int64(p.options.Batch))
	}
	return 1
}

// round runs the given number of pictures at the same time with each tiling, and returns
// the fastest round.
func (p *prepared) round(c *arch.Config, pictures int64, o *Options) (*round, error) {
	m, err := p.machine(c, pictures, o)
	if err != nil {
		return nil, err
	}
	return m.fastest(p.workload.Name)
}

// machine returns the machine of a configuration for the given number of pictures.
func (p *prepared) machine(c *arch.Config, pictures int64, o *Options) (*machine, error) {
	l, err := p.layouts.get(layoutKey{c.Depthwise, c.Division, c.Buffers.Capacity() / pictures, pictures},
		func() (*layout, error) { return newLayout(p.workload, c, o, pictures) })
	if err != nil {
		return nil, err
	}
	key := pricingFor(c, o, pictures)
	prices, _ := p.prices.get(key, func() (*pricing, error) { return newPricing(key, o), nil })
	return newMachine(c, o, pictures, l, prices), nil
}

var errSlower = errors.New("not faster than other tiles")

// fastest returns the round of the fastest tiling. Where none can run, the error is that
// of the smallest tiles.
func (m *machine) fastest(name string) (*round, error) {
	var best *round
	var last error
	bound := int64(math.MaxInt64)
	bar := progress.New("simulate "+name, len(m.layout.tilings))
	defer bar.Done()
	for i, t := range m.layout.tilings {
		switch r, err := m.round(t, m.layout.grids[i], bound); {
		case errors.Is(err, errSlower) || last != nil && errors.Is(err, errTasks):
		case err != nil:
			last = err
		default:
			best, bound = r, r.end
		}
		bar.Add(1)
	}
	if best == nil {
		return nil, last
	}
	return best, nil
}

// round times all steps with one tiling. It gives up with errSlower as soon as the
// remaining work of the engines alone, or of the off-chip memory alone, reaches the bound.
func (m *machine) round(t schedule.Tiling, grids []schedule.Grid, bound int64) (*round, error) {
	k := newClock(m, bound)
	plans := make([]*plan, len(grids))
	for i, g := range grids {
		p := m.plan(i, g)
		if p.err != nil {
			return nil, p.err
		}
		plans[i] = p
		count.Inc(&k.left.cycles, count.Add(p.all.Compute, count.Mul(p.fills, int64(m.config.PipelineDepth))))
		count.Inc(&k.left.bytes, p.all.Traffic.OffChip())
		if k.least() >= bound {
			return nil, errSlower
		}
	}
	for _, p := range plans {
		if err := k.step(p); err != nil {
			return nil, err
		}
	}
	k.issue()
	if k.end() >= bound {
		return nil, errSlower
	}
	return &round{tiling: t, steps: k.steps, host: m.schedule.Host, end: k.end(), drain: k.end() - k.now,
		offChipBusy: k.off.busy, elements: k.elements, events: k.events}, nil
}

// few keeps the most recent values of some keys: enough for the processors of a survey
// whose fastest axes do not change the key.
type few[K comparable, V any] struct {
	mu   sync.Mutex
	keys []K
	made map[K]func() (V, error)
}

const maxFew = 64

// get returns the value of a key. One goroutine makes it while others wait.
func (f *few[K, V]) get(key K, make1 func() (V, error)) (V, error) {
	f.mu.Lock()
	if f.made == nil {
		f.made = make(map[K]func() (V, error))
	}
	once, ok := f.made[key]
	if !ok {
		once = sync.OnceValues(make1)
		f.made[key] = once
		if f.keys = append(f.keys, key); len(f.keys) > maxFew {
			delete(f.made, f.keys[0])
			f.keys = f.keys[1:]
		}
	}
	f.mu.Unlock()
	return once()
}
