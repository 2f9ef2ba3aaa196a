// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/internal/cache"
	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/shard"
)

// version changes when the same network and pictures would be diagnosed otherwise.
const version = 2

// Options choose the scores of a diagnosis. The zero value leaves out classes, blocks and
// operations one by one, on 16 pictures.
type Options struct {
	// Levels are the levels of the leave-one-out scores; nil means classes, blocks and
	// operations.
	Levels []Level
	// Pictures is the number of pictures for the leave-one-out scores, evenly spread over
	// the data set. They are held in memory. 0 means 16.
	Pictures int
	// Metric also computes the metric of each leave-one-out network, on all pictures.
	Metric bool
	// Shard is the part of the leave-one-out scores to compute; the zero value is all of
	// them. The first shard also computes everything else. See [Merge].
	Shard shard.Shard
}

// filled returns the options with defaults in place of zeros.
func (o Options) filled() Options {
	if o.Levels == nil {
		o.Levels = []Level{ByClass, ByBlock, ByOperation}
	}
	o.Pictures = cmp.Or(o.Pictures, 16)
	return o
}

// Run compares a quantized network with its exact one on labelled pictures. Every stage is
// cached: the tensors by batch of pictures, the leave-one-out scores one by one. So an
// interrupted run resumes behind the last finished stage, and its result has the bits of
// an uninterrupted run. An exact network with values that are not finite is an error; in a
// quantized network they are reported with their tensors. If the context ends, its error
// is returned.
func Run(ctx context.Context, q *calib.Quantized, pictures dataset.Dataset, o Options) (*Report, error) {
	r, err := run(ctx, q, pictures, o)
	if err != nil {
		return nil, fmt.Errorf("diagnose %s on %s: %w", q.Network().Name, pictures.Name(), err)
	}
	return r, nil
}

func run(ctx context.Context, q *calib.Quantized, data dataset.Dataset, o Options) (*Report, error) {
	var err error
	if o.Shard, err = o.Shard.Checked(); err != nil {
		return nil, err
	}
	d, err := begin(q, data, o)
	if err != nil {
		return nil, err
	}
	d.report = &Report{Network: q.Network().Name, Source: q.Source(), Recipe: q.Recipe(), Dataset: data.Name(), Images: data.Len(), Sampled: d.some.Len(), Platform: forward.Platform(),
		ID:    cache.Key(append(slices.Clone(d.key), strconv.Itoa(version), data.Fingerprint(), d.some.Fingerprint(), fmt.Sprint(d.Levels, d.Metric))...),
		Shard: o.Shard}
	stages := []func(context.Context) error{d.leaveOneOut}
	if d.report.first() {
		stages = []func(context.Context) error{d.tensors, d.parity, d.ends, d.leaveOneOut}
	}
	for _, stage := range stages {
		if err := stage(ctx); err != nil {
			return nil, err
		}
	}
	if d.report.first() {
		d.report.Warnings = d.report.health()
	}
	return d.report, nil
}

// begin makes the gated network and samples the pictures.
func begin(q *calib.Quantized, data dataset.Dataset, o Options) (*diagnosis, error) {
	if err := dataset.NotEmpty(data); err != nil {
		return nil, err
	}
	if o.Pictures < 0 {
		return nil, fmt.Errorf("%d pictures for the leave-one-out scores: at least 1, or 0 for 16", o.Pictures)
	}
	g, err := newGated(q)
	if err != nil {
		return nil, err
	}
	o = o.filled()
	d := &diagnosis{Options: o, gated: g, q: q, data: data, key: []string{q.ID(), q.Exact().Hash(), preprocess.Version}}
	d.some, err = dataset.Spread(data, o.Pictures)
	return d, err
}

// A diagnosis is under way.
type diagnosis struct {
	Options
	*gated
	q      *calib.Quantized
	data   dataset.Dataset
	some   dataset.Dataset // the pictures for the leave-one-out scores
	key    []string        // the network's cache key
	report *Report

	// sampled holds the normalized pictures of some, and logits the exact network's logits
	// for them, once load has run.
	sampled, logits []float32
}

// counts accumulate over the batches of pictures.
type counts struct {
	Tensors []tally // the sums of the rounded tensors, in order
	Outputs []tally // the sums of the outputs of convolutions with rounded weights
	Picture [3]moments
}

// moments are sums over one channel of the normalized pictures.
type moments struct{ N, Sum, Squares, Min, Max float64 }

// rounded lists the rounded tensors and the convolutions with rounded weights, each
// once, in the order of the network.
func (g *gated) rounded() (tensors, convolutions []place) {
	seen := map[string]bool{}
	for _, p := range g.places {
		switch {
		case p.operand == ofWeights:
			convolutions = append(convolutions, p)
		case !seen[p.grid]:
			seen[p.grid] = true
			tensors = append(tensors, p)
		}
	}
	return tensors, convolutions
}

// tensors fills in the reports of each tensor and of the pictures.
func (d *diagnosis) tensors(ctx context.Context) error {
	tensors, convolutions := d.rounded()
	var sum *counts
	batch := triovit.BatchSize(d.net)
	bar := progress.New("diagnose the tensors of "+d.net.Name, d.data.Len())
	defer bar.Done()
	for first := 0; first < d.data.Len(); first += batch {
		n := min(batch, d.data.Len()-first)
		inputs := append(slices.Clone(d.key), d.data.Fingerprint(), strconv.Itoa(first), strconv.Itoa(n))
		c, err := cache.Do(ctx, cache.Open(""), "diagnose tensors", version, inputs, func() (*counts, error) {
			return d.count(ctx, tensors, convolutions, first, n)
		})
		if err != nil {
			return err
		}
		if sum == nil {
			sum = c
		} else {
			sum.plus(c)
		}
		bar.Add(n)
	}
	in := d.net.Input().Shape
	d.report.Preprocessing = Preprocessing{Version: preprocess.Version, Width: in[1], Height: in[0], Remarks: d.data.Remarks()}
	for i, m := range sum.Picture {
		mean := m.Sum / m.N
		d.report.Preprocessing.Channels[i] = Channel{m.Min, m.Max, mean, math.Sqrt(max(m.Squares/m.N-mean*mean, 0))}
	}
	for i, p := range tensors {
		d.report.Tensors = append(d.report.Tensors, d.tensor(p, &sum.Tensors[i]))
	}
	for i, p := range convolutions {
		d.report.Tensors = append(d.report.Tensors, d.weights(p, &sum.Outputs[i]))
	}
	at := map[string]int{} // by the grid's name: the tensor's index
	for _, p := range slices.Concat(tensors, convolutions) {
		at[p.grid] = d.at(p.name)
	}
	slices.SortStableFunc(d.report.Tensors, func(a, b Tensor) int { return at[a.Name] - at[b.Name] })
	return nil
}

// at returns the place of an operation in the network.
func (g *gated) at(name string) int {
	return slices.IndexFunc(g.net.Ops, func(op efficientvit.Op) bool { return op.Name == name })
}

func (d *diagnosis) count(ctx context.Context, tensors, convolutions []place, first, n int) (*counts, error) {
	pictures, items, err := triovit.LoadBatch(ctx, d.net, d.data, first, n)
	if err != nil {
		return nil, err
	}
	exact, err := d.every(pictures, d.none())
	if err != nil {
		return nil, err
	}
	for i, values := range exact {
		if bad := triovit.NotFinite(&d.net.Ops[i], values); bad != nil {
			return nil, fmt.Errorf("picture %s: %w", items[bad.Picture].ID, bad)
		}
	}
	rounded, err := d.every(pictures, d.all())
	if err != nil {
		return nil, err
	}
	c := &counts{Tensors: make([]tally, len(tensors)), Outputs: make([]tally, len(convolutions))}
	grids := d.q.Quantizers()
	var group errgroup.Group
	for i, p := range tensors {
		at := d.at(p.name)
		group.Go(func() error {
			c.Tensors[i].add(grids[p.grid], p.class == efficientvit.DivisorOperand.String(), exact[at], rounded[at])
			return nil
		})
	}
	for i, p := range convolutions {
		at := d.at(p.name)
		group.Go(func() error {
			c.Outputs[i].addOutputs(exact[at], rounded[at])
			return nil
		})
	}
	for i, v := range pictures {
		c.Picture[i%3].add(float64(v))
	}
	return c, group.Wait()
}

func (c *counts) plus(o *counts) {
	for i := range c.Tensors {
		c.Tensors[i].plus(&o.Tensors[i])
	}
	for i := range c.Outputs {
		c.Outputs[i].plus(&o.Outputs[i])
	}
	for i, m := range o.Picture {
		s := &c.Picture[i]
		*s = moments{s.N + m.N, s.Sum + m.Sum, s.Squares + m.Squares, min(s.Min, m.Min), max(s.Max, m.Max)}
	}
}

func (m *moments) add(v float64) {
	if m.N == 0 {
		m.Min, m.Max = v, v
	}
	*m = moments{m.N + 1, m.Sum + v, m.Squares + v*v, min(m.Min, v), max(m.Max, v)}
}

// tensor reports on a rounded tensor.
func (d *diagnosis) tensor(p place, t *tally) Tensor {
	made := d.net.Op(p.name)
	q := d.q.Quantizers()[p.grid]
	feeds, readers := d.feeds(p.grid)
	return Tensor{Name: p.grid, Class: p.class, Role: made.Role.String(), Block: made.Block, Feeds: feeds, Readers: readers, Grid: q.String(),
		Values: t.Values, Min: t.Min, Max: t.Max, Isolated: ratio(t.Signal, t.Isolated), Accumulated: ratio(t.Signal, t.All),
		Saturated: t.Counts.Saturated, Zeros: t.Counts.Zeros, NotFinite: t.Counts.NotFinite, Codes: calib.ViewOf(q).Codes, Used: t.Counts.Codes()}
}

// feeds returns the operations that read a tensor on a grid: with their roles before their
// names, and the names alone.
func (d *diagnosis) feeds(grid string) (feeds, readers []string) {
	for _, p := range d.places {
		if p.operand != ofWeights && p.grid == grid {
			feeds, readers = append(feeds, p.op.Role.String()+" "+p.op.Name), append(readers, p.op.Name)
		}
	}
	return feeds, readers
}

// weights reports on a convolution's filters. t holds the counts of the convolution's
// outputs.
func (d *diagnosis) weights(p place, t *tally) Tensor {
	name := p.op.Params[0].Name
	exact, rounded := d.q.Exact().Weights[name].Data, d.q.Model.Weights[name].Data
	grids := d.q.WeightGrids[p.name]
	per := len(exact) / len(grids)
	var w tally
	codes := map[int]bool{}
	w.sight(exact)
	for i, x := range exact {
		g := grids[i/per]
		w.Isolated += square(rounded[i], x)
		if calib.ViewOf(g).Beyond(x) {
			w.Counts.Saturated++
		}
		codes[g.Code(rounded[i])] = true
	}
	return Tensor{Name: p.name, Class: weightsClass, Role: p.op.Role.String(), Block: p.op.Block, Feeds: []string{p.op.Role.String() + " " + p.name}, Readers: []string{p.name},
		Grid:   fmt.Sprintf("uniform %d..%d, a step for each of %d filters", grids[0].Lo, grids[0].Hi, len(grids)),
		Values: w.Values, Min: w.Min, Max: w.Max, Isolated: ratio(w.Signal, w.Isolated), Accumulated: ratio(t.Signal, t.All),
		Saturated: w.Counts.Saturated, NotFinite: t.Counts.NotFinite, Codes: codesOf(grids), Used: len(codes)}
}

// codesOf returns the number of codes of the filters' largest grid.
func codesOf(grids []grid.Uniform) int {
	n := 0
	for _, g := range grids {
		n = max(n, g.Hi-g.Lo+1)
	}
	return n
}

// load loads the sampled pictures and computes their exact logits, once.
func (d *diagnosis) load(ctx context.Context) (err error) {
	if d.sampled != nil {
		return nil
	}
	if d.sampled, _, err = triovit.LoadBatch(ctx, d.net, d.some, 0, d.some.Len()); err != nil {
		return err
	}
	d.logits, err = d.batches(ctx, func(pictures []float32) ([]float32, error) { return d.predict(pictures, d.none()) })
	return err
}

// batches runs the sampled pictures in batches and returns all their logits.
func (d *diagnosis) batches(ctx context.Context, predict func(pictures []float32) ([]float32, error)) ([]float32, error) {
	var all []float32
	for pictures := range slices.Chunk(d.sampled, triovit.BatchSize(d.net)*efficientvit.Size(d.net.Input().Shape)) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		logits, err := predict(pictures)
		if err != nil {
			return nil, err
		}
		all = append(all, logits...)
	}
	return all, nil
}

// parity compares the exact network after the transforms with the network before them.
func (d *diagnosis) parity(ctx context.Context) error {
	inputs := append(slices.Clone(d.key), d.q.Original().Hash(), d.some.Fingerprint())
	p, err := cache.Do(ctx, cache.Open(""), "diagnose parity", version, inputs, func() (*Parity, error) {
		if err := d.load(ctx); err != nil {
			return nil, err
		}
		original, err := forward.New(d.q.Original())
		if err != nil {
			return nil, err
		}
		want, err := d.batches(ctx, original.Predict)
		if err != nil {
			return nil, err
		}
		p := &Parity{SQNR: between(want, d.logits)}
		classes := d.net.Output().Shape[len(d.net.Output().Shape)-1]
		same := 0
		for i := 0; i < len(want); i += classes {
			if largest(want[i:i+classes]) == largest(d.logits[i:i+classes]) {
				same++
			}
		}
		p.Agree = float64(same) / float64(len(want)/classes)
		for i, v := range want {
			p.Largest = max(p.Largest, math.Abs(float64(v)-float64(d.logits[i])))
		}
		return p, nil
	})
	if err == nil {
		d.report.Parity = *p
	}
	return err
}

// largest returns the index of the first of the largest values.
func largest(values []float32) int { return slices.Index(values, slices.Max(values)) }

// between returns the SQNR of y as an approximation of x, in dB.
func between(x, y []float32) Decibels {
	signal, noise := 0.0, 0.0
	for i, v := range x {
		signal += float64(v) * float64(v)
		noise += square(y[i], v)
	}
	return ratio(signal, noise)
}

// ends fills in the scores of the exact and of the quantized network.
func (d *diagnosis) ends(ctx context.Context) (err error) {
	if d.report.Exact, err = d.score(ctx, "nothing", d.none()); err != nil {
		return err
	}
	d.report.All, err = d.score(ctx, "everything", d.all())
	return err
}

// leaveOneOut fills in the scores of the shard's units.
func (d *diagnosis) leaveOneOut(ctx context.Context) error {
	var units []Unit
	for _, level := range d.Levels {
		of, err := d.units(level)
		if err != nil {
			return err
		}
		units = append(units, of...)
	}
	begin, end := d.Shard.Share(len(units))
	units = slices.Clone(units[begin:end])
	bar := progress.New("diagnose "+d.net.Name+" by leaving one out", 2*len(units))
	defer bar.Done()
	for i := range units {
		u := &units[i]
		var err error
		if u.Only, err = d.score(ctx, "only "+u.Name, u.mask); err != nil {
			return err
		}
		bar.Add(1)
		if u.AllBut, err = d.score(ctx, "all but "+u.Name, inverse(u.mask)); err != nil {
			return err
		}
		bar.Add(1)
	}
	d.report.Units = units
	return nil
}

// score scores the network in which the places of the mask are rounded.
func (d *diagnosis) score(ctx context.Context, name string, mask []bool) (Score, error) {
	if ctx.Err() != nil {
		return Score{}, context.Cause(ctx)
	}
	key := append(slices.Clone(d.key), fmt.Sprint(mask))
	sqnr, err := cache.Do(ctx, cache.Open(""), "diagnose score", version, append(slices.Clone(key), d.some.Fingerprint()), func() (Decibels, error) {
		if err := d.load(ctx); err != nil {
			return 0, err
		}
		logits, err := d.batches(ctx, func(pictures []float32) ([]float32, error) { return d.predict(pictures, mask) })
		if err != nil {
			return 0, err
		}
		return between(d.logits, logits), nil
	})
	if err != nil || !d.Metric {
		return Score{SQNR: sqnr}, err
	}
	metric, err := d.metric(ctx, name, cache.Key(key...), mask)
	return Score{sqnr, metric}, err
}
