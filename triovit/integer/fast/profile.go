// SPDX-License-Identifier: Apache-2.0

package fast

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/internal/kernel"
)

// A Step is one unit of an executor's computation: an operation with the operations behind
// it that run in the cache.
type Step struct {
	// Op is the first operation of the step, Shape the shape of its tensor.
	Op    *integer.Op
	Shape [3]int
	// Operations is the number of operations in the step, MACs the number of its
	// multiply-accumulates.
	Operations int
	MACs       int64
	// Time is the shortest time of the step over all runs.
	Time time.Duration
}

// Classes are the classes of steps, by the operation that a step begins with. The time of a
// convolution includes the Hardswish and the requantizations behind it.
var Classes = []string{"1×1 convolutions", "depthwise convolutions", "other convolutions", "attention", "the rest"}

// Class returns the step's class, one of [Classes].
func (s Step) Class() string {
	switch o := s.Op.Operation.(type) {
	case *integer.Conv:
		switch {
		case o.Groups == 1 && o.Kernel == 1:
			return Classes[0]
		case o.Groups == len(o.Bias) && o.Groups > 1:
			return Classes[1]
		}
		return Classes[2]
	default:
		if s.MACs > 0 {
			return Classes[3]
		}
		return Classes[4]
	}
}

// A Profile says where the time of one picture goes.
type Profile struct {
	// Network is the name of the model, Kernels that of the executor's kernels.
	Network, Kernels string
	Steps            []Step
	// Cores is the number of cores that divide a picture. Peak is the number of
	// multiply-accumulates per second that the same kernels make on so many cores at once
	// while their operands stay in the first-level caches. It is measured after the steps.
	Cores int
	Peak  float64
}

// Sum returns the multiply-accumulates and the times of all steps.
func (p *Profile) Sum() (macs int64, took time.Duration) {
	for _, s := range p.Steps {
		macs, took = macs+s.MACs, took+s.Time
	}
	return macs, took
}

// Share returns the share of the peak that so many multiply-accumulates in a time are, a
// fraction of 1.
func (p *Profile) Share(macs int64, took time.Duration) float64 {
	return float64(macs) / took.Seconds() / p.Peak
}

// Table returns a row for each step and one for all of them.
func (p *Profile) Table() table.Table {
	macs, took := p.Sum()
	t := table.Table{
		Title: fmt.Sprintf("%s on the kernels %s, cores: %d, peak: %.0f GMAC/s", p.Network, p.Kernels, p.Cores, p.Peak/1e9),
		Columns: []table.Column{
			{Name: "time", Unit: "ms", Format: "%.3f"}, {Name: "of all", Unit: "%", Format: "%.1f"},
			{Name: "products", Unit: "MMAC", Format: "%.2f"}, {Name: "of the peak", Unit: "%", Format: "%.1f"},
			{Name: "operations"}, {Name: "shape"}, {Name: "class"}, {Name: "begins with", Align: table.Left},
		},
	}
	all := Step{MACs: macs, Time: took}
	row := func(s Step, shape, class, name string) {
		t.Rows = append(t.Rows, []any{1e3 * s.Time.Seconds(), 100 * s.Time.Seconds() / took.Seconds(), float64(s.MACs) / 1e6,
			100 * p.Share(s.MACs, s.Time), s.Operations, shape, class, name})
	}
	for _, s := range p.Steps {
		all.Operations += s.Operations
		row(s, fmt.Sprintf("%d×%d×%d", s.Shape[0], s.Shape[1], s.Shape[2]), s.Class(), s.Op.Name)
	}
	row(all, "", "", "all")
	return t
}

// String returns the table as text.
func (p *Profile) String() string { return p.Table().String() }

// Kernels returns the name of the kernels that the executor runs.
func (e *Executor) Kernels() string { return e.kernels.Name }

// Profile runs a picture the given number of times, at least once, and returns the steps,
// each with its shortest time. It checks the context before each run.
func (e *Executor) Profile(ctx context.Context, picture []int32, runs int) (*Profile, error) {
	if runs < 1 {
		return nil, fmt.Errorf("a profile of %d runs: 1 and more are allowed", runs)
	}
	steps := make([]Step, len(e.steps))
	for i, planned := range e.steps {
		s := &steps[i]
		if len(planned.ops) == 0 { // the step belongs to the previous step's operation
			*s = Step{Op: steps[i-1].Op, Shape: steps[i-1].Shape}
			continue
		}
		first := planned.ops[0]
		*s = Step{Op: &e.model.Ops[first], Shape: e.tensors[first].Shape, Operations: len(planned.ops)}
		for _, at := range planned.ops {
			s.MACs += e.macs(at)
		}
	}
	logits := make([]int32, e.tensors[len(e.tensors)-1].Elements())
	for run := range runs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := e.runSteps(logits, picture, func(s *state, i int) {
			begin := time.Now()
			s.do(&e.steps[i])
			if took := time.Since(begin); run == 0 || took < steps[i].Time {
				steps[i].Time = took
			}
		}); err != nil {
			return nil, err
		}
	}
	return &Profile{e.model.Name, e.kernels.Name, steps, e.group.cores(), peak(e.kernels, e.group.cores())}, nil
}

// peak returns the multiply-accumulates per second of several cores, which compute at the
// same time. It adds up the best of each.
func peak(k *kernel.Set, cores int) float64 {
	each := make([]float64, cores)
	var all sync.WaitGroup
	for i := range each {
		all.Go(func() { each[i] = corePeak(k) })
	}
	all.Wait()
	sum := 0.0
	for _, p := range each {
		sum += p
	}
	return sum
}

// corePeak returns the multiply-accumulates per second of one core in a product of matrices
// whose operands and sums, 23 kB, fit a first-level cache. It is the best of some runs,
// which take about two milliseconds on a fast processor.
func corePeak(k *kernel.Set) float64 {
	const rows, blocks, steps, times, runs = 24, 4, 48, 40, 30
	p := kernel.Patch{Row: 4 * steps, Line: 4 * steps, Lines: 1, Steps: steps}
	acc := make([]int32, blocks*rows*kernel.Lanes)
	a := make([]byte, rows*p.Row+kernel.Slack)
	w := make([]int8, blocks*steps*kernel.Lanes*4)
	bias := make([]int32, blocks*kernel.Lanes)
	best := time.Duration(math.MaxInt64)
	for range runs {
		begin := time.Now()
		for range times {
			k.Multiply(acc, a, &p, rows, w, bias, blocks)
		}
		best = min(best, max(time.Since(begin), 1)) // a clock may be coarser than the products are long
	}
	return float64(rows*blocks*kernel.Lanes*4*steps*times) / best.Seconds()
}

// macs returns the number of an operation's multiply-accumulates.
func (e *Executor) macs(at int) int64 {
	op, y := &e.model.Ops[at], e.tensors[at]
	switch o := op.Operation.(type) {
	case *integer.Conv:
		return int64(y.Shape[0]*y.Shape[1]) * int64(len(o.Weights))
	case *integer.MatMul:
		for i := range e.model.Ops {
			if x := e.tensors[i].Shape; e.model.Ops[i].Name == op.Inputs[0] {
				if o.OverTokens {
					return int64(x[0]) * int64(y.Elements())
				}
				return int64(x[2]) * int64(y.Elements())
			}
		}
	}
	return 0
}
