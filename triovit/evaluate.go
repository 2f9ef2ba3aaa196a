// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"github.com/gotriovit/gotriovit/internal/cache"
	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/segment"
)

// A Predictor is anything that runs a network on pictures: in floating point
// (package forward), fake-quantized (package calib), in integers.
type Predictor interface {
	// Network returns the network that runs.
	Network() *efficientvit.Network
	// Predict runs n normalized pictures, [n, H, W, 3], and returns n outputs, one after
	// another. Where an output is not finite, it returns a [*NotFiniteError] that names
	// the first such tensor. Several goroutines may call it at once.
	Predict(pictures []float32) ([]float32, error)
	// ID identifies everything that the outputs depend on, apart from the pictures:
	// results are cached under it.
	ID() string
	// A predictor may also have methods Platform() string, the backend and processor that
	// compute, and Source() string, the origin of its weights. Reports contain both.
}

// evaluateVersion changes when the same outputs and labels would score differently. Cached
// results of other versions are not used.
const evaluateVersion = 2

// An EvaluateOption changes how [Evaluate] works, the label of its report, or the part of
// the data set that it covers.
type EvaluateOption func(*evaluation)

// NoCache computes everything anew and stores nothing.
func NoCache() EvaluateOption { return func(e *evaluation) { e.cached = false } }

// Titled names the evaluation in its progress bar.
func Titled(title string) EvaluateOption { return func(e *evaluation) { e.title = title } }

// Labelled gives the report a label, such as the recipe of the predictor.
func Labelled(label string) EvaluateOption { return func(e *evaluation) { e.label = label } }

// Sharded covers only one shard of the data set: see [Merge].
func Sharded(s Shard) EvaluateOption { return func(e *evaluation) { e.shard = s } }

// Evaluate scores a predictor on a data set and returns the report: top-1 and top-5 of a
// classifier, mIoU and the confusion matrix of a segmentation.
//
// Pictures are streamed in small groups over all cores. The outcomes of each group are
// stored, so that an interrupted evaluation resumes and a repeated one takes milliseconds.
// Where the network's classes are not the data set's, [dataset.Mapping] must map one to
// the other.
//
// Only finite logits are scored. Logits that are not finite are an error that names the
// first picture and, where the predictor knows it, the first tensor. Labels without a
// pixel that counts are an error too, unless a shard covers only a part of them.
func Evaluate(ctx context.Context, p Predictor, data dataset.Dataset, options ...EvaluateOption) (*Report, error) {
	e := &evaluation{predictor: p, data: data, cached: true, title: p.Network().Name, shard: whole}
	for _, option := range options {
		option(e)
	}
	report, err := e.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("evaluate %s on %s: %w", named(p.Network().Name, e.label), data.Name(), err)
	}
	return report, nil
}

type evaluation struct {
	predictor Predictor
	data      dataset.Dataset
	cached    bool
	title     string
	label     string
	shard     Shard
	mapping   []uint8 // the data set's class of each class of the network, or nil
}

// An outcome is the contribution of one picture to a report, as it is cached.
type outcome struct {
	// Rank is the rank of the right class among a classifier's logits, from 0.
	Rank int
	// Confusion counts a segmentation's pixels, [truth][predicted].
	Confusion []int64
}

func (e *evaluation) run(ctx context.Context) (*Report, error) {
	net := e.predictor.Network()
	if e.data.Len() == 0 {
		return nil, errors.New("the data set is empty")
	}
	var err error
	if e.shard, err = e.shard.Checked(); err != nil {
		return nil, err
	}
	out := net.Output().Shape
	if segments := len(out) == 3; segments != (e.data.Task() == dataset.Segmentation) {
		return nil, fmt.Errorf("the data set is for %s, the network's output is %v", e.data.Task(), out)
	}
	classes := out[len(out)-1]
	if want := len(e.data.Classes()); classes != want {
		e.mapping = dataset.Mapping(classes, e.data.Classes())
		if e.mapping == nil {
			return nil, fmt.Errorf("the network has %d classes, the data set %d", classes, want)
		}
	}
	var store *cache.Cache // a nil cache computes, and keeps nothing
	if e.cached {
		store = cache.Open("")
	}
	// A worker takes one group at a time. Pictures of a group that fit into a batch run
	// together. A shard consists of whole groups, so that its batches are those of the
	// single run.
	batch := BatchSize(net)
	group := max(4, batch)
	begin, stop := e.shard.Share((e.data.Len() + group - 1) / group)
	outcomes := make([][]outcome, stop-begin)
	bar := progress.New("evaluate "+e.title, max(0, min(stop*group, e.data.Len())-begin*group))
	defer bar.Done()
	// Both are the same for every group, and long: a quantized model's ID lists all its
	// grids.
	id, fingerprint := e.predictor.ID(), e.data.Fingerprint()
	work := make(chan int)
	var wg sync.WaitGroup
	// After a group fails, earlier groups still finish: the error is that of the first
	// failing group, whichever worker is the fastest.
	errs := make([]error, stop-begin)
	feeding, halt := context.WithCancel(ctx)
	defer halt()
	for range min(runtime.GOMAXPROCS(0), stop-begin) {
		wg.Go(func() {
			for g := range work {
				first, end := g*group, min((g+1)*group, e.data.Len())
				compute := func() ([]outcome, error) { return e.group(ctx, first, end, batch) }
				inputs := []string{id, preprocess.Version, fingerprint, strconv.Itoa(first), strconv.Itoa(end)}
				scored, err := cache.Do(ctx, store, "evaluate", evaluateVersion, inputs, compute)
				if err != nil {
					errs[g-begin] = err
					halt()
					return
				}
				outcomes[g-begin] = scored
				bar.Add(end - first)
			}
		})
	}
feed:
	for g := begin; g < stop; g++ {
		select {
		case work <- g:
		case <-feeding.Done():
			break feed
		}
	}
	close(work)
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	bar.Done()
	report := e.report(begin*group, slices.Concat(outcomes...))
	if err := report.unscored(); err != nil && e.shard == whole {
		return nil, err
	}
	return report, nil
}

// report makes the report of outcomes, the first of which is that of picture number first.
func (e *evaluation) report(first int, outcomes []outcome) *Report {
	id := e.predictor.ID()
	r := &Report{Network: e.predictor.Network().Name, Label: e.label, Predictor: cache.Key(id, preprocess.Version, strconv.Itoa(evaluateVersion)),
		Dataset: e.data.Name(), Fingerprint: e.data.Fingerprint(), Pictures: e.data.Len(), Shard: e.shard,
		Task: e.data.Task(), Classes: e.data.Classes(), Remarks: e.data.Remarks()}
	if p, ok := e.predictor.(interface{ Platform() string }); ok {
		r.Platform = p.Platform()
	}
	if p, ok := e.predictor.(interface{ Source() string }); ok {
		r.Source = p.Source()
	}
	for i, o := range outcomes {
		public := Outcome{ID: e.data.ID(first + i), Rank: o.Rank}
		for at, pixels := range o.Confusion {
			if pixels > 0 {
				public.Cells = append(public.Cells, Cell{int64(at / len(r.Classes)), int64(at % len(r.Classes)), pixels})
			}
		}
		r.Outcomes = append(r.Outcomes, public)
	}
	r.score()
	return r
}

// group scores the pictures first to end-1.
func (e *evaluation) group(ctx context.Context, first, end, batch int) ([]outcome, error) {
	net := e.predictor.Network()
	out := net.Output().Shape
	var outcomes []outcome
	for ; first < end; first += batch {
		n := min(batch, end-first)
		pictures, items, err := LoadBatch(ctx, net, e.data, first, n)
		if err != nil {
			return nil, err
		}
		outputs, err := e.predictor.Predict(pictures)
		if err == nil && len(outputs) != n*efficientvit.Size(out) {
			err = fmt.Errorf("the predictor returned %d values for %d pictures of %v", len(outputs), n, out)
		}
		var bad *NotFiniteError
		if !errors.As(err, &bad) && err == nil {
			bad = NotFinite(net.Output(), outputs)
		}
		if bad != nil && bad.Picture >= 0 && bad.Picture < n {
			err = fmt.Errorf("picture %s: %w", items[bad.Picture].ID, bad)
		}
		if err != nil {
			return nil, err
		}
		for i, item := range items {
			label, logits := item.Label, outputs[i*efficientvit.Size(out):(i+1)*efficientvit.Size(out)]
			if len(out) == 1 {
				outcomes = append(outcomes, outcome{Rank: rank(logits, label.Class)})
			} else {
				predicted := segmentLabel(logits, out, label)
				outcomes = append(outcomes, outcome{Confusion: confusion(predicted, label.Map, e.mapping, len(e.data.Classes()))})
			}
		}
	}
	return outcomes, nil
}

// rank returns the number of logits that beat the right one. Of equal logits the first
// wins.
func rank(logits []float32, class int) int {
	n := 0
	for i, v := range logits {
		if v > logits[class] || v == logits[class] && i < class {
			n++
		}
	}
	return n
}

// segmentLabel returns the class of each pixel at the size of a label, by the filter of the
// label's protocol: bilinear, or the bicubic one of Cityscapes and ADE20K.
func segmentLabel(logits []float32, shape []int, label dataset.Label) []uint8 {
	if label.Logits == preprocess.Bicubic {
		return segment.Bicubic(logits, shape, label.W, label.H)
	}
	return segment.Bilinear(logits, shape, label.W, label.H)
}

// confusion counts pixels by truth and prediction, [truth·classes + predicted].
// Pixels whose truth is dataset.Ignore do not count.
func confusion(predicted, truth, mapping []uint8, classes int) []int64 {
	counts := make([]int64, classes*classes)
	for i, t := range truth {
		if t == dataset.Ignore {
			continue
		}
		p := predicted[i]
		if mapping != nil {
			p = mapping[p]
		}
		counts[int(t)*classes+int(p)]++
	}
	return counts
}
